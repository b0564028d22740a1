"""Whose name a platform tells: typed, never guessed; two people under one number are a question for a human."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db import customers, facts, identities
from server.domain.accounts import Account
from server.domain.identities import EVERYWHERE, Fact, Identity, IdentityKind, same_name, scope_of
from server.domain.mail import shown_address
from server.domain.messages import Message


async def whose(account: Account, names: Sequence[Identity]) -> UUID | None:
    """Return the contact behind a platform's names: one it told before, else the one person with that number or address.

    A name that was given up (the number changed) leads to nobody until the office has said so; a mail address that
    refused us is still its owner's.
    """
    company_id = account.company_id
    known = await identities.contact_of(company_id, account.kind, names)
    numbers = [name for name in names if name.kind is not IdentityKind.EMAIL]
    if known is None and not await identities.given_up(company_id, account.kind, numbers):
        people = await reached(company_id, names)
        known = people[0] if len(people) == 1 else None
    return await customers.contact_now(company_id, known) if known else None


@dataclass(frozen=True, slots=True)
class Recycled:
    """A person's number came with another id than ever before; `ids` are those it came with."""

    contact_id: UUID
    ids: tuple[Identity, ...]


async def recycled(account: Account, names: Sequence[Identity]) -> Recycled | None:
    """Return whose number came with an id that is not his: numbers are handed out anew, ids never (G6).

    None where nothing speaks against it: it never came with an id here, or only with one of another scope. What names
    a person everywhere speaks against it from any account.
    """
    told = _pinned(names)
    first = await facts.by_names(account.company_id, account.id, list(told)) if told else {}
    strange = [Identity(told[pin].kind, value) for pin, value in first.items() if value != told[pin].value]
    everywhere = EVERYWHERE & {one.kind for one in told.values()}
    holder = await whose(account, _numbers(names)) if strange or everywhere else None
    if holder is None:
        return None
    his = await identities.of_contact(account.company_id, holder, account.kind)
    if any(one in his for one in told.values()):
        return None
    strange += [one for one in his if one.kind in everywhere and one not in strange]
    return Recycled(holder, tuple(strange)) if strange else None


async def pin(account: Account, names: Sequence[Identity], *, at: datetime) -> None:
    """Keep under which id a number came first, for each account apart: an id holds within one portfolio."""
    fresh = [Fact(name, name.rpartition(":")[2], one.value) for name, one in _pinned(names).items()]
    await facts.add_facts(account.company_id, account.id, fresh, at=at)


async def unpin(company_id: UUID, channel: str, names: Sequence[Identity]) -> None:
    """Forget under which ids these numbers came first."""
    await facts.delete_about(company_id, channel, [name.value for name in _numbers(names)])


def _pinned(names: Sequence[Identity]) -> dict[str, Identity]:
    return {
        f"id:{scope}:{number.value}": name
        for number in _numbers(names)
        for name in names
        if (scope := scope_of(name))
    }


def _numbers(names: Sequence[Identity]) -> list[Identity]:
    return [name for name in names if name.kind is IdentityKind.PHONE]


async def reached(company_id: UUID, names: Sequence[Identity]) -> list[UUID]:
    """Return everybody in our book under these numbers or addresses."""
    phones = [one.value for one in names if one.kind is IdentityKind.PHONE]
    mails = [one.value for one in names if one.kind is IdentityKind.EMAIL]
    people = await customers.contacts_by_phone(company_id, phones) if phones else []
    if mails:
        # In the book stands what people write: a domain with umlauts, which no mail brings.
        written = list(dict.fromkeys([*mails, *map(shown_address, mails)]))
        people += await customers.contacts_by_email(company_id, written)
    return list(dict.fromkeys(person.merged_into_id or person.id for person in people))


async def learn(account: Account, contact_id: UUID, names: Sequence[Identity], *, at: datetime) -> None:
    """Tie the platform's names to a contact; a name that is taken stays where it is.

    Whoever writes from a mail address has it, whatever a bounce has said of it before.
    """
    if any(name.kind is IdentityKind.EMAIL for name in names):
        await identities.delete_gone(account.company_id, contact_id, account.kind)
    for name in names:
        await identities.add_identity(account.company_id, contact_id, account.kind, name, at=at)


async def refused(message: Message, *, at: datetime) -> None:
    """Give up the name a message went to, in every writing: the platform says that it is nobody's."""
    if message.contact_id is None or message.recipient is None:
        return
    person = await customers.contact_now(message.company_id, message.contact_id)
    known = await identities.of_contact(message.company_id, person, message.channel)
    names = [name for name in known if same_name(name, message.recipient)]
    await identities.set_gone(message.company_id, person, message.channel, [message.recipient, *names], at=at)


async def forget(company_id: UUID, contact_id: UUID) -> None:
    """Forget by which names the platforms know a person, and what they told of him (his public key).

    For a number that is another's now, and for a person who is erased. Joins the unit it is part of.
    """
    for channel, names in (await identities.names_of(company_id, contact_id)).items():
        await facts.delete_about(company_id, channel, names)
    await identities.delete_of_contact(company_id, contact_id)
