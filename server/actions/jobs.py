"""Jobs: opened at the desk or on site, changed, given to people, closed and put away."""

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from server.actions import questions
from server.db import companies, customers, jobs, logbook, mergers, users
from server.db import questions as questions_db
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Invalid, NotFound
from server.domain.jobs import Job, JobDraft, JobState, JobStep, next_number, next_state
from server.domain.logbook import Entry, differences
from server.domain.questions import QuestionState
from server.domain.users import Actor, Right, require
from server.ids import new_id


@atomic
async def open_job(actor: Actor, draft: JobDraft, *, member_ids: Collection[UUID] = (), at: datetime) -> Job:
    """Open a job from the desk; without a number it gets the next free one. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_JOBS)
    return await _open(actor, new_id(), await _placed(actor, draft.checked()), member_ids, at)


@atomic
async def open_from_phone(
    actor: Actor, job_id: UUID, *, title: str, street: str = "", city: str = "", at: datetime
) -> Job:
    """Open a job made on site, under the phone's id; its maker becomes a member. The same id again is that job.

    Raises Invalid, Forbidden, and Conflict("job.id_taken") when the id is somebody else's job.
    """
    require(actor, Right.CAPTURE)
    known = await jobs.by_id(actor.company_id, job_id)
    if known is not None:
        if known.created_by_id != actor.id:
            raise Conflict("job.id_taken", field="id")
        return known
    draft = JobDraft(title=title, street=street, city=city).checked()
    return await _open(actor, job_id, draft, [actor.id] if actor.id else [], at)


@atomic
async def change(
    actor: Actor,
    job: Job,
    draft: JobDraft,
    *,
    member_ids: Collection[UUID] | None = None,
    way: JobStep | None = None,
    at: datetime,
) -> Job:
    """Change what is typed about a job; an empty number keeps the one it has, `None` the members and the state.

    All or nothing. Raises Invalid, Forbidden, Conflict("job.step").
    """
    require(actor, Right.MANAGE_JOBS)
    draft = replace(draft, number=draft.number or job.number).checked()
    draft = await _placed(actor, draft, known_customer=job.customer_id, known_contact=job.contact_id)
    if member_ids is not None:
        await assign(actor, job, member_ids, at=at)
    changes = differences(asdict(job), asdict(draft))
    if changes:
        await _free(actor, draft.number, job.id)
        await jobs.set_draft(actor.company_id, job, draft, at=at)
        await jobs.set_search_text(actor.company_id, job_id=job.id)
        if job.customer_id not in (None, draft.customer_id):
            await _of_another(actor, job, draft.customer_id, at=at)
        await _note(actor, "job.changed", job.id, at, changes=changes)
    after = await current(actor, job.id)
    return await step(actor, after, way, at=at) if way else after


async def _of_another(actor: Actor, job: Job, customer_id: UUID | None, *, at: datetime) -> None:
    """A job becomes another customer's: what was released for the one is not for the other, and waits no longer."""
    await mergers.set_unreleased(actor.company_id, job.id)
    signal("photos", actor.company_id, job=str(job.id))
    for question in await questions_db.of_job(actor.company_id, job.id, limit=1000):
        if question.state is QuestionState.QUEUED:
            await questions.hold_back(actor, question, customer_id, at=at)


@atomic
async def step(actor: Actor, job: Job, way: JobStep, *, at: datetime) -> Job:
    """Start, finish, reopen, archive or restore a job. Raises Conflict("job.step"), Forbidden."""
    require(actor, Right.MANAGE_JOBS)
    after = next_state(job.state, way)
    if not await jobs.set_state(actor.company_id, job, after, at=at):
        raise Conflict("job.step", state=job.state, step=way)
    await _note(actor, "job.state_changed", job.id, at, changes={"state": [job.state, after]})
    return await current(actor, job.id)


@atomic
async def assign(actor: Actor, job: Job, member_ids: Collection[UUID], *, at: datetime) -> None:
    """Make exactly these people the job's members; without members every worker sees it. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_JOBS)
    before = {user.id: user.name for user in await jobs.members_of(actor.company_id, job.id)}
    if set(member_ids) != set(before):
        after = await _assign(actor, job.id, member_ids, keep=before.keys())
        names = {"members": [sorted(before.values()), sorted(after)]}
        await _note(actor, "job.assigned", job.id, at, changes=names)


async def _open(
    actor: Actor, job_id: UUID, draft: JobDraft, member_ids: Collection[UUID], at: datetime
) -> Job:
    await companies.lock(actor.company_id)
    if draft.number:
        await _free(actor, draft.number, job_id)
    else:
        draft = replace(draft, number=await _number(actor, at))
    job = Job(
        id=job_id,
        company_id=actor.company_id,
        customer_name=await _customer_name(actor, draft.customer_id),
        state=JobState.ACTIVE,
        created_by_id=actor.id,
        created_at=at,
        changed_at=at,
        archived_at=None,
        rev=1,
        **asdict(draft),
    )
    await jobs.insert_job(actor.company_id, job)
    await _assign(actor, job.id, member_ids)
    await _note(actor, "job.opened", job.id, at, number=job.number, title=job.title)
    return job


async def _number(actor: Actor, at: datetime) -> str:
    company = await companies.by_id(actor.company_id)
    assert company is not None, "an actor belongs to a company"
    year = company.day_of(at).year
    return next_number(year, await jobs.numbers_of_year(actor.company_id, year))


async def _free(actor: Actor, number: str, job_id: UUID) -> None:
    other = await jobs.by_number(actor.company_id, number)
    if other is not None and other.id != job_id:
        raise Invalid("job.number_taken", field="number", title=other.title)


async def _placed(
    actor: Actor, draft: JobDraft, *, known_customer: UUID | None = None, known_contact: UUID | None = None
) -> JobDraft:
    """Return the draft with customer and contact that belong together. Raises Invalid naming the wrong one.

    A contact who was merged into one of another customer stays the job's as long as the customer does. A customer new to the job brings the one person there is to talk to; of several, somebody chooses.
    """
    contact = None
    if draft.contact_id is not None:
        contact = await customers.contact_by_id(actor.company_id, draft.contact_id)
        if contact is None:
            raise Invalid("contact.unknown", field="contact")
        draft = replace(draft, contact_id=contact.id)
    if draft.customer_id is not None and await customers.by_id(actor.company_id, draft.customer_id) is None:
        raise Invalid("customer.unknown", field="customer")
    if contact is not None and draft.customer_id is None:
        draft = replace(draft, customer_id=contact.customer_id)
    as_it_was = (draft.customer_id, draft.contact_id) == (known_customer, known_contact)
    if contact is not None and contact.customer_id != draft.customer_id and not as_it_was:
        raise Invalid("contact.of_another_customer", field="contact")
    if contact is None and draft.customer_id is not None and draft.customer_id != known_customer:
        people = await customers.contacts_of(actor.company_id, draft.customer_id)
        draft = replace(draft, contact_id=people[0].id if len(people) == 1 else None)
    return draft


async def _customer_name(actor: Actor, customer_id: UUID | None) -> str:
    customer = await customers.by_id(actor.company_id, customer_id) if customer_id else None
    return customer.name if customer else ""


async def _assign(
    actor: Actor, job_id: UUID, member_ids: Collection[UUID], keep: Collection[UUID] = ()
) -> list[str]:
    """Write the members and return their names; somebody disabled may stay but not be added."""
    names = []
    for user_id in set(member_ids):
        user = await users.by_id(actor.company_id, user_id)
        if user is None or not (user.active or user_id in keep):
            raise Invalid("user.unknown", field="members")
        names.append(user.name)
    await jobs.set_members(actor.company_id, job_id, member_ids)
    return names


async def current(actor: Actor, job_id: UUID) -> Job:
    """Return a job as it stands now. Raises NotFound."""
    job = await jobs.by_id(actor.company_id, job_id)
    if job is None:
        raise NotFound("job.unknown")
    return job


async def _note(actor: Actor, verb: str, job_id: UUID, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "job", job_id, at=at, job_id=job_id, **data)
    await logbook.insert_entry(actor.company_id, entry)
    signal("jobs", actor.company_id, job=str(job_id))
