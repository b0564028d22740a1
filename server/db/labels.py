"""Labels of conversations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db.tables import ConversationLabelRow, LabelRow
from server.domain.labels import Label
from server.ids import new_id


async def of_company(company_id: UUID) -> list[Label]:
    """Return the labels that are used, in their order."""
    rows = LabelRow.filter(company_id=company_id, archived_at=None).order_by("place", "id")
    return [_label(row) for row in await rows]


async def by_id(company_id: UUID, label_id: UUID) -> Label | None:
    row = await LabelRow.get_or_none(company_id=company_id, id=label_id, archived_at=None)
    return _label(row) if row else None


async def of_conversation(company_id: UUID, conversation_id: UUID) -> set[UUID]:
    """Return the ids of the labels a conversation carries."""
    rows = ConversationLabelRow.filter(company_id=company_id, conversation_id=conversation_id)
    return {UUID(str(one)) for one in await rows.values_list("label_id", flat=True)}


async def insert_label(company_id: UUID, label: Label) -> None:
    await LabelRow.create(
        id=label.id, company_id=company_id, code=label.code, name=label.name, place=label.place
    )


async def set_name(company_id: UUID, label_id: UUID, name: str) -> None:
    await LabelRow.filter(company_id=company_id, id=label_id).update(name=name)


async def set_archived(company_id: UUID, label_id: UUID, *, at: datetime) -> None:
    """Take a label out of use, off every conversation that carries it."""
    await ConversationLabelRow.filter(company_id=company_id, label_id=label_id).delete()
    await LabelRow.filter(company_id=company_id, id=label_id).update(archived_at=at)


async def set_labels(company_id: UUID, conversation_id: UUID, label_ids: Sequence[UUID]) -> None:
    """Let a conversation carry these labels and no others."""
    rows = ConversationLabelRow.filter(company_id=company_id, conversation_id=conversation_id)
    await rows.exclude(label_id__in=list(label_ids)).delete()
    there = {UUID(str(one)) for one in await rows.values_list("label_id", flat=True)}
    for label_id in dict.fromkeys(label_ids):
        if label_id not in there:
            await ConversationLabelRow.create(
                id=new_id(), company_id=company_id, conversation_id=conversation_id, label_id=label_id
            )


def _label(row: LabelRow) -> Label:
    return Label(id=row.id, company_id=row.company_id, code=row.code, name=row.name, place=row.place)
