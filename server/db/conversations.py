"""Conversations in the database: found or begun by person, kept up with what is said in the same commit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from server.db import sql
from server.db.sql import execute, rows
from server.db.tables import ConversationLabelRow, ConversationRow, InternalNoteRow, MessageRow, PhotoRow
from server.domain.conversations import Conversation, ConversationState
from server.domain.messages import GONE_OUT, SILENT, Direction, MessageState
from server.domain.paging import Page, cut
from server.ids import new_id

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ANSWERS = ", ".join(f"'{state}'" for state in sorted([*GONE_OUT, MessageState.CONFIRMED.value]))
_SILENT = ", ".join(f"'{kind}'" for kind in SILENT)
# What was written, or sent from the phone, after it came here is an answer; what the machine said by itself is none.
_WAITING = f"""
UPDATE conversation SET waiting_since = (
  SELECT MIN(heard.at) FROM message heard
  WHERE heard.company_id = ? AND heard.conversation_id = ? AND heard.direction = 'in' AND heard.kind NOT IN ({_SILENT})
    AND (heard.verified OR heard.account_id IS NOT NULL) AND heard.created_at > COALESCE((
      SELECT MAX(CASE WHEN said.at < said.created_at THEN said.at ELSE said.created_at END) FROM message said
      WHERE said.company_id = ? AND said.conversation_id = ? AND said.direction = 'out' AND said.state IN ({_ANSWERS})
        AND said.verified
        AND (said.author_id IS NOT NULL OR said.question_id IS NOT NULL OR said.kind = 'echo')), ?)
), rev = rev + 1 WHERE company_id = ? AND id = ? AND state <> 'spam'"""


async def is_spam(company_id: UUID, conversation_id: UUID | None) -> bool:
    """Say whether a conversation has been put aside."""
    rows = ConversationRow.filter(company_id=company_id, id=conversation_id, state=ConversationState.SPAM)
    return conversation_id is not None and bool(await rows.exists())


async def by_id(company_id: UUID, conversation_id: UUID) -> Conversation | None:
    row = await sql.row_of(ConversationRow, company_id, conversation_id)
    return _conversation(row) if row else None


async def by_key(company_id: UUID, person_key: str) -> Conversation | None:
    row = await ConversationRow.get_or_none(company_id=company_id, person_key=person_key)
    return _conversation(row) if row else None


async def search(
    company_id: UUID,
    *,
    states: Sequence[ConversationState] = (ConversationState.OPEN,),
    assignee_id: UUID | None = None,
    label_id: UUID | None = None,
    strangers: bool | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Conversation]:
    """Return conversations, the one with the newest message first; `before` is the last page's last id."""
    query = ConversationRow.filter(company_id=company_id, state__in=list(states))
    if assignee_id is not None:
        query = query.filter(assignee_id=assignee_id)
    if strangers is not None:
        query = query.filter(contact_id__isnull=strangers)
    if label_id is not None:
        labelled = ConversationLabelRow.filter(company_id=company_id, label_id=label_id)
        query = query.filter(id__in=await labelled.values_list("conversation_id", flat=True))
    last = await by_id(company_id, UUID(before)) if before else None
    if last is not None:
        query = query.filter(Q(last_at__lt=last.last_at) | Q(last_at=last.last_at, id__lt=last.id))
    found = await query.order_by("-last_at", "-id").limit(limit + 1)
    return cut([_conversation(row) for row in found], limit, lambda one: str(one.id))


async def lock(company_id: UUID, conversation_id: UUID) -> None:
    """Let nobody else change this conversation until the unit ends."""
    await sql.lock("conversation", company_id, conversation_id)


async def hold(company_id: UUID, conversation_id: UUID) -> bool:
    """Lock it as `lock` does; False when it has become part of another one while this waited."""
    if sql.dialect() == "sqlite":
        return True
    statement = "SELECT id FROM conversation WHERE company_id = ? AND id = ? FOR NO KEY UPDATE"
    return bool(await rows(statement, company_id, conversation_id))


async def insert_or_get(
    company_id: UUID, person_key: str, *, contact_id: UUID | None, at: datetime
) -> Conversation:
    """Return the person's conversation, begun if there is none yet: one per person, however many write at once."""
    await rows(
        "INSERT INTO conversation (id, company_id, person_key, contact_id, state, last_at, created_at, rev)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (company_id, person_key) DO NOTHING RETURNING id",
        new_id(), company_id, person_key, contact_id, ConversationState.OPEN, at, at, 1,
    )  # fmt: skip
    found = await by_key(company_id, person_key)
    assert found is not None, "it was written in this very unit or before"
    return found


async def set_last(company_id: UUID, conversation_id: UUID, message_id: UUID, *, at: datetime) -> None:
    """Note that something was said; what is older than the newest leaves the order as it is."""
    newer = ConversationRow.filter(company_id=company_id, id=conversation_id).filter(
        Q(last_at__lte=at) | Q(last_message_id=None)
    )
    await newer.update(last_at=at, last_message_id=message_id)


async def set_waiting(company_id: UUID, conversation_id: UUID, *, since: datetime) -> None:
    """Note that somebody waits, if nobody did; a conversation that was done is open again."""
    row = ConversationRow.filter(company_id=company_id, id=conversation_id)
    await row.filter(waiting_since=None).exclude(state=ConversationState.SPAM).update(waiting_since=since)
    await row.filter(state=ConversationState.DONE).update(state=ConversationState.OPEN)


async def set_waiting_anew(company_id: UUID, conversation_id: UUID) -> None:
    """Find anew since when somebody waits: from what was said and what has really gone out."""
    pair = (company_id, conversation_id)
    await execute(_WAITING, *pair, *pair, _LONG_AGO, *pair)


async def set_values(company_id: UUID, conversation: Conversation, **changes: Any) -> bool:
    """Change a conversation if nobody was faster; False means it has moved on."""
    row = ConversationRow.filter(company_id=company_id, id=conversation.id, rev=conversation.rev)
    return bool(await row.update(rev=conversation.rev + 1, **changes))


async def set_moved(company_id: UUID, source: UUID, target: UUID, *, contact_id: UUID | None) -> None:
    """Put everything of one conversation into another: messages, their photos, labels, notes; the empty one goes.

    With the same id for both it stays where it is and only learns whose it is.
    """
    said = MessageRow.filter(company_id=company_id, conversation_id=source)
    photos = [one for one in await said.values_list("photo_id", flat=True) if one]
    await said.update(conversation_id=target, contact_id=contact_id)
    if photos:
        await PhotoRow.filter(company_id=company_id, id__in=photos, contact_id=None).update(
            contact_id=contact_id
        )
    if source == target:
        return
    await InternalNoteRow.filter(company_id=company_id, conversation_id=source).update(conversation_id=target)
    there = await ConversationLabelRow.filter(company_id=company_id, conversation_id=target).values_list(
        "label_id", flat=True
    )
    labels = ConversationLabelRow.filter(company_id=company_id, conversation_id=source)
    await labels.filter(label_id__in=list(there)).delete()
    await labels.update(conversation_id=target)
    await ConversationRow.filter(company_id=company_id, id=source).delete()


async def set_newest(company_id: UUID, conversation_id: UUID) -> None:
    """Find anew which message is the newest, after messages have come or gone."""
    said = MessageRow.filter(company_id=company_id, conversation_id=conversation_id)
    newest = await said.order_by("-at", "-id").first()
    if newest is not None:
        row = ConversationRow.filter(company_id=company_id, id=conversation_id)
        await row.update(last_at=newest.at, last_message_id=newest.id)
    else:
        empty = ConversationRow.filter(company_id=company_id, id=conversation_id)
        await empty.update(last_message_id=None)


async def senders(company_id: UUID, conversation_id: UUID) -> list[tuple[str, str, str]]:
    """Return by which names (channel, kind, value) somebody has written here, each once."""
    heard = MessageRow.filter(
        company_id=company_id, conversation_id=conversation_id, direction=Direction.IN
    ).exclude(recipient_kind="")
    found = await heard.distinct().values_list("channel", "recipient_kind", "recipient")
    return sorted({(str(one[0]), str(one[1]), str(one[2])) for one in found})


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(
        id=row.id,
        company_id=row.company_id,
        person_key=row.person_key,
        contact_id=row.contact_id,
        assignee_id=row.assignee_id,
        state=ConversationState(row.state),
        waiting_since=row.waiting_since,
        last_at=row.last_at,
        last_message_id=row.last_message_id,
        created_at=row.created_at,
        rev=row.rev,
    )
