"""Jobs that become part of another one, or go because nothing is in them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from server.db import jobs, sql
from server.db.tables import JobMemberRow, JobRow
from server.domain.jobs import SHOWN, Contents, Job, JobState
from server.domain.search import terms


async def lock_all(company_id: UUID, job_ids: Collection[UUID]) -> None:
    """Wait until nobody files anything with these jobs, and let nobody begin until the unit ends.

    Their questions first: who hears an answer holds the question, then the job (actions/conversations.py).
    """
    if sql.dialect() == "postgres":
        marks = ", ".join("?" for _ in job_ids)
        asked = f"SELECT id FROM question WHERE company_id = ? AND job_id IN ({marks}) ORDER BY id"
        await sql.rows(f"{asked} FOR NO KEY UPDATE", company_id, *job_ids)
        statement = f"SELECT id FROM job WHERE company_id = ? AND id IN ({marks}) ORDER BY id FOR UPDATE"
        await sql.rows(statement, company_id, *job_ids)


async def alike(company_id: UUID, job: Job) -> list[Job]:
    """Return the other jobs whose folded words hold this one's title, newest first."""
    words = terms(job.title)
    if not words:
        return []
    rule = r" AND j.search_text LIKE ? ESCAPE '\'" * len(words)
    states = ", ".join(f"'{state.value}'" for state in SHOWN)
    statement = f"""SELECT j.id FROM job j WHERE j.company_id = ? AND j.id <> ? AND j.state IN ({states}){rule}
        ORDER BY j.id DESC LIMIT 20"""
    values = [f"%{sql.like_escape(word)}%" for word in words]
    return await jobs.by_ids(
        company_id, [UUID(str(row["id"])) for row in await sql.rows(statement, company_id, job.id, *values)]
    )


# Everything else that names a job; a consent is a line of the ledger and stays where it was said.
RECORDS = ("internal_note", "consent", "share_link")
_RECORDS = " + ".join(
    f"(SELECT COUNT(*) FROM {table} WHERE company_id = ? AND job_id IN"
    " (SELECT id FROM job WHERE company_id = ? AND (id = ? OR merged_into_id = ?)))"
    for table in RECORDS
)


async def contents(company_id: UUID, job_id: UUID) -> Contents:
    """Return how much belongs to a job, in one statement; what lies in the trash does not count."""
    found = await sql.rows(
        f"""SELECT (SELECT COUNT(*) FROM photo WHERE company_id = ? AND job_id = ? AND deleted_at IS NULL) AS photos,
            (SELECT COUNT(*) FROM note WHERE company_id = ? AND job_id = ? AND current) AS notes,
            (SELECT COUNT(*) FROM question WHERE company_id = ? AND job_id = ?) AS questions,
            (SELECT COUNT(*) FROM message WHERE company_id = ? AND job_id = ?) AS messages,
            {_RECORDS} AS records""",
        *[company_id, job_id] * 4,
        *[company_id, company_id, job_id, job_id] * len(RECORDS),
    )
    return Contents(**{name: int(number) for name, number in found[0].items()})


async def set_merged(company_id: UUID, job: Job, into: UUID, *, at: datetime) -> None:
    """Make the job, and all that were merged into it before, lead to another one."""
    rows = JobRow.filter(company_id=company_id)
    await rows.filter(merged_into_id=job.id).update(merged_into_id=into)
    await rows.filter(id=job.id).update(
        state=JobState.MERGED, merged_into_id=into, changed_at=at, rev=job.rev + 1
    )


async def move_contents(company_id: UUID, job_id: UUID, into: UUID | None, *, hint: str, fresh: bool) -> None:
    """Give everything of a job to another one, or to none under `hint`; `fresh`: releases are to be given anew."""
    review = "CASE WHEN review = 'released' THEN 'new' ELSE review END" if fresh else "review"
    for table in ("photo", "note", "question"):
        more = f", review = {review}" if table == "photo" else ""
        await sql.execute(
            f"UPDATE {table} SET job_id = ?, job_hint = ?, rev = rev + 1{more} WHERE company_id = ? AND job_id = ?",
            into,
            hint,
            company_id,
            job_id,
        )
    for table in ("message", "internal_note"):
        await sql.execute(
            f"UPDATE {table} SET job_id = ? WHERE company_id = ? AND job_id = ?", into, company_id, job_id
        )


async def set_unreleased(company_id: UUID, job_id: UUID) -> None:
    """Let what was released in a job wait for its release anew."""
    await sql.execute(
        "UPDATE photo SET review = 'new', rev = rev + 1 WHERE company_id = ? AND job_id = ? AND review = 'released'",
        company_id,
        job_id,
    )


async def delete_job(company_id: UUID, job_id: UUID) -> None:
    """Delete an empty job, its membership, and the jobs that were merged into it."""
    ids = [
        job_id,
        *await JobRow.filter(company_id=company_id, merged_into_id=job_id).values_list("id", flat=True),
    ]
    await JobMemberRow.filter(company_id=company_id, job_id__in=ids).delete()
    await JobRow.filter(company_id=company_id, merged_into_id=job_id).delete()
    await JobRow.filter(company_id=company_id, id=job_id).delete()
