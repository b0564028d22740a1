"""What platforms tell us: stored as it came, then taken event by event, each exactly once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from server.actions import questions as question_actions
from server.actions.consents import contact_known, withdraw
from server.actions.facts import ready
from server.actions.fates import send_next, settle_failure
from server.actions.replies import hear, opt_out
from server.channels.base import Pulled
from server.db import channels, inbox, jobs, logbook, messages, tasks
from server.db.unit import atomic, signal
from server.domain.accounts import Account
from server.domain.consents import Proof, is_stop
from server.domain.errors import DomainError, Invalid
from server.domain.events import Event, HealthEvent, InboundMessage, OptOut, Status, StatusUpdate
from server.domain.logbook import Entry
from server.domain.messages import (
    Message,
    MessageState,
    after_status,
)
from server.domain.users import Actor, system
from server.ids import parse_id
from server.services import Services

DONE, PARKED, NEW = "done", "parked", "new"


@atomic
async def receive(account: Account, body: bytes, *, at: datetime) -> None:
    """Keep a verified webhook body and the task to read it; only then may the platform hear 200."""
    raw = await inbox.insert_raw(account.company_id, account.id, body, at=at)
    await channels.set_last(account.company_id, account.id, in_at=at)
    await tasks.insert_task(account.company_id, "inbox.process", {"raw": str(raw)}, at=at)


@atomic
async def keep(account: Account, pulled: Pulled, *, at: datetime) -> None:
    """Keep what was fetched, the task to read it and where to go on: one commit, before the next is asked for."""
    company_id = account.company_id
    if pulled.body:
        raw = await inbox.insert_raw(company_id, account.id, pulled.body, at=at)
        await channels.set_last(company_id, account.id, in_at=at)
        await tasks.insert_task(company_id, "inbox.process", {"raw": str(raw)}, at=at)
    await channels.set_pulled(company_id, account.id, cursor=pulled.cursor, at=at)


async def process(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Take every event of a stored body, each in a unit of its own; again is harmless."""
    raw = await inbox.raw_by_id(company_id, UUID(str(payload["raw"])))
    account = await channels.account_by_id(company_id, raw.account_id) if raw else None
    if raw is None or account is None or raw.state == DONE:
        return
    refused: DomainError | None = None
    for event in (await ready(services, account, raw.body)).parse(raw.body):
        try:
            await _take(account, event, raw_id=raw.id, at=services.clock())
        except DomainError as error:  # one event's trouble never stops the others
            refused = error
    if refused:
        raise refused
    await _finish(company_id, raw.id)


async def replay(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Look again at statuses that came before we knew their message."""
    account = await channels.account_by_id(company_id, UUID(str(payload["account"])))
    if account is None:
        return
    for key, raw_id in await inbox.parked(company_id, account.id):
        raw = await inbox.raw_by_id(company_id, raw_id)
        events = (await ready(services, account, raw.body)).parse(raw.body) if raw else []
        for event in events:
            if event.key == key and isinstance(event, StatusUpdate):
                await _unpark(account, event, at=services.clock())


@atomic
async def _finish(company_id: UUID, raw_id: UUID) -> None:
    await inbox.set_raw_state(company_id, raw_id, DONE)


@atomic
async def _take(account: Account, event: Event, *, raw_id: UUID, at: datetime) -> None:
    fresh = await inbox.claim_event(
        account.company_id, account.id, event.key, raw_id=raw_id, state=DONE, at=at
    )
    if not fresh:
        return
    match event:
        case InboundMessage():
            await hear(account, event, raw_id=raw_id, at=at)
        case StatusUpdate():
            if not await _believe(account, event, at=at):
                await inbox.set_event_state(account.company_id, account.id, event.key, PARKED)
        case OptOut():
            await opt_out(account, event, at=at)
        case HealthEvent():
            signal("channels", account.company_id, account=str(account.id))
        case _:
            await inbox.set_event_state(account.company_id, account.id, event.key, "unknown")


@atomic
async def _unpark(account: Account, event: StatusUpdate, *, at: datetime) -> None:
    if await _believe(account, event, at=at):
        await inbox.set_event_state(account.company_id, account.id, event.key, DONE)


async def _believe(account: Account, event: StatusUpdate, *, at: datetime) -> bool:
    """Let a status move its message; False when we do not know the message yet."""
    message = await _meant(account, event)
    if message is None:
        return False
    await messages.lock(account.company_id, message.id)
    message = await messages.by_id(account.company_id, message.id) or message
    if message.foreign_id is None:
        await messages.set_place(account.company_id, message.id, foreign_id=event.foreign_id)
    if event.status is Status.FAILED and event.failure is not None:
        if after_status(message.state, Status.FAILED) is MessageState.FAILED:
            await settle_failure(message, event.failure, at=at)
        return True
    state = after_status(message.state, event.status)
    if state is not message.state:
        await messages.set_state(
            account.company_id, message.id, state, only_from=[message.state], at=at, error_code=""
        )
        await send_next(message, at=at)
    if message.question_id:
        await question_actions.follow(system(account.company_id), message.question_id, at=at)
    return True


async def _meant(account: Account, event: StatusUpdate) -> Message | None:
    found = await messages.by_foreign_id(account.company_id, account.id, event.foreign_id)
    if found is not None or not event.opaque:
        return found
    intent = parse_id(event.opaque)
    named = await messages.by_id(account.company_id, intent) if intent else None
    return named if named and named.account_id == account.id else None


@atomic
async def assign(
    actor: Actor, message: Message, *, job_id: UUID | None, contact_id: UUID | None, at: datetime
) -> None:
    """The office gives a message its job and its person; the platform's name is learnt for next time."""
    if job_id and await jobs.by_id(actor.company_id, job_id) is None:
        raise Invalid("job.unknown", field="job")
    contact = await contact_known(actor.company_id, contact_id) if contact_id else None
    if contact and contact.id != message.contact_id:
        if message.recipient:
            await channels.add_identity(
                actor.company_id, contact.id, message.channel, message.recipient, at=at
            )
        if is_stop(message.text):
            said, proof = message.text, Proof.INBOUND_MESSAGE
            await withdraw(actor, contact, channel=message.channel, proof=proof, said=said, at=at)
    await messages.set_place(
        actor.company_id,
        message.id,
        job_id=job_id or message.job_id,
        contact_id=contact_id or message.contact_id,
        seen_by_office_at=at,
    )
    entry = Entry.by(actor, "message.filed", "message", message.id, at=at, job_id=job_id or message.job_id)
    await logbook.insert_entry(actor.company_id, entry)
    signal("messages", actor.company_id, message=str(message.id), job=str(job_id or ""))


@atomic
async def mark_seen(actor: Actor, message_ids: Sequence[UUID], *, at: datetime) -> None:
    """Note that the office has seen what customers wrote."""
    await messages.set_seen(actor.company_id, message_ids, at=at)
    signal("messages", actor.company_id)
