"""The interface's languages: German is the source, English a gettext catalogue; sentences for codes."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
LANGUAGES = ("de", "en")
_LINE = re.compile(r"^([a-z_]+(?:\.[a-z_0-9]+)+)\s*=\s*(.+)$")


class Words:
    """Translations of one language; German answers itself."""

    def __init__(self, singular: Mapping[str, str], plural: Mapping[str, tuple[str, str]]) -> None:
        self.singular = singular
        self.plural = plural

    def gettext(self, text: str) -> str:
        return self.singular.get(text, text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        pair = self.plural.get(one, (one, many))
        return pair[0] if number == 1 else pair[1]


@cache
def words(language: str) -> Words:
    """Read the catalogue of a language; an unknown language is German."""
    path = ROOT / "server" / "locale" / f"{language}.po"
    if language == "de" or not path.exists():
        return Words({}, {})
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    singular: dict[str, str] = {}
    plural: dict[str, tuple[str, str]] = {}
    for message in catalogue:
        if not message.id or not message.string or message.fuzzy:
            continue
        if isinstance(message.id, str):
            singular[message.id] = str(message.string)
        else:
            plural[message.id[0]] = (message.string[0], message.string[1])
    return Words(singular, plural)


@cache
def sentences(folder: Path = ROOT / "templates" / "sentences") -> dict[str, str]:
    """Read `code = sentence` lines of every noun. Raises ValueError for a line that is neither."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.match(line)
            if match is None or match[1] in found:
                raise ValueError(f"{path.name}:{number}: neither 'code = sentence' nor new: {line}")
            found[match[1]] = match[2].strip()
    return found


def sentence(code: str, language: str, values: Mapping[str, object] | None = None) -> str:
    """Return the plain sentence for a code, filled with `values`.

    A code without a sentence is a defect a test finds; people still get a word and the code.
    """
    pattern = sentences().get(code)
    if pattern is None:
        return words(language).gettext("Das ging nicht ({code}).").format(code=code)
    return words(language).gettext(pattern).format_map(_Filled(values or {}))


class _Filled(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


def language_of(accept_language: str, known: str | None = None) -> str:
    """Return the person's own language, else the browser's, else German."""
    if known in LANGUAGES:
        return known
    for part in accept_language.split(","):
        tag = part.split(";")[0].strip()[:2].lower()
        if tag in LANGUAGES:
            return tag
    return "de"
