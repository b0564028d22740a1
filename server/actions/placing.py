"""Where a thing from a phone belongs: its job, the one that job was merged into, or nowhere yet (offline-pwa §4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db import items, jobs, logbook, photos
from server.db.unit import atomic, signal
from server.domain.items import SyncFiling, SyncItem
from server.domain.jobs import CLOSED
from server.domain.logbook import Entry
from server.domain.photos import Photo
from server.domain.users import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """`late`: the job was closed when the thing came. Without a job it waits unsorted under `hint`."""

    job_id: UUID | None = None
    hint: str = ""
    late: bool = False


async def place_of(actor: Actor, item: SyncItem) -> Place:
    """Return where an item belongs. A job that is gone, unknown or not his is no reason to refuse anything."""
    if item.job_id is None:
        return Place(hint=item.job_hint)
    await jobs.hold(actor.company_id, item.job_id)
    asked = await jobs.by_id(actor.company_id, item.job_id, visible_to=_eyes(actor), merged=True)
    job = await jobs.current(actor.company_id, item.job_id)
    # Who saw the job he photographed for brings its photos into the one that took its place.
    if asked is None and job and await jobs.by_id(actor.company_id, job.id, visible_to=_eyes(actor)) is None:
        job = None
    if job is None:
        return Place(hint=item.job_hint or await _last_name(actor, item.job_id))
    return Place(job.id, late=job.state in CLOSED)


async def _last_name(actor: Actor, job_id: UUID) -> str:
    """Return what a job that was deleted here was called, "" for one nobody knew."""
    lines = (await logbook.of_subject(actor.company_id, job_id, limit=1)).items
    gone = lines and lines[0].entry.verb == "job.deleted"
    return str(lines[0].entry.data.get("note", "")) if gone else ""


@atomic
async def accept_filing(actor: Actor, item: SyncFiling, *, at: datetime) -> None:
    """File one's own unsorted photos with a job. What the office filed meanwhile stays; what is not here yet, waits."""
    place = await place_of(actor, item)
    await items.hold(actor.company_id, {item.kind: item.refs})
    for photo in await photos.by_ids(actor.company_id, item.refs):
        await _file(actor, photo, place, at=at)


@atomic
async def file_waiting(actor: Actor, photo_id: UUID, *, at: datetime) -> None:
    """File a photo that came after the filing that names it."""
    assert actor.id
    photo = await photos.by_id(actor.company_id, photo_id)
    item = await items.filing_of(actor.company_id, actor.id, photo_id)
    if photo and item:
        await _file(actor, photo, await place_of(actor, item), at=at)


@atomic
async def file_again(actor: Actor, photo_ids: Sequence[UUID], job_id: UUID, *, at: datetime) -> None:
    """File with a job that is new here what was filed before it came."""
    for photo in await photos.by_ids(actor.company_id, photo_ids):
        await _file(actor, photo, Place(job_id), at=at)


async def _file(actor: Actor, photo: Photo, place: Place, *, at: datetime) -> None:
    if photo.job_id is not None or photo.author_id != actor.id:
        return
    if place.job_id is None:
        if place.hint and not photo.job_hint:
            await photos.set_hint(photo.company_id, photo.id, place.hint)
        return
    if not await photos.set_place(photo.company_id, photo.id, place.job_id, late=place.late):
        return
    trace = {"before": None, "after": place.job_id}
    entry = Entry.by(actor, "photo.moved", "photo", photo.id, at=at, job_id=place.job_id, **trace)
    await logbook.insert_entry(photo.company_id, entry)
    signal("photos", photo.company_id, photo=str(photo.id), job=str(place.job_id))
    if place.late:
        await note_late(actor, "photo", photo.id, place.job_id, at=at)


@atomic
async def note_late(actor: Actor, noun: str, subject_id: UUID, job_id: UUID, *, at: datetime) -> None:
    """Write down that something came after its job was closed; the office reads it there and in the review."""
    entry = Entry.by(actor, f"{noun}.late", noun, subject_id, at=at, job_id=job_id)
    await logbook.insert_entry(actor.company_id, entry)


def _eyes(actor: Actor) -> UUID | None:
    return None if actor.at_desk else actor.id
