"""What platforms tell us: stored as it came, then taken event by event, each exactly once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from server.actions import conversations, people_events, statuses, templates
from server.actions.channels import told
from server.actions.facts import ready
from server.actions.replies import change, hear
from server.channels.base import ChannelError, Pulled
from server.db import accounts, inbox, jobs, logbook, messages, tasks
from server.db.unit import atomic, signal
from server.domain.accounts import Account
from server.domain.errors import DomainError, Invalid
from server.domain.events import (
    ELSEWHERE,
    Change,
    Echo,
    Event,
    Gap,
    HealthEvent,
    InboundMessage,
    Joined,
    OptOut,
    Renamed,
    StatusUpdate,
    UnknownEvent,
    Watermark,
)
from server.domain.logbook import Entry
from server.domain.messages import Message
from server.domain.users import Actor, system
from server.services import Services

DONE, PARKED, NEW = inbox.DONE, inbox.PARKED, "new"
UNKNOWN, GAP, LOST = "unknown", "gap", "lost"
# How long an event waits for the message it is about (§12.9); an echo only until no call of ours can be it.
PARKED_FOR, ECHO_WAITS = timedelta(hours=24), timedelta(minutes=5)
# How much of an event that nobody understood is kept beyond the raw body.
RAW_KEPT = 4000
REFUSED_MAX = 1000
LONG = 100_000


@atomic
async def receive(account: Account, body: bytes, *, at: datetime) -> None:
    """Keep a verified webhook body and the task to read it; only then may the platform hear 200."""
    raw = await inbox.insert_raw(account.company_id, account.id, body, at=at)
    await accounts.set_last(account.company_id, account.id, in_at=at)
    if account.refused:
        await accounts.forget_refused(account.company_id, account.id)
    await tasks.insert_task(account.company_id, "inbox.process", {"raw": str(raw)}, at=at)


@atomic
async def refuse(account: Account, *, at: datetime) -> None:
    """Count a delivery that bears a wrong signature: nothing of it is kept, but the office must see that none come in.

    Whoever knocks there for fun fills no table, and after a while does not even write.
    """
    await accounts.count_refused(account.company_id, account.id, most=REFUSED_MAX, at=at)
    if account.refused == 0:
        signal("channels", account.company_id, account=str(account.id))


@atomic
async def keep(account: Account, pulled: Pulled, *, at: datetime) -> None:
    """Keep what was fetched, the task to read it and where to go on: one commit, before the next is asked for."""
    company_id = account.company_id
    if pulled.body:
        raw = await inbox.insert_raw(company_id, account.id, pulled.body, at=at)
        await accounts.set_last(company_id, account.id, in_at=at)
        await tasks.insert_task(company_id, "inbox.process", {"raw": str(raw)}, at=at)
    await accounts.set_pulled(company_id, account.id, cursor=pulled.cursor, at=at)


@atomic
async def note_gap(account: Account, gap: Gap, *, at: datetime) -> None:
    """Keep a gap that no platform tells, for we were the ones who were away; twice is once."""
    raw = await inbox.insert_raw(account.company_id, account.id, b"", at=at)
    await inbox.set_raw_state(account.company_id, raw, DONE)
    await _take(account, gap, raw_id=raw, at=at)


async def process(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Take every event of a stored body, each in a unit of its own; again is harmless.

    One event's trouble never stops the others: what a rule of ours refuses is named at the event and tried again
    with the task.
    """
    raw = await inbox.raw_by_id(company_id, UUID(str(payload["raw"])))
    account = await accounts.by_id(company_id, raw.account_id) if raw else None
    if raw is None or account is None or raw.state in (DONE, inbox.PRUNED):
        return
    refused: DomainError | None = None
    for owner, event in await _addressed(services, account, raw.body):
        try:
            await _take(owner, event, raw_id=raw.id, at=services.clock())
        except DomainError as error:
            refused = error
    if refused:
        await _name_trouble(company_id, raw.id, refused)
        raise refused
    await _finish(company_id, raw.id)


async def _addressed(services: Services, account: Account, body: bytes) -> list[tuple[Account, Event]]:
    """Return what a raw event tells, each with the account it is for.

    Meta knows one address for an app, whatever numbers and pages it has: what is for another account of the firm is
    taken for that one.
    """
    told = await _read(services, account, body)
    mine = [one for one in told if not (isinstance(one, UnknownEvent) and one.topic.endswith(ELSEWHERE))]
    if len(mine) == len(told):
        return [(account, event) for event in told]
    others: list[tuple[Account, Event]] = []
    for other in await accounts.of_company(account.company_id):
        if other.kind == account.kind and other.id != account.id and other.disabled_at is None:
            theirs = await _read(services, other, body)
            others += [(other, event) for event in theirs if not isinstance(event, UnknownEvent)]
    return [(account, event) for event in (mine if others else told)] + others


async def _read(services: Services, account: Account, body: bytes) -> list[Event]:
    """Return what a raw event tells; a long one is read beside the loop, for a hostile mail takes seconds."""
    channel = await ready(services, account, body)
    return await asyncio.to_thread(channel.parse, body) if len(body) > LONG else channel.parse(body)


async def replay(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Look again at events that came before we knew their message; what waited too long is given up.

    One that a rule of ours refuses, or whose key the platform does not tell now, waits on and stands before no other.
    """
    account = await accounts.by_id(company_id, UUID(str(payload["account"])))
    if account is None:
        return
    bodies: dict[UUID, dict[str, Event]] = {}
    for waiting in await inbox.parked(company_id, account.id):
        try:
            if waiting.raw_id not in bodies:
                raw = await inbox.raw_by_id(company_id, waiting.raw_id)
                events = await _read(services, account, raw.body) if raw else []
                bodies[waiting.raw_id] = {event.key: event for event in events}
            event = bodies[waiting.raw_id].get(waiting.key)
            await _unpark(account, event, waiting, at=services.clock())
        except (DomainError, ChannelError) as error:
            await _refused(account, waiting, error, at=services.clock())


@atomic
async def _unpark(account: Account, event: Event | None, waiting: inbox.Parked, *, at: datetime) -> None:
    waited = at - waiting.received_at
    if event is not None and await _place(
        account, event, raw_id=waiting.raw_id, at=at, patient=waited < ECHO_WAITS
    ):
        await inbox.set_event_state(account.company_id, account.id, waiting.key, DONE)
    elif event is None or waited > PARKED_FOR:
        await inbox.set_event_state(account.company_id, account.id, waiting.key, LOST)


@atomic
async def _refused(
    account: Account, waiting: inbox.Parked, error: DomainError | ChannelError, *, at: datetime
) -> None:
    if at - waiting.received_at > PARKED_FOR:
        await inbox.set_event_state(account.company_id, account.id, waiting.key, LOST)
    trouble = f"{type(error).__name__}: {error.code}"
    await inbox.set_raw_state(account.company_id, waiting.raw_id, DONE, error=trouble)


@atomic
async def _name_trouble(company_id: UUID, raw_id: UUID, refused: DomainError) -> None:
    await inbox.set_raw_state(company_id, raw_id, NEW, error=f"{type(refused).__name__}: {refused.code}")


@atomic
async def _finish(company_id: UUID, raw_id: UUID) -> None:
    await inbox.set_raw_state(company_id, raw_id, DONE)


@atomic
async def _take(account: Account, event: Event, *, raw_id: UUID, at: datetime) -> None:
    company_id = account.company_id
    fresh = await inbox.claim_event(
        company_id, account.id, event.key, raw_id=raw_id, state=DONE, at=at, payload=_kept(event)
    )
    if not fresh:
        return
    match event:
        case Gap():
            await inbox.set_event_state(company_id, account.id, event.key, GAP)
            await _log(account, "channel.gap", at=at, since=event.since, until=event.until)
        case UnknownEvent():
            await inbox.set_event_state(company_id, account.id, event.key, UNKNOWN)
        case HealthEvent():
            await told(account, event, at=at)
            if "template" in event.topic:
                await templates.sync_soon(company_id, account.id, at=at)
        case _:
            if not await _place(account, event, raw_id=raw_id, at=at):
                await inbox.set_event_state(company_id, account.id, event.key, PARKED)
    signal("channels", company_id, account=str(account.id))


async def _place(account: Account, event: Event, *, raw_id: UUID, at: datetime, patient: bool = True) -> bool:
    """Do what an event says; False when it must wait for a message we do not know yet.

    `patient` False: it has waited long enough for a call of ours that may be what it echoes.
    """
    match event:
        case InboundMessage():
            await hear(account, event, raw_id=raw_id, at=at)
            if await inbox.has_parked(account.company_id, account.id):
                payload: dict[str, object] = {"account": str(account.id)}
                await tasks.insert_task(account.company_id, "inbox.replay", payload, at=at)
        case StatusUpdate():
            return await statuses.believe(account, event, at=at)
        case Watermark():
            await statuses.watermark(account, event, at=at)
        case Echo():
            return await statuses.echo(account, event, raw_id=raw_id, at=at, patient=patient)
        case Change():
            return await change(account, event, at=at)
        case Joined():
            await people_events.joined(account, event, at=at)
        case Renamed():
            await people_events.renamed(account, event, at=at)
        case OptOut():
            await people_events.opt_out(account, event, at=at)
    return True


def _kept(event: Event) -> dict[str, object] | None:
    """Return what stays readable of an event that is no message, even after its raw body has gone."""
    match event:
        case Gap():
            return {
                "since": event.since.isoformat(),
                "until": event.until.isoformat(),
                "detail": event.detail,
                "sender": [[name.kind.value, name.value] for name in event.sender],
            }
        case UnknownEvent():
            return {"topic": event.topic, "raw": event.raw[:RAW_KEPT]}
        case HealthEvent():
            return {"topic": event.topic, "detail": event.detail[:RAW_KEPT], "health": event.health}
        case Change():
            return {"of": event.foreign_id}
        case _:
            return None


async def _log(account: Account, verb: str, *, at: datetime, **data: object) -> None:
    entry = Entry.by(system(account.company_id), verb, "channel", account.id, at=at, job_id=None, **data)
    await logbook.insert_entry(account.company_id, entry)


@atomic
async def assign(
    actor: Actor, message: Message, *, job_id: UUID | None, contact_id: UUID | None, at: datetime
) -> None:
    """The office gives a message its job and its person; a stranger's whole conversation is that person's then.

    Raises Invalid for a job that is not there.
    """
    if job_id:
        await jobs.hold(actor.company_id, job_id)
        if await jobs.by_id(actor.company_id, job_id) is None:
            raise Invalid("job.unknown", field="job")
    if contact_id and contact_id != message.contact_id:
        await conversations.assign_message(actor, message, contact_id, at=at)
    place = {"job_id": job_id} if job_id else {}
    await messages.set_place(actor.company_id, message.id, seen_by_office_at=at, **place)
    entry = Entry.by(actor, "message.filed", "message", message.id, at=at, job_id=job_id or message.job_id)
    await logbook.insert_entry(actor.company_id, entry)
    signal("messages", actor.company_id, message=str(message.id), job=str(job_id or ""))


@atomic
async def mark_seen(actor: Actor, message_ids: Sequence[UUID], *, at: datetime) -> None:
    """Note that the office has seen what customers wrote; where the platform has such a sign, they learn it."""
    await messages.set_seen(actor.company_id, message_ids, at=at)
    newest: dict[tuple[UUID, UUID | None], Message] = {}
    for message in await messages.by_ids(actor.company_id, message_ids):
        if message.account_id and message.foreign_id:
            newest[(message.account_id, message.contact_id)] = message
    for message in newest.values():
        seen: dict[str, object] = {"account": str(message.account_id), "foreign": message.foreign_id}
        await tasks.insert_task(actor.company_id, "message.mark_read", seen, at=at)
    signal("messages", actor.company_id)
