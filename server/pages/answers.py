"""The answer link: a customer's page without account, script or cookie. A GET changes nothing, a dead link is 410."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from server.actions import answers, logos, visits
from server.actions.answers import Asked, Dead
from server.actions.received_photos import checked_picture
from server.domain.errors import Invalid, NotFound, TooLarge
from server.domain.image_types import HEAD_BYTES
from server.web import access, forms, strangers
from server.web.guests import HEADERS, PHOTO_MAX, copy, data_of, files
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

PHOTOS_AT_ONCE = 10
# Ten photos of a phone fit; more than a proxy usually lets through would be lost with the words beside them.
BODY_MAX = 110_000_000


@dataclass(frozen=True, slots=True)
class AnswerForm:
    choice: str = forms.text(max=40, default="")
    text: str = forms.text(max=2000, lines=True, default="")


async def show(request: Request) -> Response:
    found = await _found(request)
    return await (_gone(request, found) if isinstance(found, Dead) else _page(request, found, forms.blank()))


async def answer(request: Request) -> Response:
    """Take words, a tapped answer, photos, or all of them; later ones count, the same ones again are once."""
    asked = await _found(request)
    if isinstance(asked, Dead):
        return await _gone(request, asked)
    await visits.count(request.path_params["token"], at=services(request).clock())
    # A few files too many get our sentence, a flood the parser's refusal.
    async with request.form(max_files=3 * PHOTOS_AT_ONCE, max_fields=10, max_part_size=20_000) as data:
        form = forms.parsed(
            AnswerForm, {name: value for name, value in data.items() if isinstance(value, str)}
        )
        chosen = files(data.getlist("photo"))
        try:
            if await _take(request, asked, form.data, chosen):
                return await _stopped(request, asked)
        except Invalid as refused:
            # What came before the refused one is kept, and the page says so.
            return await _page(request, await _again(request, asked), form.refused(refused), status=422)
        except NotFound:  # closed while the photos were on their way
            now = await _found(request)
            return await _gone(request, now if isinstance(now, Dead) else Dead(answers.Why.UNKNOWN))
    said = bool(form.data.choice or form.data.text)
    again = await _again(request, asked)
    return await _page(request, again, forms.blank(), thanks=True, said=said, photo=bool(chosen))


async def _take(request: Request, asked: Asked, typed: AnswerForm, chosen: Sequence[UploadFile]) -> bool:
    """Look at everything before the first is kept; True when his words withdrew. Raises Invalid naming what is wrong."""
    at = services(request).clock()
    if typed.choice or typed.text or not chosen:
        answers.check(asked, choice_id=typed.choice, text=typed.text)
    await _check_pictures(chosen)
    for file in chosen:
        await answers.bring_photo(services(request), asked, await data_of(file), at=at)
    if await answers.heed_stop(asked, choice_id=typed.choice, text=typed.text, at=at):
        return True
    if typed.choice or typed.text:
        await answers.answer(asked, choice_id=typed.choice, text=typed.text, at=at)
    return False


async def _check_pictures(chosen: Sequence[UploadFile]) -> None:
    if len(chosen) > PHOTOS_AT_ONCE:
        raise Invalid("answer.at_once", field="photo", max=PHOTOS_AT_ONCE)
    for file in chosen:
        head = await file.read(HEAD_BYTES)
        await file.seek(0)
        if (file.size or 0) > PHOTO_MAX:
            raise TooLarge("photo.too_large", field="photo", limit_mb=PHOTO_MAX // 1_000_000)
        try:
            checked_picture(head, file.size or 0)
        except Invalid as refused:
            raise Invalid(refused.code, field="photo", **refused.values) from refused


async def stop(request: Request) -> Response:
    """The person wants no more messages; as easy as it was to agree, also when the link itself is over."""
    found = await _found(request)
    if not await answers.withdraw_consent(found, at=services(request).clock()):
        return await _gone(request, found if isinstance(found, Dead) else Dead(answers.Why.UNKNOWN))
    return await _stopped(request, found)


async def _stopped(request: Request, found: Asked | Dead) -> Response:
    return await page(request, "answers/stopped.html", headers=HEADERS, company=found.company)


async def picture(request: Request) -> Response:
    """Give the copy of a released photo; every request asks the whole link again."""
    found = await _found(request)
    return await copy(request, None if isinstance(found, Dead) else found.photos)


async def logo(request: Request) -> Response:
    """Give the logo that customers' pages show; its address is its content."""
    data = await logos.logo(services(request), request.path_params["token"])
    if data is None:
        return Response(status_code=404, headers=HEADERS)
    headers = HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(data, headers=headers, media_type="image/jpeg")


async def revoke(request: Request) -> Response:
    """Close a question's link from the office."""
    question = await access.question(request)
    await answers.revoke(access.actor(request), question, at=services(request).clock())
    return see_other(request, f"/questions/{question.id}", flash="answer.revoked")


async def _found(request: Request) -> Asked | Dead:
    strangers.admit(request)
    found = await answers.look_up(request.path_params["token"], at=services(request).clock())
    if isinstance(found, Dead) and found.why is answers.Why.UNKNOWN:
        strangers.missed(request)
    return found


async def _again(request: Request, asked: Asked) -> Asked:
    """Return what the link shows now; one that died meanwhile shows what it did."""
    found = await _found(request)
    return asked if isinstance(found, Dead) else found


async def _page(
    request: Request, asked: Asked, form: forms.Form[Any], *, status: int = 200, **values: Any
) -> Response:
    shown = {"thanks": False, "said": False, "photo": False} | values
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
        most=PHOTOS_AT_ONCE,
        limit_mb=PHOTO_MAX // 1_000_000,
        **shown,
    )


async def _gone(request: Request, dead: Dead) -> Response:
    stoppable = dead.link is not None and dead.link.contact_id is not None
    return await page(
        request,
        "answers/gone.html",
        status=410,
        headers=HEADERS,
        company=dead.company,
        dead=dead,
        token=request.path_params["token"] if stoppable else "",
    )


_LINK = "/a/{token:str}"
routes = [
    route(_LINK, show, who=Who.LINK),
    route(_LINK, answer, who=Who.LINK, methods=["POST"], max_body_size=BODY_MAX),
    route(f"{_LINK}/stop", stop, who=Who.LINK, methods=["POST"]),
    route(f"{_LINK}/photos/{{place:int}}.jpg", picture, who=Who.LINK),
    route("/logo/{token:str}.jpg", logo, who=Who.LINK),
    route("/questions/{question_id:uuid}/link/revocation", revoke, who=Who.OFFICE, methods=["POST"]),
]
