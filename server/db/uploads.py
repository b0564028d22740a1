"""Uploads that are not finished. Their bytes and their offset are the part file's."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import F

from server.db.tables import UploadRow
from server.domain.uploads import Upload

_COLUMNS = (
    "id",
    "company_id",
    "user_id",
    "size_bytes",
    "sha256",
    "filename",
    "created_at",
    "expires_at",
    "bad_hashes",
)


async def by_id(company_id: UUID, upload_id: UUID) -> Upload | None:
    """Return the upload while it is not finished."""
    row = await UploadRow.filter(id=upload_id, company_id=company_id).first().values(*_COLUMNS)
    return Upload(**row) if row else None


async def every_expired(*, before: datetime, limit: int = 100) -> list[Upload]:
    """Return uploads of all companies whose time is over."""
    found = UploadRow.filter(expires_at__lt=before).order_by("expires_at").limit(limit)
    return [Upload(**row) for row in await found.values(*_COLUMNS)]


async def every_known(ids: list[UUID]) -> set[UUID]:
    """Return which of these ids are uploads of any company."""
    return set(await UploadRow.filter(id__in=ids).values_list("id", flat=True))  # type: ignore[arg-type]


async def insert_upload(company_id: UUID, upload: Upload) -> None:
    """Write a new upload."""
    await UploadRow.create(
        id=upload.id,
        company_id=company_id,
        user_id=upload.user_id,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        filename=upload.filename,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
    )


async def set_expiry(company_id: UUID, upload_id: UUID, *, expires_at: datetime) -> None:
    """Give the upload more time; each byte that comes does."""
    await UploadRow.filter(id=upload_id, company_id=company_id).update(expires_at=expires_at)


async def set_sha256(company_id: UUID, upload_id: UUID, sha256: str) -> None:
    """Set what the whole file must hash to."""
    await UploadRow.filter(id=upload_id, company_id=company_id).update(sha256=sha256)


async def add_bad_hash(company_id: UUID, upload_id: UUID) -> int:
    """Count a whole file with a wrong hash; returns how many there were."""
    await UploadRow.filter(id=upload_id, company_id=company_id).update(bad_hashes=F("bad_hashes") + 1)
    found = await UploadRow.filter(id=upload_id, company_id=company_id).values_list("bad_hashes", flat=True)
    return int(str(found[0])) if found else 0


async def delete_upload(company_id: UUID, upload_id: UUID) -> bool:
    """Forget the upload; True if it was still there."""
    return bool(await UploadRow.filter(id=upload_id, company_id=company_id).delete())
