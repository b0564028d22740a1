"""Which files of the storage the database knows, for the nightly comparison of both."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.queryset import QuerySet

from server.db.photos import read
from server.db.tables import ChatImportRow, PhotoRow, RenditionRow
from server.domain.photos import LOST, Photo, PhotoState


async def known(company_id: UUID, keys: Sequence[str]) -> set[str]:
    """Return which of these storage keys belong to a row."""
    found: set[str] = set()
    for table in (PhotoRow, RenditionRow, ChatImportRow):
        rows = table.filter(company_id=company_id, storage_key__in=list(keys))
        found.update(str(key) for key in await rows.values_list("storage_key", flat=True))
    return found


async def after(company_id: UUID, photo_id: UUID | None, *, limit: int = 500) -> list[tuple[UUID, str, bool]]:
    """Return ids and storage keys of stored photos in order, and whether they are known to be lost."""
    rows = PhotoRow.filter(company_id=company_id, storage_key__not_isnull=True).exclude(
        state=PhotoState.PURGED
    )
    if photo_id:
        rows = rows.filter(id__gt=photo_id)
    found = await rows.order_by("id").limit(limit).values_list("id", "storage_key", "problem")
    return [(ident, key, problem == LOST) for ident, key, problem in found]


async def set_lost(company_id: UUID, ids: Sequence[UUID], *, lost: bool) -> None:
    """Name these stored photos as lost, or as found again."""
    rows = PhotoRow.filter(
        company_id=company_id, id__in=list(ids), state=PhotoState.STORED, problem="" if lost else LOST
    )
    await rows.update(problem=LOST if lost else "")


def _lost(company_id: UUID) -> "QuerySet[PhotoRow]":
    return PhotoRow.filter(company_id=company_id, state=PhotoState.STORED, problem=LOST, deleted_at=None)


async def number_lost(company_id: UUID) -> int:
    """Return of how many photos the file is gone."""
    return await _lost(company_id).count()


async def lost(company_id: UUID, *, limit: int = 100) -> list[Photo]:
    """Return photos whose file is gone, the newest first."""
    return await read(company_id, _lost(company_id).order_by("-id").limit(limit))
