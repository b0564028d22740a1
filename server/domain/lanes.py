"""Lanes: to one person in one channel messages leave in their order, one at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.domain.messages import Message, MessageState


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a lane must know of a message that waits to leave (queued) or is leaving (leased)."""

    id: UUID
    state: MessageState
    at: datetime
    created_at: datetime
    place: int
    run_id: UUID | None
    send_after: datetime | None

    @property
    def order(self) -> tuple[datetime, datetime, int, int]:
        return (self.at, self.created_at, self.place, self.id.int)

    def due(self, at: datetime) -> bool:
        return self.send_after is None or self.send_after <= at


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
    )
