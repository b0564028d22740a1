"""Photos thrown away and taken back. A tombstone wins over whatever a phone still brings (offline-pwa §4.4)."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from server.db import items, logbook, photos, renditions, tasks, trash, uploads
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, NotFound
from server.domain.logbook import Entry
from server.domain.media import Medium
from server.domain.photos import Decode, Photo, PhotoState
from server.domain.trash import KEPT, check_delete
from server.domain.users import Actor, Right, require, system
from server.services import Services
from server.storage.base import StorageError

log = logging.getLogger(__name__)

CHORE = "photos.empty_trash"
# A clock that leapt ahead makes everything thirty days old at once; one under which we have worked for days is right.
_CLOCK_PROVED = timedelta(days=7)
_DAYS_PROVED = 4


@atomic
async def delete(actor: Actor, photo: Photo, *, at: datetime) -> None:
    """Put a photo into the trash: it is in no list any more, and its bytes stay for thirty days.

    Raises Forbidden, Conflict for a worker's photo that was released or changed meanwhile.
    """
    check_delete(actor, photo)
    await items.claim_id(photo.company_id, photo.id)
    if not await trash.set_deleted(photo.company_id, photo, by=actor.id, at=at):
        raise Conflict("photo.changed_meanwhile")
    await trash.let_twins_go(photo.company_id, photo.id)
    await items.set_tombstone(photo.company_id, photo.id, at=at)
    await uploads.delete_upload(photo.company_id, photo.id)
    said = {"caption": photo.caption, "review": photo.review, "sha256": photo.sha256}
    await _note(actor, "photo.deleted", photo, at, **said)


@atomic
async def restore(actor: Actor, photo_id: UUID, *, at: datetime) -> Photo:
    """Take a photo back out of the trash; without its original it waits for the phone again. Raises Forbidden, NotFound."""
    require(actor, Right.REVIEW)
    await items.claim_id(actor.company_id, photo_id)
    photo = await photos.by_id(actor.company_id, photo_id, trashed=True)
    if photo is None or photo.deleted_at is None or photo.state is PhotoState.PURGED:
        raise NotFound("photo.not_in_trash")
    await trash.set_restored(photo.company_id, photo.id)
    await items.set_tombstone(photo.company_id, photo.id, at=None)
    if photo.state is PhotoState.STORED:
        await photos.set_twin(photo.company_id, photo.id, photo.sha256)
        if photo.decode is Decode.WAITING and photo.medium is Medium.IMAGE:
            dedup = f"photo.render:{photo.id}:{photo.rev}"
            await tasks.insert_task(
                photo.company_id, "photo.render", {"photo": str(photo.id)}, at=at, dedup=dedup
            )
    await _note(actor, "photo.restored", photo, at)
    return photo


async def empty(services: Services) -> None:
    """Delete for good what has lain in the trash for thirty days; the tombstones stay. Stopped half-way, it goes on.

    After a long rest or a leap of the clock it waits until it has come by on four days of one week.
    """
    at = services.clock()
    if await tasks.days_done(CHORE, since=at - _CLOCK_PROVED, until=at) < _DAYS_PROVED:
        return
    for photo in await trash.every_to_purge(before=at - KEPT):
        try:
            await _purge(services, photo, at=at)
        except StorageError as error:
            log.error("trash not emptied", extra={"photo": str(photo.id), "reason": str(error)})


async def _purge(services: Services, photo: Photo, *, at: datetime) -> None:
    """First nobody can take it back, then the files go, then the row forgets them.

    The list it stood in may be minutes old: whoever was taken back meanwhile stays.
    """
    if not await _begin(photo, before=at - KEPT):
        return
    keys = [one.storage_key for one in await renditions.of_photo(photo.company_id, photo.id)]
    for key in [*keys, *([photo.storage_key] if photo.storage_key else [])]:
        await services.storage.delete(key)
    await services.parts.remove(photo.id)
    await _finish(photo, at=at)


@atomic
async def _begin(photo: Photo, *, before: datetime) -> bool:
    await items.claim_id(photo.company_id, photo.id)
    return await trash.set_purging(photo.company_id, photo.id, before=before)


@atomic
async def _finish(photo: Photo, *, at: datetime) -> None:
    await trash.set_purged(photo.company_id, photo.id)
    await _note(system(photo.company_id), "photo.purged", photo, at, sha256=photo.sha256)


async def _note(actor: Actor, verb: str, photo: Photo, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "photo", photo.id, at=at, job_id=photo.job_id, **data)
    await logbook.insert_entry(photo.company_id, entry)
    signal("photos", photo.company_id, photo=str(photo.id), job=str(photo.job_id or ""))
