"""Photos thrown away: gone from every list, back for thirty days, never brought back by a phone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.actions import renditions, reviews, sweep, sync, trash, uploads
from server.db import jobs as job_table
from server.db import logbook, photos, read_model, search, tasks, timeline
from server.db import reviews as review_table
from server.db import trash as trash_table
from server.db.connect import Database
from server.db.tables import TaskRow
from server.db.unit import atomic
from server.domain.errors import Conflict, Forbidden, NotFound
from server.domain.items import ItemState
from server.domain.photos import Photo, PhotoState
from server.domain.reviews import Verdict
from server.domain.trash import days_left
from server.domain.uploads import Gone
from server.ids import new_id
from server.storage.disk import Disk
from tests.sites import AT, JPEG, Site, brought, build, metadata_of, photo_bytes, photo_item, snap


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.images.close()
    await made.services.http.aclose()


async def known(site: Site, photo_id: UUID) -> Photo:
    found = await photos.by_id(site.office.company_id, photo_id, trashed=True)
    assert found
    return found


async def thrown(site: Site, *, at: datetime = AT, **changes: Any) -> Photo:
    photo = await known(site, await brought(site, photo_bytes(), job=str(site.job), **changes))
    await trash.delete(site.office, photo, at=at)
    return await known(site, photo.id)


@atomic
async def worked(until: datetime, *, days: int = 5) -> None:
    """Let the chore have come by on the days before, as on any server that runs."""
    for day in range(days):
        at = until - timedelta(days=day, hours=1)
        await TaskRow.create(
            id=new_id(), kind=trash.CHORE, state="done", run_at=at, created_at=at, done_at=at
        )


async def state(site: Site, photo_id: UUID) -> ItemState:
    return (await sync.have(site.services, site.worker, [photo_id], at=AT))[photo_id].state


async def test_a_deleted_photo_is_in_no_list_and_its_bytes_stay(site: Site) -> None:
    photo, company_id = await thrown(site, caption="Fuge"), site.office.company_id
    assert site.worker.id and photo.storage_key
    assert await photos.by_id(company_id, photo.id) is None
    assert await photos.by_ids(company_id, [photo.id]) == []
    assert (await photos.of_job(company_id, site.job)).items == []
    assert (await search.everything(company_id, "Fuge")).photos == []
    assert await review_table.arrivals(company_id) == []
    assert await review_table.on_desk(company_id, site.job, since=AT) == []
    assert (await job_table.badges(company_id, [site.job]))[site.job].newest_photo_id is None
    assert (await read_model.photos(company_id, [site.job]))[site.job] == []
    kinds = {event.kind for event in (await timeline.of_job(company_id, site.job)).items}
    assert kinds == {"logbook"}
    assert [one.id for one in await trash_table.of_company(company_id)] == [photo.id]
    assert await site.services.storage.head(photo.storage_key)
    verbs = [line.entry.verb for line in (await logbook.of_subject(company_id, photo.id)).items]
    assert verbs[0] == "photo.deleted"


async def test_the_tombstone_wins_over_a_phone(site: Site) -> None:
    data = photo_bytes()
    item = photo_item(data)
    await sync.put_item(site.worker, item, sync.Origin(), at=AT)
    await uploads.begin(site.services, site.worker, metadata_of(item), size_bytes=len(data), at=AT)
    await trash.delete(site.office, await known(site, item.id), at=AT)
    assert await state(site, item.id) is ItemState.TOMBSTONE
    assert not await sync.put_item(site.worker, item, sync.Origin(), at=AT)
    with pytest.raises(Gone, match="deleted"):
        await uploads.begin(site.services, site.worker, metadata_of(item), size_bytes=len(data), at=AT)
    with pytest.raises(Gone, match="deleted"):
        await uploads.progress(site.services, site.worker, item.id, at=AT)
    await trash.restore(site.office, item.id, at=AT)
    assert await state(site, item.id) is ItemState.ANNOUNCED
    assert (await brought(site, data, item_id=item.id)) == item.id
    assert await state(site, item.id) is ItemState.STORED


async def test_taken_back_it_is_as_before_and_drawn_if_it_was_not(site: Site) -> None:
    photo = await thrown(site)
    for task in await tasks.claim("fence", at=AT, lease_s=60, limit=10):
        await renditions.render(site.services, photo.company_id, task.payload)
    with pytest.raises(Forbidden):
        await trash.restore(site.worker, photo.id, at=AT)
    await trash.restore(site.office, photo.id, at=AT)
    assert (await known(site, photo.id)).deleted_at is None
    drawn = await tasks.claim("other", at=AT, lease_s=60, limit=10)
    assert [task.payload for task in drawn] == [{"photo": str(photo.id)}]
    with pytest.raises(NotFound):
        await trash.restore(site.office, photo.id, at=AT)


async def test_who_may_throw_away_what(site: Site) -> None:
    photo = await known(site, await brought(site, photo_bytes(), job=str(site.job)))
    with pytest.raises(Forbidden):
        await trash.delete(site.colleague, photo, at=AT)
    released = await reviews.decide(site.office, photo, verdict=Verdict.RELEASED, note="", at=AT)
    with pytest.raises(Conflict, match="released_stays"):
        await trash.delete(site.worker, released, at=AT)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        await trash.delete(site.office, photo, at=AT)
    mine = await known(site, await snap(site.worker, seed=4))
    await trash.delete(site.worker, mine, at=AT)
    assert (await known(site, mine.id)).deleted_by_id == site.worker.id


async def test_after_thirty_days_only_the_tombstone_is_left(site: Site) -> None:
    photo = await thrown(site, caption="Fuge", position={"lat": 52, "lon": 13})
    kept = await known(site, await brought(site, photo_bytes(seed=2)))
    assert photo.storage_key and kept.storage_key
    assert days_left(photo, AT + timedelta(days=29, hours=1)) == 1
    await worked(AT + timedelta(days=31), days=8)
    early = replace(site.services, clock=lambda: AT + timedelta(days=29))
    late = replace(site.services, clock=lambda: AT + timedelta(days=31))
    await trash.empty(early)
    assert await site.services.storage.head(photo.storage_key)
    await trash.empty(late)
    await trash.empty(late)
    gone = await known(site, photo.id)
    assert (gone.state, gone.storage_key, gone.caption, gone.position) == (PhotoState.PURGED, None, "", None)
    assert await site.services.storage.head(photo.storage_key) is None
    assert await site.services.storage.head(kept.storage_key)
    assert await state(site, photo.id) is ItemState.TOMBSTONE
    assert await sweep.sweep(site.services) == sweep.Sweep()
    assert await trash_table.of_company(photo.company_id) == []
    with pytest.raises(NotFound):
        await trash.restore(site.office, photo.id, at=AT)
    verbs = [line.entry.verb for line in (await logbook.of_subject(photo.company_id, photo.id)).items]
    assert verbs.count("photo.purged") == 1


async def test_the_same_file_twice_is_legal_and_named(site: Site) -> None:
    data = photo_bytes(seed=9)
    first, second, third = [await brought(site, data) for _ in range(3)]
    assert [(await known(site, one)).twin_of_id for one in (first, second, third)] == [None, first, first]
    await trash.delete(site.office, await known(site, first), at=AT)
    assert [(await known(site, one)).twin_of_id for one in (second, third)] == [None, second]
    await trash.restore(site.office, first, at=AT)
    assert (await known(site, first)).twin_of_id == second
    assert (await known(site, await brought(site, JPEG + b"another" * 200))).twin_of_id is None


@atomic
async def begun(photo: Photo) -> None:
    await trash_table.set_purging(photo.company_id, photo.id, before=AT + timedelta(days=1))


class _Slow(Disk):
    """A storage that takes so long to delete that somebody does something meanwhile."""

    def __init__(self, folder: Path, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(folder)
        self._meanwhile = [meanwhile]

    async def delete(self, key: str) -> None:
        while self._meanwhile:
            await self._meanwhile.pop()()
        await super().delete(key)


async def test_what_is_taken_back_while_the_trash_is_emptied_stays(site: Site, tmp_path: Path) -> None:
    """The chore reads a hundred at a time and deletes for minutes; the office takes back the next one of them."""
    first = await thrown(site, at=AT - timedelta(hours=1))
    taken_back, again = [await thrown(site, caption=name) for name in ("B", "C")]
    late = AT + timedelta(days=31)

    async def meanwhile() -> None:
        for photo in (taken_back, again):
            await trash.restore(site.office, photo.id, at=late)
        await trash.delete(site.office, await known(site, again.id), at=late)

    await worked(late)
    slow = replace(site.services, clock=lambda: late, storage=_Slow(tmp_path / "photos", meanwhile))
    await trash.empty(slow)
    assert (await known(site, first.id)).state is PhotoState.PURGED
    for photo in (taken_back, again):
        assert (await known(site, photo.id)).state is PhotoState.STORED
        assert (await known(site, photo.id)).caption == photo.caption
        assert photo.storage_key and await site.services.storage.head(photo.storage_key)


async def test_emptying_that_was_cut_goes_on(site: Site) -> None:
    photo = await thrown(site)
    assert photo.storage_key
    await begun(photo)
    await site.services.storage.delete(photo.storage_key)
    with pytest.raises(NotFound):
        await trash.restore(site.office, photo.id, at=AT)
    await worked(AT + timedelta(days=31))
    await trash.empty(replace(site.services, clock=lambda: AT + timedelta(days=31)))
    gone = await known(site, photo.id)
    assert (gone.state, gone.storage_key) == (PhotoState.PURGED, None)


async def test_a_clock_that_leapt_empties_no_trash(site: Site) -> None:
    """Ten years ahead for an afternoon, then set right: what was thrown away this morning can still be taken back."""
    photo = await thrown(site)
    assert photo.storage_key
    await worked(AT)
    for leap in (timedelta(days=3653), timedelta(days=3653, hours=6), timedelta(days=3654)):
        wrong = AT + leap
        await trash.empty(replace(site.services, clock=partial(max, AT, wrong)))
        await worked(wrong, days=1)
    assert await site.services.storage.head(photo.storage_key)
    await trash.restore(site.office, photo.id, at=AT)
    assert (await known(site, photo.id)).state is PhotoState.STORED
