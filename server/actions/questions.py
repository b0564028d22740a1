"""A question's way after it was asked: moved on with its line in the logbook, answered, filed, withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from server.actions import stops
from server.db import answer_links, customers, jobs, logbook, messages, photos, questions
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Forbidden, Invalid, NotFound
from server.domain.logbook import Entry
from server.domain.media import Medium
from server.domain.messages import Direction, MessageState, latest_run
from server.domain.photos import Photo, PhotoState
from server.domain.questions import Question, QuestionState, state_of_messages, withdrawable
from server.domain.users import Actor

RELEASED = "released"
OTHER_CUSTOMER = "question.other_customer"
# These wait for a human, whatever an older message's status still tells.
UNFOLLOWED = (QuestionState.WAITING_RELEASE, QuestionState.BLOCKED, QuestionState.HANDED_OFF)
FOLLOWED = frozenset(MessageState) - {MessageState.STOPPED, MessageState.DISCARDED, MessageState.RECEIVED}


@atomic
async def withdraw(actor: Actor, question: Question, *, at: datetime) -> Question:
    """Take a question back: what waits is stopped, its link dies. What has left cannot be recalled.

    Raises Forbidden, Conflict for one that is answered or withdrawn already.
    """
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    withdrawable(question)
    await stops.stop_question(question, "question.withdrawn", at=at)
    await answer_links.set_revoked(question.company_id, question.id, at=at)
    return await move(actor, question, QuestionState.WITHDRAWN, at=at)


@atomic
async def answer(
    actor: Actor, question_id: UUID, *, choice_id: str, text: str, channel: str, at: datetime
) -> Question:
    """Write down the customer's answer; a later one counts, the former stays in chronology and logbook."""
    await questions.lock(actor.company_id, question_id)
    question = await known(actor, question_id)
    if question.state is QuestionState.WITHDRAWN:
        return question
    return await move(
        actor,
        question,
        QuestionState.ANSWERED,
        at=at,
        answered_at=at,
        answer_choice=choice_id,
        answer_text=text,
        answer_channel=channel,
        seen_by_author_at=None,
        seen_by_office_at=None,
    )


@atomic
async def file(actor: Actor, question: Question, job_id: UUID, *, at: datetime) -> Question:
    """Give a question that came without a known job its place; its contact becomes the job's. Raises NotFound."""
    await jobs.hold(actor.company_id, job_id)
    job = await jobs.by_id(actor.company_id, job_id)
    if job is None:
        raise NotFound("job.unknown", field="job")
    contact = question.contact_id or job.contact_id
    return await move(
        actor, question, question.state, at=at, job_id=job.id, contact_id=contact, verb="question.filed"
    )


@atomic
async def seen(actor: Actor, job_id: UUID, *, at: datetime) -> None:
    """Note that this person has seen the answers of a job."""
    for question in await questions.of_job(actor.company_id, job_id):
        if question.state is not QuestionState.ANSWERED:
            continue
        if actor.id == question.author_id and question.seen_by_author_at is None:
            await questions.set_seen(actor.company_id, question.id, by_author=at)
        if actor.at_desk and question.seen_by_office_at is None:
            await questions.set_seen(actor.company_id, question.id, by_office=at)


def check_photos(question: Question, shown: Sequence[Photo]) -> None:
    """Refuse what is not here, no picture, of another job, or not released. Raises Invalid."""
    if len(shown) != len(question.photo_ids) or any(photo.state is not PhotoState.STORED for photo in shown):
        raise Invalid("question.photo_missing", field="photos")
    if any(photo.medium is not Medium.IMAGE for photo in shown):
        raise Invalid("question.clip", field="photos")
    if any(photo.job_id != question.job_id for photo in shown):
        raise Invalid("question.foreign_photo", field="photos")
    if any(photo.review != RELEASED for photo in shown):
        raise Invalid("question.photo_unreleased", field="photos")


async def photos_still_released(question: Question) -> bool:
    """Say whether everything the question shows is here, of its job, and released."""
    shown = await photos.by_ids(question.company_id, question.photo_ids)
    try:
        check_photos(question, shown)
    except Invalid:
        return False
    return True


async def known(actor: Actor, question_id: UUID) -> Question:
    """Return the question. Raises NotFound."""
    found = await questions.by_id(actor.company_id, question_id)
    if found is None:
        raise NotFound("question.unknown")
    return found


async def move(
    actor: Actor,
    question: Question,
    state: QuestionState,
    *,
    at: datetime,
    ground: str = "",
    verb: str = "",
    note: bool = True,
    **changes: object,
) -> Question:
    """Move a question on, with its line in the logbook. Raises Conflict when somebody else was faster."""
    if not await questions.set_state(question.company_id, question, state, at=at, **changes):
        raise Conflict("question.moved_on", state=question.state.value)
    moved = await known(actor, question.id)
    if note:
        details: dict[str, object] = {"before": question.state, "after": state}
        told = {
            name: value for name, value in changes.items() if name != "job_id" and not name.endswith("_at")
        }
        details |= {name: value for name, value in told.items() if value}
        if ground:
            details["ground"] = ground
        await log(actor, moved, verb or f"question.{state}", at=at, **details)
    tell(question)
    return moved


async def log(actor: Actor, question: Question, verb: str, *, at: datetime, **data: object) -> None:
    """Write a question's line in the logbook; joins the unit it is part of."""
    entry = Entry.by(actor, verb, "question", question.id, at=at, job_id=question.job_id, **data)
    await logbook.insert_entry(question.company_id, entry)


def tell(question: Question) -> None:
    """Let the pages that are open learn that this question changed."""
    signal("questions", question.company_id, question=str(question.id), job=str(question.job_id or ""))


@atomic
async def block(
    actor: Actor, question: Question, code: str, values: Mapping[str, str], *, at: datetime
) -> None:
    """Stop a question before it left, naming why and what helps."""
    await move(actor, question, QuestionState.BLOCKED, at=at, blocked_code=code, blocked_values=dict(values))


async def hold_back(actor: Actor, question: Question, customer_id: UUID | None, *, at: datetime) -> bool:
    """Stop a question that waits to leave if its person is not this customer's; False lets it go on.

    Its job has become this customer's in the same unit, which this joins.
    """
    contact = await customers.contact_by_id(question.company_id, question.contact_id or question.id)
    if contact is None or customer_id is None or contact.customer_id == customer_id:
        return False
    for message in await messages.of_question(question.company_id, question.id):
        await messages.set_state(
            question.company_id,
            message.id,
            MessageState.STOPPED,
            only_from=(MessageState.QUEUED, MessageState.PREPARED),
            at=at,
            error_code=OTHER_CUSTOMER,
        )
    await block(actor, question, OTHER_CUSTOMER, {}, at=at)
    return True


@atomic
async def follow(actor: Actor, question_id: UUID, *, at: datetime) -> None:
    """Let the question's state follow its messages; called in the unit that changed one of them."""
    await questions.lock(actor.company_id, question_id)
    question = await known(actor, question_id)
    said = await messages.of_question(question.company_id, question_id)
    run = latest_run([message for message in said if message.direction is Direction.OUT])
    states = [message.state for message in run if message.state in FOLLOWED]
    state = state_of_messages(question.state, states)
    if state is question.state or question.state in UNFOLLOWED:
        tell(question)
        return
    sent_at = question.sent_at or (at if state is not QuestionState.QUEUED else None)
    await move(actor, question, state, at=at, sent_at=sent_at)


@atomic
async def handed_off(actor: Actor, question: Question, *, at: datetime) -> None:
    """The worker took it to his messenger; what happened there only he can say."""
    if question.state is QuestionState.QUEUED:
        await move(actor, question, QuestionState.HANDED_OFF, at=at, sent_at=at)


@atomic
async def taken_back(actor: Actor, question: Question, *, at: datetime) -> None:
    """The hand-off came to nothing: the question waits for another way."""
    if question.state in (QuestionState.QUEUED, QuestionState.HANDED_OFF):
        await move(actor, question, QuestionState.WAITING_RELEASE, at=at, channel="")
