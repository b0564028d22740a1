"""Customers and their contacts for programs: list, write down, look, change."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import customers as actions
from server.db import customers
from server.domain.customers import Contact, ContactDraft, Customer, CustomerDraft
from server.domain.errors import Invalid
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services

CONTACTS_MAX = 100


@dataclass(frozen=True, slots=True)
class CustomerQuery:
    """`q` is searched in name, number, address, people, telephone numbers and e-mail addresses."""

    q: str = forms.text(max=200, default="")
    archived: bool = forms.flag()
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class ContactBody:
    """With `id` it changes that contact, without it is a new one."""

    name: str = forms.text(max=200)
    phone: str = forms.text(max=60, default="")
    email: str = forms.text(max=254, default="")
    id: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class CustomerBody:
    """`contacts` is a list of ContactBody."""

    name: str = forms.text(max=200)
    number: str = forms.text(max=40, default="")
    street: str = forms.text(max=200, default="")
    postcode: str = forms.text(max=20, default="")
    city: str = forms.text(max=100, default="")
    note: str = forms.text(max=5000, lines=True, default="")
    contacts: Sequence[dict[str, Any]] = forms.plain(default=())


@dataclass(frozen=True, slots=True)
class NewCustomer(CustomerBody):
    """`id`: a UUIDv7 made by the caller. Sent again after a lost answer, the same customer is written down once (200);
    another one under a known id is a 409.
    """

    id: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class CustomerChange(CustomerBody):
    """Fields that are left out stay as they are; contacts that are left out stay, too."""

    name: str = forms.text(max=200, default="")
    archived: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class ContactJson:
    """`phone` is the number as typed, `phone_e164` its international form."""

    id: UUID
    name: str
    phone: str
    phone_e164: str
    email: str
    preferred_channel: str
    rev: int


@dataclass(frozen=True, slots=True)
class CustomerJson:
    id: UUID
    number: str
    name: str
    street: str
    postcode: str
    city: str
    note: str
    created_at: datetime
    archived_at: datetime | None
    rev: int


@dataclass(frozen=True, slots=True)
class CustomerDetail(CustomerJson):
    contacts: list[ContactJson]


async def index(request: Request) -> Response:
    """List customers by name."""
    query = forms.read_query(request, CustomerQuery)
    found = await customers.search(
        access.actor(request).company_id,
        text=query.q,
        archived=query.archived,
        after=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [CustomerJson(**_fields(one)) for one in found.items], "next": found.next})


async def create(request: Request) -> Response:
    """Write down a customer with the people to talk to."""
    actor, at = access.actor(request), services(request).clock()
    body = await forms.read_json(request, NewCustomer)
    draft = CustomerDraft(body.name, body.number, body.street, body.postcode, body.city, body.note)
    people = [_contact_draft(one) for one in _contacts(body.contacts)]
    known = await customers.by_id(actor.company_id, body.id) if body.id else None
    customer = await actions.create(actor, draft, people, customer_id=body.id, at=at)
    headers = {"Location": f"/api/v1/customers/{customer.id}"}
    return json_answer(await _detail(customer), status=200 if known else 201, headers=headers)


async def show(request: Request) -> Response:
    """Look at one customer."""
    return json_answer(await _detail(await access.customer(request)))


async def change(request: Request) -> Response:
    """Change the fields that are sent, all or none of them."""
    customer, actor, at = await access.customer(request), access.actor(request), services(request).clock()
    changes = await forms.read_patch(request, CustomerChange)
    people = [(one.id, _contact_draft(one)) for one in _contacts(changes.pop("contacts", ()))]
    archived = changes.pop("archived", None)
    known = {one.name: getattr(customer, one.name) for one in fields(CustomerDraft)}
    draft = replace(CustomerDraft(**known), **changes)
    customer = await actions.rewrite(actor, customer, draft, people, archived=archived, at=at)
    return json_answer(await _detail(customer))


def _contacts(raw: object) -> list[ContactBody]:
    """Read the list of contacts. Raises Invalid naming "contacts" or the field of a contact."""
    if not isinstance(raw, list | tuple) or len(raw) > CONTACTS_MAX:
        raise Invalid("field.type", field="contacts")
    known = {one.name for one in fields(ContactBody)}
    for one in raw:
        if not isinstance(one, dict):
            raise Invalid("field.type", field="contacts")
        if unknown := one.keys() - known:
            raise Invalid("field.unknown", field=f"contacts.{min(unknown)}")
    return [forms.parsed(ContactBody, one).data for one in raw]


def _contact_draft(body: ContactBody) -> ContactDraft:
    return ContactDraft(body.name, body.phone, body.email)


async def _detail(customer: Customer) -> CustomerDetail:
    people = await customers.contacts_of(customer.company_id, customer.id)
    return CustomerDetail(**_fields(customer), contacts=[_contact(one) for one in people])


def _fields(customer: Customer) -> dict[str, Any]:
    return {one.name: getattr(customer, one.name) for one in fields(CustomerJson)}


def _contact(contact: Contact) -> ContactJson:
    return ContactJson(
        contact.id,
        contact.name,
        contact.phone_typed,
        contact.phone,
        contact.email,
        contact.preferred_channel,
        contact.rev,
    )


_CUSTOMER = "/api/v1/customers/{customer_id:uuid}"
routes = [
    route(
        "/api/v1/customers",
        index,
        who=Who.OFFICE,
        summary="List customers",
        query=CustomerQuery,
        answer=CustomerJson,
    ),
    route(
        "/api/v1/customers",
        create,
        who=Who.OFFICE,
        methods=["POST"],
        summary="Write down a customer",
        body=NewCustomer,
        answer=CustomerDetail,
    ),
    route(_CUSTOMER, show, who=Who.OFFICE, summary="One customer", answer=CustomerDetail),
    route(
        _CUSTOMER,
        change,
        who=Who.OFFICE,
        methods=["PATCH"],
        summary="Change a customer",
        body=CustomerChange,
        answer=CustomerDetail,
    ),
]
