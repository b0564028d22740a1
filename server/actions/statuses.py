"""How far our messages have come, as the platforms tell it: by a status, by a watermark, by an echo."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from server.actions import conversations, fates, turns
from server.actions import questions as question_actions
from server.actions.channels import told
from server.actions.identities import whose
from server.db import accounts, lanes, messages, tasks
from server.db.unit import signal
from server.domain.accounts import Account, Health
from server.domain.events import Echo, HealthEvent, Status, StatusUpdate, Watermark
from server.domain.messages import (
    ECHO,
    GONE_OUT,
    Direction,
    Message,
    MessageState,
    after_status,
)
from server.domain.outcomes import Outcome, Paused, Reauth
from server.domain.users import system
from server.ids import parse_id

# A message of ours in doubt and one "from the phone" with the very same words within this time are one and the same.
SAME_WORDS = timedelta(minutes=15)
# What a platform says of the whole account by a status that was under way for longer may be over by now.
ACCOUNT_NEWS = timedelta(hours=1)
_TIMES = {Status.SENT: "sent_at", Status.DELIVERED: "delivered_at", Status.READ: "read_at"}


async def believe(account: Account, event: StatusUpdate, *, at: datetime) -> bool:
    """Let a status move its message; False when we do not know the message yet. Joins the unit it is part of."""
    message = await _meant(account, event.foreign_id, event.opaque)
    if message is None:
        return False
    message = await _held(message)
    if message.foreign_id is None:
        await messages.set_place(account.company_id, message.id, foreign_id=event.foreign_id)
    await _note(message, event, at=at)
    if event.status is Status.FAILED:
        await _account_stops(account, event, at=at)
        if event.failure is not None and after_status(message.state, Status.FAILED) is MessageState.FAILED:
            await fates.settle_failure(message, event.failure, at=at)
        return True
    await advance(message, event.status, at=at)
    return True


async def _account_stops(account: Account, event: StatusUpdate, *, at: datetime) -> None:
    """Stop the account where the failure is not this message's own (payment, lock, spam, permission).

    Meta tells it only so, after it has taken each message with a 200: all that waits would fail one by one.
    """
    failure: Outcome | None = event.failure
    known = await accounts.by_id(account.company_id, account.id)
    fresh = at - event.at <= ACCOUNT_NEWS
    if (
        not isinstance(failure, Reauth | Paused)
        or known is None
        or known.health is not Health.OK
        or not fresh
    ):
        return
    health = Health.REAUTH if isinstance(failure, Reauth) else Health.PAUSED
    detail = ": ".join(part for part in (failure.code, failure.detail) if part)
    await told(account, HealthEvent(event.key, "status", detail, health.value), at=at)


async def advance(message: Message, status: Status, *, at: datetime) -> None:
    """Move a message on to a status, never back; what waited for it follows."""
    state = after_status(message.state, status)
    if state is not message.state:
        await messages.set_state(
            message.company_id, message.id, state, only_from=[message.state], at=at, error_code=""
        )
        if message.state not in GONE_OUT:
            await conversations.moved_on(message)
            await turns.send_next(message, at=at)
        signal("messages", message.company_id, message=str(message.id), job=str(message.job_id or ""))
    if message.question_id:
        await question_actions.follow(system(message.company_id), message.question_id, at=at)


async def _note(message: Message, event: StatusUpdate, *, at: datetime) -> None:
    """Keep when it happened and what it costs; the first time told counts.

    Nothing happens later than now: Signal's receipts bear the clock of the customer's own device.
    """
    news: dict[str, Any] = {}
    column = _TIMES.get(event.status)
    if column and getattr(message, column) is None:
        news[column] = min(event.at, at)
    if event.category:
        news["category"] = event.category
    if event.billable is not None:
        news["billable"] = event.billable
    if news:
        await messages.set_place(message.company_id, message.id, **news)


async def watermark(account: Account, event: Watermark, *, at: datetime) -> None:
    """Let everything move on that had begun to leave for this person by then; joins the unit it is part of."""
    contact_id = await whose(account, event.sender)
    if contact_id is None:
        return
    for message in await lanes.begun_by(account.company_id, account.id, contact_id, event.upto):
        message = await _held(message)
        column = _TIMES.get(event.status)
        if column and getattr(message, column) is None:
            await messages.set_place(message.company_id, message.id, **{column: event.upto})
        await advance(message, event.status, at=at)


async def echo(account: Account, event: Echo, *, raw_id: UUID, at: datetime, patient: bool) -> bool:
    """Take what the firm has sent: ours is known by its id, its intent or its words; else it was sent by hand.

    False while a call of ours may still turn out to be it (§12.15); `patient` False = it no longer may.
    """
    ours = await _meant(account, event.foreign_id, event.opaque)
    contact_id = await whose(account, event.to)
    if ours is None and contact_id is not None:
        open_ones = await lanes.unanswered(account.company_id, account.id, contact_id)
        ours = next((one for one in open_ones if _same_words(one, event)), None)
        if ours is None and patient and any(one.state is MessageState.LEASED for one in open_ones):
            return False
    if ours is not None:
        await _resolved(ours, event, at=at)
        return True
    await _by_hand(account, event, contact_id, raw_id=raw_id, at=at)
    return True


def _same_words(message: Message, event: Echo) -> bool:
    apart = abs(event.sent_at - message.changed_at)
    return bool(event.text.strip()) and message.text.strip() == event.text.strip() and apart <= SAME_WORDS


async def _resolved(message: Message, event: Echo, *, at: datetime) -> None:
    message = await _held(message)
    if message.direction is not Direction.OUT:
        return
    if message.foreign_id is None:
        await messages.set_place(message.company_id, message.id, foreign_id=event.foreign_id)
    if message.sent_at is None:
        await messages.set_place(message.company_id, message.id, sent_at=min(event.sent_at, at))
    await advance(message, Status.SENT, at=at)


async def _by_hand(
    account: Account, event: Echo, contact_id: UUID | None, *, raw_id: UUID, at: datetime
) -> None:
    """Write down what somebody sent from the firm's phone; nobody's consent is asked, for it has been sent."""
    message = Message(
        id=uuid5(account.id, event.foreign_id),
        company_id=account.company_id,
        contact_id=contact_id,
        job_id=None,
        question_id=None,
        account_id=account.id,
        photo_id=None,
        channel=account.kind,
        direction=Direction.OUT,
        kind=ECHO,
        text=event.text,
        step={"kind": ECHO, "call": {}, "said": event.kind.value},
        recipient=event.to[0],
        state=MessageState.SENT,
        foreign_id=event.foreign_id,
        context_id=event.context_id,
        at=min(event.sent_at, at),
        created_at=at,
        changed_at=at,
        sent_at=min(event.sent_at, at),
    )
    quoted = event.context_id and await messages.by_foreign_id(
        account.company_id, account.id, event.context_id
    )
    kept = await conversations.keep(
        replace(message, job_id=quoted.job_id if quoted else None), sender=event.to
    )
    if kept is None:
        return
    await conversations.moved_on(kept)
    await fates.log(kept, "message.by_phone", at=at)
    if event.media is not None:
        wanted: dict[str, object] = {"message": str(kept.id), "ref": asdict(event.media), "raw": str(raw_id)}
        await tasks.insert_task(account.company_id, "media.fetch", wanted, at=at)
    signal("messages", account.company_id, message=str(kept.id), job=str(kept.job_id or ""))


async def _meant(account: Account, foreign_id: str, opaque: str) -> Message | None:
    """Return our message by the platform's id for it, else by the intent that came back."""
    found = await messages.by_foreign_id(account.company_id, account.id, foreign_id)
    if found is not None or not opaque:
        return found
    intent = parse_id(opaque)
    named = await messages.by_id(account.company_id, intent) if intent else None
    return named if named and named.account_id == account.id else None


async def _held(message: Message) -> Message:
    """Return the message as it is now; nobody else moves it until the unit ends."""
    await messages.lock(message.company_id, message.id)
    return await messages.by_id(message.company_id, message.id) or message
