"""Every German sentence has its English, with the same placeholders, and it reaches the page."""

import re
from pathlib import Path

import pytest

from tests.running import browser, running
from tools.catalogue import Id, catalogue, english, spoken

PLACEHOLDER = re.compile(r"\{\w*\}|%\(\w+\)[sd]")
STANDING = catalogue()
MARKUP = set("<>&\"'")
AGAIN = "run tools/catalogue.py and fill in the empty msgstr lines of server/locale/en.po"


def pairs(one: Id) -> list[tuple[str, str]]:
    """Return (German, English) of every form."""
    forms = (one,) if isinstance(one, str) else one
    return list(zip(forms, english(STANDING.get(forms[0]), len(forms)), strict=True))


SPOKEN = sorted(spoken(), key=str)
SAID = [pair for one in SPOKEN for pair in pairs(one)]


def test_everything_said_is_in_english() -> None:
    assert len(SPOKEN) > 400
    assert [german for german, in_english in SAID if not in_english.strip()] == [], AGAIN


def test_nothing_is_left_over() -> None:
    assert {message.id for message in STANDING if message.id} - set(SPOKEN) == set(), AGAIN


def test_placeholders_are_the_same() -> None:
    """A sign the German lacks would be markup or a format of its own; translations are never escaped."""
    for german, in_english in (pair for pair in SAID if pair[1]):
        assert sorted(PLACEHOLDER.findall(german)) == sorted(PLACEHOLDER.findall(in_english)), german
        assert set(in_english) & MARKUP <= set(german), in_english
        assert "%" not in PLACEHOLDER.sub("", german + in_english), german


def test_english_holds_no_german() -> None:
    """Umlauts stay where they are names; a copied sentence is no translation."""
    strange = {in_english for _, in_english in SAID if re.search("[äöüÄÖÜß„]", in_english)}
    assert strange == set()


@pytest.mark.parametrize(("language", "words"), [("en", "Sign in"), ("de", "Anmelden"), ("fr", "Anmelden")])
async def test_the_browser_chooses_the_language(
    language: str, words: str, tmp_path: Path, database_url: str
) -> None:
    async with running(tmp_path, database_url) as app, browser(app) as guest:
        answer = await guest.get("/login", headers={"Accept-Language": language})
    assert f"<h1>{words}</h1>" in answer.text
    assert f'<html lang="{"en" if language == "en" else "de"}">' in answer.text
