"""What waits at the office's desk, and the verdicts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from server.db import photos, sql
from server.db.tables import PhotoRow
from server.domain.photos import Photo
from server.domain.reviews import Arrival, Homeless, Verdict, Waiting

SHOWN_AT_MOST = 300
# What can be decided about, and what is still on its way: the desk sees both, and which is which.
_NEW = "p.company_id = ? AND p.review = 'new' AND p.deleted_at IS NULL"
_HERE = """SUM(CASE WHEN p.state = 'stored' THEN 1 ELSE 0 END) AS photos,
    SUM(CASE WHEN p.state = 'announced' THEN 1 ELSE 0 END) AS following,
    SUM(CASE WHEN p.late THEN 1 ELSE 0 END) AS late"""
_AUTHOR = """COALESCE(u.name, c.name, '') AS author FROM photo p
    LEFT JOIN user_account u ON u.id = p.author_id LEFT JOIN contact c ON c.id = p.contact_id"""


async def set_verdict(
    company_id: UUID, photo: Photo, verdict: Verdict, *, note: str, by: UUID | None, at: datetime
) -> bool:
    """Write a verdict if nobody changed the photo since it was read."""
    changed = await PhotoRow.filter(
        company_id=company_id, id=photo.id, rev=photo.rev, deleted_at=None
    ).update(review=verdict, review_note=note, reviewed_at=at, reviewed_by_id=by, rev=photo.rev + 1)
    return bool(changed)


async def arrivals(company_id: UUID, *, limit: int = 200) -> list[Arrival]:
    """Return the jobs with new photos, the latest arrival first, in two statements."""
    jobs = await sql.rows(
        f"""SELECT p.job_id, j.number, j.title, {_HERE}, MAX(p.received_at) AS newest
        FROM photo p JOIN job j ON j.id = p.job_id WHERE {_NEW}
        GROUP BY p.job_id, j.number, j.title ORDER BY newest DESC, p.job_id LIMIT {limit:d}""",
        company_id,
    )
    people = await sql.rows(
        f"SELECT DISTINCT p.job_id, {_AUTHOR} WHERE {_NEW} AND p.job_id IS NOT NULL ORDER BY author",
        company_id,
    )
    authors: dict[str, list[str]] = {}
    for row in people:
        authors.setdefault(str(row["job_id"]), []).append(row["author"])
    return [
        Arrival(
            job_id=UUID(str(row["job_id"])),
            number=row["number"],
            title=row["title"],
            photos=int(row["photos"]),
            following=int(row["following"]),
            late=int(row["late"]),
            authors=tuple(authors.get(str(row["job_id"]), ())),
            newest_at=moment(row["newest"]),
        )
        for row in jobs
    ]


async def homeless(company_id: UUID) -> Homeless:
    """Return what is known of the new photos and the notes without a job, in two statements."""
    found = await sql.rows(
        f"SELECT p.job_hint AS hint, {_HERE}, {_AUTHOR} WHERE {_NEW} AND p.job_id IS NULL"
        " GROUP BY p.job_hint, author ORDER BY photos DESC, hint, author",
        company_id,
    )
    written = await sql.rows(
        "SELECT COUNT(*) AS notes FROM note WHERE company_id = ? AND job_id IS NULL AND current", company_id
    )
    return Homeless(
        photos=sum(int(row["photos"]) for row in found),
        following=sum(int(row["following"]) for row in found),
        authors=tuple(dict.fromkeys(row["author"] for row in found)),
        notes=int(written[0]["notes"]),
        hints=tuple(dict.fromkeys(row["hint"] for row in found if row["hint"])),
    )


async def waiting(company_id: UUID) -> Waiting:
    """Return what waits among the questions, in one statement."""
    answers = "state IN ('sent', 'delivered', 'read', 'handed_off')"
    found = await sql.rows(
        f"""SELECT SUM(CASE WHEN {answers} THEN 1 ELSE 0 END) AS answers,
            MIN(CASE WHEN {answers} THEN COALESCE(sent_at, created_at) END) AS oldest,
            SUM(CASE WHEN state = 'waiting_release' THEN 1 ELSE 0 END) AS unreleased,
            SUM(CASE WHEN state IN ('unclear', 'failed', 'blocked') THEN 1 ELSE 0 END) AS unclear
        FROM question WHERE company_id = ?""",
        company_id,
    )
    row = found[0]
    oldest = moment(row["oldest"]) if row["oldest"] else None
    return Waiting(int(row["answers"] or 0), oldest, int(row["unreleased"] or 0), int(row["unclear"] or 0))


async def on_desk(company_id: UUID, job_id: UUID | None, *, since: datetime) -> list[Photo]:
    """Return a job's photos (None: those without one) that are new or were decided after `since`, oldest first.

    Those whose original is still on a phone are among them: thumb and preview are here.
    """
    place, values = ("p.job_id = ?", [job_id]) if job_id else ("p.job_id IS NULL", [])
    found = await sql.rows(
        f"""SELECT p.id FROM photo p WHERE p.company_id = ? AND {place} AND p.deleted_at IS NULL
        AND (p.review = 'new' OR p.reviewed_at >= ?) ORDER BY p.captured_at, p.id LIMIT {SHOWN_AT_MOST}""",
        company_id,
        *values,
        since,
    )
    return await photos.by_ids(company_id, [UUID(str(row["id"])) for row in found])


def moment(value: Any) -> datetime:
    """Return a moment read by a statement of ours: SQLite gives text."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(str(value))
