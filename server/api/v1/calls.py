"""Call notes for programs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import notes as actions
from server.db import jobs, notes
from server.domain.errors import Forbidden
from server.domain.notes import Note, NoteKind
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.users import Role
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class CallQuery:
    """A worker names a job that he sees."""

    job: UUID | None = forms.choice_id(default=None)
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class CallBody:
    job: UUID = forms.choice_id()
    text: str = forms.text(max=10_000, lines=True)


@dataclass(frozen=True, slots=True)
class CallJson:
    id: UUID
    job: UUID | None
    author: str
    text: str
    captured_at: datetime


async def index(request: Request) -> Response:
    """List call notes, newest first."""
    actor, query = access.actor(request), forms.read_query(request, CallQuery)
    if actor.role is Role.WORKER and query.job is None:
        raise Forbidden("role.not_allowed", field="job")
    if query.job:
        await _seen_job(request, query.job)
    found = await notes.of_kind(
        actor.company_id,
        NoteKind.CALL,
        job_id=query.job,
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [_json(note) for note in found.items], "next": found.next})


async def create(request: Request) -> Response:
    """Write down a call."""
    body = await forms.read_json(request, CallBody)
    await _seen_job(request, body.job)
    note = await actions.write(
        access.actor(request),
        job_id=body.job,
        text=body.text,
        kind=NoteKind.CALL,
        at=services(request).clock(),
    )
    return json_answer(_json(note), status=201)


async def _seen_job(request: Request, job_id: UUID) -> None:
    actor = access.actor(request)
    found = await jobs.by_id(actor.company_id, job_id, visible_to=access.only_own(actor))
    access.known(found, "job.unknown")


def _json(note: Note) -> CallJson:
    return CallJson(note.id, note.job_id, note.author_name, note.text, note.captured_at)


_ALL = "/api/v1/calls"
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
]
