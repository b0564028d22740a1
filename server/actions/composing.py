"""Writing to a customer: words filled, way chosen, night respected; then the outbox takes over (actions/speech.py)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from server.actions import placeholders, quiet, speech, templates, ways
from server.actions.customers import contact_known
from server.db import accounts, jobs, messages, office_hours
from server.db import templates as templates_db
from server.domain.conversations import Conversation, ConversationState
from server.domain.errors import Invalid
from server.domain.messages import Message
from server.domain.quick_replies import filled
from server.domain.routing import Need, Verdict
from server.domain.speeches import Speech
from server.domain.users import Actor

# Whoever types 2062 for 2026 would never hear of it again.
FAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Words:
    """What was put into the composer. `channel` "" = the best way; `send_after` local choice of a person, UTC.

    `at_once`: quiet hours or not. `code`: the job's number stands below the text. With a template its own words leave,
    filled with `values`, by its own channel, and `text` stays behind.
    """

    intent: UUID
    text: str = ""
    channel: str = ""
    job_id: UUID | None = None
    photo_ids: tuple[UUID, ...] = ()
    quote_id: UUID | None = None
    code: bool = False
    send_after: datetime | None = None
    at_once: bool = False
    template_id: UUID | None = None
    values: tuple[str, ...] = ()


async def write(actor: Actor, conversation: Conversation, words: Words, *, at: datetime) -> Message:
    """Write to the person of a conversation; twice with the same intent is once.

    Raises Invalid with the sentence that says why not and what to do, naming the field, NoConsent, Forbidden,
    Conflict.
    """
    if conversation.contact_id is None:
        raise Invalid("conversation.stranger", field="text")
    if conversation.state is ConversationState.SPAM:
        raise Invalid("conversation.spam", field="text")
    if words.template_id:
        words = replace(words, text="", code=False, channel=await _channel_of(actor, words.template_id))
    text = await ready(actor, conversation.contact_id, words, at=at)
    known = await messages.by_id(actor.company_id, words.intent)
    if known is not None:  # tapped twice: the way and the hour of the first tap stand
        words = replace(words, channel=known.channel, send_after=known.send_after)
    else:
        way = await chosen(actor.company_id, conversation.contact_id, words, text, at=at)
        later = await leaves_at(actor.company_id, words, at=at)
        words = replace(words, channel=way.channel, send_after=later)
    said = Speech(
        intent=words.intent,
        contact_id=conversation.contact_id,
        channel=words.channel,
        text=text,
        photo_ids=words.photo_ids,
        job_id=words.job_id,
        quote_id=words.quote_id,
        send_after=words.send_after,
        template_id=words.template_id,
        values=words.values,
    )
    return await speech.say(actor, said, at=at)


async def _channel_of(actor: Actor, template_id: UUID) -> str:
    """Return by which channel a template leaves. Raises Invalid for one nobody knows."""
    known = await templates_db.by_id(actor.company_id, template_id)
    account = known and await accounts.by_id(actor.company_id, known.account_id)
    if not account:
        raise Invalid("template.unknown", field=templates.TEMPLATE)
    return account.kind


async def ready(actor: Actor, contact_id: UUID, words: Words, *, at: datetime) -> str:
    """Return the text as it leaves: placeholders filled, the job's number below it. Raises Invalid."""
    contact = await contact_known(actor.company_id, contact_id)
    job = await jobs.by_id(actor.company_id, words.job_id) if words.job_id else None
    if words.job_id and job is None:
        raise Invalid("job.unknown", field="job")
    hours = await office_hours.of_company(actor.company_id)
    text = filled(words.text.strip(), await placeholders.values(actor, contact, words.job_id, hours, at=at))
    if words.code and job and text and f"[{job.number}]" not in text:
        text = f"{text}\n[{job.number}]"
    return text


async def chosen(company_id: UUID, contact_id: UUID, words: Words, text: str, *, at: datetime) -> Verdict:
    """Return the way this leaves by. Raises Invalid with the reason against it and its remedy."""
    need = Need(text, len(words.photo_ids))
    found = await ways.best(company_id, contact_id, need=need, at=at, wished=words.channel)
    verdict = found.of(words.channel) if words.channel else found.chosen
    if verdict is None:
        raise Invalid("channel.unavailable", field="channel")
    if not verdict.open:
        field = (
            "text"
            if verdict.code.startswith("text.")
            else "photos"
            if verdict.code.startswith("picture.")
            else "channel"
        )
        raise Invalid(verdict.code, field=field, **verdict.values)
    if verdict.by_hand:
        raise Invalid("way.by_hand", field="channel")
    if verdict.by_phone:
        raise Invalid("way.by_phone", field="channel")
    if verdict.template and words.template_id is None:
        account = await accounts.by_id(company_id, verdict.account_id) if verdict.account_id else None
        offers = await templates.offered(account) if account else []
        raise Invalid("window.template" if offers else "window.closed", field="channel")
    return verdict


async def leaves_at(company_id: UUID, words: Words, *, at: datetime) -> datetime | None:
    """Return when a message waits until, None for at once. Raises Invalid for a moment that has passed or is far off."""
    if words.send_after is not None:
        if words.send_after <= at:
            raise Invalid("schedule.past", field="send_after")
        if words.send_after - at > FAR:
            raise Invalid("schedule.far", field="send_after")
        return words.send_after
    if words.at_once:
        return None
    return await quiet.until(company_id, at=at)
