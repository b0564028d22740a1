"""Customers and their contacts, found by folded words in the order of their names."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from server.db import sql
from server.db.tables import ContactRow, CustomerRow
from server.domain.customers import Contact, Customer, CustomerDraft
from server.domain.paging import LIMIT_DEFAULT, Page, cut
from server.domain.phones import all_variants
from server.domain.search import folded, terms


async def by_id(company_id: UUID, customer_id: UUID) -> Customer | None:
    row = await CustomerRow.get_or_none(id=customer_id, company_id=company_id)
    return _customer(row) if row else None


async def is_elsewhere(company_id: UUID, customer_id: UUID) -> bool:
    """Say whether another company has a customer under this id."""
    return await CustomerRow.filter(id=customer_id).exclude(company_id=company_id).exists()


async def contact_by_id(company_id: UUID, contact_id: UUID, *, merged: bool = False) -> Contact | None:
    """Return the contact; one that was merged leads to the record that counts, unless `merged` asks for itself."""
    row = await sql.row_of(ContactRow, company_id, contact_id)
    if row and row.merged_into_id and not merged:
        row = await sql.row_of(ContactRow, company_id, row.merged_into_id)
    return contact_of_row(row) if row else None


async def contacts_of(company_id: UUID, customer_id: UUID, *, archived: bool = False) -> list[Contact]:
    """Return the people of a customer, the first known first."""
    query = ContactRow.filter(company_id=company_id, customer_id=customer_id)
    if not archived:
        query = query.filter(archived_at=None)
    return [contact_of_row(row) for row in await query.order_by("id")]


async def contacts_by_phone(company_id: UUID, phones: list[str]) -> list[Contact]:
    """Return the people reached under one of these numbers (E.164) in any of its forms, also archived ones."""
    rows = await ContactRow.filter(company_id=company_id, phone__in=all_variants(phones)).order_by("id")
    return [contact_of_row(row) for row in rows]


async def contacts_by_email(company_id: UUID, addresses: list[str]) -> list[Contact]:
    """Return the people with one of these addresses, in any writing, also archived ones."""
    wanted = Q()
    for address in addresses:
        wanted |= Q(email__iexact=address)
    rows = await ContactRow.filter(wanted, company_id=company_id).order_by("id")
    return [contact_of_row(row) for row in rows]


async def lock_contact(company_id: UUID, contact_id: UUID) -> UUID:
    """Let nobody else hold this person until the unit ends; returns the record of him that counts now."""
    return await _counting(company_id, contact_id, " FOR NO KEY UPDATE")


async def contact_now(company_id: UUID, contact_id: UUID) -> UUID:
    """Return the record of this person that counts now: he may have been merged since the id was read."""
    return await _counting(company_id, contact_id, "")


async def _counting(company_id: UUID, contact_id: UUID, lock: str) -> UUID:
    """Read a person's record (on PostgreSQL locked), then the one it was merged into, also while this waited."""
    ending = lock if sql.dialect() == "postgres" else ""
    statement = f"SELECT merged_into_id FROM contact WHERE company_id = ? AND id = ?{ending}"
    found = await sql.rows(statement, company_id, contact_id)
    into = found[0]["merged_into_id"] if found else None
    return await _counting(company_id, sql.key(into), lock) if into else contact_id


async def contacts(company_id: UUID, *, limit: int = 1000) -> list[tuple[Contact, str]]:
    """Return every living contact with the customer's name, for choosing one."""
    rows = await (
        ContactRow.filter(company_id=company_id, archived_at=None, customer__archived_at=None)
        .select_related("customer")
        .order_by("customer__search_text", "id")
        .limit(limit)
    )
    return [(contact_of_row(row), row.customer.name) for row in rows]


async def search(
    company_id: UUID,
    *,
    text: str = "",
    archived: bool = False,
    after: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[Customer]:
    """Return customers by name that hold every word of `text` in name, number, address, people or numbers."""
    query = CustomerRow.filter(company_id=company_id, archived_at__isnull=not archived)
    for term in terms(text):
        query = query.filter(search_text__contains=term)
    last = await CustomerRow.get_or_none(id=after, company_id=company_id) if after else None
    if last is not None:
        query = query.filter(
            Q(search_text__gt=last.search_text) | Q(search_text=last.search_text, id__gt=last.id)
        )
    rows = await query.order_by("search_text", "id").limit(limit + 1)
    return cut([_customer(row) for row in rows], limit, lambda customer: str(customer.id))


async def names(company_id: UUID, *, limit: int = 1000) -> list[tuple[UUID, str]]:
    """Return (id, name) of living customers by name, for a form's list."""
    rows = await (
        CustomerRow.filter(company_id=company_id, archived_at=None)
        .order_by("search_text", "id")
        .limit(limit)
        .values_list("id", "name")
    )
    return [(found[0], found[1]) for found in rows]


async def insert_customer(company_id: UUID, customer_id: UUID, draft: CustomerDraft, *, at: datetime) -> None:
    await CustomerRow.create(
        id=customer_id, company_id=company_id, created_at=at, search_text=_words(draft), **asdict(draft)
    )


async def set_customer(company_id: UUID, customer: Customer, draft: CustomerDraft) -> None:
    await CustomerRow.filter(id=customer.id, company_id=company_id).update(
        rev=customer.rev + 1, **asdict(draft)
    )


async def set_archived(company_id: UUID, customer_id: UUID, *, at: datetime | None) -> None:
    await CustomerRow.filter(id=customer_id, company_id=company_id).update(archived_at=at)


async def insert_contact(company_id: UUID, contact: Contact) -> None:
    await ContactRow.create(**asdict(contact) | {"company_id": company_id})


async def set_contact(company_id: UUID, contact: Contact) -> bool:
    """Write what can change of a person if nobody else did since it was read; False means somebody has."""
    row = ContactRow.filter(id=contact.id, company_id=company_id, rev=contact.rev)
    changed = await row.update(
        name=contact.name,
        phone_typed=contact.phone_typed,
        phone=contact.phone,
        email=contact.email,
        preferred_channel=contact.preferred_channel,
        archived_at=contact.archived_at,
        rev=contact.rev + 1,
    )
    return bool(changed)


async def set_search_text(company_id: UUID, customer_id: UUID) -> None:
    """Fold anew what a customer is found by; call it after the customer or a contact changed."""
    row = await CustomerRow.get(id=customer_id, company_id=company_id)
    draft = CustomerDraft(row.name, row.number, row.street, row.postcode, row.city)
    people = await contacts_of(company_id, customer_id)
    await CustomerRow.filter(id=customer_id, company_id=company_id).update(search_text=_words(draft, people))


def _words(draft: CustomerDraft, people: list[Contact] | None = None) -> str:
    """Return the folded words, the name first: the list is sorted by them."""
    lines = [draft.name, draft.number, draft.street, f"{draft.postcode} {draft.city}"]
    for contact in people or []:
        lines += [contact.name, contact.phone_typed.replace(" ", ""), contact.phone, contact.email]
    return folded(*lines)


def _customer(row: CustomerRow) -> Customer:
    return Customer(
        id=row.id,
        company_id=row.company_id,
        number=row.number,
        name=row.name,
        street=row.street,
        postcode=row.postcode,
        city=row.city,
        note=row.note,
        created_at=row.created_at,
        archived_at=row.archived_at,
        rev=row.rev,
    )


def contact_of_row(row: ContactRow) -> Contact:
    """Return a row of the table as the person it is."""
    return Contact(
        id=row.id,
        company_id=row.company_id,
        customer_id=row.customer_id,
        name=row.name,
        phone_typed=row.phone_typed,
        phone=row.phone,
        email=row.email,
        preferred_channel=row.preferred_channel,
        created_at=row.created_at,
        archived_at=row.archived_at,
        rev=row.rev,
        merged_into_id=row.merged_into_id,
    )
