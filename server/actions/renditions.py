"""Our own pictures of a photo, drawn after it is safe. A photo that cannot be drawn is kept and named (F4)."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from server.actions.photos import storage_key, tell
from server.db import photos
from server.db.unit import atomic
from server.domain.photos import Decode, Photo, Rendition
from server.imaging.renditions import RENDITIONS, ImageError, Rendered
from server.services import Services

MIME = "image/jpeg"


async def render(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Draw the renditions of the photo named in `payload`; again is harmless. Raises ImageError to be tried again."""
    photo = await photos.by_id(company_id, UUID(str(payload["photo"])))
    if photo is None or photo.storage_key is None or photo.decode is not Decode.WAITING:
        return
    try:
        async with services.storage.open_local(photo.storage_key) as source:
            rendered = await services.images.render(source, RENDITIONS)
    except ImageError as error:
        if await _try_again(photo, error):
            raise
        return
    await _keep(
        photo, rendered, [await _store(services, photo, name, rendered) for name in rendered.pictures]
    )


@atomic
async def _try_again(photo: Photo, error: ImageError) -> bool:
    """Name the failure; True when another try can help. A second crash is the photo's own."""
    if error.code == "image.stopped":
        return True
    if error.again and photo.decode_code != error.code:
        await photos.set_decode_code(photo.company_id, photo.id, error.code)
        return True
    await photos.set_undecodable(photo.company_id, photo.id, error.code)
    tell(photo)
    return False


async def _store(services: Services, photo: Photo, name: str, rendered: Rendered) -> Rendition:
    picture = rendered.pictures[name]
    # The hash is part of the name: another version of the library draws other bytes, and objects never change.
    sha256 = hashlib.sha256(picture.data).hexdigest()
    key = storage_key(photo, f"{name}-{sha256[:8]}.jpg")
    stored = await services.storage.put(key, picture.data, content_type=MIME)
    return Rendition(
        name=name,
        storage_key=key,
        mime=MIME,
        width=picture.width_px,
        height=picture.height_px,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
    )


@atomic
async def _keep(photo: Photo, rendered: Rendered, made: list[Rendition]) -> None:
    for rendition in made:
        await photos.insert_rendition(photo.company_id, photo.id, rendition)
    probe = rendered.probe
    await photos.set_decoded(photo.company_id, photo.id, width=probe.width_px, height=probe.height_px)
    await photos.delete_preview(photo.company_id, photo.id)
    tell(photo)
