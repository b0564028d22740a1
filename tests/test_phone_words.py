"""Every sentence the phone's scripts say exists in English, and no English one is left over."""

import re
from pathlib import Path

JS = Path(__file__).parent.parent / "static" / "js"
ENGLISH = sorted((JS / "lib").glob("english*.js"))
WORD = r"'((?:[^'\\]|\\.)*)'"
SAID = [re.compile(rf"\bt\(\s*{WORD}"), re.compile(rf"\bn\([^']*?{WORD},\s*{WORD}")]


def sources() -> dict[str, str]:
    paths = [path for path in JS.rglob("*.js") if "vendor" not in path.parts and path not in ENGLISH]
    return {str(path.relative_to(JS)): path.read_text(encoding="utf-8") for path in paths}


def english() -> str:
    """The whole catalogue: one file, and one more for each room with many words."""
    return "\n".join(path.read_text(encoding="utf-8") for path in ENGLISH)


def quoted(text: str) -> set[str]:
    return set(re.findall(WORD, text))


def test_every_sentence_has_its_english() -> None:
    said = {
        word
        for text in sources().values()
        for form in SAID
        for hit in form.finditer(text)
        for word in hit.groups()
    }
    assert said
    assert said - quoted(english()) == set()


def test_no_english_sentence_is_left_over() -> None:
    lines = english().splitlines()
    keys = {match[1] for line in lines if (match := re.match(rf"  {WORD}: '", line))}
    everything = "\n".join(sources().values())
    assert keys
    assert {key for key in keys if f"'{key}'" not in everything} == set()
