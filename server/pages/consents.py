"""Consents: given on the spot in two taps, on the glass or by a link; withdrawn as easily."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import consent_links, consents, signatures, site_consents
from server.db import companies, jobs, partners
from server.db import consents as consents_db
from server.domain.consents import WITHOUT_CHANNEL, Proof, Purpose
from server.domain.customers import Contact
from server.domain.errors import Forbidden, Invalid
from server.domain.evidence import Evidence
from server.domain.wordings import Topic, label
from server.pages import ledger
from server.pages.ledger import PERSON
from server.web import access, forms
from server.web.qr import qr
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

WHATSAPP = "whatsapp"
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


async def new(request: Request) -> Response:
    contact, query = await ledger.contact_of(request), forms.read_query(request, AboutQuery)
    return await _form(request, contact, query, forms.blank({"how": ledger.heard(request)}))


async def create(request: Request) -> Response:
    """Record that a person agreed: said to somebody, or signed on the glass or on paper."""
    contact, at = await ledger.contact_of(request), services(request).clock()
    form = await forms.read(request, ConsentForm)
    about = form.value or AboutQuery()
    try:
        typed = form.data
        await _check(request, typed)
        topic = await _topic(request, typed)
        evidence = await _evidence(request, contact, typed)
        await consents.grant(access.actor(request), contact, topic, evidence, at=at)
    except Invalid as refused:
        field = "how" if refused.field == "proof_ref" else refused.field
        shown = form.refused(Invalid(refused.code, field=field, **refused.values))
        return await _form(request, contact, about, shown, status=422)
    asking = typed.ask and await ledger.back(request, contact, typed.job, ask=True)
    return see_other(request, asking or ledger.address(contact, typed.job), flash="consent.granted")


async def _evidence(request: Request, contact: Contact, typed: ConsentForm) -> Evidence:
    """Return what shows it; a drawing is stored first. Raises Invalid, StorageError."""
    if typed.proof is not Proof.SIGNATURE or not typed.signature:
        return Evidence(typed.proof, typed.how)
    line_id, sha256 = await signatures.keep(services(request), contact.company_id, _picture(typed.signature))
    said = typed.how or ledger.heard(request)
    return Evidence(typed.proof, said, line_id=line_id, picture_sha256=sha256)


async def withdraw(request: Request) -> Response:
    """Record that a person does not want messages any more, or takes back one line; what is queued stops."""
    contact, actor = await ledger.contact_of(request), access.actor(request)
    form = (await forms.read(request, WithdrawalForm)).data
    said = Evidence(Proof.OFFICE, form.said or form.how or ledger.heard(request))
    at = services(request).clock()
    if form.all:
        await site_consents.withdraw_all(actor, contact, said, at=at)
    elif form.consent:
        line = access.known(await consents_db.by_id(contact.company_id, form.consent), "consent.line_unknown")
        if line.contact_id != contact.id:
            raise Forbidden("role.not_allowed")
        await consents.withdraw_one(actor, contact, line, said, at=at)
    else:
        await consents.withdraw(actor, contact, form.channel, said, at=at)
    return see_other(request, ledger.address(contact, form.job), flash="consent.withdrawn")


async def link(request: Request) -> Response:
    """Show the code and the address of a page where the person agrees on his own phone."""
    contact, query = await ledger.contact_of(request), forms.read_query(request, AboutQuery)
    await _check_channel(request, query)
    topic = await _topic(request, query)
    made = consent_links.token(services(request), contact, topic.matter, at=services(request).clock())
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


def _picture(text: str) -> bytes:
    """Return the bytes of what the canvas made. Raises Invalid."""
    heading, _, data = text.partition(",")
    try:
        if heading != "data:image/png;base64":
            raise ValueError(heading)
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("consent.signature", field="signature") from error


async def _check(request: Request, typed: ConsentForm) -> None:
    """Refuse a proof only machines give, and a messenger nobody can agree to here. Raises Invalid."""
    if typed.proof not in (Proof.SPOKEN, Proof.SIGNATURE):
        raise Invalid("consent.proof_kind", field="proof")
    await _check_channel(request, typed)


async def _check_channel(request: Request, about: AboutQuery) -> None:
    if about.channel not in {kind for kind, _ in await ledger.offered(request)}:
        raise Invalid("channel.unknown", field="channel")


async def _topic(request: Request, about: AboutQuery) -> Topic:
    """Return what it is about, job and partner as they were named. Raises NotFound for what this person may not see."""
    actor = access.actor(request)
    job = partner = None
    if about.job:
        job = await jobs.by_id(actor.company_id, about.job, visible_to=access.only_own(actor))
    if about.partner:
        partner = access.known(await partners.by_id(actor.company_id, about.partner), "partner.unknown")
    return Topic(about.channel, about.purpose, job, partner)


async def _form(
    request: Request, contact: Contact, about: AboutQuery, form: forms.Form[Any], *, status: int = 200
) -> Response:
    company = access.known(await companies.by_id(contact.company_id), "company.unknown")
    topic = await _topic(request, about)
    wording = topic.words(contact, company=company.name) if topic.complete else ""
    unseen = _named(topic, contact) | {
        "ask": "1" if about.ask else "",
        "wording": wording,
        "shown_at": services(request).clock().isoformat(),
    }
    return await page(
        request,
        "consents/form.html",
        status=status,
        nav="customers",
        contact=contact,
        form=form,
        about=about,
        channels=await ledger.offered(request),
        channel_name=label(about.channel),
        job=topic.job,
        partner=topic.partner,
        partners=await partners.of_company(contact.company_id) if topic.job else [],
        wording=wording,
        sent={name: str(value) for name, value in unseen.items() if value},
        back=await ledger.back(request, contact, about.job, ask=about.ask),
        lines=(await consents_db.of_contact(contact.company_id, contact.id))[:5],
    )


def _named(topic: Topic, contact: Contact) -> dict[str, object]:
    """Return what goes with the form unseen, for a phone keeps it without us: whom and what it is about."""
    alone = topic.purpose in WITHOUT_CHANNEL
    return {
        "contact": contact.id,
        "channel": topic.channel,
        "purpose": topic.purpose,
        "job": topic.job.id if topic.job else "",
        "partner": topic.partner.id if topic.partner else "",
        "number": "" if alone else contact.reached_at(topic.channel),
    }


routes = [
    route(f"{PERSON}/new", new, who=Who.WORKER),
    route(f"{PERSON}/link", link, who=Who.WORKER),
    route(PERSON, create, who=Who.WORKER, methods=["POST"]),
    route(f"{PERSON}/withdrawal", withdraw, who=Who.WORKER, methods=["POST"]),
]
