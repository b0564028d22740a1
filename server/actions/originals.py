"""The last byte is here: hash, type, file, commit, receipt. This order is law (reliability #22, F5)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server.actions.photos import add_original, storage_key, tell
from server.db import photos, uploads
from server.db.unit import atomic
from server.domain.errors import Invalid, NotFound
from server.domain.image_types import HEAD_BYTES, ImageType
from server.domain.media import CLIPS, FileType, Medium, file_type
from server.domain.photos import Photo, PhotoState
from server.domain.uploads import BAD_HASHES_MAX, HashDiffers, Receipt, Upload
from server.domain.users import Actor
from server.services import Services
from server.storage.base import StorageError, in_thread

_TYPES = (*(FileType(Medium.IMAGE, one.mime, one.suffix) for one in ImageType), *CLIPS)


def receipt_of(photo: Photo) -> Receipt | None:
    """Return the proof that the photo is safe, None while it is not."""
    if photo.state is not PhotoState.STORED or photo.stored_at is None:
        return None
    return Receipt(photo.id, photo.size_bytes, photo.sha256, photo.rev, photo.stored_at)


async def finish(services: Services, actor: Actor, photo: Photo, upload: Upload, *, at: datetime) -> Receipt:
    """Check hash and type, publish the file durably, commit; only then there is a receipt. Repeating is harmless.

    Raises HashDiffers (offset back to 0, counted), Invalid for bytes that are no photo (given up, named), StorageError.
    """
    try:
        original = await _publish(services, actor, photo, upload)
    except (NotFound, StorageError):
        # The part may be gone because it was published: before a crash, or by another request a moment ago.
        found = await published(services, photo, upload)
        if found is None or await services.parts.size(upload.id) is not None:
            raise
        original = found
    key, sha256, kind = original.key, original.sha256, original.type
    if await add_original(actor, photo, key=key, sha256=sha256, kind=kind, at=at):
        return Receipt(photo.id, photo.size_bytes, sha256, photo.rev + 1, at)
    # Another request was first, or the office changed something meanwhile: the row knows.
    safe = await photos.by_id(photo.company_id, photo.id, trashed=True)
    receipt = receipt_of(safe) if safe else None
    if receipt is None:
        raise NotFound("upload.unknown")
    return receipt


@dataclass(frozen=True, slots=True)
class _Original:
    """The whole file as it lies in the storage."""

    key: str
    sha256: str
    type: FileType


async def _publish(services: Services, actor: Actor, photo: Photo, upload: Upload) -> _Original:
    sha256 = await services.parts.digest(upload.id)
    if upload.sha256 and sha256 != upload.sha256:
        await services.parts.reset(upload.id)
        await _count_bad_hash(actor, photo)
        raise HashDiffers("upload.hash")
    path = services.parts.path(upload.id)
    try:
        kind = file_type(await in_thread(_head, path), upload.size_bytes, promised=photo.medium)
    except Invalid as refused:
        await _refuse(photo, refused.code)
        await services.parts.remove(upload.id)
        raise
    key = storage_key(photo, kind.suffix)
    await services.storage.adopt(path, key, sha256=sha256, size_bytes=upload.size_bytes)
    return _Original(key, sha256, kind)


async def published(services: Services, photo: Photo, upload: Upload) -> _Original | None:
    """Return the file an earlier try published without coming to its commit."""
    for kind in _TYPES:
        found = await services.storage.head(storage_key(photo, kind.suffix))
        if found and found.size_bytes == upload.size_bytes and upload.sha256 in (None, found.sha256):
            return _Original(found.key, found.sha256, kind)
    return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise NotFound("upload.unknown") from None


@atomic
async def _count_bad_hash(actor: Actor, photo: Photo) -> None:
    """Once is the line; from the second time on a human must see it."""
    count = await uploads.add_bad_hash(photo.company_id, photo.id)
    if count >= BAD_HASHES_MAX:
        await photos.set_problem(photo.company_id, photo.id, "photo.hash")
        tell(photo)


@atomic
async def _refuse(photo: Photo, code: str) -> None:
    await uploads.delete_upload(photo.company_id, photo.id)
    await photos.set_problem(photo.company_id, photo.id, code)
    tell(photo)
