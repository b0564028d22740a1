"""The ways to a person as they stand now: read from the database, judged by `domain/routing.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.actions.channels import kind_of, kinds
from server.actions.gate import gate
from server.channels import handoff, phone
from server.channels.handoff import MESSENGERS, Messenger, messenger_of
from server.db import accounts, consents, correspondence, customers, identities
from server.domain.accounts import HANDOFF, PHONE, Account, Health, consent_channel
from server.domain.capabilities import Capabilities
from server.domain.customers import Contact
from server.domain.gate import CALL, Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import window_until
from server.domain.routing import Need, Route, Way, book_name, route

# What the gate says of a channel nobody ever spoke of: it need not be asked six times for that.
_NEVER_SAID = Closed("consent.none")
_SHUT = ("consent.withdrawn", "consent.suspended")
_DOWN = {Health.REAUTH: "channel.reauth", Health.PAUSED: "channel.paused"}


async def best(
    company_id: UUID, contact_id: UUID | None, *, need: Need, at: datetime, wished: str = ""
) -> Route:
    """Return how something reaches this person best; `wished` goes before the person's own preference.

    Without a person every way is closed, and says so. The telephone is among them if there is a number.
    """
    contact = await customers.contact_by_id(company_id, contact_id) if contact_id else None
    ways = [await _platform(company_id, contact, one, at=at) for one in await _accounts(company_id)]
    if contact:
        ways += [_by_hand(hand) for hand in await hands(contact, at=at)]
    else:
        opened = await gate(company_id, None, HANDOFF, at=at)
        ways.append(Way(HANDOFF, "", handoff.CAPS, opened, None, down="question.no_contact"))
    if contact and contact.phone:
        number = Identity(IdentityKind.PHONE, contact.phone)
        ways.append(Way(PHONE, "Telefon", phone.CAPS, Open(CALL), number))
    preferred = wished or (contact.preferred_channel if contact else "")
    return route(ways, preferred=preferred, need=need, now=at)


async def _accounts(company_id: UUID) -> list[Account]:
    """Return one account of each kind that is known here, the one that may send before one that may not."""
    known = {channel.kind for channel in kinds()}
    found: dict[str, Account] = {}
    for account in await accounts.of_company(company_id):
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
        last_in_at=await correspondence.last_inbound_at(company_id, account.id, contact.id)
        if contact
        else None,
        down=down if contact else (down or "question.no_contact"),
    )


@dataclass(frozen=True, slots=True)
class Hand:
    """A messenger's own app on a phone of ours: `to` is whom it is opened for, None = nobody we could name."""

    messenger: Messenger
    to: Identity | None
    gate: Open | Closed


async def hands(contact: Contact, *, photo_ids: Sequence[UUID] = (), at: datetime) -> list[Hand]:
    """Return the messengers by which a person of ours can write to him, each under its own gate.

    WhatsApp is among them in any case and says what is missing. Where we know no name of his and could only hope that
    he is there, he must have agreed.
    """
    heard_of = await consents.channels_heard_of(contact.company_id, contact.id)
    found = []
    for messenger in MESSENGERS:
        to = await name_of(contact, messenger.channel, caps_of(messenger.channel))
        if to is None and not messenger.nameless and messenger.channel != HANDOFF:
            continue
        opened: Open | Closed = _NEVER_SAID
        if messenger.key in heard_of:
            opened = await gate(contact.company_id, contact.id, messenger.channel, photo_ids=photo_ids, at=at)
        if to is None and messenger.nameless and isinstance(opened, Closed):
            continue
        found.append(Hand(messenger, to, opened))
    return found


def _by_hand(hand: Hand) -> Way:
    messenger = hand.messenger
    return Way(
        channel=messenger.channel,
        label=messenger.label,
        caps=caps_of(messenger.channel),
        gate=hand.gate,
        identity=hand.to,
        nameless=messenger.nameless,
    )


async def name_of(contact: Contact, channel: str, caps: Capabilities) -> Identity | None:
    """Return whom the platform knows: the name it told us last, else the one in our book where that is of use.

    A number or address that the platform says is nobody's (any more) is of no use; neither is, by hand, a name that
    makes no link.
    """
    messenger, platform = messenger_of(channel), consent_channel(channel)
    known = await identities.of_contact(contact.company_id, contact.id, platform)
    known = [one for one in known if messenger is None or one.kind is messenger.opens_by]
    if known:
        return known[0]
    name = book_name(caps, phone=contact.phone, email=contact.email)
    if name is None or (messenger and name.kind is not messenger.opens_by):
        return None
    return None if await identities.given_up(contact.company_id, platform, [name]) else name


async def proposed(contact: Contact, *, at: datetime) -> str:
    """Return the channel he wrote in last, if it may become his preferred one, "" else: a person decides about it.

    Not where it is that already, nor where he has shut the door meanwhile.
    """
    channel = await correspondence.wrote_by(contact.company_id, contact.id)
    if not channel or channel == contact.preferred_channel or not known(channel):
        return ""
    return "" if await closed(contact.company_id, contact.id, channel, at=at) in _SHUT else channel


def caps_of(channel: str) -> Capabilities:
    """Return what a channel can do. Raises NotFound for one that is unknown here."""
    if channel == PHONE:
        return phone.CAPS
    if messenger_of(channel):
        return replace(handoff.CAPS, key=consent_channel(channel))
    return kind_of(channel).caps


def known(channel: str) -> bool:
    """Say whether words can leave by this channel, by itself or by hand."""
    return messenger_of(channel) is not None or channel in {one.kind for one in kinds()}


async def window(account: Account, contact_id: UUID) -> datetime | None:
    """Return when this person's window at this account ends, None where none is open or the platform has none."""
    last = await correspondence.last_inbound_at(account.company_id, account.id, contact_id)
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
