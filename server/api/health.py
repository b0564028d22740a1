"""Whether the process lives, whether it can work, and figures for those who watch it."""

import hmac

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.db import metrics
from server.db.connect import ping
from server.domain.errors import NotFound
from server.web.routing import Who, route
from server.web.state import services


async def alive(request: Request) -> Response:
    """The process lives."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Database and storage answer, and what they call safe is safe; their errors become 503."""
    await ping(services(request).database)
    await services(request).storage.ready()
    return PlainTextResponse("ok\n")


async def figures(request: Request) -> Response:
    """Prometheus text; does not exist unless a token is set. Counts of things, never of people."""
    expected = services(request).settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not expected or not hmac.compare_digest(given, expected):
        raise NotFound("page.unknown")
    lines = [
        f'zollstock_{name}{{state="{state}"}} {number}' for name, state, number in await metrics.of_system()
    ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


routes = [
    route("/healthz", alive, who=Who.ANYONE),
    route("/readyz", ready, who=Who.ANYONE),
    route("/metrics", figures, who=Who.ANYONE),
]
