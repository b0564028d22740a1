"""Jobs that become one, and jobs that go: what belongs to them finds a place, whenever it comes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from tortoise.models import Model

from server.actions import internal_notes, jobs, mergers, reviews
from server.db import internal_notes as internal_notes_db
from server.db import items, logbook, notes, photos, questions, tables
from server.db import jobs as job_table
from server.db import mergers as mergers_db
from server.db import timeline as timelines
from server.db.connect import Database
from server.db.tables import CustomerRow, JobMemberRow, JobRow
from server.db.unit import atomic
from server.domain.errors import Conflict, Forbidden, Invalid, NotFound
from server.domain.jobs import Job, JobDraft, JobState, twins
from server.domain.reviews import Verdict
from server.ids import new_id
from tests import looks
from tests.sites import AT, Site, brought, build, photo_bytes, put, snap


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.images.close()
    await made.services.http.aclose()


async def job(site: Site, job_id: UUID) -> Job:
    found = await job_table.by_id(site.office.company_id, job_id)
    assert found
    return found


async def opened(site: Site, title: str = "Bad") -> Job:
    return await jobs.open_job(site.office, JobDraft(title), at=AT)


async def place(site: Site, photo_id: UUID) -> UUID | None:
    photo = await photos.by_id(site.worker.company_id, photo_id)
    assert photo
    return photo.job_id


async def lines(site: Site, job_id: UUID) -> list[str]:
    found = (await logbook.of_job(site.office.company_id, job_id)).items
    return [line.entry.verb for line in found if line.entry.verb.startswith("job.")]


async def test_everything_goes_along_and_both_logbooks_say_so(site: Site) -> None:
    into, gone = await opened(site), site.job
    photo_id = await brought(site, photo_bytes(), job=str(gone))
    note_id = await put(site.worker, "note", job=str(gone), text="Fuge")
    question_id = await put(site.worker, "question", job=str(gone), text="Weiß?", refs=[str(photo_id)])
    await mergers.merge(site.office, await job(site, gone), into.id, at=AT)
    company_id = site.office.company_id
    note, question = await notes.by_id(company_id, note_id), await questions.by_id(company_id, question_id)
    assert note and question
    assert {await place(site, photo_id), note.job_id, question.job_id} == {into.id}
    old = await job_table.by_id(company_id, gone, merged=True)
    assert old and (old.state, old.merged_into_id) == (JobState.MERGED, into.id)
    assert await job_table.by_id(company_id, gone) is None
    assert await lines(site, into.id) == ["job.took_in", "job.merged", "job.opened"]
    told = [event for event in (await timelines.of_job(company_id, into.id)).items if event.kind == "logbook"]
    assert len(told) == 3
    with pytest.raises(NotFound):
        await mergers.merge(site.office, old, into.id, at=AT)


async def test_what_comes_for_the_old_id_lands_in_the_new_job_over_several_mergers(site: Site) -> None:
    second, third = await opened(site, "Zwei"), await opened(site, "Drei")
    await mergers.merge(site.office, await job(site, site.job), second.id, at=AT)
    await mergers.merge(site.office, second, third.id, at=AT)
    photo_id = await snap(site.worker, job=str(site.job))
    assert await place(site, photo_id) == third.id
    old = await job_table.by_id(site.office.company_id, site.job, merged=True)
    assert old and old.merged_into_id == third.id


@atomic
async def only_for(site: Site, job_id: UUID, user_id: UUID | None) -> None:
    await JobMemberRow.create(id=new_id(), company_id=site.office.company_id, job_id=job_id, user_id=user_id)


async def test_who_was_in_the_old_job_is_in_the_new_one(site: Site) -> None:
    assert site.worker.id and site.colleague.id
    await only_for(site, site.job, site.worker.id)
    await mergers.merge(site.office, await job(site, site.job), site.closed_job, at=AT)
    members = await job_table.members_of(site.office.company_id, site.closed_job)
    assert {user.id for user in members} == {site.worker.id, site.colleague.id}
    photo_id = await snap(site.worker, job=str(site.job))
    assert await place(site, photo_id) == site.closed_job


@atomic
async def of_customer(site: Site, job_id: UUID, name: str) -> None:
    customer_id = new_id()
    await CustomerRow.create(id=customer_id, company_id=site.office.company_id, name=name, created_at=AT)
    await JobRow.filter(id=job_id, company_id=site.office.company_id).update(customer_id=customer_id)


@pytest.mark.parametrize(
    ("customers", "review"), [(("Müller", "Meier"), "new"), (("Müller", ""), "released")]
)
async def test_a_release_for_one_customer_is_none_for_another(
    site: Site, customers: tuple[str, str], review: str
) -> None:
    into = await opened(site)
    for job_id, name in zip((site.job, into.id), customers, strict=True):
        if name:
            await of_customer(site, job_id, name)
    photo = await photos.by_id(site.office.company_id, await brought(site, photo_bytes(), job=str(site.job)))
    assert photo
    await reviews.decide(site.office, photo, verdict=Verdict.RELEASED, note="", at=AT)
    await mergers.merge(site.office, await job(site, site.job), into.id, at=AT)
    after = await photos.by_id(photo.company_id, photo.id)
    assert after and after.review == review
    assert (await job(site, into.id)).customer_name == (customers[1] or customers[0])


async def test_who_may_merge_what(site: Site) -> None:
    one = await job(site, site.job)
    with pytest.raises(Forbidden):
        await mergers.merge(site.worker, one, site.closed_job, at=AT)
    for wrong in (one.id, site.foreign_job, new_id()):
        with pytest.raises(Invalid):
            await mergers.merge(site.office, one, wrong, at=AT)


async def test_a_deleted_job_leaves_its_photos_unsorted_and_never_comes_back(site: Site) -> None:
    made = await put(site.worker, "job", title="Rohrbruch Weber")
    body = {"kind": "job", "title": "Rohrbruch Weber"}
    photo_id = await brought(site, photo_bytes(), job=str(made))
    note_id = await put(site.worker, "note", job=str(made), text="Fuge")
    await mergers.delete(site.office, await job(site, made), at=AT)
    photo = await photos.by_id(site.office.company_id, photo_id)
    note = await notes.by_id(site.office.company_id, note_id)
    assert photo and note and photo.job_id is note.job_id is None
    assert photo.job_hint == note.job_hint == "2026-003 · Rohrbruch Weber"
    late = await snap(site.worker, seed=3, job=str(made))
    named = await photos.by_id(site.office.company_id, late)
    assert named and named.job_id is None and named.job_hint == "2026-003 · Rohrbruch Weber"
    await put(site.worker, item_id=made, **body)
    assert await job_table.by_id(site.office.company_id, made) is None
    item = await items.by_id(site.office.company_id, made)
    assert item and item.tombstone_at


async def test_a_job_with_talk_is_not_deleted(site: Site) -> None:
    await put(site.worker, "question", job=str(site.job), text="Weiß?")
    with pytest.raises(Conflict, match="has_talk"):
        await mergers.delete(site.office, await job(site, site.job), at=AT)
    assert (await looks.of_job(site.office.company_id, site.job)) == []


async def test_internal_notes_keep_a_job_and_follow_it(site: Site) -> None:
    one, into = await job(site, site.job), await opened(site)
    await internal_notes.write(site.office, job_id=one.id, text="Schlüssel beim Nachbarn", at=AT)
    with pytest.raises(Conflict, match="has_talk"):
        await mergers.delete(site.office, one, at=AT)
    await mergers.merge(site.office, one, into.id, at=AT)
    told = await internal_notes_db.of_job(site.office.company_id, into.id)
    assert [note.text for note in told] == ["Schlüssel beim Nachbarn"]


def test_everything_that_names_a_job_is_thought_of() -> None:
    """A new table with a job would let a deletion fail, or lose sight of what a merged job held."""
    thought = {"photo", "note", "question", "message", "job", "job_member", *mergers_db.RECORDS}
    naming = {
        model.__name__
        for model in vars(tables).values()
        if isinstance(model, type)
        and issubclass(model, Model)
        and any(
            getattr(field, "model_name", "") == "server.JobRow" for field in model._meta.fields_map.values()
        )
        and model._meta.db_table not in thought
    }
    assert naming == set()


async def test_photos_that_come_while_jobs_merge_end_in_the_target(site: Site) -> None:
    into = await opened(site)
    one = await job(site, site.job)
    snaps = [snap(site.worker, seed=seed, job=str(site.job)) for seed in range(12)]
    ids = await asyncio.gather(*snaps[:6], mergers.merge(site.office, one, into.id, at=AT), *snaps[6:])
    assert {await place(site, ident) for ident in ids if isinstance(ident, UUID)} == {into.id}


async def test_twins_are_named_by_name_and_address(site: Site) -> None:
    drafts = [
        ("Bad Müller", "Hauptstr. 3"),
        ("bad mueller", "Hauptstr. 4"),
        ("Bad  MÜLLER", ""),
        ("Küche", "Hauptstr. 3"),
        ("Bad Müller", "HAUPTSTR. 3"),
    ]
    made = [
        await jobs.open_job(site.office, JobDraft(title, street=street, city="Köln" if street else ""), at=AT)
        for title, street in drafts
    ]
    found = twins(made[0], await mergers_db.alike(site.office.company_id, made[0]))
    assert [(twin.job.id, twin.by_address) for twin in found] == [(made[4].id, True), (made[2].id, False)]
