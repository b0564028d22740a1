"""Ready-made texts of a company."""

from datetime import datetime
from uuid import UUID

from server.db.tables import QuickReplyRow
from server.domain.quick_replies import QuickReply


async def of_company(company_id: UUID) -> list[QuickReply]:
    """Return the texts in use, in their order."""
    rows = QuickReplyRow.filter(company_id=company_id, archived_at=None).order_by("place", "id")
    return [_reply(row) for row in await rows]


async def by_id(company_id: UUID, reply_id: UUID) -> QuickReply | None:
    row = await QuickReplyRow.get_or_none(company_id=company_id, id=reply_id, archived_at=None)
    return _reply(row) if row else None


async def insert_reply(company_id: UUID, reply: QuickReply, *, at: datetime) -> None:
    await QuickReplyRow.create(
        id=reply.id,
        company_id=company_id,
        title=reply.title,
        text=reply.text,
        place=reply.place,
        created_at=at,
    )


async def set_words(company_id: UUID, reply_id: UUID, *, title: str, text: str) -> None:
    await QuickReplyRow.filter(company_id=company_id, id=reply_id).update(title=title, text=text)


async def set_archived(company_id: UUID, reply_id: UUID, *, at: datetime) -> None:
    await QuickReplyRow.filter(company_id=company_id, id=reply_id).update(archived_at=at)


def _reply(row: QuickReplyRow) -> QuickReply:
    return QuickReply(id=row.id, company_id=row.company_id, title=row.title, text=row.text, place=row.place)
