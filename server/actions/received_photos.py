"""Photos, clips and voice notes that come whole and from outside: messages, answer links, stickers, exported chats."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.actions.photos import ask_to_render, storage_key, tell
from server.db import items, jobs, logbook, photos
from server.db.unit import atomic
from server.domain.errors import Invalid
from server.domain.image_types import HEAD_BYTES
from server.domain.logbook import Entry
from server.domain.media import FileType, Medium, file_type
from server.domain.photos import (
    CAPTION_MAX,
    Decode,
    Photo,
    PhotoState,
    Source,
    blank,
    check_caption,
    search_text,
)
from server.domain.users import system
from server.services import Services


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it came; `id` is the photo's, so that the same file again is the same photo."""

    id: UUID
    company_id: UUID
    data: bytes
    job_id: UUID | None
    contact_id: UUID | None
    source: Source = Source.CUSTOMER
    caption: str = ""


async def keep_picture(services: Services, came: Received, *, at: datetime) -> Photo:
    """Keep a picture a customer sent; the same id again returns the first, thrown away or not.

    Raises Invalid for what is no picture.
    """
    known = await photos.by_id(came.company_id, came.id, trashed=True)
    if known:
        return known
    kind = checked_picture(came.data[:HEAD_BYTES], len(came.data))
    return await _keep_bytes(services, _photo(came, kind, at=at), came.data, kind, at=at)


async def keep_of_chat(
    services: Services, came: Received, *, promised: Medium, said_at: datetime, at: datetime
) -> Photo:
    """Keep a picture, clip or voice note out of an exported chat, under the (local) time the chat tells.

    Raises Invalid for what is none of these.
    """
    kind = file_type(came.data[:HEAD_BYTES], len(came.data), promised=promised)
    photo = replace(
        _photo(came, kind, at=at),
        captured_at=said_at.astimezone(UTC),
        offset_min=int((said_at.utcoffset() or timedelta()).total_seconds() // 60),
        medium=kind.medium,
        decode=Decode.WAITING if kind.medium is Medium.IMAGE else Decode.NONE,
    )
    return await _keep_bytes(services, photo, came.data, kind, at=at)


def checked_picture(head: bytes, size_bytes: int) -> FileType:
    """Return what a customer's file is. Raises Invalid for what is no picture; his clips come by another way."""
    kind = file_type(head, size_bytes, promised=Medium.IMAGE)
    if kind.medium is not Medium.IMAGE:
        raise Invalid("photo.not_an_image")
    return kind


def _photo(came: Received, kind: FileType, *, at: datetime) -> Photo:
    photo = blank(
        system(came.company_id), came.id, size_bytes=len(came.data), sha256="", mime=kind.mime, at=at
    )
    return replace(
        photo,
        job_id=came.job_id,
        contact_id=came.contact_id,
        source=came.source,
        caption=check_caption(came.caption[:CAPTION_MAX]),
    )


async def _keep_bytes(
    services: Services, photo: Photo, data: bytes, kind: FileType, *, at: datetime
) -> Photo:
    key = storage_key(photo, kind.suffix)
    stored = await services.storage.put(key, data, content_type=kind.mime)
    safe = replace(photo, state=PhotoState.STORED, stored_at=at, storage_key=key, sha256=stored.sha256)
    return await _insert(safe, at=at)


@atomic
async def _insert(photo: Photo, *, at: datetime) -> Photo:
    await items.claim_id(photo.company_id, photo.id)
    known = await photos.by_id(photo.company_id, photo.id, trashed=True)
    if known:
        return known
    photo = await _placed(photo)
    await photos.insert_photo(photo.company_id, photo, search_text=search_text(photo))
    entry = Entry.by(
        system(photo.company_id),
        "photo.received",
        "photo",
        photo.id,
        at=at,
        job_id=photo.job_id,
        sha256=photo.sha256,
        contact=photo.contact_id,
    )
    await logbook.insert_entry(photo.company_id, entry)
    if photo.medium is Medium.IMAGE:
        await ask_to_render(photo.company_id, photo.id, at=at)
    tell(photo)
    return photo


async def _placed(photo: Photo) -> Photo:
    """Follow a job that was merged or deleted between the customer's click and this moment."""
    if photo.job_id is None:
        return photo
    await jobs.hold(photo.company_id, photo.job_id)
    job = await jobs.current(photo.company_id, photo.job_id)
    return replace(photo, job_id=job.id if job else None)
