"""Customers and the people to talk to there."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from server.actions import consents, ways
from server.db import customers, identities, items, jobs, logbook
from server.db.unit import atomic, signal
from server.domain.accounts import PHONE
from server.domain.customers import Contact, ContactDraft, Customer, CustomerDraft, Phone
from server.domain.errors import Conflict, Invalid, NotFound
from server.domain.logbook import Entry, differences
from server.domain.users import Actor, Right, require
from server.ids import new_id

_LANDLINE = (PhoneNumberType.FIXED_LINE,)


def checked_phone(typed: str, *, region: str = "DE", field: str = "phone") -> Phone:
    """Return the number as typed and in E.164, nothing for nothing. Raises Invalid("contact.phone").

    `region` (ISO 3166) reads numbers without a country code.
    """
    typed = " ".join(typed.split())
    if not typed:
        return Phone()
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise Invalid("contact.phone", field=field) from None
    if not phonenumbers.is_valid_number(number):
        raise Invalid("contact.phone", field=field)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(typed, e164, phonenumbers.number_type(number) in _LANDLINE)


@atomic
async def create(
    actor: Actor,
    draft: CustomerDraft,
    people: Sequence[ContactDraft] = (),
    *,
    customer_id: UUID | None = None,
    at: datetime,
) -> Customer:
    """Write down a new customer and the people to talk to there. Raises Invalid, Forbidden.

    `customer_id`: what a program calls him; the same again is the one who is there, another one is a Conflict.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    draft = draft.checked()
    if customer_id and (known := await _known(actor, customer_id, draft, people)):
        return known
    customer = Customer(
        id=customer_id or new_id(),
        company_id=actor.company_id,
        created_at=at,
        archived_at=None,
        rev=1,
        **asdict(draft),
    )
    await customers.insert_customer(actor.company_id, customer.id, draft, at=at)
    await _note(actor, "customer.created", customer, at, name=customer.name)
    for person in people:
        await add_contact(actor, customer, person, at=at)
    return customer


async def _known(
    actor: Actor, customer_id: UUID, draft: CustomerDraft, people: Sequence[ContactDraft]
) -> Customer | None:
    """Return the customer who is there under this id, if he is the same. Raises Conflict."""
    await items.claim_id(actor.company_id, customer_id)
    known = await customers.by_id(actor.company_id, customer_id)
    if known is None:
        if await customers.is_elsewhere(actor.company_id, customer_id):
            raise Conflict("item.taken", field="id")
        return None
    there = {one.name for one in await customers.contacts_of(actor.company_id, customer_id, archived=True)}
    if differences(asdict(known), asdict(draft)) or not {one.checked().name for one in people} <= there:
        raise Conflict("item.differs", field="id")
    return known


@atomic
async def change(actor: Actor, customer: Customer, draft: CustomerDraft, *, at: datetime) -> Customer:
    """Change a customer; the jobs are found by the new name. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    draft = draft.checked()
    changes = differences(asdict(customer), asdict(draft))
    if not changes:
        return customer
    await customers.set_customer(actor.company_id, customer, draft)
    await customers.set_search_text(actor.company_id, customer.id)
    if "name" in changes:
        await jobs.set_search_text(actor.company_id, customer_id=customer.id)
    after = replace(customer, rev=customer.rev + 1, **asdict(draft))
    await _note(actor, "customer.changed", after, at, changes=changes)
    return after


@atomic
async def rewrite(
    actor: Actor,
    customer: Customer,
    draft: CustomerDraft,
    people: Sequence[tuple[UUID | None, ContactDraft]],
    *,
    archived: bool | None,
    at: datetime,
) -> Customer:
    """Change a customer and his contacts (new ones come without id), all or nothing; `None` leaves the archive.

    Raises Invalid, Forbidden, NotFound.
    """
    after = await change(actor, customer, draft, at=at)
    for contact_id, person in people:
        if contact_id is None:
            await add_contact(actor, customer, person, at=at)
            continue
        contact = await customers.contact_by_id(actor.company_id, contact_id)
        if contact is None or contact.customer_id != customer.id:
            raise NotFound("contact.unknown", field="contacts")
        await change_contact(actor, contact, person, at=at)
    if archived is not None:
        await (archive if archived else restore)(actor, after, at=at)
        after = replace(after, archived_at=at if archived else None)
    return after


@atomic
async def archive(actor: Actor, customer: Customer, *, at: datetime) -> None:
    """Take a customer out of the lists; jobs and history stay. Raises Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if customer.archived_at is None:
        await customers.set_archived(actor.company_id, customer.id, at=at)
        await _note(actor, "customer.archived", customer, at)


@atomic
async def restore(actor: Actor, customer: Customer, *, at: datetime) -> None:
    """Put a customer back into the lists. Raises Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if customer.archived_at is not None:
        await customers.set_archived(actor.company_id, customer.id, at=None)
        await _note(actor, "customer.restored", customer, at)


@atomic
async def add_contact(actor: Actor, customer: Customer, draft: ContactDraft, *, at: datetime) -> Contact:
    """Write down a person at a customer. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    draft = draft.checked()
    phone = checked_phone(draft.phone)
    contact = Contact(
        id=new_id(),
        company_id=actor.company_id,
        customer_id=customer.id,
        name=draft.name,
        phone_typed=phone.typed,
        phone=phone.e164,
        email=draft.email,
        preferred_channel="",
        created_at=at,
        archived_at=None,
        rev=1,
    )
    await customers.insert_contact(actor.company_id, contact)
    await customers.set_search_text(actor.company_id, customer.id)
    await _note_contact(actor, "contact.created", contact, at, name=contact.name)
    return contact


@atomic
async def change_contact(actor: Actor, contact: Contact, draft: ContactDraft, *, at: datetime) -> Contact:
    """Change a person's name, number or address. Raises Invalid, Forbidden, Conflict when somebody was faster.

    A consent names the number or address it was given for: with another one it rests, and what waits is stopped.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    draft = draft.checked()
    phone = checked_phone(draft.phone)
    after = replace(contact, name=draft.name, phone_typed=phone.typed, phone=phone.e164, email=draft.email)
    changes = differences(asdict(contact), asdict(after))
    if not changes:
        return contact
    await _keep(after)
    await customers.set_search_text(actor.company_id, contact.customer_id)
    if contact.email != after.email:  # what a bounce said was said of the old one, or the office knows better
        await identities.delete_gone(actor.company_id, contact.id, "email")
    if contact.email and contact.email.casefold() != after.email.casefold():
        await consents.suspend_old_address(actor, contact, at=at)
    if contact.phone and contact.phone != after.phone:
        await consents.suspend_old_number(actor, contact, at=at)
    await _note_contact(actor, "contact.changed", contact, at, changes=changes)
    return replace(after, rev=after.rev + 1)


@atomic
async def prefer(actor: Actor, contact: Contact, channel: str, *, at: datetime) -> None:
    """Note how a person wants to be reached, by messenger or telephone, "" = the best way. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if channel and channel != PHONE and not ways.known(channel):
        raise Invalid("channel.unknown", field="channel")
    if channel == contact.preferred_channel:
        return
    await _keep(replace(contact, preferred_channel=channel))
    changes = {"preferred_channel": [contact.preferred_channel, channel]}
    await _note_contact(actor, "contact.changed", contact, at=at, changes=changes)


@atomic
async def archive_contact(actor: Actor, contact: Contact, *, at: datetime) -> None:
    """Take a person out of the lists; what was said stays. Raises Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if contact.archived_at is None:
        await _keep(replace(contact, archived_at=at))
        await customers.set_search_text(actor.company_id, contact.customer_id)
        await _note_contact(actor, "contact.archived", contact, at)


async def _keep(contact: Contact) -> None:
    """Write a person as a whole. Raises Conflict: an old number must not come back with a new preference."""
    if not await customers.set_contact(contact.company_id, contact):
        raise Conflict("contact.changed_meanwhile")


async def _note(actor: Actor, verb: str, customer: Customer, at: datetime, **data: Any) -> None:
    await logbook.insert_entry(
        actor.company_id, Entry.by(actor, verb, "customer", customer.id, at=at, **data)
    )
    signal("people", actor.company_id, customer=str(customer.id))


async def _note_contact(actor: Actor, verb: str, contact: Contact, at: datetime, **data: Any) -> None:
    await logbook.insert_entry(actor.company_id, Entry.by(actor, verb, "contact", contact.id, at=at, **data))
    signal("people", actor.company_id, customer=str(contact.customer_id))


async def contact_known(company_id: UUID, contact_id: UUID | None) -> Contact:
    """Return the contact. Raises NotFound."""
    found = await customers.contact_by_id(company_id, contact_id) if contact_id else None
    if found is None:
        raise NotFound("contact.unknown")
    return found
