"""Notes and call notes."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.expressions import Q

from server.db.tables import NoteRow
from server.domain.notes import Note, NoteKind
from server.domain.paging import Page, cut
from server.domain.search import folded

_COLUMNS = (
    "id",
    "company_id",
    "job_id",
    "job_hint",
    "author_id",
    "kind",
    "text",
    "captured_at",
    "received_at",
)


async def by_id(company_id: UUID, note_id: UUID) -> Note | None:
    """Return one note."""
    found = await _read({"company_id": company_id, "id": note_id}, limit=1)
    return found[0] if found else None


async def by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Note]:
    """Return the notes with these ids, newest first."""
    return await _read({"company_id": company_id, "id__in": list(ids)}, limit=max(len(ids), 1))


async def search(company_id: UUID, terms: Sequence[str], *, limit: int = 20) -> list[Note]:
    """Return notes that hold every folded term, newest first."""
    ids = (
        await NoteRow.filter(*[Q(search_text__contains=term) for term in terms], company_id=company_id)
        .order_by("-id")
        .limit(limit)
        .values_list("id", flat=True)
    )
    return await by_ids(company_id, [UUID(str(one)) for one in ids])


async def of_job(company_id: UUID, job_id: UUID, *, before: str | None = None, limit: int = 50) -> Page[Note]:
    """Return the job's notes, newest first."""
    only: dict[str, object] = {"company_id": company_id, "job_id": job_id}
    if before:
        only["id__lt"] = before
    return cut(await _read(only, limit=limit + 1), limit, lambda note: str(note.id))


async def of_kind(
    company_id: UUID,
    kind: NoteKind,
    *,
    job_id: UUID | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Note]:
    """Return notes of one kind, newest first, of one job or of all."""
    only: dict[str, object] = {"company_id": company_id, "kind": kind}
    only |= {"job_id": job_id} if job_id else {}
    only |= {"id__lt": before} if before else {}
    return cut(await _read(only, limit=limit + 1), limit, lambda note: str(note.id))


async def unsorted(company_id: UUID, *, limit: int = 50) -> list[Note]:
    """Return notes that belong to no job yet, newest first."""
    return await _read({"company_id": company_id, "job_id": None}, limit=limit)


async def insert_note(company_id: UUID, note: Note) -> None:
    """Write a new note."""
    await NoteRow.create(
        id=note.id,
        company_id=company_id,
        job_id=note.job_id,
        job_hint=note.job_hint,
        author_id=note.author_id,
        kind=note.kind,
        text=note.text,
        search_text=folded(note.text),
        captured_at=note.captured_at,
        received_at=note.received_at,
    )


async def _read(only: dict[str, object], *, limit: int) -> list[Note]:
    found = NoteRow.filter(**only).order_by("-id").limit(limit)
    rows = await found.values(*_COLUMNS, author_name="author__name")
    return [
        Note(**{**row, "kind": NoteKind(row["kind"]), "author_name": row["author_name"] or ""})
        for row in rows
    ]
