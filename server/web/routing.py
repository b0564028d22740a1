"""Routes that say who may use them. A route without `who` cannot be written; the wall stands before the handler."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.domain.errors import Forbidden, Locked, SignedOut
from server.domain.users import Actor, Role
from server.web import session

Endpoint = Callable[[Request], Awaitable[Response]]

BODY_MAX = 1_000_000


class Who(StrEnum):
    """Who may call a route."""

    ANYONE = "anyone"
    WORKER = "worker"
    OFFICE = "office"
    ADMIN = "admin"
    LINK = "link"
    """The token in the path decides; the handler checks it."""
    HOOK = "hook"
    """The signature over the raw body decides; the handler checks it."""


_ROLES = {
    Who.WORKER: frozenset(Role),
    Who.OFFICE: frozenset({Role.OFFICE, Role.ADMIN}),
    Who.ADMIN: frozenset({Role.ADMIN}),
}


class GuardedRoute(Route):
    """A route with its rule and, for programs, its description."""

    who: Who
    summary: str
    query: type[Any] | None
    body: type[Any] | None
    answer: type[Any] | None


def route(
    path: str,
    endpoint: Endpoint,
    *,
    who: Who,
    methods: Sequence[str] = ("GET",),
    max_body_size: int | None = BODY_MAX,
    summary: str = "",
    query: type[Any] | None = None,
    body: type[Any] | None = None,
    answer: type[Any] | None = None,
) -> GuardedRoute:
    """Make a route whose rule is enforced before the handler runs.

    `query`, `body` and `answer` are dataclasses; with them the route stands in the OpenAPI document.
    """

    async def guarded(request: Request) -> Response:
        request.state.actor = await admit(request, who)
        return await endpoint(request)

    made = GuardedRoute(
        path, guarded, methods=list(methods), name=endpoint.__name__, max_body_size=max_body_size
    )
    made.who, made.summary, made.query, made.body, made.answer = who, summary, query, body, answer
    return made


async def admit(request: Request, who: Who) -> Actor | None:
    """Return who calls. Raises SignedOut or Forbidden when the rule says no, Locked for a phone that only sends."""
    if who not in _ROLES:
        return None
    actor = await session.actor_of(request)
    if actor is None:
        # What a disabled person's phone still holds is parked with a reason, not asked to sign in (offline-pwa §4.4).
        if request.url.path.startswith("/sync/") and await session.of_disabled(request):
            raise Forbidden("user.disabled")
        raise SignedOut("session.none")
    if actor.order and not request.url.path.startswith("/sync/"):
        raise Locked("device.locked", order=actor.order)
    if actor.role not in _ROLES[who]:
        raise Forbidden("role.not_allowed")
    return actor
