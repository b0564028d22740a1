"""The hand-off: a person takes question and photos to his own messenger and says what became of it."""

from dataclasses import replace
from datetime import datetime

from server.actions import questions as question_actions
from server.actions.gate import gate
from server.channels.handoff import HandoffState, next_state
from server.db import channels, logbook, messages
from server.db.unit import atomic
from server.domain.accounts import HANDOFF
from server.domain.consents import Closed, Open
from server.domain.errors import Forbidden, NoConsent, NotFound
from server.domain.logbook import Entry
from server.domain.messages import Message, MessageState
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor

SHAREABLE = (MessageState.PREPARED, MessageState.OPENED, MessageState.CONFIRMED)


async def prepared(question: Question) -> Message | None:
    """Return the package of a question that leaves by hand, newest first; None while it is being made."""
    found = await messages.of_question(question.company_id, question.id)
    by_hand = [message for message in found if message.channel == HANDOFF and message.kind == "handoff"]
    return by_hand[-1] if by_hand else None


@atomic
async def move(actor: Actor, question: Question, wanted: HandoffState, *, at: datetime) -> None:
    """Note that the messenger was opened, that the worker says it was sent, or that he left it.

    The gate is asked once more before it opens. Raises NoConsent, Conflict, Forbidden, NotFound.
    """
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    message = await prepared(question)
    if message is None or message.state is MessageState.STOPPED:
        raise NotFound("handoff.unknown")
    await messages.lock(question.company_id, message.id)
    if wanted is HandoffState.CONFIRMED and message.state is MessageState.PREPARED:
        await move(actor, question, HandoffState.OPENED, at=at)  # without a script nobody saw it being opened
        message, question = replace(message, state=MessageState.OPENED), await _again(actor, question)
    if wanted is HandoffState.OPENED:
        opened = await _opened(question, at=at)
        if isinstance(opened, Closed):
            raise NoConsent(opened.code)
    state = MessageState(next_state(HandoffState(message.state), wanted))
    await messages.set_state(question.company_id, message.id, state, only_from=[message.state], at=at)
    entry = Entry.by(actor, f"handoff.{wanted}", "question", question.id, at=at, job_id=question.job_id)
    await logbook.insert_entry(question.company_id, entry)
    if wanted is HandoffState.DISCARDED:
        await channels.set_links_revoked(question.company_id, question.id, at=at)
        await question_actions.taken_back(actor, question, at=at)
    else:
        await question_actions.handed_off(actor, question, at=at)


async def _opened(question: Question, *, at: datetime) -> Open | Closed:
    return await gate(question.company_id, question.contact_id, HANDOFF, photo_ids=question.photo_ids, at=at)


async def _again(actor: Actor, question: Question) -> Question:
    return await question_actions.known(actor, question.id)


async def shareable(question: Question, *, at: datetime) -> Message | None:
    """Return the package if its photos may be given out at this moment: prepared, consented, still released."""
    message = await prepared(question)
    opened = await _opened(question, at=at)
    if message is None or message.state not in SHAREABLE or isinstance(opened, Closed):
        return None
    if question.state is QuestionState.WITHDRAWN:
        return None
    return message if await question_actions.photos_still_released(question) else None
