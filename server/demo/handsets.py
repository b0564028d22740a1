"""The customers' phones: who has which messenger, and what a restarted sandbox must know again."""

from datetime import datetime
from typing import cast

from server.db import conversation_messages, conversations, correspondence, customers, identities
from server.demo.cast import CLIENTS, STRANGER
from server.domain.accounts import Account
from server.domain.conversations import key_of_contact
from server.domain.customers import Contact
from server.domain.events import Status
from server.domain.identities import IdentityKind
from server.domain.messages import SILENT, Direction, Message
from server.sandbox.app import Sandbox
from server.sandbox.telegram.platform import TelegramPlatform
from server.sandbox.threema.platform import ThreemaPlatform
from server.sandbox.world import Bubble, Person

STRANGER_KEY = "unbekannt"
_NAMES = {
    "telegram": IdentityKind.CHAT,
    "messenger": IdentityKind.PSID,
    "threema": IdentityKind.THREEMA,
    "signal": IdentityKind.UUID,
}


async def hand_out(sandbox: Sandbox, company_accounts: list[Account], *, at: datetime) -> list[Contact]:
    """Give everybody in the company's book a phone, with the names and chats the company knows; returns them."""
    number_on(sandbox, at)
    company_id = company_accounts[0].company_id
    people = [contact for contact, _ in await customers.contacts(company_id)]
    by_name = {client.contact: client for client in CLIENTS}
    for contact in people:
        client = by_name.get(contact.name)
        apps = client.apps if client else tuple(filter(None, [contact.preferred_channel]))
        person = sandbox.add_person(str(contact.id), contact.name, contact.phone, apps=apps)
        if contact.email:
            person.ids["email"] = contact.email
        for account in company_accounts:
            await _remember(sandbox, account, contact, person)
    name, phone, channel, _ = STRANGER
    if not any(contact.phone == phone for contact in people):
        sandbox.add_person(STRANGER_KEY, name, phone, apps=(channel,))
    return people


def number_on(sandbox: Sandbox, at: datetime) -> None:
    """Let counters begin where no run before has been: what bears a number twice is taken for the same."""
    seconds = int(at.timestamp())
    telegram = cast(TelegramPlatform, sandbox.platforms["telegram"])
    for account in sandbox.world.accounts.values():
        if account.kind == "telegram":
            # Not seconds: a lively run counts further than it lasts, and the next would begin below its end.
            telegram.number_on(account, int(at.timestamp() * 1000))
        if account.kind == "email":
            inbox = sandbox.email.folders_of(account)["INBOX"]
            inbox.validity, inbox.next_uid = seconds, 1 + at.microsecond


async def _remember(sandbox: Sandbox, account: Account, contact: Contact, person: Person) -> None:
    """Tell the platform what it told us about this person in the runs before."""
    known = await identities.of_contact(account.company_id, contact.id, account.kind)
    for identity in known:
        if identity.kind is _NAMES.get(account.kind):
            person.ids[account.kind] = identity.value
        elif identity.kind is IdentityKind.BSUID:
            person.bsuid = identity.value
    if account.kind == "threema":
        cast(ThreemaPlatform, sandbox.platforms["threema"]).id_of(person)
    if str(account.id) not in sandbox.world.accounts:
        return
    chat = sandbox.world.chat(sandbox.world.accounts[str(account.id)], person)
    chat.last_in_at = await correspondence.last_inbound_at(account.company_id, account.id, contact.id)
    if account.kind == "telegram" and chat.last_in_at:
        telegram = cast(TelegramPlatform, sandbox.platforms["telegram"])
        telegram.knows(sandbox.world.accounts[str(account.id)], person)
    chat.bubbles = [_bubble(message) for message in await _said(account, contact) if message.foreign_id]


async def _said(account: Account, contact: Contact) -> list[Message]:
    thread = await conversations.by_key(account.company_id, key_of_contact(contact.id))
    if thread is None:
        return []
    page = await conversation_messages.of_conversation(account.company_id, thread.id)
    return [
        message
        for message in reversed(page.items)
        if message.account_id == account.id and message.kind not in SILENT and message.text
    ]


def _bubble(message: Message) -> Bubble:
    """Return a message of an earlier run: its words; its buttons and photos were on the old phone."""
    return Bubble(
        id=message.foreign_id or "",
        from_firm=message.direction is Direction.OUT,
        at=message.at,
        kind="text",
        text=message.text,
        status=Status.READ,
    )
