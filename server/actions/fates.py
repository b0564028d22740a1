"""What becomes of a message: the next one goes, it failed, it is in doubt, it was stopped, a human decided."""

from datetime import datetime
from uuid import UUID

from server.actions import questions
from server.actions.consents import contact_known, withdraw
from server.db import logbook, messages, tasks
from server.db.unit import atomic, signal
from server.domain.consents import Proof
from server.domain.errors import Conflict, NotFound
from server.domain.logbook import Entry
from server.domain.messages import Message, MessageState
from server.domain.outcomes import MediaFix, NeedsTemplate, OptedOut, Outcome, Unclear
from server.domain.questions import QuestionState
from server.domain.users import Actor, system

_GONE_OUT = frozenset({MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED, MessageState.READ})


async def turn(message: Message) -> bool:
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


async def send_next(message: Message, *, at: datetime) -> None:
    """Let the one after this message go once its turn has come; asked twice it still goes once."""
    if message.question_id is None:
        return
    for mate in await messages.of_question(message.company_id, message.question_id):
        if mate.state is MessageState.QUEUED and mate.place > message.place:
            if await turn(mate):
                await _send_soon(mate, at=at)
            return


async def _send_soon(message: Message, *, at: datetime) -> None:
    # Without a dedup key: a task that ended because it was not its message's turn must not bar the next one.
    payload: dict[str, object] = {"message": str(message.id)}
    await tasks.insert_task(message.company_id, "message.send", payload, at=at)


async def settle_failure(message: Message, outcome: Outcome, *, at: datetime) -> None:
    """Write down that a message will not arrive, or that nobody knows; joins the unit it is part of."""
    if isinstance(outcome, Unclear):
        await doubt(message, outcome.detail, at=at)
        return
    if isinstance(outcome, NeedsTemplate):
        await stop(message, "window.closed", at=at, detail=outcome.detail)
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
    await log(message, "message.failed", at=at, code=code, detail=detail)
    await follow(message, at=at)


async def doubt(message: Message, detail: str, *, at: datetime) -> None:
    """Write down that nobody knows whether a message is there: a human decides."""
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
        await log(message, "message.unclear", at=at, detail=detail)
        await follow(message, at=at)


async def stop(message: Message, code: str, *, at: datetime, detail: str = "") -> None:
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
    await log(message, "message.stopped", at=at, code=code, detail=detail)
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
    await log(message, "message.confirmed" if arrived else "message.sent_again", at=at, actor=actor)
    if arrived:
        await send_next(message, at=at)
    else:
        await _send_soon(message, at=at)
    await follow(message, at=at)


async def follow(message: Message, *, at: datetime) -> None:
    """Let pages and the message's question learn of its new state."""
    signal("messages", message.company_id, message=str(message.id), job=str(message.job_id or ""))
    if message.question_id is not None:
        await questions.follow(system(message.company_id), message.question_id, at=at)


async def log(
    message: Message, verb: str, *, at: datetime, actor: Actor | None = None, **data: object
) -> None:
    """Write a message's line in the logbook; joins the unit it is part of."""
    by = actor or system(message.company_id)
    entry = Entry.by(
        by, verb, "message", message.id, at=at, job_id=message.job_id, channel=message.channel, **data
    )
    await logbook.insert_entry(message.company_id, entry)
