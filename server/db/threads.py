"""The list of conversations as the inbox shows it: one statement for the page, one for its labels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from server.db import conversations, jobs, sql
from server.db.jobs import VISIBLE
from server.db.reviews import moment
from server.domain.conversations import Conversation, ConversationState, Head, Shown
from server.domain.paging import Page, cut
from server.domain.search import terms

LIMIT = 40
_HEAD = """
SELECT c.id, c.company_id, c.person_key, c.contact_id, c.assignee_id, c.state, c.waiting_since, c.last_at,
  c.last_message_id, c.created_at, c.rev, ct.name AS contact_name, cu.name AS customer_name,
  m.text AS last_text, m.kind AS last_kind, m.channel AS last_channel, m.direction AS last_direction,
  m.state AS last_state, m.account_id AS last_account_id, m.profile_name, m.recipient, m.revoked_at, u.name AS assignee_name,
  j.id AS job_id, j.number AS job_number, j.title AS job_title
FROM conversation c
  LEFT JOIN message m ON m.id = c.last_message_id
  LEFT JOIN contact ct ON ct.id = c.contact_id
  LEFT JOIN customer cu ON cu.id = ct.customer_id
  LEFT JOIN user_account u ON u.id = c.assignee_id
  LEFT JOIN job j ON j.id = m.job_id
WHERE c.company_id = ?"""
_ONLY: Mapping[Shown, str] = {
    Shown.UNANSWERED: "c.waiting_since IS NOT NULL AND c.state <> 'spam'",
    Shown.MINE: "c.assignee_id = ? AND c.state <> 'spam'",
    Shown.ALL: "c.state <> 'spam' AND c.last_message_id IS NOT NULL",
    Shown.STRANGERS: "c.contact_id IS NULL AND c.state <> 'spam'",
    Shown.SPAM: "c.state = 'spam'",
}
# A worker sees whom he works for: the contact of a job of his, or somebody a message of such a job went to.
_JOBS = f"SELECT j.id FROM job j WHERE j.company_id = c.company_id AND {VISIBLE}"
_OF_WORKER = f"""(c.contact_id IN (SELECT j.contact_id FROM job j WHERE j.company_id = c.company_id AND {VISIBLE})
  OR EXISTS (SELECT 1 FROM message w WHERE w.company_id = c.company_id AND w.conversation_id = c.id
    AND w.job_id IN ({_JOBS})))"""
_NAME = r"""(cu.search_text LIKE ? ESCAPE '\' OR LOWER(ct.name) LIKE ? ESCAPE '\' OR LOWER(m.profile_name) LIKE ? ESCAPE '\'
  OR m.recipient LIKE ? ESCAPE '\'{})"""
_SAID = r""" OR EXISTS (SELECT 1 FROM message s WHERE s.company_id = c.company_id
    AND s.conversation_id = c.id AND LOWER(s.text) LIKE ? ESCAPE '\')"""
_LABELLED = """EXISTS (SELECT 1 FROM conversation_label l WHERE l.company_id = c.company_id
  AND l.conversation_id = c.id AND l.label_id = ?)"""


async def heads(
    company_id: UUID,
    *,
    shown: Shown = Shown.UNANSWERED,
    user_id: UUID | None = None,
    worker: UUID | None = None,
    label_id: UUID | None = None,
    text: str = "",
    before: str | None = None,
    limit: int = LIMIT,
) -> Page[Head]:
    """Return a page of conversations; unanswered ones the longest waiting first, all others the newest first.

    `worker` narrows to whom this worker works for; `text` to names, numbers and words that were said.
    """
    where, values = _narrowed(worker, label_id, text)
    where.insert(0, _ONLY[shown])
    values = [company_id, *([user_id] if shown is Shown.MINE else []), *values]
    oldest_first = shown is Shown.UNANSWERED
    key, sign, order = ("c.waiting_since", ">", "ASC") if oldest_first else ("c.last_at", "<", "DESC")
    last = await conversations.by_id(company_id, UUID(before)) if before else None
    at = last and (last.waiting_since if oldest_first else last.last_at)
    if last and at:
        where.append(f"({key} {sign} ? OR ({key} = ? AND c.id {sign} ?))")
        values += [at, at, last.id]
    rule = " AND ".join(where)
    found = await sql.rows(
        f"{_HEAD} AND {rule} ORDER BY {key} {order}, c.id {order} LIMIT {limit + 1:d}", *values
    )
    page = cut([_head(row) for row in found], limit, lambda one: str(one.conversation.id))
    if worker:
        return Page(await _seen_by(company_id, worker, page.items), page.next)
    return Page(await _labelled(company_id, page.items), page.next)


def _narrowed(worker: UUID | None, label_id: UUID | None, text: str) -> tuple[list[str], list[Any]]:
    """Return the conditions of a search, and their values in order."""
    where: list[str] = []
    values: list[Any] = []
    if worker:
        where.append(_OF_WORKER)
        values += [worker, worker]
    if label_id:
        where.append(_LABELLED)
        values.append(label_id)
    for typed, word in zip(text.casefold().split(), terms(text), strict=False):
        # A worker finds people only: a word that was said about another job is none of his.
        where.append(_NAME.format("" if worker else _SAID))
        literal = f"%{sql.like_escape(typed)}%"
        values += [f"%{sql.like_escape(word)}%", *[literal] * (3 if worker else 4)]
    return where, values


async def head(company_id: UUID, conversation_id: UUID, *, worker: UUID | None = None) -> Head | None:
    """Return one conversation; with `worker` only if he works for this person."""
    rule, values = "c.id = ?", [company_id, conversation_id]
    if worker:
        rule, values = f"{rule} AND c.state <> 'spam' AND {_OF_WORKER}", [*values, worker, worker]
    found = await sql.rows(f"{_HEAD} AND {rule}", *values)
    return (await _labelled(company_id, [_head(row) for row in found]))[0] if found else None


async def counts(company_id: UUID, user_id: UUID | None) -> dict[Shown, int]:
    """Return how many stand behind each list, in one statement; of `all` nobody needs the number."""
    counted = [one for one in Shown if one is not Shown.ALL]
    parts = [f"SUM(CASE WHEN {_ONLY[one]} THEN 1 ELSE 0 END) AS {one.value}" for one in counted]
    rule = "c.waiting_since IS NOT NULL OR c.assignee_id IS NOT NULL OR c.contact_id IS NULL"
    found = await sql.rows(
        f"SELECT {', '.join(parts)} FROM conversation c WHERE ({rule}) AND c.company_id = ?",
        user_id,
        company_id,
    )
    return {one: int(found[0][one.value] or 0) for one in counted}


async def _seen_by(company_id: UUID, worker: UUID, heads: Sequence[Head]) -> list[Head]:
    """Return the rows without words that were said about jobs this worker does not see."""
    named = sorted({one.job_id for one in heads if one.job_id})
    seen = {job.id for job in await jobs.by_ids(company_id, named, visible_to=worker)}
    return [
        one
        if one.job_id is None or one.job_id in seen
        else replace(
            one, last_text="", last_kind="", last_direction="", job_id=None, job_number="", job_title=""
        )
        for one in heads
    ]


async def _labelled(company_id: UUID, heads: Sequence[Head]) -> list[Head]:
    """Return the rows with the names of their labels."""
    names: dict[UUID, list[str]] = {one.conversation.id: [] for one in heads}
    if names:
        marks = ", ".join("?" for _ in names)
        found = await sql.rows(
            f"""SELECT l.conversation_id, label.name FROM conversation_label l JOIN label ON label.id = l.label_id
            WHERE l.company_id = ? AND l.conversation_id IN ({marks}) ORDER BY label.place, label.id""",
            company_id,
            *names,
        )
        for row in found:
            names[UUID(str(row["conversation_id"]))].append(str(row["name"]))
    return [replace(one, labels=tuple(names[one.conversation.id])) for one in heads]


def _head(row: Mapping[str, Any]) -> Head:
    stranger = row["contact_id"] is None
    return Head(
        conversation=_conversation(row),
        name=(row["profile_name"] or row["recipient"] or "") if stranger else (row["contact_name"] or ""),
        customer_name=row["customer_name"] or "",
        last_text="" if row["revoked_at"] else (row["last_text"] or ""),
        last_kind=row["last_kind"] or "",
        last_channel=row["last_channel"] or "",
        last_direction=row["last_direction"] or "",
        last_state=row["last_state"] or "",
        last_account_id=_id(row["last_account_id"]),
        assignee_name=row["assignee_name"] or "",
        job_id=_id(row["job_id"]),
        job_number=row["job_number"] or "",
        job_title=row["job_title"] or "",
    )


def _conversation(row: Mapping[str, Any]) -> Conversation:
    return Conversation(
        id=UUID(str(row["id"])),
        company_id=UUID(str(row["company_id"])),
        person_key=row["person_key"],
        contact_id=_id(row["contact_id"]),
        assignee_id=_id(row["assignee_id"]),
        state=ConversationState(row["state"]),
        waiting_since=moment(row["waiting_since"]) if row["waiting_since"] else None,
        last_at=moment(row["last_at"]),
        last_message_id=_id(row["last_message_id"]),
        created_at=moment(row["created_at"]),
        rev=int(row["rev"]),
    )


def _id(value: object) -> UUID | None:
    return UUID(str(value)) if value else None
