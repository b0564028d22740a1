"""Sentences, dates and sizes as people read them."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from server.web import dates
from server.web.words import language_of, sentence, sentences

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 23)


def test_a_sentence_is_filled() -> None:
    assert sentence("field.too_long", "de", {"max": 20}) == "Zu lang: höchstens 20 Zeichen."
    assert "{" not in sentence("field.range", "de")


def test_a_broken_sentence_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a.b = eins\nkein Satz\n")
    with pytest.raises(ValueError, match=r"x\.txt:2"):
        sentences(tmp_path)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 23, 9, 42, tzinfo=UTC), "heute 10:42"),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "heute 00:30"),
        (datetime(2026, 11, 22, 9, 0, tzinfo=UTC), "gestern 10:00"),
        (datetime(2026, 11, 20, 14, 2, tzinfo=UTC), "Fr. 20. Nov., 15:02"),
        (datetime(2025, 3, 1, 14, 2, tzinfo=UTC), "Sa. 1. März 2025, 15:02"),
    ],
)
def test_when(moment: datetime, shown: str) -> None:
    assert dates.when(moment, BERLIN, "de", today=TODAY) == shown


def test_day() -> None:
    moment = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
    assert dates.day(moment, BERLIN, "de", today=TODAY) == "Freitag, 20. November"
    assert dates.day(moment, BERLIN, "en", today=TODAY) == "Friday 20 November"


def test_size() -> None:
    assert dates.size(3_440_000, "de") == "3,4 MB"
    assert dates.size(999, "de") == "999 B"


def test_language() -> None:
    assert language_of("fr-FR, en-GB;q=0.8") == "en"
    assert language_of("pl") == "de"
    assert language_of("en", "de") == "de"
