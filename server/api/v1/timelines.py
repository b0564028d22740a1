"""A job's chronology and logbook, for programs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.api.v1.photos import as_json as photo_json
from server.db import logbook, timeline
from server.domain.logbook import Line
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.timeline import Agreed, Asked, Event, Kind, Noted, PhotoRun, Said, Written
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """`limit` counts photos and lines before they are drawn together to entries."""

    kind: Kind | None = forms.one_of(Kind, default=None)
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: str = forms.text(max=100, default="")


@dataclass(frozen=True, slots=True)
class LogbookQuery:
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: str = forms.text(max=20, default="")


@dataclass(frozen=True, slots=True)
class EventJson:
    """One entry; what belongs to its kind stands in `data`."""

    kind: str
    id: UUID
    at: datetime
    by: str
    text: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LineJson:
    """A link of the chain; `data` holds before and after."""

    seq: int
    at: datetime
    by: str
    verb: str
    subject_kind: str
    subject: UUID
    job: UUID | None
    data: dict[str, Any]
    prev_hash: str
    hash: str


async def show(request: Request) -> Response:
    """Show a job's chronology, newest first."""
    job, query = await access.job(request), forms.read_query(request, TimelineQuery)
    kinds = (query.kind,) if query.kind else tuple(Kind)
    found = await timeline.of_job(job.company_id, job.id, kinds=kinds, before=query.cursor, limit=query.limit)
    return json_answer({"items": [as_json(event) for event in found.items], "next": found.next})


async def lines(request: Request) -> Response:
    """Show a job's logbook, newest first."""
    job, query = await access.job(request), forms.read_query(request, LogbookQuery)
    found = await logbook.of_job(job.company_id, job.id, before=query.cursor, limit=query.limit)
    return json_answer({"items": [_line(line) for line in found.items], "next": found.next})


def as_json(event: Event) -> EventJson:
    """Return an entry in the words of the interface."""
    by, text, data = _words(event)
    return EventJson(event.kind.value, event.id, event.at, by, text, data)


def _words(event: Event) -> tuple[str, str, dict[str, Any]]:
    match event:
        case PhotoRun():
            photos = [photo_json(photo) for photo in event.photos]
            return event.author_name, "", {"phase": event.phase, "photos": photos}
        case Asked():
            asked = event.question
            choices = [choice.title for choice in asked.choices]
            data: dict[str, Any] = {
                "state": asked.state,
                "contact": asked.contact_name,
                "channel": asked.channel,
            }
            data |= {"choices": choices, "answer": asked.answer, "answered_at": asked.answered_at}
            return asked.author_name, asked.text, data | {"photos": asked.photo_ids}
        case Said():
            said = event.message
            data = {"direction": said.direction, "channel": said.channel, "state": said.state}
            return event.contact_name, said.text, data | {"photo": said.photo_id}
        case Written():
            note = event.note
            data = {
                "late": note.late,
                "disputed": note.disputed,
                "replaces": note.replaces_id,
                "rev": note.rev,
            }
            return note.author_name, note.text, data
        case Noted():
            return event.entry.actor_name, "", {"verb": event.entry.verb, "number": event.number}
        case Agreed():
            given = event.consent
            data = {"verb": f"consent.{given.verb}", "channel": given.channel, "purpose": given.purpose}
            return given.giver, given.wording, data


def _line(line: Line) -> LineJson:
    entry = line.entry
    return LineJson(
        seq=line.seq,
        at=entry.at,
        by=entry.actor_name,
        verb=entry.verb,
        subject_kind=entry.subject_kind,
        subject=entry.subject_id,
        job=entry.job_id,
        data=entry.data,
        prev_hash=line.prev_hash,
        hash=line.hash,
    )


_JOB = "/api/v1/jobs/{job_id:uuid}"
routes = [
    route(
        f"{_JOB}/timeline",
        show,
        who=Who.WORKER,
        summary="A job's chronology",
        query=TimelineQuery,
        answer=EventJson,
    ),
    route(
        f"{_JOB}/logbook",
        lines,
        who=Who.OFFICE,
        summary="A job's logbook",
        query=LogbookQuery,
        answer=LineJson,
    ),
]
