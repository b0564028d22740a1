"""Telephone calls: what came of one, with whom, and when to call again. Nothing is recorded but what somebody wrote."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Invalid

# Without a year's limit a slip of the thumb ("2062") would be a call nobody ever makes.
AGAIN_AT_MOST = timedelta(days=366)
CLOCKS_DIFFER = timedelta(minutes=5)
REMIND_FROM, REMIND_UNTIL = 7, 20


class Outcome(StrEnum):
    """`callback`: he wants to call us."""

    REACHED = "reached"
    MISSED = "missed"
    MAILBOX = "mailbox"
    CALLBACK = "callback"


class Direction(StrEnum):
    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was noted of a call besides the words. `choice` is the id of the question's answer that was given."""

    outcome: Outcome
    direction: Direction = Direction.OUT
    contact_id: UUID | None = None
    question_id: UUID | None = None
    choice: str = ""
    again_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDraft:
    """A call as it is written down. `text` is the whole note, `words` what was typed of it.

    `called_at` is when it was, None = now. `done`: the follow-up has happened already.
    """

    job_id: UUID | None
    text: str
    words: str
    said: Said
    called_at: datetime | None = None
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as it is kept beside its note. `settled_at`: nobody needs to call again for this one."""

    id: UUID
    company_id: UUID
    note_id: UUID
    contact_id: UUID | None
    question_id: UUID | None
    user_id: UUID | None
    direction: Direction
    outcome: Outcome
    answer_choice: str
    again_on: date | None
    settled_at: datetime | None
    created_at: datetime
    contact_name: str = ""

    @property
    def open(self) -> bool:
        """Say whether somebody is to be called again."""
        return self.again_on is not None and self.settled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One call that is to be made again, with what one wants to know before dialling."""

    call: Call
    text: str
    author_name: str
    job_id: UUID | None
    job_name: str
    contact_name: str
    phone: str

    def late(self, today: date) -> bool:
        return self.call.again_on is not None and self.call.again_on < today


def check_again(wanted: date, *, today: date, field: str = "follow_up") -> date:
    """Return the day to call again. Raises Invalid for one that is over, or more than a year away."""
    if wanted < today:
        raise Invalid("call.past", field=field)
    if wanted - today > AGAIN_AT_MOST:
        raise Invalid("call.far", field=field)
    return wanted


def check_called(called_at: datetime, *, now: datetime, field: str = "at") -> datetime:
    """Return when a call was. Raises Invalid for one that is still to come; clocks may differ a little."""
    if called_at > now + CLOCKS_DIFFER:
        raise Invalid("call.future", field=field)
    return called_at


def is_time(local: datetime) -> bool:
    """Say whether a reminder to call may come now, on the clock of the company."""
    return REMIND_FROM <= local.hour < REMIND_UNTIL
