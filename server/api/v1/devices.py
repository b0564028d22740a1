"""Phones for programs: who still holds what (O5)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.db import devices
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class DeviceJson:
    """`unsent` things, made since `oldest_at`, were still on the phone when it last spoke at `seen_at`."""

    id: UUID
    user: UUID
    user_name: str
    name: str
    unsent: int
    oldest_at: datetime | None
    client: int
    seen_at: datetime


async def index(request: Request) -> Response:
    """List the company's phones."""
    query = forms.read_query(request, DeviceQuery)
    after = str(query.cursor) if query.cursor else None
    found = await devices.of_company(access.actor(request).company_id, after=after, limit=query.limit)
    items = [
        DeviceJson(
            one.id, one.user_id, one.user_name, one.name, one.unsent, one.oldest_at, one.client, one.seen_at
        )
        for one in found.items
    ]
    return json_answer({"items": items, "next": found.next})


routes = [
    route(
        "/api/v1/devices", index, who=Who.OFFICE, summary="List phones", query=DeviceQuery, answer=DeviceJson
    ),
]
