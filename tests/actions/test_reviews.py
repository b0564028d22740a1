"""Verdicts one by one and many at once, with their lines in the logbook; what waits on the desk."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from server.actions import photos as arriving
from server.actions import reviews
from server.db import logbook, photos
from server.db import reviews as desk
from server.db.connect import Database
from server.domain.errors import Conflict, Invalid
from server.domain.media import JPEG
from server.domain.photos import Photo
from server.domain.reviews import Verdict
from server.domain.users import Actor
from server.ids import new_id
from tests.sites import AT, Site, build, photo_bytes, photo_item


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.images.close()
    await made.services.http.aclose()


async def arrived(
    site: Site, job_id: UUID | None = None, actor: Actor | None = None, hint: str = ""
) -> Photo:
    item, actor = photo_item(photo_bytes()), actor or site.worker
    await arriving.announce(actor, item, job_id=job_id, at=AT)
    photo = await read(site, item.id)
    await arriving.add_original(actor, photo, key=f"k/{item.id}", sha256=item.sha256, kind=JPEG, at=AT)
    return await read(site, item.id)


async def read(site: Site, photo_id: UUID) -> Photo:
    found = await photos.by_id(site.office.company_id, photo_id)
    assert found
    return found


async def verbs(photo: Photo) -> list[str]:
    return [line.entry.verb for line in (await logbook.of_subject(photo.company_id, photo.id)).items]


async def test_every_decision_leaves_its_line(site: Site) -> None:
    photo = await arrived(site, site.job)
    for verdict in (Verdict.RELEASED, Verdict.RELEASED, Verdict.REJECTED, Verdict.NEW, Verdict.RETAKE):
        photo = await reviews.decide(site.office, photo, verdict=verdict, note="", at=AT)
        assert await read(site, photo.id) == photo
    assert (await verbs(photo))[:4] == [
        "photo.retake_asked",
        "photo.reopened",
        "photo.rejected",
        "photo.released",
    ]
    line = (await logbook.of_subject(photo.company_id, photo.id)).items[0]
    assert (line.entry.data["before"], line.entry.data["after"]) == ("new", "retake")
    assert line.entry.job_id == site.job


async def test_the_slower_of_two_is_told(site: Site) -> None:
    photo = await arrived(site, site.job)
    await reviews.decide(site.office, photo, verdict=Verdict.RELEASED, note="", at=AT)
    with pytest.raises(Conflict):
        await reviews.decide(site.office, photo, verdict=Verdict.REJECTED, note="", at=AT)
    assert (await read(site, photo.id)).review == "released"


async def test_one_refusal_stops_nobody(site: Site) -> None:
    good = [await arrived(site, site.job) for _ in range(2)]
    loose, unknown = await arrived(site), new_id()
    ids = [good[0].id, loose.id, unknown, good[1].id, good[0].id]
    done = await reviews.decide_many(site.office, ids, verdict=Verdict.RELEASED, note="", at=AT)
    assert done.number == 2
    codes = {ident: error.code for ident, error in done.refused.items()}
    assert codes == {loose.id: "review.no_job", unknown: "photo.unknown"}
    assert [(await read(site, one.id)).review for one in [*good, loose]] == ["released", "released", "new"]


async def test_sorting_moves_and_a_released_photo_waits_again(site: Site) -> None:
    loose, released = await arrived(site), await arrived(site, site.job)
    await reviews.decide(site.office, released, verdict=Verdict.RELEASED, note="", at=AT)
    done = await reviews.sort_many(site.office, [loose.id, released.id], job_id=site.closed_job, at=AT)
    assert (done.number, done.refused) == (2, {})
    for photo in (loose, released):
        now = await read(site, photo.id)
        assert (now.job_id, now.review) == (site.closed_job, "new")
    with pytest.raises(Invalid, match=r"photo\.job_unknown"):
        await reviews.sort_many(site.office, [loose.id], job_id=site.foreign_job, at=AT)


async def test_what_waits_on_the_desk(site: Site) -> None:
    company_id = site.office.company_id
    first = await arrived(site, site.job)
    await arrived(site, site.job, site.colleague)
    await arrived(site)
    [arrival] = await desk.arrivals(company_id)
    assert (arrival.job_id, arrival.photos, set(arrival.authors)) == (
        site.job,
        2,
        {site.worker.name, site.colleague.name},
    )
    assert arrival.newest_at == AT
    homeless = await desk.homeless(company_id)
    assert (homeless.photos, homeless.authors) == (1, (site.worker.name,))
    assert await desk.arrivals(site.stranger.company_id) == []
    await reviews.decide(site.office, first, verdict=Verdict.RETAKE, note="näher", at=AT)
    shown = await desk.on_desk(company_id, site.job, since=AT - timedelta(hours=1))
    assert len(shown) == 2
    assert first.id not in [
        photo.id for photo in await desk.on_desk(company_id, site.job, since=AT + timedelta(hours=1))
    ]
