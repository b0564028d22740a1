"""The hand-off: a person takes question and photos to his own messenger and says what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.actions import introductions, ways
from server.actions import questions as question_actions
from server.actions.gate import gate
from server.channels.handoff import HandoffState, Messenger, messenger_of, next_state
from server.db import answer_links, customers, logbook, messages
from server.db.unit import atomic
from server.domain.accounts import by_hand, consent_channel
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden, Invalid, NoConsent, NotFound
from server.domain.gate import Closed, Open
from server.domain.identities import Identity
from server.domain.logbook import Entry
from server.domain.messages import Message, MessageState
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor

SHAREABLE = (MessageState.PREPARED, MessageState.OPENED, MessageState.CONFIRMED)


async def prepared(question: Question) -> Message | None:
    """Return the package of a question that leaves by hand, newest first; None while it is being made."""
    found = await messages.of_question(question.company_id, question.id)
    packages = [message for message in found if by_hand(message.channel) and message.kind == "handoff"]
    return packages[-1] if packages else None


@dataclass(frozen=True, slots=True)
class Offer:
    """One messenger for a package: `link` opens it with the words that go through it, for `to`.

    `closed` is the gate's code against it, "" = it may be used.
    """

    messenger: Messenger
    to: Identity | None
    text: str
    closed: str

    @property
    def link(self) -> str:
        return self.messenger.opens(self.to, self.text)


async def offers(question: Question, package: Message, contact: Contact, *, at: datetime) -> list[Offer]:
    """Return the messengers this person can be reached by, the open ones first, among them the one he prefers."""
    found = []
    for hand in await ways.hands(contact, photo_ids=question.photo_ids, at=at):
        closed = hand.gate.code if isinstance(hand.gate, Closed) else ""
        text = await words(package, hand.messenger.channel)
        found.append(Offer(hand.messenger, hand.to, text, closed))
    found = [one for one in found if one.link]
    preferred = consent_channel(contact.preferred_channel)
    return sorted(found, key=lambda one: (bool(one.closed), one.messenger.key != preferred))


async def words(package: Message, via: str) -> str:
    """Return what goes through this messenger: who never heard of us there is told who writes."""
    if via == package.channel or package.contact_id is None:
        return package.text
    first = await introductions.shown(package.company_id, package.contact_id, via)
    return introductions.before(first, _plain(package))


def _plain(package: Message) -> str:
    return str((package.step or {}).get("text") or package.text)


@atomic
async def move(
    actor: Actor,
    question: Question,
    wanted: HandoffState,
    *,
    via: str = "",
    package: UUID | None = None,
    at: datetime,
) -> None:
    """Note that the messenger was opened, that the worker says it was sent, or that he left it.

    `via` is the channel of the messenger he chose, "" = as before; `package` the one his page showed. The gate is asked for this very messenger once more
    before it opens. Raises NoConsent, Conflict, Forbidden, NotFound, Invalid for a messenger nobody knows.
    """
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    if via and messenger_of(via) is None:
        raise Invalid("channel.unknown", field="via")
    message = await _held(question, package)
    via = via or message.channel
    other = via != message.channel and message.state in (MessageState.PREPARED, MessageState.OPENED)
    via = via if other else message.channel
    unseen = message.state is MessageState.PREPARED or other
    if wanted is HandoffState.CONFIRMED and unseen:  # without a script nobody saw it being opened
        await move(actor, question, HandoffState.OPENED, via=via, at=at)
        message, question = replace(message, state=MessageState.OPENED), await _again(actor, question)
    if wanted is HandoffState.OPENED:
        await _check_gate(question, via, at=at)
        if other:
            question = await _through(actor, question, message, via, at=at)
    state = MessageState(next_state(HandoffState(message.state), wanted))
    if not await messages.set_state(question.company_id, message.id, state, only_from=[message.state], at=at):
        raise Conflict("handoff.moved_on")
    entry = Entry.by(
        actor, f"handoff.{wanted}", "question", question.id, at=at, job_id=question.job_id, channel=via
    )
    await logbook.insert_entry(question.company_id, entry)
    if wanted is HandoffState.DISCARDED:
        await answer_links.set_revoked(question.company_id, question.id, at=at)
        await question_actions.taken_back(actor, question, at=at)
    else:
        await question_actions.handed_off(actor, question, at=at)


async def _held(question: Question, package: UUID | None) -> Message:
    """Return the package as it is, and as it stays until the unit ends. Raises NotFound, Conflict for an older one."""
    newest = await prepared(question)
    if newest is None:
        raise NotFound("handoff.unknown")
    await messages.lock(question.company_id, newest.id)
    message = await messages.by_id(question.company_id, newest.id)
    if message is None or message.state is MessageState.STOPPED:
        raise NotFound("handoff.unknown")
    if package not in (None, message.id):
        raise Conflict("handoff.moved_on")
    return message


async def _check_gate(question: Question, via: str, *, at: datetime) -> None:
    opened = await _opened(question, via, at=at)
    if isinstance(opened, Closed):
        raise NoConsent(opened.code)


async def _through(actor: Actor, question: Question, message: Message, via: str, *, at: datetime) -> Question:
    """Let package and question bear the name of the messenger it really goes through, and its words and address."""
    contact = question.contact_id and await customers.contact_by_id(question.company_id, question.contact_id)
    to, first = None, ""
    if contact:
        to = await ways.name_of(contact, via, ways.caps_of(via))
        first = await introductions.unsaid(question.company_id, contact.id, via, at=at)
    await messages.set_place(
        question.company_id,
        message.id,
        channel=via,
        text=introductions.before(first, _plain(message)),
        introduces=bool(first),
        recipient_kind=to.kind if to else "",
        recipient=to.value if to else "",
    )
    return await question_actions.move(actor, question, question.state, at=at, note=False, channel=via)


async def _opened(question: Question, channel: str, *, at: datetime) -> Open | Closed:
    return await gate(question.company_id, question.contact_id, channel, photo_ids=question.photo_ids, at=at)


async def _again(actor: Actor, question: Question) -> Question:
    return await question_actions.known(actor, question.id)


async def shareable(question: Question, *, via: str = "", at: datetime) -> Message | None:
    """Return the package if its photos may be given out at this moment: prepared, consented, still released.

    `via` is the channel of the messenger they would go through, "" = the package's own.
    """
    message = await prepared(question)
    if message is None or message.state not in SHAREABLE:
        return None
    if isinstance(await _opened(question, via or message.channel, at=at), Closed):
        return None
    if question.state is QuestionState.WITHDRAWN:
        return None
    return message if await question_actions.photos_still_released(question) else None
