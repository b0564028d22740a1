"""One conversation per person: everything said stands in it from the moment it is written.

A stranger has one too, under the platform's name for him; the office says who he is: a new customer, one we know,
or spam. Locks are taken in one order everywhere: message, conversation, person, logbook.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from server.actions import customers
from server.actions.consents import withdraw
from server.actions.customers import contact_known
from server.db import (
    conversation_messages,
    conversations,
    identities,
    jobs,
    logbook,
    messages,
    questions,
)
from server.db import customers as customers_db
from server.db.unit import atomic, signal
from server.domain.consents import Proof, is_stop
from server.domain.conversations import (
    NOTHING,
    Conversation,
    ConversationState,
    key_of_contact,
    key_of_nameless,
    key_of_stranger,
)
from server.domain.customers import Contact, ContactDraft, CustomerDraft
from server.domain.errors import Conflict, Invalid
from server.domain.evidence import Evidence
from server.domain.identities import Identity, IdentityKind
from server.domain.logbook import Entry
from server.domain.messages import SILENT, SWITCHED_OFF, Direction, Message
from server.domain.users import Actor, Right, require


async def keep(message: Message, *, sender: Sequence[Identity] = ()) -> Message | None:
    """Write a message and let it stand in its person's conversation; None when it is there already.

    `sender` are all names the platform gave an unknown one. What somebody without any name says stands alone. What was
    meant for a record that was merged is the person's. Joins the unit it is part of.
    """
    message, conversation = await _whose(message, sender)
    if conversation is not None:
        spam = conversation.state is ConversationState.SPAM and message.direction is Direction.IN
        seen_at = message.created_at if spam else message.seen_by_office_at
        message = replace(message, conversation_id=conversation.id, seen_by_office_at=seen_at)
    message = await _placed(message)
    if not await messages.insert_once(message.company_id, message):
        return None
    if conversation is not None:
        # What is scheduled is said now, whenever it leaves: it must not stand above what is said meanwhile.
        said_at = min(message.at, message.created_at)
        await conversations.set_last(message.company_id, conversation.id, message.id, at=said_at)
        if waits(message):
            await conversations.set_waiting(message.company_id, conversation.id, since=message.at)
        _tell(conversation)
    return message


async def _whose(message: Message, sender: Sequence[Identity]) -> tuple[Message, Conversation | None]:
    """Return a message with whom it belongs to now, and his conversation, locked: both may just have been merged."""
    while True:
        if message.contact_id is not None:
            counts = await customers_db.contact_now(message.company_id, message.contact_id)
            message = replace(message, contact_id=counts)
        conversation = await _of(message, sender)
        if conversation is None or await conversations.hold(message.company_id, conversation.id):
            return message, conversation


async def _placed(message: Message) -> Message:
    """Return a message with the job its own has become, and let its places stay where they are until the unit ends.

    There is one order for all who lock: the conversation, a question, the jobs. Whoever merges jobs waits for their
    questions first.
    """
    if message.question_id:  # its conversation is held already
        await questions.lock(message.company_id, message.question_id)
    if message.job_id is None:
        return message
    return replace(message, job_id=await jobs.held(message.company_id, message.job_id))


async def hold(company_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """Let nobody else write in a person's conversation until the unit ends; asked for before a question is locked."""
    person = await customers_db.contact_now(company_id, contact_id)
    thread = await of_contact(company_id, person, at=at)
    await conversations.lock(company_id, thread.id)


def waits(message: Message) -> bool:
    """Say whether a message asks for an answer of the firm."""
    proved = message.verified or message.account_id is not None  # an imported chat asks for nothing any more
    return message.direction is Direction.IN and proved and message.kind not in SILENT


async def _of(message: Message, sender: Sequence[Identity]) -> Conversation | None:
    if message.contact_id is not None:
        return await of_contact(message.company_id, message.contact_id, at=message.created_at)
    names = list(sender) or ([message.recipient] if message.recipient else [])
    if not names and message.direction is Direction.OUT:
        return None
    if not names:  # left at a sticker, say: nobody will ever be known by a name, but the office must see it
        key = key_of_nameless(message.channel, message.id)
        return await conversations.insert_or_get(
            message.company_id, key, contact_id=None, at=message.created_at
        )
    return await _of_stranger(message.company_id, message.channel, names, at=message.created_at)


async def of_contact(company_id: UUID, contact_id: UUID, *, at: datetime) -> Conversation:
    """Return a person's conversation, begun if there is none yet; joins the unit it is part of."""
    key = key_of_contact(contact_id)
    return await conversations.insert_or_get(company_id, key, contact_id=contact_id, at=at)


@atomic
async def open_for(actor: Actor, contact: Contact, *, at: datetime) -> Conversation:
    """Return a person's conversation for somebody who wants to write to him first."""
    return await of_contact(actor.company_id, contact.id, at=at)


async def _of_stranger(
    company_id: UUID, channel: str, names: Sequence[Identity], *, at: datetime
) -> Conversation:
    """Return the conversation under any of his names: a platform does not always tell all of them."""
    for name in names:
        known = await conversations.by_key(company_id, key_of_stranger(channel, name))
        if known is not None:
            return known
    key = key_of_stranger(channel, names[0])
    return await conversations.insert_or_get(company_id, key, contact_id=None, at=at)


async def moved_on(message: Message) -> None:
    """Find anew who waits, after an outgoing message has gone out or failed; joins the unit it is part of."""
    if message.conversation_id is not None:
        await conversations.set_waiting_anew(message.company_id, message.conversation_id)


@atomic
async def assign(actor: Actor, conversation: Conversation, contact: Contact, *, at: datetime) -> Conversation:
    """Say who a stranger is ("bekannter Kunde"): his messages move to the contact, his names are learnt.

    What is already queued for the contact keeps its own recipient. A STOP among the messages counts from now on.
    Raises Conflict for a conversation that has its person already.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    if not conversation.stranger:
        raise Conflict("conversation.known")
    return await belongs_to(actor, conversation, contact, at=at)


async def belongs_to(
    actor: Actor, conversation: Conversation, contact: Contact, *, at: datetime
) -> Conversation:
    """Move a stranger's conversation to a contact; joins the unit it is part of."""
    company_id = conversation.company_id
    contact = await contact_known(company_id, await customers_db.contact_now(company_id, contact.id))
    names = await conversations.senders(company_id, conversation.id)
    target = await _target(conversation, contact, at=at)
    await conversations.set_moved(company_id, conversation.id, target.id, contact_id=contact.id)
    await conversations.set_newest(company_id, target.id)
    await conversations.set_waiting_anew(company_id, target.id)
    for channel, kind, value in names:
        await identities.add_identity(
            company_id, contact.id, channel, Identity(IdentityKind(kind), value), at=at
        )
    await _heed_stops(actor, target, contact, {channel for channel, _, _ in names}, at=at)
    await _note(actor, "conversation.assigned", target, at=at, contact=contact.name)
    if target.id != conversation.id:
        await note_joined(actor, conversation.id, target.id, at=at)
    _tell(conversation)
    _tell(target)
    return target


async def _target(conversation: Conversation, contact: Contact, *, at: datetime) -> Conversation:
    """Return where the stranger's messages go: the contact's own thread, else this very one under a new key."""
    key = key_of_contact(contact.id)
    there = await conversations.by_key(conversation.company_id, key)
    if there is not None:
        return there
    changes = {"person_key": key, "contact_id": contact.id, "state": ConversationState.OPEN}
    if not await conversations.set_values(conversation.company_id, conversation, **changes):
        raise Conflict("conversation.moved_on")
    return replace(
        conversation, person_key=key, contact_id=contact.id, state=ConversationState.OPEN, rev=conversation.rev + 1
    )  # fmt: skip


async def _heed_stops(
    actor: Actor, conversation: Conversation, contact: Contact, new_channels: set[str], *, at: datetime
) -> None:
    for message in await conversation_messages.heard_in(conversation.company_id, conversation.id):
        off = message.kind == SWITCHED_OFF
        if message.channel in new_channels and (off or is_stop(message.text)):
            said = Evidence(Proof.INBOUND_MESSAGE, message.text or SWITCHED_OFF)
            await withdraw(actor, contact, message.channel, said, at=at)


@atomic
async def new_customer(
    actor: Actor, conversation: Conversation, draft: CustomerDraft, person: ContactDraft, *, at: datetime
) -> Contact:
    """Make a customer of a stranger ("neuer Kunde") and give him his conversation. Raises Invalid, Conflict."""
    if not conversation.stranger:
        raise Conflict("conversation.known")
    customer = await customers.create(actor, draft, [person], at=at)
    [contact] = await customers_db.contacts_of(actor.company_id, customer.id)
    await belongs_to(actor, conversation, contact, at=at)
    return contact


@atomic
async def spam(actor: Actor, conversation: Conversation, *, at: datetime) -> None:
    """Put a stranger's conversation aside: nobody waits there, nothing is counted, fetched or answered.

    Raises Conflict for somebody we know.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    if not conversation.stranger:
        raise Conflict("conversation.known")
    await _change(conversation, state=ConversationState.SPAM, waiting_since=None)
    heard = await conversation_messages.heard_in(conversation.company_id, conversation.id)
    await messages.set_seen(conversation.company_id, [one.id for one in heard], at=at)
    await _note(actor, "conversation.spam", conversation, at=at)


@atomic
async def no_spam(actor: Actor, conversation: Conversation, *, at: datetime) -> None:
    """Take a conversation out of the spam again; what was written there waits for an answer."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if conversation.state is not ConversationState.SPAM:
        return
    await _change(conversation, state=ConversationState.OPEN)
    await conversations.set_waiting_anew(conversation.company_id, conversation.id)
    await _note(actor, "conversation.no_spam", conversation, at=at)


@atomic
async def settle(
    actor: Actor, conversation: Conversation, *, heard: UUID | None = None, at: datetime
) -> None:
    """Say that nothing is left to answer; the next message opens it again.

    `heard`: his newest message the actor has seen, NOTHING = there was none. Raises Conflict when another one has come meanwhile.
    """
    require(actor, Right.SEND)
    await conversations.lock(conversation.company_id, conversation.id)
    newest = await conversation_messages.last_heard(conversation.company_id, conversation.id)
    if heard and heard != (newest or NOTHING):
        raise Conflict("conversation.heard_more")
    if conversation.state is ConversationState.SPAM:
        raise Conflict("conversation.spam")
    await _change(conversation, state=ConversationState.DONE, waiting_since=None)
    await _note(actor, "conversation.settled", conversation, at=at)


@atomic
async def take(actor: Actor, conversation: Conversation, assignee_id: UUID | None, *, at: datetime) -> None:
    """Give a conversation to a colleague, or to nobody. The caller knows that the person is one of the firm."""
    require(actor, Right.SEND)
    await _change(conversation, assignee_id=assignee_id)
    await _note(actor, "conversation.taken", conversation, at=at, assignee=str(assignee_id or ""))


async def assign_message(actor: Actor, message: Message, contact_id: UUID, *, at: datetime) -> None:
    """Give a message its person: a stranger's whole conversation goes along; joins the unit it is part of.

    Raises NotFound, Invalid.
    """
    contact = await contact_known(actor.company_id, contact_id)
    contact = await contact_known(
        actor.company_id, await customers_db.contact_now(actor.company_id, contact.id)
    )
    own = message.conversation_id and await conversations.by_id(actor.company_id, message.conversation_id)
    if own and own.stranger:
        await belongs_to(actor, own, contact, at=at)
        return
    if message.contact_id is not None:
        raise Invalid("message.has_contact", field="contact")
    target = await of_contact(actor.company_id, contact.id, at=at)
    await messages.set_place(actor.company_id, message.id, contact_id=contact.id, conversation_id=target.id)
    await conversations.set_newest(actor.company_id, target.id)
    await conversations.set_waiting_anew(actor.company_id, target.id)


async def _change(conversation: Conversation, **changes: object) -> None:
    if not await conversations.set_values(conversation.company_id, conversation, **changes):
        raise Conflict("conversation.moved_on")
    _tell(conversation)


async def _note(actor: Actor, verb: str, conversation: Conversation, *, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "conversation", conversation.id, at=at, job_id=None, **data)
    await logbook.insert_entry(conversation.company_id, entry)


async def note_joined(actor: Actor, gone: UUID, into: UUID, *, at: datetime) -> None:
    """Write down where a thread that is no more has gone, so that its old address leads there."""
    entry = Entry.by(actor, "conversation.joined", "conversation", gone, at=at, job_id=None, into=into)
    await logbook.insert_entry(actor.company_id, entry)


def _tell(conversation: Conversation) -> None:
    """Let open pages learn of it; the conversation page and the list listen to the same word."""
    signal("conversations", conversation.company_id, conversation=str(conversation.id))
