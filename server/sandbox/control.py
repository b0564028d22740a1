"""JSON doors for tests: turn the clock, order accidents, see what a customer has seen, let him answer."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.sandbox.customer import customer_of
from server.sandbox.platform import Platform
from server.sandbox.postman import Postman
from server.sandbox.world import HOSTILE, Bubble, Fault, Whims, World


class Control:
    """The routes below /control. Bodies and answers are JSON; a wrong word is a 400 or 404."""

    def __init__(self, world: World, platforms: Mapping[str, Platform], postman: Postman) -> None:
        self._world = world
        self._platforms = platforms
        self._postman = postman
        self.routes = [
            Route("/control/state", self._state),
            Route("/control/clock", self._clock, methods=["POST"]),
            Route("/control/faults", self._faults, methods=["POST"]),
            Route("/control/whims", self._whims, methods=["POST"]),
            Route("/control/people/{contact}", self._chat),
            Route("/control/people/{contact}/messages", self._answer, methods=["POST"]),
        ]

    async def _state(self, request: Request) -> Response:
        return JSONResponse(
            {
                "now": self._world.now().isoformat(),
                "waiting": len(self._postman.waiting),
                "carried": self._postman.carried,
                "people": [
                    {"key": one.key, "name": one.name, "phone": one.phone}
                    for one in self._world.people.values()
                ],
            }
        )

    async def _clock(self, request: Request) -> Response:
        """Turn the clock by {"advance_s": n} and carry what has become due."""
        body = await _body(request)
        self._world.advance(_number(body, "advance_s"))
        await self._postman.carry()
        return await self._state(request)

    async def _faults(self, request: Request) -> Response:
        """Order accidents: {"call": "messages|media|files|telegram.messages|…", "fault": …, "count": 1}."""
        body = await _body(request)
        try:
            fault, call = Fault(str(body.get("fault"))), str(body.get("call", "messages"))
        except ValueError as error:
            raise HTTPException(400, "unknown fault") from error
        self._world.set_fault(call, fault, int(_number({"count": 1, **body}, "count")))
        return JSONResponse({"call": call, "fault": fault})

    async def _whims(self, request: Request) -> Response:
        """Set how nasty the webhooks are: {"hostile": true} or the chances one by one."""
        body = await _body(request)
        try:
            self._world.whims = HOSTILE if body == {"hostile": True} else Whims(**body)
        except TypeError as error:
            raise HTTPException(400, "unknown whim") from error
        return JSONResponse({"ok": True})

    async def _chat(self, request: Request) -> Response:
        customer = customer_of(request, self._world, self._platforms)
        seen = [_as_json(bubble) for bubble in customer.bubbles]
        return JSONResponse(
            {"key": customer.person.key, "blocked": customer.person.blocked, "messages": seen}
        )

    async def _answer(self, request: Request) -> Response:
        """Let the customer say {"text": …} or tap {"message": id, "button": id}; the webhook has gone when this answers."""
        customer, body = customer_of(request, self._world, self._platforms), await _body(request)
        if "button" in body:
            bubble = customer.tap(str(body.get("message", "")), str(body["button"]))
        else:
            bubble = customer.write(str(body.get("text", "")), quoted=str(body.get("quoted", "")))
        if bubble is None:
            raise HTTPException(404, "no such button")
        await self._postman.settle()
        return JSONResponse(_as_json(bubble), status_code=201)


def _as_json(bubble: Bubble) -> dict[str, Any]:
    return {
        "id": bubble.id,
        "from_firm": bubble.from_firm,
        "at": bubble.at.isoformat(),
        "kind": bubble.kind,
        "text": bubble.text,
        "picture": bubble.picture,
        "buttons": [{"id": key, "title": title} for key, title in bubble.buttons],
        "tapped": bubble.tapped,
        "quoted": bubble.quoted,
        "opaque": bubble.opaque,
        "status": bubble.status.value,
    }


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise HTTPException(400, "not JSON") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "not an object")
    return body


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise HTTPException(400, f"{name} must be a number")
    return float(value)
