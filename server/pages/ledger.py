"""A person's ledger: what holds now, then every line with its words, its proof and who wrote it down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server import channels as registry
from server.actions import signatures, site_consents
from server.actions.gate import gate, partner_gate
from server.db import consents as consents_db
from server.db import contact_mergers, customers, jobs, partners
from server.db import users as users_db
from server.domain.consents import WITHOUT_CHANNEL, Consent, ConsentVerb, Purpose, in_force, order
from server.domain.customers import Contact
from server.domain.errors import Forbidden
from server.domain.gate import Closed
from server.domain.users import Role
from server.domain.wordings import label
from server.ids import parse_id
from server.web import access
from server.web.render import page
from server.web.routing import Who, route
from server.web.state import services

FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now in one channel: `closed` is the code against it, "" = open for the reason `ground`."""

    channel: str
    label: str
    closed: str
    ground: str
    template: bool
    advertising: bool


async def index(request: Request) -> Response:
    """Show a person's ledger: what holds now, then every line with its words, proof, giver and recorder."""
    contact = await contact_of(request)
    own = await consents_db.of_contact(contact.company_id, contact.id)
    lines = await _with_merged(contact, own)
    people = await users_db.names(
        contact.company_id, {line.recorded_by for line in lines if line.recorded_by}
    )
    shown = [line for line in in_force(own) if line.purpose in WITHOUT_CHANNEL]
    return await page(
        request,
        "consents/index.html",
        nav="customers",
        contact=contact,
        lines=lines,
        fresh=_fresh(own, at=services(request).clock()),
        heard=heard(request),
        standings=await _standings(request, contact, own),
        others=[(line, await _about(line), await _obstacle(request, line)) for line in shown],
        people=people,
        back=await back(request, contact, None),
        job=request.query_params.get("job", ""),
    )


async def _with_merged(contact: Contact, own: list[Consent]) -> list[Consent]:
    """Return the lines with those of the records that became part of this one: they say nothing any more, but stand."""
    before = await contact_mergers.merged_into(contact.company_id, contact.id)
    if not before:
        return own
    theirs = await consents_db.of_contacts(contact.company_id, [one.id for one in before])
    return sorted([*own, *(line for lines in theirs.values() for line in lines)], key=order, reverse=True)


def _fresh(lines: list[Consent], *, at: datetime) -> Consent | None:
    """Return what was agreed to a moment ago and still holds: it is shown whole, with the way back."""
    newest = lines[0] if lines else None
    given = newest is not None and newest.verb is ConsentVerb.GRANTED and newest.received_at is not None
    return newest if newest and given and newest.received_at and at - newest.received_at < FRESH else None


async def signature(request: Request) -> Response:
    """Give the picture of a signature."""
    contact = await contact_of(request)
    line = await consents_db.by_id(contact.company_id, request.path_params["consent_id"])
    counts = line and await customers.contact_by_id(contact.company_id, line.contact_id)
    line = access.known(line if counts and counts.id == contact.id else None, "consent.line_unknown")
    access.known(line.proof_sha256 or None, "consent.line_unknown")
    key = signatures.key(line.company_id, line.id)
    data = b"".join([chunk async for chunk in services(request).storage.get(key)])
    return Response(data, headers={"Cache-Control": "private, no-store"}, media_type="image/png")


def address(contact: Contact, job_id: UUID | None) -> str:
    """Return the page that shows what holds now, with its way back to the job."""
    return f"/contacts/{contact.id}/consents{f'?job={job_id}' if job_id else ''}"


async def contact_of(request: Request) -> Contact:
    """Return the contact; a worker may speak for contacts of his jobs. Raises NotFound, Forbidden."""
    actor, contact = access.actor(request), await access.contact(request)
    if actor.role is Role.WORKER and actor.id:
        own = await jobs.search(
            actor.company_id, customer_id=contact.customer_id, visible_to=actor.id, limit=1
        )
        if not own.items:
            raise Forbidden("role.not_allowed")
    return contact


def heard(request: Request) -> str:
    """Return what stands in the ledger where nobody typed to whom it was said."""
    return f"gesagt zu {access.actor(request).name}"


async def offered(request: Request) -> list[tuple[str, str]]:
    """Return the messengers a person can agree to, with their names."""
    return [(kind, label(kind)) for kind in await site_consents.offered(access.actor(request).company_id)]


async def _standings(request: Request, contact: Contact, lines: list[Consent]) -> list[Standing]:
    """Return what the gate says now, for every messenger the person could be reached by or ever spoke about."""
    at, found = services(request).clock(), []
    names = dict(await offered(request))
    kinds = list(names) + sorted({line.channel for line in lines} - set(names) - {"any"})
    for kind in kinds:
        way = kind if kind in {one.kind for one in registry.CHANNELS} else f"{kind}_handoff"
        service = await gate(contact.company_id, contact.id, way, at=at)
        wanted = await gate(contact.company_id, contact.id, way, Purpose.ADVERTISING, at=at)
        closed = service.code if isinstance(service, Closed) else ""
        ground, template = ("", False) if isinstance(service, Closed) else (service.ground, service.template)
        advertising = not isinstance(wanted, Closed)
        found.append(Standing(kind, label(kind), closed, ground, template, advertising))
    return found


async def _about(line: Consent) -> tuple[str, str]:
    """Return the names of the job and the partner a line is about, "" for none."""
    job = await jobs.by_id(line.company_id, line.job_id) if line.job_id else None
    partner = await partners.by_id(line.company_id, line.partner_id) if line.partner_id else None
    return (job.title if job else "", partner.name if partner else "")


async def _obstacle(request: Request, line: Consent) -> str:
    """Return the code that stands against a line's passing on now, "" when nothing does."""
    if line.job_id is None or line.partner_id is None:
        return "" if line.verb is ConsentVerb.GRANTED else "consent.no_reference"
    answer = await partner_gate(line.company_id, line.job_id, line.partner_id, at=services(request).clock())
    return answer.code if isinstance(answer, Closed) else ""


async def back(request: Request, contact: Contact, job_id: UUID | None, *, ask: bool = False) -> str:
    """Return where the person came from: the job or the question he was asking there, else the customer or his own list."""
    actor = access.actor(request)
    wanted = job_id or parse_id(request.query_params.get("job", ""))
    if wanted and await jobs.by_id(actor.company_id, wanted, visible_to=access.only_own(actor)):
        return f"/questions/new?job={wanted}" if ask else f"/jobs/{wanted}"
    if actor.at_desk:
        found = access.known(
            await customers.by_id(contact.company_id, contact.customer_id), "customer.unknown"
        )
        return f"/customers/{found.id}#contact-{contact.id}"
    return "/questions"


PERSON = "/contacts/{contact_id:uuid}/consents"
routes = [
    route(PERSON, index, who=Who.WORKER),
    route(f"{PERSON}/{{consent_id:uuid}}/signature.png", signature, who=Who.WORKER),
]
