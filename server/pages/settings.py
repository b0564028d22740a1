"""The company: what customers read about it, and its switches."""

from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import companies, logos
from server.db import companies as companies_db
from server.domain.companies import LOGO_BYTES_MAX, Company, Profile
from server.domain.errors import Invalid
from server.web import access, forms
from server.web.guests import PHOTO_MAX, files
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
    opening_hours: str = forms.text(max=500, lines=True, default="")
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


async def change_logo(request: Request) -> Response:
    """Show another logo to the customers, or none."""
    company, actor, at = await _company(request), access.actor(request), services(request).clock()
    async with request.form(max_files=1, max_fields=5, max_part_size=1000) as data:
        chosen = files(data.getlist("logo"))
        try:
            if "remove" in data:
                await logos.remove_logo(services(request), actor, company, at=at)
                return see_other(request, "/settings", flash="logo.removed")
            sent = await chosen[0].read(LOGO_BYTES_MAX + 1) if chosen else b""
            await logos.set_logo(services(request), actor, company, sent, at=at)
        except Invalid as refused:
            form = forms.blank(asdict(company.profile)).refused(refused)
            return await _show(request, company, form, status=422)
    return see_other(request, "/settings", flash="logo.changed")


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
    route("/settings/logo", change_logo, who=Who.ADMIN, methods=["POST"], max_body_size=PHOTO_MAX),
]
