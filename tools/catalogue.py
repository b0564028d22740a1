"""Writes server/locale/en.po: every German sentence people may read, with its English where there is one.

Translations stay, sentences nobody says any more go. Prints what still has no English.
Run: .venv/bin/python tools/catalogue.py
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from babel.messages.catalog import Catalog, Message  # noqa: E402
from babel.messages.extract import extract  # noqa: E402
from babel.messages.pofile import read_po, write_po  # noqa: E402

from server.domain import advisor  # noqa: E402
from server.web.words import sentences  # noqa: E402

TARGET = ROOT / "server" / "locale" / "en.po"
CALLS = {"_": None, "gettext": None, "say": None, "ngettext": (1, 2)}
SPEAKING = ("api", "pages", "web")
HEADER = """\
# The English words of Zollstock. Written by tools/catalogue.py; only the msgstr lines are edited by hand.
msgid ""
msgstr ""
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""

Id = str | tuple[str, str]


def spoken() -> set[Id]:
    """Return every msgid; a tuple is (one, many). Raises ValueError for a singular that is said in two ways."""
    found: set[Id] = {
        *_of_templates(),
        *_of_python(),
        *_of_channels(),
        *advisor.words(),
        *sentences().values(),
    }
    singles = Counter(key(one) for one in found)
    if twice := [single for single, times in singles.items() if times > 1]:
        raise ValueError(f"with and without a plural, or with two: {twice}")
    return found


def key(one: Id) -> str:
    """Return the msgid under which a catalogue keeps a sentence."""
    return one if isinstance(one, str) else one[0]


def _of_templates() -> Iterator[Id]:
    options = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}
    for path in sorted((ROOT / "templates").rglob("*.*")):
        if path.parent.name != "sentences":
            yield from _extracted(path, "jinja2.ext:babel_extract", options)


def _of_python() -> Iterator[Id]:
    for folder in SPEAKING:
        for path in sorted((ROOT / "server" / folder).rglob("*.py")):
            yield from _extracted(path, "python", {})


def _extracted(path: Path, method: str, options: dict[str, str]) -> Iterator[Id]:
    for _, text, _, _ in extract(method, BytesIO(path.read_bytes()), CALLS, options=options):
        yield text if isinstance(text, str) else (text[0], text[1])


def _of_channels() -> Iterator[str]:
    """Return the label and help of every `Field(name, label, …)`, and of the sandbox's `Act(name, label, word)`."""
    for folder, maker, places in (("channels", "Field", slice(1, 2)), ("sandbox", "Act", slice(1, 3))):
        for path in sorted((ROOT / "server" / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (
                    isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == maker
                ):
                    continue
                named = [key.value for key in call.keywords if key.arg in ("label", "help", "word")]
                yield from (str(ast.literal_eval(word)) for word in [*call.args[places], *named])


def catalogue() -> Catalog:
    """Return the English catalogue as it stands; empty when there is none yet."""
    return read_po(BytesIO(TARGET.read_bytes()), locale="en") if TARGET.exists() else Catalog(locale="en")


def english(message: Message | None, number: int) -> tuple[str, ...]:
    """Return the `number` forms of a translation, empty where it is missing or of another shape."""
    if message is None:
        return ("",) * number
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(str(form or "") for form in forms) if len(forms) == number else ("",) * number


def write() -> list[Id]:
    """Write the catalogue anew and return the msgids without English."""
    before, after, missing = catalogue(), Catalog(locale="en", fuzzy=False), []
    for one in spoken():
        number = 1 if isinstance(one, str) else 2
        forms = english(before.get(key(one)), number)
        after.add(one, forms[0] if isinstance(one, str) else forms)
        if not all(forms):
            missing.append(one)
    with TARGET.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, after, width=0, no_location=True, omit_header=True, sort_output=True)
    return missing


if __name__ == "__main__":
    for words in write():
        print("no English yet:", words)
