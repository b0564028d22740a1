"""Attempts: each call of a message at its platform, when it left and how it ended."""

from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.tables import AttemptRow
from server.ids import new_id

_ENDED = "UPDATE attempt SET outcome = ?, detail = ?, finished_at = ? WHERE company_id = ? AND id = ?"


async def insert_attempt(company_id: UUID, message_id: UUID, *, at: datetime) -> UUID:
    """Write down that a call leaves now; returns the attempt's id."""
    attempt = new_id()
    await sql.insert(
        "attempt",
        id=attempt,
        company_id=company_id,
        message_id=message_id,
        started_at=at,
        outcome="",
        detail="",
    )
    return attempt


async def set_outcome(company_id: UUID, attempt_id: UUID, *, outcome: str, detail: str, at: datetime) -> None:
    await sql.execute(_ENDED, outcome, detail[:2000], at, company_id, attempt_id)


async def number_of(company_id: UUID, message_id: UUID) -> int:
    return int(await AttemptRow.filter(company_id=company_id, message_id=message_id).count())
