"""What happens to a photo of ours: announced by a phone, made safe, described, moved.

What customers and chats bring is `actions/received_photos.py`.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from server.db import jobs, logbook, photos, renditions, tasks, uploads
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.items import SyncPhoto
from server.domain.logbook import Entry
from server.domain.media import FileType, Medium
from server.domain.photos import (
    Decode,
    Photo,
    PhotoState,
    Words,
    blank,
    check_caption,
    check_tags,
    clean_mime,
    search_text,
)
from server.domain.uploads import Metadata
from server.domain.users import Actor

RELEASED, NEW = "released", "new"


def storage_key(photo: Photo, ending: str) -> str:
    """Return where a photo's file lies: company first, then the month it was received, then its id."""
    return f"{photo.company_id}/{photo.received_at:%Y/%m}/{photo.id}.{ending}"


@atomic
async def announce(
    actor: Actor, item: SyncPhoto, *, job_id: UUID | None, late: bool = False, at: datetime
) -> None:
    """Write down a photo whose bytes will follow, or describe one whose bytes were first.

    What has been said about that one meanwhile stays; `job_id` must be its job if it has one.
    """
    photo = replace(announced(actor, item, job_id=job_id, at=at), late=late)
    early = await photos.by_id(actor.company_id, photo.id)
    if early is None:
        await photos.insert_photo(actor.company_id, photo, search_text=search_text(photo))
    else:
        _check_same_bytes(early, item)
        photo = replace(
            photo,
            caption=early.caption or photo.caption,
            phase=early.phase or photo.phase,
            tags=early.tags or photo.tags,
        )
        await photos.set_described(actor.company_id, photo, search_text=search_text(photo))
        await _promise_hash(early, item)
    if item.thumb and (early is None or early.decode is not Decode.DONE):
        await renditions.insert_preview(actor.company_id, photo.id, item.thumb)
    await _note_announced(actor, photo, at=at)


def announced(actor: Actor, item: SyncPhoto, *, job_id: UUID | None, at: datetime) -> Photo:
    """Return the photo an item describes, before any byte of it is here."""
    return replace(
        blank(actor, item.id, size_bytes=item.size_bytes, sha256=item.sha256, mime=item.mime, at=at),
        job_id=job_id,
        job_hint="" if job_id else item.job_hint,
        captured_at=item.captured.at,
        offset_min=item.captured.offset_min,
        caption=item.caption,
        phase=item.phase,
        tags=item.tags,
        position=item.position,
        medium=item.medium,
        duration_ms=item.duration_ms,
        pair_of_id=item.pair_of,
    )


@atomic
async def announce_bare(
    actor: Actor, photo_id: UUID, metadata: Metadata, *, size_bytes: int, at: datetime
) -> Photo:
    """Write down an unsorted photo of which only the bytes are promised."""
    mime = clean_mime(metadata.filetype)
    photo = blank(actor, photo_id, size_bytes=size_bytes, sha256=metadata.sha256 or "", mime=mime, at=at)
    await photos.insert_photo(actor.company_id, photo, search_text="")
    await _note_announced(actor, photo, at=at)
    return photo


@atomic
async def add_original(
    actor: Actor, photo: Photo, *, key: str, sha256: str, kind: FileType, at: datetime
) -> bool:
    """Commit that the photo's bytes are safe: row, upload, logbook and the task to render, all or nothing.

    The file must lie durably under `key`. Whoever comes second finds it done and gets False.
    """
    stored = await photos.set_stored(
        photo.company_id, photo.id, storage_key=key, sha256=sha256, kind=kind, at=at
    )
    await uploads.delete_upload(photo.company_id, photo.id)
    if not stored:
        return False
    await photos.set_twin(photo.company_id, photo.id, sha256)
    entry = Entry.by(
        actor,
        "photo.stored",
        "photo",
        photo.id,
        at=at,
        job_id=photo.job_id,
        sha256=sha256,
        size=photo.size_bytes,
    )
    await logbook.insert_entry(photo.company_id, entry)
    if kind.medium is Medium.IMAGE:
        await ask_to_render(photo.company_id, photo.id, rev=photo.rev, at=at)
    tell(photo)
    return True


@atomic
async def describe(actor: Actor, photo: Photo, words: Words, *, at: datetime) -> Photo:
    """Change caption, phase, tags or job, with before and after in the logbook.

    Raises Forbidden for another worker's photo, Invalid for a wrong field or job, Conflict when somebody else was
    faster. A released photo that moves to another job waits for review again: it was released to one customer.
    """
    if not actor.at_desk and photo.author_id != actor.id:
        raise Forbidden("photo.not_yours")
    words = replace(words, caption=check_caption(words.caption), tags=check_tags(words.tags))
    before = Words(photo.caption, photo.phase, tuple(photo.tags), photo.job_id)
    if words == before:
        return photo
    await _check_job(actor, words.job_id, before=photo.job_id)
    after = replace(photo, caption=words.caption, phase=words.phase, tags=words.tags, job_id=words.job_id)
    review = NEW if photo.review == RELEASED and words.job_id != photo.job_id else photo.review
    if not await photos.set_words(
        photo.company_id, photo.id, words, search_text=search_text(after), review=review, rev=photo.rev
    ):
        raise Conflict("photo.changed_meanwhile")
    for entry in _changes(actor, photo, before, words, at=at):
        await logbook.insert_entry(photo.company_id, entry)
    tell(photo)
    tell(after)
    hint = "" if words.job_id else photo.job_hint
    return replace(after, review=review, job_hint=hint, rev=photo.rev + 1)


async def _check_job(actor: Actor, job_id: UUID | None, *, before: UUID | None) -> None:
    if job_id is None or job_id == before:
        return
    await jobs.hold(actor.company_id, job_id)
    if await jobs.by_id(actor.company_id, job_id, visible_to=None if actor.at_desk else actor.id) is None:
        raise Invalid("photo.job_unknown", field="job")


def _changes(actor: Actor, photo: Photo, before: Words, after: Words, *, at: datetime) -> list[Entry]:
    """Return the entries of a change; a move leaves its trace in both jobs."""
    entries = []
    if before.job_id != after.job_id:
        jobs_trace = {"before": before.job_id, "after": after.job_id}
        for job_id in dict.fromkeys([before.job_id or after.job_id, after.job_id or before.job_id]):
            entries.append(
                Entry.by(actor, "photo.moved", "photo", photo.id, at=at, job_id=job_id, **jobs_trace)
            )
    old = {"caption": before.caption, "phase": before.phase, "tags": list(before.tags)}
    new = {"caption": after.caption, "phase": after.phase, "tags": list(after.tags)}
    changed = [name for name in old if old[name] != new[name]]
    if changed:
        trace = {
            "before": {name: old[name] for name in changed},
            "after": {name: new[name] for name in changed},
        }
        entries.append(
            Entry.by(actor, "photo.described", "photo", photo.id, at=at, job_id=after.job_id, **trace)
        )
    return entries


def _check_same_bytes(early: Photo, item: SyncPhoto) -> None:
    if early.size_bytes != item.size_bytes or (early.sha256 and early.sha256 != item.sha256):
        raise Conflict("item.other_bytes", field="sha256")


async def _promise_hash(early: Photo, item: SyncPhoto) -> None:
    """Hold bytes that began to come without a hash to the one their description names."""
    if early.state is PhotoState.ANNOUNCED and not early.sha256:
        promised = {"size_bytes": item.size_bytes, "sha256": item.sha256, "mime": item.mime}
        await photos.set_promised(early.company_id, early.id, **promised, medium=item.medium)  # type: ignore[arg-type]
        await uploads.set_sha256(early.company_id, early.id, item.sha256)


async def _note_announced(actor: Actor, photo: Photo, *, at: datetime) -> None:
    entry = Entry.by(
        actor,
        "photo.announced",
        "photo",
        photo.id,
        at=at,
        job_id=photo.job_id,
        captured_at=photo.captured_at,
        job_hint=photo.job_hint,
    )
    await logbook.insert_entry(photo.company_id, entry)
    tell(photo)


async def ask_to_render(company_id: UUID, photo_id: UUID, *, rev: int = 1, at: datetime) -> None:
    """Have the photo drawn after this commit, once for this state of it."""
    payload: dict[str, object] = {"photo": str(photo_id)}
    await tasks.insert_task(
        company_id, "photo.render", payload, at=at, dedup=f"photo.render:{photo_id}:{rev}"
    )


def tell(photo: Photo) -> None:
    """Let the pages that are open learn that this photo changed."""
    signal("photos", photo.company_id, photo=str(photo.id), job=str(photo.job_id or ""))
