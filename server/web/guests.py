"""What customers' pages share: no account, no cookie, an address that is the key, and files they may bring."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from server.actions.copies import OUTGOING
from server.db import renditions
from server.domain.errors import TooLarge
from server.domain.photos import Photo
from server.web.state import services

PHOTO_MAX = 15_000_000
# The address is the key: it must not be kept, indexed or passed on.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


async def copy(request: Request, photos: Sequence[Photo] | None) -> Response:
    """Give the outgoing copy of the photo at `place`, counted from 1; `photos` is None where the link is dead."""
    if photos is None:
        return Response(status_code=410, headers=HEADERS)
    place = request.path_params["place"]
    photo = photos[place - 1] if 1 <= place <= len(photos) else None
    made = await renditions.by_name(photo.company_id, photo.id, OUTGOING) if photo else None
    if made is None:
        return Response(status_code=404, headers=HEADERS)
    data = b"".join([chunk async for chunk in services(request).storage.get(made.storage_key)])
    return Response(data, headers=HEADERS, media_type=made.mime)


def files(sent: Sequence[Any]) -> list[UploadFile]:
    """Return the files that were chosen; an empty field of a form is none."""
    return [one for one in sent if isinstance(one, UploadFile) and one.filename]


async def data_of(file: UploadFile) -> bytes:
    """Return the bytes of a chosen photo. Raises TooLarge."""
    data = await file.read(PHOTO_MAX + 1)
    if len(data) > PHOTO_MAX:
        raise TooLarge("photo.too_large", field="photo", limit_mb=PHOTO_MAX // 1_000_000)
    return data
