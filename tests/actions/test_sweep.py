"""Lost things are found in both directions; only what never was a photo is removed, and not before it is old."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from server.actions import sync, trash, uploads
from server.actions.received_photos import Received, keep_picture
from server.actions.sweep import Sweep, sweep
from server.actions.sync import Origin
from server.db import photos as table
from server.db.connect import Database
from server.domain.errors import Invalid
from server.domain.photos import PhotoState, Source
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
