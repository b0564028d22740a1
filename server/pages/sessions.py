"""The way in and out: password, one-time link, sign-out."""

import re
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import sessions
from server.actions.sessions import Opened
from server.db import companies
from server.domain.browsers import browser_of
from server.domain.errors import Invalid, NotFound, TooManyTries
from server.domain.sessions import device_name
from server.web import forms, session, strangers
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

# Only a path of ours, in signs that no browser reads as another host.
_OWN_PATH = re.compile(r"/[A-Za-z0-9_\-./]*(\?[A-Za-z0-9_\-.=&%~+]*)?")


@dataclass(frozen=True, slots=True)
class LoginForm:
    login: str = forms.text(max=100)
    password: str = forms.secret(max=128)
    next: str = forms.text(max=500, default="")


@dataclass(frozen=True, slots=True)
class CodeForm:
    code: str = forms.text(max=40)


async def login(request: Request) -> Response:
    if await session.actor_of(request) is not None:
        return see_other(request, own_path(request.query_params.get("next", "")))
    return await _login(request, forms.blank({"next": request.query_params.get("next", "")}))


async def sign_in(request: Request) -> Response:
    form = await forms.read(request, LoginForm)
    try:
        opened = await sessions.sign_in(
            form.data.login,
            form.data.password,
            address=session.address_of(request),
            device=_device(request),
            at=services(request).clock(),
        )
    except TooManyTries as slower:
        return await _slower(request, form, slower)
    except Invalid as refused_by:
        return await _login(request, form.refused(refused_by), status=422)
    return await _enter(request, opened, own_path(form.data.next))


async def sign_in_by_code(request: Request) -> Response:
    """Take the code from the office's screen: an app on the home screen has no camera link that leads into it."""
    form = await forms.read(request, CodeForm)
    try:
        opened = await sessions.sign_in_by_code(
            form.data.code,
            address=session.address_of(request),
            device=_device(request),
            at=services(request).clock(),
        )
    except TooManyTries as slower:
        return await _slower(request, form, slower)
    except Invalid as refused_by:
        return await _login(request, form.refused(refused_by), status=422)
    return await _enter(request, opened, "/")


async def link(request: Request) -> Response:
    """Show whom the link is for. Only looks: a messenger's preview must not burn it."""
    strangers.admit(request)
    at = services(request).clock()
    try:
        found, user = await sessions.look_up_link(request.path_params["token"], at=at)
    except NotFound:
        strangers.missed(request)
        return await page(request, "sessions/gone.html", status=410, company=None)
    company = await companies.by_id(found.company_id)
    agent = request.headers.get("user-agent", "")
    return await page(
        request,
        "sessions/link.html",
        company=company,
        user=user,
        device=_device(request),
        browser=browser_of(agent),
    )


async def redeem(request: Request) -> Response:
    strangers.admit(request)
    at = services(request).clock()
    try:
        opened = await sessions.redeem(request.path_params["token"], device=_device(request), at=at)
    except NotFound:
        strangers.missed(request)
        return await page(request, "sessions/gone.html", status=410, company=None)
    return await _enter(request, opened, "/")


async def sign_out(request: Request) -> Response:
    actor = await session.actor_of(request)
    if actor is not None:
        await sessions.sign_out(actor, at=services(request).clock())
    response = see_other(request, "/login", flash="session.ended")
    session.clear_cookie(request, response)
    return response


def own_path(target: str) -> str:
    """Return where to go after signing in: a path of this site, else the start."""
    known = _OWN_PATH.fullmatch(target) and "//" not in target
    known = known and not target.startswith(("/login", "/link/", "/sign-out"))
    return target if known else "/"


async def _enter(request: Request, opened: Opened, target: str) -> Response:
    """Give the browser its new secret; the one it came with dies (no fixation)."""
    before = await session.actor_of(request)
    if before is not None:
        await sessions.sign_out(before, at=services(request).clock())
    response = see_other(request, target)
    session.set_cookie(request, response, opened.token)
    return response


async def _slower(request: Request, form: forms.Form[Any], slower: TooManyTries) -> Response:
    wait_s = slower.values["retry_after_s"]
    refused = form.refused(Invalid(slower.code, retry_after_s=wait_s))
    return await _login(request, refused, status=429, headers={"Retry-After": str(wait_s)})


async def _login(
    request: Request, form: forms.Form[Any], *, status: int = 200, headers: Any = None
) -> Response:
    typed = {name: value for name, value in form.typed.items() if name != "password"}
    shown = replace(form, typed=typed)
    by_code = browser_of(request.headers.get("user-agent", "")).ios
    return await page(
        request, "sessions/login.html", status=status, headers=headers, form=shown, code_first=by_code
    )


def _device(request: Request) -> str:
    return device_name(request.headers.get("user-agent", "")[:400])


routes = [
    route("/login", login, who=Who.ANYONE),
    route("/login", sign_in, who=Who.ANYONE, methods=["POST"]),
    route("/login/code", sign_in_by_code, who=Who.ANYONE, methods=["POST"]),
    route("/link/{token}", link, who=Who.LINK),
    route("/link/{token}", redeem, who=Who.LINK, methods=["POST"]),
    route("/sign-out", sign_out, who=Who.ANYONE, methods=["POST"]),
]
