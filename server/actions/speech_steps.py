"""Free messages become calls that wait in their lane: planned by the worker when their time has come."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from server.actions import (
    conversations,
    drafting,
    fates,
    introductions,
    speech_photos,
    templates,
    turns,
    ways,
)
from server.actions.channels import open_channel
from server.actions.copies import pictures_of
from server.actions.introductions import Planned, Reach
from server.db import accounts, messages
from server.db.unit import atomic
from server.domain.channels import Blocked, Draft, Picture, steps_at_most
from server.domain.errors import NotFound
from server.domain.messages import Message
from server.domain.speeches import waits_for_plan
from server.domain.tasks import Later
from server.imaging.renditions import ImageError
from server.services import Services

# What a message's row goes on to know of how it was written, beside the call.
_KEPT = ("said", "photos", "template", "values")


async def prepare(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Turn what was written into calls that wait in their lane; again is harmless.

    A scheduled one is planned when its time has come, with the window as it is then. Raises StorageError, and
    ImageError when another try may help.
    """
    message = await messages.by_id(company_id, UUID(str(payload["message"])))
    if message is None or not waits_for_plan(message):
        return
    at = services.clock()
    if message.send_after and message.send_after > at:
        raise Later((message.send_after - at).total_seconds(), "scheduled")
    try:
        pictures = await pictures_of(services, company_id, speech_photos.shown_by(message), message.job_id)
    except ImageError as error:
        if error.again:
            raise
        await _refuse(message, "question.photo_undecodable", at=at)
        return
    await _plan(services, message.id, company_id, pictures, at=at)


@atomic
async def _plan(
    services: Services, message_id: UUID, company_id: UUID, pictures: Sequence[Picture], *, at: datetime
) -> None:
    await messages.lock(company_id, message_id)
    message = await messages.by_id(company_id, message_id)
    if message is None or not waits_for_plan(message):
        return
    if code := await templates.closed(message, at=at):
        await fates.stop(message, code, at=at)
        return
    filled = await templates.of_message(message)
    account = message.account_id and await accounts.by_id(company_id, message.account_id)
    if not account or message.contact_id is None or message.recipient is None:
        raise NotFound("channel.unknown")
    draft = await _draft(message, message.contact_id, filled, pictures)
    # A template that was chosen leaves as such, whatever the window has become meanwhile.
    until = None if filled else await ways.window(account, message.contact_id)
    reach = Reach(open_channel(services, account), message.recipient, at, until)
    intent = uuid5(message.id, "introduction")
    planned = await introductions.plan(reach, account, message.contact_id, draft, intent=intent)
    if isinstance(planned, Blocked):
        await fates.stop(message, planned.code, values=planned.values, at=at)
        return
    await _write(message, planned, at=at)


async def _draft(
    message: Message, contact_id: UUID, filled: templates.Filled | None, pictures: Sequence[Picture]
) -> Draft:
    count = steps_at_most(len(pictures))
    return Draft(
        intent_ids=(message.id, *[uuid5(message.id, str(place)) for place in range(1, count)]),
        text="" if filled else message.text,
        pictures=tuple(pictures),
        template=filled.known.template if filled else None,
        values=filled.values if filled else (),
        quote=message.context_id or None,
        automatic=message.author_id is None,
        subject=await drafting.subject(message.company_id, message.job_id),
        thread=await drafting.thread(message.company_id, contact_id, message.channel),
    )


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
    await turns.send_soon(first, at=at)


@atomic
async def _refuse(message: Message, code: str, *, at: datetime) -> None:
    await fates.stop(message, code, at=at)
