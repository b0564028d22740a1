"""When the firm can be reached, what it says by itself when it cannot, and when it wakes nobody.

All rules are about local time: a day is the firm's day, also on the two days a year that have not 24 hours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Self

from server.domain.errors import Invalid
from server.domain.holidays import State, holidays
from server.domain.texts import block

TEXT_MAX = 1000
CLOSED_MAX = 60
# Somebody who has not been heard of for so long is greeted anew.
GREET_AFTER = timedelta(days=14)
_SOUGHT = 400

Span = tuple[time, time]
Week = tuple[tuple[Span, ...], ...]
MIDNIGHT = time(0)
NO_WEEK: Week = ((), (), (), (), (), (), ())


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """`week` has the open spans of Monday to Sunday, local; none at all = hours are not kept here.

    A span that ends at 00:00 goes on until midnight; what follows is the next day's.
    `quiet_from` to `quiet_until` (over midnight or not): what is written then leaves at its end, unless a person
    says otherwise. Equal or missing = no quiet hours.
    """

    week: Week = NO_WEEK
    state: State | None = None
    closed: tuple[date, ...] = ()
    greeting_on: bool = False
    greeting: str = ""
    away_on: bool = False
    away: str = ""
    quiet_from: time | None = None
    quiet_until: time | None = None
    job_code: bool = True

    @property
    def kept(self) -> bool:
        """Say whether the firm has told any hours; without them it is never away."""
        return any(self.week)

    def checked(self) -> Self:
        """Return the hours with clean texts. Raises Invalid naming the field."""
        for place, spans in enumerate(self.week):
            _check_spans(spans, f"day{place}")
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise Invalid("hours.quiet_half", field="quiet_from")
        if len(self.closed) > CLOSED_MAX:
            raise Invalid("field.too_many", field="closed", max=CLOSED_MAX)
        greeting = block(self.greeting, "greeting", limit=TEXT_MAX, required=self.greeting_on)
        away = block(self.away, "away", limit=TEXT_MAX, required=self.away_on)
        if self.away_on and not self.kept:
            raise Invalid("hours.none", field="away")
        return replace(self, greeting=greeting, away=away, closed=tuple(sorted(set(self.closed))))

    def open_at(self, moment: datetime, zone: tzinfo) -> bool:
        """Say whether somebody is there at this moment; always, where no hours are kept."""
        if not self.kept:
            return True
        day = moment.astimezone(zone).date()
        return any(start <= moment < end for start, end in self._spans(day, zone))

    def away_since(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return when this absence began, None when somebody is there. The same moment for all of one absence."""
        if self.open_at(moment, zone):
            return None
        here = moment.astimezone(zone).date()
        for back in range(_SOUGHT):
            ends = [end for _, end in self._spans(here - timedelta(days=back), zone) if end <= moment]
            if ends:
                return max(ends)
        return datetime(2000, 1, 1, tzinfo=UTC)

    def opens_at(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return when somebody is there again, None when nobody knows."""
        here = moment.astimezone(zone).date()
        for ahead in range(_SOUGHT):
            starts = [start for start, _ in self._spans(here + timedelta(days=ahead), zone) if start > moment]
            if starts:
                return min(starts)
        return None

    def quiet_at(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return when the quiet hours end that this moment lies in, None outside of them."""
        if self.quiet_from is None or self.quiet_until is None or self.quiet_from == self.quiet_until:
            return None
        here = moment.astimezone(zone).date()
        for day in (here - timedelta(days=1), here):
            start = _moment(day, self.quiet_from, zone)
            last = day if self.quiet_until > self.quiet_from else day + timedelta(days=1)
            end = _moment(last, self.quiet_until, zone)
            if start <= moment < end:
                return end
        return None

    def _spans(self, day: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        if day in self.closed or (self.state and day in holidays(day.year, self.state)):
            return
        for start, end in self.week[day.weekday()]:
            last = day + timedelta(days=1) if end == MIDNIGHT else day
            yield _moment(day, start, zone), _moment(last, end, zone)


def _moment(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _check_spans(spans: Sequence[Span], field: str) -> None:
    for start, end in spans:
        if end != MIDNIGHT and start >= end:
            raise Invalid("hours.span", field=field)
    for before, after in pairwise(spans):
        if before[1] == MIDNIGHT or after[0] < before[1]:
            raise Invalid("hours.overlap", field=field)


def read_clock(text: str, field: str) -> time | None:
    """Return "07:30" as a time, nothing for nothing. Raises Invalid."""
    if not text.strip():
        return None
    try:
        found = time.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("hours.clock", field=field) from None
    return found.replace(second=0, microsecond=0, tzinfo=None)


_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


def said(moment: datetime, zone: tzinfo) -> str:
    """Return a moment as a message to a customer says it: "Montag, 30.11., 8:00 Uhr"."""
    here = moment.astimezone(zone)
    return f"{_DAYS[here.weekday()]}, {here.day}.{here.month}., {here.hour}:{here.minute:02d} Uhr"
