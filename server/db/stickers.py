"""The one code of a job that stands on its stickers."""

from uuid import UUID

from server.db import jobs
from server.db.tables import JobRow
from server.domain.stickers import Sticker


async def by_token(token: str) -> Sticker | None:
    """Return what a code leads to; the sticker of a job that was merged leads to the job it became part of."""
    row = await JobRow.get_or_none(sticker=token)
    job = await jobs.current(row.company_id, row.id) if row else None
    return Sticker(job.company_id, job.id, job.number, job.title) if job else None


async def of_job(company_id: UUID, job_id: UUID) -> str | None:
    """Return the code on this job's stickers, None before the first print."""
    row = await JobRow.get_or_none(id=job_id, company_id=company_id)
    return row.sticker if row else None


async def set_sticker(company_id: UUID, job_id: UUID, token: str, *, before: str | None) -> bool:
    """Give the job a new code; False when somebody else did so since it was read."""
    return bool(await JobRow.filter(id=job_id, company_id=company_id, sticker=before).update(sticker=token))
