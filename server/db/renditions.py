"""What was drawn of a photo, the phone's own small picture until then, and why nothing could be drawn."""

from uuid import UUID

from server.db.tables import PhotoRow, PreviewRow, RenditionRow
from server.domain.photos import Decode, Rendition
from server.ids import new_id


async def set_decoded(company_id: UUID, photo_id: UUID, *, width: int, height: int) -> None:
    """Note that renditions exist, and the oriented size of the original in pixels."""
    await PhotoRow.filter(id=photo_id, company_id=company_id).update(
        decode=Decode.DONE, decode_code="", width=width, height=height
    )


async def set_decode_code(company_id: UUID, photo_id: UUID, code: str) -> None:
    """Note why the last attempt to draw it failed; another one follows."""
    await PhotoRow.filter(id=photo_id, company_id=company_id).update(decode_code=code)


async def set_undecodable(company_id: UUID, photo_id: UUID, code: str) -> None:
    """Note that the photo is kept but cannot be shown, and why."""
    await PhotoRow.filter(id=photo_id, company_id=company_id).update(decode=Decode.FAILED, decode_code=code)


async def preview(company_id: UUID, photo_id: UUID) -> bytes | None:
    """Return the phone's small JPEG."""
    rows = await PreviewRow.filter(photo_id=photo_id, company_id=company_id).values_list("data", flat=True)
    return bytes(rows[0]) if rows else None


async def insert_preview(company_id: UUID, photo_id: UUID, data: bytes) -> None:
    """Keep the phone's small JPEG until our own exists."""
    row = PreviewRow(photo_id=photo_id, company_id=company_id, data=data)
    await PreviewRow.bulk_create([row], ignore_conflicts=True)


async def delete_preview(company_id: UUID, photo_id: UUID) -> None:
    """Forget the phone's small JPEG."""
    await PreviewRow.filter(photo_id=photo_id, company_id=company_id).delete()


async def by_name(company_id: UUID, photo_id: UUID, name: str) -> Rendition | None:
    """Return one rendition."""
    found = [entry for entry in await of_photo(company_id, photo_id) if entry.name == name]
    return found[0] if found else None


async def of_photo(company_id: UUID, photo_id: UUID) -> list[Rendition]:
    """Return the renditions drawn so far."""
    names = ("name", "storage_key", "mime", "width", "height", "size_bytes", "sha256")
    rows = RenditionRow.filter(company_id=company_id, photo_id=photo_id).order_by("name")
    return [Rendition(**row) for row in await rows.values(*names)]


async def insert_rendition(company_id: UUID, photo_id: UUID, made: Rendition) -> None:
    """Write a rendition; the same name again replaces it."""
    await RenditionRow.filter(company_id=company_id, photo_id=photo_id, name=made.name).delete()
    await RenditionRow.create(
        id=new_id(),
        company_id=company_id,
        photo_id=photo_id,
        name=made.name,
        storage_key=made.storage_key,
        mime=made.mime,
        width=made.width,
        height=made.height,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
    )


async def delete_rendition(company_id: UUID, photo_id: UUID, name: str) -> None:
    """Forget a rendition; its file is the caller's."""
    await RenditionRow.filter(company_id=company_id, photo_id=photo_id, name=name).delete()
