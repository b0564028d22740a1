"""Holes that belong together are one; nothing said between them, and nobody asked after one alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.domain.gaps import AWAY, Cause, Hole, cause_of, merged

SIGNAL = UUID(int=99)
TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def hole(
    number: int,
    since: int,
    until: int,
    *,
    account_id: UUID = SIGNAL,
    asked_at: datetime | None = None,
) -> Hole:
    start, end = (TEN + timedelta(minutes=one) for one in (since, until))
    cause = cause_of(start, end, "line")
    return Hole((UUID(int=number),), account_id, "signal", start, end, cause, asked_at=asked_at)


def test_a_cause_is_what_can_be_known() -> None:
    later = TEN + timedelta(minutes=1)
    assert [cause_of(TEN, later, "line"), cause_of(TEN, later, AWAY), cause_of(TEN, TEN, "Proto")] == [
        Cause.LINE,
        Cause.AWAY,
        Cause.UNREADABLE,
    ]


def test_neighbours_are_one_until_somebody_says_something() -> None:
    three = [hole(1, 0, 2), hole(2, 5, 6), hole(3, 10, 20)]
    [one] = merged(three)
    assert (one.since, one.until, len(one.ids)) == (three[0].since, three[2].until, 3)
    apart = merged(three, [TEN + timedelta(minutes=8)])
    assert [len(one.ids) for one in apart] == [2, 1]


def test_what_was_asked_after_and_what_cannot_be_opened_stay_apart() -> None:
    assert len(merged([hole(1, 0, 2), hole(2, 5, 6, asked_at=TEN)])) == 2
    assert len(merged([hole(1, 3, 3), hole(2, 4, 4)])) == 2
    assert len(merged([hole(1, 0, 2), hole(2, 5, 6, account_id=UUID(int=98))])) == 2


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=12)


@given(SPANS, st.lists(st.integers(0, 80), max_size=6))
def test_no_hole_is_lost_and_none_doubled(spans: list[tuple[int, int]], said: list[int]) -> None:
    holes = [hole(number, since, since + length) for number, (since, length) in enumerate(spans)]
    found = merged(holes, [TEN + timedelta(minutes=one) for one in said])
    assert sorted(one for each in found for one in each.ids) == sorted(one.ids[0] for one in holes)
    for each in found:
        inside = [one for one in holes if one.ids[0] in each.ids]
        assert (each.since, each.until) == (
            min(one.since for one in inside),
            max(one.until for one in inside),
        )
