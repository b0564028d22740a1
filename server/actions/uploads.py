"""Bytes on their way in: begun, appended, given up. How they become a photo is in originals.py."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from server.actions import trash
from server.actions.originals import finish, published, receipt_of
from server.actions.photos import announce_bare, tell
from server.db import items, logbook, photos, uploads
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from server.domain.items import Kind
from server.domain.logbook import Entry
from server.domain.media import of_mime
from server.domain.photos import Photo, PhotoState, check_original, clean_mime
from server.domain.uploads import (
    KEPT,
    Checksum,
    Gone,
    HashDiffers,
    Metadata,
    Receipt,
    Upload,
    check_same,
)
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services
from server.storage.base import missing

_FRESH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is; with its receipt once it is safe (then it never expires)."""

    id: UUID
    size_bytes: int
    offset: int
    expires_at: datetime | None
    receipt: Receipt | None


async def begin(
    services: Services, actor: Actor, metadata: Metadata, *, size_bytes: int, at: datetime
) -> Progress:
    """Begin an upload, or find the one begun before. Without an id it becomes a new, unsorted photo.

    Raises Invalid and TooLarge before a byte has travelled, Conflict when the id promises other bytes or is taken,
    Gone when the photo was deleted here.
    """
    check_original(size_bytes, metadata.filetype)
    if metadata.id:
        await _miss_lost(services, actor, metadata.id, at=at)
    photo, upload = await _register(actor, metadata, size_bytes=size_bytes, at=at)
    if upload is None:
        return await progress(services, actor, photo.id, at=at)
    await services.parts.create(photo.id)
    return Progress(photo.id, size_bytes, 0, upload.expires_at, None)


async def _miss_lost(services: Services, actor: Actor, photo_id: UUID, *, at: datetime) -> None:
    """Let a safe photo whose file is gone be brought again: there is no receipt for what is not here."""
    photo = await photos.by_id(actor.company_id, photo_id)
    if photo is None or photo.author_id != actor.id or photo.storage_key is None:
        return
    if await missing(services.storage, [photo.storage_key]):
        await _await_again(actor, photo, at=at)


@atomic
async def _await_again(actor: Actor, photo: Photo, *, at: datetime) -> None:
    await items.claim_id(photo.company_id, photo.id)
    if await photos.set_awaited(photo.company_id, photo.id):
        entry = Entry.by(
            actor, "photo.lost", "photo", photo.id, at=at, job_id=photo.job_id, sha256=photo.sha256
        )
        await logbook.insert_entry(photo.company_id, entry)
        tell(photo)


@atomic
async def _register(
    actor: Actor, metadata: Metadata, *, size_bytes: int, at: datetime
) -> tuple[Photo, Upload | None]:
    """Return the photo, and its upload if that is new."""
    if metadata.id is None:
        photo = await announce_bare(actor, new_id(), metadata, size_bytes=size_bytes, at=at)
        return photo, await _insert(_upload(actor, photo, metadata, at=at))
    photo = await _claimed(actor, metadata.id, metadata, size_bytes=size_bytes, at=at)
    item = await items.by_id(actor.company_id, photo.id)
    if photo.deleted_at or (item and item.tombstone_at):
        raise Gone("photo.deleted")
    known = await uploads.by_id(actor.company_id, photo.id)
    if item is None and known is None and photo.state is PhotoState.ANNOUNCED:
        photo = await _promise(photo, metadata, size_bytes=size_bytes)
    promised = _upload(actor, photo, metadata, at=at)
    check_same(promised, size_bytes=size_bytes, sha256=metadata.sha256)
    if known or photo.state is PhotoState.STORED:
        return photo, None
    return photo, await _insert(promised)


async def _claimed(
    actor: Actor, photo_id: UUID, metadata: Metadata, *, size_bytes: int, at: datetime
) -> Photo:
    """Return the photo of this id if it is his, a new one if the id is free. Raises Conflict."""
    await items.claim_id(actor.company_id, photo_id)
    photo = await photos.by_id(actor.company_id, photo_id, trashed=True)
    if photo is None:
        if await items.company_of(photo_id, Kind.PHOTO):
            raise Conflict("item.taken", field="id")
        return await announce_bare(actor, photo_id, metadata, size_bytes=size_bytes, at=at)
    if photo.author_id is None or photo.author_id != actor.id:
        raise Conflict("item.taken", field="id")
    return photo


async def _insert(upload: Upload) -> Upload:
    await uploads.insert_upload(upload.company_id, upload)
    return upload


async def _promise(photo: Photo, metadata: Metadata, *, size_bytes: int) -> Photo:
    """Let an upload that was given up begin again with other bytes: nothing else is known of the photo."""
    sha256, mime = metadata.sha256 or "", clean_mime(metadata.filetype)
    promised = replace(photo, size_bytes=size_bytes, sha256=sha256, mime=mime, medium=of_mime(mime))
    words = {"size_bytes": size_bytes, "sha256": sha256, "mime": mime}
    await photos.set_promised(photo.company_id, photo.id, **words, medium=promised.medium)  # type: ignore[arg-type]
    return promised


def _upload(actor: Actor, photo: Photo, metadata: Metadata, *, at: datetime) -> Upload:
    assert actor.id
    return Upload(
        id=photo.id,
        company_id=actor.company_id,
        user_id=actor.id,
        size_bytes=photo.size_bytes,
        sha256=photo.sha256 or None,
        filename=metadata.filename,
        created_at=at,
        expires_at=at + KEPT,
        bad_hashes=0,
    )


async def progress(services: Services, actor: Actor, upload_id: UUID, *, at: datetime) -> Progress:
    """Return how far an upload is; one whose last byte is here is finished first.

    Raises NotFound for another's upload, Gone for one that was given up, and what `finish` raises.
    """
    photo, upload = await _own(actor, upload_id)
    if upload is None:
        return _safe(photo)
    offset = await _offset(services, photo, upload)
    if offset == upload.size_bytes:
        # A request may still be open behind its last byte; its checksum is judged before the bytes are an original.
        await services.parts.take_over(upload_id)
        offset = await _offset(services, photo, upload)
    if offset == upload.size_bytes:
        return _finished(await finish(services, actor, photo, upload, at=at))
    return Progress(upload_id, upload.size_bytes, offset, upload.expires_at, None)


async def append(
    services: Services,
    actor: Actor,
    upload_id: UUID,
    chunks: AsyncIterator[bytes],
    *,
    offset: int,
    checksum: Checksum | None,
    at: datetime,
) -> Progress:
    """Append bytes at `offset`; the last one finishes the upload. Bytes that came stay, whatever ends it early.

    Raises Conflict for a wrong offset or while another writes, HashDiffers when the request's checksum or the
    whole file's hash is wrong, TooLarge beyond the promised size, StorageFull, and what `progress` raises.
    """
    photo, upload = await _own(actor, upload_id)
    if upload is None:
        return _safe(photo)
    await _offset(services, photo, upload)
    try:
        reached = await services.parts.append(upload_id, offset, chunks, upload.size_bytes, checksum=checksum)
    except Invalid as refused:
        if isinstance(refused, TooLarge):
            raise
        raise HashDiffers(refused.code) from refused
    if reached == upload.size_bytes:
        return _finished(await finish(services, actor, photo, upload, at=at))
    await _keep_longer(upload, at=at)
    return Progress(upload_id, upload.size_bytes, reached, upload.expires_at, None)


async def terminate(services: Services, actor: Actor, upload_id: UUID) -> None:
    """Give up an unfinished upload. Raises NotFound, Gone, and Conflict for one that is safe already."""
    photo = await _own_photo(actor, upload_id)
    if photo.state is PhotoState.STORED:
        raise Conflict("upload.finished")
    if not await _forget(actor, photo):
        raise Gone("upload.gone")
    await services.parts.remove(upload_id)


async def withdraw(services: Services, actor: Actor, photo_id: UUID, *, at: datetime) -> None:
    """Await a photo no more that was removed on its phone before its bytes came; one that is safe stays.

    Its description goes into the trash, where the office sees it. Raises NotFound for another's, Conflict, Forbidden.
    """
    photo = await photos.by_id(actor.company_id, photo_id, trashed=True)
    if photo is None or photo.author_id is None or photo.author_id != actor.id:
        raise NotFound("item.unknown")
    if photo.state is PhotoState.ANNOUNCED and not photo.deleted_at:
        await trash.delete(actor, photo, at=at)
        await services.parts.remove(photo_id)


@atomic
async def _forget(actor: Actor, photo: Photo) -> bool:
    await items.claim_id(photo.company_id, photo.id)
    known = await uploads.delete_upload(photo.company_id, photo.id)
    if known and await items.by_id(photo.company_id, photo.id) is None:
        await photos.delete_announced(photo.company_id, photo.id)
    return known


async def expire(services: Services) -> None:
    """Give up uploads whose time is over, and part files that no upload knows."""
    at = services.clock()
    for upload in await uploads.every_expired(before=at):
        await _give_up(upload)
        await services.parts.remove(upload.id)
    idle = await services.parts.older_than(at - KEPT)
    for stray in set(idle) - await uploads.every_known(idle):
        await services.parts.remove(stray)


@atomic
async def _give_up(upload: Upload) -> None:
    await uploads.delete_upload(upload.company_id, upload.id)
    await photos.set_problem(upload.company_id, upload.id, "photo.upload_expired")
    signal("photos", upload.company_id, photo=str(upload.id), job="")


async def _own_photo(actor: Actor, upload_id: UUID) -> Photo:
    """Return his photo. Raises NotFound, and Gone for one that was deleted here: the phone keeps its bytes and says so."""
    photo = await photos.by_id(actor.company_id, upload_id, trashed=True)
    if photo is None or photo.author_id is None or photo.author_id != actor.id:
        raise NotFound("upload.unknown")
    if photo.deleted_at:
        raise Gone("photo.deleted")
    return photo


async def _own(actor: Actor, upload_id: UUID) -> tuple[Photo, Upload | None]:
    """Return his photo and its upload, None for the upload of a photo that is safe. Raises NotFound, Gone."""
    photo = await _own_photo(actor, upload_id)
    if photo.state is PhotoState.STORED:
        return photo, None
    upload = await uploads.by_id(actor.company_id, upload_id)
    if upload is None:
        return await _stored_meanwhile(actor, upload_id), None
    return photo, upload


async def _stored_meanwhile(actor: Actor, upload_id: UUID) -> Photo:
    """Return the photo that became safe between two looks. Raises Gone when the upload was given up."""
    photo = await _own_photo(actor, upload_id)
    if photo.state is not PhotoState.STORED:
        raise Gone("upload.gone")
    return photo


async def _offset(services: Services, photo: Photo, upload: Upload) -> int:
    have = await services.parts.size(upload.id)
    if have is not None:
        return have
    if await published(services, photo, upload):
        return upload.size_bytes
    await services.parts.create(upload.id)
    return 0


async def _keep_longer(upload: Upload, *, at: datetime) -> None:
    """Move the expiry, but at most once a day: a commit per slice would be waste."""
    if upload.expires_at - at < KEPT - _FRESH:
        await _extend(upload.company_id, upload.id, expires_at=at + KEPT)


@atomic
async def _extend(company_id: UUID, upload_id: UUID, *, expires_at: datetime) -> None:
    await uploads.set_expiry(company_id, upload_id, expires_at=expires_at)


def _safe(photo: Photo) -> Progress:
    receipt = receipt_of(photo)
    assert receipt
    return _finished(receipt)


def _finished(receipt: Receipt) -> Progress:
    return Progress(receipt.id, receipt.size, receipt.size, None, receipt)
