"""The doors of Messenger's pages: they share the Graph's addresses with WhatsApp's numbers."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Scope

from server.sandbox.messenger.rules import Refusal
from server.sandbox.platform import Endpoint

Mine = Callable[[Scope, dict[str, Any]], bool]


class OwnRoute(Route):
    """A door that is there for Messenger's own pages only: other calls of the same shape are WhatsApp's."""

    def __init__(self, path: str, endpoint: Endpoint, mine: Mine, *, methods: list[str], **kind: Any) -> None:
        super().__init__(path, endpoint, methods=methods, **kind)
        self._mine = mine

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.NONE and not self._mine(scope, found["path_params"]):
            return Match.NONE, {}
        return match, found


async def object_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a call. Raises Refusal for anything else."""
    try:
        call = json.loads(await request.body())
    except ValueError as error:
        raise Refusal(100, "The body is not JSON") from error
    if not isinstance(call, dict):
        raise Refusal(100, "The body is not an object")
    return call
