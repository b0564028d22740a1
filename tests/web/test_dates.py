"""Moments and spans in human words, German and English."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.web import dates

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("minutes", "german", "english"),
    [
        (0, "1 Min.", "1 min"),
        (12.9, "12 Min.", "12 min"),
        (60, "1 Std.", "1 h"),
        (192, "3 Std. 12 Min.", "3 h 12 min"),
        (1439, "23 Std. 59 Min.", "23 h 59 min"),
        (1440, "1 Tag", "1 day"),
        (6 * 1440 + 185, "6 Tage 3 Std.", "6 days 3 h"),
    ],
)
def test_what_is_left(minutes: float, german: str, english: str) -> None:
    assert dates.left(timedelta(minutes=minutes), "de") == german
    assert dates.left(timedelta(minutes=minutes), "en") == english


@pytest.mark.parametrize(
    ("moment", "german", "english"),
    [
        (datetime(2026, 11, 26, 16, 40, tzinfo=UTC), "17:40 Uhr", "17:40"),
        (datetime(2026, 11, 26, 23, 5, tzinfo=UTC), "morgen 00:05 Uhr", "tomorrow 00:05"),
        (datetime(2026, 12, 2, 8, 0, tzinfo=UTC), "Mi. 2. Dez., 09:00 Uhr", "Wed 2 Dec, 09:00"),
    ],
)
def test_until_when(moment: datetime, german: str, english: str) -> None:
    assert dates.until(moment, BERLIN, "de", today=TODAY) == german
    assert dates.until(moment, BERLIN, "en", today=TODAY) == english
