"""A question is written: at the desk, on a phone, and again before it leaves."""

from datetime import datetime
from uuid import UUID

from server.actions import questions, releases, ways
from server.db import customers, items, jobs, photos
from server.db import questions as questions_db
from server.db.unit import atomic
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.items import Kind, SyncQuestion
from server.domain.jobs import Job
from server.domain.media import Medium
from server.domain.questions import UNSENT, Question, QuestionDraft, QuestionState
from server.domain.users import Actor, Right
from server.ids import new_id


@atomic
async def ask(
    actor: Actor, job_id: UUID, draft: QuestionDraft, *, question_id: UUID, named: bool = False, at: datetime
) -> Question:
    """Ask from the desk. It waits for its release. Raises Invalid naming the field, NotFound.

    The same under the same id is the one that was asked already, wherever it has come to; other words are another one,
    and a Conflict where the caller has `named` it so: a program's id is its word that it means the same.
    """
    draft = draft.checked()
    await items.claim_id(actor.company_id, question_id)
    known = await questions_db.by_id(actor.company_id, question_id)
    if known is not None and _same(known, actor, job_id, draft):
        return known
    if named and await items.company_of(question_id, Kind.QUESTION):
        raise Conflict("item.differs" if known else "item.taken", field="id")
    question_id = question_id if known is None else new_id()
    if draft.channel and not ways.known(draft.channel):
        raise Invalid("channel.unknown", field="channel")
    job = await _held_job(actor, job_id)
    await _check_parts(actor, job_id, draft)
    question = Question(
        id=question_id,
        company_id=actor.company_id,
        job_id=job_id,
        job_hint="",
        contact_id=draft.contact_id or job.contact_id,
        author_id=_author(actor),
        author_name=actor.name,
        text=draft.text,
        choices=draft.offered,
        photo_ids=tuple(draft.photo_ids),
        state=QuestionState.WAITING_RELEASE,
        channel=draft.channel,
        blocked_code="",
        captured_at=at,
        created_at=at,
        changed_at=at,
    )
    return await _keep(actor, question, at=at)


def _same(known: Question, actor: Actor, job_id: UUID, draft: QuestionDraft) -> bool:
    """Say whether this is that question: a button tapped twice, a page sent again."""
    asked = (known.author_id, known.text, known.choices, known.photo_ids)
    new = (actor.id, draft.text, draft.offered, tuple(draft.photo_ids))
    return asked == new and known.job_id == job_id and draft.contact_id in (None, known.contact_id)


async def _held_job(actor: Actor, job_id: UUID) -> Job:
    """Return the job, which stays where it is until the unit's end. Raises Invalid for one this person cannot see."""
    await jobs.hold(actor.company_id, job_id)
    job = await jobs.by_id(actor.company_id, job_id, visible_to=None if actor.at_desk else actor.id)
    if job is None:
        raise Invalid("job.unknown", field="job")
    return job


async def _check_parts(actor: Actor, job_id: UUID | None, draft: QuestionDraft) -> None:
    known = await photos.by_ids(actor.company_id, draft.photo_ids)
    if any(photo.medium is not Medium.IMAGE for photo in known):
        raise Invalid("question.clip", field="photos")
    if len(known) != len(draft.photo_ids) or any(photo.job_id != job_id for photo in known):
        raise Invalid("question.foreign_photo", field="photos")
    person = await customers.contact_by_id(actor.company_id, draft.contact_id) if draft.contact_id else None
    if draft.contact_id and person is None:
        raise Invalid("contact.unknown", field="contact")
    if person and person.id != draft.contact_id:
        raise Invalid("contact.merged", field="contact")


@atomic
async def accept(actor: Actor, item: SyncQuestion, *, job_id: UUID | None, at: datetime) -> Question:
    """Keep a question from a phone. Its photos may still be on their way; without a known job it waits for one."""
    draft = QuestionDraft(item.text, item.choices, item.photo_ids).checked()
    job = await jobs.by_id(actor.company_id, job_id) if job_id else None
    question = Question(
        id=item.id,
        company_id=actor.company_id,
        job_id=job.id if job else None,
        job_hint="" if job else item.job_hint,
        contact_id=job.contact_id if job else None,
        author_id=_author(actor),
        author_name=actor.name,
        text=draft.text,
        choices=draft.offered,
        photo_ids=tuple(draft.photo_ids),
        state=QuestionState.WAITING_RELEASE,
        channel="",
        blocked_code="",
        captured_at=item.captured_at,
        created_at=at,
        changed_at=at,
    )
    question = await _keep(actor, question, at=at)
    # Where the firm lets workers release, his own question goes on by itself once its photos are released.
    if actor.may(Right.RELEASE) and await releases.ready(question):
        return await releases.go(actor, question, at=at)
    return question


@atomic
async def change(actor: Actor, question: Question, draft: QuestionDraft, *, at: datetime) -> Question:
    """Change what has not left yet. Raises Conflict when it has, Invalid naming the field."""
    if question.state not in UNSENT - {QuestionState.QUEUED}:
        raise Conflict("question.moved_on", state=question.state.value)
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    draft = draft.checked()
    await _check_parts(actor, question.job_id, draft)
    await questions_db.set_words(
        question.company_id,
        question.id,
        text=draft.text,
        choices=draft.offered,
        photo_ids=draft.photo_ids,
        contact_id=draft.contact_id,
    )
    before = {"text": question.text, "choices": [choice.title for choice in question.choices]}
    await questions.log(actor, question, "question.changed", at=at, before=before, text=draft.text)
    return await questions.move(
        actor, question, QuestionState.WAITING_RELEASE, at=at, blocked_code="", note=False
    )


async def _keep(actor: Actor, question: Question, *, at: datetime) -> Question:
    await questions_db.insert_question(question.company_id, question)
    await questions.log(
        actor,
        question,
        "question.asked",
        at=at,
        text=question.text,
        choices=[choice.title for choice in question.choices],
        photos=list(question.photo_ids),
        captured_at=question.captured_at,
    )
    questions.tell(question)
    return question


def _author(actor: Actor) -> UUID:
    assert actor.id is not None, "only a person asks"
    return actor.id
