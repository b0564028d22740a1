"""Consents: given on the spot in two taps, on the glass or by a link; withdrawn as easily; the ledger of a person."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server import channels as registry
from server.actions import consent_links, consents, site_consents
from server.actions.gate import gate, partner_gate
from server.db import companies, customers, jobs, partners
from server.db import consents as consents_db
from server.db import users as users_db
from server.domain.consents import WITHOUT_CHANNEL, Consent, ConsentVerb, Proof, Purpose
from server.domain.customers import Contact
from server.domain.errors import Forbidden, Invalid
from server.domain.gate import Closed
from server.domain.jobs import Job
from server.domain.partners import Partner
from server.domain.users import Role
from server.domain.wordings import label
from server.ids import parse_id
from server.web import access, forms
from server.web.qr import qr
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

WHATSAPP = "whatsapp"
FRESH = timedelta(minutes=15)
# A PNG of 200 kB in base64, with its heading.
SIGNATURE_MAX = 280_000


@dataclass(frozen=True, slots=True)
class AboutQuery:
    """What a consent is about; `job` is also where the person came from, with `ask` from a question there."""

    channel: str = forms.text(max=32, default=WHATSAPP)
    purpose: Purpose = forms.one_of(Purpose, default=Purpose.SERVICE)
    job: UUID | None = forms.choice_id(default=None)
    partner: UUID | None = forms.choice_id(default=None)
    ask: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class ConsentForm(AboutQuery):
    proof: Proof = forms.one_of(Proof, default=Proof.SPOKEN)
    how: str = forms.text(max=500, lines=True, default="")
    signature: str = forms.text(max=SIGNATURE_MAX, default="")


@dataclass(frozen=True, slots=True)
class WithdrawalForm:
    """What is taken back: one line, everything, or all of a messenger. The other fields are for phones."""

    said: str = forms.text(max=500, lines=True, default="")
    how: str = forms.text(max=500, lines=True, default="")
    all: bool = forms.flag()
    channel: str = forms.text(max=32, default=WHATSAPP)
    consent: UUID | None = forms.choice_id(default=None)
    job: UUID | None = forms.choice_id(default=None)


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
    contact = await _contact(request)
    lines = await consents_db.of_contact(contact.company_id, contact.id)
    people = await users_db.names(
        contact.company_id, {line.recorded_by for line in lines if line.recorded_by}
    )
    shown = [line for line in consents.in_force(lines) if line.purpose in WITHOUT_CHANNEL]
    return await page(
        request,
        "consents/index.html",
        nav="customers",
        contact=contact,
        lines=lines,
        fresh=_fresh(lines, at=services(request).clock()),
        heard=_heard(request),
        standings=await _standings(request, contact, lines),
        others=[(line, await _about(line), await _obstacle(request, line)) for line in shown],
        people=people,
        back=await _back(request, contact, None),
        job=request.query_params.get("job", ""),
    )


def _fresh(lines: list[Consent], *, at: datetime) -> Consent | None:
    """Return what was agreed to a moment ago and still holds: it is shown whole, with the way back."""
    newest = lines[0] if lines else None
    given = newest is not None and newest.verb is ConsentVerb.GRANTED and newest.received_at is not None
    return newest if newest and given and newest.received_at and at - newest.received_at < FRESH else None


async def new(request: Request) -> Response:
    contact, query = await _contact(request), forms.read_query(request, AboutQuery)
    return await _form(request, contact, query, forms.blank({"how": _heard(request)}))


async def create(request: Request) -> Response:
    """Record that a person agreed: said to somebody, or signed on the glass or on paper."""
    contact, actor, at = await _contact(request), access.actor(request), services(request).clock()
    form = await forms.read(request, ConsentForm)
    about = form.value or AboutQuery()
    try:
        typed = form.data
        if typed.proof not in (Proof.SPOKEN, Proof.SIGNATURE):
            raise Invalid("consent.proof_kind", field="proof")
        await _check_channel(request, typed)
        job, partner = await _things(request, typed)
        consent_id, digest = None, ""
        if typed.proof is Proof.SIGNATURE and typed.signature:
            picture = _picture(typed.signature)
            consent_id, digest = await consents.keep_signature(services(request), contact.company_id, picture)
        await consents.grant(
            actor,
            contact,
            channel=typed.channel,
            purpose=typed.purpose,
            job=job,
            partner=partner,
            proof=typed.proof,
            proof_ref=typed.how or (_heard(request) if typed.signature else ""),
            consent_id=consent_id,
            proof_sha256=digest,
            at=at,
        )
    except Invalid as refused:
        field = "how" if refused.field == "proof_ref" else refused.field
        shown = form.refused(Invalid(refused.code, field=field, **refused.values))
        return await _form(request, contact, about, shown, status=422)
    where = await _back(request, contact, typed.job, ask=True) if typed.ask else _ledger(contact, typed.job)
    return see_other(request, where, flash="consent.granted")


async def withdraw(request: Request) -> Response:
    """Record that a person does not want messages any more, or takes back one line; what is queued stops."""
    contact, actor = await _contact(request), access.actor(request)
    form = (await forms.read(request, WithdrawalForm)).data
    said, at = form.said or form.how or _heard(request), services(request).clock()
    if form.all:
        await site_consents.withdraw_all(actor, contact, proof=Proof.OFFICE, said=said, at=at)
    elif form.consent:
        line = access.known(await consents_db.by_id(contact.company_id, form.consent), "consent.line_unknown")
        if line.contact_id != contact.id:
            raise Forbidden("role.not_allowed")
        await consents.withdraw_one(actor, contact, line, said=said, at=at)
    else:
        await consents.withdraw(actor, contact, channel=form.channel, proof=Proof.OFFICE, said=said, at=at)
    return see_other(request, _ledger(contact, form.job), flash="consent.withdrawn")


async def link(request: Request) -> Response:
    """Show the code and the address of a page where the person agrees on his own phone."""
    contact, query = await _contact(request), forms.read_query(request, AboutQuery)
    await _check_channel(request, query)
    job, partner = await _things(request, query)
    made = consent_links.token(
        services(request),
        contact,
        channel=query.channel,
        purpose=query.purpose,
        job_id=job.id if job and partner else None,
        partner_id=partner.id if job and partner else None,
        at=services(request).clock(),
    )
    address = consent_links.url(services(request), made)
    return await page(
        request,
        "consents/link.html",
        nav="customers",
        headers={"Cache-Control": "no-store"},
        contact=contact,
        about=query,
        channel_name=label(query.channel),
        address=address,
        code=qr(address, error="m", border=3),
        days=consent_links.LIVES.days,
    )


async def signature(request: Request) -> Response:
    """Give the picture of a signature."""
    contact = await _contact(request)
    line = await consents_db.by_id(contact.company_id, request.path_params["consent_id"])
    line = access.known(line if line and line.contact_id == contact.id else None, "consent.line_unknown")
    access.known(line.proof_sha256 or None, "consent.line_unknown")
    key = consents.signature_key(line.company_id, line.id)
    data = b"".join([chunk async for chunk in services(request).storage.get(key)])
    return Response(data, headers={"Cache-Control": "private, no-store"}, media_type="image/png")


def _ledger(contact: Contact, job_id: UUID | None) -> str:
    """Return the page that shows what holds now, with its way back to the job."""
    return f"/contacts/{contact.id}/consents{f'?job={job_id}' if job_id else ''}"


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


def _heard(request: Request) -> str:
    return f"gesagt zu {access.actor(request).name}"


def _picture(text: str) -> bytes:
    """Return the bytes of what the canvas made. Raises Invalid."""
    heading, _, data = text.partition(",")
    try:
        if heading != "data:image/png;base64":
            raise ValueError(heading)
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("consent.signature", field="signature") from error


async def _offered(request: Request) -> list[tuple[str, str]]:
    """Return the messengers a person can agree to, with their names."""
    return [(kind, label(kind)) for kind in await site_consents.offered(access.actor(request).company_id)]


async def _check_channel(request: Request, about: AboutQuery) -> None:
    if about.channel not in {kind for kind, _ in await _offered(request)}:
        raise Invalid("channel.unknown", field="channel")


async def _things(request: Request, about: AboutQuery) -> tuple[Job | None, Partner | None]:
    """Return job and partner as they were named. Raises NotFound for what this person may not see."""
    actor = access.actor(request)
    job = partner = None
    if about.job:
        job = await jobs.by_id(actor.company_id, about.job, visible_to=access.only_own(actor))
    if about.partner:
        partner = access.known(await partners.by_id(actor.company_id, about.partner), "partner.unknown")
    return job, partner


async def _form(
    request: Request, contact: Contact, about: AboutQuery, form: forms.Form[Any], *, status: int = 200
) -> Response:
    company = access.known(await companies.by_id(contact.company_id), "company.unknown")
    job, partner = await _things(request, about)
    wording = ""
    if about.purpose is not Purpose.THIRD_PARTY or (job and partner):
        wording = consents.words(
            company, contact, channel=about.channel, purpose=about.purpose, job=job, partner=partner
        )
    return await page(
        request,
        "consents/form.html",
        status=status,
        nav="customers",
        contact=contact,
        form=form,
        about=about,
        channels=await _offered(request),
        channel_name=label(about.channel),
        job=job,
        partner=partner,
        partners=await partners.of_company(contact.company_id) if job else [],
        wording=wording,
        sent=_sent(contact, about, job, partner, wording, at=services(request).clock()),
        back=await _back(request, contact, about.job, ask=about.ask),
        lines=(await consents_db.of_contact(contact.company_id, contact.id))[:5],
    )


def _sent(
    contact: Contact,
    about: AboutQuery,
    job: Job | None,
    partner: Partner | None,
    wording: str,
    *,
    at: datetime,
) -> dict[str, str]:
    """Return what goes with the form unseen: what it is about, and for a phone the words as they were shown."""
    alone = about.purpose in WITHOUT_CHANNEL
    known = {
        "contact": contact.id,
        "channel": about.channel,
        "purpose": about.purpose,
        "job": job.id if job else "",
        "partner": partner.id if partner else "",
        "ask": "1" if about.ask else "",
        "number": "" if alone else consents.reached_at(contact, about.channel),
        "wording": wording,
        "shown_at": at.isoformat(),
    }
    return {name: str(value) for name, value in known.items() if value}


async def _standings(request: Request, contact: Contact, lines: list[Consent]) -> list[Standing]:
    """Return what the gate says now, for every messenger the person could be reached by or ever spoke about."""
    at, found = services(request).clock(), []
    offered = dict(await _offered(request))
    kinds = list(offered) + sorted({line.channel for line in lines} - set(offered) - {"any"})
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


async def _back(request: Request, contact: Contact, job_id: UUID | None, *, ask: bool = False) -> str:
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


_CONTACT = "/contacts/{contact_id:uuid}/consents"
routes = [
    route(_CONTACT, index, who=Who.WORKER),
    route(f"{_CONTACT}/new", new, who=Who.WORKER),
    route(f"{_CONTACT}/link", link, who=Who.WORKER),
    route(_CONTACT, create, who=Who.WORKER, methods=["POST"]),
    route(f"{_CONTACT}/withdrawal", withdraw, who=Who.WORKER, methods=["POST"]),
    route(f"{_CONTACT}/{{consent_id:uuid}}/signature.png", signature, who=Who.WORKER),
]
