"""Call notes for programs: with whom, about what, what came of it, when to call again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import calls as actions
from server.db import calls, jobs, notes, questions
from server.domain.calls import Call, CallDraft, Direction, Outcome, Said
from server.domain.errors import Forbidden, Invalid, NotFound
from server.domain.notes import Note, NoteKind
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.questions import Question
from server.domain.users import Actor, Role
from server.web import access, forms
from server.web import calls as wording
from server.web.calls import Seen
from server.web.render import json_answer, language
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class CallQuery:
    """A worker names a job that he sees."""

    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class CallBody:
    """A job or, for the office, a contact is needed; a question brings both. `choice` is the answer he gave.

    `words`: what was said. `text`: the whole note in own words, "" = written from outcome, answer, words and day.
    `at`: when the call was, null = now. `follow_up`: the day to call again; with `done` that has happened already.
    `id`: a UUIDv7 made by the caller. Sent again after a lost answer, the same is noted once (200); other words or
    another job under a known id are a 409.
    """

    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    question: UUID | None = forms.choice_id(default=None)
    direction: Direction = forms.one_of(Direction, default=Direction.OUT)
    outcome: Outcome = forms.one_of(Outcome, default=Outcome.REACHED)
    choice: str = forms.text(max=32, default="")
    words: str = forms.text(max=2000, lines=True, default="")
    text: str = forms.text(max=10_000, lines=True, default="")
    at: datetime | None = forms.moment(default=None)
    follow_up: date | None = forms.day(default=None)
    done: bool = forms.flag()
    id: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class CallChange:
    """`follow_up` puts the next call off to that day, `done` says that nobody needs to call again."""

    follow_up: date | None = forms.day(default=None)
    done: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class CallJson:
    """`text` is the whole note, `words` what was said in it. `direction` and `outcome` are null in notes of before.

    `done`: nobody is to be called again. `at` and `captured_at` are the same moment.
    """

    id: UUID
    job: UUID | None
    contact: UUID | None
    question: UUID | None
    author: str
    direction: Direction | None
    outcome: Outcome | None
    choice: str | None
    words: str
    text: str
    at: datetime
    follow_up: date | None
    done: bool
    captured_at: datetime


async def index(request: Request) -> Response:
    """List call notes, newest first."""
    actor, query = access.actor(request), forms.read_query(request, CallQuery)
    if actor.role is Role.WORKER and query.job is None:
        raise Forbidden("role.not_allowed", field="job")
    if query.job:
        access.known(
            await jobs.by_id(actor.company_id, query.job, visible_to=access.only_own(actor)), "job.unknown"
        )
    found = await notes.of_kind(
        actor.company_id,
        NoteKind.CALL,
        job_id=query.job,
        contact_id=query.contact,
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": await _all(actor, found.items), "next": found.next})


async def create(request: Request) -> Response:
    """Write down a call."""
    actor, now = access.actor(request), services(request).clock()
    body = await forms.read_json(request, CallBody)
    seen = await _seen(actor, body)
    said = Said(
        outcome=body.outcome,
        direction=body.direction,
        contact_id=seen.contact.id if seen.contact else None,
        question_id=seen.question.id if seen.question else None,
        choice=body.choice,
        again_on=body.follow_up,
    )
    answer = wording.title(seen.question, body.choice)
    draft = CallDraft(
        job_id=seen.job.id if seen.job else None,
        text=body.text or wording.text_of(said, body.words, answer, language(request)),
        words=body.words or body.text,
        said=said,
        called_at=body.at,
        done=body.done,
    )
    known = await notes.by_id(actor.company_id, body.id) if body.id else None
    note = await actions.write(actor, draft, note_id=body.id, at=now)
    [shown] = await _all(actor, [note])
    headers = {"Location": f"{_ALL}/{shown.id}"}
    return json_answer(shown, status=200 if known else 201, headers=headers)


async def show(request: Request) -> Response:
    """Show a call note."""
    _, note = await _call(request)
    [shown] = await _all(access.actor(request), [note])
    return json_answer(shown)


async def change(request: Request) -> Response:
    """Put off the next call, or say that nobody needs to call again."""
    actor, now = access.actor(request), services(request).clock()
    call, _ = await _call(request)
    body = await forms.read_json(request, CallChange)
    if body.follow_up:
        today = await actions.today_of(actor.company_id, now)
        await actions.shift(actor, call, body.follow_up, today=today, at=now)
    if body.done:
        await actions.settle(actor, call, at=now)
    return await show(request)


async def _call(request: Request) -> tuple[Call, Note]:
    """Return the call of the path and its note, if this person may see it. Raises NotFound."""
    actor = access.actor(request)
    call = access.known(await calls.by_id(actor.company_id, request.path_params["call_id"]), "call.unknown")
    request.path_params["note_id"] = call.note_id
    return call, await access.note(request)


async def _seen(actor: Actor, body: CallBody) -> Seen:
    """Return what the call is about. Raises Invalid naming what is unknown, or missing."""
    try:
        seen = await wording.seen(actor, body.job, body.contact, body.question)
    except NotFound as unknown:
        raise Invalid(unknown.code, field="job") from None
    if body.question and seen.question is None:
        raise Invalid("question.unknown", field="question")
    if body.contact and (seen.contact is None or seen.contact.id != body.contact):
        raise Invalid("contact.unknown", field="contact")
    if body.choice and not wording.title(seen.question, body.choice):
        raise Invalid("answer.choice", field="choice")
    if seen.job is None and (seen.contact is None or not actor.at_desk):
        raise Invalid("call.no_job", field="job")
    return seen


async def _all(actor: Actor, found: Sequence[Note]) -> list[CallJson]:
    """Return notes with what is known of their calls, in three statements."""
    known = await calls.of_notes(actor.company_id, [note.id for note in found])
    asked = {call.question_id for call in known.values() if call.question_id}
    by_id = {one.id: one for one in await questions.by_ids(actor.company_id, sorted(asked))} if asked else {}
    return [_json(note, known.get(note.id), by_id) for note in found]


def _json(note: Note, call: Call | None, asked: Mapping[UUID, Question]) -> CallJson:
    question = asked.get(call.question_id) if call and call.question_id else None
    answer = wording.title(question, call.answer_choice) if call else ""
    return CallJson(
        id=call.id if call else note.id,
        job=note.job_id,
        contact=call.contact_id if call else None,
        question=call.question_id if call else None,
        author=note.author_name,
        direction=call.direction if call else None,
        outcome=call.outcome if call else None,
        choice=(call.answer_choice or None) if call else None,
        words=wording.words_of(note.text, call, answer) if call else note.text,
        text=note.text,
        at=note.captured_at,
        follow_up=call.again_on if call else None,
        done=not call.open if call else True,
        captured_at=note.captured_at,
    )


_ALL = "/api/v1/calls"
_ONE = f"{_ALL}/{{call_id:uuid}}"
routes = [
    route(_ALL, index, who=Who.WORKER, summary="List call notes", query=CallQuery, answer=CallJson),
    route(
        _ALL,
        create,
        who=Who.WORKER,
        methods=["POST"],
        summary="Write down a call",
        body=CallBody,
        answer=CallJson,
    ),
    route(_ONE, show, who=Who.WORKER, summary="Show a call note", answer=CallJson),
    route(
        _ONE,
        change,
        who=Who.WORKER,
        methods=["PATCH"],
        summary="Put off the next call, or settle it",
        body=CallChange,
        answer=CallJson,
    ),
]
