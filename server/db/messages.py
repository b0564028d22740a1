"""Messages in the database: written once, moved on only from the state they were read in."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from server.db import sql
from server.db.tables import MessageRow
from server.domain.identities import Identity
from server.domain.messages import Direction, Message, MessageState, identity
from server.domain.paging import Page, cut

# Columns and fields of the same name, carried over as they are.
_LATER = (
    "author_id", "conversation_id", "run_id", "send_after", "sent_at", "delivered_at", "read_at", "edited_at",
    "revoked_at", "category", "billable", "verified", "chat_import_id",
    "introduces",
)  # fmt: skip


async def insert_once(company_id: UUID, message: Message) -> bool:
    """Write a message; False when this id or this platform message is there already."""
    known = MessageRow.filter(company_id=company_id, id=message.id)
    if message.foreign_id is not None:
        same = MessageRow.filter(
            company_id=company_id, account_id=message.account_id, foreign_id=message.foreign_id
        )
        if await same.exists():
            return False
    if await known.exists():
        return False
    await MessageRow.create(
        id=message.id,
        company_id=company_id,
        contact_id=message.contact_id,
        job_id=message.job_id,
        question_id=message.question_id,
        account_id=message.account_id,
        photo_id=message.photo_id,
        channel=message.channel,
        direction=message.direction,
        kind=message.kind,
        text=message.text,
        step=dict(message.step) if message.step is not None else None,
        place=message.place,
        recipient_kind=message.recipient.kind if message.recipient else "",
        recipient=message.recipient.value if message.recipient else "",
        profile_name=message.profile_name,
        state=message.state,
        foreign_id=message.foreign_id,
        context_id=message.context_id,
        error_code=message.error_code,
        error_detail=message.error_detail,
        at=message.at,
        created_at=message.created_at,
        changed_at=message.changed_at,
        seen_by_office_at=message.seen_by_office_at,
        **{name: getattr(message, name) for name in _LATER},
    )
    return True


async def set_state(
    company_id: UUID,
    message_id: UUID,
    state: MessageState,
    *,
    only_from: Sequence[MessageState],
    at: datetime,
    **changes: Any,
) -> bool:
    """Move a message on if it still is in one of `only_from`; False means somebody else moved it."""
    values = {"state": state, "changed_at": at} | changes
    if isinstance(values.get("step"), Mapping):
        values["step"] = json.dumps(values["step"])
    columns, states = ", ".join(f"{name} = ?" for name in values), ", ".join("?" * len(only_from))
    statement = f"UPDATE message SET {columns} WHERE company_id = ? AND id = ? AND state IN ({states})"
    return bool(await sql.execute(statement, *values.values(), company_id, message_id, *only_from))


async def set_place(company_id: UUID, message_id: UUID, **changes: Any) -> None:
    """Tie a message to another contact, job, question or photo."""
    await MessageRow.filter(company_id=company_id, id=message_id).update(**changes)


async def lock(company_id: UUID, message_id: UUID) -> None:
    """Let nobody else move this message until the unit ends."""
    await sql.lock("message", company_id, message_id)


async def by_id(company_id: UUID, message_id: UUID) -> Message | None:
    row = await sql.row_of(MessageRow, company_id, message_id)
    return read(row) if row else None


async def by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Message]:
    """Return these messages in the order they were said."""
    return await found(company_id, id__in=list(ids))


async def by_foreign_id(company_id: UUID, account_id: UUID, foreign_id: str) -> Message | None:
    row = await MessageRow.get_or_none(company_id=company_id, account_id=account_id, foreign_id=foreign_id)
    return read(row) if row else None


async def of_question(company_id: UUID, question_id: UUID) -> list[Message]:
    """Return a question's messages, both directions, in the order they were said."""
    return await found(company_id, question_id=question_id)


async def of_questions(company_id: UUID, question_ids: Sequence[UUID]) -> dict[UUID, list[Message]]:
    """Return the messages of several questions in one statement."""
    said: dict[UUID, list[Message]] = {question: [] for question in question_ids}
    for message in await found(company_id, question_id__in=list(question_ids)):
        if message.question_id:
            said[message.question_id].append(message)
    return said


async def search(
    company_id: UUID,
    *,
    job_id: UUID | None = None,
    contact_id: UUID | None = None,
    channel: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Message]:
    """Return messages, newest first, narrowed to a job, a person or a channel."""
    only = {"job_id": job_id, "contact_id": contact_id, "channel": channel}
    return await paged(company_id, {name: value for name, value in only.items() if value}, before, limit)


async def in_doubt(company_id: UUID) -> list[Message]:
    """Return messages nobody knows the fate of, oldest first."""
    return await found(company_id, state=MessageState.UNCLEAR)


async def set_job(company_id: UUID, message_ids: Sequence[UUID], job_id: UUID) -> None:
    await MessageRow.filter(company_id=company_id, id__in=list(message_ids)).update(job_id=job_id)


async def set_seen(company_id: UUID, message_ids: Sequence[UUID], *, at: datetime) -> None:
    await MessageRow.filter(company_id=company_id, id__in=list(message_ids), seen_by_office_at=None).update(
        seen_by_office_at=at
    )


async def found(company_id: UUID, **only: Any) -> list[Message]:
    """Return messages by their columns, in the order they stand in the chronology."""
    rows = await MessageRow.filter(company_id=company_id, **only).order_by("at", "created_at", "place", "id")
    return [read(row) for row in rows]


async def paged(company_id: UUID, only: dict[str, Any], before: str | None, limit: int) -> Page[Message]:
    """Return messages newest first by arrival here; ids made of a platform's own have no order, so both page."""
    query = MessageRow.filter(company_id=company_id, **only)
    last = await by_id(company_id, UUID(before)) if before else None
    if last:
        query = query.filter(
            Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id)
        )
    rows = await query.order_by("-created_at", "-id").limit(limit + 1)
    return cut([read(row) for row in rows], limit, lambda message: str(message.id))


def read(row: MessageRow) -> Message:
    """Return a row as what it is outside of this room; for the other modules of messages."""
    recipient: Identity | None = identity(row.recipient_kind, row.recipient)
    return Message(
        id=row.id,
        company_id=row.company_id,
        contact_id=row.contact_id,
        job_id=row.job_id,
        question_id=row.question_id,
        account_id=row.account_id,
        photo_id=row.photo_id,
        channel=row.channel,
        direction=Direction(row.direction),
        kind=row.kind,
        text=row.text,
        state=MessageState(row.state),
        at=row.at,
        created_at=row.created_at,
        changed_at=row.changed_at,
        place=row.place,
        step=row.step,
        recipient=recipient,
        profile_name=row.profile_name,
        foreign_id=row.foreign_id,
        context_id=row.context_id,
        error_code=row.error_code,
        error_detail=row.error_detail,
        seen_by_office_at=row.seen_by_office_at,
        **{name: getattr(row, name) for name in _LATER},
    )
