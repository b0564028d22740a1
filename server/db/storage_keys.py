"""Which files of the storage the database knows, for the nightly comparison of both."""

from collections.abc import Sequence
from uuid import UUID

from server.db.tables import ChatImportRow, PhotoRow, RenditionRow
from server.domain.photos import PhotoState


async def known(company_id: UUID, keys: Sequence[str]) -> set[str]:
    """Return which of these storage keys belong to a row."""
    found: set[str] = set()
    for table in (PhotoRow, RenditionRow, ChatImportRow):
        rows = table.filter(company_id=company_id, storage_key__in=list(keys))
        found.update(str(key) for key in await rows.values_list("storage_key", flat=True))
    return found


async def after(company_id: UUID, photo_id: UUID | None, *, limit: int = 500) -> list[tuple[UUID, str]]:
    """Return ids and storage keys of stored photos in order, for comparing them with the storage."""
    rows = PhotoRow.filter(company_id=company_id, storage_key__not_isnull=True).exclude(
        state=PhotoState.PURGED
    )
    if photo_id:
        rows = rows.filter(id__gt=photo_id)
    return [
        (row[0], row[1]) for row in await rows.order_by("id").limit(limit).values_list("id", "storage_key")
    ]
