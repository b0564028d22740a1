"""Lost things are found in both directions; only what never was a photo is removed, and not before it is old."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from server.actions import sync, trash, uploads
from server.actions.received_photos import Received, keep_picture
from server.actions.sweep import Sweep, away, sweep
from server.actions.sync import Origin
from server.db import photos as table
from server.db import storage_keys
from server.db.connect import Database
from server.domain.errors import Invalid
from server.domain.photos import PhotoState, Source
from server.domain.uploads import Metadata
from server.ids import new_id
from tests.sites import AT, Site, brought, build, metadata_of, photo_bytes, photo_item, pieces


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.images.close()
    await made.services.http.aclose()


async def test_both_directions(site: Site) -> None:
    data, services, company_id = photo_bytes(), site.services, site.worker.company_id
    kept, lost = [photo_item(data), photo_item(data)]
    for item in (kept, lost):
        await sync.put_item(site.worker, item, Origin(), at=AT)
        await uploads.begin(services, site.worker, metadata_of(item), size_bytes=len(data), at=AT)
        await uploads.append(services, site.worker, item.id, pieces(data), offset=0, checksum=None, at=AT)
    assert await sweep(services) == Sweep()
    photo = await table.by_id(company_id, lost.id)
    assert photo and photo.storage_key
    await services.storage.delete(photo.storage_key)
    old, fresh, announced = f"2026/10/{new_id()}", f"2026/11/{new_id()}", f"2026/10/{kept.id}.old"
    strays = [f"{company_id}/{name}.jpg" for name in (old, fresh, announced)]
    for key in strays:
        await services.storage.put(key, data, content_type="image/jpeg")
    found = await sweep(services)
    assert sorted(found.strays) == sorted(strays)
    assert (found.removed, found.missing) == ((strays[0],), (lost.id,))
    later = await sweep(replace(services, clock=lambda: AT + timedelta(days=60)))
    assert later.removed == (strays[1],)


async def test_what_others_put_beside_our_files_hides_nothing(site: Site) -> None:
    """A file manager's list of thumbs or a note of the administrator must not end the search for lost photos."""
    data, services, company_id = photo_bytes(), site.services, site.worker.company_id
    photo = await table.by_id(company_id, await brought(site, data))
    assert photo and photo.storage_key
    await services.storage.delete(photo.storage_key)
    foreign = [f"{company_id}/{name}" for name in ("2026/10/Thumbs.db", "Notiz (alt).txt", "2026/10/a/b.jpg")]
    for key in foreign:
        path = services.storage.local_path(str(company_id))
        assert path
        (path.parent / key).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / key).write_bytes(data)
    found = await sweep(services)
    assert (sorted(found.strays), found.removed, found.missing) == (sorted(foreign), (), (photo.id,))


async def test_a_customers_photo_is_kept_once(site: Site) -> None:
    ident, data, company_id = new_id(), photo_bytes(), site.worker.company_id
    for _ in range(2):
        photo = await keep_picture(
            site.services, Received(ident, company_id, data, site.job, None, caption="Hier"), at=AT
        )
        assert (photo.state, photo.source, photo.job_id) == (PhotoState.STORED, Source.CUSTOMER, site.job)
    assert len([key async for key in site.services.storage.list("")]) == 1
    with pytest.raises(Invalid, match=r"photo\.html"):
        await keep_picture(site.services, Received(new_id(), company_id, b"<html>", None, None), at=AT)


async def test_what_was_thrown_away_does_not_come_back_by_a_repetition(site: Site) -> None:
    """A file is fetched again when the process died before its message knew of it; meanwhile the office was faster."""
    came = Received(new_id(), site.worker.company_id, photo_bytes(), site.job, None)
    photo = await keep_picture(site.services, came, at=AT)
    await trash.delete(site.office, photo, at=AT)
    next_month = AT + timedelta(days=10)
    again = await keep_picture(site.services, came, at=next_month)
    assert (again.id, again.deleted_at) == (photo.id, AT)
    assert [key async for key in site.services.storage.list("")] == [photo.storage_key]
    await trash.restore(site.office, photo.id, at=next_month)
    assert (await keep_picture(site.services, came, at=next_month)).deleted_at is None


async def _file_of(site: Site, photo_id: UUID) -> Path:
    photo = await table.by_id(site.worker.company_id, photo_id)
    assert photo and photo.storage_key
    path = site.services.storage.local_path(photo.storage_key)
    assert path
    return path


async def test_a_lost_original_is_named_until_it_is_there_again(site: Site) -> None:
    company_id = site.worker.company_id
    kept, lost, back = [await brought(site, photo_bytes(seed=number)) for number in range(3)]
    path = await _file_of(site, lost)
    aside = path.rename(path.with_suffix(".away"))
    await sweep(site.services)
    assert [photo.id for photo in await storage_keys.lost(company_id)] == [lost]
    assert not await away(site.services, company_id)
    photo = await table.by_id(company_id, lost)
    assert photo and photo.lost and (photo.state, photo.rev) == (PhotoState.STORED, 2)
    aside.rename(path)
    await sweep(site.services)
    assert await storage_keys.number_lost(company_id) == 0
    assert {kept, back} == {one.id for one in await table.by_ids(company_id, [kept, back]) if not one.problem}


async def test_what_the_phone_brings_again_is_lost_no_more(site: Site) -> None:
    data, company_id = photo_bytes(seed=7), site.worker.company_id
    kept, lost = await brought(site, photo_bytes(seed=8)), await brought(site, data)
    (await _file_of(site, lost)).unlink()
    await sweep(site.services)
    assert await storage_keys.number_lost(company_id) == 1
    metadata = Metadata(lost, hashlib.sha256(data).hexdigest(), "image/jpeg", "IMG_0001.jpg")
    await uploads.begin(site.services, site.worker, metadata, size_bytes=len(data), at=AT)
    awaited = await table.by_id(company_id, lost)
    assert awaited and (awaited.state, awaited.problem) == (PhotoState.ANNOUNCED, "")
    await uploads.append(site.services, site.worker, lost, pieces(data), offset=0, checksum=None, at=AT)
    await sweep(site.services)
    assert await storage_keys.number_lost(company_id) == 0
    assert [one.state for one in await table.by_ids(company_id, [kept, lost])] == [PhotoState.STORED] * 2


async def test_a_disk_that_is_away_loses_no_photo(site: Site) -> None:
    """An empty mount point looks like a storage without files; what comes in meanwhile changes nothing in that."""
    company_id = site.worker.company_id
    old = [await brought(site, photo_bytes(seed=number)) for number in range(3)]
    folder = (await _file_of(site, old[0])).parents[2]
    folder.rename(folder.with_name("elsewhere"))
    new = await brought(site, photo_bytes(seed=4))
    assert set((await sweep(site.services)).missing) == set(old)
    assert await away(site.services, company_id)
    assert await storage_keys.number_lost(company_id) == 0
    assert [one.problem for one in await table.by_ids(company_id, [*old, new])] == [""] * 4
