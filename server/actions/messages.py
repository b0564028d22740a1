"""Sending, at most once: committed before the first byte leaves, and in doubt nobody sends again but a human."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.actions import conversations, fates, pace, questions, quiet, templates, turns
from server.actions.channels import open_channel
from server.actions.facts import ready
from server.actions.gate import acquaint, gate_of, stranger_gate
from server.actions.speech_photos import shown_by, still_released
from server.channels.base import Channel, ChannelError, MediaLoader, Readdresses
from server.db import accounts, attempts, customers, identities, lanes, messages, photos
from server.db import conversations as conversations_db
from server.db import questions as questions_db
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.acquaintances import Acquaintance
from server.domain.channels import Step, readdressed
from server.domain.conversations import ConversationState
from server.domain.errors import Invalid
from server.domain.gate import Closed
from server.domain.identities import Identity, IdentityKind, same_name
from server.domain.messages import SEND_FOR, Message, MessageState
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
from server.domain.questions import QuestionState
from server.domain.tasks import Later
from server.services import Services
from server.storage.base import StorageError

BUSY_S = 2.0
ACCOUNT_DOWN_S = 300.0
# A worker that lost its lease may still be calling; only later is a message without an answer in doubt.
ANSWERED_IN_S = 120.0


@dataclass(frozen=True, slots=True)
class Leave:
    """The permission to make one call: everything it needs, committed before it is made."""

    message: Message
    account: Account
    attempt_id: UUID


async def deliver(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Send one message: permission · call · result. Raises Later when it is certain that nothing has left.

    A message found leased is one whose sender died between permission and result: its fate is in doubt.
    """
    message_id = UUID(str(payload["message"]))
    try:
        leave = await _leave(services, company_id, message_id)
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


async def _leave(services: Services, company_id: UUID, message_id: UUID) -> Leave | None:
    """Ask for permission, after a look that locks nothing whether that is worth it; None for what must not leave now.

    What stands behind another is called by it, whatever happened since the look: everything that ends a message's
    time in its lane calls the next one in the same commit. Raises Later for one that comes too soon.
    """
    lane, at = await lanes.around(company_id, message_id), services.clock()
    if lane is None or lane.own.state is not MessageState.QUEUED or not lane.own.due(at):
        return await _permit(company_id, message_id, at=at)
    turn = await turns.turn_in(company_id, lane.own, lane.everyone, at=at)
    if turn is turns.Turn.BUSY:
        raise Later(BUSY_S, "another message to this person is leaving")
    if turn is turns.Turn.BEHIND:
        return None
    # One after the other within an account, so that who looks sees what was taken before him.
    async with services.doors[lane.account_id]:
        await pace.ask(lane, at=services.clock())
        return await _permit(company_id, message_id, at=services.clock())


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
async def _permit(company_id: UUID, message_id: UUID, *, at: datetime) -> Leave | None:
    """Ask the gate again and commit that the call leaves now; None when it must not."""
    message = await messages.by_id(company_id, message_id)
    if message is None or message.account_id is None or not (message.contact_id or message.to_stranger):
        return None
    if message.state is MessageState.LEASED:
        if (age_s := (at - message.changed_at).total_seconds()) < ANSWERED_IN_S:
            raise Later(ANSWERED_IN_S - max(0.0, age_s), "its call may still be under way")
        await fates.doubt(message, "the sender stopped before the answer came", at=at)
        return None
    if message.state is not MessageState.QUEUED or (message.step is not None and "call" not in message.step):
        return None
    if message.send_after is not None and message.send_after > at:
        raise Later((message.send_after - at).total_seconds(), "scheduled")
    if not await _lock_person(message):
        raise Later(BUSY_S, "this person has just become part of another record")
    turn = await turns.turn(message, at=at)
    if turn is turns.Turn.BUSY:
        raise Later(BUSY_S, "another message to this person is leaving")
    if turn is turns.Turn.BEHIND:
        return None
    if until := await quiet.late(message, at=at):
        raise Later((until - at).total_seconds(), "quiet hours")
    closed = await _closed(message, at=at)
    if closed:
        await fates.stop(message, closed, at=at)
        return None
    if _too_late(message, at=at):
        await fates.settle_failure(message, Permanent("message.too_late"), at=at)
        return None
    account = await accounts.by_id(company_id, message.account_id)
    if account is None or account.disabled_at:
        await fates.stop(message, "channel.unavailable", at=at)
        return None
    if not account.usable:
        raise Later(ACCOUNT_DOWN_S, account.health)
    await pace.take(message, at=at)
    leased = await messages.set_state(
        company_id, message.id, MessageState.LEASED, only_from=[MessageState.QUEUED], at=at
    )
    if not leased:
        return None
    return Leave(message, account, await attempts.insert_attempt(company_id, message.id, at=at))


def _too_late(message: Message, *, at: datetime) -> bool:
    """Say whether it waited for longer than words stay true: what was meant for yesterday is for a human to decide."""
    return at - max(message.created_at, message.send_after or message.created_at) > SEND_FOR


async def _lock_person(message: Message) -> bool:
    """Let nothing else leave for this person until the unit ends; of a stranger there is his conversation only.

    False for a record that was merged since the message was read.
    """
    if message.contact_id is not None:
        counts = await customers.lock_contact(message.company_id, message.contact_id)
        return counts == message.contact_id
    if message.conversation_id is not None:
        await conversations_db.lock(message.company_id, message.conversation_id)
    return True


async def _closed(message: Message, *, at: datetime) -> str:
    """Return why this message must not leave at this moment, "" when nothing stands against it."""
    if message.to_stranger:
        answer = await stranger_gate(message, at=at)
        return answer.code if isinstance(answer, Closed) else ""
    question = message.question_id and await questions_db.by_id(message.company_id, message.question_id)
    shown = [message.photo_id] if message.photo_id else shown_by(message)
    assert message.contact_id is not None
    person = await acquaint(message.company_id, message.contact_id)
    pictures = [*shown, *(question.photo_ids if question else ())]
    opened = gate_of(
        person,
        message.channel,
        account_id=message.account_id,
        person_open=await photos.person_open(message.company_id, pictures),
        at=at,
    )
    if isinstance(opened, Closed):
        return opened.code
    if opened.template and message.kind != templates.TEMPLATE:
        return "window.closed"
    if code := await templates.closed(message, at=at):
        return code
    if not await _still_his(message, person):
        return "recipient.identity_changed"
    if question and question.state is QuestionState.WITHDRAWN:
        return "question.withdrawn"
    if question and not await questions.photos_still_released(question):
        return "question.photo_unreleased"
    if not question and not await still_released(message):
        return "message.photo_unreleased"
    thread = message.conversation_id and await conversations_db.by_id(
        message.company_id, message.conversation_id
    )
    return "conversation.spam" if thread and thread.state is ConversationState.SPAM else ""


async def _still_his(message: Message, person: Acquaintance) -> bool:
    """Say whether the recipient, frozen when this was written, is still this person's name at the platform.

    A number that was given up there is not, even while it stands in the book.
    """
    numbers = [one for one in (message.recipient,) if one and one.kind is not IdentityKind.EMAIL]
    if await identities.given_up(message.company_id, message.channel, numbers):
        return False
    book = person.contact.names if person.contact else []
    return any(same_name(message.recipient, name) for name in [*person.names_in(message.channel), *book])


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
    if _too_late(message, at=at):
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
