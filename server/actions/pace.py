"""Nothing leaves faster than its platform takes it: asked before a message is leased, and taken with the lease."""

from datetime import datetime
from uuid import UUID

from server.actions.channels import kind_of
from server.channels.base import Paced
from server.db import pace
from server.db.pace import WHOLE
from server.domain.lanes import Lane
from server.domain.messages import Message
from server.domain.pace import Pace, Rate, wait_s
from server.domain.tasks import Later
from server.services import Services

WHY = "the platform takes no more at once"


class Full(Later):
    """No call is left for now; `queue` is the account in whose line to wait, None where the person's limit says no."""

    def __init__(self, after_s: float, queue: UUID | None, whole: Rate) -> None:
        super().__init__(after_s, WHY)
        self.queue, self.whole = queue, whole

    def in_line(self, services: Services, *, at: datetime) -> Later:
        """Return when to ask again: those who wait for an account come one after the other, not all at once."""
        if self.queue is None:
            return self
        return Later(services.queues[self.queue].again_s(self.whole, self.after_s, at.timestamp()), WHY)


async def ask(one: Lane | Message, *, at: datetime) -> None:
    """Raise Full while the limits stand against a message: a reading look, so that a long queue costs little."""
    limits = pace_of(one.channel)
    if limits is None or one.account_id is None:
        return
    rates = _rates(one, limits)
    known = await pace.ahead(one.company_id, one.account_id, list(rates))
    waits = {about: wait_s(known[about], rate, at.timestamp()) for about, rate in rates.items()}
    if longest := max(waits.values()):
        queue = one.account_id if longest == waits[WHOLE] else None
        raise Full(longest, queue, limits.whole)


async def take(message: Message, *, at: datetime) -> None:
    """Use one call of each limit, or raise Full; joins the unit that leases the message, and is undone with it."""
    limits = pace_of(message.channel)
    if limits is None or message.account_id is None:
        return
    for about, rate in _rates(message, limits).items():
        if not await pace.take(message.company_id, message.account_id, about, rate, at.timestamp()):
            await ask(message, at=at)
            raise Full(limits.whole.gap_s, message.account_id, limits.whole)  # somebody else took it just now


def pace_of(channel: str) -> Pace | None:
    """Return the limits of a channel, None for one without."""
    kind = kind_of(channel)
    return _pace(kind) if isinstance(kind, Paced) else None


def _pace(channel: Paced) -> Pace:
    return channel.pace


def _rates(one: Lane | Message, limits: Pace) -> dict[str, Rate]:
    """Return the limits, the person's first: it more often says no, and the account's row is everybody's."""
    whole = {WHOLE: limits.whole}
    person = one.contact_id or (one.conversation_id if isinstance(one, Message) else None)
    return {str(person): limits.pair, **whole} if limits.pair else whole
