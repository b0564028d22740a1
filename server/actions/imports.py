"""An exported chat brought in: read, shown for a decision, then written message by message; all of it can be taken back.

What comes in proves nothing: it is no consent, opens no window, waits for no answer (reliability T32).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from server.actions import trash
from server.db import companies, conversations, customers, imports, jobs, logbook, photos, tasks, users
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from server.domain.imports.chat_import import ChatImport, ImportState, photo_id
from server.domain.imports.export import FILE_MAX, Export, Order
from server.domain.imports.parse import parse
from server.domain.imports.plan import Plan
from server.domain.imports.preview import Preview, preview
from server.domain.logbook import Entry
from server.domain.photos import Source
from server.domain.texts import line
from server.domain.users import Actor, Right, require
from server.ids import new_id
from server.services import Services
from server.storage.base import in_thread
from server.storage.exports import ChatFile, open_chat


async def receive(
    services: Services, actor: Actor, name: str, data: AsyncIterator[bytes], *, at: datetime
) -> ChatImport:
    """Keep an exported chat byte for byte and read it; a file that lies here undecided is not kept twice.

    Raises Forbidden, Invalid for what is no chat, TooLarge; then nothing is kept.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    import_id = new_id()
    ending = "txt" if name.lower().endswith(".txt") else "zip"
    key = f"{actor.company_id}/{at:%Y/%m}/{import_id}.{ending}"
    stored = await services.storage.put(key, _limited(data), content_type="application/octet-stream")
    try:
        known = await imports.of_file(actor.company_id, stored.sha256)
        if known and known.state is ImportState.READ:
            await services.storage.delete(key)
            return known
        shown = await _previewed(services, actor.company_id, key, at=at)
    except BaseException:
        await services.storage.delete(key)
        raise
    chat = ChatImport(
        id=import_id,
        company_id=actor.company_id,
        author_id=actor.id or import_id,
        author_name=actor.name,
        name=line(name, "file", limit=300) or "Chat",
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        storage_key=key,
        state=ImportState.READ,
        preview=shown,
        plan=None,
        result={},
        created_at=at,
        finished_at=None,
    )
    await _insert(actor, chat, at=at)
    return chat


async def _limited(data: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size_bytes = 0
    async for chunk in data:
        size_bytes += len(chunk)
        if size_bytes > FILE_MAX:
            raise TooLarge("import.too_large", field="file", limit_mb=FILE_MAX // 1_000_000)
        yield chunk


@atomic
async def _insert(actor: Actor, chat: ChatImport, *, at: datetime) -> None:
    await imports.insert_import(chat.company_id, chat)
    said = chat.preview.messages
    await _log(actor, "import.read", chat, at=at, sha256=chat.sha256, size=chat.size_bytes, messages=said)


async def _previewed(
    services: Services, company_id: UUID, key: str, *, at: datetime, order: Order | None = None
) -> Preview:
    zone = await zone_of(company_id)
    async with services.storage.open_local(key) as path:
        return await in_thread(_shown, path, zone, at, order)


def _shown(path: Path, zone: ZoneInfo, at: datetime, order: Order | None) -> Preview:
    chat = open_chat(path)
    try:
        return preview(parse(chat.text, zone, latest=at, order=order), chat.sizes)
    finally:
        chat.close()


def opened(path: Path, zone: ZoneInfo, chat: ChatImport) -> tuple[ChatFile, Export]:
    """Read the file of an import as it was decided about; blocks, and the first is to be closed."""
    file = open_chat(path)
    return file, parse(file.text, zone, latest=chat.created_at, order=Order(chat.preview.order))


async def zone_of(company_id: UUID) -> ZoneInfo:
    """Return the zone in which the firm's phones tell the time."""
    company = await companies.by_id(company_id)
    assert company is not None, "an import belongs to a company"
    return company.zone


async def turn(services: Services, actor: Actor, chat: ChatImport, order: Order) -> None:
    """Read the dates in another order. Raises Conflict once something was brought in."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if chat.state is not ImportState.READ:
        raise Conflict("import.moved_on")
    key = chat.storage_key
    await _turned(chat, await _previewed(services, chat.company_id, key, at=chat.created_at, order=order))


@atomic
async def _turned(chat: ChatImport, shown: Preview) -> None:
    known = [ImportState.READ]
    if not await imports.set_state(
        chat.company_id, chat, ImportState.READ, only_from=known, preview=replace(shown, unsure=False)
    ):
        raise Conflict("import.moved_on")


@atomic
async def begin(actor: Actor, chat: ChatImport, plan: Plan, *, at: datetime) -> None:
    """Decide who is who and which days belong to which job; the worker does the rest.

    Raises Forbidden, Invalid naming the field, Conflict when somebody else has decided.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    plan = plan.checked()
    await _check_there(actor.company_id, plan)
    begun = await imports.set_state(
        actor.company_id,
        chat,
        ImportState.RUNNING,
        only_from=[ImportState.READ],
        plan=plan,
        contact_id=plan.contact_id,
    )
    if not begun:
        raise Conflict("import.moved_on")
    payload: dict[str, object] = {"import": str(chat.id)}
    await tasks.insert_task(actor.company_id, "chat.import", payload, at=at, dedup=f"chat.import:{chat.id}")
    await _log(actor, "import.begun", chat, at=at)


async def _check_there(company_id: UUID, plan: Plan) -> None:
    """Refuse ids of things that are not ours or are gone."""
    for number, span in enumerate(plan.spans, 1):
        await jobs.hold(company_id, span.job_id)
        if await jobs.by_id(company_id, span.job_id) is None:
            raise Invalid("import.job_unknown", field=f"job{number}")
    staff = {person.user_id for person in plan.people if person.user_id}
    if len(await users.names(company_id, staff)) < len(staff):
        raise Invalid("import.person_unknown", field="people")
    for contact in {person.contact_id for person in plan.people if person.contact_id}:
        if await customers.contact_by_id(company_id, contact) is None:
            raise Invalid("import.person_unknown", field="people")


async def discard(services: Services, actor: Actor, chat: ChatImport, *, at: datetime) -> None:
    """Throw away a chat of which nothing was brought in: what it says of others must not lie here. Raises Conflict."""
    require(actor, Right.MANAGE_CUSTOMERS)
    await _discard(actor, chat, at=at)
    await services.storage.delete(chat.storage_key)


@atomic
async def _discard(actor: Actor, chat: ChatImport, *, at: datetime) -> None:
    known = [ImportState.READ]
    gone = ImportState.DISCARDED
    if not await imports.set_state(
        actor.company_id, chat, gone, only_from=known, finished_at=at, storage_key=""
    ):
        raise Conflict("import.moved_on")
    await _log(actor, "import.discarded", chat, at=at)


@dataclass(frozen=True, slots=True)
class TakenBack:
    messages: int
    photos: int


async def take_back(actor: Actor, chat: ChatImport, *, with_photos: bool, at: datetime) -> TakenBack:
    """Take away the messages an import brought and only those; `with_photos` also its photos nobody has judged yet.

    A photo that another chat brought, or still shows, is not its own. The file stays as evidence of what was here.
    Raises Forbidden, Conflict.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    brought = await imports.photos_of(actor.company_id, chat.id)
    messages = await _take_back(actor, chat, at=at)
    number, shown = 0, await imports.shown(actor.company_id, brought)
    for photo in await photos.by_ids(actor.company_id, brought) if with_photos else []:
        own = photo.source is Source.CHAT and photo.id == photo_id(chat.id, photo.sha256)
        if own and photo.id not in shown and photo.review == "new":
            try:
                await trash.delete(actor, photo, at=at)
            except Conflict:
                continue  # somebody has judged it in this moment: it stays
            number += 1
    return TakenBack(messages, number)


@atomic
async def _take_back(actor: Actor, chat: ChatImport, *, at: datetime) -> int:
    now = await imports.hold(actor.company_id, chat.id)
    if now is None:
        raise NotFound("import.unknown")
    by_job = await imports.number_of_messages(actor.company_id, chat.id)
    known = [ImportState.RUNNING, ImportState.DONE]
    gone = ImportState.TAKEN_BACK
    if not await imports.set_state(actor.company_id, now, gone, only_from=known, finished_at=at):
        raise Conflict("import.moved_on")
    threads = await imports.conversations_of(actor.company_id, chat.id)
    number = await imports.delete_messages(actor.company_id, chat.id)
    for thread in threads:
        await conversations.set_newest(actor.company_id, thread)
    await _log(actor, "import.taken_back", now, at=at, messages=number)
    for job_id, messages in by_job.items():
        await _log(actor, "import.taken_back", now, at=at, job_id=job_id, messages=messages)
    signal("messages", actor.company_id, message="", job="")
    return number


async def _log(
    actor: Actor, verb: str, chat: ChatImport, *, at: datetime, job_id: UUID | None = None, **data: object
) -> None:
    entry = Entry.by(actor, verb, "chat_import", chat.id, at=at, job_id=job_id, **data)
    await logbook.insert_entry(actor.company_id, entry)
