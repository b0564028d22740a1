"""What the firm says without anybody: a greeting to whom it has not heard of for long, "away" outside its hours.

Never to a machine or into the spam, never twice in one absence, never where the gate or the window stands against it,
never hours after the fact, and never paid for. A stranger gets it too, under a gate of his own and a hard cap
(actions/strangers.py). The quiet hours do not hold for it: who has just written is awake (actions/quiet.py). It answers nothing: who waits, waits on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from server.actions import conversations, placeholders, speech, strangers, ways
from server.db import companies, conversation_messages, customers, messages, office_hours
from server.db import conversations as conversations_db
from server.domain.conversations import ConversationState
from server.domain.errors import DomainError, Invalid
from server.domain.hours import GREET_AFTER, OfficeHours
from server.domain.messages import Message
from server.domain.quick_replies import filled
from server.domain.routing import Need
from server.domain.speeches import Speech
from server.domain.users import system
from server.services import Services

# What comes late (a platform's backlog, a restart) is not greeted as if it had just been said.
FRESH = timedelta(minutes=30)


async def answer(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Answer a customer's message by itself if that is due; again is harmless."""
    message = await messages.by_id(company_id, UUID(str(payload["message"])))
    at = services.clock()
    if message is None or not _may_be_answered(message, at):
        return
    hours = await office_hours.of_company(company_id)
    due = await _due(company_id, message, hours, at=at)
    if due is None:
        return
    intent, template = due
    if await messages.by_id(company_id, intent) is not None:
        return
    text = await _words(company_id, message, hours, template, at=at)
    if text is None or (message.contact_id and not await _open(company_id, message, text, at=at)):
        return
    if message.contact_id is None:
        await strangers.answer(services, message, intent=intent, text=text, at=at)
        return
    try:
        answer = Speech(
            intent=intent,
            contact_id=message.contact_id,
            channel=message.channel,
            text=text,
            quote_id=message.id,
        )
        await speech.say(system(company_id), answer, at=at)
    except DomainError:
        return  # a shut gate, a raced twin, a channel switched off meanwhile: silence is always right here


def _may_be_answered(message: Message, at: datetime) -> bool:
    answers_question = message.question_id is not None
    return (
        (message.contact_id is not None or message.recipient is not None)
        and conversations.waits(message)
        and not answers_question
        and at - message.at <= FRESH
    )


async def _due(
    company_id: UUID, message: Message, hours: OfficeHours, *, at: datetime
) -> tuple[UUID, str] | None:
    """Return the one name of the message that is due (so that it is written once) and its text."""
    if message.conversation_id is None:
        return None
    conversation = await conversations_db.by_id(company_id, message.conversation_id)
    company = await companies.by_id(company_id)
    if conversation is None or company is None or conversation.state is ConversationState.SPAM:
        return None
    person = message.contact_id or conversation.id
    since = hours.away_since(message.at, company.zone) if hours.away_on else None
    if since is not None:
        # By its name it is said once; looked up as well, for a stranger who became known in the same absence.
        said = await conversation_messages.said_by_itself(company_id, conversation.id, since=since)
        return None if said else (uuid5(person, f"away:{since.isoformat()}"), hours.away)
    if not hours.greeting_on:
        return None
    before = await conversation_messages.last_before(company_id, message.conversation_id, message)
    if before is not None and message.at - before.at < GREET_AFTER:
        return None
    return uuid5(person, f"greeting:{message.id}"), hours.greeting


async def _words(
    company_id: UUID, message: Message, hours: OfficeHours, template: str, *, at: datetime
) -> str | None:
    contact = await customers.contact_by_id(company_id, message.contact_id) if message.contact_id else None
    if message.contact_id and contact is None:
        return None
    values = await placeholders.values(system(company_id), contact, message.job_id, hours, at=at)
    try:
        return filled(template, values)
    except Invalid:
        return None  # a placeholder that has no value for this person: better nothing than braces


async def _open(company_id: UUID, message: Message, text: str, *, at: datetime) -> bool:
    """Say whether free words may leave where he wrote, right now."""
    found = await ways.best(company_id, message.contact_id, need=Need(text), at=at, wished=message.channel)
    verdict = found.of(message.channel)
    return verdict is not None and verdict.open and verdict.by_itself and not verdict.template
