"""The logbook for the office: the company's with its chain checked, and a job's."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.db import logbook
from server.domain.logbook import FIRST, broken_at, torn_at
from server.web import access, forms
from server.web.render import page
from server.web.routing import Who, route

PORTION = 2000


class Noun(StrEnum):
    PHOTO = "photo"
    QUESTION = "question"
    MESSAGE = "message"
    CONSENT = "consent"
    JOB = "job"
    CUSTOMER = "customer"
    USER = "user"


@dataclass(frozen=True, slots=True)
class LogbookQuery:
    """`checked` and `hash`: the last line that an earlier portion of the check reached."""

    noun: Noun | None = forms.one_of(Noun, default=None)
    before: str = forms.text(max=20, default="")
    checked: int = forms.number(min=0, max=10**15, default=0)
    hash: str = forms.text(max=64, default="")


@dataclass(frozen=True, slots=True)
class Chain:
    """How far the chain was checked; `hash` is that of the line `checked`."""

    checked: int
    hash: str
    broken_at: int | None
    more: bool


async def index(request: Request) -> Response:
    actor, query = access.actor(request), forms.read_query(request, LogbookQuery)
    found = await logbook.of_company(actor.company_id, noun=query.noun or "", before=query.before)
    chain = await _chain(actor.company_id, query)
    return await page(
        request,
        "logbook/index.html",
        nav="logbook",
        found=found,
        chain=chain,
        noun=query.noun or "",
        job=None,
    )


async def of_job(request: Request) -> Response:
    job, query = await access.job(request), forms.read_query(request, LogbookQuery)
    found = await logbook.of_job(job.company_id, job.id, before=query.before)
    return await page(request, "logbook/index.html", nav="jobs", found=found, chain=None, noun="", job=job)


async def _chain(company_id: UUID, query: LogbookQuery) -> Chain:
    """Check the next portion; a page must not read a million lines."""
    head = await logbook.head(company_id)
    lines = await logbook.chain(company_id, after=query.checked, limit=PORTION)
    broken, more = broken_at(lines, query.hash or FIRST), len(lines) == PORTION
    if broken is None:
        broken = torn_at(lines, head, reached=query.checked, more=more)
    if not lines:
        return Chain(query.checked, query.hash, broken, more=False)
    return Chain(lines[-1].seq, lines[-1].hash, broken, more=more)


routes = [
    route("/logbook", index, who=Who.OFFICE),
    route("/jobs/{job_id:uuid}/logbook", of_job, who=Who.OFFICE),
]
