"""A question's way: asked on site or at the desk, released, made ready to leave, answered, withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from server.actions import reviews
from server.actions.consents import gate
from server.db import channels, companies, customers, jobs, logbook, messages, photos, questions, tasks, users
from server.db.unit import atomic, signal
from server.domain.accounts import HANDOFF
from server.domain.consents import Closed
from server.domain.errors import Conflict, Forbidden, Invalid, NotFound
from server.domain.items import SyncQuestion
from server.domain.logbook import Entry
from server.domain.messages import Direction, MessageState, latest_run
from server.domain.photos import Photo, PhotoState
from server.domain.questions import UNSENT, Question, QuestionState, draft, state_of_messages, withdrawable
from server.domain.reviews import Verdict
from server.domain.users import Actor, Right, Role
from server.services import Services

RELEASED = "released"
RELEASABLE = (QuestionState.WAITING_RELEASE, QuestionState.BLOCKED, QuestionState.FAILED)
API_CHANNEL = "whatsapp"
# These wait for a human, whatever an older message's status still tells.
UNFOLLOWED = (QuestionState.WAITING_RELEASE, QuestionState.BLOCKED, QuestionState.HANDED_OFF)
FOLLOWED = frozenset(MessageState) - {MessageState.STOPPED, MessageState.DISCARDED, MessageState.RECEIVED}


@atomic
async def ask(
    actor: Actor,
    *,
    question_id: UUID,
    job_id: UUID,
    contact_id: UUID | None,
    text: str,
    choices: Sequence[str],
    photo_ids: Sequence[UUID],
    channel: str = "",
    at: datetime,
) -> Question:
    """Ask from the desk. It waits for its release. Raises Invalid naming the field, NotFound."""
    photo_ids = tuple(dict.fromkeys(photo_ids))
    text, offered = draft(text, choices, photo_ids)
    job = await jobs.by_id(actor.company_id, job_id, visible_to=None if actor.at_desk else actor.id)
    if job is None:
        raise Invalid("job.unknown", field="job")
    await _check_parts(actor, job_id, photo_ids, contact_id)
    question = Question(
        id=question_id,
        company_id=actor.company_id,
        job_id=job_id,
        job_hint="",
        contact_id=contact_id or job.contact_id,
        author_id=_author(actor),
        author_name=actor.name,
        text=text,
        choices=offered,
        photo_ids=photo_ids,
        state=QuestionState.WAITING_RELEASE,
        channel=channel,
        blocked_code="",
        captured_at=at,
        created_at=at,
        changed_at=at,
    )
    return await _keep(actor, question, at=at)


async def _check_parts(
    actor: Actor, job_id: UUID | None, photo_ids: Sequence[UUID], contact_id: UUID | None
) -> None:
    known = await photos.by_ids(actor.company_id, photo_ids)
    if len(known) != len(photo_ids) or any(photo.job_id != job_id for photo in known):
        raise Invalid("question.foreign_photo", field="photos")
    if contact_id and await customers.contact_by_id(actor.company_id, contact_id) is None:
        raise Invalid("contact.unknown", field="contact")


@atomic
async def accept(actor: Actor, item: SyncQuestion, *, job_id: UUID | None, at: datetime) -> Question:
    """Keep a question from a phone. Its photos may still be on their way; without a known job it waits for one."""
    text, offered = draft(item.text, item.choices, item.photo_ids)
    job = await jobs.by_id(actor.company_id, job_id) if job_id else None
    question = Question(
        id=item.id,
        company_id=actor.company_id,
        job_id=job.id if job else None,
        job_hint="" if job else item.job_hint,
        contact_id=job.contact_id if job else None,
        author_id=_author(actor),
        author_name=actor.name,
        text=text,
        choices=offered,
        photo_ids=tuple(dict.fromkeys(item.photo_ids)),
        state=QuestionState.WAITING_RELEASE,
        channel="",
        blocked_code="",
        captured_at=item.captured_at,
        created_at=at,
        changed_at=at,
    )
    question = await _keep(actor, question, at=at)
    # Where the firm lets workers release, his own question goes on by itself once its photos are released.
    if actor.may(Right.RELEASE) and await _ready(question):
        return await _go(actor, question, at=at)
    return question


@atomic
async def release(
    actor: Actor, question: Question, *, photos_too: bool, channel: str = "", at: datetime
) -> Question:
    """Let a question go: "Freigeben und senden".

    With `photos_too` its photos that wait for review are released in the same act. Raises Forbidden, Conflict,
    and Invalid when a photo has not arrived, was rejected, or may not go out yet.
    """
    if not (actor.may(Right.SEND) or (actor.may(Right.RELEASE) and question.author_id == actor.id)):
        raise Forbidden("role.not_allowed")
    if question.state not in RELEASABLE:
        raise Conflict("question.moved_on", state=question.state.value)
    if question.job_id is None:
        raise Invalid("question.no_job", field="job")
    if photos_too:
        await _release_photos(actor, question, at=at)
    shown = await photos.by_ids(question.company_id, question.photo_ids)
    _check_photos(question, shown)
    return await _go(actor, question, channel=channel, at=at)


async def _go(actor: Actor, question: Question, *, channel: str = "", at: datetime) -> Question:
    """Ask the gate, choose the channel, and leave the rest to the worker, outside every transaction."""
    chosen = channel or question.channel or await best_channel(question.company_id)
    job = await jobs.by_id(question.company_id, question.job_id) if question.job_id else None
    contact_id = question.contact_id or (job.contact_id if job else None)
    opened = await gate(question.company_id, contact_id, chosen)
    if isinstance(opened, Closed):
        return await _move(
            actor,
            question,
            QuestionState.BLOCKED,
            at=at,
            channel=chosen,
            contact_id=contact_id,
            blocked_code=opened.code,
            blocked_values={},
        )
    released = await _move(
        actor,
        question,
        QuestionState.QUEUED,
        at=at,
        channel=chosen,
        contact_id=contact_id,
        blocked_code="",
        blocked_values={},
        released_by_id=actor.id,
        ground=opened.ground,
    )
    payload: dict[str, object] = {"question": str(question.id), "rev": released.rev}
    await tasks.insert_task(question.company_id, "question.prepare", payload, at=at)
    return released


async def best_channel(company_id: UUID) -> str:
    """Return how a question leaves when nobody chose: by the platform if it is connected, else by hand."""
    account = await channels.usable(company_id, API_CHANNEL)
    return API_CHANNEL if account else HANDOFF


def _check_photos(question: Question, shown: Sequence[Photo]) -> None:
    if len(shown) != len(question.photo_ids) or any(photo.state is not PhotoState.STORED for photo in shown):
        raise Invalid("question.photo_missing", field="photos")
    if any(photo.job_id != question.job_id for photo in shown):
        raise Invalid("question.foreign_photo", field="photos")
    if any(photo.review != RELEASED for photo in shown):
        raise Invalid("question.photo_unreleased", field="photos")


async def photos_still_released(question: Question) -> bool:
    """Say whether everything the question shows is here, of its job, and released."""
    shown = await photos.by_ids(question.company_id, question.photo_ids)
    try:
        _check_photos(question, shown)
    except Invalid:
        return False
    return True


async def _ready(question: Question) -> bool:
    return question.job_id is not None and await photos_still_released(question)


async def _release_photos(actor: Actor, question: Question, *, at: datetime) -> None:
    for photo in await photos.by_ids(question.company_id, question.photo_ids):
        if photo.state is PhotoState.STORED and photo.review == "new":
            await reviews.decide(actor, photo, verdict=Verdict.RELEASED, note="", at=at)


async def photo_released(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Let the questions go on that waited for this photo, where the company lets workers release; again is harmless."""
    company = await companies.by_id(company_id)
    if company is None or not company.profile.workers_release:
        return
    for question in await questions.awaiting_photo(company_id, UUID(str(payload["photo"]))):
        author = await users.by_id(company_id, question.author_id)
        if author and author.role is Role.WORKER:  # the desk presses its button itself
            actor = Actor(author.id, company_id, author.name, author.role, workers_release=True)
            await _go_on(actor, question, at=services.clock())


@atomic
async def _go_on(actor: Actor, question: Question, *, at: datetime) -> None:
    if await _ready(question):
        await _go(actor, question, at=at)


@atomic
async def change(
    actor: Actor,
    question: Question,
    *,
    text: str,
    choices: Sequence[str],
    photo_ids: Sequence[UUID],
    contact_id: UUID | None,
    at: datetime,
) -> Question:
    """Change what has not left yet. Raises Conflict when it has, Invalid naming the field."""
    if question.state not in UNSENT - {QuestionState.QUEUED}:
        raise Conflict("question.moved_on", state=question.state.value)
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    photo_ids = tuple(dict.fromkeys(photo_ids))
    text, offered = draft(text, choices, photo_ids)
    await _check_parts(actor, question.job_id, photo_ids, contact_id)
    await questions.set_words(
        question.company_id,
        question.id,
        text=text,
        choices=offered,
        photo_ids=photo_ids,
        contact_id=contact_id,
    )
    before = {"text": question.text, "choices": [choice.title for choice in question.choices]}
    entry = _entry(actor, question, "question.changed", at=at, before=before, text=text)
    await logbook.insert_entry(question.company_id, entry)
    return await _move(actor, question, QuestionState.WAITING_RELEASE, at=at, blocked_code="", note=False)


@atomic
async def withdraw(actor: Actor, question: Question, *, at: datetime) -> Question:
    """Take a question back: what waits is stopped, its link dies. What has left cannot be recalled."""
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    withdrawable(question)
    for message in await messages.of_question(question.company_id, question.id):
        await messages.set_state(
            question.company_id,
            message.id,
            MessageState.STOPPED,
            only_from=(MessageState.QUEUED, MessageState.PREPARED),
            at=at,
            error_code="question.withdrawn",
        )
    await channels.set_links_revoked(question.company_id, question.id, at=at)
    return await _move(actor, question, QuestionState.WITHDRAWN, at=at)


@atomic
async def answer(
    actor: Actor, question_id: UUID, *, choice_id: str, text: str, channel: str, at: datetime
) -> Question:
    """Write down the customer's answer; a later one counts, the former stays in chronology and logbook."""
    await questions.lock(actor.company_id, question_id)
    question = await known(actor, question_id)
    if question.state is QuestionState.WITHDRAWN:
        return question
    return await _move(
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
    """Give a question that came without a known job its place; its contact becomes the job's."""
    job = await jobs.by_id(actor.company_id, job_id)
    if job is None:
        raise NotFound("job.unknown", field="job")
    contact = question.contact_id or job.contact_id
    return await _move(
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


async def known(actor: Actor, question_id: UUID) -> Question:
    """Return the question. Raises NotFound."""
    found = await questions.by_id(actor.company_id, question_id)
    if found is None:
        raise NotFound("question.unknown")
    return found


async def _keep(actor: Actor, question: Question, *, at: datetime) -> Question:
    await questions.insert_question(question.company_id, question)
    entry = _entry(
        actor,
        question,
        "question.asked",
        at=at,
        text=question.text,
        choices=[choice.title for choice in question.choices],
        photos=list(question.photo_ids),
        captured_at=question.captured_at,
    )
    await logbook.insert_entry(question.company_id, entry)
    tell(question)
    return question


async def _move(
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
        entry = _entry(actor, moved, verb or f"question.{state}", at=at, **details)
        await logbook.insert_entry(question.company_id, entry)
    tell(question)
    return moved


def _entry(actor: Actor, question: Question, verb: str, *, at: datetime, **data: object) -> Entry:
    return Entry.by(actor, verb, "question", question.id, at=at, job_id=question.job_id, **data)


def _author(actor: Actor) -> UUID:
    assert actor.id is not None, "only a person asks"
    return actor.id


def tell(question: Question) -> None:
    """Let the pages that are open learn that this question changed."""
    signal("questions", question.company_id, question=str(question.id), job=str(question.job_id or ""))


@atomic
async def block(
    actor: Actor, question: Question, code: str, values: Mapping[str, str], *, at: datetime
) -> None:
    """Stop a question before it left, naming why and what helps."""
    await _move(actor, question, QuestionState.BLOCKED, at=at, blocked_code=code, blocked_values=dict(values))


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
    await _move(actor, question, state, at=at, sent_at=sent_at)


@atomic
async def handed_off(actor: Actor, question: Question, *, at: datetime) -> None:
    """The worker took it to his messenger; what happened there only he can say."""
    if question.state is QuestionState.QUEUED:
        await _move(actor, question, QuestionState.HANDED_OFF, at=at, sent_at=at)


@atomic
async def taken_back(actor: Actor, question: Question, *, at: datetime) -> None:
    """The hand-off came to nothing: the question waits for another way."""
    if question.state in (QuestionState.QUEUED, QuestionState.HANDED_OFF):
        await _move(actor, question, QuestionState.WAITING_RELEASE, at=at, channel="")
