"""Jobs for programs: list, open, look, change."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import jobs as actions
from server.db import jobs
from server.domain.jobs import OPEN, Job, JobDraft, JobState, JobStep
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.users import Right
from server.ids import new_id
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class JobQuery:
    """`state` empty means planned and active; `q` is searched in number, title, address and customer."""

    q: str = forms.text(max=200, default="")
    state: JobState | None = forms.one_of(JobState, default=None)
    customer: UUID | None = forms.choice_id(default=None)
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class JobBody:
    """A worker sends `title`, `street` and `city`; the rest is the office's and is left out of his job."""

    title: str = forms.text(max=200)
    number: str = forms.text(max=40, default="")
    street: str = forms.text(max=200, default="")
    postcode: str = forms.text(max=20, default="")
    city: str = forms.text(max=100, default="")
    customer: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    members: tuple[UUID, ...] = forms.ids()


@dataclass(frozen=True, slots=True)
class JobChange(JobBody):
    """Fields that are left out stay as they are. `step` moves the job: start, finish, reopen, archive, restore."""

    title: str = forms.text(max=200, default="")
    step: JobStep | None = forms.one_of(JobStep, default=None)


@dataclass(frozen=True, slots=True)
class JobJson:
    id: UUID
    number: str
    title: str
    state: str
    customer: UUID | None
    customer_name: str
    contact: UUID | None
    street: str
    postcode: str
    city: str
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None
    merged_into: UUID | None
    rev: int


@dataclass(frozen=True, slots=True)
class JobDetail(JobJson):
    members: list[UUID]


async def index(request: Request) -> Response:
    """List jobs, newest first; a worker sees those he is a member of and those without members."""
    actor = access.actor(request)
    query = forms.read_query(request, JobQuery)
    found = await jobs.search(
        actor.company_id,
        text=query.q,
        states=(query.state,) if query.state else OPEN,
        visible_to=access.only_own(actor),
        customer_id=query.customer,
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [JobJson(**_fields(job)) for job in found.items], "next": found.next})


async def create(request: Request) -> Response:
    """Open a job; without `number` it gets the next free one."""
    actor, at = access.actor(request), services(request).clock()
    body = await forms.read_json(request, JobBody)
    if actor.may(Right.MANAGE_JOBS):
        job = await actions.open_job(actor, _draft(body), member_ids=body.members, at=at)
    else:
        words = {"title": body.title, "street": body.street, "city": body.city}
        job = await actions.open_from_phone(actor, new_id(), **words, at=at)
    return json_answer(await _detail(job), status=201, headers={"Location": f"/api/v1/jobs/{job.id}"})


async def show(request: Request) -> Response:
    """Look at one job."""
    return json_answer(await _detail(await access.job(request)))


async def change(request: Request) -> Response:
    """Change the fields that are sent, all or none of them."""
    job, actor = await access.job(request), access.actor(request)
    changes = await forms.read_patch(request, JobChange)
    step, members = changes.pop("step", None), changes.pop("members", None)
    named = {"customer": "customer_id", "contact": "contact_id"}
    draft = replace(_draft_of(job), **{named.get(name, name): value for name, value in changes.items()})
    at = services(request).clock()
    job = await actions.change(actor, job, draft, member_ids=members, way=step, at=at)
    return json_answer(await _detail(job))


def _draft(body: JobBody) -> JobDraft:
    return JobDraft(
        body.title, body.number, body.street, body.postcode, body.city, body.customer, body.contact
    )


def _draft_of(job: Job) -> JobDraft:
    return JobDraft(
        job.title, job.number, job.street, job.postcode, job.city, job.customer_id, job.contact_id
    )


async def _detail(job: Job) -> JobDetail:
    members = await jobs.members_of(job.company_id, job.id)
    return JobDetail(**_fields(job), members=[user.id for user in members])


def _fields(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "number": job.number,
        "title": job.title,
        "state": job.state,
        "customer": job.customer_id,
        "customer_name": job.customer_name,
        "contact": job.contact_id,
        "street": job.street,
        "postcode": job.postcode,
        "city": job.city,
        "created_at": job.created_at,
        "changed_at": job.changed_at,
        "archived_at": job.archived_at,
        "merged_into": job.merged_into_id,
        "rev": job.rev,
    }


_JOB = "/api/v1/jobs/{job_id:uuid}"
routes = [
    route("/api/v1/jobs", index, who=Who.WORKER, summary="List jobs", query=JobQuery, answer=JobJson),
    route(
        "/api/v1/jobs",
        create,
        who=Who.WORKER,
        methods=["POST"],
        summary="Open a job",
        body=JobBody,
        answer=JobDetail,
    ),
    route(_JOB, show, who=Who.WORKER, summary="One job", answer=JobDetail),
    route(
        _JOB,
        change,
        who=Who.OFFICE,
        methods=["PATCH"],
        summary="Change a job",
        body=JobChange,
        answer=JobDetail,
    ),
]
