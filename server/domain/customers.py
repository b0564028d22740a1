"""Customers and the people to talk to there."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from server.domain.identities import Identity, IdentityKind
from server.domain.texts import block, line, mail_address


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it was typed and in its one international form (E.164), both empty when there is none."""

    typed: str = ""
    e164: str = ""
    landline: bool = False
    """A fixed line: good for calls, most messengers do not reach it."""


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """What can be typed about a customer."""

    name: str
    number: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    note: str = ""

    def checked(self) -> Self:
        """Return the draft with clean fields. Raises Invalid naming the field."""
        return replace(
            self,
            name=line(self.name, "name", limit=200, required=True),
            number=line(self.number, "number", limit=40),
            street=line(self.street, "street", limit=200),
            postcode=line(self.postcode, "postcode", limit=20),
            city=line(self.city, "city", limit=100),
            note=block(self.note, "note", limit=5000),
        )


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """What can be typed about a person; the number is checked where the numbering plans are known."""

    name: str
    phone: str = ""
    email: str = ""

    def checked(self) -> Self:
        return replace(
            self,
            name=line(self.name, "name", limit=200, required=True),
            phone=line(self.phone, "phone", limit=60),
            email=mail_address(self.email, "email"),
        )


@dataclass(frozen=True, slots=True)
class Customer:
    id: UUID
    company_id: UUID
    number: str
    name: str
    street: str
    postcode: str
    city: str
    note: str
    created_at: datetime
    archived_at: datetime | None
    rev: int

    @property
    def address(self) -> str:
        return address_of(self.street, self.postcode, self.city)


@dataclass(frozen=True, slots=True)
class Contact:
    id: UUID
    company_id: UUID
    customer_id: UUID
    name: str
    phone_typed: str
    phone: str
    """E.164 or empty."""
    email: str
    preferred_channel: str
    created_at: datetime
    archived_at: datetime | None
    rev: int
    merged_into_id: UUID | None = None
    """The record of the same person that counts now."""

    @property
    def names(self) -> list[Identity]:
        """Return by which names our book can address this person: number, then address."""
        phone = [Identity(IdentityKind.PHONE, self.phone)] if self.phone else []
        return phone + ([Identity(IdentityKind.EMAIL, self.email)] if self.email else [])

    def reached_at(self, channel: str) -> str:
        """Return the number or address a consent for this channel names, "" where the book has none."""
        return self.email if channel == "email" else self.phone


def address_of(street: str, postcode: str, city: str) -> str:
    """Return one line: "Lindenstr. 14, 50674 Köln"."""
    return ", ".join(part for part in (street, f"{postcode} {city}".strip()) if part)
