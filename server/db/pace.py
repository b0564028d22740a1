"""How far ahead an account has used its pace: one row for the whole, one for each person; all workers share them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from server.db.sql import rows
from server.db.tables import PaceRow
from server.domain.pace import Rate
from server.ids import new_id

WHOLE = ""
_TAKE = """INSERT INTO pace (id, company_id, account_id, about, ahead_until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (company_id, account_id, about) DO UPDATE
    SET ahead_until = CASE WHEN pace.ahead_until > ? THEN pace.ahead_until ELSE ? END + ?
    WHERE pace.ahead_until <= ? RETURNING ahead_until"""


async def ahead(company_id: UUID, account_id: UUID, abouts: Sequence[str]) -> Mapping[str, float]:
    """Return the buckets' states, 0 for one that was never used."""
    marks = ", ".join("?" * len(abouts))
    statement = (
        f"SELECT about, ahead_until FROM pace WHERE company_id = ? AND account_id = ? AND about IN ({marks})"
    )
    known = {
        row["about"]: row["ahead_until"] for row in await rows(statement, company_id, account_id, *abouts)
    }
    return {about: float(known.get(about, 0.0)) for about in abouts}


async def take(company_id: UUID, account_id: UUID, about: str, rate: Rate, at: float) -> bool:
    """Use one call of a bucket if it has one; nobody else uses it until the unit ends.

    One statement, the rule of `server/domain/pace.py:taken` in SQL, so that two workers never take the same call.
    """
    values = (at + rate.gap_s, at, at, rate.gap_s, at + rate.slack_s)
    return bool(await rows(_TAKE, new_id(), company_id, account_id, about, *values))


async def every_old(*, before: float) -> None:
    """Forget buckets that are long full again."""
    await PaceRow.filter(ahead_until__lt=before).delete()
