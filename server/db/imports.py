"""Imported chats in the database: the record of the file, and the messages it brought."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from server.db import sql
from server.db.tables import ChatImportRow, JobRow, MessageRow, PhotoRow
from server.domain.imports.chat_import import CHANNEL, Brought, ChatImport, ImportState
from server.domain.imports.plan import Plan
from server.domain.imports.preview import Preview
from server.domain.messages import Direction, MessageState
from server.domain.paging import LIMIT_DEFAULT, Page, cut
from server.domain.photos import PhotoState

_SHOWN = [state for state in ImportState if state is not ImportState.DISCARDED]


async def by_id(company_id: UUID, import_id: UUID) -> ChatImport | None:
    return await _one(company_id, id=import_id)


async def of_company(
    company_id: UUID, *, before: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[ChatImport]:
    """Return imports, newest first, without those that were thrown away before anything came in."""
    query = ChatImportRow.filter(company_id=company_id, state__in=_SHOWN)
    if before:
        query = query.filter(id__lt=before)
    found = await query.order_by("-id").limit(limit + 1).select_related("author")
    return cut([_import(row) for row in found], limit, lambda one: str(one.id))


async def of_file(company_id: UUID, sha256: str, *, but: UUID | None = None) -> ChatImport | None:
    """Return the latest import of a file with these bytes that is still kept, `but` this one."""
    rows = ChatImportRow.filter(company_id=company_id, sha256=sha256, state__in=_SHOWN)
    rows = rows.exclude(id=but) if but else rows
    row = await rows.order_by("-id").first().select_related("author")
    return _import(row) if row else None


async def insert_import(company_id: UUID, chat: ChatImport) -> None:
    await ChatImportRow.create(
        id=chat.id,
        company_id=company_id,
        author_id=chat.author_id,
        name=chat.name,
        sha256=chat.sha256,
        storage_key=chat.storage_key,
        state=chat.state,
        summary={"size_bytes": chat.size_bytes, "preview": asdict(chat.preview)},
        created_at=chat.created_at,
    )


async def set_state(
    company_id: UUID,
    chat: ChatImport,
    state: ImportState,
    *,
    only_from: Sequence[ImportState],
    preview: Preview | None = None,
    plan: Plan | None = None,
    result: Mapping[str, int] | None = None,
    **changes: Any,
) -> bool:
    """Move an import on with what is known of it by now; False means somebody else moved it."""
    plan, result = plan or chat.plan, result or chat.result
    summary: dict[str, object] = {
        "size_bytes": chat.size_bytes,
        "preview": asdict(preview or chat.preview),
        "result": dict(result),
    }
    if plan:
        summary["plan"] = plan.as_json()
    rows = ChatImportRow.filter(company_id=company_id, id=chat.id, state__in=list(only_from))
    return bool(await rows.update(state=state, summary=summary, **changes))


async def hold(company_id: UUID, import_id: UUID) -> ChatImport | None:
    """Return the import as it is now, and let nobody move it until the unit ends."""
    await sql.lock("chat_import", company_id, import_id)
    return await by_id(company_id, import_id)


async def insert_messages(
    company_id: UUID,
    import_id: UUID,
    said: Sequence[Brought],
    *,
    conversation_id: UUID | None,
    at: datetime,
) -> None:
    """Write messages that are not here yet: seen, for nobody waits, and unproved, for a text file proves nothing."""
    rows = [
        MessageRow(
            id=one.id,
            company_id=company_id,
            chat_import_id=import_id,
            conversation_id=conversation_id,
            contact_id=one.contact_id,
            job_id=one.job_id,
            photo_id=one.photo_id,
            author_id=one.author_id,
            channel=CHANNEL,
            direction=Direction.OUT if one.ours else Direction.IN,
            kind=one.kind,
            text=one.text,
            profile_name=one.sender,
            state=MessageState.SENT if one.ours else MessageState.RECEIVED,
            at=one.at,
            edited_at=one.at if one.edited else None,
            created_at=at,
            changed_at=at,
            seen_by_office_at=at,
            verified=False,
        )
        for one in said
    ]
    await MessageRow.bulk_create(rows, ignore_conflicts=True)


async def number_of_messages(company_id: UUID, import_id: UUID) -> dict[UUID, int]:
    """Return how many messages an import has brought, by job."""
    found = MessageRow.filter(company_id=company_id, chat_import_id=import_id).values_list(
        "job_id", flat=True
    )
    counts: dict[UUID, int] = {}
    for job_id in await found:
        if job_id:
            counts[UUID(str(job_id))] = counts.get(UUID(str(job_id)), 0) + 1
    return counts


async def photos_of(company_id: UUID, import_id: UUID) -> list[UUID]:
    """Return the photos that an import's messages show."""
    rows = MessageRow.filter(company_id=company_id, chat_import_id=import_id, photo_id__not_isnull=True)
    return sorted({UUID(str(one)) for one in await rows.values_list("photo_id", flat=True)})


async def shown(company_id: UUID, photo_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these photos a message shows."""
    rows = MessageRow.filter(company_id=company_id, photo_id__in=list(photo_ids))
    return {UUID(str(one)) for one in await rows.values_list("photo_id", flat=True)}


async def conversations_of(company_id: UUID, import_id: UUID) -> list[UUID]:
    """Return the conversations that an import's messages stand in."""
    rows = MessageRow.filter(
        company_id=company_id, chat_import_id=import_id, conversation_id__not_isnull=True
    )
    return [UUID(str(one)) for one in await rows.distinct().values_list("conversation_id", flat=True)]


async def delete_messages(company_id: UUID, import_id: UUID) -> int:
    """Take away what an import brought, and only that."""
    return int(await MessageRow.filter(company_id=company_id, chat_import_id=import_id).delete())


async def photo_like(company_id: UUID, sha256: str) -> UUID | None:
    """Return a photo with these bytes that is here already."""
    rows = PhotoRow.filter(company_id=company_id, sha256=sha256, state=PhotoState.STORED, deleted_at=None)
    found = await rows.order_by("stored_at", "id").limit(1).values_list("id", flat=True)
    return UUID(str(found[0])) if found else None


async def job_titles(company_id: UUID, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = JobRow.filter(company_id=company_id, id__in=list(ids))
    return {UUID(str(row[0])): str(row[1]) for row in await rows.values_list("id", "title")}


async def _one(company_id: UUID, **only: Any) -> ChatImport | None:
    row = await ChatImportRow.filter(company_id=company_id, **only).select_related("author").first()
    return _import(row) if row else None


def _import(row: ChatImportRow) -> ChatImport:
    summary: dict[str, Any] = dict(row.summary)
    return ChatImport(
        id=row.id,
        company_id=row.company_id,
        author_id=row.author_id,
        author_name=row.author.name,
        name=row.name,
        sha256=row.sha256,
        size_bytes=int(summary["size_bytes"]),
        storage_key=row.storage_key,
        state=ImportState(row.state),
        preview=Preview(**summary["preview"]),
        plan=Plan.of_json(summary["plan"]) if "plan" in summary else None,
        result=summary.get("result", {}),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
