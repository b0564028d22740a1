"""Two jobs that are one, and a job that was a mistake: shown with what happens, then done."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import mergers
from server.db import jobs
from server.db import mergers as mergers_db
from server.domain.errors import DomainError
from server.domain.jobs import SHOWN, Job
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

TARGETS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TargetQuery:
    q: str = forms.text(max=200, default="")
    into: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class MergeForm:
    into: UUID = forms.choice_id()


async def choose(request: Request) -> Response:
    """Find the job this one belongs to, then show what will happen."""
    return await _page(request, await access.job(request), forms.read_query(request, TargetQuery))


async def merge(request: Request) -> Response:
    job, form = await access.job(request), (await forms.read(request, MergeForm)).data
    at = services(request).clock()
    try:
        target = await mergers.merge(access.actor(request), job, form.into, at=at)
    except DomainError as refused:
        return await _page(request, job, TargetQuery(), refused=refused)
    return see_other(request, f"/jobs/{target.id}", flash="job.merged")


async def confirm(request: Request) -> Response:
    return await _deletion(request, await access.job(request))


async def delete(request: Request) -> Response:
    job = await access.job(request)
    try:
        await mergers.delete(access.actor(request), job, at=services(request).clock())
    except DomainError as refused:
        return await _deletion(request, job, refused=refused)
    return see_other(request, "/jobs", flash="job.deleted")


async def _page(
    request: Request, job: Job, query: TargetQuery, *, refused: DomainError | None = None
) -> Response:
    target = await jobs.by_id(job.company_id, query.into) if query.into and query.into != job.id else None
    values: dict[str, Any] = {"job": job, "target": target, "q": query.q, "refused": refused}
    if target:
        values["held"] = await mergers_db.contents(job.company_id, job.id)
        values["found"] = []
    else:
        text = query.q or job.title.split(" ")[0].strip(",")
        found = await jobs.search(job.company_id, text=text, states=SHOWN, limit=TARGETS_SHOWN)
        values["found"] = [one for one in found.items if one.id != job.id]
    return await page(request, "jobs/merge.html", nav="jobs", status=422 if refused else 200, **values)


async def _deletion(request: Request, job: Job, *, refused: DomainError | None = None) -> Response:
    held, status = await mergers_db.contents(job.company_id, job.id), 422 if refused else 200
    return await page(
        request, "jobs/delete.html", nav="jobs", status=status, job=job, held=held, refused=refused
    )


_JOB = "/jobs/{job_id:uuid}"
routes = [
    route(f"{_JOB}/merger", choose, who=Who.OFFICE),
    route(f"{_JOB}/merger", merge, who=Who.OFFICE, methods=["POST"]),
    route(f"{_JOB}/deletion", confirm, who=Who.OFFICE),
    route(f"{_JOB}/deletion", delete, who=Who.OFFICE, methods=["POST"]),
]
