"""The logbook in the database: appended under a lock of the company's chain head, never changed."""

import json
from collections.abc import Sequence
from uuid import UUID

from server.db.sql import dialect, execute, insert, rows
from server.db.tables import JobRow, LogbookRow
from server.domain.logbook import FIRST, Entry, Line, canonical, link_hash
from server.domain.paging import Page, cut
from server.ids import new_id

SEQ_DIGITS = 18
"""More than fit a database's integer are no place in the chain."""
JOINED_MAX = 20

_READ_HEAD = "SELECT seq, hash FROM logbook_head WHERE company_id = ?"
_HEAD = {"sqlite": _READ_HEAD, "postgres": f"{_READ_HEAD} FOR UPDATE"}
_FORGED = "UPDATE logbook_head SET seq = ?, hash = ? WHERE company_id = ?"


async def insert_entry(company_id: UUID, entry: Entry) -> Line:
    """Append the entry to the company's chain; must run inside the unit of work it reports."""
    assert entry.company_id == company_id, "an entry belongs to its company's chain"
    found = await rows(_HEAD[dialect()], company_id)
    seq, prev_hash = (found[0]["seq"] + 1, found[0]["hash"]) if found else (1, FIRST)
    text = canonical(entry.data)
    line = Line(new_id(), seq, entry, prev_hash, link_hash(prev_hash, seq, entry, text))
    await insert(
        "logbook",
        id=line.id,
        company_id=company_id,
        seq=seq,
        at=entry.at,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        verb=entry.verb,
        subject_kind=entry.subject_kind,
        subject_id=entry.subject_id,
        job_id=entry.job_id,
        data=text,
        prev_hash=prev_hash,
        hash=line.hash,
    )
    if found:
        await execute(_FORGED, seq, line.hash, company_id)
    else:
        await insert("logbook_head", id=company_id, company_id=company_id, seq=seq, hash=line.hash)
    return line


async def of_job(company_id: UUID, job_id: UUID, *, before: str | None = None, limit: int = 50) -> Page[Line]:
    """Return the lines of the job and of those that were merged into it, newest first."""
    merged = await JobRow.filter(company_id=company_id, merged_into_id=job_id).values_list("id", flat=True)
    return await _page(company_id, {"job_id__in": [job_id, *merged]}, before, limit)


async def of_subject(company_id: UUID, subject_id: UUID, *, limit: int = 50) -> Page[Line]:
    """Return the lines about one thing, newest first."""
    return await _page(company_id, {"subject_id": subject_id}, None, limit)


async def thread_after(company_id: UUID, conversation_id: UUID) -> UUID | None:
    """Return the thread that one which is no more has become part of, over several, None where nobody knows."""
    found: UUID | None = None
    for _ in range(JOINED_MAX):
        lines = LogbookRow.filter(
            company_id=company_id, subject_id=found or conversation_id, verb="conversation.joined"
        )
        line = await lines.order_by("-seq").first()
        if line is None:
            break
        found = UUID(json.loads(line.data)["into"])
    return found


async def of_company(
    company_id: UUID, *, noun: str = "", before: str | None = None, limit: int = 50
) -> Page[Line]:
    """Return the company's lines, newest first; `noun` keeps those whose verb begins with it ("photo")."""
    only: dict[str, object] = {"verb__startswith": f"{noun}."} if noun else {}
    return await _page(company_id, only, before, limit)


async def by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Line]:
    """Return these lines, newest first."""
    found = await LogbookRow.filter(company_id=company_id, id__in=list(ids)).order_by("-seq")
    return [_line(row) for row in found]


async def chain(company_id: UUID, *, after: int = 0, limit: int = 1000) -> list[Line]:
    """Return lines in the order of the chain, for checking it piece by piece."""
    found = await LogbookRow.filter(company_id=company_id, seq__gt=after).order_by("seq").limit(limit)
    return [_line(row) for row in found]


async def head(company_id: UUID) -> tuple[int, str]:
    """Return number and hash of the chain's last line; (0, FIRST) before the first one."""
    found = await rows(_READ_HEAD, company_id)
    return (found[0]["seq"], found[0]["hash"]) if found else (0, FIRST)


async def _page(company_id: UUID, only: dict[str, object], before: str | None, limit: int) -> Page[Line]:
    query = LogbookRow.filter(company_id=company_id, **only)
    if before and before.isdecimal() and len(before) <= SEQ_DIGITS:
        query = query.filter(seq__lt=int(before))
    found = await query.order_by("-seq").limit(limit + 1)
    return cut([_line(row) for row in found], limit, lambda line: str(line.seq))


def _line(row: LogbookRow) -> Line:
    entry = Entry(
        company_id=row.company_id,
        verb=row.verb,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        at=row.at,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        job_id=row.job_id,
        data=json.loads(row.data),
    )
    return Line(row.id, row.seq, entry, row.prev_hash, row.hash)
