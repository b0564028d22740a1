"""Two jobs become one, or a job goes: what belongs to it always finds a place, and its id always leads somewhere."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.actions import questions as question_actions
from server.actions import releases
from server.actions.jobs import current
from server.db import items, jobs, logbook, mergers, questions
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Invalid
from server.domain.jobs import Job, JobDraft
from server.domain.logbook import Entry
from server.domain.questions import QuestionState
from server.domain.users import Actor, Right, require


def name_of(job: Job) -> str:
    return f"{job.number} · {job.title}"


@atomic
async def merge(actor: Actor, job: Job, into: UUID, *, at: datetime) -> Job:
    """Make a job part of another one: photos, notes, questions and messages go there, the id leads there.

    Of different customers, what was released for the one is not released for the other: it waits for review again.
    Raises Forbidden, Invalid for the job itself or one that is not here.
    """
    require(actor, Right.MANAGE_JOBS)
    if into == job.id:
        raise Invalid("job.merge_itself", field="into")
    await mergers.lock_all(actor.company_id, [job.id, into])
    source, target = await current(actor, job.id), await jobs.by_id(actor.company_id, into)
    if target is None:
        raise Invalid("job.unknown", field="into")
    moved = await mergers.contents(actor.company_id, source.id)
    fresh = source.customer_id is not None and target.customer_id not in (None, source.customer_id)
    waiting = [
        one.id
        for one in await questions.of_job(actor.company_id, source.id, limit=1000)
        if one.state is QuestionState.QUEUED
    ]
    await mergers.move_contents(actor.company_id, source.id, target.id, hint="", fresh=fresh)
    await _let_go_on(actor, waiting, target.customer_id if fresh else None, at=at)
    await _unite(actor, source, target, at=at)
    await mergers.set_merged(actor.company_id, source, target.id, at=at)
    counts = {"photos": moved.photos, "notes": moved.notes, "questions": moved.questions}
    await _note(actor, "job.merged", source.id, at, note=name_of(target), into=target.id, **counts)
    await _note(actor, "job.took_in", target.id, at, note=name_of(source), merged=source.id, **counts)
    return await current(actor, target.id)


async def _let_go_on(
    actor: Actor, waiting: Sequence[UUID], customer_id: UUID | None, *, at: datetime
) -> None:
    """Let questions that wait to leave do so from their new job; of another customer's (`customer_id`) none leaves."""
    for question in await questions.by_ids(actor.company_id, waiting):
        if not await question_actions.hold_back(actor, question, customer_id, at=at):
            await releases.go_on(question, at=at)


async def _unite(actor: Actor, source: Job, target: Job, *, at: datetime) -> None:
    """Let the target keep what it says of itself, and learn from the other what it does not know."""
    known = {user.id for user in await jobs.members_of(actor.company_id, target.id)}
    if known:  # Without members everybody sees it, and adding some would shut the others out.
        more = {user.id for user in await jobs.members_of(actor.company_id, source.id)}
        await jobs.set_members(actor.company_id, target.id, known | more)
    place = target if target.site else source
    people = target if target.customer_id else source
    draft = JobDraft(
        target.title,
        target.number,
        place.street,
        place.postcode,
        place.city,
        people.customer_id,
        people.contact_id,
    )
    await jobs.set_draft(actor.company_id, target, draft, at=at)
    await jobs.set_search_text(actor.company_id, job_id=target.id)


@atomic
async def delete(actor: Actor, job: Job, *, at: datetime) -> None:
    """Delete a job that nothing was said in; its photos and notes wait unsorted under its name.

    Raises Forbidden, Conflict("job.has_talk") while something that was said belongs to it: that stays provable.
    """
    require(actor, Right.MANAGE_JOBS)
    await mergers.lock_all(actor.company_id, [job.id])
    job = await current(actor, job.id)
    held = await mergers.contents(actor.company_id, job.id)
    if held.talk:
        raise Conflict("job.has_talk")
    await mergers.move_contents(actor.company_id, job.id, None, hint=name_of(job)[:300], fresh=True)
    await mergers.delete_job(actor.company_id, job.id)
    await items.set_tombstone(actor.company_id, job.id, at=at)
    await _note(actor, "job.deleted", job.id, at, note=name_of(job), photos=held.photos, notes=held.notes)


async def _note(actor: Actor, verb: str, job_id: UUID, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "job", job_id, at=at, job_id=job_id, **data)
    await logbook.insert_entry(actor.company_id, entry)
    for topic in ("jobs", "photos", "notes"):
        signal(topic, actor.company_id, job=str(job_id))
