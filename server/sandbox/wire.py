"""Accidents on the line, for programs in the same process: what no ASGI application can do by itself.

The application marks an answer with the accident; over a real socket the mark stays a plain 5xx without a body of
the platform's, which means the same to a careful client. In process this transport turns the mark into the accident.
"""

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp

from server.sandbox.world import Fault

MARK = "x-sandbox-accident"
_ACCIDENTS: dict[str, type[httpx.TransportError]] = {
    Fault.UNREACHABLE: httpx.ConnectError,
    Fault.RESET_BEFORE: httpx.ReadError,
    Fault.RESET_AFTER: httpx.ReadError,
    Fault.SLOW_BEFORE: httpx.ReadTimeout,
    Fault.SLOW_AFTER: httpx.ReadTimeout,
}


def accident(fault: Fault) -> Response:
    """Return the answer of a call that went wrong in this way."""
    if fault is Fault.GARBAGE_AFTER:
        return Response("<html>OK</html>", media_type="text/html")
    if fault in (Fault.ERROR_BEFORE, Fault.ERROR_AFTER):
        return Response("upstream error", status_code=500, media_type="text/plain")
    return Response(status_code=504, headers={MARK: fault.value})


class Wire(httpx.AsyncBaseTransport):
    """Calls an ASGI application in this process and lets its marked accidents happen."""

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        mark = answer.headers.get(MARK)
        if mark:
            await answer.aclose()
            raise _ACCIDENTS[mark](mark, request=request)
        return answer
