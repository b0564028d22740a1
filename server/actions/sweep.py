"""The two-way search for lost things: files without a row, rows without a file (reliability §1, Immich)."""

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db import companies, photos, storage_keys
from server.db.unit import atomic, signal
from server.domain.uploads import KEPT
from server.ids import parse_id
from server.services import Services
from server.storage.base import StorageError, in_thread
from server.storage.base import missing as absent

log = logging.getLogger(__name__)

_PORTION = 500
_SAMPLE = 20
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
        missing += await _compare(services, company_id)
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


async def _compare(services: Services, company_id: UUID) -> list[UUID]:
    """Return the photos whose file is not there, and mark them; what lies there again is marked no more.

    Where most are not there, a disk is away and not the photos: nobody's photo is called lost for that.
    """
    gone: list[UUID] = []
    fresh: list[UUID] = []
    back: list[UUID] = []
    known = 0
    async for photo_id, key, lost in _every_key(company_id):
        known += not lost
        if not await _there(services, key):
            gone.append(photo_id)
            if not lost:
                fresh.append(photo_id)
        elif lost:
            back.append(photo_id)
    if most(len(fresh), known):
        log.warning("storage seems to be away", extra={"missing": len(fresh), "photos": known})
        fresh = []
    for start in range(0, len(fresh), _PORTION):
        await _mark(company_id, fresh[start : start + _PORTION], lost=True)
    for start in range(0, len(back), _PORTION):
        await _mark(company_id, back[start : start + _PORTION], lost=False)
    return gone


@atomic
async def _mark(company_id: UUID, ids: list[UUID], *, lost: bool) -> None:
    await storage_keys.set_lost(company_id, ids, lost=lost)
    signal("photos", company_id)


async def away(services: Services, company_id: UUID) -> bool:
    """Tell whether the storage seems not to be there at all, by its oldest originals: these lay there longest."""
    oldest = await storage_keys.after(company_id, None, limit=_SAMPLE)
    keys = [key for _, key, lost in oldest if not lost]
    try:
        return most(len(await absent(services.storage, keys)), len(keys))
    except StorageError:
        return True


def most(missing: int, known: int) -> bool:
    """Tell whether so many are missing that the storage is the more likely reason."""
    return 2 * missing > known


async def _every_key(company_id: UUID) -> AsyncIterator[tuple[UUID, str, bool]]:
    after: UUID | None = None
    while portion := await storage_keys.after(company_id, after, limit=_PORTION):
        for one in portion:
            yield one
        after = portion[-1][0]


async def _there(services: Services, key: str) -> bool:
    path = services.storage.local_path(key)
    if path is not None:
        return await in_thread(path.is_file)
    return await services.storage.head(key) is not None
