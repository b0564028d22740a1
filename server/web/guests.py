"""What customers' pages share: no account, no cookie, an address that is the key, and files they may bring."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import UploadFile

from server.domain.errors import TooLarge

PHOTO_MAX = 15_000_000
# The address is the key: it must not be kept, indexed or passed on.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


def files(sent: Sequence[Any]) -> list[UploadFile]:
    """Return the files that were chosen; an empty field of a form is none."""
    return [one for one in sent if isinstance(one, UploadFile) and one.filename]


async def data_of(file: UploadFile) -> bytes:
    """Return the bytes of a chosen photo. Raises TooLarge."""
    data = await file.read(PHOTO_MAX + 1)
    if len(data) > PHOTO_MAX:
        raise TooLarge("photo.too_large", field="photo", limit_mb=PHOTO_MAX // 1_000_000)
    return data
