"""Sending, at most once: committed before the first byte leaves, and in doubt nobody sends again but a human."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.actions import questions
from server.actions.channels import open_channel
from server.actions.consents import contact_known, gate, withdraw
from server.channels.base import MediaLoader
from server.db import channels, customers, logbook, messages, tasks
from server.db import questions as questions_db
from server.db.unit import atomic, signal
from server.domain.accounts import Account, Health
from server.domain.channels import Identity, IdentityKind, Step
from server.domain.consents import Closed, Proof
from server.domain.errors import Conflict, Invalid, NotFound
from server.domain.logbook import Entry
from server.domain.messages import SEND_FOR, Message, MessageState
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    NeedsTemplate,
    OptedOut,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)
from server.domain.questions import QuestionState
from server.domain.tasks import Later
from server.domain.users import Actor, system
from server.services import Services
from server.storage.base import StorageError

BUSY_S = 2.0
ACCOUNT_DOWN_S = 300.0
# A worker that lost its lease may still be calling; only later is a message without an answer in doubt.
ANSWERED_IN_S = 120.0
_GONE_OUT = frozenset({MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED, MessageState.READ})


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
    leave = await _permit(company_id, message_id, at=services.clock())
    if leave is None:
        return

    async def media(ref: str) -> bytes:
        return b"".join([chunk async for chunk in services.storage.get(ref)])

    outcome = await _send(services, leave, media)
    again_s = await _record(leave, outcome, at=services.clock())
    if again_s is not None:
        raise Later(again_s, type(outcome).__name__)


async def _send(services: Services, leave: Leave, media: MediaLoader) -> Outcome:
    """Make the call; what fails on our side before it has told the customer nothing."""
    assert leave.message.step is not None
    try:
        channel = open_channel(services, leave.account)
        return await channel.send(Step.from_json(leave.message.step), leave.attempt_id, media)
    except Invalid as refused:
        return Reauth(f"{refused.code}: {refused.field}")
    except StorageError as error:
        return Retry(detail=f"our storage: {error}")


@atomic
async def _permit(company_id: UUID, message_id: UUID, *, at: datetime) -> Leave | None:
    """Ask the gate again and commit that the call leaves now; None when it must not."""
    message = await messages.by_id(company_id, message_id)
    if message is None or message.contact_id is None or message.account_id is None:
        return None
    if message.state is MessageState.LEASED:
        if (age_s := (at - message.changed_at).total_seconds()) < ANSWERED_IN_S:
            raise Later(ANSWERED_IN_S - max(0.0, age_s), "its call may still be under way")
        await _doubt(message, "the sender stopped before the answer came", at=at)
        return None
    if message.state is not MessageState.QUEUED:
        return None
    await customers.lock_contact(company_id, message.contact_id)
    closed = await _closed(message)
    if closed:
        await _stop(message, closed, at=at)
        return None
    if not await _turn(message):
        return None
    account = await channels.account_by_id(company_id, message.account_id)
    if account is None or account.disabled_at:
        await _stop(message, "channel.unavailable", at=at)
        return None
    if not account.usable:
        raise Later(ACCOUNT_DOWN_S, account.health)
    if await messages.in_flight(company_id, message.contact_id, message.channel, but=message.id):
        raise Later(BUSY_S, "another message to this person is leaving")
    leased = await messages.set_state(
        company_id, message.id, MessageState.LEASED, only_from=[MessageState.QUEUED], at=at
    )
    if not leased:
        return None
    return Leave(message, account, await messages.insert_attempt(company_id, message.id, at=at))


async def _closed(message: Message) -> str:
    """Return why this message must not leave at this moment, "" when nothing stands against it."""
    opened = await gate(message.company_id, message.contact_id, message.channel)
    if isinstance(opened, Closed):
        return opened.code
    if not await _still_his(message):
        return "recipient.identity_changed"
    question = message.question_id and await questions_db.by_id(message.company_id, message.question_id)
    if question and question.state is QuestionState.WITHDRAWN:
        return "question.withdrawn"
    if question and not await questions.photos_still_released(question):
        return "question.photo_unreleased"
    return ""


async def _still_his(message: Message) -> bool:
    """Say whether the recipient, frozen when this was written, is still this person's name at the platform."""
    contact = await contact_known(message.company_id, message.contact_id)
    known = await channels.identities_of(message.company_id, contact.id, message.channel)
    return message.recipient in [*known, Identity(IdentityKind.PHONE, contact.phone)]


async def _turn(message: Message) -> bool:
    """Say whether everything before this message in its question has gone out; else it waits for a human."""
    if message.question_id is None:
        return True
    mates = await messages.of_question(message.company_id, message.question_id)
    before = [
        mate
        for mate in mates
        if mate.created_at == message.created_at and mate.place < message.place and mate.step
    ]
    return all(mate.state in _GONE_OUT for mate in before)


@atomic
async def _record(leave: Leave, outcome: Outcome, *, at: datetime) -> float | None:
    """Write down what the call brought; returns the pause in seconds when it may be made again."""
    message, company_id = leave.message, leave.message.company_id
    detail = getattr(outcome, "detail", "")
    await messages.set_attempt(
        company_id, leave.attempt_id, outcome=type(outcome).__name__.lower(), detail=detail, at=at
    )
    if isinstance(outcome, Accepted):
        await _accepted(leave, outcome, at=at)
        return None
    if isinstance(outcome, Retry | Throttled | Reauth | Paused):
        return await _again(leave, outcome, at=at)
    await settle_failure(message, outcome, at=at)
    return None


async def _accepted(leave: Leave, outcome: Accepted, *, at: datetime) -> None:
    message = leave.message
    moved = await messages.set_state(
        message.company_id,
        message.id,
        MessageState.ACCEPTED,
        only_from=[MessageState.LEASED, MessageState.UNCLEAR],
        at=at,
        foreign_id=outcome.foreign_id,
        error_code="",
        error_detail="",
    )
    if not moved:  # a status was quicker than the answer: only the platform's id is news
        await messages.set_place(message.company_id, message.id, foreign_id=outcome.foreign_id)
    await channels.set_last(message.company_id, leave.account.id, out_at=at)
    await _log(message, "message.accepted", at=at, foreign_id=outcome.foreign_id)
    await send_next(message, at=at)
    await _follow(message, at=at)
    payload: dict[str, object] = {"account": str(leave.account.id)}
    await tasks.insert_task(message.company_id, "inbox.replay", payload, at=at)


async def send_next(message: Message, *, at: datetime) -> None:
    """Let the one after this message go once its turn has come; asked twice it still goes once."""
    if message.question_id is None:
        return
    for mate in await messages.of_question(message.company_id, message.question_id):
        if mate.state is MessageState.QUEUED and mate.place > message.place:
            if await _turn(mate):
                await _send_soon(mate, at=at)
            return


async def _send_soon(message: Message, *, at: datetime) -> None:
    # Without a dedup key: a task that ended because it was not its message's turn must not bar the next one.
    payload: dict[str, object] = {"message": str(message.id)}
    await tasks.insert_task(message.company_id, "message.send", payload, at=at)


async def _again(leave: Leave, outcome: Retry | Throttled | Reauth | Paused, *, at: datetime) -> float | None:
    """Nothing has left: queue it again, for a day at most."""
    message = leave.message
    if at - message.created_at > SEND_FOR:
        await settle_failure(message, Permanent("message.too_late", outcome.detail), at=at)
        return None
    await messages.set_state(
        message.company_id, message.id, MessageState.QUEUED, only_from=[MessageState.LEASED], at=at
    )
    if isinstance(outcome, Reauth | Paused):
        health = Health.REAUTH if isinstance(outcome, Reauth) else Health.PAUSED
        await channels.set_health(message.company_id, leave.account.id, health, outcome.detail)
        await _log(message, f"channel.{health}", at=at, detail=outcome.detail)
        return ACCOUNT_DOWN_S
    tries = await messages.number_of_attempts(message.company_id, message.id)
    return outcome.after_s or min(3600.0, 4.0**tries)


async def settle_failure(message: Message, outcome: Outcome, *, at: datetime) -> None:
    """Write down that a message will not arrive, or that nobody knows; joins the unit it is part of."""
    if isinstance(outcome, Unclear):
        await _doubt(message, outcome.detail, at=at)
        return
    if isinstance(outcome, NeedsTemplate):
        await _stop(message, "window.closed", at=at, detail=outcome.detail)
        return
    if isinstance(outcome, OptedOut):
        contact = await contact_known(message.company_id, message.contact_id)
        await _fail(message, "consent.withdrawn", outcome.detail, at=at)
        actor = system(message.company_id)
        said = "in den Einstellungen des Messengers abbestellt"
        await withdraw(actor, contact, channel=message.channel, proof=Proof.INBOUND_MESSAGE, said=said, at=at)
        return
    code = "media.refused" if isinstance(outcome, MediaFix) else getattr(outcome, "code", "message.failed")
    await _fail(message, code, getattr(outcome, "detail", ""), at=at)


async def _fail(message: Message, code: str, detail: str, *, at: datetime) -> None:
    await messages.set_state(
        message.company_id,
        message.id,
        MessageState.FAILED,
        only_from=[
            MessageState.LEASED,
            MessageState.QUEUED,
            MessageState.ACCEPTED,
            MessageState.SENT,
            MessageState.UNCLEAR,
        ],
        at=at,
        error_code=code,
        error_detail=detail,
    )
    await _log(message, "message.failed", at=at, code=code, detail=detail)
    await _follow(message, at=at)


async def _doubt(message: Message, detail: str, *, at: datetime) -> None:
    doubted = await messages.set_state(
        message.company_id,
        message.id,
        MessageState.UNCLEAR,
        only_from=[MessageState.LEASED],
        at=at,
        error_code="message.unclear",
        error_detail=detail,
    )
    if doubted:
        await _log(message, "message.unclear", at=at, detail=detail)
        await _follow(message, at=at)


async def _stop(message: Message, code: str, *, at: datetime, detail: str = "") -> None:
    """Stop a message and its mates before they leave; the question says why."""
    stoppable = [MessageState.QUEUED, MessageState.LEASED, MessageState.ACCEPTED, MessageState.SENT]
    await messages.set_state(
        message.company_id,
        message.id,
        MessageState.STOPPED,
        only_from=stoppable,
        at=at,
        error_code=code,
        error_detail=detail,
    )
    await _log(message, "message.stopped", at=at, code=code, detail=detail)
    if message.question_id is None:
        return
    for mate in await messages.of_question(message.company_id, message.question_id):
        await messages.set_state(
            message.company_id,
            mate.id,
            MessageState.STOPPED,
            only_from=[MessageState.QUEUED],
            at=at,
            error_code=code,
        )
    actor = system(message.company_id)
    question = await questions.known(actor, message.question_id)
    if question.state not in (QuestionState.ANSWERED, QuestionState.WITHDRAWN, QuestionState.BLOCKED):
        await questions.block(actor, question, code, {}, at=at)


@atomic
async def resolve(actor: Actor, message_id: UUID, *, arrived: bool, at: datetime) -> None:
    """A human decides: a doubtful one is there, a doubtful or failed one is sent again.

    Only the message itself goes again, not its mates that have arrived. Raises Conflict when it has moved on.
    """
    message = await messages.by_id(actor.company_id, message_id)
    if message is None:
        raise NotFound("message.unknown")
    wanted = MessageState.SENT if arrived else MessageState.QUEUED
    open_to = [MessageState.UNCLEAR] if arrived else [MessageState.UNCLEAR, MessageState.FAILED]
    moved = await messages.set_state(
        actor.company_id, message_id, wanted, only_from=open_to, at=at, error_code="", error_detail=""
    )
    if not moved:
        raise Conflict("message.moved_on")
    await _log(message, "message.confirmed" if arrived else "message.sent_again", at=at, actor=actor)
    if arrived:
        await send_next(message, at=at)
    else:
        await _send_soon(message, at=at)
    await _follow(message, at=at)


async def _follow(message: Message, *, at: datetime) -> None:
    signal("messages", message.company_id, message=str(message.id), job=str(message.job_id or ""))
    if message.question_id is not None:
        await questions.follow(system(message.company_id), message.question_id, at=at)


async def _log(
    message: Message, verb: str, *, at: datetime, actor: Actor | None = None, **data: object
) -> None:
    by = actor or system(message.company_id)
    entry = Entry.by(
        by, verb, "message", message.id, at=at, job_id=message.job_id, channel=message.channel, **data
    )
    await logbook.insert_entry(message.company_id, entry)
