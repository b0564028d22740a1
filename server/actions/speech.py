"""Free messages: what a person at the firm writes to a customer, at once or later, with released photos.

The same outbox as for questions: the row of the message is written with its id made by the client (twice is once),
planned outside of every transaction (actions/speech_steps.py), and leaves in its lane under the gate.
"""

from dataclasses import dataclass
from datetime import datetime

from server.actions import conversations, fates, speech_photos, templates, turns, ways
from server.actions.customers import contact_known
from server.actions.templates import Filled
from server.db import lanes, messages, tasks
from server.db.unit import atomic, signal
from server.domain.accounts import Account
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden, Invalid, NoConsent
from server.domain.identities import Identity
from server.domain.messages import Direction, Message, MessageState
from server.domain.photos import Photo
from server.domain.speeches import UNPLANNED, Speech, waits_for_plan
from server.domain.users import Actor, Right, Role


@dataclass(frozen=True, slots=True)
class Ready:
    """What a speech leaves by and with, once nothing stands against it: `text` as the customer will read it."""

    account: Account
    recipient: Identity
    text: str
    filled: Filled | None
    photos: list[Photo]

    @property
    def kind(self) -> str:
        if self.filled:
            return templates.TEMPLATE
        return "image" if self.photos and not self.text else "text"


@atomic
async def say(actor: Actor, speech: Speech, *, at: datetime) -> Message:
    """Write a message to a customer; it leaves by itself, at once or at `send_after`.

    The same intent again returns the first, with other content it is a Conflict. Without a person as actor (a
    greeting, an away message) it answers nothing that waits. Raises Forbidden, NoConsent with the gate's reason,
    Invalid naming the field, NotFound.
    """
    if actor.role is not None and not (actor.may(Right.SEND) or actor.may(Right.RELEASE)):
        raise Forbidden("role.not_allowed")
    known = await messages.by_id(actor.company_id, speech.intent)
    if known is not None:
        return _same(known, speech)
    ready = await _checked(actor, speech, at=at)
    quoted = await messages.by_id(actor.company_id, speech.quote_id) if speech.quote_id else None
    written = await conversations.keep(_row(actor, speech, ready, quoted, at=at))
    if written is None:  # somebody was quicker with the same intent
        raise Conflict("message.moved_on")
    await fates.log(written, "message.written", at=at, actor=actor, scheduled=speech.send_after)
    await tasks.insert_task(actor.company_id, "speech.prepare", {"message": str(written.id)}, at=written.at)
    signal("messages", actor.company_id, message=str(written.id), job=str(written.job_id or ""))
    return written


def _same(known: Message, speech: Speech) -> Message:
    if (known.step or {}).get("said") != speech.fingerprint:
        raise Conflict("message.differs")
    return known


async def _checked(actor: Actor, speech: Speech, *, at: datetime) -> Ready:
    """Return how it leaves. Raises what `say` does."""
    contact = await contact_known(actor.company_id, speech.contact_id)
    account, recipient = await _way(contact, speech.channel)
    code = await ways.closed(
        contact.company_id,
        contact.id,
        speech.channel,
        photo_ids=speech.photo_ids,
        account_id=account.id,
        at=at,
    )
    if code:
        raise NoConsent(code)
    filled = None
    if speech.template_id:
        pictures = len(speech.photo_ids)
        filled = await templates.fill(
            account, contact.id, speech.template_id, speech.values, pictures=pictures, at=at
        )
    text = filled.words if filled else speech.text.strip()
    speech.check(text, ways.caps_of(speech.channel))
    eyes = actor.id if actor.role is Role.WORKER else None
    photos = await speech_photos.check(contact.company_id, contact.id, speech.photo_ids, visible_to=eyes)
    return Ready(account, recipient, text, filled, photos)


async def _way(contact: Contact, channel: str) -> tuple[Account, Identity]:
    """Return account and frozen recipient of a message. Raises Invalid for a way that is none."""
    sender = await ways.sender(contact.company_id, contact.id, channel)
    if sender is None:
        raise Invalid("channel.unavailable", field="channel")
    if sender.down:
        raise Invalid(sender.down, field="channel", **sender.values)
    recipient = await ways.name_of(contact, channel, ways.caps_of(channel))
    if recipient is None:
        raise Invalid("contact.not_there", field="channel")
    return sender.account, recipient


def _row(actor: Actor, speech: Speech, ready: Ready, quoted: Message | None, *, at: datetime) -> Message:
    """Return the message as it waits for its plan."""
    step = {
        "kind": UNPLANNED,
        "said": speech.fingerprint,
        "photos": [str(photo.id) for photo in ready.photos],
        **(ready.filled.to_json() if ready.filled else {}),
    }
    return Message(
        id=speech.intent,
        run_id=speech.intent,
        company_id=actor.company_id,
        contact_id=speech.contact_id,
        job_id=speech.job_id or next((photo.job_id for photo in ready.photos), None),
        question_id=None,
        account_id=ready.account.id,
        photo_id=None,
        channel=speech.channel,
        direction=Direction.OUT,
        kind=ready.kind,
        text=ready.text,
        step=step,
        recipient=ready.recipient,
        state=MessageState.QUEUED,
        author_id=actor.id,
        context_id=(quoted.foreign_id or "") if quoted and _of_this_talk(quoted, speech, ready) else "",
        send_after=speech.send_after,
        at=max(at, speech.send_after) if speech.send_after else at,
        created_at=at,
        changed_at=at,
    )


def _of_this_talk(quoted: Message, speech: Speech, ready: Ready) -> bool:
    """Say whether a quote was said to or by this very person there: words of another one's are not shown to him.

    Another account's message is nothing the platform could quote here.
    """
    said = (quoted.channel, quoted.account_id, quoted.contact_id)
    return said == (speech.channel, ready.account.id, speech.contact_id)


@atomic
async def cancel(actor: Actor, message: Message, *, at: datetime) -> None:
    """Take back what has not left yet, scheduled or waiting. Raises Conflict when it has moved on, Forbidden."""
    _may_touch(actor, message)
    mates = await lanes.of_run(message.company_id, message.run_id) if message.run_id else [message]
    if message.question_id or any(mate.state is not MessageState.QUEUED for mate in mates):
        raise Conflict("message.moved_on")
    for mate in mates:
        stopped = await messages.set_state(
            message.company_id,
            mate.id,
            MessageState.STOPPED,
            only_from=[MessageState.QUEUED],
            at=at,
            error_code="message.cancelled",
        )
        if not stopped:
            raise Conflict("message.moved_on")
    await fates.log(message, "message.cancelled", at=at, actor=actor)
    await turns.send_next(message, at=at)
    signal("messages", actor.company_id, message=str(message.id), job=str(message.job_id or ""))


@atomic
async def send_now(actor: Actor, message: Message, *, at: datetime) -> None:
    """Let go at once what waits for its hour or the end of the quiet hours. Raises Conflict, Forbidden."""
    _may_touch(actor, message)
    if (
        message.question_id
        or not message.send_after
        or message.send_after <= at
        or not waits_for_plan(message)
    ):
        raise Conflict("message.moved_on")
    waiting = [MessageState.QUEUED]
    if not await messages.set_state(
        message.company_id, message.id, MessageState.QUEUED, only_from=waiting, at=at, send_after=None
    ):
        raise Conflict("message.moved_on")
    await messages.set_place(message.company_id, message.id, at=at)
    await fates.log(message, "message.sent_now", at=at, actor=actor)
    await turns.send_soon(message, at=at)
    signal("messages", actor.company_id, message=str(message.id), job=str(message.job_id or ""))


def _may_touch(actor: Actor, message: Message) -> None:
    """Raise Forbidden for whoever neither sends for the firm nor wrote it."""
    if not (actor.may(Right.SEND) or (message.author_id is not None and message.author_id == actor.id)):
        raise Forbidden("role.not_allowed")
