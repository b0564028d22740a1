"""Where browsers say that, and how, they take messages while the app is closed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import pushes
from server.domain.errors import Invalid
from server.domain.pushes import ENDPOINT_MAX, write_key
from server.web import access, forms, phones
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services

KEY_MAX = 200


@dataclass(frozen=True, slots=True)
class SubscriptionBody:
    endpoint: str = forms.text(max=ENDPOINT_MAX)
    keys: Any = forms.plain()
    device: UUID = forms.choice_id()


@dataclass(frozen=True, slots=True)
class EndpointBody:
    endpoint: str = forms.text(max=ENDPOINT_MAX)


async def key(request: Request) -> Response:
    """Give the key a browser subscribes with."""
    return json_answer({"key": write_key(pushes.sender_of(services(request)).public_key)})


async def subscribe(request: Request) -> Response:
    """Take a browser's subscription; the same again is harmless."""
    body = await forms.read_json(request, SubscriptionBody)
    await pushes.subscribe(
        access.actor(request),
        endpoint=body.endpoint,
        p256dh=_key(body.keys, "p256dh"),
        auth=_key(body.keys, "auth"),
        device_id=body.device,
        name=phones.device_name(request),
        client=phones.client(request),
        at=services(request).clock(),
    )
    return Response(status_code=204)


async def unsubscribe(request: Request) -> Response:
    """Forget a browser's subscription; again is harmless."""
    body = await forms.read_json(request, EndpointBody)
    await pushes.unsubscribe(access.actor(request), body.endpoint)
    return Response(status_code=204)


def _key(keys: object, name: str) -> str:
    value = keys.get(name) if isinstance(keys, dict) else None
    if not isinstance(value, str) or len(value) > KEY_MAX:
        raise Invalid("push.keys", field="keys")
    return value


routes = [
    route("/push/key", key, who=Who.WORKER),
    route("/push/subscription", subscribe, who=Who.WORKER, methods=["PUT"]),
    route("/push/subscription", unsubscribe, who=Who.WORKER, methods=["DELETE"]),
]
