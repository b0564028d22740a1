"""Whatever parks or delays something on a phone has a reason and a next step, in German and English."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
JS = ROOT / "static" / "js"
WORDS = (JS / "lib" / "reason-words.js").read_text(encoding="utf-8")
REASONS = (JS / "lib" / "reasons.js").read_text(encoding="utf-8")
ENGLISH = "\n".join(path.read_text(encoding="utf-8") for path in (JS / "lib").glob("english*.js"))

# A code that an item may end with, as the phone's scripts write it.
THROWN = re.compile(r"new (?:Parked|Later)\(\s*'([\w.-]+)'")
CHOSEN = re.compile(r"new (?:Parked|Later)\([^;'\n]*\? '([\w.-]+)' : '([\w.-]+)'")
WRITTEN = re.compile(r"\berror: '([\w.-]+)'")
RETURNED = re.compile(r"if \(status === \d+\) return '([\w.-]+)'")
FALLEN_BACK_TO = re.compile(r"\? name : '([\w.-]+)'")
PAUSED = re.compile(r"new Pause\(\s*'([\w.-]+)'")
REFUSED = re.compile(r'raise Invalid\(\s*"([\w.]+)"')
FORMS = (THROWN, WRITTEN, RETURNED, FALLEN_BACK_TO)
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
KEY = re.compile(r"^  '?([\w.-]+)'?: ", re.MULTILINE)


def table(text: str, name: str) -> set[str]:
    """Return the keys of one object literal."""
    body = text.split(f"const {name} = {{", 1)[1].split("\n};", 1)[0]
    return set(KEY.findall(body)) | set(re.findall(r"(?:^|[{,]) *(\w+):", body))


def phone_codes() -> set[str]:
    texts = [
        path.read_text(encoding="utf-8") for path in [*(JS / "offline").glob("*.js"), JS / "lib" / "http.js"]
    ]
    found = {code for text in texts for form in FORMS for code in form.findall(text)}
    return found | {code for text in texts for pair in CHOSEN.findall(text) for code in pair}


def server_codes() -> set[str]:
    lines = (ROOT / "templates" / "sentences" / "sync.txt").read_text(encoding="utf-8").splitlines()
    codes = {line.split(" = ", 1)[0] for line in lines if " = " in line and not line.startswith("#")}
    # What a desk is told, why a picture has no preview, who wants messages: none of it parks anything on a phone.
    return {code for code in codes if not code.startswith(("image.", "flash.", "push."))}


def rule_codes() -> set[str]:
    """Return what the rules behind a phone's questions and jobs refuse: their sentences stand in other files."""
    texts = [
        (ROOT / "server" / "domain" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("questions", "texts")
    ]
    found = {code for text in texts for code in REFUSED.findall(text)}
    return found - {"field.web_address", "field.mail_address"}  # no phone sends any


def test_the_phone_is_read_right() -> None:
    """The patterns above find what is known to be there."""
    assert {
        "tombstone",
        "receipt",
        "hash",
        "bytes-changed",
        "lost-bytes",
        "too-large",
        "server",
    } <= phone_codes()
    assert {"item.word", "photo.svg", "photo.pdf", "client.too_old"} <= server_codes()


@pytest.mark.parametrize("code", sorted(phone_codes()))
def test_every_code_of_the_phone_has_its_own_words(code: str) -> None:
    assert code in table(WORDS, "REASONS")


@pytest.mark.parametrize("code", sorted(rule_codes()))
def test_every_rule_of_a_question_has_its_own_words(code: str) -> None:
    assert code in table(WORDS, "REASONS")


def test_what_was_deleted_under_way_is_told_as_deleted() -> None:
    """The office deletes while the bytes travel: 410 with a code of its own, no word of the ledger."""
    assert "'photo.deleted': GONE" in WORDS and "tombstone: GONE" in WORDS


@pytest.mark.parametrize("code", sorted(server_codes()))
def test_every_code_of_the_server_has_words(code: str) -> None:
    assert code in table(WORDS, "REASONS") or code.split(".")[0] in table(WORDS, "ROOMS")


def test_whatever_pauses_everything_says_why() -> None:
    texts = [
        path.read_text(encoding="utf-8") for path in [*(JS / "offline").glob("*.js"), JS / "lib" / "http.js"]
    ]
    assert {code for text in texts for code in PAUSED.findall(text)} - table(REASONS, "PAUSES") == set()


def test_reasons_and_steps_are_in_english() -> None:
    said = {word for text in (WORDS, REASONS) for word in QUOTED.findall(text) if " " in word}
    assert said
    assert {word for word in said if f"'{word}':" not in ENGLISH} == set()
