"""Copies of photos that may leave: rebuilt from pixels, made once, named for the customer."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from server.actions.photos import storage_key
from server.channels.handoff import share_names
from server.db import jobs, photos, renditions
from server.db.unit import atomic
from server.domain.channels import Picture
from server.domain.media import Medium
from server.domain.photos import Photo, Rendition
from server.imaging.outgoing import outgoing
from server.services import Services

OUTGOING = "outgoing"


async def pictures_of(
    services: Services, company_id: UUID, photo_ids: Sequence[UUID], job_id: UUID | None
) -> list[Picture]:
    """Return the photos as pictures ready to leave, in order. Raises ImageError, StorageError."""
    job = await jobs.by_id(company_id, job_id) if job_id else None
    copies = [await copy_of(services, photo) for photo in await photos.by_ids(company_id, photo_ids)]
    names = share_names(job.number if job else "", [copy.mime for copy in copies])
    return [
        Picture(copy.storage_key, name, copy.size_bytes, copy.mime, copy.sha256)
        for copy, name in zip(copies, names, strict=True)
    ]


async def copy_of(services: Services, photo: Photo) -> Rendition:
    """Return the copy of a photo that may leave: rebuilt from pixels, made once."""
    known = await renditions.by_name(photo.company_id, photo.id, OUTGOING)
    if known:
        return known
    assert photo.storage_key is not None, "only stored photos are released"
    assert photo.medium is Medium.IMAGE, "clips never leave: a copy is rebuilt from pixels only"
    async with services.storage.open_local(photo.storage_key) as source:
        rendered = await services.images.render(source, [outgoing()])
    picture = rendered.pictures[OUTGOING]
    sha256 = hashlib.sha256(picture.data).hexdigest()
    key = storage_key(photo, f"{OUTGOING}-{sha256[:8]}.jpg")
    stored = await services.storage.put(key, picture.data, content_type="image/jpeg")
    made = Rendition(
        name=OUTGOING,
        storage_key=key,
        mime="image/jpeg",
        width=picture.width_px,
        height=picture.height_px,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
    )
    await _keep_copy(photo, made)
    return made


@atomic
async def _keep_copy(photo: Photo, made: Rendition) -> None:
    await renditions.insert_rendition(photo.company_id, photo.id, made)
