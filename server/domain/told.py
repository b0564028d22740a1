"""What a phone brings from where it was said, perhaps days ago: when that can have been, in doubt the closing side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.domain.consents import ConsentVerb


@dataclass(frozen=True, slots=True)
class Span:
    """When something was said where nobody but a phone's clock was there: between these two, aware UTC."""

    earliest: datetime
    latest: datetime

    def counts_at(self, verb: ConsentVerb) -> datetime:
        """Return the time that orders it: consent as early, withdrawal as late as can be. Doubt closes."""
        return self.earliest if verb is ConsentVerb.GRANTED else self.latest


@dataclass(frozen=True, slots=True)
class Told:
    """How a phone brings what was said where it stood: when that can have been, its own clock (ISO 8601), its id."""

    span: Span
    local_time: str
    device_id: UUID | None


def said_within(
    clock: datetime, *, ahead: Sequence[timedelta], shown_at: datetime | None, received_at: datetime
) -> Span:
    """Return when something was said, told by a phone whose `clock` showed that moment.

    `ahead`: how far our clock was before the phone's whenever they met; where that differs, the phone's was set in
    between, and each of them may be right. It cannot be before we gave out the words (`shown_at`, our clock) nor
    after it came; without any meeting that is all we know.
    """
    low = min(shown_at or datetime.min.replace(tzinfo=UTC), received_at)
    guesses = [min(max(_moved(clock, by), low), received_at) for by in ahead]
    return Span(min(guesses, default=low), max(guesses, default=received_at))


def _moved(clock: datetime, by: timedelta) -> datetime:
    try:
        return clock + by
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if by > timedelta() else datetime.min.replace(tzinfo=UTC)
