"""What every answer carries and every unsafe request must prove. Pure ASGI."""

import logging
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.ids import new_id

log = logging.getLogger("server.request")

CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A static file is no document: what guards pages would only weigh on thirty small files of a first visit.
STATIC = "/static/"
STATIC_HEADERS = {"X-Content-Type-Options": "nosniff"}
SHARE = "/share"
SAFE = {"GET", "HEAD", "OPTIONS"}


def _with_headers(send: Send, wanted: Mapping[str, str]) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in wanted.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with


class SecureHeaders:
    """Sets the security headers on every answer that does not bring its own, and names the request."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(STATIC):
            await self.app(scope, receive, _with_headers(send, STATIC_HEADERS))
            return
        request_id, started = str(new_id()), time.monotonic()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.note(scope, message["status"], request_id, time.monotonic() - started)
            await send(message)

        named = self.headers | {"Cache-Control": "no-store", "X-Request-Id": request_id}
        await self.app(scope, receive, _with_headers(noted, named))

    def note(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        # The route's pattern, not the address: tokens and ids of people stay out of the log.
        route = scope.get("route")
        pattern = getattr(route, "path", scope["path"].split("/", 2)[1])
        log.debug(
            "request",
            extra={
                "method": scope["method"],
                "route": pattern,
                "status": status,
                "id": request_id,
                "s": seconds,
            },
        )


class SameOrigin:
    """Refuses unsafe requests that another site's page made (CSRF) without any token that could die offline.

    Browsers say where a request comes from: `Sec-Fetch-Site`, or `Origin` in older ones (Safari before 16.4).
    Programs send a bearer token, which no foreign page can add. Platforms' webhooks prove themselves by signature,
    answer links and stickers by their secret: no cookie stands behind what they do. What another app shares comes from no site at
    all; it changes nothing.
    """

    def __init__(
        self, app: ASGIApp, *, exempt: tuple[str, ...] = ("/hooks/", "/a/", "/q/", "/sandbox/")
    ) -> None:
        self.app = app
        self.exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.harmless(scope) or own_request(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        error = {
            "code": "request.foreign_origin",
            "message": "Die Anfrage kam von einer fremden Seite.",
            "field": None,
        }
        await JSONResponse({"error": error}, status_code=403)(scope, receive, send)

    def harmless(self, scope: Scope) -> bool:
        if scope["path"] == SHARE and Headers(scope=scope).get("sec-fetch-site") == "none":
            return True
        return scope["method"] in SAFE or scope["path"].startswith(self.exempt)


def own_request(headers: Headers) -> bool:
    """Say whether an unsafe request comes from our own page or from a program with a bearer token."""
    if headers.get("authorization", "").lower().startswith("bearer ") and "cookie" not in headers:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
