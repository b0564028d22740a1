"""Questions for programs: ask, look, release, take back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import drafts, releases
from server.actions import questions as actions
from server.db import questions
from server.domain.errors import Conflict, Invalid
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.questions import Question, QuestionDraft, QuestionState
from server.domain.users import Actor, Right
from server.ids import new_id
from server.web import access, forms
from server.web.render import json_answer, language
from server.web.routing import Who, route
from server.web.state import services
from server.web.words import sentence


@dataclass(frozen=True, slots=True)
class QuestionQuery:
    """`state` empty means all; a worker sees his own."""

    state: QuestionState | None = forms.one_of(QuestionState, default=None)
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class QuestionBody:
    """`channel` null lets the server choose. Asked by the office with released photos, it leaves at once.

    `id`: a UUIDv7 made by the caller. Sent again after a lost answer, the same is asked once (200); other content under
    a known id is a 409.
    """

    job: UUID = forms.choice_id()
    text: str = forms.text(max=1000, lines=True)
    photos: tuple[UUID, ...] = forms.ids(max=100)
    choices: tuple[str, ...] = forms.texts(max=10, length=60)
    contact: UUID | None = forms.choice_id(default=None)
    channel: str | None = forms.word(default=None)
    id: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class ReleaseBody:
    """`at_once`: in the firm's quiet hours, too; else it leaves at their end (`send_after`).

    `rev`: the question as the caller knows it. Sent again after a lost answer, it releases nothing twice: 409 once the
    question has moved on.
    """

    rev: int | None = forms.number(min=1, max=10**9, default=None)
    channel: str | None = forms.word(default=None)
    at_once: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class AnswerJson:
    choice: str | None
    text: str
    words: str
    channel: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class QuestionJson:
    """`reason` is the code of what stands against it, `remedy` the sentence that says what helps."""

    id: UUID
    job: UUID | None
    job_hint: str
    contact: UUID | None
    author: str
    text: str
    choices: list[Mapping[str, str]]
    photos: list[UUID]
    state: str
    channel: str | None
    reason: str | None
    remedy: str | None
    answer: AnswerJson | None
    captured_at: datetime
    created_at: datetime
    changed_at: datetime
    send_after: datetime | None
    sent_at: datetime | None
    rev: int


async def index(request: Request) -> Response:
    """List questions, newest first."""
    actor, query = access.actor(request), forms.read_query(request, QuestionQuery)
    found = await questions.of_company(
        actor.company_id,
        states=(query.state,) if query.state else tuple(QuestionState),
        author_id=access.only_own(actor),
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [_json(request, one) for one in found.items], "next": found.next})


async def create(request: Request) -> Response:
    """Ask a question."""
    actor, at = access.actor(request), services(request).clock()
    body = await forms.read_json(request, QuestionBody)
    contact_id = body.contact if actor.at_desk else None
    draft = QuestionDraft(body.text, body.choices, body.photos, contact_id, body.channel or "")
    known = await questions.by_id(actor.company_id, body.id) if body.id else None
    named = body.id is not None
    question = await drafts.ask(actor, body.job, draft, question_id=body.id or new_id(), named=named, at=at)
    if question.state is QuestionState.WAITING_RELEASE:  # else it was asked before, wherever it has come to
        question = await _sent(actor, question, at)
    headers = {"Location": f"/api/v1/questions/{question.id}"}
    return json_answer(_json(request, question), status=200 if known else 201, headers=headers)


async def show(request: Request) -> Response:
    """Show a question with its state and answer."""
    return json_answer(_json(request, await access.question(request)))


async def release(request: Request) -> Response:
    """Release and send; photos must be released before."""
    question, actor = await access.question(request), access.actor(request)
    body = await forms.read_json(request, ReleaseBody)
    if body.rev not in (None, question.rev):
        raise Conflict("question.moved_on", state=question.state.value)
    released = await releases.release(
        actor,
        question,
        photos_too=False,
        channel=body.channel or "",
        at_once=body.at_once,
        at=services(request).clock(),
    )
    return json_answer(_json(request, released))


async def withdraw(request: Request) -> Response:
    """Take a question back."""
    question, actor = await access.question(request), access.actor(request)
    return json_answer(_json(request, await actions.withdraw(actor, question, at=services(request).clock())))


async def _sent(actor: Actor, question: Question, at: datetime) -> Question:
    """Let it go if this person may send and nothing stands against it; else it waits for its release."""
    if not actor.may(Right.SEND):
        return question
    try:
        return await releases.release(actor, question, photos_too=False, at=at)
    except Invalid:
        return question


def _json(request: Request, question: Question) -> QuestionJson:
    blocked = question.blocked_code or None
    return QuestionJson(
        id=question.id,
        job=question.job_id,
        job_hint=question.job_hint,
        contact=question.contact_id,
        author=question.author_name,
        text=question.text,
        choices=[{"id": choice.id, "title": choice.title} for choice in question.choices],
        photos=list(question.photo_ids),
        state=question.state,
        channel=question.channel or None,
        reason=blocked,
        remedy=sentence(blocked, language(request), question.blocked_values) if blocked else None,
        answer=_answer(question),
        captured_at=question.captured_at,
        created_at=question.created_at,
        changed_at=question.changed_at,
        send_after=question.send_after,
        sent_at=question.sent_at,
        rev=question.rev,
    )


def _answer(question: Question) -> AnswerJson | None:
    if question.answered_at is None:
        return None
    return AnswerJson(
        choice=question.answer_choice or None,
        text=question.answer_text,
        words=question.answer,
        channel=question.answer_channel,
        at=question.answered_at,
    )


_ALL = "/api/v1/questions"
_ONE = f"{_ALL}/{{question_id:uuid}}"
routes = [
    route(_ALL, index, who=Who.WORKER, summary="List questions", query=QuestionQuery, answer=QuestionJson),
    route(
        _ALL,
        create,
        who=Who.WORKER,
        methods=["POST"],
        summary="Ask a question",
        body=QuestionBody,
        answer=QuestionJson,
    ),
    route(_ONE, show, who=Who.WORKER, summary="Show a question", answer=QuestionJson),
    route(
        f"{_ONE}/release",
        release,
        who=Who.WORKER,
        methods=["POST"],
        summary="Release and send a question",
        body=ReleaseBody,
        answer=QuestionJson,
    ),
    route(
        f"{_ONE}/withdrawal",
        withdraw,
        who=Who.WORKER,
        methods=["POST"],
        summary="Take a question back",
        answer=QuestionJson,
    ),
]
