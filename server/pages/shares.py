"""What was shared with whom, when and by which channel: of all, of a job, of a customer (J9)."""

from starlette.requests import Request
from starlette.responses import Response

from server.actions.gate import partner_gate
from server.db import jobs, partners, share_links, shares
from server.domain.gate import Closed
from server.domain.jobs import JobState
from server.domain.share_links import ShareLink
from server.ids import parse_id
from server.web import access
from server.web.render import page
from server.web.routing import Who, route
from server.web.state import services


async def of_all(request: Request) -> Response:
    """Show the firm's whole register."""
    company_id, before = access.actor(request).company_id, _before(request)
    found = await shares.of_company(company_id, before=before)
    return await page(
        request,
        "shares/index.html",
        nav="shares",
        found=found,
        before=before,
        title="",
        back="/",
        here="/shared",
        with_jobs=True,
        job=None,
        links=await listed(request, await share_links.of_company(company_id)),
    )


async def of_job(request: Request) -> Response:
    job, before = await access.job(request), _before(request)
    found = await shares.of_job(job.company_id, job.id, before=before)
    return await page(
        request,
        "shares/index.html",
        nav="jobs",
        found=found,
        before=before,
        title=f"{job.number} · {job.title}",
        back=f"/jobs/{job.id}",
        here=f"/jobs/{job.id}/shared",
        with_jobs=False,
        job=job,
        links=await listed(request, await share_links.of_jobs(job.company_id, [job.id])),
    )


async def of_customer(request: Request) -> Response:
    customer, before = await access.customer(request), _before(request)
    own = await jobs.search(customer.company_id, customer_id=customer.id, states=list(JobState), limit=200)
    found = await shares.of_customer(customer.company_id, customer.id, before=before)
    return await page(
        request,
        "shares/index.html",
        nav="customers",
        found=found,
        before=before,
        title=customer.name,
        back=f"/customers/{customer.id}",
        here=f"/customers/{customer.id}/shared",
        with_jobs=True,
        job=None,
        links=await listed(
            request, await share_links.of_jobs(customer.company_id, [one.id for one in own.items])
        ),
    )


async def listed(
    request: Request, links: list[ShareLink], *, by_job: bool = False
) -> list[tuple[ShareLink, str, str]]:
    """Return links with a name, and the code that keeps each shut now, "" for none.

    The name is the partner's; with `by_job`, where the partner is plain, the job's.
    """
    actor, at = access.actor(request), services(request).clock()
    found = []
    for link in links:
        name, shut = await _name(link, by_job=by_job), ""
        if link.alive(at):
            answer = await partner_gate(
                actor.company_id, link.job_id, link.partner_id, photo_ids=link.photo_ids, at=at
            )
            shut = answer.code if isinstance(answer, Closed) else ""
        found.append((link, name, shut))
    return found


async def _name(link: ShareLink, *, by_job: bool) -> str:
    if by_job:
        job = await jobs.current(link.company_id, link.job_id)
        return f"{job.number} · {job.title}" if job else ""
    partner = await partners.by_id(link.company_id, link.partner_id)
    return partner.name if partner else ""


def _before(request: Request) -> str | None:
    return str(parse_id(request.query_params.get("before", "")) or "") or None


routes = [
    route("/shared", of_all, who=Who.OFFICE),
    route("/jobs/{job_id:uuid}/shared", of_job, who=Who.OFFICE),
    route("/customers/{customer_id:uuid}/shared", of_customer, who=Who.OFFICE),
]
