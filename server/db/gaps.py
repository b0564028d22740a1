"""Gaps in a channel, and the conversations they may have torn a hole in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.reviews import moment
from server.db.tables import InboxEventRow
from server.domain.gaps import Hole, cause_of
from server.domain.identities import Identity, IdentityKind

GAP = "gap"
LIMIT = 200
_USED = """
SELECT account_id, MIN(at) AS first_at FROM message
WHERE company_id = ? AND conversation_id = ? AND account_id IS NOT NULL GROUP BY account_id"""
_THREADS = """
SELECT m.conversation_id, MIN(m.at) AS first_at, MAX(m.at) AS last_at, MAX(ct.name) AS name, MAX(m.profile_name) AS called
FROM message m JOIN conversation c ON c.id = m.conversation_id LEFT JOIN contact ct ON ct.id = c.contact_id
WHERE m.company_id = ? AND m.account_id = ? AND c.state <> 'spam'
GROUP BY m.conversation_id ORDER BY MAX(m.at) DESC, m.conversation_id LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Told:
    """A gap as it was told: `asked` says by conversation who asked after it and when; `sender` () = it is about everybody."""

    hole: Hole
    sender: tuple[Identity, ...]
    asked: dict[UUID, tuple[UUID, datetime]]


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation that uses an account since `first_at`."""

    conversation_id: UUID
    name: str
    first_at: datetime
    last_at: datetime


async def of_accounts(
    company_id: UUID,
    accounts: dict[UUID, str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = LIMIT,
) -> list[Told]:
    """Return what these accounts (id → kind) told of gaps, newest first, narrowed to when it was learnt."""
    rows = InboxEventRow.filter(company_id=company_id, account_id__in=list(accounts), state=GAP)
    if since:
        rows = rows.filter(received_at__gte=since)
    if until:
        rows = rows.filter(received_at__lt=until)
    found = await rows.order_by("-received_at", "-id").limit(limit)
    return [_told(row, accounts[row.account_id]) for row in found]


async def used(company_id: UUID, conversation_id: UUID) -> dict[UUID, datetime]:
    """Return the accounts a conversation goes by, each with its first message there."""
    found = await sql.rows(_USED, company_id, conversation_id)
    return {UUID(str(row["account_id"])): moment(row["first_at"]) for row in found}


async def threads(company_id: UUID, account_id: UUID, *, limit: int = LIMIT) -> list[Thread]:
    """Return the conversations that go by an account, the one spoken in last first."""
    found = await sql.rows(_THREADS, company_id, account_id, limit)
    return [
        Thread(
            UUID(str(row["conversation_id"])),
            row["name"] or row["called"] or "",
            moment(row["first_at"]),
            moment(row["last_at"]),
        )
        for row in found
    ]


async def set_asked(
    company_id: UUID, gap_ids: Sequence[UUID], conversation_id: UUID, *, by: UUID | None, at: datetime
) -> int:
    """Note that somebody has asked after these gaps in a conversation; returns how many were still open there."""
    noted = 0
    for gap_id in sorted(gap_ids):
        await sql.lock("inbox_event", company_id, gap_id)
        row = await InboxEventRow.get_or_none(company_id=company_id, id=gap_id, state=GAP)
        payload = dict(row.payload or {}) if row else {}
        asked = payload.get("asked")
        asked = dict(asked) if isinstance(asked, dict) else {}
        if row is None or str(conversation_id) in asked:
            continue
        asked[str(conversation_id)] = {"by": str(by or ""), "at": at.isoformat()}
        only = InboxEventRow.filter(company_id=company_id, id=gap_id)
        await only.update(payload={**payload, "asked": asked})
        noted += 1
    return noted


def _told(row: InboxEventRow, channel: str) -> Told:
    told = row.payload or {}
    since, until = (datetime.fromisoformat(str(told[name])) for name in ("since", "until"))
    cause = cause_of(since, until, str(told.get("detail", "")))
    sender, asked = told.get("sender"), told.get("asked")
    return Told(
        Hole((row.id,), row.account_id, channel, since, until, cause),
        tuple(
            Identity(IdentityKind(kind), value)
            for kind, value in (sender if isinstance(sender, list) else [])
        ),
        {
            UUID(thread): (UUID(one["by"]) if one["by"] else UUID(int=0), datetime.fromisoformat(one["at"]))
            for thread, one in (asked.items() if isinstance(asked, dict) else ())
        },
    )
