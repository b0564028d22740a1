"""The way to the home screen, in the words of the browser that asks."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from server.domain.browsers import Browser, Surface, browser_of
from server.web import forms
from server.web.render import page
from server.web.routing import Who, route

OTHERS = (
    Browser(Surface.SAFARI, ios=True),
    Browser(Surface.IOS_BROWSER, ios=True),
    Browser(Surface.ANDROID, ios=False),
)


@dataclass(frozen=True, slots=True)
class InstallQuery:
    on: Surface | None = forms.one_of(Surface, default=None)
    """Another browser than the one that asks: an iPad calls itself a Mac."""


async def show(request: Request) -> Response:
    wanted = forms.read_query(request, InstallQuery).on
    browser = browser_of(request.headers.get("user-agent", ""))
    if wanted is not None:
        browser = Browser(wanted, ios=wanted in (Surface.SAFARI, Surface.IOS_BROWSER))
    others = [one for one in OTHERS if one.surface is not browser.surface]
    return await page(request, "install/show.html", browser=browser, others=others)


routes = [route("/install", show, who=Who.ANYONE)]
