"""The two-way search for lost things: files without a row, rows without a file (reliability §1, Immich)."""

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db import companies, photos, storage_keys
from server.domain.uploads import KEPT
from server.ids import parse_id
from server.services import Services
from server.storage.base import in_thread

log = logging.getLogger(__name__)

_PORTION = 500
_MONTH = re.compile(r"\d{4}/\d\d")


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one search found: files no row knows, which of them were removed, and rows whose file is not there."""

    strays: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[UUID, ...] = ()


async def sweep(services: Services) -> Sweep:
    """Compare storage and database of every company, and say what does not fit.

    Removed is only what never got a photo: no row bears its id, and it lies in a month before the last seven days.
    """
    at = services.clock()
    strays: list[str] = []
    removed: list[str] = []
    missing: list[UUID] = []
    for company_id in await companies.every_id():
        async for key in _strays(services, company_id):
            strays.append(key)
            if await _never_a_photo(company_id, key, at=at):
                await services.storage.delete(key)
                removed.append(key)
        missing += [photo_id async for photo_id in _missing(services, company_id)]
    found = Sweep(tuple(strays), tuple(removed), tuple(missing))
    if strays or missing:
        counts = {"strays": len(strays), "removed": len(removed), "missing": len(missing)}
        log.warning("storage and database differ", extra=counts)
    return found


async def _strays(services: Services, company_id: UUID) -> AsyncIterator[str]:
    portion: list[str] = []
    async for key in services.storage.list(str(company_id)):
        portion.append(key)
        if len(portion) == _PORTION:
            for stray in await _unknown(company_id, portion):
                yield stray
            portion = []
    for stray in await _unknown(company_id, portion):
        yield stray


async def _unknown(company_id: UUID, keys: list[str]) -> list[str]:
    known = await storage_keys.known(company_id, keys) if keys else set()
    return [key for key in keys if key not in known]


async def _never_a_photo(company_id: UUID, key: str, *, at: datetime) -> bool:
    """Tell whether a stray may go: an upload under way has a row, and a month that is over is older than a week."""
    _, _, inside = key.partition("/")
    month, name = inside[:7], inside[8:]
    photo_id = parse_id(name.partition(".")[0])
    # What others put beside our files is theirs to remove.
    if photo_id is None or not _MONTH.fullmatch(month) or month >= f"{at - KEPT:%Y/%m}":
        return False
    return await photos.by_id(company_id, photo_id, trashed=True) is None


async def _missing(services: Services, company_id: UUID) -> AsyncIterator[UUID]:
    after: UUID | None = None
    while portion := await storage_keys.after(company_id, after, limit=_PORTION):
        for photo_id, key in portion:
            if not await _there(services, key):
                yield photo_id
        after = portion[-1][0]


async def _there(services: Services, key: str) -> bool:
    path = services.storage.local_path(key)
    if path is not None:
        return await in_thread(path.is_file)
    return await services.storage.head(key) is not None
