"""What shows that something was said: how, in which words, and where a phone brings it from, when that can have been."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.domain.consents import ConsentVerb, Proof


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that a person said something.

    `said`: to whom, in his own words, or where the paper lies; `wording`: the exact words that were shown to him,
    "" = those of today. `line_id` is the id its line must bear, for a signature's picture (`picture_sha256`, hex) lies
    under it already, or the phone has made it. `told`: it was not said to us now but brought from elsewhere.
    """

    proof: Proof
    said: str = ""
    wording: str = ""
    line_id: UUID | None = None
    picture_sha256: str = ""
    told: Told | None = None


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
