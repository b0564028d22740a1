"""The ways to a person as they stand now: read from the database, judged by `domain/routing.py`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.actions import modes
from server.actions.channels import kind_of, kinds
from server.actions.gate import acquaint, gate, gate_of
from server.channels import handoff, phone
from server.channels.handoff import MESSENGERS, Messenger, messenger_of
from server.db import accounts, correspondence, identities, photos
from server.domain.accounts import HANDOFF, PHONE, Account, Health, consent_channel
from server.domain.acquaintances import Acquaintance
from server.domain.capabilities import Capabilities
from server.domain.customers import Contact
from server.domain.gate import CALL, Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import window_until
from server.domain.routing import Need, Route, Way, book_name, route

# What the gate says of a channel nobody ever spoke of: it need not be asked six times for that.
_NEVER_SAID = Closed("consent.none")
_NOBODY = Closed("question.no_contact")
_SHUT = ("consent.withdrawn", "consent.suspended")
Lost = Collection[tuple[str, Identity]]
"""Names of our book, each with a platform that says it is nobody's there (any more)."""
_DOWN = {Health.REAUTH: "channel.reauth", Health.PAUSED: "channel.paused"}
_NAMED = {Health.REAUTH: "account.reauth", Health.PAUSED: "account.paused"}


async def best(
    company_id: UUID, contact_id: UUID | None, *, need: Need, at: datetime, wished: str = ""
) -> Route:
    """Return how something reaches this person best; `wished` goes before the person's own preference.

    Without a person every way is closed, and says so. The telephone is among them if there is a number. What it takes
    is read once: six statements, however many messengers are connected.
    """
    connected = await _accounts(company_id)
    person = await acquaint(company_id, contact_id) if contact_id else Acquaintance(None)
    if person.contact is None:
        ways = [_to_nobody(person, one) for one in connected.values()]
        ways.append(Way(HANDOFF, "", handoff.CAPS, _NOBODY, None, down=_NOBODY.code))
        return route(ways, preferred=wished, need=need, now=at)
    lost = await identities.given_up_where(company_id, person.contact.names)
    ways = [_platform(person, lost, one, at=at) for one in connected.values()]
    ways += [_by_hand(hand) for hand in _hands(person, lost, at=at)]
    if person.contact.phone:
        number = Identity(IdentityKind.PHONE, person.contact.phone)
        ways.append(Way(PHONE, "Telefon", phone.CAPS, Open(CALL), number))
    return route(ways, preferred=wished or person.contact.preferred_channel, need=need, now=at)


async def _accounts(company_id: UUID) -> dict[str, list[Account]]:
    """Return the accounts of each kind that is known here, oldest first."""
    kinds_here = {channel.kind for channel in kinds()}
    found: dict[str, list[Account]] = {}
    for account in await accounts.of_company(company_id):
        if account.kind in kinds_here:
            found.setdefault(account.kind, []).append(account)
    return found


def _platform(person: Acquaintance, lost: Lost, connected: Sequence[Account], *, at: datetime) -> Way:
    account = _chosen(person, connected)
    channel = kind_of(account.kind)
    caps = modes.caps_of(account, channel)
    name = _named(account, connected)
    return Way(
        channel=channel.kind,
        label=channel.label,
        caps=caps,
        gate=gate_of(person, channel.kind, account_id=account.id, at=at),
        identity=_name(person, lost, channel.kind, caps),
        last_in_at=person.last_in_at(account.id),
        down=_down(account, name),
        account_id=account.id,
        account=name,
    )


def _to_nobody(person: Acquaintance, connected: Sequence[Account]) -> Way:
    account = _chosen(person, connected)
    channel = kind_of(account.kind)
    return Way(
        channel.kind, channel.label, channel.caps, _NOBODY, None, down=_down(account, "") or _NOBODY.code
    )


def _chosen(person: Acquaintance, connected: Sequence[Account]) -> Account:
    account = person.account_of(connected)
    assert account is not None  # a kind without an account is none of the ways
    return account


def _named(account: Account, connected: Sequence[Account]) -> str:
    """Return what tells an account from the others of its kind, "" where it is the only one."""
    if len(connected) == 1:
        return ""
    alike = [one.id for one in connected if one.label == account.label]
    return account.label if len(alike) == 1 else f"{account.label} {alike.index(account.id) + 1}"


def _down(account: Account, name: str) -> str:
    """Return the code why nothing leaves by this account, "" where it may; one of several is named in its sentence."""
    if name:
        return "account.disabled" if account.disabled_at else _NAMED.get(account.health, "")
    return "channel.unavailable" if account.disabled_at else _DOWN.get(account.health, "")


@dataclass(frozen=True, slots=True)
class Sender:
    """The account words leave by in a channel. `down` is the code why nothing does now, with its values, "" = it may."""

    account: Account
    down: str
    values: Mapping[str, str]


async def sender(company_id: UUID, contact_id: UUID, channel: str) -> Sender | None:
    """Return by which account this person is written to in a channel, None where none is connected."""
    person, connected = await acquaint(company_id, contact_id), await accounts.of_kind(company_id, channel)
    account = person.account_of(connected)
    if account is None:
        return None
    name = _named(account, connected)
    return Sender(account, _down(account, name), {"account": name} if name else {})


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
    person = await acquaint(contact.company_id, contact.id)
    lost = await identities.given_up_where(contact.company_id, contact.names)
    person_open = await photos.person_open(contact.company_id, photo_ids)
    return _hands(person, lost, person_open=person_open, at=at)


def _hands(person: Acquaintance, lost: Lost, *, person_open: bool = False, at: datetime) -> list[Hand]:
    found = []
    for messenger in MESSENGERS:
        to = _name(person, lost, messenger.channel, caps_of(messenger.channel))
        if to is None and not messenger.nameless and messenger.channel != HANDOFF:
            continue
        opened: Open | Closed = _NEVER_SAID
        if messenger.key in person.channels:
            opened = gate_of(person, messenger.channel, person_open=person_open, at=at)
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
    platform = consent_channel(channel)
    names = await identities.of_contact(contact.company_id, contact.id, platform)
    found = _name(Acquaintance(contact, names={platform: names}), (), channel, caps)
    if found is None or found in names:
        return found
    return None if await identities.given_up(contact.company_id, platform, [found]) else found


def _name(person: Acquaintance, lost: Lost, channel: str, caps: Capabilities) -> Identity | None:
    messenger, platform = messenger_of(channel), consent_channel(channel)
    booked = person.contact and book_name(caps, phone=person.contact.phone, email=person.contact.email)
    told = person.names_in(platform)
    useful = [*told, *([booked] if booked and (platform, booked) not in lost else [])]
    return next((one for one in useful if messenger is None or one.kind is messenger.opens_by), None)


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
