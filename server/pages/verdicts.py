"""One photo of the desk: open, decided about, and which one is next."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import reviews
from server.db import companies, jobs
from server.domain.errors import Conflict, DomainError
from server.domain.photos import Photo
from server.domain.reviews import NOTE_MAX, Verdict
from server.pages.reviews import groups, job_at, lines, place
from server.web import access, forms
from server.web.render import fragment, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """`job`: whose photo the page showed; released is released to that job's customer."""

    verdict: Verdict = forms.one_of(Verdict)
    job: UUID | None = forms.choice_id(default=None)
    note: str = forms.text(max=NOTE_MAX, default="")


async def open_fragment(request: Request) -> Response:
    return await _open(request, await access.photo(request))


async def decide(request: Request) -> Response:
    """Decide about one photo; the desk gets it back, a page goes on to the next new one."""
    actor, photo = access.actor(request), await access.photo(request)
    form = (await forms.read(request, ReviewForm)).data
    on_desk = "hx-request" in request.headers
    try:
        if form.verdict is Verdict.RELEASED and form.job not in (None, photo.job_id):
            raise Conflict("photo.changed_meanwhile")
        photo = await reviews.decide(
            actor, photo, verdict=form.verdict, note=form.note, at=services(request).clock()
        )
    except DomainError as refused:
        if not on_desk:
            raise
        return await _open(request, photo, refused)
    if on_desk:
        return await _open(request, photo)
    return see_other(request, await _next(request, photo), flash=f"review.{form.verdict}")


async def _open(request: Request, photo: Photo, refused: DomainError | None = None) -> Response:
    company = await companies.by_id(photo.company_id)
    job = await jobs.by_id(photo.company_id, photo.job_id) if photo.job_id else None
    return fragment(
        request,
        "photos/_open.html",
        company=company,
        photo=photo,
        job=job,
        lines=await lines(photo),
        refused=refused,
        on_desk=True,
    )


async def _next(request: Request, photo: Photo) -> str:
    """Return the page of the next new photo of the same place, or the place when none is left."""
    actor = access.actor(request)
    if not actor.at_desk:
        return f"/photos/{photo.id}"
    job = await job_at(actor, photo.job_id)
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    order = [one for group in await groups(request, company, job) for one in group.photos]
    start = next((number for number, one in enumerate(order) if one.id == photo.id), 0)
    new = [one for one in order[start:] + order[:start] if one.review == Verdict.NEW and one.id != photo.id]
    return f"/photos/{new[0].id}" if new else place(job)


routes = [
    route("/photos/_open/{photo_id:uuid}", open_fragment, who=Who.OFFICE),
    route("/photos/{photo_id:uuid}/review", decide, who=Who.WORKER, methods=["POST"]),
]
