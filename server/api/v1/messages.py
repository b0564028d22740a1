"""Messages for programs: what was said, in both directions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.db import jobs, messages
from server.domain.errors import Forbidden
from server.domain.messages import Message
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.users import Role
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """A worker names a job that he sees."""

    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    channel: str = forms.text(max=32, default="")
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class MessageJson:
    id: UUID
    job: UUID | None
    contact: UUID | None
    question: UUID | None
    photo: UUID | None
    channel: str
    direction: str
    kind: str
    text: str
    state: str
    error_code: str
    at: datetime
    changed_at: datetime
    seen_by_office_at: datetime | None
    verified: bool


async def index(request: Request) -> Response:
    """List messages, newest first."""
    actor, query = access.actor(request), forms.read_query(request, MessageQuery)
    if actor.role is Role.WORKER and query.job is None:
        raise Forbidden("role.not_allowed", field="job")
    if query.job:
        seen = await jobs.by_id(actor.company_id, query.job, visible_to=access.only_own(actor))
        access.known(seen, "job.unknown")
    found = await messages.search(
        actor.company_id,
        job_id=query.job,
        contact_id=query.contact,
        channel=query.channel or None,
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [as_json(message) for message in found.items], "next": found.next})


def as_json(message: Message) -> MessageJson:
    """Return a message in the words of the interface."""
    same: dict[str, Any] = {
        name: getattr(message, name)
        for name in MessageJson.__slots__
        if name not in {"job", "contact", "question", "photo"}
    }
    return MessageJson(
        **same,
        job=message.job_id,
        contact=message.contact_id,
        question=message.question_id,
        photo=message.photo_id,
    )


routes = [
    route(
        "/api/v1/messages",
        index,
        who=Who.WORKER,
        summary="List messages",
        query=MessageQuery,
        answer=MessageJson,
    ),
]
