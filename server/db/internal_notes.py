"""Internal notes: written once, read beside a conversation or a job."""

from uuid import UUID

from server.db.tables import InternalNoteRow
from server.domain.internal_notes import InternalNote

LIMIT = 200
_COLUMNS = ("id", "company_id", "conversation_id", "job_id", "author_id", "text", "created_at")


async def of_conversation(company_id: UUID, conversation_id: UUID) -> list[InternalNote]:
    """Return the newest notes beside a conversation, oldest first."""
    return await _found({"company_id": company_id, "conversation_id": conversation_id})


async def of_job(company_id: UUID, job_id: UUID) -> list[InternalNote]:
    """Return the newest notes of a job, oldest first, those from beside a conversation included."""
    return await _found({"company_id": company_id, "job_id": job_id})


async def insert_note(company_id: UUID, note: InternalNote) -> None:
    await InternalNoteRow.create(
        id=note.id,
        company_id=company_id,
        conversation_id=note.conversation_id,
        job_id=note.job_id,
        author_id=note.author_id,
        text=note.text,
        created_at=note.created_at,
    )


async def _found(only: dict[str, object]) -> list[InternalNote]:
    newest = InternalNoteRow.filter(**only).order_by("-created_at", "-id").limit(LIMIT)
    rows = await newest.values(*_COLUMNS, author_name="author__name")
    return [InternalNote(**row) for row in reversed(rows)]
