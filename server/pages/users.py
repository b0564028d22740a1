"""People: who they are, their devices, and pairing a phone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import sessions as sign_in
from server.actions import users
from server.db import devices as devices_db
from server.db import sessions as sessions_db
from server.db import users as users_db
from server.domain.errors import Conflict, Invalid
from server.domain.sessions import shown_code
from server.domain.users import Role, User
from server.web import access, forms
from server.web.qr import qr
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


class Step(StrEnum):
    DISABLE = "disable"
    ENABLE = "enable"


class Way(StrEnum):
    """How the person gets the link: from this screen by camera, or sent."""

    QR = "qr"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class UserForm:
    name: str = forms.text(max=100)
    login: str = forms.text(max=100)
    role: Role = forms.one_of(Role)


@dataclass(frozen=True, slots=True)
class ChangeForm:
    name: str = forms.text(max=100)
    role: Role = forms.one_of(Role)


@dataclass(frozen=True, slots=True)
class StepForm:
    step: Step = forms.one_of(Step)


@dataclass(frozen=True, slots=True)
class WayForm:
    way: Way = forms.one_of(Way, default=Way.QR)


@dataclass(frozen=True, slots=True)
class PageQuery:
    after: str = forms.text(max=40, default="")


async def index(request: Request) -> Response:
    actor = access.actor(request)
    after = forms.read_query(request, PageQuery).after
    people = await users_db.of_company(actor.company_id, at=services(request).clock(), after=after)
    return await page(request, "users/index.html", nav="users", people=people)


async def new(request: Request) -> Response:
    return await _new(request, forms.blank({"role": Role.WORKER}))


async def create(request: Request) -> Response:
    form = await forms.read(request, UserForm)
    try:
        typed = form.data
        user = await users.invite(
            access.actor(request),
            login=typed.login,
            name=typed.name,
            role=typed.role,
            at=services(request).clock(),
        )
    except Invalid as refused:
        return await _new(request, form.refused(refused), status=422)
    return see_other(request, f"/users/{user.id}", flash="user.invited")


async def show(request: Request) -> Response:
    user = await access.user(request)
    return await _show(request, user, forms.blank({"name": user.name, "role": user.role}))


async def change(request: Request) -> Response:
    user = await access.user(request)
    form = await forms.read(request, ChangeForm)
    try:
        typed, at = form.data, services(request).clock()
        await users.change(access.actor(request), user, name=typed.name, role=typed.role, at=at)
    except (Invalid, Conflict) as refused:
        wrong = Invalid(refused.code, field=refused.field or "role", **refused.values)
        return await _show(request, user, form.refused(wrong), status=422)
    return see_other(request, f"/users/{user.id}", flash="user.changed")


async def take_step(request: Request) -> Response:
    user, actor, at = await access.user(request), access.actor(request), services(request).clock()
    form = await forms.read(request, StepForm)
    if form.data.step is Step.DISABLE:
        await users.disable(actor, user, at=at)
    else:
        await users.enable(actor, user, at=at)
    return see_other(request, f"/users/{user.id}", flash=f"user.{form.data.step}d")


async def pair(request: Request) -> Response:
    """Make a one-time link and show it this once, as a code to scan or as words to send."""
    user, actor = await access.user(request), access.actor(request)
    way, at = (await forms.read(request, WayForm)).data.way, services(request).clock()
    if way is Way.LINK:
        return await _pairing(request, user, await sign_in.make_link(actor, user, at=at))
    made = await sign_in.make_pairing(actor, user, at=at)
    return await _pairing(request, user, made.token, shown_code(made.code))


async def _pairing(request: Request, user: User, token: str, code: str = "") -> Response:
    """Show a one-time link; with `code` as a QR code and as signs to type."""
    settings = services(request).settings
    address = f"{settings.base_url}/link/{token}"
    return await page(
        request,
        "users/pairing.html",
        nav="users",
        user=user,
        address=address,
        drawn=qr(address) if code else None,
        code=code,
        host=settings.host,
        back="/account" if access.actor(request).id == user.id else f"/users/{user.id}",
    )


async def revoke(request: Request) -> Response:
    user, actor = await access.user(request), access.actor(request)
    session_id = request.path_params["session_id"]
    await sign_in.revoke(actor, user, session_id, at=services(request).clock())
    back = "/account" if actor.id == user.id else f"/users/{user.id}"
    return see_other(request, back, flash="session.revoked")


async def _new(request: Request, form: forms.Form[Any], *, status: int = 200) -> Response:
    return await page(request, "users/new.html", status=status, nav="users", form=form)


async def _show(request: Request, user: User, form: forms.Form[Any], *, status: int = 200) -> Response:
    actor = access.actor(request)
    devices = await sessions_db.of_user(actor.company_id, user.id, at=services(request).clock())
    return await page(
        request,
        "users/show.html",
        status=status,
        nav="users",
        user=user,
        form=form,
        devices=devices,
        holding=await devices_db.held_by(actor.company_id, user.id),
        manageable=actor.role is Role.ADMIN or user.role is Role.WORKER,
    )


_USER = "/users/{user_id:uuid}"
routes = [
    route("/users", index, who=Who.OFFICE),
    route("/users", create, who=Who.OFFICE, methods=["POST"]),
    route("/users/new", new, who=Who.OFFICE),
    route(_USER, show, who=Who.OFFICE),
    route(_USER, change, who=Who.OFFICE, methods=["POST"]),
    route(f"{_USER}/steps", take_step, who=Who.OFFICE, methods=["POST"]),
    route(f"{_USER}/pairings", pair, who=Who.WORKER, methods=["POST"]),
    route(f"{_USER}/sessions/{{session_id:uuid}}/end", revoke, who=Who.WORKER, methods=["POST"]),
]
