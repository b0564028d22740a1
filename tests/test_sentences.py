"""Every code that people may meet has a plain sentence, and no sentence is there for nobody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from server.web.words import sentences

ROOT = Path(__file__).parent.parent
TREES = {
    path.relative_to(ROOT / "server").as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "server").rglob("*.py"))
    if "sandbox" not in path.parts
}
CODE = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+")
# What says a code, besides the subclasses of DomainError: outcomes, foreign failures, and the calls that pass one on.
SAYING = {"Blocked", "Permanent", "Closed", "ImageError", "ChannelError"}
PASSING = {"known", "answer", "set_problem", "_block", "stop", "_fail", "_refuse", "settle_failure"}
# What writes the logbook.
LOGGING = {"by", "_note", "_note_contact", "_log", "log"}
NAMES = {"code", "blocked_code", "error_code", "HTTP_CODES", "_REASONS", "_REASONS_OF_CODES"}
TABLES = {"domain/image_types.py"}


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def refusals() -> set[str]:
    """Return the names of DomainError and of every class below it."""
    bases = {
        node.name: {name_of(base) for base in node.bases}
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"DomainError"}
    while below := {name for name, above in bases.items() if above & found} - found:
        found |= below
    return found


def codes(node: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value)
    }


def said(tree: ast.AST, saying: set[str], names: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if name_of(node.func) in saying:
                yield from (code for word in node.args for code in codes(word))
            yield from (code for key in node.keywords if key.arg in names for code in codes(key.value))
        elif isinstance(node, ast.ClassDef) and node.name in saying:
            yield from (code for call in ast.walk(node) if isinstance(call, ast.Call) for code in codes(call))
        elif isinstance(node, ast.Assign) and names & {name_of(target) for target in node.targets}:
            yield from codes(node.value)


def flashes() -> set[str]:
    """Return what `flash=` says as patterns: a value within an f-string may be any word."""
    calls = (node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Call))
    words = [key.value for call in calls for key in call.keywords if key.arg == "flash"]
    plain = {re.escape(code) for word in words for code in codes(word)}
    parts = [node for word in words for node in ast.walk(word) if isinstance(node, ast.JoinedStr)]
    return plain | {"".join(pattern(part) for part in joined.values) for joined in parts}


def pattern(part: ast.expr) -> str:
    return re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"


def test_every_code_has_its_sentence() -> None:
    saying = refusals() | SAYING | PASSING
    wanted = {code for tree in TREES.values() for code in said(tree, saying, NAMES)}
    wanted |= {code for name in TABLES for code in codes(TREES[name])}
    assert {"photo.too_large", "item.differs", "consent.none", "recipient.later", "photo.eps"} <= wanted
    assert wanted - sentences().keys() == set()


def test_every_finding_has_a_sentence_for_good_and_for_bad_news() -> None:
    found = {code for tree in TREES.values() for code in said(tree, {"Finding"}, set())}
    assert "channel.token" in found
    both = {f"finding.{code}.{news}" for code in found for news in ("good", "bad")}
    assert both - sentences().keys() == set()


def test_every_flash_has_its_sentence() -> None:
    there = [code.removeprefix("flash.") for code in sentences() if code.startswith("flash.")]
    said = flashes()
    assert "job\\.opened" in said
    assert {one for one in said if not any(re.fullmatch(one, code) for code in there)} == set()


def test_every_verb_of_the_logbook_has_its_sentence() -> None:
    written = {verb for tree in TREES.values() for verb in said(tree, LOGGING, {"verb"})}
    assert {"photo.moved", "company.founded", "job.opened"} <= written
    assert {f"verb.{verb}" for verb in written} - sentences().keys() == set()


def test_no_sentence_is_there_for_nobody() -> None:
    everything = {code for tree in TREES.values() for code in codes(tree)}
    shown = re.compile("|".join(f"flash\\.{one}" for one in flashes()))
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "static" / "js").rglob("*.js"))
    idle = {
        code
        for code in sentences().keys() - everything
        if not code.startswith(("verb.", "verbs.", "finding."))
        and f"'{code}'" not in scripts
        and not shown.fullmatch(code)
    }
    assert idle == set()


def test_sentences_end_like_sentences() -> None:
    lines = {code: text for code, text in sentences().items() if not code.startswith(("verb.", "verbs."))}
    assert {code: text for code, text in lines.items() if text[-1] not in ".!?"} == {}
