"""The office's desk: what is new, the photos of one place, one photo large; and the decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import reviews
from server.db import companies, jobs, logbook, notes, questions
from server.db import reviews as reviews_db
from server.domain.companies import Company
from server.domain.errors import DomainError
from server.domain.jobs import Job
from server.domain.photos import Photo
from server.domain.questions import QuestionState
from server.domain.reviews import Arrival, Group, Homeless, Verdict, Waiting, grouped
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
    job = await job_at(actor, chosen)
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
    return await _photos(request, await job_at(access.actor(request), query.job), {})


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


async def _desk(actor: Actor) -> Desk:
    company_id = actor.company_id
    return Desk(
        await reviews_db.arrivals(company_id),
        await reviews_db.homeless(company_id),
        await reviews_db.waiting(company_id),
    )


async def job_at(actor: Actor, job_id: UUID | None) -> Job | None:
    return access.known(await jobs.by_id(actor.company_id, job_id), "job.unknown") if job_id else None


async def _page(
    request: Request, desk: Desk, job: Job | None, *, photo_id: UUID | None, step: str, **more: Any
) -> Response:
    actor = access.actor(request)
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    shown = await groups(request, company, job)
    photo = _opened([photo for group in shown for photo in group.photos], photo_id)
    found = await jobs.search(actor.company_id, limit=JOBS_SHOWN)
    values: dict[str, Any] = {
        "waits": desk,
        "jobs": found.items,
        "job": job,
        "place": place(job),
        "groups": shown,
        "questions": await _questions(actor, job),
        "loose_notes": [] if job else await notes.unsorted(actor.company_id),
        "refusals": {},
        "refused": None,
        "photo": photo,
        "open_id": photo.id if photo else None,
        "lines": await lines(photo) if photo else [],
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
        place=place(job),
        groups=await groups(request, company, job),
        questions=await _questions(actor, job),
        loose_notes=[] if job else await notes.unsorted(actor.company_id),
        refusals=refused,
        open_id=None,
    )


async def _after(
    request: Request, job_id: UUID | None, refused: Mapping[UUID, DomainError], *, flash: str
) -> Response:
    job = await job_at(access.actor(request), job_id)
    if "hx-request" in request.headers:
        return await _photos(request, job, refused)
    if refused:
        desk = await _desk(access.actor(request))
        return await _page(request, desk, job, photo_id=None, step="photos", refusals=refused)
    return see_other(request, place(job), flash=flash)


async def _choose(request: Request, query: JobsQuery, refused: Mapping[UUID, DomainError]) -> Response:
    found = await jobs.search(access.actor(request).company_id, text=query.q, limit=JOBS_SHOWN)
    values: dict[str, Any] = {"photo_ids": query.photo, "q": query.q, "refusals": refused}
    return await page(request, "reviews/move.html", nav="reviews", jobs=found.items, **values)


async def groups(request: Request, company: Company, job: Job | None) -> list[Group]:
    """Return what is new here and what was decided today, so that a slip can be taken back."""
    today = datetime.combine(company.day_of(services(request).clock()), time(), company.zone)
    found = await reviews_db.on_desk(company.id, job.id if job else None, since=today)
    return grouped(found, [company.day_of(photo.captured_at) for photo in found])


async def _questions(actor: Actor, job: Job | None) -> Sequence[Any]:
    if job is None:
        return []
    asked = await questions.of_job(actor.company_id, job.id)
    return [question for question in asked if question.state in WAITS_FOR_US]


async def lines(photo: Photo) -> Sequence[Any]:
    """Return what the logbook tells of a photo."""
    return (await logbook.of_subject(photo.company_id, photo.id)).items


def place(job: Job | None) -> str:
    """Return where the desk shows a job's photos, or those of none."""
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
]
