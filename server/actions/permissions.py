"""The permission to make one call: asked in one unit and committed before a byte leaves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.actions import fates, pace, questions, quiet, templates, turns
from server.actions.gate import acquaint, gate_of, stranger_gate
from server.actions.speech_photos import shown_by, still_released
from server.db import accounts, attempts, customers, identities, lanes, messages, photos
from server.db import conversations as conversations_db
from server.db import questions as questions_db
from server.db.unit import atomic
from server.domain.accounts import Account
from server.domain.acquaintances import Acquaintance
from server.domain.conversations import ConversationState
from server.domain.gate import Closed
from server.domain.identities import IdentityKind, same_name
from server.domain.messages import SEND_FOR, Message, MessageState
from server.domain.outcomes import Permanent
from server.domain.questions import QuestionState
from server.domain.tasks import Later
from server.services import Services

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


async def ask(services: Services, company_id: UUID, message_id: UUID) -> Leave | None:
    """Ask for permission, after a look that locks nothing whether that is worth it; None for what must not leave now.

    What stands behind another is called by it, whatever happened since the look: everything that ends a message's
    time in its lane calls the next one in the same commit. Raises Later for one that comes too soon.
    """
    lane, at = await lanes.around(company_id, message_id), services.clock()
    if lane is None or lane.own.state is not MessageState.QUEUED or not lane.own.due(at):
        return await permit(company_id, message_id, at=at)
    turn = await turns.turn_in(company_id, lane.own, lane.everyone, at=at)
    if turn is turns.Turn.BUSY:
        raise Later(BUSY_S, "another message to this person is leaving")
    if turn is turns.Turn.BEHIND:
        return None
    # One after the other within an account, so that who looks sees what was taken before him.
    async with services.doors[lane.account_id]:
        await pace.ask(lane, at=services.clock())
        return await permit(company_id, message_id, at=services.clock())


@atomic
async def permit(company_id: UUID, message_id: UUID, *, at: datetime) -> Leave | None:
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
    if too_late(message, at=at):
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


def too_late(message: Message, *, at: datetime) -> bool:
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
