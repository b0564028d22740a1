"""Photos for a partner: chosen and released at the desk, seen by him on a page without account, cookie and script."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import share_links as actions
from server.actions.gate import partner_gate
from server.actions.share_links import Dead, Shared
from server.db import partners, photos
from server.domain.errors import Invalid
from server.domain.gate import Closed
from server.domain.jobs import Job
from server.domain.partners import Partner
from server.domain.photos import Photo
from server.domain.share_links import LIVES, Why, choosable
from server.web import access, forms, strangers
from server.web.guests import HEADERS, copy
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

# A job has hundreds of photos; the newest are the ones somebody waits for.
OFFERED = 200


@dataclass(frozen=True, slots=True)
class AboutQuery:
    partner: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class ReleaseForm:
    partner: UUID = forms.choice_id()
    photos: tuple[UUID, ...] = forms.ids(max=200)


async def new(request: Request) -> Response:
    """Choose partner and photos; what stands against it is said before anybody chooses."""
    job = await access.job(request)
    return await _form(request, job, forms.read_query(request, AboutQuery).partner, forms.blank())


async def create(request: Request) -> Response:
    job, actor = await access.job(request), access.actor(request)
    form = await forms.read(request, ReleaseForm)
    chosen = form.value.partner if form.value else None
    try:
        partner = access.known(await partners.by_id(actor.company_id, form.data.partner), "partner.unknown")
        link = await actions.release(
            services(request), actor, job, partner, form.data.photos, at=services(request).clock()
        )
    except Invalid as refused:
        return await _form(request, job, chosen, form.refused(refused), status=422)
    return see_other(request, f"/shares/{link.id}", flash="share.released")


async def show(request: Request) -> Response:
    """Show a link to hand over, what it holds, whether it still opens, and the button that closes it."""
    link, at = await access.share_link(request), services(request).clock()
    actor = access.actor(request)
    found = await actions.look_up(actions.token(services(request), link.id), at=at)
    answer = await partner_gate(
        actor.company_id, link.job_id, link.partner_id, photo_ids=link.photo_ids, at=at
    )
    return await page(
        request,
        "share_links/show.html",
        nav="jobs",
        headers={"Cache-Control": "no-store"},
        link=link,
        dead=found if isinstance(found, Dead) else None,
        obstacle=answer.code if isinstance(answer, Closed) else "",
        partner=access.known(await partners.by_id(actor.company_id, link.partner_id), "partner.unknown"),
        photos=await photos.by_ids(actor.company_id, link.photo_ids),
        address=actions.url(services(request), link.id),
    )


async def revoke(request: Request) -> Response:
    link = await access.share_link(request)
    await actions.revoke(access.actor(request), link, at=services(request).clock())
    return see_other(request, f"/shares/{link.id}", flash="share.revoked")


async def open_link(request: Request) -> Response:
    """Show the partner his photos, or one sentence why not. Nobody is written down, nothing is counted."""
    found = await _found(request)
    dead = isinstance(found, Dead)
    return await page(
        request,
        "share_links/gone.html" if dead else "share_links/open.html",
        status=410 if dead else 200,
        headers=HEADERS,
        company=found.company,
        found=found,
        token=request.path_params["token"],
    )


async def picture(request: Request) -> Response:
    """Give the copy of one photo; every request asks the gate again."""
    found = await _found(request)
    return await copy(request, None if isinstance(found, Dead) else found.photos)


async def _found(request: Request) -> Shared | Dead:
    strangers.admit(request)
    found = await actions.look_up(request.path_params["token"], at=services(request).clock())
    if isinstance(found, Dead) and found.why is Why.UNKNOWN:
        strangers.missed(request)
    return found


async def _form(
    request: Request, job: Job, partner_id: UUID | None, form: forms.Form[Any], *, status: int = 200
) -> Response:
    actor = access.actor(request)
    known = await partners.of_company(actor.company_id)
    partner = next((one for one in known if one.id == partner_id), None)
    shown = [
        one for one in (await photos.of_job(actor.company_id, job.id, limit=OFFERED)).items if choosable(one)
    ]
    return await page(
        request,
        "share_links/form.html",
        status=status,
        nav="jobs",
        job=job,
        partners=known,
        partner=partner,
        obstacle=await _obstacle(request, job, partner),
        photos=shown,
        chosen=_chosen(form, shown),
        form=form,
        days=LIVES.days,
    )


async def _obstacle(request: Request, job: Job, partner: Partner | None) -> str:
    if partner is None:
        return ""
    answer = await partner_gate(job.company_id, job.id, partner.id, at=services(request).clock())
    return answer.code if isinstance(answer, Closed) else ""


def _chosen(form: forms.Form[Any], shown: list[Photo]) -> set[UUID]:
    """Return what was ticked before a refusal; on a fresh page nothing is."""
    typed = form.value.photos if form.value else ()
    return {one.id for one in shown if one.id in typed}


_JOB, _SHARE, _LINK = "/jobs/{job_id:uuid}/shares", "/shares/{share_link_id:uuid}", "/s/{token:str}"
routes = [
    route(f"{_JOB}/new", new, who=Who.OFFICE),
    route(_JOB, create, who=Who.OFFICE, methods=["POST"]),
    route(_SHARE, show, who=Who.OFFICE),
    route(f"{_SHARE}/revocation", revoke, who=Who.OFFICE, methods=["POST"]),
    route(_LINK, open_link, who=Who.LINK),
    route(f"{_LINK}/photos/{{place:int}}.jpg", picture, who=Who.LINK),
]
