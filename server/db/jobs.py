"""Jobs: found by folded words, newest first, and only those the reader may see."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.tables import JobMemberRow, JobRow
from server.db.users import user_of
from server.domain.jobs import OPEN, Badge, Job, JobDraft, JobState
from server.domain.paging import LIMIT_DEFAULT, Page, cut
from server.domain.search import folded, terms
from server.domain.users import User
from server.ids import new_id, parse_id

_MEMBER = """EXISTS (SELECT 1 FROM job_member m
    WHERE m.company_id = j.company_id AND m.job_id = j.id AND m.user_id = ?)"""
VISIBLE = f"""({_MEMBER} OR NOT EXISTS
    (SELECT 1 FROM job_member m WHERE m.company_id = j.company_id AND m.job_id = j.id))"""


async def by_id(
    company_id: UUID, job_id: UUID, *, visible_to: UUID | None = None, merged: bool = False
) -> Job | None:
    """Return the job; with `visible_to` only if this worker is a member or nobody is.

    One that was merged into another is found only with `merged`.
    """
    found = [job for job in await _by_ids(company_id, [job_id]) if merged or job.state is not JobState.MERGED]
    if not found or visible_to is None:
        return found[0] if found else None
    statement = f"SELECT j.id FROM job j WHERE j.company_id = ? AND j.id = ? AND {VISIBLE}"
    return found[0] if await sql.rows(statement, company_id, job_id, visible_to) else None


async def current(company_id: UUID, job_id: UUID) -> Job | None:
    """Return the job, or the one it was merged into; merging keeps every way to it one step long."""
    job = await by_id(company_id, job_id, merged=True)
    return await by_id(company_id, job.merged_into_id) if job and job.merged_into_id else job


async def hold(company_id: UUID, job_id: UUID) -> None:
    """Keep the job from being merged or deleted until the unit ends; others may hold it, too."""
    if sql.dialect() == "postgres":
        statement = "SELECT id FROM job WHERE company_id = ? AND id = ? FOR KEY SHARE"
        await sql.rows(statement, company_id, job_id)


async def held(company_id: UUID, job_id: UUID) -> UUID:
    """Hold a job, or the one it has been merged into meanwhile, until the unit ends; returns which it is."""
    await hold(company_id, job_id)
    now = await current(company_id, job_id)
    return job_id if now is None or now.id == job_id else await held(company_id, now.id)


async def by_ids(company_id: UUID, ids: Sequence[UUID], *, visible_to: UUID | None = None) -> list[Job]:
    """Return these jobs in the order asked; with `visible_to` only those this worker may see."""
    if not ids or visible_to is None:
        return await _by_ids(company_id, ids)
    marks = ", ".join("?" for _ in ids)
    statement = f"SELECT j.id FROM job j WHERE j.company_id = ? AND j.id IN ({marks}) AND {VISIBLE}"
    seen = {UUID(str(row["id"])) for row in await sql.rows(statement, company_id, *ids, visible_to)}
    return await _by_ids(company_id, [one for one in ids if one in seen])


async def by_number(company_id: UUID, number: str) -> Job | None:
    row = await JobRow.filter(company_id=company_id, number=number).select_related("customer").first()
    return _job(row) if row else None


async def titles(company_id: UUID, job_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return "2026-118 · Bad Müller" for each of these jobs."""
    rows = await JobRow.filter(company_id=company_id, id__in=list(job_ids)).values_list(
        "id", "number", "title"
    )
    return {job_id: f"{number} · {title}" for job_id, number, title in rows}


async def search(
    company_id: UUID,
    *,
    text: str = "",
    states: Collection[JobState] = OPEN,
    visible_to: UUID | None = None,
    member_id: UUID | None = None,
    customer_id: UUID | None = None,
    before: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[Job]:
    """Return jobs, newest first, that hold every word of `text` in number, title, address or customer.

    `visible_to`: only what this worker may see; `member_id`: only what this person is a member of.
    """
    where, values = ["j.company_id = ?"], [company_id]  # type: tuple[list[str], list[object]]
    where.append(f"j.state IN ({', '.join('?' for _ in states)})")
    values += [state.value for state in states]
    for person, rule in ((visible_to, VISIBLE), (member_id, _MEMBER), (customer_id, "j.customer_id = ?")):
        if person is not None:
            where.append(rule)
            values.append(person)
    for term in terms(text):
        where.append(r"j.search_text LIKE ? ESCAPE '\'")
        values.append(f"%{sql.like_escape(term)}%")
    if before and (last := parse_id(before)):
        where.append("j.id < ?")
        values.append(last)
    statement = f"SELECT j.id FROM job j WHERE {' AND '.join(where)} ORDER BY j.id DESC LIMIT {limit + 1:d}"
    ids = [UUID(str(row["id"])) for row in await sql.rows(statement, *values)]
    return cut(await _by_ids(company_id, ids), limit, lambda job: str(job.id))


async def last_used(company_id: UUID, user_id: UUID, *, limit: int = 3) -> list[Job]:
    """Return the open jobs this person last took photos for, the latest first."""
    states = ", ".join(f"'{state.value}'" for state in OPEN)
    statement = f"""SELECT p.job_id AS id FROM photo p JOIN job j ON j.id = p.job_id AND j.company_id = p.company_id
        WHERE p.company_id = ? AND p.author_id = ? AND j.state IN ({states}) AND {VISIBLE}
        GROUP BY p.job_id ORDER BY MAX(p.received_at) DESC LIMIT {limit:d}"""
    found = await sql.rows(statement, company_id, user_id, user_id)
    return await _by_ids(company_id, [UUID(str(row["id"])) for row in found])


async def badges(company_id: UUID, job_ids: Sequence[UUID]) -> dict[UUID, Badge]:
    """Return what waits in each of these jobs, and its newest photo, in three statements."""
    found = {job_id: Badge() for job_id in job_ids}
    if not job_ids:
        return found
    marks = ", ".join("?" for _ in job_ids)
    photos = f"""SELECT job_id, SUM(CASE WHEN review = 'new' AND state = 'stored' THEN 1 ELSE 0 END) AS fresh
        FROM photo WHERE company_id = ? AND job_id IN ({marks}) AND deleted_at IS NULL GROUP BY job_id"""
    newest = f"""SELECT job_id, id FROM (SELECT job_id, id, ROW_NUMBER() OVER
            (PARTITION BY job_id ORDER BY captured_at DESC, id DESC) AS place
            FROM photo WHERE company_id = ? AND job_id IN ({marks}) AND state = 'stored' AND medium <> 'audio'
                AND deleted_at IS NULL) AS ranked WHERE place = 1"""
    questions = f"""SELECT job_id,
            SUM(CASE WHEN state = 'answered' AND seen_by_office_at IS NULL THEN 1 ELSE 0 END) AS answers,
            SUM(CASE WHEN state NOT IN ('answered', 'withdrawn', 'draft') THEN 1 ELSE 0 END) AS waiting
        FROM question WHERE company_id = ? AND job_id IN ({marks}) GROUP BY job_id"""
    for row in await sql.rows(photos, company_id, *job_ids):
        key = UUID(str(row["job_id"]))
        found[key] = replace(found[key], photos=int(row["fresh"]))
    for row in await sql.rows(newest, company_id, *job_ids):
        key = UUID(str(row["job_id"]))
        found[key] = replace(found[key], newest_photo_id=UUID(str(row["id"])))
    for row in await sql.rows(questions, company_id, *job_ids):
        key = UUID(str(row["job_id"]))
        found[key] = replace(found[key], answers=int(row["answers"]), open_questions=int(row["waiting"]))
    return found


async def members_of(company_id: UUID, job_id: UUID) -> list[User]:
    """Return the people of a job by name."""
    rows = await JobMemberRow.filter(company_id=company_id, job_id=job_id).select_related("user")
    people = [user_of(row.user) for row in rows]
    return sorted(people, key=lambda user: (user.name, user.id))


async def numbers_of_year(company_id: UUID, year: int) -> list[str]:
    """Return the numbers that begin with the year, for finding the next free one."""
    return [
        str(number)
        for number in await JobRow.filter(company_id=company_id, number__startswith=f"{year}-").values_list(
            "number", flat=True
        )
    ]


async def insert_job(company_id: UUID, job: Job) -> None:
    values = asdict(job)
    del values["customer_name"]
    await JobRow.create(**values | {"company_id": company_id, "search_text": _words(job)})


async def set_draft(company_id: UUID, job: Job, draft: JobDraft, *, at: datetime) -> None:
    """Write what can be typed; the folded text follows by `set_search_text`."""
    await JobRow.filter(id=job.id, company_id=company_id).update(
        changed_at=at, rev=job.rev + 1, **asdict(draft)
    )


async def set_state(company_id: UUID, job: Job, state: JobState, *, at: datetime) -> bool:
    """Move the job from the state it was read in; False when somebody was faster."""
    archived_at = at if state is JobState.ARCHIVED else None
    return bool(
        await JobRow.filter(id=job.id, company_id=company_id, state=job.state).update(
            state=state, archived_at=archived_at, changed_at=at, rev=job.rev + 1
        )
    )


async def set_members(company_id: UUID, job_id: UUID, user_ids: Collection[UUID]) -> None:
    """Make exactly these people the job's members."""
    present = set(
        await JobMemberRow.filter(company_id=company_id, job_id=job_id).values_list("user_id", flat=True)
    )
    wanted = set(user_ids)
    if gone := present - wanted:
        await JobMemberRow.filter(company_id=company_id, job_id=job_id, user_id__in=list(gone)).delete()
    await JobMemberRow.bulk_create(
        [
            JobMemberRow(id=new_id(), company_id=company_id, job_id=job_id, user_id=user_id)
            for user_id in sorted(wanted - present)
        ]
    )


async def set_search_text(
    company_id: UUID, *, job_id: UUID | None = None, customer_id: UUID | None = None
) -> None:
    """Fold anew what one job, or every job of a renamed customer, is found by."""
    query = JobRow.filter(company_id=company_id).select_related("customer")
    query = query.filter(id=job_id) if job_id else query.filter(customer_id=customer_id)
    for row in await query:
        await JobRow.filter(id=row.id, company_id=company_id).update(search_text=_words(_job(row)))


async def _by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Job]:
    """Return the jobs in the order of `ids`."""
    if not ids:
        return []
    rows = await JobRow.filter(company_id=company_id, id__in=list(ids)).select_related("customer")
    found = {row.id: _job(row) for row in rows}
    return [found[job_id] for job_id in ids if job_id in found]


def _words(job: Job) -> str:
    return folded(job.number, job.title, job.street, f"{job.postcode} {job.city}", job.customer_name)


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        company_id=row.company_id,
        number=row.number,
        title=row.title,
        customer_id=row.customer_id,
        customer_name=row.customer.name if row.customer else "",
        contact_id=row.contact_id,
        street=row.street,
        postcode=row.postcode,
        city=row.city,
        state=JobState(row.state),
        created_by_id=row.created_by_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
        archived_at=row.archived_at,
        rev=row.rev,
        merged_into_id=row.merged_into_id,
    )
