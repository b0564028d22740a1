"""The cookie and the bearer token: an opaque secret in the browser, its hash in our table."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from server.actions import sessions as actions
from server.db import sessions
from server.domain.users import Actor
from server.settings import Settings
from server.web.state import services

YEAR_S = 365 * 24 * 3600


def cookie_name(settings: Settings) -> str:
    """Return the cookie's name; `__Host-` ties it to this host and HTTPS."""
    return "__Host-zollstock" if settings.secure else "zollstock"


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(request: Request) -> str | None:
    """Return the secret a request carries: the bearer token of a program, else the cookie of a browser."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip() or None
    return request.cookies.get(cookie_name(services(request).settings))


async def actor_of(request: Request) -> Actor | None:
    """Return who is signed in, read once per request."""
    if not hasattr(request.state, "signed_in"):
        request.state.signed_in = await _find(request)
    actor: Actor | None = request.state.signed_in
    return actor


async def of_disabled(request: Request) -> bool:
    """Say whether the caller's secret was that of somebody who may no longer sign in."""
    token = token_of(request)
    return token is not None and await sessions.by_token_is_disabled(token_hash(token))


async def _find(request: Request) -> Actor | None:
    token = token_of(request)
    if token is None:
        return None
    at = services(request).clock()
    found = await sessions.by_token(token_hash(token), at=at)
    if found is None:
        return None
    await actions.touch(found, at=at)
    return found.actor


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser its secret. The row decides when the session ends, not the cookie."""
    settings = services(request).settings
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=YEAR_S,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: Request, response: Response) -> None:
    settings = services(request).settings
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.secure, httponly=True, samesite="lax"
    )


def address_of(request: Request) -> str:
    """Return the caller's network address; X-Forwarded-For counts only from a listed proxy."""
    peer = request.client.host if request.client else ""
    trusted = services(request).settings.trusted_proxies
    forwarded = [
        part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()
    ]
    while peer in trusted and forwarded:
        peer = forwarded.pop()
    return peer
