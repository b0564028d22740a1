"""A free message that a person sends in the messenger's own app: prepared here, opened there, and he says what became of it.

Nothing is known of it but what he says; it never reaches "delivered".
"""

from datetime import datetime

from server.actions import conversations, fates, introductions, ways
from server.actions.customers import contact_known
from server.actions.gate import gate
from server.channels.handoff import HandoffState, messenger_of, next_state
from server.db import messages
from server.db.unit import atomic, signal
from server.domain.accounts import by_hand
from server.domain.capabilities import length
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden, Invalid, NoConsent
from server.domain.gate import Closed
from server.domain.identities import Identity
from server.domain.messages import Direction, Message, MessageState
from server.domain.speeches import Speech
from server.domain.users import Actor, Right

_STATES = {MessageState(state.value): state for state in HandoffState}


@atomic
async def prepare(actor: Actor, speech: Speech, *, at: datetime) -> Message:
    """Write down what a person is about to send by hand through any messenger; twice is once.

    The first one there says who writes. Words alone: photos leave by the share sheet of a question. Raises NoConsent,
    Invalid, Forbidden, Conflict for an intent that was used for something else.
    """
    _may(actor)
    if messenger_of(speech.channel) is None:
        raise Invalid("channel.unknown", field="channel")
    known = await messages.by_id(actor.company_id, speech.intent)
    if known is not None:
        return _same(known, speech)
    contact = await contact_known(actor.company_id, speech.contact_id)
    recipient = await _recipient(contact, speech.channel, speech.text, at=at)
    first = await introductions.unsaid(actor.company_id, contact.id, speech.channel, at=at)
    message = Message(
        id=speech.intent,
        run_id=speech.intent,
        company_id=actor.company_id,
        contact_id=contact.id,
        job_id=speech.job_id,
        question_id=None,
        account_id=None,
        photo_id=None,
        channel=speech.channel,
        direction=Direction.OUT,
        kind="handoff",
        text=introductions.before(first, speech.text),
        recipient=recipient,
        state=MessageState.PREPARED,
        author_id=actor.id,
        at=at,
        created_at=at,
        changed_at=at,
        introduces=bool(first),
    )
    if await conversations.keep(message) is None:
        raise Conflict("message.moved_on")
    await fates.log(message, "message.written", at=at, actor=actor)
    return message


def _same(known: Message, speech: Speech) -> Message:
    """Return what was written with this intent before, the introduction aside. Raises Conflict for other content."""
    said = speech.text == known.text or (known.introduces and known.text.endswith(f"\n\n{speech.text}"))
    if (known.contact_id, known.channel, said) != (speech.contact_id, speech.channel, True):
        raise Conflict("message.differs")
    return known


async def _recipient(contact: Contact, channel: str, text: str, *, at: datetime) -> Identity | None:
    """Return whom the text goes to, None for a messenger that asks on the phone. Raises NoConsent, Invalid."""
    opened = await gate(contact.company_id, contact.id, channel, at=at)
    if isinstance(opened, Closed):
        raise NoConsent(opened.code)
    messenger, caps = messenger_of(channel), ways.caps_of(channel)
    recipient = await ways.name_of(contact, channel, caps)
    if recipient is None and not (messenger and messenger.nameless):
        raise Invalid("contact.no_address", field="channel")
    if not text:
        raise Invalid("draft.empty", field="text")
    if length(text, caps) > caps.max_text:
        raise Invalid("text.too_long", field="text", limit=caps.max_text)
    return recipient


@atomic
async def move(actor: Actor, message: Message, wanted: HandoffState, *, at: datetime) -> None:
    """Hear what became of it: sent, or not. Raises NoConsent when the gate has shut meanwhile, Conflict, Forbidden."""
    _may(actor)
    if not by_hand(message.channel) or message.question_id is not None or message.contact_id is None:
        raise Conflict("handoff.moved_on")
    current = _STATES.get(message.state)
    if current is None:
        raise Conflict("handoff.moved_on")
    if wanted is HandoffState.CONFIRMED and current is HandoffState.PREPARED:
        current = HandoffState.OPENED  # without a script nobody saw it being opened
    if wanted is HandoffState.CONFIRMED:
        opened = await gate(actor.company_id, message.contact_id, message.channel, at=at)
        if isinstance(opened, Closed):
            raise NoConsent(opened.code)
    state = MessageState(next_state(current, wanted))
    if not await messages.set_state(actor.company_id, message.id, state, only_from=[message.state], at=at):
        raise Conflict("handoff.moved_on")
    await conversations.moved_on(message)
    await fates.log(message, f"handoff.{wanted}", at=at, actor=actor)
    signal("messages", actor.company_id, message=str(message.id), job=str(message.job_id or ""))


def _may(actor: Actor) -> None:
    if not (actor.may(Right.SEND) or actor.may(Right.RELEASE)):
        raise Forbidden("role.not_allowed")
