"""What becomes of a message: it failed, it is in doubt, it was stopped, a human decided; then the next one goes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from server.actions import conversations, questions, templates, turns
from server.actions.channels import kind_of
from server.actions.consents import withdraw
from server.actions.customers import contact_known
from server.actions.identities import refused
from server.db import correspondence, customers, inbox, lanes, logbook, messages, tasks
from server.db.unit import atomic, signal
from server.domain.consents import Proof
from server.domain.errors import Conflict, NotFound
from server.domain.evidence import Evidence
from server.domain.logbook import Entry
from server.domain.messages import Message, MessageState, window_until
from server.domain.outcomes import MediaFix, NeedsTemplate, OptedOut, Outcome, Unclear
from server.domain.questions import QuestionState
from server.domain.users import Actor, system

OPTED_OUT = "in den Einstellungen des Messengers abbestellt"
# "In rare cases" the platform closes a window early (W/send-messages): asked once more if ours has an hour left.
WINDOW_AGAIN, WINDOW_LEFT = timedelta(seconds=60), timedelta(hours=1)
# Failures that say of the address itself that nobody has it.
NOBODYS = ("mail.address_unknown",)
_FAILABLE = (
    MessageState.LEASED,
    MessageState.QUEUED,
    MessageState.ACCEPTED,
    MessageState.SENT,
    MessageState.UNCLEAR,
)


async def settle_failure(message: Message, outcome: Outcome, *, at: datetime) -> None:
    """Write down that a message will not arrive, or that nobody knows; joins the unit it is part of."""
    if isinstance(outcome, Unclear):
        await doubt(message, outcome.detail, at=at)
        return
    if isinstance(outcome, NeedsTemplate):
        if not await _asked_once_more(message, at=at):
            await stop(message, "window.closed", at=at, detail=outcome.detail)
        return
    if isinstance(outcome, OptedOut) and message.contact_id is None:
        await _fail(message, "consent.withdrawn", outcome.detail, at=at)  # it shuts his gate (stranger_gate)
        return
    if isinstance(outcome, OptedOut):
        contact = await contact_known(message.company_id, message.contact_id)
        await customers.lock_contact(message.company_id, contact.id)
        await _fail(message, "consent.withdrawn", outcome.detail, at=at)
        actor = system(message.company_id)
        await withdraw(actor, contact, message.channel, Evidence(Proof.INBOUND_MESSAGE, OPTED_OUT), at=at)
        return
    code = "media.refused" if isinstance(outcome, MediaFix) else getattr(outcome, "code", "message.failed")
    if code in NOBODYS:
        await refused(message, at=at)
    if code.startswith("template.") and message.account_id:  # what we know of it is out of date
        await templates.sync_soon(message.company_id, message.account_id, at=at)
    await _fail(message, code, getattr(outcome, "detail", ""), at=at)


async def _asked_once_more(message: Message, *, at: datetime) -> bool:
    """Queue a message once more whose window the platform calls closed while ours has an hour left (§12.17)."""
    if message.step is None or message.step.get("window_again") or not message.account_id:
        return False
    last = message.contact_id and await correspondence.last_inbound_at(
        message.company_id, message.account_id, message.contact_id
    )
    until = window_until(last or None, kind_of(message.channel).caps.window)
    if until is None or until - at < WINDOW_LEFT:
        return False
    queued = await messages.set_state(
        message.company_id,
        message.id,
        MessageState.QUEUED,
        only_from=[MessageState.LEASED, MessageState.ACCEPTED, MessageState.SENT],
        at=at,
        foreign_id=None,
        step={**message.step, "window_again": True},
    )
    if queued:
        await turns.send_soon(message, at=at + WINDOW_AGAIN)
        await log(message, "message.window_again", at=at)
    return queued


async def _fail(message: Message, code: str, detail: str, *, at: datetime) -> None:
    await messages.set_state(
        message.company_id,
        message.id,
        MessageState.FAILED,
        only_from=_FAILABLE,
        at=at,
        error_code=code,
        error_detail=detail,
    )
    await conversations.moved_on(message)
    await log(message, "message.failed", at=at, code=code, detail=detail)
    await turns.send_next(message, at=at)
    await follow(message, at=at)


async def doubt(message: Message, detail: str, *, at: datetime) -> None:
    """Write down that nobody knows whether a message is there: a status, an echo or a human decides."""
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
        await turns.send_next(message, at=at)
        await follow(message, at=at)


async def stop(
    message: Message,
    code: str,
    *,
    at: datetime,
    detail: str = "",
    values: Mapping[str, str] | None = None,
) -> None:
    """Stop a message and what belongs to it before it leaves; the question says why. `values` fill the sentence."""
    stoppable = [MessageState.QUEUED, MessageState.LEASED, MessageState.ACCEPTED, MessageState.SENT]
    await messages.set_state(
        message.company_id,
        message.id,
        MessageState.STOPPED,
        only_from=stoppable,
        at=at,
        error_code=code,
        error_detail=detail,
        **({"step": {**(message.step or {}), "blocked": dict(values)}} if values else {}),
    )
    await conversations.moved_on(message)
    await log(message, "message.stopped", at=at, code=code, detail=detail)
    for mate in await _mates(message):
        await messages.set_state(
            message.company_id,
            mate.id,
            MessageState.STOPPED,
            only_from=[MessageState.QUEUED],
            at=at,
            error_code=code,
        )
    await turns.send_next(message, at=at)
    signal("messages", message.company_id, message=str(message.id), job=str(message.job_id or ""))
    if message.question_id is None:
        return
    actor = system(message.company_id)
    question = await questions.known(actor, message.question_id)
    if question.state not in (QuestionState.ANSWERED, QuestionState.WITHDRAWN, QuestionState.BLOCKED):
        await questions.block(actor, question, code, values or {}, at=at)


async def _mates(message: Message) -> list[Message]:
    if message.question_id is not None:
        return await messages.of_question(message.company_id, message.question_id)
    return await lanes.of_run(message.company_id, message.run_id) if message.run_id else []


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
    await _from_now(message, at=at)
    await conversations.moved_on(message)
    await log(message, "message.confirmed" if arrived else "message.sent_again", at=at, actor=actor)
    if arrived:
        await turns.send_next(message, at=at)
    else:
        await turns.send_soon(message, at=at)
    await follow(message, at=at)


async def _from_now(message: Message, *, at: datetime) -> None:
    """A human wants it, and the rest of its run, to leave now: the day they have begins anew."""
    for mate in [message, *await _mates(message)]:
        await messages.set_state(
            mate.company_id,
            mate.id,
            MessageState.QUEUED,
            only_from=[MessageState.QUEUED],
            at=at,
            send_after=at,
        )


async def follow(message: Message, *, at: datetime) -> None:
    """Let pages and the message's question learn of its new state."""
    signal("messages", message.company_id, message=str(message.id), job=str(message.job_id or ""))
    if message.question_id is not None:
        await questions.follow(system(message.company_id), message.question_id, at=at)


async def replay_soon(message: Message, *, at: datetime) -> None:
    """Let events be read again that waited for this message's name at the platform, if there are any."""
    if message.account_id and await inbox.has_parked(message.company_id, message.account_id):
        payload: dict[str, object] = {"account": str(message.account_id)}
        await tasks.insert_task(message.company_id, "inbox.replay", payload, at=at)


async def log(
    message: Message, verb: str, *, at: datetime, actor: Actor | None = None, **data: object
) -> None:
    """Write a message's line in the logbook; joins the unit it is part of."""
    by = actor or system(message.company_id)
    entry = Entry.by(
        by, verb, "message", message.id, at=at, job_id=message.job_id, channel=message.channel, **data
    )
    await logbook.insert_entry(message.company_id, entry)
