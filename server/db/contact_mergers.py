"""Two records of one person in the database: what names a contact, and moves with him."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.customers import contact_of_row
from server.db.tables import ContactRow, ConversationRow
from server.domain.contact_mergers import Held
from server.domain.conversations import Conversation
from server.domain.customers import Contact
from server.domain.search import folded, terms

# Every table that names a contact and moves along; phones read those with `rev` anew. A consent is a line of the
# ledger and stays where it was said, a conversation is joined with the other's, a contact merged before leads on.
MOVED = {
    "message": "",
    "question": ", rev = rev + 1",
    "job": ", rev = rev + 1",
    "photo": ", rev = rev + 1",
    "call_note": "",
    "identity": "",
    "channel_invite": "",
    "answer_link": "",
    "chat_import": "",
}
_LOCKED = (
    ("contact", "id"),
    ("message", "contact_id"),
    ("conversation", "contact_id"),
    ("question", "contact_id"),
    ("identity", "contact_id"),
)
_COUNTS = {
    "messages": "message",
    "questions": "question",
    "jobs": "job",
    "photos": "photo",
    "calls": "call_note",
    "names": "identity",
}
_WAITING = "(SELECT COUNT(*) FROM message WHERE company_id = ? AND contact_id = ? AND state IN ('queued', 'prepared'))"
_HELD = ", ".join(
    [
        f"(SELECT COUNT(*) FROM {table} WHERE company_id = ? AND contact_id = ?) AS {name}"
        for name, table in _COUNTS.items()
    ]
    + [f"{_WAITING} AS waiting"]
)


async def lock_all(company_id: UUID, contact_ids: Sequence[UUID]) -> bool:
    """Hold these people, their threads and all that is said and asked until the unit ends, if nobody else does.

    Waits for nobody: others take message, thread and person in more than one order. False means another try.
    """
    if sql.dialect() == "sqlite":
        return True
    marks = ", ".join("?" for _ in contact_ids)
    for table, column in _LOCKED:
        rule = f"FROM {table} WHERE company_id = ? AND {column} IN ({marks})"
        there = await sql.rows(f"SELECT COUNT(*) AS number {rule}", company_id, *contact_ids)
        free = f"SELECT id {rule} ORDER BY id FOR UPDATE SKIP LOCKED"
        if len(await sql.rows(free, company_id, *contact_ids)) < there[0]["number"]:
            return False
    return True


async def held(company_id: UUID, contact_id: UUID) -> Held:
    """Return how much bears a contact's name, in one statement."""
    found = await sql.rows(f"SELECT {_HELD}", *[company_id, contact_id] * (len(_COUNTS) + 1))
    return Held(**{name: int(number) for name, number in found[0].items()})


async def move(company_id: UUID, contact_id: UUID, into: UUID) -> None:
    """Give everything that names a contact to another one; what a message is addressed to stays as it is."""
    for table, more in MOVED.items():
        await sql.execute(
            f"UPDATE {table} SET contact_id = ?{more} WHERE company_id = ? AND contact_id = ?",
            into,
            company_id,
            contact_id,
        )


async def set_merged(company_id: UUID, contact: Contact, into: UUID, *, at: datetime) -> None:
    """Make a contact, and all that were merged into it before, lead to another one."""
    rows = ContactRow.filter(company_id=company_id)
    await rows.filter(merged_into_id=contact.id).update(merged_into_id=into)
    await rows.filter(id=contact.id).update(
        merged_into_id=into, archived_at=contact.archived_at or at, rev=contact.rev + 1
    )


async def set_joined(company_id: UUID, kept: Conversation, other: Conversation) -> None:
    """Let a conversation ask for what either of the two asked for: open, who waits, who takes care."""
    waiting = [one for one in (kept.waiting_since, other.waiting_since) if one]
    await ConversationRow.filter(company_id=company_id, id=kept.id).update(
        waiting_since=min(waiting, default=None),
        state=min(kept.state, other.state, key=lambda state: state != "open"),
        assignee_id=kept.assignee_id or other.assignee_id,
        rev=kept.rev + 1,
    )


async def merged_into(company_id: UUID, contact_id: UUID) -> list[Contact]:
    """Return the records that became part of this one."""
    rows = ContactRow.filter(company_id=company_id, merged_into_id=contact_id)
    return [contact_of_row(row) for row in await rows.order_by("id")]


async def candidates(
    company_id: UUID, contact: Contact, text: str, *, limit: int
) -> list[tuple[Contact, str]]:
    """Return who else could be this person, with the customer's name: those of his own customer first.

    Every word of `text` stands in name, number, address or customer.
    """
    words = terms(text)
    query = ContactRow.filter(company_id=company_id, archived_at=None, customer__archived_at=None)
    for word in words:
        query = query.filter(customer__search_text__contains=word)
    rows = await query.select_related("customer").order_by("customer__search_text", "id").limit(limit * 10)
    found = [(contact_of_row(row), str(row.customer.name)) for row in rows]
    fitting = [(one, name) for one, name in found if _fits(one, name, words) and one.id != contact.id]
    return sorted(fitting, key=lambda pair: pair[0].customer_id != contact.customer_id)[:limit]


def _fits(contact: Contact, customer: str, words: list[str]) -> bool:
    number = contact.phone_typed.replace(" ", "")
    text = folded(contact.name, number, contact.phone, contact.email, customer)
    return all(word in text for word in words)
