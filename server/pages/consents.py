"""Consents: recorded on the spot in two taps, withdrawn as easily."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import consents
from server.db import companies, customers, jobs
from server.db import consents as consents_db
from server.domain.consents import Proof
from server.domain.customers import Contact
from server.domain.errors import Forbidden, Invalid
from server.domain.users import Role
from server.domain.wordings import for_channel
from server.ids import parse_id
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

CHANNEL = "whatsapp"


@dataclass(frozen=True, slots=True)
class ConsentForm:
    proof: Proof = forms.one_of(Proof, default=Proof.SPOKEN)
    how: str = forms.text(max=500, lines=True, default="")
    job: str = forms.text(max=40, default="")


@dataclass(frozen=True, slots=True)
class WithdrawalForm:
    said: str = forms.text(max=500, lines=True, default="")


async def new(request: Request) -> Response:
    contact = await _contact(request)
    actor = access.actor(request)
    how = f"gesagt zu {actor.name}"
    return await _form(
        request, contact, forms.blank({"how": how, "job": request.query_params.get("job", "")})
    )


async def create(request: Request) -> Response:
    """Record that a person agreed."""
    contact, actor = await _contact(request), access.actor(request)
    form = await forms.read(request, ConsentForm)
    try:
        typed = form.data
        if typed.proof not in (Proof.SPOKEN, Proof.SIGNATURE):
            raise Invalid("consent.proof_kind", field="proof")
        await consents.grant(
            actor,
            contact,
            channel=CHANNEL,
            proof=typed.proof,
            proof_ref=typed.how,
            at=services(request).clock(),
        )
    except Invalid as refused:
        field = "how" if refused.field == "proof_ref" else refused.field
        shown = form.refused(Invalid(refused.code, field=field, **refused.values))
        return await _form(request, contact, shown, status=422)
    return see_other(request, await _back(request, contact, typed.job), flash="consent.granted")


async def withdraw(request: Request) -> Response:
    """Record that a person does not want messages any more; what is queued stops."""
    contact, actor = await _contact(request), access.actor(request)
    said = (await forms.read(request, WithdrawalForm)).data.said or f"gesagt zu {actor.name}"
    at = services(request).clock()
    await consents.withdraw(actor, contact, channel=CHANNEL, proof=Proof.OFFICE, said=said, at=at)
    return see_other(request, await _back(request, contact, ""), flash="consent.withdrawn")


async def _contact(request: Request) -> Contact:
    """Return the contact; a worker may speak for contacts of his jobs. Raises NotFound, Forbidden."""
    actor, contact = access.actor(request), await access.contact(request)
    if actor.role is Role.WORKER and actor.id:
        own = await jobs.search(
            actor.company_id, customer_id=contact.customer_id, visible_to=actor.id, limit=1
        )
        if not own.items:
            raise Forbidden("role.not_allowed")
    return contact


async def _form(request: Request, contact: Contact, form: forms.Form[Any], *, status: int = 200) -> Response:
    company = access.known(await companies.by_id(contact.company_id), "company.unknown")
    return await page(
        request,
        "consents/form.html",
        status=status,
        nav="customers",
        contact=contact,
        form=form,
        wording=for_channel(company=company.name, channel=CHANNEL, number=contact.phone),
        lines=await consents_db.of_contact(contact.company_id, contact.id),
    )


async def _back(request: Request, contact: Contact, job: str) -> str:
    """Return where the person came from: the question form of a job, else the customer or his own list."""
    job_id, actor = parse_id(job), access.actor(request)
    if job_id and await jobs.by_id(actor.company_id, job_id, visible_to=access.only_own(actor)):
        return f"/questions/new?job={job_id}"
    if actor.at_desk:
        found = access.known(
            await customers.by_id(contact.company_id, contact.customer_id), "customer.unknown"
        )
        return f"/customers/{found.id}#contact-{contact.id}"
    return "/questions"


_CONTACT = "/contacts/{contact_id:uuid}/consents"
routes = [
    route(f"{_CONTACT}/new", new, who=Who.WORKER),
    route(_CONTACT, create, who=Who.WORKER, methods=["POST"]),
    route(f"{_CONTACT}/withdrawal", withdraw, who=Who.WORKER, methods=["POST"]),
]
