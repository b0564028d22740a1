"""Deciding about photos, one or many; every decision is a line in the logbook."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.actions.photos import describe, tell
from server.db import jobs, logbook, photos, reviews, tasks
from server.db.unit import atomic
from server.domain.errors import Conflict, DomainError, Invalid, NotFound
from server.domain.logbook import Entry
from server.domain.photos import Person, Photo, Words
from server.domain.reviews import PERSON_VERBS, VERBS, Verdict, check_person
from server.domain.reviews import decide as checked
from server.domain.users import Actor, Right, require


@atomic
async def decide(actor: Actor, photo: Photo, *, verdict: Verdict, note: str, at: datetime) -> Photo:
    """Write down a verdict. The same again changes nothing; a released photo may be taken back.

    Raises Forbidden, Invalid, and Conflict when somebody else was faster.
    """
    note = checked(actor, photo, verdict, note)
    if photo.review == verdict and photo.review_note == note:
        return photo
    if not await reviews.set_verdict(photo.company_id, photo, verdict, note=note, by=actor.id, at=at):
        raise Conflict("photo.changed_meanwhile")
    entry = Entry.by(
        actor,
        VERBS[verdict],
        "photo",
        photo.id,
        at=at,
        job_id=photo.job_id,
        before=photo.review,
        after=verdict,
        note=note,
    )
    await logbook.insert_entry(photo.company_id, entry)
    if verdict is Verdict.RELEASED:
        await tasks.insert_task(photo.company_id, "photo.released", {"photo": str(photo.id)}, at=at)
    tell(photo)
    return replace(
        photo, review=verdict, review_note=note, reviewed_at=at, reviewed_by_id=actor.id, rev=photo.rev + 1
    )


@atomic
async def flag_person(actor: Actor, photo: Photo, person: Person, *, note: str, at: datetime) -> Photo:
    """Note that somebody can be recognised, or that this is settled and by what; it stops the photo at once.

    Everybody who sees the photo may flag it, only the office may clear it. Raises Forbidden, Invalid, Conflict.
    """
    note = check_person(actor, person, note)
    if photo.person == person:
        return photo
    if not await photos.set_person(photo.company_id, photo, person):
        raise Conflict("photo.changed_meanwhile")
    verb = PERSON_VERBS[person]
    entry = Entry.by(
        actor,
        verb,
        "photo",
        photo.id,
        at=at,
        job_id=photo.job_id,
        before=photo.person,
        after=person,
        note=note,
    )
    await logbook.insert_entry(photo.company_id, entry)
    tell(photo)
    return replace(photo, person=person, rev=photo.rev + 1)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a bulk decision: how many went through, and why the others did not."""

    number: int
    refused: dict[UUID, DomainError]


async def decide_many(
    actor: Actor,
    photo_ids: Sequence[UUID],
    *,
    verdict: Verdict,
    note: str,
    job_id: UUID | None = None,
    at: datetime,
) -> Done:
    """Decide about many, each in a unit of its own: one refusal stops nobody.

    `job_id`: where they were seen lying. One that went to another job since is not released to that one's customer.
    """

    async def work(photo: Photo) -> object:
        if verdict is Verdict.RELEASED and job_id not in (None, photo.job_id):
            raise Conflict("photo.changed_meanwhile")
        return await decide(actor, photo, verdict=verdict, note=note, at=at)

    return await _each(actor, photo_ids, work)


async def sort_many(actor: Actor, photo_ids: Sequence[UUID], *, job_id: UUID, at: datetime) -> Done:
    """Move many photos to a job, each in a unit of its own. Raises Forbidden, Invalid for an unknown job."""
    require(actor, Right.REVIEW)
    if await jobs.by_id(actor.company_id, job_id) is None:
        raise Invalid("photo.job_unknown", field="job")

    async def work(photo: Photo) -> object:
        words = Words(photo.caption, photo.phase, tuple(photo.tags), job_id)
        return await describe(actor, photo, words, at=at)

    return await _each(actor, photo_ids, work)


async def _each(actor: Actor, photo_ids: Sequence[UUID], work: Callable[[Photo], Awaitable[object]]) -> Done:
    done, refused = 0, {}
    for photo_id in dict.fromkeys(photo_ids):
        try:
            photo = await photos.by_id(actor.company_id, photo_id)
            if photo is None:
                raise NotFound("photo.unknown")
            await work(photo)
            done += 1
        except DomainError as error:
            refused[photo_id] = error
    return Done(done, refused)
