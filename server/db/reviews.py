"""Verdicts on photos in the database, and what waits for one."""

from datetime import datetime
from uuid import UUID

from server.db.tables import PhotoRow
from server.domain.photos import Photo
from server.domain.reviews import Verdict


async def set_verdict(
    company_id: UUID, photo: Photo, verdict: Verdict, *, note: str, by: UUID | None, at: datetime
) -> bool:
    """Write a verdict if nobody changed the photo since it was read."""
    changed = await PhotoRow.filter(company_id=company_id, id=photo.id, rev=photo.rev).update(
        review=verdict, review_note=note, reviewed_at=at, reviewed_by_id=by, rev=photo.rev + 1
    )
    return bool(changed)
