"""What was said in one conversation, over all messengers."""

from datetime import datetime
from uuid import UUID

from server.db.messages import found, paged, read
from server.db.tables import MessageRow
from server.domain.messages import Direction, Message
from server.domain.paging import Page


async def heard_in(company_id: UUID, conversation_id: UUID) -> list[Message]:
    """Return everything a person has written in a conversation, in order."""
    return await found(company_id, conversation_id=conversation_id, direction=Direction.IN)


async def of_conversation(
    company_id: UUID, conversation_id: UUID, *, before: str | None = None, limit: int = 50
) -> Page[Message]:
    """Return a conversation's messages, both directions, newest first."""
    return await paged(company_id, {"conversation_id": conversation_id}, before, limit)


async def between(
    company_id: UUID, conversation_id: UUID, first_at: datetime, last_at: datetime
) -> list[Message]:
    """Return what was said in a conversation from one moment to another, both included, in order."""
    return await found(
        company_id,
        conversation_id=conversation_id,
        at__gte=min(first_at, last_at),
        at__lte=max(first_at, last_at),
    )


async def last_heard(company_id: UUID, conversation_id: UUID) -> UUID | None:
    """Return the last message that came in here, None where none did; by when it came, not when it was written."""
    heard = MessageRow.filter(company_id=company_id, conversation_id=conversation_id, direction=Direction.IN)
    row = await heard.order_by("-created_at", "-id").first()
    return row.id if row else None


async def unseen_in(company_id: UUID, conversation_id: UUID) -> list[UUID]:
    """Return what a customer wrote in a conversation and nobody at the office has seen."""
    rows = MessageRow.filter(
        company_id=company_id, conversation_id=conversation_id, direction=Direction.IN, seen_by_office_at=None
    )
    return [UUID(str(one)) for one in await rows.values_list("id", flat=True)]


async def last_before(company_id: UUID, conversation_id: UUID, message: Message) -> Message | None:
    """Return what was said last in a conversation before this message, by either side."""
    rows = MessageRow.filter(company_id=company_id, conversation_id=conversation_id, at__lte=message.at)
    row = await rows.exclude(id=message.id).order_by("-at", "-id").first()
    return read(row) if row else None


async def said_by_itself(company_id: UUID, conversation_id: UUID, *, since: datetime) -> bool:
    """Say whether the firm has said something by itself in this conversation since then, whatever became of it."""
    said = MessageRow.filter(
        company_id=company_id, conversation_id=conversation_id, direction=Direction.OUT, created_at__gte=since
    )
    own = await said.filter(author_id=None, question_id=None)
    return any(not read(row).by_phone for row in own)
