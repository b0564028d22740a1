"""Calls beside their notes, and whom to call again."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from server.db import sql
from server.db.reviews import moment
from server.db.tables import CallRow
from server.domain.calls import Call, Direction, Outcome, Recall

_COLUMNS = (
    "id",
    "company_id",
    "note_id",
    "contact_id",
    "question_id",
    "user_id",
    "direction",
    "outcome",
    "answer_choice",
    "again_on",
    "settled_at",
    "created_at",
)
# The number: the person's own, else that of the job's contact.
_RECALLS = f"""SELECT {", ".join(f"c.{name}" for name in _COLUMNS)}, n.text, n.job_id, j.number, j.title,
        COALESCE(k.name, own.name, '') AS contact_name, COALESCE(k.phone, own.phone, '') AS phone,
        COALESCE(u.name, '') AS author_name
    FROM call_note c JOIN note n ON n.id = c.note_id
    LEFT JOIN job j ON j.id = n.job_id
    LEFT JOIN contact k ON k.id = c.contact_id
    LEFT JOIN contact own ON own.id = j.contact_id AND c.contact_id IS NULL
    LEFT JOIN user_account u ON u.id = c.user_id
    WHERE c.company_id = ? AND c.settled_at IS NULL AND c.again_on IS NOT NULL"""


async def by_id(company_id: UUID, call_id: UUID) -> Call | None:
    found = await _read({"company_id": company_id, "id": call_id})
    return found[0] if found else None


async def of_notes(company_id: UUID, note_ids: Sequence[UUID]) -> dict[UUID, Call]:
    """Return what is known of the calls these notes are about, by note."""
    found = await _read({"company_id": company_id, "note_id__in": list(note_ids)}) if note_ids else []
    return {call.note_id: call for call in found}


async def recalls(
    company_id: UUID, *, user_id: UUID | None = None, until: date | None = None, limit: int = 200
) -> list[Recall]:
    """Return who is to be called again, the longest due first; of one person's calls or of all."""
    rule, values = _narrowed(user_id, until)
    found = await sql.rows(
        f"{_RECALLS}{rule} ORDER BY c.again_on, c.created_at, c.id LIMIT {limit:d}", company_id, *values
    )
    return [_recall(row) for row in found]


async def due(company_id: UUID, *, user_id: UUID | None = None, until: date) -> int:
    """Return how many calls are due up to this day, of one person's or of all."""
    rule, values = _narrowed(user_id, until)
    found = await sql.rows(
        "SELECT COUNT(*) AS number FROM call_note c WHERE c.company_id = ? AND c.settled_at IS NULL"
        f" AND c.again_on IS NOT NULL{rule}",
        company_id,
        *values,
    )
    return int(found[0]["number"])


async def unreminded(company_id: UUID, day: date) -> dict[UUID, int]:
    """Return the people with calls due on this day who were not reminded of all of them yet, and how many are due."""
    found = await sql.rows(
        """SELECT user_id, COUNT(*) AS number FROM call_note WHERE company_id = ? AND settled_at IS NULL
            AND again_on <= ? AND user_id IS NOT NULL GROUP BY user_id
            HAVING SUM(CASE WHEN reminded_on IS NULL OR reminded_on < ? THEN 1 ELSE 0 END) > 0""",
        company_id,
        day,
        day,
    )
    return {UUID(str(row["user_id"])): int(row["number"]) for row in found}


async def set_reminded(company_id: UUID, user_id: UUID, day: date) -> bool:
    """Note that this person is reminded of what is due on this day; False means somebody else did it."""
    rows = CallRow.filter(company_id=company_id, user_id=user_id, settled_at=None, again_on__lte=day)
    new = await rows.filter(reminded_on=None).update(reminded_on=day)
    return bool(new + await rows.filter(reminded_on__lt=day).update(reminded_on=day))


async def set_note(company_id: UUID, note_id: UUID, after_id: UUID) -> UUID | None:
    """Let a call follow its corrected note; returns the call, None when the note is about none."""
    found = await CallRow.filter(company_id=company_id, note_id=note_id).values_list("id", flat=True)
    await CallRow.filter(company_id=company_id, note_id=note_id).update(note_id=after_id)
    return UUID(str(found[0])) if found else None


async def set_open(company_id: UUID, call_id: UUID, **changes: Any) -> bool:
    """Change a call that is to be made again; False means that it is settled already."""
    row = CallRow.filter(company_id=company_id, id=call_id, settled_at=None, again_on__not_isnull=True)
    return bool(await row.update(**changes))


async def set_overtaken(
    company_id: UUID, call: Call, *, called_at: datetime, job_id: UUID | None, by: UUID | None, at: datetime
) -> int:
    """Settle what a newer call made moot: earlier ones to the same person, or about the same job to nobody known.

    What is told late settles nothing that was agreed on after it.
    """
    rows = CallRow.filter(company_id=company_id, settled_at=None, again_on__not_isnull=True).exclude(
        id=call.id
    )
    rows = rows.filter(note__captured_at__lte=called_at)
    if call.contact_id:
        rows = rows.filter(contact_id=call.contact_id)
    elif job_id:
        rows = rows.filter(contact_id=None, note__job_id=job_id)
    else:
        return 0
    ids = [UUID(str(one)) for one in await rows.values_list("id", flat=True)]
    return await CallRow.filter(company_id=company_id, id__in=ids).update(settled_at=at, settled_by_id=by)


async def insert_call(company_id: UUID, call: Call) -> None:
    """Write down what is known of a call."""
    await CallRow.create(
        id=call.id,
        company_id=company_id,
        note_id=call.note_id,
        contact_id=call.contact_id,
        question_id=call.question_id,
        user_id=call.user_id,
        direction=call.direction,
        outcome=call.outcome,
        answer_choice=call.answer_choice,
        again_on=call.again_on,
        created_at=call.created_at,
    )


def _narrowed(user_id: UUID | None, until: date | None) -> tuple[str, list[object]]:
    rule, values = "", list[object]()
    if user_id:
        rule, values = f"{rule} AND c.user_id = ?", [*values, user_id]
    if until:
        rule, values = f"{rule} AND c.again_on <= ?", [*values, until]
    return rule, values


async def _read(only: Mapping[str, object]) -> list[Call]:
    rows = await CallRow.filter(**only).values(*_COLUMNS, contact_name="contact__name")
    return [_call(row, contact_name=row["contact_name"] or "") for row in rows]


def _recall(row: Mapping[str, Any]) -> Recall:
    return Recall(
        call=_call(row, contact_name=row["contact_name"]),
        text=row["text"],
        author_name=row["author_name"],
        job_id=_id(row["job_id"]),
        job_name=" · ".join(part for part in (row["number"], row["title"]) if part),
        contact_name=row["contact_name"],
        phone=row["phone"],
    )


def _call(row: Mapping[str, Any], *, contact_name: str) -> Call:
    again_on, settled_at = row["again_on"], row["settled_at"]
    return Call(
        id=UUID(str(row["id"])),
        company_id=UUID(str(row["company_id"])),
        note_id=UUID(str(row["note_id"])),
        contact_id=_id(row["contact_id"]),
        question_id=_id(row["question_id"]),
        user_id=_id(row["user_id"]),
        direction=Direction(row["direction"]),
        outcome=Outcome(row["outcome"]),
        answer_choice=row["answer_choice"],
        again_on=date.fromisoformat(again_on) if isinstance(again_on, str) else again_on,
        settled_at=moment(settled_at) if settled_at else None,
        created_at=moment(row["created_at"]),
        contact_name=contact_name,
    )


def _id(value: object) -> UUID | None:
    return UUID(str(value)) if value else None
