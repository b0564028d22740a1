"""The one thread of everything a person and the firm say to each other, whatever messenger it went by."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.identities import Identity
from server.domain.messages import Direction, Message

KEY_MAX = 300
# Stands for the customer's newest message where he has written none.
NOTHING = UUID(int=0)


class ConversationState(StrEnum):
    """`spam`: kept, but nothing is counted, fetched or answered there."""

    OPEN = "open"
    DONE = "done"
    SPAM = "spam"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One person's thread. `contact_id` None = a stranger: only the name a platform gives him is known.

    `waiting_since` is when the oldest message of his was written that nobody has answered, None when none waits.
    """

    id: UUID
    company_id: UUID
    person_key: str
    contact_id: UUID | None
    assignee_id: UUID | None
    state: ConversationState
    waiting_since: datetime | None
    last_at: datetime
    last_message_id: UUID | None
    created_at: datetime
    rev: int = 1

    @property
    def stranger(self) -> bool:
        return self.contact_id is None

    @property
    def channel(self) -> str:
        """Return the messenger a stranger writes by, "" for somebody we know."""
        return self.person_key.partition(":")[0] if self.stranger else ""


def key_of_contact(contact_id: UUID) -> str:
    return f"contact:{contact_id}"


def key_of_nameless(channel: str, message_id: UUID) -> str:
    """Return the key of what somebody left of whom no platform tells a name: each stands alone."""
    return f"{channel}:nameless:{message_id}"


def key_of_stranger(channel: str, identity: Identity) -> str:
    """Return the key of somebody known by a platform's name only; the name is kept as it is, case and all."""
    return f"{channel}:{identity.kind}:{identity.value}"[:KEY_MAX]


class Shown(StrEnum):
    """What a list of conversations is narrowed to. `unanswered`: the one who waits longest stands first."""

    UNANSWERED = "unanswered"
    MINE = "mine"
    ALL = "all"
    STRANGERS = "strangers"
    SPAM = "spam"


@dataclass(frozen=True, slots=True)
class Head:
    """A conversation as its row in the list tells it: who, his last words, who takes care of it.

    `name` is what we call him, for a stranger what the platform does, else "". `last_direction` is "" where nothing
    was said yet.
    """

    conversation: Conversation
    name: str
    customer_name: str
    last_text: str = ""
    last_kind: str = ""
    last_channel: str = ""
    last_direction: str = ""
    last_state: str = ""
    last_account_id: UUID | None = None
    assignee_name: str = ""
    job_id: UUID | None = None
    job_number: str = ""
    job_title: str = ""
    labels: tuple[str, ...] = ()


def suggested(messages: Sequence[Message], visible: Container[UUID] | None = None) -> dict[UUID, UUID]:
    """Return the job a customer's message without one may belong to, by message; `messages` oldest first.

    What it quotes decides (`context_id` is a platform's id of either side), else the job whose photo was shown to him
    last, else the one last spoken of. It is only ever a suggestion.
    """
    by_platform = {(one.channel, one.foreign_id): one for one in messages if one.foreign_id}
    shown: UUID | None = None
    spoken: UUID | None = None
    found: dict[UUID, UUID] = {}
    for one in messages:
        if one.direction is Direction.IN and one.job_id is None:
            quoted = by_platform.get((one.channel, one.context_id))
            job_id = (quoted.job_id if quoted else None) or shown or spoken
            if job_id and (visible is None or job_id in visible):
                found[one.id] = job_id
        elif one.job_id:
            spoken = one.job_id
            if one.direction is Direction.OUT and one.shows_photo:
                shown = one.job_id
    return found


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages that follow one another and may belong to one job: filed together with one tap."""

    first_id: UUID
    last_id: UUID
    job_id: UUID
    number: int


def stretches(messages: Sequence[Message], jobs: Mapping[UUID, UUID]) -> dict[UUID, Stretch]:
    """Return the stretches of messages with the same suggested job, each under its last message's id."""
    found: dict[UUID, Stretch] = {}
    run: list[Message] = []
    for one in [*messages, None]:
        job_id = jobs.get(one.id) if one else None
        if run and job_id != jobs[run[0].id]:
            found[run[-1].id] = Stretch(run[0].id, run[-1].id, jobs[run[0].id], len(run))
            run = []
        if one and job_id:
            run.append(one)
    return found
