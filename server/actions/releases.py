"""A question is let go: its photos released, the gate asked, the channel chosen."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from server.actions import questions, quiet, reviews, ways
from server.actions.gate import gate
from server.db import companies, jobs, messages, photos, tasks, users
from server.db import questions as questions_db
from server.db.unit import atomic
from server.domain.accounts import by_hand
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.gate import Closed
from server.domain.messages import MessageState
from server.domain.photos import PhotoState
from server.domain.questions import Question, QuestionState
from server.domain.reviews import Verdict
from server.domain.routing import Need
from server.domain.users import Actor, Right, Role
from server.services import Services

UNDER_WAY = (MessageState.QUEUED, MessageState.LEASED, MessageState.PREPARED, MessageState.OPENED)
RELEASABLE = (QuestionState.WAITING_RELEASE, QuestionState.BLOCKED, QuestionState.FAILED)


@atomic
async def release(
    actor: Actor,
    question: Question,
    *,
    photos_too: bool,
    channel: str = "",
    at_once: bool = False,
    at: datetime,
) -> Question:
    """Let a question go: "Freigeben und senden". In the quiet hours it leaves at their end, unless `at_once`.

    With `photos_too` its photos that wait for review are released in the same act. Raises Forbidden, Conflict,
    and Invalid when a photo has not arrived, was rejected, or may not go out yet.
    """
    if not may_go(actor, question):
        raise Forbidden("role.not_allowed")
    if question.state not in RELEASABLE:
        raise Conflict("question.moved_on", state=question.state.value)
    if question.job_id is None:
        raise Invalid("question.no_job", field="job")
    if photos_too:
        await _release_photos(actor, question, at=at)
    shown = await photos.by_ids(question.company_id, question.photo_ids)
    questions.check_photos(question, shown)
    return await go(actor, question, channel=channel, at_once=at_once, at=at)


async def go(
    actor: Actor, question: Question, *, channel: str = "", at_once: bool = False, at: datetime
) -> Question:
    """Ask the gate, choose the channel, and leave the rest to the worker, outside every transaction.

    Raises Invalid for a channel nobody knows.
    """
    job = await jobs.by_id(question.company_id, question.job_id) if question.job_id else None
    contact_id = question.contact_id or (job.contact_id if job else None)
    need = Need(question.text, len(question.photo_ids), len(question.choices), linked=True)
    wished = channel or question.channel
    if channel and not ways.known(channel):
        raise Invalid("channel.unknown", field="channel")
    chosen = wished or (await ways.best(question.company_id, contact_id, need=need, at=at)).chosen.channel
    opened = await gate(question.company_id, contact_id, chosen, photo_ids=question.photo_ids, at=at)
    if isinstance(opened, Closed):
        return await questions.move(
            actor,
            question,
            QuestionState.BLOCKED,
            at=at,
            channel=chosen,
            contact_id=contact_id,
            blocked_code=opened.code,
            blocked_values={},
        )
    waits = None if at_once or by_hand(chosen) else await quiet.until(question.company_id, at=at)
    released = await questions.move(
        actor,
        question,
        QuestionState.QUEUED,
        at=at,
        send_after=waits,
        channel=chosen,
        contact_id=contact_id,
        blocked_code="",
        blocked_values={},
        released_by_id=actor.id,
        ground=opened.ground,
    )
    await _prepare(released, at=waits or at)
    return released


@atomic
async def send_now(actor: Actor, question: Question, *, at: datetime) -> Question:
    """Let a question go that waits for the end of the quiet hours: a person has decided so. Raises Forbidden, Conflict."""
    if not may_go(actor, question):
        raise Forbidden("role.not_allowed")
    if question.state is not QuestionState.QUEUED or not question.send_after or question.send_after <= at:
        raise Conflict("question.moved_on", state=question.state.value)
    going = await questions.move(
        actor, question, QuestionState.QUEUED, at=at, verb="question.sent_now", send_after=None
    )
    await _prepare(going, at=at)
    return going


def may_go(actor: Actor, question: Question) -> bool:
    """Say whether this person may let this question go."""
    return actor.may(Right.SEND) or (actor.may(Right.RELEASE) and question.author_id == actor.id)


async def _prepare(question: Question, *, at: datetime) -> None:
    """Write down that it is planned at this moment; an earlier task for another rev does nothing."""
    payload: dict[str, object] = {"question": str(question.id), "rev": question.rev}
    await tasks.insert_task(question.company_id, "question.prepare", payload, at=at)


async def go_on(question: Question, *, at: datetime) -> None:
    """Let a released question be planned that has moved on in its row before it was; joins the unit it is part of."""
    said = await messages.of_question(question.company_id, question.id)
    if not any(one.state in UNDER_WAY for one in said):
        await _prepare(question, at=question.send_after or at)


async def ready(question: Question) -> bool:
    """Say whether a question has its job and all its photos are released."""
    return question.job_id is not None and await questions.photos_still_released(question)


async def _release_photos(actor: Actor, question: Question, *, at: datetime) -> None:
    for photo in await photos.by_ids(question.company_id, question.photo_ids):
        if photo.state is PhotoState.STORED and photo.review == "new":
            await reviews.decide(actor, photo, verdict=Verdict.RELEASED, note="", at=at)


async def photo_released(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Let the questions go on that waited for this photo, where the company lets workers release; again is harmless."""
    company = await companies.by_id(company_id)
    if company is None or not company.profile.workers_release:
        return
    for question in await questions_db.awaiting_photo(company_id, UUID(str(payload["photo"]))):
        author = await users.by_id(company_id, question.author_id)
        if author and author.role is Role.WORKER:  # the desk presses its button itself
            actor = Actor(author.id, company_id, author.name, author.role, workers_release=True)
            await _go_on(actor, question, at=services.clock())


@atomic
async def _go_on(actor: Actor, question: Question, *, at: datetime) -> None:
    if await ready(question):
        await go(actor, question, at=at)
