"""A job's chronology, narrowed or further back, and as the part of the job's page that follows what happens."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.db import companies, timeline
from server.domain.timeline import Kind
from server.web import access, forms
from server.web.render import fragment, page
from server.web.routing import Who, route


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    kind: Kind | None = forms.one_of(Kind, default=None)
    before: str = forms.text(max=100, default="")


async def show(request: Request) -> Response:
    return await page(request, "jobs/timeline.html", nav="jobs", **await _values(request))


async def part(request: Request) -> Response:
    values = await _values(request)
    company = await companies.by_id(values["job"].company_id)
    return fragment(request, "jobs/_timeline.html", company=company, **values)


async def _values(request: Request) -> dict[str, Any]:
    job, query = await access.job(request), forms.read_query(request, TimelineQuery)
    kinds = (query.kind,) if query.kind else tuple(Kind)
    found = await timeline.of_job(job.company_id, job.id, kinds=kinds, before=query.before)
    return {"job": job, "timeline": found, "kind": query.kind or ""}


_JOB = "/jobs/{job_id:uuid}"
routes = [
    route(f"{_JOB}/timeline", show, who=Who.WORKER),
    route(f"{_JOB}/_timeline", part, who=Who.WORKER),
]
