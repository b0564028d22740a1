"""Notes and call notes."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.expressions import Q, Subquery

from server.db import sql
from server.db.tables import CallRow, NoteRow
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
    "late",
    "replaces_id",
    "current",
    "disputed",
    "rev",
)
# Up and down from a note by what replaces what: a family is small.
_FAMILY = """WITH RECURSIVE kin(id) AS (
        SELECT id FROM note WHERE company_id = ? AND id = ?
        UNION
        SELECT other.id FROM kin JOIN note one ON one.id = kin.id
            JOIN note other ON other.company_id = ? AND (other.replaces_id = one.id OR other.id = one.replaces_id)
    ) SELECT id FROM kin"""


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
        await NoteRow.filter(
            *[Q(search_text__contains=term) for term in terms], company_id=company_id, current=True
        )
        .order_by("-id")
        .limit(limit)
        .values_list("id", flat=True)
    )
    return await by_ids(company_id, [UUID(str(one)) for one in ids])


async def of_kind(
    company_id: UUID,
    kind: NoteKind,
    *,
    job_id: UUID | None = None,
    contact_id: UUID | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Note]:
    """Return notes of one kind, newest first, of one job or of all; calls with one person, too."""
    only: dict[str, object] = {"company_id": company_id, "kind": kind, "current": True}
    with_him = CallRow.filter(company_id=company_id, contact_id=contact_id)
    only |= {"id__in": Subquery(with_him.values("note_id"))} if contact_id else {}
    only |= {"job_id": job_id} if job_id else {}
    only |= {"id__lt": before} if before else {}
    return cut(await _read(only, limit=limit + 1), limit, lambda note: str(note.id))


async def unsorted(company_id: UUID, *, limit: int = 50) -> list[Note]:
    """Return notes that belong to no job yet, newest first; a call with somebody we know has its place with him."""
    placed = CallRow.filter(company_id=company_id, contact_id__not_isnull=True)
    only = {"company_id": company_id, "job_id": None, "current": True}
    return await _read({**only, "id__not_in": Subquery(placed.values("note_id"))}, limit=limit)


async def family(company_id: UUID, note_id: UUID) -> list[Note]:
    """Return a note with all it replaces and all that replaces it, newest first."""
    rows = await sql.rows(_FAMILY, company_id, note_id, company_id)
    return await by_ids(company_id, [UUID(str(row["id"])) for row in rows])


async def lock(company_id: UUID, note_id: UUID) -> None:
    """Let nobody else correct this note until the unit ends."""
    await sql.lock("note", company_id, note_id)


async def set_standing(company_id: UUID, ids: Sequence[UUID], *, current: bool, disputed: bool) -> None:
    """Say which notes are shown, and whether they stand against each other."""
    await NoteRow.filter(company_id=company_id, id__in=list(ids)).update(current=current, disputed=disputed)


async def set_job(company_id: UUID, ids: Sequence[UUID], job_id: UUID) -> None:
    """File notes with a job."""
    await NoteRow.filter(company_id=company_id, id__in=list(ids)).update(job_id=job_id, job_hint="")


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
        late=note.late,
        replaces_id=note.replaces_id,
        disputed=note.disputed,
        rev=note.rev,
    )


async def _read(only: dict[str, object], *, limit: int) -> list[Note]:
    found = NoteRow.filter(**only).order_by("-id").limit(limit)
    rows = await found.values(*_COLUMNS, author_name="author__name")
    return [
        Note(**{**row, "kind": NoteKind(row["kind"]), "author_name": row["author_name"] or ""})
        for row in rows
    ]
