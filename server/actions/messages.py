"""Sending, at most once: committed before the first byte leaves, and in doubt nobody sends again but a human."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from server.actions import conversations, fates, pace, turns
from server.actions.channels import open_channel
from server.actions.facts import ready
from server.actions.permissions import ACCOUNT_DOWN_S, Leave, ask, too_late
from server.channels.base import Channel, ChannelError, MediaLoader, Readdresses
from server.db import accounts, attempts, customers, identities, messages
from server.db.unit import atomic
from server.domain.accounts import Health
from server.domain.channels import Step, readdressed
from server.domain.errors import Invalid
from server.domain.identities import Identity
from server.domain.messages import MessageState
from server.domain.outcomes import (
    Accepted,
    Moved,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
)
from server.domain.tasks import Later
from server.services import Services
from server.storage.base import StorageError


async def deliver(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Send one message: permission · call · result. Raises Later when it is certain that nothing has left.

    A message found leased is one whose sender died between permission and result: its fate is in doubt.
    """
    message_id = UUID(str(payload["message"]))
    try:
        leave = await ask(services, company_id, message_id)
    except pace.Full as full:
        raise full.in_line(services, at=services.clock()) from None
    if leave is None:
        return

    async def media(ref: str) -> bytes:
        return b"".join([chunk async for chunk in services.storage.get(ref)])

    outcome = await _send(services, leave, media)
    if isinstance(outcome, Moved) and leave.message.contact_id is None:
        outcome = Permanent(
            "recipient.identity_changed", outcome.detail
        )  # a stranger's new name is nobody's to learn
    elif isinstance(outcome, Moved):
        leave, outcome = await _follow_name(services, leave, outcome, media)
    again_s = await _record(leave, outcome, at=services.clock())
    if again_s is not None:
        raise Later(again_s, type(outcome).__name__)


async def _send(services: Services, leave: Leave, media: MediaLoader) -> Outcome:
    """Make the call; what fails on our side before it has told the customer nothing."""
    assert leave.message.step is not None
    try:
        step = Step.from_json(leave.message.step)
        channel = await ready(services, leave.account, step)
        return await channel.send(step, leave.attempt_id, media)
    except Invalid as refused:
        return Reauth(f"{refused.code}: {refused.field}")
    except StorageError as error:
        return Retry(detail=f"our storage: {error}")
    except ChannelError as error:
        return Retry(detail=error.code)


async def _follow_name(
    services: Services, leave: Leave, moved: Moved, media: MediaLoader
) -> tuple[Leave, Outcome]:
    """Send once more under the name a person has now; nothing has left under the old one.

    A name that belongs to somebody else already is nobody's to send to.
    """
    assert leave.message.step is not None and leave.message.recipient is not None
    channel = open_channel(services, leave.account)
    step = _readdressed(channel, Step.from_json(leave.message.step), leave.message.recipient, moved.to)
    again = await _rename(leave, moved, step, at=services.clock())
    if again is None:
        return leave, Permanent("recipient.identity_changed", moved.detail)
    outcome = await _send(services, again, media)
    if isinstance(outcome, Moved):
        return again, Permanent("recipient.unreachable", outcome.detail)
    return again, outcome


def _readdressed(channel: Channel, step: Step, old: Identity, new: Identity) -> Step:
    if isinstance(channel, Readdresses):
        return channel.readdressed(step, new)
    return readdressed(step, old, new)


@atomic
async def _rename(leave: Leave, outcome: Moved, step: Step, *, at: datetime) -> Leave | None:
    """Learn the name, write down the attempt that went nowhere and the one that follows; None for another's name."""
    message, company_id = leave.message, leave.message.company_id
    assert message.contact_id is not None and message.step is not None
    person = await customers.contact_now(company_id, message.contact_id)
    await identities.add_identity(company_id, person, message.channel, outcome.to, at=at)
    if await identities.contact_of(company_id, message.channel, [outcome.to]) != person:
        return None
    await attempts.set_outcome(company_id, leave.attempt_id, outcome="moved", detail=outcome.detail, at=at)
    planned = {**message.step, **step.to_json()}
    await messages.set_place(
        company_id, message.id, step=planned, recipient_kind=outcome.to.kind, recipient=outcome.to.value
    )
    await fates.log(message, "message.readdressed", at=at, kind=outcome.to.kind)
    attempt = await attempts.insert_attempt(company_id, message.id, at=at)
    return Leave(replace(message, step=planned, recipient=outcome.to), leave.account, attempt)


@atomic
async def _record(leave: Leave, outcome: Outcome, *, at: datetime) -> float | None:
    """Write down what the call brought; returns the pause in seconds when it may be made again."""
    leave = await _as_it_is(leave)
    message, company_id = leave.message, leave.message.company_id
    detail = getattr(outcome, "detail", "")
    await attempts.set_outcome(
        company_id, leave.attempt_id, outcome=type(outcome).__name__.lower(), detail=detail, at=at
    )
    if isinstance(outcome, Accepted):
        await _accepted(leave, outcome, at=at)
        return None
    if isinstance(outcome, Retry | Throttled | Reauth | Paused):
        return await _again(leave, outcome, at=at)
    await fates.settle_failure(message, outcome, at=at)
    return None


async def _as_it_is(leave: Leave) -> Leave:
    """Return it with its message as it is for a person who was merged while the call was under way."""
    message = leave.message
    if message.contact_id is None:
        return leave
    if await customers.contact_now(message.company_id, message.contact_id) == message.contact_id:
        return leave
    moved = await messages.by_id(message.company_id, message.id)
    return replace(leave, message=moved) if moved else leave


async def _accepted(leave: Leave, outcome: Accepted, *, at: datetime) -> None:
    message = leave.message
    state = MessageState.SENT if outcome.sent else MessageState.ACCEPTED
    moved = await messages.set_state(
        message.company_id,
        message.id,
        state,
        only_from=[MessageState.LEASED, MessageState.UNCLEAR],
        at=at,
        foreign_id=outcome.foreign_id,
        error_code="",
        error_detail="",
        **({"sent_at": at} if outcome.sent else {}),
    )
    if not moved:  # a status was quicker than the answer: only the platform's id is news
        await messages.set_place(message.company_id, message.id, foreign_id=outcome.foreign_id)
    await accounts.set_last(message.company_id, leave.account.id, out_at=at)
    await conversations.moved_on(message)
    await fates.log(message, "message.accepted", at=at, foreign_id=outcome.foreign_id)
    await turns.send_next(message, at=at)
    await fates.follow(message, at=at)
    await fates.replay_soon(message, at=at)


async def _again(leave: Leave, outcome: Retry | Throttled | Reauth | Paused, *, at: datetime) -> float | None:
    """Nothing has left: queue it again, for a day at most."""
    message = leave.message
    if too_late(message, at=at):
        await fates.settle_failure(message, Permanent("message.too_late", outcome.detail), at=at)
        return None
    await messages.set_state(
        message.company_id, message.id, MessageState.QUEUED, only_from=[MessageState.LEASED], at=at
    )
    if isinstance(outcome, Reauth | Paused):
        health = Health.REAUTH if isinstance(outcome, Reauth) else Health.PAUSED
        detail = ": ".join(part for part in (getattr(outcome, "code", ""), outcome.detail) if part)
        await accounts.set_health(message.company_id, leave.account.id, health, detail)
        await fates.log(message, f"channel.{health}", at=at, detail=detail)
        return ACCOUNT_DOWN_S
    tries = await attempts.number_of(message.company_id, message.id)
    return outcome.after_s or min(3600.0, 4.0**tries)
