"""The one thread of everything a person and the firm say to each other, whatever messenger it went by."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.channels import Identity

KEY_MAX = 300


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


def key_of_stranger(channel: str, identity: Identity) -> str:
    """Return the key of somebody known by a platform's name only; the name is kept as it is, case and all."""
    return f"{channel}:{identity.kind}:{identity.value}"[:KEY_MAX]
