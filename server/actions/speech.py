"""Free messages: what a person at the firm writes to a customer, at once or later, with released photos.

The same outbox as for questions: the row of the message is written with its id made by the client (twice is once),
planned outside of every transaction, and leaves in its lane under the gate.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from server.actions import conversations, drafting, fates, introductions, speech_photos, templates, ways
from server.actions.channels import open_channel
from server.actions.copies import pictures_of
from server.actions.customers import contact_known
from server.actions.introductions import Planned
from server.db import accounts, lanes, messages, tasks
from server.db.unit import atomic, signal
from server.domain.accounts import Account
from server.domain.channels import Blocked, Draft, Picture, steps_at_most
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden, Invalid, NoConsent, NotFound
from server.domain.identities import Identity
from server.domain.messages import Direction, Message, MessageState
from server.domain.tasks import Later
from server.domain.templates import one_line
from server.domain.users import Actor, Right
from server.imaging.renditions import ImageError
from server.services import Services

PHOTOS_MAX = 10
TEXT_MAX = 10_000
_UNPLANNED = "speech"
# What a message's row goes on to know of how it was written, beside the call.
_KEPT = ("said", "photos", "template", "values")


@atomic
async def say(
    actor: Actor,
    *,
    intent: UUID,
    contact_id: UUID,
    channel: str,
    text: str = "",
    photo_ids: Sequence[UUID] = (),
    job_id: UUID | None = None,
    quote_id: UUID | None = None,
    send_after: datetime | None = None,
    template_id: UUID | None = None,
    values: Sequence[str] = (),
    at: datetime,
) -> Message:
    """Write a message to a customer; it leaves by itself, at once or at `send_after`.

    With a template the words are its own, filled with `values`, and `text` is left out. `intent` is made by the client: the same again returns the first, with other content it is a Conflict. Without a
    person as actor (a greeting, an away message) it answers nothing that waits. Raises Forbidden, NoConsent with the
    gate's reason, Invalid naming the field, NotFound.
    """
    if actor.role is not None and not (actor.may(Right.SEND) or actor.may(Right.RELEASE)):
        raise Forbidden("role.not_allowed")
    text = text.strip()
    own = [str(template_id), *map(one_line, values)] if template_id else []
    said = _fingerprint(contact_id, channel, "" if template_id else text, photo_ids, send_after, own)
    known = await messages.by_id(actor.company_id, intent)
    if known is not None:
        return _same(known, said)
    contact = await contact_known(actor.company_id, contact_id)
    account, recipient = await _way(contact, channel)
    code = await ways.closed(
        actor.company_id, contact.id, channel, photo_ids=photo_ids, account_id=account.id, at=at
    )
    if code:
        raise NoConsent(code)
    filled = None
    if template_id:
        filled = await templates.fill(
            account, contact.id, template_id, values, pictures=len(photo_ids), at=at
        )
        text = filled.words
    _check_words(text, photo_ids, channel)
    shown = await speech_photos.check(actor.company_id, contact.id, photo_ids)
    quoted = await messages.by_id(actor.company_id, quote_id) if quote_id else None
    message = Message(
        id=intent,
        run_id=intent,
        company_id=actor.company_id,
        contact_id=contact.id,
        job_id=job_id or next((photo.job_id for photo in shown), None),
        question_id=None,
        account_id=account.id,
        photo_id=None,
        channel=channel,
        direction=Direction.OUT,
        kind=templates.TEMPLATE if filled else "image" if shown and not text else "text",
        text=text,
        step={
            "kind": _UNPLANNED,
            "said": said,
            "photos": [str(photo.id) for photo in shown],
            **(filled.to_json() if filled else {}),
        },
        recipient=recipient,
        state=MessageState.QUEUED,
        author_id=actor.id,
        context_id=(quoted.foreign_id or "") if quoted and quoted.channel == channel else "",
        send_after=send_after,
        at=max(at, send_after) if send_after else at,
        created_at=at,
        changed_at=at,
    )
    written = await conversations.keep(message)
    if written is None:  # somebody was quicker with the same intent
        raise Conflict("message.moved_on")
    await fates.log(written, "message.written", at=at, actor=actor, scheduled=send_after)
    await tasks.insert_task(actor.company_id, "speech.prepare", {"message": str(intent)}, at=written.at)
    signal("messages", actor.company_id, message=str(intent), job=str(written.job_id or ""))
    return written


async def _way(contact: Contact, channel: str) -> tuple[Account, Identity]:
    """Return account and frozen recipient of a message. Raises Invalid for a way that is none."""
    account = await accounts.usable(contact.company_id, channel)
    if account is None:
        raise Invalid("channel.unavailable", field="channel")
    recipient = await ways.name_of(contact, channel, ways.caps_of(channel))
    if recipient is None:
        raise Invalid("contact.not_there", field="channel")
    return account, recipient


def _check_words(text: str, photo_ids: Sequence[UUID], channel: str) -> None:
    caps = ways.caps_of(channel)
    if not text and not photo_ids:
        raise Invalid("draft.empty", field="text")
    if len(text) > TEXT_MAX:
        raise Invalid("field.too_long", field="text", max=TEXT_MAX)
    if len(photo_ids) > PHOTOS_MAX:
        raise Invalid("question.photos", field="photos", max=PHOTOS_MAX)
    if photo_ids and not caps.image_mimes:
        raise Invalid("picture.impossible", field="photos")


def _fingerprint(
    contact_id: UUID,
    channel: str,
    text: str,
    photo_ids: Sequence[UUID],
    send_after: datetime | None,
    template: Sequence[str],
) -> str:
    """Return what tells two contents of one intent apart."""
    parts = [
        str(contact_id),
        channel,
        text,
        [str(one) for one in photo_ids],
        str(send_after or ""),
        *template,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _same(known: Message, said: str) -> Message:
    if (known.step or {}).get("said") != said:
        raise Conflict("message.differs")
    return known


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
    await fates.send_next(message, at=at)
    signal("messages", actor.company_id, message=str(message.id), job=str(message.job_id or ""))


@atomic
async def send_now(actor: Actor, message: Message, *, at: datetime) -> None:
    """Let go at once what waits for its hour or the end of the quiet hours. Raises Conflict, Forbidden."""
    _may_touch(actor, message)
    if (
        message.question_id
        or not message.send_after
        or message.send_after <= at
        or not _waits_for_plan(message)
    ):
        raise Conflict("message.moved_on")
    waiting = [MessageState.QUEUED]
    if not await messages.set_state(
        message.company_id, message.id, MessageState.QUEUED, only_from=waiting, at=at, send_after=None
    ):
        raise Conflict("message.moved_on")
    await messages.set_place(message.company_id, message.id, at=at)
    await fates.log(message, "message.sent_now", at=at, actor=actor)
    await fates.send_soon(message, at=at)
    signal("messages", actor.company_id, message=str(message.id), job=str(message.job_id or ""))


def _may_touch(actor: Actor, message: Message) -> None:
    """Raise Forbidden for whoever neither sends for the firm nor wrote it."""
    if not (actor.may(Right.SEND) or (message.author_id is not None and message.author_id == actor.id)):
        raise Forbidden("role.not_allowed")


async def prepare(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Turn what was written into calls that wait in their lane; again is harmless.

    A scheduled one is planned when its time has come, with the window as it is then. Raises StorageError, and
    ImageError when another try may help.
    """
    message = await messages.by_id(company_id, UUID(str(payload["message"])))
    if message is None or not _waits_for_plan(message):
        return
    at = services.clock()
    if message.send_after and message.send_after > at:
        raise Later((message.send_after - at).total_seconds(), "scheduled")
    try:
        pictures = await pictures_of(services, company_id, speech_photos.shown_by(message), message.job_id)
    except ImageError as error:
        if error.again:
            raise
        await _refuse(message, Blocked("question.photo_undecodable"), at=at)
        return
    await _plan(services, message.id, company_id, pictures, at=at)


def _waits_for_plan(message: Message) -> bool:
    return message.state is MessageState.QUEUED and (message.step or {}).get("kind") == _UNPLANNED


@atomic
async def _plan(
    services: Services, message_id: UUID, company_id: UUID, pictures: Sequence[Picture], *, at: datetime
) -> None:
    await messages.lock(company_id, message_id)
    message = await messages.by_id(company_id, message_id)
    if message is None or not _waits_for_plan(message):
        return
    if code := await templates.closed(message, at=at):
        await fates.stop(message, code, at=at)
        return
    filled = await templates.of_message(message)
    account = message.account_id and await accounts.by_id(company_id, message.account_id)
    if not account or message.contact_id is None or message.recipient is None:
        raise NotFound("channel.unknown")
    count = steps_at_most(len(pictures))
    draft = Draft(
        intent_ids=(message.id, *[uuid5(message.id, str(place)) for place in range(1, count)]),
        text="" if filled else message.text,
        pictures=tuple(pictures),
        template=filled.known.template if filled else None,
        values=filled.values if filled else (),
        quote=message.context_id or None,
        automatic=message.author_id is None,
        subject=await drafting.subject(company_id, message.job_id),
        thread=await drafting.thread(company_id, message.contact_id, message.channel),
    )
    # A template that was chosen leaves as such, whatever the window has become meanwhile.
    until = None if filled else await ways.window(account, message.contact_id)
    planned = await introductions.plan(
        open_channel(services, account),
        account,
        message.contact_id,
        draft,
        message.recipient,
        intent=uuid5(message.id, "introduction"),
        at=at,
        window_until=until,
    )
    if isinstance(planned, Blocked):
        await fates.stop(message, planned.code, values=planned.values, at=at)
        return
    await _write(message, planned, at=at)


async def _write(message: Message, planned: Planned, *, at: datetime) -> None:
    """Let the row become the call that bears its id, and write the others before and after it."""
    kept = {name: value for name, value in (message.step or {}).items() if name in _KEPT}
    for place, step in enumerate(planned.steps):
        news: dict[str, Any] = {
            "kind": step.kind,
            "text": step.text,
            "place": place,
            "step": {**step.to_json(), **kept},
            "introduces": planned.introduces and place == 0,
        }
        if step.intent_id == message.id:
            await messages.set_place(message.company_id, message.id, **news)
        else:
            await conversations.keep(replace(message, id=step.intent_id, **news))
    first = await messages.by_id(message.company_id, planned.steps[0].intent_id)
    assert first is not None
    await fates.send_soon(first, at=at)


@atomic
async def _refuse(message: Message, why: Blocked, *, at: datetime) -> None:
    await fates.stop(message, why.code, at=at)
