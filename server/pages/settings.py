"""The company: what customers read about it, and its switches."""

from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import companies
from server.db import companies as companies_db
from server.domain.companies import Company, Profile
from server.domain.errors import Invalid
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class ProfileForm:
    name: str = forms.text(max=200)
    street: str = forms.text(max=200, default="")
    postcode: str = forms.text(max=20, default="")
    city: str = forms.text(max=100, default="")
    phone: str = forms.text(max=50, default="")
    email: str = forms.text(max=254, default="")
    imprint_url: str = forms.text(max=500, default="")
    privacy_url: str = forms.text(max=500, default="")
    position_enabled: bool = forms.flag()
    workers_release: bool = forms.flag()


async def show(request: Request) -> Response:
    company = await _company(request)
    return await _show(request, company, forms.blank(asdict(company.profile)))


async def change(request: Request) -> Response:
    company = await _company(request)
    form = await forms.read(request, ProfileForm)
    try:
        profile = Profile(**asdict(form.data))
        await companies.change(access.actor(request), company, profile, at=services(request).clock())
    except Invalid as refused:
        return await _show(request, company, form.refused(refused), status=422)
    return see_other(request, "/settings", flash="company.changed")


async def _company(request: Request) -> Company:
    company = await companies_db.by_id(access.actor(request).company_id)
    return access.known(company, "company.unknown")


async def _show(request: Request, company: Company, form: forms.Form[Any], *, status: int = 200) -> Response:
    return await page(
        request, "settings/company.html", status=status, nav="settings", company=company, form=form
    )


routes = [
    route("/settings", show, who=Who.ADMIN),
    route("/settings", change, who=Who.ADMIN, methods=["POST"]),
]
