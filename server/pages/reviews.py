"""The office's desk: what is new, the photos of one place, one photo large; and the decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from server.actions import reviews
from server.db import companies, jobs, logbook, notes, questions
from server.db import reviews as reviews_db
from server.domain.companies import Company
from server.domain.errors import Conflict, DomainError
from server.domain.jobs import Job
from server.domain.photos import Photo
from server.domain.questions import QuestionState
from server.domain.reviews import NOTE_MAX, Arrival, Group, Homeless, Verdict, Waiting, grouped
from server.domain.users import Actor
from server.web import access, forms
from server.web.render import fragment, page, see_other
from server.web.routing import Who, route
from server.web.state import services

JOBS_SHOWN = 12
WAITS_FOR_US = (QuestionState.WAITING_RELEASE, QuestionState.BLOCKED)


@dataclass(frozen=True, slots=True)
class DeskQuery:
    job: UUID | None = forms.choice_id(default=None)
    photo: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class JobsQuery:
    q: str = forms.text(max=200, default="")
    photo: tuple[UUID, ...] = forms.ids()


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """`job`: whose photo the page showed; released is released to that job's customer."""

    verdict: Verdict = forms.one_of(Verdict)
    job: UUID | None = forms.choice_id(default=None)
    note: str = forms.text(max=NOTE_MAX, default="")


@dataclass(frozen=True, slots=True)
class BulkForm:
    """`job` is the place the desk shows; without it that of the unsorted ones."""

    verdict: Verdict = forms.one_of(Verdict)
    photo: tuple[UUID, ...] = forms.ids()
    job: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class MoveForm:
    to: UUID = forms.choice_id()
    photo: tuple[UUID, ...] = forms.ids()
    job: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the left pane shows."""

    arrivals: Sequence[Arrival]
    homeless: Homeless
    waiting: Waiting


async def index(request: Request) -> Response:
    """Show the desk; without a job it begins with the newest arrival."""
    actor, query = access.actor(request), forms.read_query(request, DeskQuery)
    desk = await _desk(actor)
    chosen = query.job or (desk.arrivals[0].job_id if desk.arrivals else None)
    job = await _job(actor, chosen)
    return await _page(request, desk, job, photo_id=query.photo, step="photos" if query.job else "list")


async def unsorted(request: Request) -> Response:
    """Show the desk with the photos that belong to no job."""
    query = forms.read_query(request, DeskQuery)
    desk = await _desk(access.actor(request))
    return await _page(request, desk, None, photo_id=query.photo, step="photos")


async def list_fragment(request: Request) -> Response:
    actor = access.actor(request)
    company = await companies.by_id(actor.company_id)
    return fragment(request, "reviews/_list.html", company=company, waits=await _desk(actor), place="")


async def photos_fragment(request: Request) -> Response:
    query = forms.read_query(request, DeskQuery)
    return await _photos(request, await _job(access.actor(request), query.job), {})


async def jobs_fragment(request: Request) -> Response:
    """Find open jobs for the dialog."""
    query = forms.read_query(request, JobsQuery)
    found = await jobs.search(access.actor(request).company_id, text=query.q, limit=JOBS_SHOWN)
    return fragment(request, "reviews/_jobs.html", jobs=found.items, in_dialog=True)


async def decide_many(request: Request) -> Response:
    """Decide about the chosen photos; what is refused is named, the rest is done."""
    actor, form = access.actor(request), (await forms.read(request, BulkForm)).data
    at = services(request).clock()
    done = await reviews.decide_many(actor, form.photo, verdict=form.verdict, note="", job_id=form.job, at=at)
    return await _after(request, form.job, done.refused, flash=f"review.{form.verdict}")


async def choose_job(request: Request) -> Response:
    """Show the jobs that photos can be moved to, as a page of its own."""
    return await _choose(request, forms.read_query(request, JobsQuery), {})


async def move_many(request: Request) -> Response:
    """Move the chosen photos to a job."""
    actor, form = access.actor(request), (await forms.read(request, MoveForm)).data
    done = await reviews.sort_many(actor, form.photo, job_id=form.to, at=services(request).clock())
    if "hx-request" in request.headers:
        return await _after(request, form.job, done.refused, flash="review.moved")
    if done.refused:
        return await _choose(request, JobsQuery(photo=tuple(done.refused)), done.refused)
    return see_other(request, f"/reviews?job={form.to}", flash="review.moved")


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


async def _desk(actor: Actor) -> Desk:
    company_id = actor.company_id
    return Desk(
        await reviews_db.arrivals(company_id),
        await reviews_db.homeless(company_id),
        await reviews_db.waiting(company_id),
    )


async def _job(actor: Actor, job_id: UUID | None) -> Job | None:
    return access.known(await jobs.by_id(actor.company_id, job_id), "job.unknown") if job_id else None


async def _page(
    request: Request, desk: Desk, job: Job | None, *, photo_id: UUID | None, step: str, **more: Any
) -> Response:
    actor = access.actor(request)
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    groups = await _groups(request, company, job)
    photo = _opened([photo for group in groups for photo in group.photos], photo_id)
    found = await jobs.search(actor.company_id, limit=JOBS_SHOWN)
    values: dict[str, Any] = {
        "waits": desk,
        "jobs": found.items,
        "job": job,
        "place": _place(job),
        "groups": groups,
        "questions": await _questions(actor, job),
        "loose_notes": [] if job else await notes.unsorted(actor.company_id),
        "refusals": {},
        "refused": None,
        "photo": photo,
        "open_id": photo.id if photo else None,
        "lines": await _lines(photo) if photo else [],
        "on_desk": True,
        "step": step,
    }
    return await page(request, "reviews/index.html", nav="reviews", company=company, **values | more)


async def _photos(request: Request, job: Job | None, refused: Mapping[UUID, DomainError]) -> Response:
    actor = access.actor(request)
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    return fragment(
        request,
        "reviews/_photos.html",
        company=company,
        job=job,
        place=_place(job),
        groups=await _groups(request, company, job),
        questions=await _questions(actor, job),
        loose_notes=[] if job else await notes.unsorted(actor.company_id),
        refusals=refused,
        open_id=None,
    )


async def _open(request: Request, photo: Photo, refused: DomainError | None = None) -> Response:
    company = await companies.by_id(photo.company_id)
    job = await jobs.by_id(photo.company_id, photo.job_id) if photo.job_id else None
    return fragment(
        request,
        "photos/_open.html",
        company=company,
        photo=photo,
        job=job,
        lines=await _lines(photo),
        refused=refused,
        on_desk=True,
    )


async def _after(
    request: Request, job_id: UUID | None, refused: Mapping[UUID, DomainError], *, flash: str
) -> Response:
    job = await _job(access.actor(request), job_id)
    if "hx-request" in request.headers:
        return await _photos(request, job, refused)
    if refused:
        desk = await _desk(access.actor(request))
        return await _page(request, desk, job, photo_id=None, step="photos", refusals=refused)
    return see_other(request, _place(job), flash=flash)


async def _choose(request: Request, query: JobsQuery, refused: Mapping[UUID, DomainError]) -> Response:
    found = await jobs.search(access.actor(request).company_id, text=query.q, limit=JOBS_SHOWN)
    values: dict[str, Any] = {"photo_ids": query.photo, "q": query.q, "refusals": refused}
    return await page(request, "reviews/move.html", nav="reviews", jobs=found.items, **values)


async def _groups(request: Request, company: Company, job: Job | None) -> list[Group]:
    """Return what is new here and what was decided today, so that a slip can be taken back."""
    zone = ZoneInfo(company.timezone)
    today = datetime.combine(services(request).clock().astimezone(zone).date(), time(), zone)
    found = await reviews_db.on_desk(company.id, job.id if job else None, since=today)
    return grouped(found, [photo.captured_at.astimezone(zone).date() for photo in found])


async def _questions(actor: Actor, job: Job | None) -> Sequence[Any]:
    if job is None:
        return []
    asked = await questions.of_job(actor.company_id, job.id)
    return [question for question in asked if question.state in WAITS_FOR_US]


async def _lines(photo: Photo) -> Sequence[Any]:
    return (await logbook.of_subject(photo.company_id, photo.id)).items


async def _next(request: Request, photo: Photo) -> str:
    """Return the page of the next new photo of the same place, or the place when none is left."""
    actor = access.actor(request)
    if not actor.at_desk:
        return f"/photos/{photo.id}"
    job = await _job(actor, photo.job_id)
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    order = [one for group in await _groups(request, company, job) for one in group.photos]
    place = next((number for number, one in enumerate(order) if one.id == photo.id), 0)
    new = [one for one in order[place:] + order[:place] if one.review == Verdict.NEW and one.id != photo.id]
    return f"/photos/{new[0].id}" if new else _place(job)


def _place(job: Job | None) -> str:
    return f"/reviews?job={job.id}" if job else "/reviews/unsorted"


def _opened(shown: Sequence[Photo], photo_id: UUID | None) -> Photo | None:
    """Return the photo asked for, else the first new one."""
    asked = [photo for photo in shown if photo.id == photo_id]
    new = [photo for photo in shown if photo.review == Verdict.NEW]
    return next(iter([*asked, *new]), None)


routes = [
    route("/reviews", index, who=Who.OFFICE),
    route("/reviews", decide_many, who=Who.OFFICE, methods=["POST"]),
    route("/reviews/unsorted", unsorted, who=Who.OFFICE),
    route("/reviews/moves", choose_job, who=Who.OFFICE),
    route("/reviews/moves", move_many, who=Who.OFFICE, methods=["POST"]),
    route("/reviews/_list", list_fragment, who=Who.OFFICE),
    route("/reviews/_photos", photos_fragment, who=Who.OFFICE),
    route("/reviews/_jobs", jobs_fragment, who=Who.OFFICE),
    route("/photos/_open/{photo_id:uuid}", open_fragment, who=Who.OFFICE),
    route("/photos/{photo_id:uuid}/review", decide, who=Who.WORKER, methods=["POST"]),
]
