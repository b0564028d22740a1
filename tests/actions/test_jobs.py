import asyncio
from typing import Any

import pytest

from server.actions import customers as customers_actions
from server.actions import jobs
from server.db import jobs as jobs_db
from server.db import logbook
from server.domain.customers import CustomerDraft
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.jobs import JobDraft, JobState, JobStep
from server.domain.users import Role
from server.ids import new_id
from tests import factories
from tests.factories import START

pytestmark = pytest.mark.usefixtures("database")


async def test_jobs_opened_at_the_same_moment_get_numbers_of_their_own() -> None:
    office = await factories.actor(await factories.company())
    opened = await asyncio.gather(*[factories.job(office, f"Auftrag {number}") for number in range(12)])
    assert sorted(job.number for job in opened) == [f"2026-{number:03}" for number in range(1, 13)]


async def test_each_company_counts_for_itself_and_a_taken_number_is_named() -> None:
    first = await factories.actor(await factories.company())
    second = await factories.actor(await factories.company("Zweite"))
    assert (await factories.job(first)).number == (await factories.job(second)).number == "2026-001"
    with pytest.raises(Invalid) as refused:
        await factories.job(first, "Dach", number="2026-001")
    assert (refused.value.code, refused.value.field) == ("job.number_taken", "number")


async def test_a_phone_brings_its_job_as_often_as_it_likes() -> None:
    company = await factories.company()
    ali = await factories.actor(company, Role.WORKER, "Ali Demir")
    other = await factories.actor(company, Role.WORKER, "Ben")
    job_id = new_id()
    first = await jobs.open_from_phone(ali, job_id, title=" Rohrbruch ", city="Hürth", at=START)
    again = await jobs.open_from_phone(ali, job_id, title="Rohrbruch", at=START)
    assert first == again and (first.id, first.title, first.number) == (job_id, "Rohrbruch", "2026-001")
    assert [user.id for user in await jobs_db.members_of(company.id, job_id)] == [ali.id]
    with pytest.raises(Conflict, match="id_taken"):
        await jobs.open_from_phone(other, job_id, title="Anderes", at=START)


async def test_a_wrong_change_changes_nothing_at_all() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    ali = await factories.user(company)
    taken = await factories.job(office, "Dach")
    job = await factories.job(office, "Bad")
    with pytest.raises(Invalid, match="number_taken"):
        draft = JobDraft("Bad neu", number=taken.number)
        await jobs.change(office, job, draft, member_ids=[ali.id], at=START)
    with pytest.raises(Conflict, match="step"):
        await jobs.change(office, job, JobDraft("Bad neu"), way=JobStep.RESTORE, at=START)
    assert await jobs_db.by_id(company.id, job.id) == job
    assert await jobs_db.members_of(company.id, job.id) == []


async def test_a_new_customer_brings_his_only_contact() -> None:
    office = await factories.actor(await factories.company())
    mueller = await factories.customer(office)
    assert (await factories.job(office, customer_id=mueller.id)).contact_id is None
    petra = await factories.contact(office, mueller)
    job = await factories.job(office, customer_id=mueller.id)
    assert job.contact_id == petra.id
    without = JobDraft(job.title, customer_id=mueller.id)
    assert (await jobs.change(office, job, without, at=START)).contact_id is None
    await factories.contact(office, mueller, "Paul Müller", "0171 3920002")
    assert (await factories.job(office, customer_id=mueller.id)).contact_id is None


async def test_contact_and_customer_belong_together_and_to_the_company() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    mueller, schulz = await factories.customer(office), await factories.customer(office, "Schulz")
    petra = await factories.contact(office, mueller)
    assert (await factories.job(office, contact_id=petra.id)).customer_name == "Familie Müller"
    with pytest.raises(Invalid, match="another_customer"):
        await factories.job(office, contact_id=petra.id, customer_id=schulz.id)
    stranger = await factories.actor(await factories.company("Fremd"))
    theirs: list[dict[str, Any]] = [{"contact_id": petra.id}, {"customer_id": mueller.id}]
    for fields in theirs:
        with pytest.raises(Invalid, match="unknown"):
            await factories.job(stranger, **fields)
    ali = await factories.user(company)
    with pytest.raises(Invalid, match=r"user\.unknown"):
        await factories.job(stranger, "Bad", ali.id)


async def test_a_job_is_found_by_its_customers_new_name() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    customer = await factories.customer(office)
    job = await factories.job(office, "Bad", customer_id=customer.id, city="Köln")
    await customers_actions.change(office, customer, CustomerDraft("Weiß & Söhne"), at=START)
    for typed in ("weiss", "soehne bad", "KOELN", job.number, "100%"):
        found = (await jobs_db.search(company.id, text=typed)).items
        assert [one.id for one in found] == ([] if typed == "100%" else [job.id]), typed
    assert not (await jobs_db.search(company.id, text="mueller")).items


async def test_who_sees_what() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    ali, ben = await factories.user(company), await factories.user(company, name="Ben")
    for_all = await factories.job(office, "Für alle")
    for_ali = await factories.job(office, "Für Ali", ali.id)
    for_ben = await factories.job(office, "Für Ben", ben.id)

    async def seen(**only: object) -> list[str]:
        page = await jobs_db.search(company.id, **only)  # type: ignore[arg-type]
        return [job.title for job in page.items]

    assert await seen() == ["Für Ben", "Für Ali", "Für alle"]
    assert await seen(visible_to=ali.id) == ["Für Ali", "Für alle"]
    assert await seen(visible_to=ali.id, member_id=ali.id) == ["Für Ali"]
    for job, visible in ((for_all, True), (for_ali, True), (for_ben, False)):
        assert (await jobs_db.by_id(company.id, job.id, visible_to=ali.id) is not None) == visible
    assert await jobs_db.by_id((await factories.company("Fremd")).id, for_all.id) is None


async def test_steps_are_written_down_and_only_the_office_takes_them() -> None:
    company = await factories.company()
    office, worker = await factories.actor(company), await factories.actor(company, Role.WORKER)
    job = await factories.job(office)
    for attempt in (
        jobs.step(worker, job, JobStep.FINISH, at=START),
        jobs.open_job(worker, JobDraft("x"), at=START),
        jobs.assign(worker, job, [], at=START),
        jobs.change(worker, job, JobDraft("x"), at=START),
    ):
        with pytest.raises(Forbidden):
            await attempt
    done = await jobs.step(office, job, JobStep.FINISH, at=START)
    assert done.state is JobState.DONE
    with pytest.raises(Conflict):
        await jobs.step(office, job, JobStep.ARCHIVE, at=START)
    archived = await jobs.step(office, done, JobStep.ARCHIVE, at=START)
    assert archived.archived_at == START
    assert (await jobs.step(office, archived, JobStep.RESTORE, at=START)).archived_at is None
    verbs = [line.entry.verb for line in (await logbook.of_job(company.id, job.id)).items]
    assert verbs == ["job.state_changed"] * 3 + ["job.opened"]
