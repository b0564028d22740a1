"""Customers and the people to talk to there."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import customers, renames, ways
from server.channels.handoff import MESSENGERS
from server.db import consents as consents_db
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.domain.consents import agreed_to
from server.domain.customers import Contact, ContactDraft, Customer, CustomerDraft
from server.domain.errors import Invalid
from server.domain.jobs import SHOWN
from server.domain.vcards import Card, written
from server.domain.wordings import label
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


class Step(StrEnum):
    ARCHIVE = "archive"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class ListQuery:
    q: str = forms.text(max=200, default="")
    archived: bool = forms.flag()
    after: str = forms.text(max=40, default="")


@dataclass(frozen=True, slots=True)
class CustomerForm:
    name: str = forms.text(max=200)
    number: str = forms.text(max=40, default="")
    street: str = forms.text(max=200, default="")
    postcode: str = forms.text(max=20, default="")
    city: str = forms.text(max=100, default="")
    note: str = forms.text(max=5000, lines=True, default="")


@dataclass(frozen=True, slots=True)
class NewCustomerForm(CustomerForm):
    contact_name: str = forms.text(max=200, default="")
    contact_phone: str = forms.text(max=60, default="")
    contact_email: str = forms.text(max=254, default="")


@dataclass(frozen=True, slots=True)
class ContactForm:
    """`rev`: what the page showed; without one (a new person) there is nothing it could be behind of."""

    name: str = forms.text(max=200)
    phone: str = forms.text(max=60, default="")
    email: str = forms.text(max=254, default="")
    rev: int | None = forms.number(min=1, max=10**9, default=None)

    @property
    def draft(self) -> ContactDraft:
        return ContactDraft(self.name, self.phone, self.email)


@dataclass(frozen=True, slots=True)
class PreferenceForm:
    channel: str | None = forms.word(default=None)


@dataclass(frozen=True, slots=True)
class StepForm:
    step: Step = forms.one_of(Step)


async def index(request: Request) -> Response:
    query = forms.read_query(request, ListQuery)
    found = await customers_db.search(
        access.actor(request).company_id, text=query.q, archived=query.archived, after=query.after
    )
    return await page(request, "customers/index.html", nav="customers", found=found, query=query)


async def vcards(request: Request) -> Response:
    """Give the people who agreed to messages as business cards for a phone; all others stay here (D7)."""
    company_id = access.actor(request).company_id
    people = await customers_db.contacts(company_id, limit=5000)
    lines = await consents_db.of_contacts(company_id, [contact.id for contact, _ in people])
    cards = [
        Card(str(contact.id), contact.name, customer, contact.phone, contact.email, ", ".join(agreed))
        for contact, customer in people
        if (agreed := [label(kind) for kind in agreed_to(lines[contact.id])])
    ]
    headers = {"Content-Disposition": 'attachment; filename="Kunden.vcf"', "Cache-Control": "no-store"}
    return Response(written(cards), headers=headers, media_type="text/vcard; charset=utf-8")


async def new(request: Request) -> Response:
    return await _form(request, forms.blank({"name": request.query_params.get("name", "")[:200]}))


async def create(request: Request) -> Response:
    form = await forms.read(request, NewCustomerForm)
    try:
        customer = await customers.create(
            access.actor(request), _draft(form.data), _people(form.data), at=services(request).clock()
        )
    except Invalid as refused:
        of_contact = {"phone": "contact_phone"}.get(refused.field or "", refused.field)
        if refused.field == "email":
            of_contact = "contact_email"
        return await _form(
            request, form.refused(Invalid(refused.code, field=of_contact, **refused.values)), status=422
        )
    return see_other(request, f"/customers/{customer.id}", flash="customer.created")


async def show(request: Request) -> Response:
    customer = await access.customer(request)
    company_id = customer.company_id
    found = await jobs_db.search(company_id, customer_id=customer.id, states=SHOWN, limit=20)
    contacts = await customers_db.contacts_of(company_id, customer.id)
    return await page(
        request,
        "customers/show.html",
        nav="customers",
        customer=customer,
        contacts=contacts,
        consents=await consents_db.of_contacts(company_id, [contact.id for contact in contacts]),
        proposals=await renames.of_contacts(company_id, [contact.id for contact in contacts]),
        jobs=found,
        badges=await jobs_db.badges(company_id, [job.id for job in found.items]),
    )


async def edit(request: Request) -> Response:
    customer = await access.customer(request)
    return await _form(request, forms.blank(asdict(customer)), customer)


async def change(request: Request) -> Response:
    customer = await access.customer(request)
    form = await forms.read(request, CustomerForm)
    try:
        await customers.change(
            access.actor(request), customer, _draft(form.data), at=services(request).clock()
        )
    except Invalid as refused:
        return await _form(request, form.refused(refused), customer, status=422)
    return see_other(request, f"/customers/{customer.id}", flash="customer.changed")


async def take_step(request: Request) -> Response:
    customer, actor, at = await access.customer(request), access.actor(request), services(request).clock()
    form = await forms.read(request, StepForm)
    if form.data.step is Step.ARCHIVE:
        await customers.archive(actor, customer, at=at)
    else:
        await customers.restore(actor, customer, at=at)
    return see_other(request, f"/customers/{customer.id}", flash=f"customer.{form.data.step}d")


async def new_contact(request: Request) -> Response:
    customer = await access.customer(request)
    return await _contact_form(request, customer, forms.blank(), f"/customers/{customer.id}/contacts")


async def create_contact(request: Request) -> Response:
    customer = await access.customer(request)
    form = await forms.read(request, ContactForm)
    try:
        await customers.add_contact(
            access.actor(request), customer, form.data.draft, at=services(request).clock()
        )
    except Invalid as refused:
        target = f"/customers/{customer.id}/contacts"
        return await _contact_form(request, customer, form.refused(refused), target, status=422)
    return see_other(request, f"/customers/{customer.id}", flash="contact.created")


async def edit_contact(request: Request) -> Response:
    contact = await access.contact(request)
    return await _contact_form(
        request, await _customer_of(request), _as_it_stands(contact), f"/contacts/{contact.id}"
    )


def _as_it_stands(contact: Contact) -> forms.Form[Any]:
    typed = {"name": contact.name, "phone": contact.phone_typed, "email": contact.email}
    return forms.blank(typed | {"preferred": contact.preferred_channel})


async def change_contact(request: Request) -> Response:
    contact = await access.contact(request)
    form = await forms.read(request, ContactForm)
    if form.value and form.value.rev not in (None, contact.rev):  # an old number would come back with it
        now = _as_it_stands(contact).refused(Invalid("contact.changed_meanwhile"))
        customer = await _customer_of(request)
        return await _contact_form(request, customer, now, f"/contacts/{contact.id}", status=422)
    try:
        await customers.change_contact(
            access.actor(request), contact, form.data.draft, at=services(request).clock()
        )
    except Invalid as refused:
        customer = await _customer_of(request)
        return await _contact_form(
            request, customer, form.refused(refused), f"/contacts/{contact.id}", status=422
        )
    return see_other(request, f"/customers/{contact.customer_id}", flash="contact.changed")


async def prefer(request: Request) -> Response:
    """Note by which messenger a person wants to be written to."""
    contact = await access.contact(request)
    channel = (await forms.read(request, PreferenceForm)).data.channel or ""
    await customers.prefer(access.actor(request), contact, channel, at=services(request).clock())
    return see_other(request, f"/customers/{contact.customer_id}", flash="contact.changed")


async def archive_contact(request: Request) -> Response:
    contact = await access.contact(request)
    await customers.archive_contact(access.actor(request), contact, at=services(request).clock())
    return see_other(request, f"/customers/{contact.customer_id}", flash="contact.archived")


def _draft(typed: CustomerForm) -> CustomerDraft:
    return CustomerDraft(typed.name, typed.number, typed.street, typed.postcode, typed.city, typed.note)


def _people(typed: NewCustomerForm) -> list[ContactDraft]:
    """Return the first contact, called like the customer if only a number or address was typed."""
    if not (typed.contact_name or typed.contact_phone or typed.contact_email):
        return []
    return [ContactDraft(typed.contact_name or typed.name, typed.contact_phone, typed.contact_email)]


async def _customer_of(request: Request) -> Customer:
    contact = await access.contact(request)
    return access.known(await customers_db.by_id(contact.company_id, contact.customer_id), "customer.unknown")


async def _form(
    request: Request, form: forms.Form[Any], customer: Customer | None = None, *, status: int = 200
) -> Response:
    return await page(
        request, "customers/form.html", status=status, nav="customers", form=form, customer=customer
    )


async def _contact_form(
    request: Request, customer: Customer, form: forms.Form[Any], target: str, *, status: int = 200
) -> Response:
    contact = await access.contact(request) if "contact_id" in request.path_params else None
    proposals = await renames.of_contacts(customer.company_id, [contact.id]) if contact else {}
    return await page(
        request,
        "customers/contact.html",
        status=status,
        contact=contact,
        proposed=await ways.proposed(contact, at=services(request).clock()) if contact else "",
        hands=[one.channel for one in MESSENGERS],
        nav="customers",
        form=form,
        customer=customer,
        target=target,
        proposal=proposals.get(contact.id) if contact else None,
    )


_CUSTOMER = "/customers/{customer_id:uuid}"
_CONTACT = "/contacts/{contact_id:uuid}"
routes = [
    route("/customers", index, who=Who.OFFICE),
    route("/customers", create, who=Who.OFFICE, methods=["POST"]),
    route("/customers.vcf", vcards, who=Who.OFFICE),
    route("/customers/new", new, who=Who.OFFICE),
    route(_CUSTOMER, show, who=Who.OFFICE),
    route(_CUSTOMER, change, who=Who.OFFICE, methods=["POST"]),
    route(f"{_CUSTOMER}/edit", edit, who=Who.OFFICE),
    route(f"{_CUSTOMER}/steps", take_step, who=Who.OFFICE, methods=["POST"]),
    route(f"{_CUSTOMER}/contacts/new", new_contact, who=Who.OFFICE),
    route(f"{_CUSTOMER}/contacts", create_contact, who=Who.OFFICE, methods=["POST"]),
    route(f"{_CONTACT}/edit", edit_contact, who=Who.OFFICE),
    route(_CONTACT, change_contact, who=Who.OFFICE, methods=["POST"]),
    route(f"{_CONTACT}/archive", archive_contact, who=Who.OFFICE, methods=["POST"]),
    route(f"{_CONTACT}/preference", prefer, who=Who.OFFICE, methods=["POST"]),
]
