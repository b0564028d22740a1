"""Holidays against published calendars, opening hours and quiet hours over summer time and midnight."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.holidays import State, easter, holidays, repentance
from server.domain.hours import NO_WEEK, OfficeHours, Week, read_clock, said

BERLIN = ZoneInfo("Europe/Berlin")
# Physikalisch-Technische Bundesanstalt, "Wann ist Ostern?" (2026-11-26); the earliest and latest dates of the cycle.
EASTERS = [
    "1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2011-04-24", "2019-04-21", "2024-03-31", "2025-04-20",
    "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2035-03-25", "2038-04-25", "2285-03-22",
]  # fmt: skip
# What a wall calendar of 2026 says beyond the nine days that hold everywhere.
OWN_2026 = {
    State.BW: {(1, 6), (6, 4), (11, 1)},
    State.BY: {(1, 6), (6, 4), (11, 1)},
    State.BE: {(3, 8)},
    State.BB: {(4, 5), (5, 24), (10, 31)},
    State.HB: {(10, 31)},
    State.HH: {(10, 31)},
    State.HE: {(6, 4)},
    State.MV: {(3, 8), (10, 31)},
    State.NI: {(10, 31)},
    State.NW: {(6, 4), (11, 1)},
    State.RP: {(6, 4), (11, 1)},
    State.SL: {(6, 4), (8, 15), (11, 1)},
    State.SN: {(10, 31), (11, 18)},
    State.ST: {(1, 6), (10, 31)},
    State.SH: {(10, 31)},
    State.TH: {(9, 20), (10, 31)},
}
EVERYWHERE_2026 = {(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25), (12, 26)}
DAY = ((time(8), time(12)), (time(13), time(17)))
WEEK: Week = (DAY, DAY, DAY, DAY, ((time(8), time(12)),), (), ())
HOURS = OfficeHours(week=WEEK, state=State.NW, quiet_from=time(20), quiet_until=time(7))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_easter_is_when_the_calendars_say() -> None:
    assert [easter(int(day[:4])).isoformat() for day in EASTERS] == EASTERS
    assert all(easter(year).weekday() == 6 for year in range(1900, 2200))
    assert [repentance(year).isoformat() for year in (2024, 2025, 2026, 2027)] == [
        "2024-11-20", "2025-11-19", "2026-11-18", "2027-11-17",
    ]  # fmt: skip


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_days(state: State) -> None:
    assert {(day.month, day.day) for day in holidays(2026, state)} == EVERYWHERE_2026 | OWN_2026[state]


def test_days_begin_and_end_with_their_laws() -> None:
    assert date(2017, 10, 31) in holidays(2017, State.BE) and date(2018, 10, 31) not in holidays(
        2018, State.BE
    )
    assert date(2018, 3, 8) not in holidays(2018, State.BE) and date(2019, 3, 8) in holidays(2019, State.BE)
    assert date(2025, 5, 8) in holidays(2025, State.BE) and date(2026, 5, 8) not in holidays(2026, State.BE)


def test_open_away_and_back() -> None:
    assert HOURS.open_at(local("2026-11-23T08:00"), BERLIN)
    assert not HOURS.open_at(local("2026-11-23T12:00"), BERLIN)
    # Friday noon to Monday is one absence, whenever in it somebody writes.
    began = local("2026-11-27T12:00")
    for moment in ("2026-11-27T12:00", "2026-11-28T03:00", "2026-11-29T23:59", "2026-11-30T07:59"):
        assert HOURS.away_since(local(moment), BERLIN) == began
    assert HOURS.opens_at(local("2026-11-28T10:00"), BERLIN) == local("2026-11-30T08:00")
    assert said(local("2026-11-30T08:00"), BERLIN) == "Montag, 30.11., 8:00 Uhr"
    # Corpus Christi in North Rhine-Westphalia: nobody is there on that Thursday.
    assert HOURS.away_since(local("2026-06-04T10:00"), BERLIN) == local("2026-06-03T17:00")
    closed = OfficeHours(week=WEEK, closed=(date(2026, 11, 23),))
    assert closed.away_since(local("2026-11-23T10:00"), BERLIN) == local("2026-11-20T12:00")
    assert (
        OfficeHours().open_at(local("2026-11-29T03:00"), BERLIN)
        and OfficeHours().away_since(began, BERLIN) is None
    )


def test_open_until_midnight_and_over_it() -> None:
    """An emergency service: Friday from six until two at night is one presence, and who is always there is never away."""
    night = OfficeHours(week=(*NO_WEEK[:4], ((time(18), time(0)),), ((time(0), time(2)),), ())).checked()
    assert not night.open_at(local("2026-11-27T17:59"), BERLIN)
    for moment in ("2026-11-27T18:00", "2026-11-27T23:59", "2026-11-28T00:00", "2026-11-28T01:59"):
        assert night.open_at(local(moment), BERLIN), moment
    assert night.away_since(local("2026-11-28T02:00"), BERLIN) == local("2026-11-28T02:00")
    assert night.opens_at(local("2026-11-28T02:00"), BERLIN) == local("2026-12-04T18:00")
    always = OfficeHours(week=(((time(0), time(0)),),) * 7).checked()
    # The night in which the clocks go back has an hour more.
    for hour in range(26):
        assert always.open_at(local("2026-10-24T23:30") + timedelta(hours=hour), BERLIN)


def test_quiet_hours_over_midnight_and_summer_time() -> None:
    assert HOURS.quiet_at(local("2026-11-23T22:30"), BERLIN) == local("2026-11-24T07:00")
    assert HOURS.quiet_at(local("2026-11-24T03:00"), BERLIN) == local("2026-11-24T07:00")
    assert HOURS.quiet_at(local("2026-11-24T07:00"), BERLIN) is None
    assert HOURS.quiet_at(local("2026-11-24T19:59"), BERLIN) is None
    # The night in which the clocks go forward has an hour less.
    assert HOURS.quiet_at(local("2026-03-28T23:00"), BERLIN) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    noon = OfficeHours(quiet_from=time(12), quiet_until=time(14))
    assert noon.quiet_at(local("2026-11-24T13:00"), BERLIN) == local("2026-11-24T14:00")
    assert (
        OfficeHours(quiet_from=time(7), quiet_until=time(7)).quiet_at(local("2026-11-24T07:00"), BERLIN)
        is None
    )


@given(st.integers(min_value=0, max_value=6 * 365 * 24 * 60))
def test_every_moment_is_either_open_or_in_one_absence(minutes: int) -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    began, back = HOURS.away_since(moment, BERLIN), HOURS.opens_at(moment, BERLIN)
    assert (began is None) == HOURS.open_at(moment, BERLIN)
    assert back is not None and back > moment
    if began is not None:
        assert began <= moment < back
        assert not HOURS.open_at(began + (back - began) / 2, BERLIN)
        assert HOURS.away_since(back - timedelta(seconds=1), BERLIN) == began


@pytest.mark.parametrize(
    ("hours", "code", "field"),
    [
        (OfficeHours(week=(((time(9), time(8)),), *NO_WEEK[1:])), "hours.span", "day0"),
        (OfficeHours(week=(*NO_WEEK[:6], ((time(8), time(12)), (time(11), time(13))))), "hours.overlap", "day6"),
        (OfficeHours(week=(((time(8), time(8)),), *NO_WEEK[1:])), "hours.span", "day0"),
        (OfficeHours(week=(((time(8), time(0)), (time(9), time(10))), *NO_WEEK[1:])), "hours.overlap", "day0"),
        (OfficeHours(quiet_from=time(20)), "hours.quiet_half", "quiet_from"),
        (OfficeHours(week=WEEK, away_on=True), "field.required", "away"),
        (OfficeHours(away_on=True, away="Weg"), "hours.none", "away"),
    ],
)  # fmt: skip
def test_nonsense_is_named(hours: OfficeHours, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        hours.checked()
    assert (refused.value.code, refused.value.field) == (code, field)


def test_clocks_are_read() -> None:
    assert read_clock("07:30", "x") == time(7, 30) and read_clock(" ", "x") is None
    with pytest.raises(Invalid):
        read_clock("halb acht", "x")
