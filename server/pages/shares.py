"""What was shared with whom, when and by which channel: of all, of a job, of a customer (J9)."""

from starlette.requests import Request
from starlette.responses import Response

from server.db import shares
from server.ids import parse_id
from server.web import access
from server.web.render import page
from server.web.routing import Who, route


async def of_all(request: Request) -> Response:
    """Show the firm's whole register."""
    before = _before(request)
    found = await shares.of_company(access.actor(request).company_id, before=before)
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
    )


async def of_customer(request: Request) -> Response:
    customer, before = await access.customer(request), _before(request)
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
    )


def _before(request: Request) -> str | None:
    return str(parse_id(request.query_params.get("before", "")) or "") or None


routes = [
    route("/shared", of_all, who=Who.OFFICE),
    route("/jobs/{job_id:uuid}/shared", of_job, who=Who.OFFICE),
    route("/customers/{customer_id:uuid}/shared", of_customer, who=Who.OFFICE),
]
