"""The worker's part of an import: message by message, in portions; killed anywhere and begun again, it ends the same."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from server.actions import conversations
from server.actions.imports import opened, zone_of
from server.actions.received_photos import Received, keep_of_chat
from server.db import conversations as conversations_db
from server.db import imports, jobs, logbook, photos
from server.db.unit import atomic, signal
from server.domain.errors import Invalid, TooLarge
from server.domain.imports.chat_import import Brought, ChatImport, ImportState, photo_id
from server.domain.imports.plan import Chosen, chosen
from server.domain.logbook import Entry
from server.domain.media import Medium
from server.domain.photos import Photo, Source
from server.services import Services
from server.storage.base import in_thread
from server.storage.exports import ChatFile, Damaged

PORTION = 50
# What a phone calls the files it exports; whatever else is sent stays in the archive (stickers are WebP).
_MEDIA = {
    **dict.fromkeys(("jpg", "jpeg", "png", "heic"), Medium.IMAGE),
    **dict.fromkeys(("mp4", "mov", "3gp"), Medium.VIDEO),
    **dict.fromkeys(("opus", "ogg", "m4a", "mp3", "aac"), Medium.AUDIO),
}


@dataclass(slots=True)
class _Tally:
    """What became of the files: ids of photos that are new, were here, lie in the trash; names that stay in the archive."""

    new: set[UUID] = field(default_factory=set)
    known: set[UUID] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


async def run(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Bring in what was decided. Once more does no harm: every message and photo is known by its id."""
    chat = await imports.by_id(company_id, UUID(str(payload["import"])))
    if chat is None or chat.state is not ImportState.RUNNING or chat.plan is None:
        return
    zone, tally = await zone_of(company_id), _Tally()
    async with services.storage.open_local(chat.storage_key) as path:
        file, export = await in_thread(opened, path, zone, chat)
        try:
            lines = chosen(company_id, export, chat.plan)
            whole = await _bring_all(services, chat, file, lines, tally)
        finally:
            file.close()
    if whole:
        await _finish(chat, len(lines), tally, at=services.clock())


async def _bring_all(
    services: Services, chat: ChatImport, file: ChatFile, lines: Sequence[Chosen], tally: _Tally
) -> bool:
    for start in range(0, len(lines), PORTION):
        if not await _bring(services, chat, file, lines[start : start + PORTION], tally):
            return False
    return True


async def _bring(
    services: Services, chat: ChatImport, file: ChatFile, portion: Sequence[Chosen], tally: _Tally
) -> bool:
    """Bring in some messages, their files first; False when the import was taken back meanwhile."""
    now = await imports.by_id(chat.company_id, chat.id)
    if now is None or now.state is not ImportState.RUNNING:
        return False
    shown: dict[UUID, Photo] = {}
    for one in portion:
        if photo := await _photo(services, chat, file, one, tally):
            shown[one.id] = photo
    return await _keep(chat, portion, shown, at=services.clock())


async def _photo(
    services: Services, chat: ChatImport, file: ChatFile, one: Chosen, tally: _Tally
) -> Photo | None:
    """Return the photo, clip or voice note a line names; the same bytes are kept once, whoever brought them first."""
    name = one.line.attachment
    promised = _MEDIA.get(name.rpartition(".")[2].lower())
    if name not in file.sizes:
        return None
    if promised is None:
        tally.left.add(name)
        return None
    try:
        data = await in_thread(file.read, name)
        sha256 = (await in_thread(hashlib.sha256, data)).hexdigest()
        ident = photo_id(chat.id, sha256)
        photo = await photos.by_id(chat.company_id, ident, trashed=True)
        if photo is None and (like := await imports.photo_like(chat.company_id, sha256)):
            tally.known.add(like)
            return await photos.by_id(chat.company_id, like)
        if photo is None:
            line, at = one.line, services.clock()
            came = Received(
                ident, chat.company_id, data, one.job_id, one.person.contact_id, Source.CHAT, line.text
            )
            photo = await keep_of_chat(services, came, promised=promised, said_at=line.at, at=at)
    except Damaged:
        tally.damaged.add(name)
        return None
    except (Invalid, TooLarge):
        tally.left.add(name)
        return None
    tally.new.add(photo.id)
    return None if photo.deleted_at else photo


@atomic
async def _keep(
    chat: ChatImport, portion: Sequence[Chosen], shown: Mapping[UUID, Photo], *, at: datetime
) -> bool:
    now = await imports.hold(chat.company_id, chat.id)
    if now is None or now.state is not ImportState.RUNNING or chat.plan is None:
        return False
    there = await _jobs(chat.company_id, {one.job_id for one in portion})
    ours_to = chat.plan.contact_id
    said = [
        _message(one, there[one.job_id], ours_to, shown.get(one.id)) for one in portion if one.job_id in there
    ]
    # A chat with one person is part of what was said with him; of a group nobody could tell whose thread it is.
    thread = await conversations.of_contact(chat.company_id, ours_to, at=at) if ours_to else None
    await imports.insert_messages(
        chat.company_id, chat.id, said, conversation_id=thread.id if thread else None, at=at
    )
    if thread:
        await conversations_db.set_newest(chat.company_id, thread.id)
    for job_id in set(there.values()):
        signal("messages", chat.company_id, message="", job=str(job_id))
    return True


async def _jobs(company_id: UUID, ids: set[UUID]) -> dict[UUID, UUID]:
    """Return where each job leads by now: one that was merged to the other, one that was deleted nowhere."""
    found = {}
    for job_id in sorted(ids):
        await jobs.hold(company_id, job_id)
        job = await jobs.current(company_id, job_id)
        if job:
            found[job_id] = job.id
    return found


def _message(one: Chosen, job_id: UUID, ours_to: UUID | None, photo: Photo | None) -> Brought:
    ours, pictured = one.person.user_id is not None, photo is not None and photo.medium is Medium.IMAGE
    return Brought(
        id=one.id,
        job_id=job_id,
        contact_id=ours_to if ours else one.person.contact_id,
        author_id=one.person.user_id,
        photo_id=photo.id if photo else None,
        kind=photo.medium if photo else "text",
        text=one.line.text if pictured else one.line.shown,
        sender=one.line.sender,
        ours=ours,
        edited=one.line.edited,
        at=one.line.at.astimezone(UTC),
    )


@atomic
async def _finish(chat: ChatImport, decided: int, tally: _Tally, *, at: datetime) -> None:
    now = await imports.hold(chat.company_id, chat.id)
    if now is None:
        return
    by_job = await imports.number_of_messages(chat.company_id, chat.id)
    brought = sum(by_job.values())
    result = {
        "messages": brought,
        "known": decided - brought,
        "photos": len(tally.new),
        "known_photos": len(tally.known),
        "damaged": len(tally.damaged),
        "left": len(tally.left),
    }
    done = await imports.set_state(
        chat.company_id, now, ImportState.DONE, only_from=[ImportState.RUNNING], result=result, finished_at=at
    )
    for job_id, messages in by_job.items() if done else ():
        entry = Entry(
            chat.company_id,
            "import.done",
            "chat_import",
            chat.id,
            at,
            chat.author_id,
            chat.author_name,
            job_id,
            {"messages": messages, "sha256": chat.sha256},
        )
        await logbook.insert_entry(chat.company_id, entry)
    signal("messages", chat.company_id, message="", job="")
