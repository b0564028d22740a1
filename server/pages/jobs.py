"""Jobs: the list, the file of one job, and its form."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import channels, jobs, questions
from server.db import customers as customers_db
from server.db import internal_notes, read_model
from server.db import jobs as jobs_db
from server.db import mergers as mergers_db
from server.db import timeline as timelines
from server.db import users as users_db
from server.domain.errors import Invalid
from server.domain.jobs import OPEN, Job, JobDraft, JobState, JobStep, twins
from server.domain.users import Actor, Right
from server.ids import new_id
from server.pages.timelines import PhotoQuery, panes
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


class Show(StrEnum):
    """Which jobs a list shows."""

    OPEN = "open"
    MINE = "mine"
    DONE = "done"
    ARCHIVED = "archived"


STATES = {Show.OPEN: OPEN, Show.MINE: OPEN, Show.DONE: (JobState.DONE,), Show.ARCHIVED: (JobState.ARCHIVED,)}


@dataclass(frozen=True, slots=True)
class ListQuery:
    q: str = forms.text(max=200, default="")
    show: Show = forms.one_of(Show, default=Show.OPEN)
    before: str = forms.text(max=40, default="")


@dataclass(frozen=True, slots=True)
class JobForm:
    title: str = forms.text(max=200)
    number: str = forms.text(max=40, default="")
    street: str = forms.text(max=200, default="")
    postcode: str = forms.text(max=20, default="")
    city: str = forms.text(max=100, default="")
    customer: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    members: tuple[UUID, ...] = forms.ids()

    def draft(self) -> JobDraft:
        return JobDraft(
            title=self.title,
            number=self.number,
            street=self.street,
            postcode=self.postcode,
            city=self.city,
            customer_id=self.customer,
            contact_id=self.contact,
        )


@dataclass(frozen=True, slots=True)
class StepForm:
    step: JobStep = forms.one_of(JobStep)


async def index(request: Request) -> Response:
    actor = access.actor(request)
    query = forms.read_query(request, ListQuery)
    found = await jobs_db.search(
        actor.company_id,
        text=query.q,
        states=STATES[query.show],
        visible_to=access.only_own(actor),
        member_id=actor.id if query.show is Show.MINE else None,
        before=query.before,
    )
    badges = await jobs_db.badges(actor.company_id, [job.id for job in found.items])
    return await page(
        request, "jobs/index.html", nav="jobs", offline=not query.q, found=found, badges=badges, query=query
    )


async def show(request: Request) -> Response:
    """Show a job's file; whoever opens it has seen its answers, this once still marked as new."""
    job, actor = await access.job(request), access.actor(request)
    timeline = await timelines.of_job(job.company_id, job.id)
    await questions.seen(actor, job.id, at=services(request).clock())
    contact = await customers_db.contact_by_id(job.company_id, job.contact_id) if job.contact_id else None
    return await page(
        request,
        "jobs/show.html",
        nav="jobs",
        offline=True,
        job=job,
        contact=contact,
        members=await jobs_db.members_of(job.company_id, job.id),
        address=await channels.address_of_job(services(request), job.company_id, job.id)
        if actor.at_desk
        else "",
        timeline=timeline,
        panes=await panes(actor, timeline, forms.read_query(request, PhotoQuery).photo),
        retakes=await _retakes(actor, job),
        internal=await internal_notes.of_job(job.company_id, job.id),
        twins=twins(job, await mergers_db.alike(job.company_id, job)) if actor.at_desk else [],
    )


async def _retakes(actor: Actor, job: Job) -> list[read_model.Retake]:
    """Return what the office wants this worker to photograph again here."""
    if actor.at_desk or actor.id is None:
        return []
    return [one for one in await read_model.retakes(actor.company_id, actor.id) if one.job_id == job.id]


async def new(request: Request) -> Response:
    customer_id = request.query_params.get("customer", "")
    return await _form(request, forms.blank({"customer": customer_id}))


async def create(request: Request) -> Response:
    """Open a job: with everything at the desk, with name and place on site."""
    actor, at = access.actor(request), services(request).clock()
    form = await forms.read(request, JobForm)
    try:
        typed = form.data
        if actor.may(Right.MANAGE_JOBS):
            job = await jobs.open_job(actor, typed.draft(), member_ids=typed.members, at=at)
        else:
            job = await jobs.open_from_phone(
                actor, new_id(), title=typed.title, street=typed.street, city=typed.city, at=at
            )
    except Invalid as refused:
        return await _form(request, form.refused(refused), status=422)
    return see_other(request, f"/jobs/{job.id}", flash="job.opened")


async def edit(request: Request) -> Response:
    job = await access.job(request)
    typed = asdict(job) | {"customer": job.customer_id, "contact": job.contact_id}
    typed["members"] = [user.id for user in await jobs_db.members_of(job.company_id, job.id)]
    return await _form(request, forms.blank(typed), job)


async def change(request: Request) -> Response:
    job, actor, at = await access.job(request), access.actor(request), services(request).clock()
    form = await forms.read(request, JobForm)
    try:
        await jobs.change(actor, job, form.data.draft(), member_ids=form.data.members, at=at)
    except Invalid as refused:
        return await _form(request, form.refused(refused), job, status=422)
    return see_other(request, f"/jobs/{job.id}", flash="job.changed")


async def take_step(request: Request) -> Response:
    job, actor = await access.job(request), access.actor(request)
    step = (await forms.read(request, StepForm)).data.step
    await jobs.step(actor, job, step, at=services(request).clock())
    return see_other(request, f"/jobs/{job.id}", flash=f"job.{step}")


async def _form(
    request: Request, form: forms.Form[Any], job: Job | None = None, *, status: int = 200
) -> Response:
    actor = access.actor(request)
    at_desk = actor.may(Right.MANAGE_JOBS)
    people = await customers_db.contacts(actor.company_id) if at_desk else []
    return await page(
        request,
        "jobs/form.html",
        status=status,
        nav="jobs",
        offline=not at_desk and job is None,
        form=form,
        job=job,
        at_desk=at_desk,
        chosen=_texts(form.get("members", ())),
        customers=await customers_db.names(actor.company_id) if at_desk else [],
        contacts=[(contact.id, f"{contact.name} · {customer}") for contact, customer in people],
        users=await users_db.active(actor.company_id) if at_desk else [],
    )


def _texts(ids: Sequence[object]) -> set[str]:
    return {str(one) for one in ids}


_JOB = "/jobs/{job_id:uuid}"
routes = [
    route("/jobs", index, who=Who.WORKER),
    route("/jobs", create, who=Who.WORKER, methods=["POST"]),
    route("/jobs/new", new, who=Who.WORKER),
    route(_JOB, show, who=Who.WORKER),
    route(_JOB, change, who=Who.OFFICE, methods=["POST"]),
    route(f"{_JOB}/edit", edit, who=Who.OFFICE),
    route(f"{_JOB}/steps", take_step, who=Who.OFFICE, methods=["POST"]),
]
