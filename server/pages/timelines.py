"""A job's chronology, narrowed or further back, as the part of the job's page that follows, and what stands beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.db import companies, jobs, timeline
from server.domain.jobs import Badge, Job
from server.domain.paging import Page
from server.domain.timeline import Event, Kind, PhotoRun
from server.domain.users import Actor
from server.web import access, forms
from server.web.render import fragment, page
from server.web.routing import Who, route

JOBS_BESIDE = 40


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    kind: Kind | None = forms.one_of(Kind, default=None)
    before: str = forms.text(max=100, default="")


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    photo: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class Panes:
    """What the desk shows beside a job's file: the open jobs, and the photo that is open first."""

    jobs: Sequence[Job]
    badges: Mapping[UUID, Badge]
    photo_id: UUID | None


async def panes(actor: Actor, shown: Page[Event], photo_id: UUID | None) -> Panes | None:
    """Return what stands beside the file, None for who is not at the desk."""
    if not actor.at_desk:
        return None
    found = (await jobs.search(actor.company_id, limit=JOBS_BESIDE)).items
    photos = [photo.id for run in shown.items if isinstance(run, PhotoRun) for photo in run.pictures]
    badges = await jobs.badges(actor.company_id, [job.id for job in found])
    return Panes(found, badges, photo_id if photo_id in photos else next(iter(photos), None))


async def show(request: Request) -> Response:
    values = await _values(request)
    asked = forms.read_query(request, PhotoQuery).photo
    beside = await panes(access.actor(request), values["timeline"], asked)
    return await page(request, "jobs/timeline.html", nav="jobs", panes=beside, **values)


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
