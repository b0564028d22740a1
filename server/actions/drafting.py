"""What a draft says besides its words, for channels that want it: a subject, and the thread it belongs to."""

from uuid import UUID

from server.db import companies, correspondence, jobs

THREAD = 20


async def subject(company_id: UUID, job_id: UUID | None) -> str:
    """Return the subject of a mail: the firm and the job."""
    company = await companies.by_id(company_id)
    job = await jobs.by_id(company_id, job_id) if job_id else None
    return ": ".join(part for part in (company.name if company else "", job.title if job else "") if part)


async def thread(company_id: UUID, contact_id: UUID, channel: str) -> tuple[str, ...]:
    """Return the platform's ids of what was said before to this person there, oldest first."""
    return await correspondence.thread(company_id, contact_id, channel, limit=THREAD)
