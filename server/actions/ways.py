"""The ways to a person as they stand now: read from the database, judged by `domain/routing.py`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from server.actions.channels import kind_of, kinds
from server.actions.gate import gate
from server.channels import handoff
from server.db import channels, customers, messages
from server.domain.accounts import HANDOFF, Account, Health, consent_channel
from server.domain.channels import Capabilities, Identity
from server.domain.consents import Closed
from server.domain.customers import Contact
from server.domain.messages import window_until
from server.domain.routing import Need, Route, Way, book_name, route

BY_HAND = "WhatsApp von Hand"
_DOWN = {Health.REAUTH: "channel.reauth", Health.PAUSED: "channel.paused"}


async def best(
    company_id: UUID, contact_id: UUID | None, *, need: Need, at: datetime, wished: str = ""
) -> Route:
    """Return how something reaches this person best; `wished` goes before the person's own preference.

    Without a person every way is closed, and says so.
    """
    contact = await customers.contact_by_id(company_id, contact_id) if contact_id else None
    ways = [
        *[await _platform(company_id, contact, one, at=at) for one in await _accounts(company_id)],
        await _by_hand(company_id, contact, at=at),
    ]
    preferred = wished or (contact.preferred_channel if contact else "")
    return route(ways, preferred=preferred, need=need, now=at)


async def _accounts(company_id: UUID) -> list[Account]:
    """Return one account of each kind that is known here, the one that may send before one that may not."""
    known = {channel.kind for channel in kinds()}
    found: dict[str, Account] = {}
    for account in await channels.of_company(company_id):
        if account.kind in known and (account.kind not in found or not found[account.kind].usable):
            found[account.kind] = account
    return list(found.values())


async def _platform(company_id: UUID, contact: Contact | None, account: Account, *, at: datetime) -> Way:
    channel = kind_of(account.kind)
    down = "channel.unavailable" if account.disabled_at else _DOWN.get(account.health, "")
    return Way(
        channel=channel.kind,
        label=channel.label,
        caps=channel.caps,
        gate=await gate(
            company_id, contact.id if contact else None, channel.kind, account_id=account.id, at=at
        ),
        identity=await name_of(contact, channel.kind, channel.caps) if contact else None,
        last_in_at=await messages.last_inbound_at(company_id, account.id, contact.id) if contact else None,
        down=down if contact else (down or "question.no_contact"),
    )


async def _by_hand(company_id: UUID, contact: Contact | None, *, at: datetime) -> Way:
    identity = await name_of(contact, HANDOFF, handoff.CAPS) if contact else None
    opened = await gate(company_id, contact.id if contact else None, HANDOFF, at=at)
    down = "" if contact else "question.no_contact"
    return Way(HANDOFF, BY_HAND, handoff.CAPS, opened, identity, down=down)


async def name_of(contact: Contact, channel: str, caps: Capabilities) -> Identity | None:
    """Return whom the platform knows: the name it told us last, else the one in our book where that is of use.

    A number or address that the platform says is nobody's (any more) is of no use.
    """
    known = await channels.identities_of(contact.company_id, contact.id, channel)
    if known:
        return known[0]
    name = book_name(caps, phone=contact.phone, email=contact.email)
    return None if name and await channels.given_up(contact.company_id, channel, [name]) else name


def caps_of(channel: str) -> Capabilities:
    """Return what a channel can do. Raises NotFound for one that is unknown here."""
    if handoff.messenger_of(channel):
        return replace(handoff.CAPS, key=consent_channel(channel))
    return kind_of(channel).caps


def known(channel: str) -> bool:
    return handoff.messenger_of(channel) is not None or channel in {one.kind for one in kinds()}


async def window(account: Account, contact_id: UUID) -> datetime | None:
    """Return when this person's window at this account ends, None where none is open or the platform has none."""
    last = await messages.last_inbound_at(account.company_id, account.id, contact_id)
    return window_until(last, kind_of(account.kind).caps.window)


async def closed(
    company_id: UUID,
    contact_id: UUID | None,
    channel: str,
    *,
    photo_ids: Sequence[UUID] = (),
    account_id: UUID | None = None,
    at: datetime,
) -> str:
    """Return the code that stands against writing to this person there, "" when the gate is open."""
    opened = await gate(company_id, contact_id, channel, photo_ids=photo_ids, account_id=account_id, at=at)
    return opened.code if isinstance(opened, Closed) else ""
