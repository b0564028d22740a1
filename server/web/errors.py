"""From an error to an answer: the only place that knows status codes, and the last net below every handler."""

import logging
from collections.abc import Mapping
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.db import devices
from server.db.guards import DatabaseFull, DatabaseUnsynced
from server.domain import errors
from server.ids import parse_id
from server.storage.base import StorageError, StorageFull, Unsynced
from server.web.render import fragment, json_answer, language, page
from server.web.words import sentence

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.SignedOut, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.NoConsent, 409),
    (errors.TooLarge, 413),
    (errors.Outdated, 426),
    (errors.TooManyTries, 429),
    (errors.Invalid, 422),
)
HTTP_CODES = {404: "page.unknown", 405: "request.method", 413: "request.too_large"}
PAGES = {403, 404, 422, 429, 500, 503}


async def domain_error(request: Request, error: Exception) -> Response:
    """Answer a rule's refusal."""
    assert isinstance(error, errors.DomainError)
    if isinstance(error, errors.Merged) and request.method in ("GET", "HEAD"):
        return _to_merged(request, error)
    status = next((number for kind, number in STATUS if isinstance(error, kind)), 422)
    if status == 401 and not for_program(request):
        return _to_login(request)
    headers = {}
    if isinstance(error, errors.TooManyTries):
        headers["Retry-After"] = str(error.values.get("retry_after_s", 60))
    if isinstance(error, errors.Locked) and not for_program(request):
        return await page(request, "errors/locked.html", status=403, order=error.values.get("order"))
    extra = await _order(request) if status == 401 else {}
    return await answer(
        request, status, error.code, field=error.field, values=error.values, headers=headers, extra=extra
    )


async def _order(request: Request) -> dict[str, object]:
    """Return what a phone that is signed out was told to do: it asks with its own id, which nobody else knows."""
    if not request.url.path.startswith("/sync/"):
        return {}
    known = parse_id(request.headers.get("x-device", ""))
    device = await devices.by_token(known) if known else None
    return {"order": device.open_order} if device and device.open_order else {}


async def http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: unknown address, method, too large a body."""
    assert isinstance(error, HTTPException)
    code = HTTP_CODES.get(error.status_code, "request.refused")
    return await answer(request, error.status_code, code, headers=error.headers)


async def storage_error(request: Request, error: Exception) -> Response:
    """Answer a full or failing disk: nothing was lost, the phone keeps what it has."""
    log.error("storage failed", exc_info=error)
    if isinstance(error, StorageFull | DatabaseFull):
        return await answer(request, 507, "storage.full")
    unsynced = isinstance(error, Unsynced | DatabaseUnsynced)
    return await answer(request, 503, "storage.unsynced" if unsynced else "storage.failed")


async def gone(request: Request, error: Exception) -> Response:
    """The client has left; nobody reads this answer."""
    return Response(status_code=499)


async def unforeseen(request: Request, error: Exception) -> Response:
    """Answer a defect of ours; the trace is in the log under the request's id."""
    log.error("unforeseen", exc_info=error)
    return await answer(request, 500, "server.failed")


async def answer(
    request: Request,
    status: int,
    code: str,
    *,
    field: str | None = None,
    values: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> Response:
    """Say the sentence for `code` in the form the caller reads: JSON (with `extra` beside it), fragment or page."""
    message = sentence(code, language(request), values)
    if for_program(request):
        body = {"error": {"code": code, "message": message, "field": field}}
        return json_answer(body | dict(extra or {}), status=status, headers=headers)
    if "hx-request" in request.headers:
        response = fragment(request, "shared/_error.html", status=status, message=message)
    else:
        name = f"errors/{status if status in PAGES else 500 if status >= 500 else 422}.html"
        response = await page(request, name, status=status, message=message)
    response.headers.update(headers or {})
    return response


def for_program(request: Request) -> bool:
    """Say whether the caller is a program or our own script, which reads JSON."""
    if request.url.path.startswith(("/sync/", "/api/", "/hooks/")):
        return True
    return "authorization" in request.headers or request.headers.get("accept", "").startswith(
        "application/json"
    )


def _to_merged(request: Request, error: errors.Merged) -> Response:
    """Lead from what was merged to what it became part of: the same page, the same question."""
    path = request.url.path.replace(str(request.path_params[f"{error.field}_id"]), str(error.into))
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{path}{query}", status_code=303)


def _to_login(request: Request) -> Response:
    target = request.url.path if request.method == "GET" else "/"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": f"/login?next={quote(target)}"})
    return RedirectResponse(f"/login?next={quote(target)}", status_code=303)


class LastNet:
    """Catches what no handler foresaw, inside the middleware that adds the headers; pure ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        except Exception as error:
            if begun:  # half an answer cannot become another one: let the server cut the line
                raise
            response = await unforeseen(Request(scope, receive), error)
            await response(scope, receive, send)


HANDLERS = {
    errors.DomainError: domain_error,
    HTTPException: http_error,
    StorageError: storage_error,
    DatabaseFull: storage_error,
    DatabaseUnsynced: storage_error,
    ClientDisconnect: gone,
}
