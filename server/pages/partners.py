"""Partners: firms that photos may be passed on to, with the contracts that allow it."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import partners as actions
from server.db import logbook, partners, share_links
from server.domain.errors import Invalid
from server.domain.partners import (
    FILE_MAX,
    FILE_TYPES,
    ContractDraft,
    ContractKind,
    Partner,
    PartnerContract,
    PartnerDraft,
    standing,
)
from server.pages.shares import listed
from server.web import access, forms
from server.web.guests import files
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

# The document, and the boundaries and fields around it; one a little too large gets our sentence.
BODY_MAX = FILE_MAX + 500_000


@dataclass(frozen=True, slots=True)
class ListQuery:
    archived: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class PartnerForm:
    name: str = forms.text(max=200)
    trade: str = forms.text(max=100, default="")
    email: str = forms.text(max=254, default="")
    phone: str = forms.text(max=60, default="")


@dataclass(frozen=True, slots=True)
class StepForm:
    archived: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class ContractForm:
    kind: ContractKind = forms.one_of(ContractKind)
    signed_on: date = forms.day()
    ends_on: date | None = forms.day(default=None)
    reference: str = forms.text(max=300, default="")


async def index(request: Request) -> Response:
    actor, query = access.actor(request), forms.read_query(request, ListQuery)
    found = await partners.of_company(actor.company_id, archived=query.archived)
    contracts = await partners.contracts_of(actor.company_id, [one.id for one in found])
    today = await access.today(request)
    return await page(
        request,
        "partners/index.html",
        nav="partners",
        partners=found,
        query=query,
        standings={one.id: standing(one, contracts[one.id], today) for one in found},
        ends={one.id: _ends(contracts[one.id], today) for one in found},
    )


async def new(request: Request) -> Response:
    return await _form(request, forms.blank())


async def create(request: Request) -> Response:
    form = await forms.read(request, PartnerForm)
    try:
        draft = PartnerDraft(**asdict(form.data))
        partner = await actions.create(access.actor(request), draft, at=services(request).clock())
    except Invalid as refused:
        return await _form(request, form.refused(refused), status=422)
    return see_other(request, f"/partners/{partner.id}", flash="partner.created")


async def show(request: Request) -> Response:
    return await _page(request, await access.partner(request), forms.blank())


async def edit(request: Request) -> Response:
    partner = await access.partner(request)
    return await _form(request, forms.blank(asdict(partner)), partner)


async def change(request: Request) -> Response:
    partner = await access.partner(request)
    form = await forms.read(request, PartnerForm)
    try:
        draft = PartnerDraft(**asdict(form.data))
        await actions.change(access.actor(request), partner, draft, at=services(request).clock())
    except Invalid as refused:
        return await _form(request, form.refused(refused), partner, status=422)
    return see_other(request, f"/partners/{partner.id}", flash="partner.changed")


async def take_step(request: Request) -> Response:
    partner, at = await access.partner(request), services(request).clock()
    archived = (await forms.read(request, StepForm)).data.archived
    await actions.put_away(access.actor(request), partner, archived=archived, at=at)
    return see_other(request, f"/partners/{partner.id}", flash="partner.changed")


async def create_contract(request: Request) -> Response:
    """Put a contract on file; the document is optional, the words are not."""
    partner, actor, at = await access.partner(request), access.actor(request), services(request).clock()
    async with request.form(max_files=1, max_fields=10, max_part_size=20_000) as data:
        typed = {name: value for name, value in data.items() if isinstance(value, str)}
        form = forms.parsed(ContractForm, typed)
        try:
            draft = ContractDraft(**asdict(form.data))
            chosen = files(data.getlist("file"))
            document = await chosen[0].read(FILE_MAX + 1) if chosen else b""
            await actions.add_contract(services(request), actor, partner, draft, document, at=at)
        except Invalid as refused:
            shown = form.refused(refused) if refused.field not in form.errors else form
            return await _page(request, partner, shown, status=422)
    return see_other(request, f"/partners/{partner.id}", flash="partner.contract_added")


async def revoke_contract(request: Request) -> Response:
    contract = await access.contract(request)
    await actions.revoke_contract(access.actor(request), contract, at=services(request).clock())
    return see_other(request, f"/partners/{contract.partner_id}", flash="partner.contract_revoked")


async def document(request: Request) -> Response:
    """Give the document of a contract, to be kept as a file: what somebody uploaded is never shown in our pages."""
    contract = await access.contract(request)
    access.known(contract.storage_key or None, "contract.unknown")
    data = b"".join([chunk async for chunk in services(request).storage.get(contract.storage_key)])
    ending = contract.storage_key.rpartition(".")[2]
    mime = next(mime for mime, kind in FILE_TYPES.values() if kind == ending)
    name = f"Vertrag-{contract.signed_on.isoformat()}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, headers=headers, media_type=mime)


def _ends(contracts: list[PartnerContract], today: date) -> date | None:
    """Return the last day of what holds today; None when nothing holds, or without an end."""
    valid = [one for one in contracts if one.valid_on(today)]
    if not valid or any(one.ends_on is None for one in valid):
        return None
    return max(one.ends_on for one in valid if one.ends_on)


async def _page(request: Request, partner: Partner, form: forms.Form[Any], *, status: int = 200) -> Response:
    contracts = (await partners.contracts_of(partner.company_id, [partner.id]))[partner.id]
    today = await access.today(request)
    return await page(
        request,
        "partners/show.html",
        status=status,
        nav="partners",
        partner=partner,
        contracts=contracts,
        links=await listed(
            request, await share_links.of_partner(partner.company_id, partner.id), by_job=True
        ),
        today_=today,
        standing=standing(partner, contracts, today),
        form=form,
        lines=(await logbook.of_subject(partner.company_id, partner.id)).items,
    )


async def _form(
    request: Request, form: forms.Form[Any], partner: Partner | None = None, *, status: int = 200
) -> Response:
    return await page(
        request, "partners/form.html", status=status, nav="partners", form=form, partner=partner
    )


_PARTNER = "/partners/{partner_id:uuid}"
_CONTRACT = "/contracts/{contract_id:uuid}"
routes = [
    route("/partners", index, who=Who.OFFICE),
    route("/partners", create, who=Who.OFFICE, methods=["POST"]),
    route("/partners/new", new, who=Who.OFFICE),
    route(_PARTNER, show, who=Who.OFFICE),
    route(_PARTNER, change, who=Who.OFFICE, methods=["POST"]),
    route(f"{_PARTNER}/edit", edit, who=Who.OFFICE),
    route(f"{_PARTNER}/steps", take_step, who=Who.OFFICE, methods=["POST"]),
    route(f"{_PARTNER}/contracts", create_contract, who=Who.OFFICE, methods=["POST"], max_body_size=BODY_MAX),
    route(f"{_CONTRACT}/revocation", revoke_contract, who=Who.OFFICE, methods=["POST"]),
    route(f"{_CONTRACT}/document", document, who=Who.OFFICE),
]
