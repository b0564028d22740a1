"""One's own account: password, language, devices."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import users
from server.db import sessions as sessions_db
from server.db import users as users_db
from server.domain.errors import Invalid
from server.domain.users import User
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class PasswordForm:
    password: str = forms.secret(max=500)
    current: str = forms.text(max=500, default="")


@dataclass(frozen=True, slots=True)
class LanguageForm:
    language: str = forms.text(max=8)


async def show(request: Request) -> Response:
    return await _show(request, await _self(request), forms.blank())


async def set_password(request: Request) -> Response:
    user = await _self(request)
    form = await forms.read(request, PasswordForm)
    try:
        await users.change_own_password(
            access.actor(request),
            user,
            current=form.data.current,
            password=form.data.password,
            at=services(request).clock(),
        )
    except Invalid as refused:
        return await _show(request, user, form.refused(refused), status=422)
    return see_other(request, "/account", flash="account.password_set")


async def set_language(request: Request) -> Response:
    user = await _self(request)
    form = await forms.read(request, LanguageForm)
    try:
        await users.choose_language(access.actor(request), user, form.data.language)
    except Invalid as refused:
        return await _show(request, user, form.refused(refused), status=422)
    return see_other(request, "/account", flash="account.changed")


async def _self(request: Request) -> User:
    actor = access.actor(request)
    user = await users_db.by_id(actor.company_id, actor.id) if actor.id else None
    return access.known(user, "user.unknown")


async def _show(request: Request, user: User, form: forms.Form[Any], *, status: int = 200) -> Response:
    devices = await sessions_db.of_user(user.company_id, user.id, at=services(request).clock())
    known = await users_db.password_hash_of(user.company_id, user.id) is not None
    return await page(
        request,
        "users/account.html",
        status=status,
        form=form,
        user=user,
        devices=devices,
        has_password=known,
    )


routes = [
    route("/account", show, who=Who.WORKER),
    route("/account/password", set_password, who=Who.WORKER, methods=["POST"]),
    route("/account/language", set_language, who=Who.WORKER, methods=["POST"]),
]
