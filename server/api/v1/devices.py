"""Phones for programs: who still holds what (O5)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.db import devices
from server.domain.devices import Device, Order
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class StorageJson:
    """What the phone says of its storage, sizes in bytes; null where its browser does not say."""

    persisted: bool | None
    usage: int | None
    quota: int | None
    installed: bool
    works: bool


@dataclass(frozen=True, slots=True)
class DeviceJson:
    """`unsent` things, made since `oldest_at`, were still on the phone when it last spoke at `seen_at`.

    `problems` of them need a human. `order` is what the office told the phone to do, obeyed at `obeyed_at`.
    """

    id: UUID
    user: UUID
    user_name: str
    name: str
    unsent: int
    oldest_at: datetime | None
    client: int
    seen_at: datetime
    version: str
    problems: int
    storage: StorageJson | None
    reported_at: datetime | None
    order: Order | None
    ordered_at: datetime | None
    obeyed_at: datetime | None


async def index(request: Request) -> Response:
    """List the company's phones."""
    query = forms.read_query(request, DeviceQuery)
    after = str(query.cursor) if query.cursor else None
    found = await devices.of_company(access.actor(request).company_id, after=after, limit=query.limit)
    return json_answer({"items": [_shown(one) for one in found.items], "next": found.next})


def _shown(device: Device) -> DeviceJson:
    return DeviceJson(
        id=device.id,
        user=device.user_id,
        user_name=device.user_name,
        name=device.name,
        unsent=device.unsent,
        oldest_at=device.oldest_at,
        client=device.client,
        seen_at=device.seen_at,
        version=device.version,
        problems=device.problems,
        storage=StorageJson(**asdict(device.storage)) if device.storage else None,
        reported_at=device.reported_at,
        order=device.order,
        ordered_at=device.ordered_at,
        obeyed_at=device.obeyed_at,
    )


routes = [
    route(
        "/api/v1/devices", index, who=Who.OFFICE, summary="List phones", query=DeviceQuery, answer=DeviceJson
    ),
]
