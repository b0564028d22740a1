"""The answer link: a customer's page without account, script or cookie. A GET changes nothing, a dead link is 410."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import answers
from server.actions.answers import Asked
from server.actions.copies import OUTGOING
from server.db import photos
from server.domain.errors import Invalid, NotFound
from server.web import forms
from server.web.guests import HEADERS, PHOTO_MAX, data_of, files
from server.web.render import page
from server.web.routing import Who, route
from server.web.state import services

BODY_MAX = PHOTO_MAX + 100_000


@dataclass(frozen=True, slots=True)
class AnswerForm:
    choice: str = forms.text(max=40, default="")
    text: str = forms.text(max=2000, lines=True, default="")


async def show(request: Request) -> Response:
    asked = await _asked(request)
    return await _gone(request) if asked is None else await _page(request, asked, forms.blank())


async def answer(request: Request) -> Response:
    """Take words, a tapped answer, a photo, or all of them; later ones count."""
    asked = await _asked(request)
    if asked is None:
        return await _gone(request)
    at = services(request).clock()
    async with request.form(max_files=1, max_fields=10, max_part_size=20_000) as data:
        form = forms.parsed(
            AnswerForm, {name: value for name, value in data.items() if isinstance(value, str)}
        )
        try:
            chosen, typed = files(data.getlist("photo")), form.data
            photo = await data_of(chosen[0]) if chosen else None
            if typed.choice or typed.text or photo is None:
                answers.check(asked, choice_id=typed.choice, text=typed.text)
            if photo is not None:
                await answers.bring_photo(services(request), asked, photo, at=at)
            if typed.choice or typed.text:
                await answers.answer(asked, choice_id=typed.choice, text=typed.text, at=at)
        except Invalid as refused:
            return await _page(request, asked, form.refused(refused), status=422)
    answered = await answers.look_up(request.path_params["token"], at=at)
    return await _page(request, answered, forms.blank(), thanks=True, photo=photo is not None)


async def stop(request: Request) -> Response:
    """The person wants no more messages; as easy as it was to agree."""
    asked = await _asked(request)
    if asked is None:
        return await _gone(request)
    await answers.withdraw_consent(asked, at=services(request).clock())
    return await page(request, "answers/stopped.html", headers=HEADERS, company=asked.company)


async def picture(request: Request) -> Response:
    """Give the copy of a released photo; every request asks the whole link again."""
    asked, place = await _asked(request), request.path_params["place"]
    if asked is None:
        return Response(status_code=410, headers=HEADERS)
    if not 1 <= place <= len(asked.photos):
        return Response(status_code=404, headers=HEADERS)
    photo = asked.photos[place - 1]
    copy = await photos.rendition(photo.company_id, photo.id, OUTGOING)
    if copy is None:
        return Response(status_code=404, headers=HEADERS)
    data = b"".join([chunk async for chunk in services(request).storage.get(copy.storage_key)])
    return Response(data, headers=HEADERS, media_type=copy.mime)


async def _asked(request: Request) -> Asked | None:
    """Return what the link of the path shows, None when it is dead or never was."""
    try:
        return await answers.look_up(request.path_params["token"], at=services(request).clock())
    except NotFound:
        return None


async def _page(
    request: Request, asked: Asked, form: forms.Form[Any], *, status: int = 200, **values: Any
) -> Response:
    shown = {"thanks": False, "photo": False} | values
    return await page(
        request,
        "answers/show.html",
        status=status,
        headers=HEADERS,
        company=asked.company,
        asked=asked,
        question=asked.question,
        form=form,
        token=request.path_params["token"],
        **shown,
    )


async def _gone(request: Request) -> Response:
    return await page(request, "answers/gone.html", status=410, headers=HEADERS)


_LINK = "/a/{token:str}"
routes = [
    route(_LINK, show, who=Who.LINK),
    route(_LINK, answer, who=Who.LINK, methods=["POST"], max_body_size=BODY_MAX),
    route(f"{_LINK}/stop", stop, who=Who.LINK, methods=["POST"]),
    route(f"{_LINK}/photos/{{place:int}}.jpg", picture, who=Who.LINK),
]
