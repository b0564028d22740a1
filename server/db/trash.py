"""Photos in the trash: thrown away, taken back, and after thirty days forgotten but for their id."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import F, Q, Subquery

from server.db.photos import read
from server.db.tables import PhotoRow, PreviewRow, RenditionRow
from server.domain.photos import Photo, PhotoState

SHOWN_AT_MOST = 300


async def of_company(company_id: UUID) -> list[Photo]:
    """Return what can still be taken back, the latest thrown away first."""
    rows = PhotoRow.filter(company_id=company_id, deleted_at__not_isnull=True).exclude(
        state=PhotoState.PURGED
    )
    return await read(company_id, rows.order_by("-deleted_at", "-id").limit(SHOWN_AT_MOST))


async def every_to_purge(*, before: datetime, limit: int = 100) -> list[Photo]:
    """Return what was thrown away before this moment and still has files or words, of all companies."""
    drawn = Subquery(RenditionRow.all().values("photo_id"))
    begun = Q(Q(storage_key__not_isnull=True), Q(id__in=drawn), join_type="OR")
    due = PhotoRow.filter(Q(Q(deleted_at__lt=before), Q(~Q(state=PhotoState.PURGED), begun, join_type="OR")))
    return await read(None, due.order_by("deleted_at").limit(limit))


async def set_deleted(company_id: UUID, photo: Photo, *, by: UUID | None, at: datetime) -> bool:
    """Put a photo into the trash; False if somebody else changed it since it was read."""
    rows = PhotoRow.filter(company_id=company_id, id=photo.id, rev=photo.rev, deleted_at=None)
    return bool(await rows.update(deleted_at=at, deleted_by_id=by, twin_of_id=None, rev=F("rev") + 1))


async def set_restored(company_id: UUID, photo_id: UUID) -> None:
    """Take a photo back out."""
    rows = PhotoRow.filter(company_id=company_id, id=photo_id)
    await rows.update(deleted_at=None, deleted_by_id=None, rev=F("rev") + 1)


async def let_twins_go(company_id: UUID, photo_id: UUID) -> None:
    """Point the twins of a photo that is gone to the earliest of them."""
    rows = PhotoRow.filter(company_id=company_id, twin_of_id=photo_id, deleted_at=None)
    ids = await rows.order_by("stored_at", "id").values_list("id", flat=True)
    if ids:
        await rows.update(twin_of_id=ids[0])
        await PhotoRow.filter(company_id=company_id, id=ids[0]).update(twin_of_id=None)


async def set_purging(company_id: UUID, photo_id: UUID, *, before: datetime) -> bool:
    """Let nobody take it back any more: its files are about to go. False if it was not thrown away before this moment."""
    rows = PhotoRow.filter(company_id=company_id, id=photo_id, deleted_at__lt=before)
    return bool(await rows.update(state=PhotoState.PURGED))


async def set_purged(company_id: UUID, photo_id: UUID) -> None:
    """Forget what was said and drawn of a photo whose files are gone; id, hash and dates stay."""
    await RenditionRow.filter(company_id=company_id, photo_id=photo_id).delete()
    await PreviewRow.filter(company_id=company_id, photo_id=photo_id).delete()
    await PhotoRow.filter(company_id=company_id, id=photo_id).update(
        storage_key=None, caption="", tags=[], position=None, review_note="", search_text="", rev=F("rev") + 1
    )
