"""Lanes: to one person in one channel messages leave in their order, one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.domain.messages import Message, MessageState


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a lane must know of a message that waits to leave (queued) or is leaving (leased).

    `planned`: its call is made already, only sending is left.
    """

    id: UUID
    state: MessageState
    at: datetime
    created_at: datetime
    place: int
    run_id: UUID | None
    send_after: datetime | None
    planned: bool

    @property
    def order(self) -> tuple[datetime, datetime, int, int]:
        return (self.at, self.created_at, self.place, self.id.int)

    def due(self, at: datetime) -> bool:
        return self.send_after is None or self.send_after <= at


@dataclass(frozen=True, slots=True)
class Lane:
    """One message among everything that waits or leaves beside it, in its order."""

    company_id: UUID
    contact_id: UUID
    channel: str
    account_id: UUID | None
    own: Waiting
    everyone: Sequence[Waiting]


def place_of(message: Message) -> Waiting:
    """Return a message's place in its lane."""
    return Waiting(
        message.id,
        message.state,
        message.at,
        message.created_at,
        message.place,
        message.run_id,
        message.send_after,
        planned=message.step is None or "call" in message.step,
    )
