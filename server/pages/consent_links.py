"""The page behind a consent link: the exact words, one button to agree, one to take it back. A GET changes nothing."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import consent_links as actions
from server.actions.consent_links import Asked
from server.domain.consents import wording_hash
from server.domain.errors import Invalid, NotFound
from server.domain.wordings import label
from server.web import forms, strangers
from server.web.guests import HEADERS
from server.web.render import page
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class AgreeForm:
    """`words`: the hash of what stood on the page; the ledger must not say that he agreed to other ones."""

    words: str = forms.text(max=64, default="")


async def show(request: Request) -> Response:
    asked = await _asked(request)
    return await _gone(request) if asked is None else await _page(request, asked)


async def agree(request: Request) -> Response:
    asked, at = await _asked(request), services(request).clock()
    if asked is None:
        return await _gone(request)
    seen = (await forms.read(request, AgreeForm)).data.words
    if seen and seen != wording_hash(asked.wording):
        return await _page(request, asked, status=409, refused="consent.words_changed")
    try:
        await actions.agree(asked, at=at)
    except Invalid as refused:
        return await _page(request, asked, status=410, refused=refused.code)
    return await _page(request, await _asked(request) or asked, said="agreed")


async def take_back(request: Request) -> Response:
    asked, at = await _asked(request), services(request).clock()
    if asked is None:
        return await _gone(request)
    await actions.take_back(asked, at=at)
    return await _page(request, await _asked(request) or asked, said="withdrawn")


async def _asked(request: Request) -> Asked | None:
    strangers.admit(request)
    try:
        return await actions.look_up(
            services(request), request.path_params["token"], at=services(request).clock()
        )
    except NotFound:
        strangers.missed(request)
        return None


async def _page(request: Request, asked: Asked, *, status: int = 200, **values: Any) -> Response:
    shown = {"said": "", "refused": ""} | values
    return await page(
        request,
        "consents/agree.html",
        status=status,
        headers=HEADERS,
        company=asked.company,
        asked=asked,
        channel_name=label(asked.topic.channel),
        token=request.path_params["token"],
        words=wording_hash(asked.wording),
        **shown,
    )


async def _gone(request: Request) -> Response:
    return await page(request, "answers/gone.html", status=410, headers=HEADERS)


_LINK = "/a/c/{token:str}"
routes = [
    route(_LINK, show, who=Who.LINK),
    route(_LINK, agree, who=Who.LINK, methods=["POST"]),
    route(f"{_LINK}/withdrawal", take_back, who=Who.LINK, methods=["POST"]),
]
