"""Nothing leaves faster than its platform takes it: asked before a message is leased, and taken with the lease."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from server.actions import turns
from server.actions.channels import kind_of
from server.channels.base import Paced
from server.db import messages, pace
from server.db.pace import WHOLE
from server.domain.messages import Message, MessageState
from server.domain.pace import Pace, Rate, wait_s
from server.domain.tasks import Later
from server.services import Services

WHY = "the platform takes no more at once"


async def ask(services: Services, company_id: UUID, message_id: UUID, *, at: datetime) -> None:
    """Raise Later while the limits stand against a message: a reading look, so that a long queue costs little."""
    message = await messages.by_id(company_id, message_id)
    if message is None or message.state is not MessageState.QUEUED or message.account_id is None:
        return
    limits = pace_of(message.channel)
    if limits is None or (message.send_after and message.send_after > at):
        return
    waits = await _waits(message, limits, at)
    longest = max(waits.values())
    if longest and await turns.turn(message, at=at) is turns.Turn.BEHIND:
        return  # whoever is before it calls it; there is no need to come again
    if longest and longest == waits[WHOLE]:
        queue = services.queues[message.account_id]
        raise Later(queue.again_s(limits.whole, longest, at.timestamp()), WHY)
    if longest:
        raise Later(longest, WHY)


async def take(message: Message, *, at: datetime) -> None:
    """Use one call of each limit, or raise Later; joins the unit that leases the message, and is undone with it."""
    limits = pace_of(message.channel)
    if limits is None or message.account_id is None:
        return
    for about, rate in _buckets(message, limits):
        if not await pace.take(message.company_id, message.account_id, about, rate, at.timestamp()):
            waits = await _waits(message, limits, at)
            raise Later(max(*waits.values(), limits.whole.gap_s), WHY)


def pace_of(channel: str) -> Pace | None:
    """Return the limits of a channel, None for one without."""
    kind = kind_of(channel)
    return _pace(kind) if isinstance(kind, Paced) else None


def _pace(channel: Paced) -> Pace:
    return channel.pace


def _buckets(message: Message, limits: Pace) -> Iterator[tuple[str, Rate]]:
    """Yield person first: his limit is the one that more often says no, and the account's row is everybody's."""
    if limits.pair:
        yield str(message.contact_id or message.conversation_id), limits.pair
    yield WHOLE, limits.whole


async def _waits(message: Message, limits: Pace, at: datetime) -> dict[str, float]:
    assert message.account_id is not None
    rates = dict(_buckets(message, limits))
    known = await pace.ahead(message.company_id, message.account_id, list(rates))
    return {about: wait_s(known[about], rate, at.timestamp()) for about, rate in rates.items()}
