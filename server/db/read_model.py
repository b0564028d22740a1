"""What a phone keeps for the time without network: the jobs its user may see, in a few statements whatever their number."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID

from server.db import sql
from server.domain.jobs import OPEN

JOBS_MAX = 200
PHOTOS_PER_JOB = 12
RETAKES_MAX = 100
UNSORTED_MAX, BEFORES_MAX = 200, 100
PLACES_PER_JOB = 25

_JOBS = """SELECT j.id, j.number, j.title, j.street, j.city, j.state, j.rev, j.sticker,
        COALESCE(c.name, '') AS customer, k.id AS contact_id, k.name AS contact_name, k.phone AS contact_phone,
        CASE WHEN mine.id IS NULL THEN 0 ELSE 1 END AS mine
    FROM job j
    LEFT JOIN customer c ON c.company_id = j.company_id AND c.id = j.customer_id
    LEFT JOIN contact k ON k.company_id = j.company_id AND k.id = j.contact_id
    LEFT JOIN job_member mine ON mine.company_id = j.company_id AND mine.job_id = j.id AND mine.user_id = ?
    WHERE j.company_id = ? AND j.state IN ({states}) {visible}
    ORDER BY mine DESC, j.id DESC LIMIT {limit}"""
_VISIBLE = """AND (mine.id IS NOT NULL OR NOT EXISTS
    (SELECT 1 FROM job_member m WHERE m.company_id = j.company_id AND m.job_id = j.id))"""
_PHOTOS = """SELECT id, job_id, captured_at, phase, caption, review, review_note, medium, decode FROM (
        SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.job_id ORDER BY p.id DESC) AS place
        FROM photo p WHERE p.company_id = ? AND p.job_id IN ({jobs}) AND p.deleted_at IS NULL) newest
    WHERE place <= {limit} ORDER BY id DESC"""
# Who photographed there again since has done what was asked; the office decides about the rest.
_RETAKES = """SELECT p.id, p.job_id, p.review_note FROM photo p
    WHERE p.company_id = ? AND p.author_id = ? AND p.review = 'retake' AND p.deleted_at IS NULL AND NOT EXISTS
        (SELECT 1 FROM photo n WHERE n.company_id = p.company_id AND n.job_id = p.job_id
            AND n.author_id = p.author_id AND n.captured_at > p.reviewed_at)
    ORDER BY p.id DESC LIMIT {limit}"""

_PLACES = """SELECT job_id, position FROM (
        SELECT p.job_id, p.position, ROW_NUMBER() OVER (PARTITION BY p.job_id ORDER BY p.id DESC) AS place
        FROM photo p WHERE p.company_id = ? AND p.job_id IN ({jobs}) AND p.position IS NOT NULL
            AND p.deleted_at IS NULL) newest
    WHERE place <= {limit}"""
_LOOSE = """SELECT p.id, p.job_id, p.captured_at, p.medium, p.caption, p.decode FROM photo p
    WHERE p.company_id = ? AND p.deleted_at IS NULL AND {rule} ORDER BY p.id DESC LIMIT {limit}"""
_NO_AFTER = """p.phase = 'before' AND p.medium = 'image' AND p.job_id IN ({jobs}) AND NOT EXISTS
    (SELECT 1 FROM photo n WHERE n.company_id = p.company_id AND n.job_id = p.job_id AND n.pair_of_id = p.id
        AND n.deleted_at IS NULL)"""


@dataclass(frozen=True, slots=True)
class JobLine:
    id: UUID
    number: str
    title: str
    customer: str
    street: str
    city: str
    state: str
    rev: int
    mine: bool
    sticker: str | None
    contact: tuple[UUID, str, str] | None


@dataclass(frozen=True, slots=True)
class PhotoLine:
    id: UUID
    job_id: UUID
    captured_at: datetime
    phase: str
    caption: str
    review: str
    review_note: str
    medium: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class LooseLine:
    """A photo that something is still to be done about: filed, or taken again from the same place.

    `drawn`: whether there is a thumb of it, or will be.
    """

    id: UUID
    job_id: UUID | None
    captured_at: datetime
    medium: str
    caption: str
    drawn: bool


@dataclass(frozen=True, slots=True)
class Retake:
    """A photo of one's own that the office wants again."""

    photo_id: UUID
    job_id: UUID | None
    note: str


async def jobs(company_id: UUID, user_id: UUID, *, all_jobs: bool) -> list[JobLine]:
    """Return the open jobs this person may see, his own first; with `all_jobs` membership hides nothing."""
    states = ", ".join(f"'{state}'" for state in OPEN)
    statement = _JOBS.format(states=states, visible="" if all_jobs else _VISIBLE, limit=JOBS_MAX)
    return [_job(row) for row in await sql.rows(statement, user_id, company_id)]


async def photos(company_id: UUID, job_ids: Sequence[UUID]) -> dict[UUID, list[PhotoLine]]:
    """Return the newest photos of each job."""
    found: dict[UUID, list[PhotoLine]] = {job_id: [] for job_id in job_ids}
    if job_ids:
        statement = _PHOTOS.format(jobs=", ".join("?" for _ in job_ids), limit=PHOTOS_PER_JOB)
        for row in await sql.rows(statement, company_id, *job_ids):
            photo = _photo(row)
            found[photo.job_id].append(photo)
    return found


async def retakes(company_id: UUID, user_id: UUID) -> list[Retake]:
    """Return this person's photos that the office wants again and that he has not taken again yet."""
    rows = await sql.rows(_RETAKES.format(limit=RETAKES_MAX), company_id, user_id)
    return [
        Retake(_id(row["id"]), _id(row["job_id"]) if row["job_id"] else None, row["review_note"])
        for row in rows
    ]


async def unsorted(company_id: UUID, user_id: UUID) -> list[LooseLine]:
    """Return this person's own photos without a job, newest first."""
    rule = "p.author_id = ? AND p.job_id IS NULL"
    return await _loose(_LOOSE.format(rule=rule, limit=UNSORTED_MAX), company_id, user_id)


async def befores(company_id: UUID, job_ids: Sequence[UUID]) -> list[LooseLine]:
    """Return the photos from before in these jobs that nobody has paired with one from after, newest first."""
    if not job_ids:
        return []
    rule = _NO_AFTER.format(jobs=", ".join("?" for _ in job_ids))
    return await _loose(_LOOSE.format(rule=rule, limit=BEFORES_MAX), company_id, *job_ids)


async def places(company_id: UUID, job_ids: Sequence[UUID]) -> dict[UUID, tuple[float, float]]:
    """Return where each job is in degrees: the median of its latest photos' positions, which one slip does not move."""
    found: dict[UUID, list[Mapping[str, float]]] = {}
    if job_ids:
        statement = _PLACES.format(jobs=", ".join("?" for _ in job_ids), limit=PLACES_PER_JOB)
        for row in await sql.rows(statement, company_id, *job_ids):
            position = json.loads(row["position"]) if isinstance(row["position"], str) else row["position"]
            if position:
                found.setdefault(_id(row["job_id"]), []).append(position)
    return {
        job_id: (median(one["lat"] for one in some), median(one["lon"] for one in some))
        for job_id, some in found.items()
    }


async def _loose(statement: str, *values: object) -> list[LooseLine]:
    return [
        LooseLine(
            _id(row["id"]),
            _id(row["job_id"]) if row["job_id"] else None,
            _moment(row["captured_at"]),
            row["medium"],
            row["caption"],
            _drawn(row),
        )
        for row in await sql.rows(statement, *values)
    ]


def _job(row: Mapping[str, Any]) -> JobLine:
    plain = {
        name: row[name]
        for name in ("number", "title", "customer", "street", "city", "state", "rev", "sticker")
    }
    contact = (
        (_id(row["contact_id"]), row["contact_name"], row["contact_phone"]) if row["contact_id"] else None
    )
    return JobLine(id=_id(row["id"]), mine=bool(row["mine"]), contact=contact, **plain)


def _photo(row: Mapping[str, Any]) -> PhotoLine:
    plain = {name: row[name] for name in ("phase", "caption", "review", "review_note", "medium")}
    captured_at = _moment(row["captured_at"])
    job_id = _id(row["job_id"])
    return PhotoLine(id=_id(row["id"]), job_id=job_id, captured_at=captured_at, drawn=_drawn(row), **plain)


def _drawn(row: Mapping[str, Any]) -> bool:
    """Whether a thumb is there or may come: of sound there is none, and of what cannot be drawn."""
    return bool(row["medium"] != "audio" and row["decode"] != "failed")


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _id(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
