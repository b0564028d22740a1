"""A job's QR sticker: the sheet to print, and the page behind the code with its two faces (J10).

The crew's face is the camera. Everybody else's takes photos and words without account, script or cookie, shows
nothing of the job that does not stand on the sticker, and a GET changes nothing.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.actions import stickers as actions
from server.actions.received_photos import checked_picture
from server.db import companies, jobs, stickers
from server.domain.errors import Invalid, TooManyTries
from server.domain.image_types import HEAD_BYTES
from server.domain.stickers import PHOTOS_MAX, Left, Sticker, check_left, is_token
from server.web import access, forms, session
from server.web.guests import HEADERS, data_of, files
from server.web.qr import qr
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

# Ten photos of a phone fit; more than a proxy usually lets through would be lost with the words beside them.
BODY_MAX = 110_000_000
# A few files too many get our sentence, a flood the parser's refusal.
FILES_MAX = 3 * PHOTOS_MAX


class Size(StrEnum):
    A6 = "a6"
    LABEL = "label"


PER_SHEET = {Size.A6: 4, Size.LABEL: 8}


@dataclass(frozen=True, slots=True)
class SheetQuery:
    size: Size = forms.one_of(Size, default=Size.A6)


@dataclass(frozen=True, slots=True)
class MakeForm:
    renew: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class LeaveForm:
    text: str = forms.text(max=10_000, lines=True, default="")
    name: str = forms.text(max=100, default="")


async def sheet(request: Request) -> Response:
    """Show the sheet to print; before the first print there is only the button that makes the code."""
    job, size = await access.job(request), forms.read_query(request, SheetQuery).size
    token = await stickers.of_job(job.company_id, job.id)
    address = f"{services(request).settings.base_url}/q/{token}"
    return await page(
        request,
        "stickers/sheet.html",
        nav="jobs",
        job=job,
        made=token is not None,
        address=address,
        code=qr(address, error="q", border=2) if token else None,
        size=size,
        number=PER_SHEET[size],
    )


async def make(request: Request) -> Response:
    job, form = await access.job(request), await forms.read(request, MakeForm)
    renew = form.data.renew
    await actions.make(access.actor(request), job, renew=renew, at=services(request).clock())
    return see_other(request, f"/jobs/{job.id}/sticker", flash="sticker.renewed" if renew else "sticker.made")


async def show(request: Request) -> Response:
    """Open the camera for the crew, the customer's page for everybody else."""
    sticker = await _sticker(request)
    if sticker is None:
        return await _gone(request)
    actor = await session.actor_of(request)
    if actor is None or actor.company_id != sticker.company_id:
        return await _page(request, sticker, forms.blank())
    eyes = access.only_own(actor)
    known = await jobs.by_id(sticker.company_id, sticker.job_id, visible_to=eyes)
    target = f"/capture?job={sticker.job_id}" if known else "/capture"
    return RedirectResponse(target, status_code=303, headers=HEADERS)


async def leave(request: Request) -> Response:
    """Take photos and words; they lie in the job at once, marked as unverified."""
    sticker = await _sticker(request)
    if sticker is None:
        return await _gone(request)
    async with request.form(max_files=FILES_MAX, max_fields=10, max_part_size=50_000) as data:
        chosen = files(data.getlist("photo"))
        form = forms.parsed(
            LeaveForm, {name: value for name, value in data.items() if isinstance(value, str)}
        )
        try:
            left = check_left(form.data.text, form.data.name, [one.size or 0 for one in chosen])
            await _check_pictures(chosen)
            number = await _keep(request, sticker, left, chosen)
        except TooManyTries as full:
            whole = Invalid(full.code)
            return await _page(request, sticker, form.refused(whole), status=429)
        except Invalid as refused:
            return await _page(request, sticker, form.refused(refused), status=422)
    return await _page(request, sticker, forms.blank(), thanks=True, photos=number, words=bool(left.text))


async def _keep(request: Request, sticker: Sticker, left: Left, chosen: Sequence[UploadFile]) -> int:
    at, token = services(request).clock(), request.path_params["token"]
    await actions.count(token, session.address_of(request), photos=len(chosen), at=at)
    return await actions.leave(services(request), sticker, left, _each(chosen), at=at)


async def _check_pictures(chosen: Sequence[UploadFile]) -> None:
    """Look at all before the first is kept. Raises Invalid naming what one of them is."""
    for file in chosen:
        head = await file.read(HEAD_BYTES)
        await file.seek(0)
        try:
            checked_picture(head, file.size or 0)
        except Invalid as refused:
            raise Invalid(refused.code, field="photo", **refused.values) from refused


async def _each(chosen: Sequence[UploadFile]) -> AsyncIterator[bytes]:
    """Yield the photos one after the other: never more than one in memory."""
    for file in chosen:
        yield await data_of(file)


async def _sticker(request: Request) -> Sticker | None:
    token = request.path_params["token"]
    return await stickers.by_token(token) if is_token(token) else None


async def _page(
    request: Request, sticker: Sticker, form: forms.Form[Any], *, status: int = 200, **values: Any
) -> Response:
    company = await companies.by_id(sticker.company_id)
    shown = {"thanks": False, "photos": 0, "words": False} | values
    return await page(
        request,
        "stickers/show.html",
        status=status,
        headers=HEADERS,
        company=company,
        sticker=sticker,
        form=form,
        token=request.path_params["token"],
        most=PHOTOS_MAX,
        **shown,
    )


async def _gone(request: Request) -> Response:
    return await page(request, "stickers/gone.html", status=410, headers=HEADERS)


_SHEET, _CODE = "/jobs/{job_id:uuid}/sticker", "/q/{token:str}"
routes = [
    route(_SHEET, sheet, who=Who.OFFICE),
    route(_SHEET, make, who=Who.OFFICE, methods=["POST"]),
    route(_CODE, show, who=Who.LINK),
    route(_CODE, leave, who=Who.LINK, methods=["POST"], max_body_size=BODY_MAX),
]
