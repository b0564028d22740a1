"""Whose name a platform tells: typed, never guessed; two people under one number are a question for a human."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db import channels, customers
from server.domain.accounts import Account
from server.domain.channels import Identity, IdentityKind


async def whose(account: Account, names: Sequence[Identity]) -> UUID | None:
    """Return the contact behind a platform's names: one it told before, else the one person with that number or address.

    A name that was given up (the number changed) leads to nobody until the office has said so.
    """
    company_id = account.company_id
    known = await channels.contact_of(company_id, account.kind, names)
    if known is not None or await channels.given_up(company_id, account.kind, names):
        return known
    people = await reached(company_id, names)
    return people[0] if len(people) == 1 else None


async def reached(company_id: UUID, names: Sequence[Identity]) -> list[UUID]:
    """Return everybody in our book under these numbers or addresses."""
    phones = [one.value for one in names if one.kind is IdentityKind.PHONE]
    mails = [one.value for one in names if one.kind is IdentityKind.EMAIL]
    people = await customers.contacts_by_phone(company_id, phones) if phones else []
    if mails:
        people += await customers.contacts_by_email(company_id, mails)
    return list(dict.fromkeys(person.id for person in people))


async def learn(account: Account, contact_id: UUID, names: Sequence[Identity], *, at: datetime) -> None:
    """Tie the platform's names to a contact; a name that is taken stays where it is."""
    for name in names:
        await channels.add_identity(account.company_id, contact_id, account.kind, name, at=at)
