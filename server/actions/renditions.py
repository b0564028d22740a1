"""Our own pictures of a photo, drawn after it is safe. A photo that cannot be drawn is kept and named (F4)."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from server.actions.photos import storage_key, tell
from server.db import items, photos, renditions
from server.db.unit import atomic
from server.domain.errors import Invalid, NotFound
from server.domain.media import Medium
from server.domain.photos import PREVIEW, Decode, Photo, Rendition
from server.domain.users import Actor
from server.imaging.renditions import RENDITIONS, ImageError, Rendered
from server.services import Services

MIME = "image/jpeg"


async def render(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Draw the renditions of the photo named in `payload`; again is harmless. Raises ImageError to be tried again."""
    photo = await photos.by_id(company_id, UUID(str(payload["photo"])))
    if photo is None or photo.storage_key is None or photo.decode is not Decode.WAITING:
        return
    if photo.medium is not Medium.IMAGE:
        return
    try:
        async with services.storage.open_local(photo.storage_key) as source:
            rendered = await services.images.render(source, RENDITIONS)
    except ImageError as error:
        if await _try_again(photo, error):
            raise
        return
    made = [await _store(services, photo, name, rendered) for name in rendered.pictures]
    preview = await _keep(photo, rendered, made)
    if preview:
        await services.storage.delete(preview.storage_key)


async def add_preview(services: Services, actor: Actor, photo_id: UUID, data: bytes) -> None:
    """Keep the phone's screen-size JPEG of its own photo until ours exists; the first one stays, later ones are noise.

    Raises NotFound for a photo that is not his, Invalid for what is no JPEG.
    """
    photo = await photos.by_id(actor.company_id, photo_id)
    if photo is None or photo.author_id is None or photo.author_id != actor.id:
        raise NotFound("item.unknown")
    if not data.startswith(b"\xff\xd8\xff"):
        raise Invalid("photo.preview")
    if photo.decode is not Decode.WAITING or await renditions.by_name(photo.company_id, photo.id, PREVIEW):
        return
    sha256 = hashlib.sha256(data).hexdigest()
    key = storage_key(photo, f"{PREVIEW}-{sha256[:8]}.jpg")
    stored = await services.storage.put(key, data, content_type=MIME)
    # Nobody measured it: what a phone drew is shown as it is.
    made = Rendition(PREVIEW, key, MIME, 0, 0, stored.size_bytes, stored.sha256)
    if not await _keep_preview(photo, made):
        await services.storage.delete(key)


@atomic
async def _keep_preview(photo: Photo, made: Rendition) -> bool:
    """Write the preview's row; False when it is not needed any more."""
    await items.claim_id(photo.company_id, photo.id)
    now = await photos.by_id(photo.company_id, photo.id)
    known = await renditions.by_name(photo.company_id, photo.id, PREVIEW)
    if known:
        return known.storage_key == made.storage_key
    if now is None or now.decode is not Decode.WAITING:
        return False
    await renditions.insert_rendition(photo.company_id, photo.id, made)
    tell(photo)
    return True


@atomic
async def _try_again(photo: Photo, error: ImageError) -> bool:
    """Name the failure; True when another try can help. A second crash is the photo's own."""
    if error.code == "image.stopped":
        return True
    if error.again and photo.decode_code != error.code:
        await renditions.set_decode_code(photo.company_id, photo.id, error.code)
        return True
    await renditions.set_undecodable(photo.company_id, photo.id, error.code)
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
async def _keep(photo: Photo, rendered: Rendered, made: list[Rendition]) -> Rendition | None:
    """Write what was drawn; returns the phone's preview, whose file nobody needs any more."""
    await items.claim_id(photo.company_id, photo.id)
    preview = await renditions.by_name(photo.company_id, photo.id, PREVIEW)
    await renditions.delete_rendition(photo.company_id, photo.id, PREVIEW)
    for rendition in made:
        await renditions.insert_rendition(photo.company_id, photo.id, rendition)
    probe = rendered.probe
    await renditions.set_decoded(photo.company_id, photo.id, width=probe.width_px, height=probe.height_px)
    await renditions.delete_preview(photo.company_id, photo.id)
    tell(photo)
    return preview
