"""What the documents name is there: files, functions in them, commands, targets of make, links."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli import COMMANDS

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A short path is read from one of these; "<noun>", "{a,b}" and "*" stand for any word.
FROM = ("", "server/", "static/", "static/js/", "static/css/", "templates/")
# Made while running (web/static.py) and by `make bench`.
MADE = {"css/app.css", "docs/benchmarks.md"}
OURS = re.compile(r"[\w<>{},*.-][\w<>{},*./-]*\.(?:py|js|css|html|txt|po|md)(?::\w+)?|\w[\w./-]*/")
NAME = re.compile(r"[\w.-]+(?:\.py|\.js|/)")
FENCE = re.compile(r"^\s*```.*?^\s*```", re.M | re.S)


def ids(document: Path) -> str:
    return document.name


def spoken(document: Path) -> Iterator[str]:
    """Yield what stands between backticks, outside the fenced blocks; a line break counts as a space."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    yield from (" ".join(match.split()) for match in re.findall(r"`([^`]+)`", text))


def found(path: str) -> list[Path]:
    pattern = re.sub(r"<\w+>|\{[^}]*\}", "*", path)
    return [one for root in FROM for one in ROOT.glob(root + pattern)]


def missing(name: str) -> str | None:
    """Return what is wrong with "path" or "path:function", None when it is there."""
    path, _, function = name.partition(":")
    files = found(path)
    if not files:
        return f"{path} is not there"
    word = re.compile(rf"(?:def|class|function|const) {function}\b|^{function}\b", re.M)
    if function and not any(word.search(file.read_text(encoding="utf-8")) for file in files):
        return f"{path} has no {function}"
    return None


def test_a_wrong_name_is_found() -> None:
    assert missing("actions/uploads.py:append") is None
    assert missing("templates/<noun>/<page>.html") is None
    assert missing("actions/uploads.py:fly") == "actions/uploads.py has no fly"
    assert missing("actions/nothing.py") == "actions/nothing.py is not there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_files_and_functions_are_there(document: Path) -> None:
    names = [name for name in spoken(document) if OURS.fullmatch(name) and name not in MADE]
    wrong = [problem for name in names if (problem := missing(name))]
    assert not wrong, "\n".join(wrong)


def test_the_tree_is_there() -> None:
    """The drawing of the house: every folder and file at the start of its lines, indented below its folder."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.split("```")[1].splitlines()[1:]
    above, wrong = [""], []
    for line in drawing:
        depth = (len(line) - len(line.lstrip())) // 2
        columns = [column.split() for column in re.split(r"\s{2,}", line.strip())]
        names = [name for words in columns if all(map(NAME.fullmatch, words)) for name in words]
        wrong += [name for name in names if not (ROOT / "".join(above[1 : depth + 1]) / name).exists()]
        if names and names[0].endswith("/"):
            above[depth + 1 :] = [names[0]]
    assert len(above) > 1 and not wrong, f"drawn, but not there: {wrong}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_commands_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"(?:zollstock|python -m server) ([a-z]+(?: [a-z]+)?)", text)
    known = {command.words for command in COMMANDS}
    wrong = [words for words in named if not {words, words.split()[0]} & known]
    assert not wrong, wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_targets_of_make_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {
        first or second for first, second in re.findall(r"`make\s+([a-z]+)`|^make ([a-z]+)$", text, re.M)
    }
    wrong = named - targets
    assert not wrong, wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8"))
    ours = [one for one in targets if "://" not in one and one not in MADE]
    wrong = [one for one in ours if not (document.parent / one).exists()]
    assert not wrong, wrong
