"""Photos, the phone's previews of them and the renditions we drew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import F, Q, Subquery
from tortoise.queryset import QuerySet

from server.db.tables import JobMemberRow, PhotoRow
from server.domain.media import FileType, Medium
from server.domain.paging import Page, cut
from server.domain.photos import Decode, Person, Phase, Photo, PhotoState, Source, Words

_PLAIN = (
    "id",
    "company_id",
    "job_id",
    "job_hint",
    "author_id",
    "contact_id",
    "problem",
    "captured_at",
    "offset_min",
    "received_at",
    "stored_at",
    "caption",
    "tags",
    "position",
    "sha256",
    "size_bytes",
    "mime",
    "storage_key",
    "width",
    "height",
    "decode_code",
    "review",
    "review_note",
    "reviewed_at",
    "reviewed_by_id",
    "duration_ms",
    "late",
    "twin_of_id",
    "pair_of_id",
    "person",
    "deleted_at",
    "deleted_by_id",
    "rev",
)
_ENUMS = ("source", "state", "phase", "decode", "medium")


async def by_id(company_id: UUID, photo_id: UUID, *, trashed: bool = False) -> Photo | None:
    """Return one photo; one in the trash only when `trashed` ones count, too."""
    rows = PhotoRow.filter(company_id=company_id, id=photo_id)
    found = await read(company_id, rows if trashed else rows.filter(deleted_at=None))
    return found[0] if found else None


async def by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Photo]:
    """Return the photos with these ids that are here, in the order asked."""
    rows = PhotoRow.filter(company_id=company_id, id__in=list(ids), deleted_at=None)
    found = {photo.id: photo for photo in await read(company_id, rows)}
    return [found[ident] for ident in ids if ident in found]


async def person_open(company_id: UUID, ids: Sequence[UUID]) -> bool:
    """Say whether somebody can be recognised in one of the photos and has neither agreed nor been blurred."""
    rows = PhotoRow.filter(company_id=company_id, id__in=list(ids), person=Person.OPEN)
    return bool(ids) and bool(await rows.exists())


async def set_person(company_id: UUID, photo: Photo, person: Person) -> bool:
    """Flag a photo; False when it changed since it was read."""
    rows = PhotoRow.filter(id=photo.id, company_id=company_id, rev=photo.rev)
    return bool(await rows.update(person=person, rev=photo.rev + 1))


async def of_job(
    company_id: UUID, job_id: UUID, *, before: str | None = None, limit: int = 50
) -> Page[Photo]:
    """Return the job's photos, newest id first."""
    return await search(company_id, job_id=job_id, before=before, limit=limit)


async def search(
    company_id: UUID,
    *,
    job_id: UUID | None = None,
    unsorted: bool = False,
    review: str = "",
    terms: Sequence[str] = (),
    worker: UUID | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Photo]:
    """Return photos, newest id first. All folded `terms` are in captions or tags; a `worker` sees his own and his jobs'."""
    rows = PhotoRow.filter(company_id=company_id, deleted_at=None)
    if job_id:
        rows = rows.filter(job_id=job_id)
    if unsorted:
        rows = rows.filter(job_id=None)
    if review:
        rows = rows.filter(review=review)
    for term in terms:
        rows = rows.filter(search_text__contains=term)
    if worker:
        rows = rows.filter(_seen_by(company_id, worker))
    if before:
        rows = rows.filter(id__lt=before)
    return cut(
        await read(company_id, rows.order_by("-id").limit(limit + 1)), limit, lambda photo: str(photo.id)
    )


async def neighbours(company_id: UUID, photo: Photo) -> tuple[UUID | None, UUID | None]:
    """Return the stored photos of the same job taken just after and just before this one."""
    rows = PhotoRow.filter(
        company_id=company_id, job_id=photo.job_id, state=PhotoState.STORED, deleted_at=None
    )
    at, ident = photo.captured_at, photo.id
    later = rows.filter(Q(captured_at__gt=at) | Q(captured_at=at, id__gt=ident)).order_by("captured_at", "id")
    earlier = rows.filter(Q(captured_at__lt=at) | Q(captured_at=at, id__lt=ident))
    newer = await later.limit(1).values_list("id", flat=True)
    older = await earlier.order_by("-captured_at", "-id").limit(1).values_list("id", flat=True)
    return (newer[0] if newer else None), (older[0] if older else None)  # type: ignore[return-value]


def _seen_by(company_id: UUID, worker: UUID) -> Q:
    members = JobMemberRow.filter(company_id=company_id)
    closed = Subquery(members.values("job_id"))
    mine = Subquery(members.filter(user_id=worker).values("job_id"))
    return Q(author_id=worker) | Q(job_id__in=mine) | Q(Q(job_id__not_isnull=True), ~Q(job_id__in=closed))


async def insert_photo(company_id: UUID, photo: Photo, *, search_text: str) -> None:
    """Write a new photo."""
    names = {*_PLAIN, *_ENUMS} - {"company_id"}
    row: dict[str, Any] = {name: getattr(photo, name) for name in names}
    row |= {"phase": photo.phase or "", "tags": list(photo.tags), "position": _position(photo.position)}
    await PhotoRow.create(company_id=company_id, search_text=search_text, **row)


async def set_described(company_id: UUID, photo: Photo, *, search_text: str) -> None:
    """Give a photo whose bytes came first the description that came later."""
    await PhotoRow.filter(id=photo.id, company_id=company_id).update(
        job_id=photo.job_id,
        job_hint=photo.job_hint,
        captured_at=photo.captured_at,
        offset_min=photo.offset_min,
        caption=photo.caption,
        phase=photo.phase or "",
        tags=list(photo.tags),
        position=_position(photo.position),
        duration_ms=photo.duration_ms,
        late=photo.late,
        pair_of_id=photo.pair_of_id,
        search_text=search_text,
        rev=F("rev") + 1,
    )


async def set_words(
    company_id: UUID, photo_id: UUID, words: Words, *, search_text: str, review: str, rev: int
) -> bool:
    """Change what is said about a photo; False if somebody else changed it since `rev`.

    What its phone called its job stays until it has one.
    """
    changed = await PhotoRow.filter(id=photo_id, company_id=company_id, rev=rev).update(
        caption=words.caption,
        phase=words.phase or "",
        tags=list(words.tags),
        job_id=words.job_id,
        search_text=search_text,
        review=review,
        rev=F("rev") + 1,
        **({"job_hint": ""} if words.job_id else {}),
    )
    return bool(changed)


async def set_place(company_id: UUID, photo_id: UUID, job_id: UUID, *, late: bool) -> bool:
    """File an unsorted photo; False if somebody filed it before."""
    changed = await PhotoRow.filter(id=photo_id, company_id=company_id, job_id=None).update(
        job_id=job_id, job_hint="", late=late, rev=F("rev") + 1
    )
    return bool(changed)


async def set_hint(company_id: UUID, photo_id: UUID, hint: str) -> None:
    """Keep what the phone called the job of an unsorted photo."""
    await PhotoRow.filter(id=photo_id, company_id=company_id, job_id=None).update(job_hint=hint)


async def set_promised(
    company_id: UUID, photo_id: UUID, *, size_bytes: int, sha256: str, mime: str, medium: Medium
) -> None:
    """Take what a new upload of a photo without description promises."""
    await PhotoRow.filter(id=photo_id, company_id=company_id, state=PhotoState.ANNOUNCED).update(
        size_bytes=size_bytes, sha256=sha256, mime=mime, medium=medium
    )


async def set_twin(company_id: UUID, photo_id: UUID, sha256: str) -> UUID | None:
    """Point a photo to the earliest one here with the same bytes; returns that one, None for a single photo."""
    rows = PhotoRow.filter(company_id=company_id, sha256=sha256, state=PhotoState.STORED, deleted_at=None)
    first = await rows.exclude(id=photo_id).order_by("stored_at", "id").limit(1).values_list("id", flat=True)
    if not first:
        return None
    twin = UUID(str(first[0]))
    await PhotoRow.filter(id=photo_id, company_id=company_id).update(twin_of_id=twin)
    return twin


async def delete_announced(company_id: UUID, photo_id: UUID) -> None:
    """Forget a photo of which nothing is here: no bytes, no description."""
    await PhotoRow.filter(id=photo_id, company_id=company_id, state=PhotoState.ANNOUNCED).delete()


async def set_problem(company_id: UUID, photo_id: UUID, code: str) -> None:
    """Name why the bytes are not here, or nothing."""
    await PhotoRow.filter(id=photo_id, company_id=company_id, state=PhotoState.ANNOUNCED).update(problem=code)


async def set_stored(
    company_id: UUID, photo_id: UUID, *, storage_key: str, sha256: str, kind: FileType, at: datetime
) -> bool:
    """Note that the bytes are safe and what they are; False if that was noted before. Nothing is drawn of a clip."""
    decode = Decode.WAITING if kind.medium is Medium.IMAGE else Decode.NONE
    changed = await PhotoRow.filter(id=photo_id, company_id=company_id, state=PhotoState.ANNOUNCED).update(
        state=PhotoState.STORED,
        stored_at=at,
        storage_key=storage_key,
        sha256=sha256,
        mime=kind.mime,
        medium=kind.medium,
        decode=decode,
        problem="",
        rev=F("rev") + 1,
    )
    return bool(changed)


async def set_awaited(company_id: UUID, photo_id: UUID) -> bool:
    """Wait for the bytes of a photo again whose file is gone; False if it is no longer one that is safe."""
    changed = await PhotoRow.filter(
        id=photo_id, company_id=company_id, state=PhotoState.STORED, deleted_at=None
    ).update(state=PhotoState.ANNOUNCED, problem="", stored_at=None, storage_key=None, rev=F("rev") + 1)
    return bool(changed)


async def hashes_of(company_id: UUID, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the SHA-256 (hex) of the originals of these photos, of those in the trash, too."""
    rows = await PhotoRow.filter(company_id=company_id, id__in=list(ids)).values_list("id", "sha256")
    return dict(rows)


async def read(company_id: UUID | None, rows: "QuerySet[PhotoRow]") -> list[Photo]:
    """Return the photos of a query that is narrowed to the company already, None for all; for this room only."""
    found = await rows.values(*_PLAIN, *_ENUMS, author_name="author__name", contact_name="contact__name")
    return [_photo(row) for row in found]


def _photo(row: dict[str, Any]) -> Photo:
    name = row["author_name"] or row.pop("contact_name") or ""
    row.pop("contact_name", None)
    row |= {
        "author_name": name,
        "source": Source(row["source"]),
        "state": PhotoState(row["state"]),
        "phase": Phase(row["phase"]) if row["phase"] else None,
        "decode": Decode(row["decode"]),
        "medium": Medium(row["medium"]),
    }
    return Photo(**row)


def _position(position: Mapping[str, float] | None) -> dict[str, float] | None:
    return dict(position) if position else None
