"""What happened at the desk while a phone was away: the server decides, nothing is refused for good (§4.4)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.actions import jobs, notes
from server.actions.photos import describe
from server.db import jobs as job_table
from server.db import logbook, photos
from server.db import notes as note_table
from server.db.connect import Database
from server.db.sql import dialect, rows
from server.db.tables import NoteRow
from server.db.unit import atomic
from server.domain.errors import Forbidden, Invalid
from server.domain.jobs import JobStep
from server.domain.logbook import Entry
from server.domain.notes import Note
from server.domain.photos import Words
from server.ids import new_id
from tests.sites import AT, Site, build, put, snap


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.images.close()
    await made.services.http.aclose()


async def job_of(site: Site, photo_id: UUID) -> UUID | None:
    photo = await photos.by_id(site.worker.company_id, photo_id)
    assert photo
    return photo.job_id


async def close(site: Site) -> None:
    job = await job_table.by_id(site.office.company_id, site.job)
    assert job
    await jobs.step(site.office, job, JobStep.FINISH, at=AT)


async def verbs(site: Site, subject: UUID) -> list[str]:
    return [line.entry.verb for line in (await logbook.of_subject(site.worker.company_id, subject)).items]


async def test_what_comes_after_the_closing_is_taken_and_named(site: Site) -> None:
    await close(site)
    photo_id, note_id = await snap(site.worker, job=str(site.job)), new_id()
    await put(site.worker, "note", note_id, job=str(site.job), text="Fuge nachgezogen")
    photo = await photos.by_id(site.worker.company_id, photo_id)
    note = await note_table.by_id(site.worker.company_id, note_id)
    assert photo and photo.late and photo.job_id == site.job
    assert note and note.late and note.job_id == site.job
    assert await verbs(site, photo_id) == ["photo.late", "photo.announced"]
    assert await verbs(site, note_id) == ["note.late", "note.written"]


async def test_filing_takes_ones_own_unsorted_photos_only(site: Site) -> None:
    mine, hers, sorted_one = (
        await snap(site.worker),
        await snap(site.colleague, seed=2),
        await snap(site.worker, seed=3),
    )
    elsewhere = await put(site.worker, "job", title="Flur")
    await put(site.worker, "filing", job=str(elsewhere), refs=[str(sorted_one)])
    await put(site.worker, "filing", job=str(site.job), refs=[str(mine), str(hers), str(sorted_one)])
    assert [await job_of(site, one) for one in (mine, hers, sorted_one)] == [site.job, None, elsewhere]
    assert (await verbs(site, mine))[0] == "photo.moved"


async def test_the_name_of_an_unknown_job_stays_while_its_photo_has_none(site: Site) -> None:
    """Words do not take it away, a job does."""
    photo_id = await snap(site.worker, job=str(new_id()), job_hint="Garage Weber")
    for job_id, hint in ((None, "Garage Weber"), (site.job, ""), (None, "")):
        photo = await photos.by_id(site.office.company_id, photo_id)
        assert photo
        words = Words(f"Tor {job_id}", None, (), job_id)
        told = await describe(site.office, photo, words, at=AT)
        photo = await photos.by_id(site.office.company_id, photo_id)
        assert photo and photo.job_hint == told.job_hint == hint


async def test_filing_waits_for_its_photos_and_its_job(site: Site) -> None:
    early, later, job_id = await snap(site.worker), new_id(), new_id()
    refs = [str(early), str(later)]
    await put(site.worker, "filing", job=str(job_id), job_hint="Garage", refs=refs)
    photo = await photos.by_id(site.worker.company_id, early)
    assert photo and photo.job_id is None and photo.job_hint == "Garage"
    await put(site.worker, "job", job_id, title="Garage Weber")
    assert await job_of(site, early) == job_id
    await snap(site.worker, seed=2, item_id=later)
    assert await job_of(site, later) == job_id
    foreign = await snap(site.worker, seed=4)
    await put(site.worker, "filing", job=str(site.closed_job), refs=[str(foreign)])
    assert await job_of(site, foreign) is None


async def written(site: Site, **fields: Any) -> Note:
    note_id = await put(site.worker, "note", job=str(site.job), **fields)
    note = await note_table.by_id(site.worker.company_id, note_id)
    assert note
    return note


async def standing(site: Site) -> list[tuple[str, bool]]:
    rows = NoteRow.filter(company_id=site.worker.company_id, job_id=site.job, current=True)
    return sorted((note.text, note.disputed) for note in await rows)


async def test_a_correction_stands_where_the_first_text_stood(site: Site) -> None:
    first = await written(site, text="Rohr undicht")
    second = await written(site, text="Rohr ist dicht", replaces=str(first.id), base_rev=1)
    assert (second.captured_at, second.rev, second.replaces_id) == (first.captured_at, 2, first.id)
    assert await standing(site) == [("Rohr ist dicht", False)]
    line = (await logbook.of_subject(site.worker.company_id, second.id)).items[0].entry
    assert (line.verb, line.data["before"]) == ("note.revised", "Rohr undicht")
    third = await notes.revise(site.office, second, text="Rohr dicht.", base_rev=second.rev, at=AT)
    assert [one.text for one in await note_table.family(third.company_id, first.id)] == [
        "Rohr dicht.", "Rohr ist dicht", "Rohr undicht",
    ]  # fmt: skip


async def test_corrections_on_two_sides_both_stand_until_the_office_settles(site: Site) -> None:
    first = await written(site, text="Rohr undicht")
    desk = await notes.revise(site.office, first, text="Rohr undicht, Keller", base_rev=1, at=AT)
    phone = await written(site, text="Rohr ist dicht", replaces=str(first.id), base_rev=1)
    assert await standing(site) == [("Rohr ist dicht", True), ("Rohr undicht, Keller", True)]
    assert (await verbs(site, phone.id))[0] == "note.disputed"
    with pytest.raises(Forbidden):
        await notes.settle(site.worker, phone, {phone.id}, at=AT)
    with pytest.raises(Invalid):
        await notes.settle(site.office, phone, {new_id()}, at=AT)
    kept = await notes.settle(site.office, phone, {phone.id}, at=AT)
    assert [one.id for one in kept] == [phone.id]
    assert await standing(site) == [("Rohr ist dicht", False)]
    assert (await note_table.by_id(desk.company_id, desk.id)) is not None


async def test_both_versions_may_stay(site: Site) -> None:
    first = await written(site, text="A")
    desk = await notes.revise(site.office, first, text="B", base_rev=1, at=AT)
    phone = await written(site, text="C", replaces=str(first.id), base_rev=1)
    await notes.settle(site.office, desk, {desk.id, phone.id}, at=AT)
    assert await standing(site) == [("B", False), ("C", False)]


async def test_anothers_note_is_not_replaced(site: Site) -> None:
    first = await written(site, text="A")
    await put(site.colleague, "note", job=str(site.job), text="B", replaces=str(first.id), base_rev=1)
    await put(site.worker, "note", job=str(site.job), text="C", replaces=str(new_id()), base_rev=1)
    assert await standing(site) == [("A", False), ("B", False), ("C", False)]


@pytest.mark.parametrize("kind_of", ["filing", "job"])
async def test_what_moves_several_photos_waits_for_nobody_who_waits_for_it(site: Site, kind_of: str) -> None:
    """A phone files two photos while somebody changes the second: both write the logbook, and both come to an end."""
    job_id = str(new_id()) if kind_of == "job" else None
    first, second = sorted([await snap(site.worker, job=job_id), await snap(site.worker, job=job_id)])
    begun = asyncio.Event()

    @atomic
    async def change() -> None:
        await photos.set_hint(site.worker.company_id, second, "Bad")
        begun.set()
        while dialect() == "postgres" and not await rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        entry = Entry.by(site.office, "photo.moved", "photo", second, at=AT)
        await logbook.insert_entry(site.worker.company_id, entry)

    async def bring() -> None:
        await begun.wait()
        if job_id:
            await put(site.worker, "job", UUID(job_id), title="Bad Müller")
        else:
            await put(site.worker, "filing", job=str(site.job), refs=[str(first), str(second)])

    await asyncio.gather(change(), bring())
    wanted = UUID(job_id) if job_id else site.job
    assert [await job_of(site, one) for one in (first, second)] == [wanted, wanted]
