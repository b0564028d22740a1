"""The third face of a sticker: who stands before it may agree to messages, in the exact words, with his own number.

Nothing on the page says whose number the firm knows: the answer is the same for everybody.
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import sticker_consents, stickers
from server.db import companies
from server.db import stickers as stickers_db
from server.domain.errors import Invalid, TooManyTries
from server.domain.stickers import Sticker, is_token
from server.domain.wordings import label
from server.web import forms, session
from server.web.guests import HEADERS
from server.web.render import page
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class AgreeForm:
    name: str = forms.text(max=100)
    phone: str = forms.text(max=60)
    channel: str = forms.text(max=32)


async def show(request: Request) -> Response:
    sticker = await _sticker(request)
    return await _gone(request) if sticker is None else await _page(request, sticker, forms.blank())


async def agree(request: Request) -> Response:
    """Take one person's word; it counts at once only where name and number are known to belong to the job."""
    sticker, at = await _sticker(request), services(request).clock()
    if sticker is None:
        return await _gone(request)
    form = await forms.read(request, AgreeForm)
    try:
        typed = form.data
        await stickers.count(request.path_params["token"], session.address_of(request), photos=0, at=at)
        await sticker_consents.agree(
            sticker, name=typed.name, phone=typed.phone, channel=typed.channel, at=at
        )
    except TooManyTries as full:
        return await _page(request, sticker, form.refused(Invalid(full.code)), status=429)
    except Invalid as refused:
        return await _page(request, sticker, form.refused(refused), status=422)
    return await _page(request, sticker, forms.blank(), thanks=True)


async def _sticker(request: Request) -> Sticker | None:
    token = request.path_params["token"]
    return await stickers_db.by_token(token) if is_token(token) else None


async def _page(
    request: Request, sticker: Sticker, form: forms.Form[Any], *, status: int = 200, thanks: bool = False
) -> Response:
    company = await companies.by_id(sticker.company_id)
    offered = [
        (kind, label(kind), await sticker_consents.words(sticker, kind))
        for kind in await sticker_consents.offered(sticker)
    ]
    return await page(
        request,
        "stickers/consent.html",
        status=status,
        headers=HEADERS,
        company=company,
        sticker=sticker,
        form=form,
        token=request.path_params["token"],
        channels=offered,
        thanks=thanks,
    )


async def _gone(request: Request) -> Response:
    return await page(request, "stickers/gone.html", status=410, headers=HEADERS)


_CONSENT = "/q/{token:str}/consent"
routes = [
    route(_CONSENT, show, who=Who.LINK),
    route(_CONSENT, agree, who=Who.LINK, methods=["POST"]),
]
