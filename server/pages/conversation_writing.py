"""What is written in a conversation: composed and sent, shown anew, taken back, or sent by hand."""

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import by_hand, composing, speech
from server.channels.handoff import HandoffState
from server.db import companies
from server.db import jobs as jobs_db
from server.domain.accounts import by_hand as by_hand_channel
from server.domain.conversations import Head
from server.domain.errors import Conflict, Invalid, NoConsent
from server.domain.messages import Message
from server.domain.speeches import Speech
from server.ids import new_id
from server.pages.composer import WordsForm, composer, moment_of, with_reply
from server.pages.composer_texts import values_for, values_of
from server.pages.conversations import ListQuery, thread_page
from server.web import access, forms
from server.web.render import see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class HandForm:
    state: HandoffState = forms.one_of(HandoffState)


async def write(request: Request) -> Response:
    """Send what was composed; a refusal keeps every word and says what to do."""
    head = await access.conversation_head(request)
    form = await _typed(request)
    if head.conversation.stranger:  # there is no composer that could show it
        raise Invalid("conversation.stranger", field="text")
    try:
        message = await _written(request, head, form)
    except (Invalid, NoConsent, Conflict) as refused:
        return await _again(request, head, form.refused(_of_form(refused)))
    place = f"{address_of(head)}#message-{message.id}"
    if by_hand_channel(message.channel):
        return see_other(request, place, flash="message.by_hand")
    if message.send_after and not form.data.day:  # nobody chose this hour
        return see_other(request, place, flash="message.waits")
    return see_other(request, place, flash="message.scheduled" if message.send_after else "message.said")


def _of_form(refused: Invalid | NoConsent | Conflict) -> Invalid:
    """Return what stands against it as something a form can show: at its field, or at the way."""
    if isinstance(refused, Invalid):
        return refused
    shown = Invalid(refused.code, field="channel" if isinstance(refused, NoConsent) else None)
    shown.values.update(refused.values)
    return shown


async def _typed(request: Request) -> forms.Form[WordsForm]:
    """Read the composer, the gaps of its templates too."""
    form = await forms.read(request, WordsForm)
    return replace(form, typed={**form.typed, "values": await values_of(request)})


async def _written(request: Request, head: Head, form: forms.Form[WordsForm]) -> Message:
    actor, at, typed = access.actor(request), services(request).clock(), form.data
    if (
        typed.job
        and await jobs_db.by_id(actor.company_id, typed.job, visible_to=access.only_own(actor)) is None
    ):
        raise Invalid("job.unknown", field="job")
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    words = composing.Words(
        intent=typed.intent,
        text=typed.text,
        channel=typed.channel,
        job_id=typed.job,
        photo_ids=typed.photos,
        quote_id=typed.quote,
        code=typed.code,
        send_after=moment_of(typed.day, typed.clock, company.zone),
        at_once=typed.at_once,
        template_id=typed.template,
        values=values_for(form.typed, typed.template),
    )
    contact_id = head.conversation.contact_id
    if by_hand_channel(typed.channel) and contact_id is not None and typed.template is None:
        if typed.photos:
            raise Invalid("way.by_hand_photos", field="photos")
        if words.send_after is not None:
            raise Invalid("schedule.by_hand", field="send_after")
        text = await composing.ready(actor, contact_id, words, at=at)
        said = Speech(
            intent=typed.intent,
            contact_id=contact_id,
            channel=typed.channel,
            text=text,
            job_id=typed.job,
        )
        return await by_hand.prepare(actor, said, at=at)
    return await composing.write(actor, head.conversation, words, at=at)


async def draft(request: Request) -> Response:
    """Show the composer anew: with a ready-made text below what was typed, by another way, or a template as it reads.

    Sends nothing.
    """
    head, actor = await access.conversation_head(request), access.actor(request)
    form: forms.Form[Any] = await _typed(request)
    reply = form.value.reply if form.value else None
    job_id = form.value.job if form.value else None
    typed = {**form.typed, "intent": form.get("intent") or str(new_id())}
    form = forms.blank(typed | ({"channel": typed["way"]} if typed.get("way") else {}))
    if reply and head.conversation.contact_id:
        job = (
            await jobs_db.by_id(actor.company_id, job_id, visible_to=access.only_own(actor))
            if job_id
            else None
        )
        ready = await composer(request, head.conversation.contact_id, job, form)
        form = with_reply(ready, reply) if ready else form
    return await thread_page(request, head, ListQuery(job=job_id), form=form)


async def cancel(request: Request) -> Response:
    """Take back what has not left yet."""
    message, head = await _own(request)
    await speech.cancel(access.actor(request), message, at=services(request).clock())
    return see_other(request, address_of(head), flash="message.cancelled")


async def settle_by_hand(request: Request) -> Response:
    """Hear what became of a message that was sent by hand."""
    message, head = await _own(request)
    state = (await forms.read(request, HandForm)).data.state
    await by_hand.move(access.actor(request), message, state, at=services(request).clock())
    if "x-client" in request.headers:  # our script, which stays where it is
        return Response(status_code=204)
    return see_other(request, address_of(head), flash="message.by_hand_told")


async def _own(request: Request) -> tuple[Message, Head]:
    """Return the message of the path and its conversation, if this person may see it. Raises NotFound."""
    message = await access.message(request)
    request.path_params["conversation_id"] = message.conversation_id
    access.known(message.conversation_id, "message.unknown")
    return message, await access.conversation_head(request)


async def _again(request: Request, head: Head, form: forms.Form[Any]) -> Response:
    typed = {**form.typed, "intent": form.get("intent") or str(new_id())}
    job = forms.parsed(WordsForm, {**typed}).value
    query = ListQuery(job=job.job if job else None)
    return await thread_page(request, head, query, form=replace(form, typed=typed), status=422)


def address_of(head: Head) -> str:
    """Return the address of a conversation."""
    return f"/messages/{head.conversation.id}"


_ONE = "/messages/{conversation_id:uuid}"
_MESSAGE = "/messages/{message_id:uuid}"
routes = [
    route(_ONE, write, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/draft", draft, who=Who.WORKER, methods=["POST"]),
    route(f"{_MESSAGE}/cancellation", cancel, who=Who.WORKER, methods=["POST"]),
    route(f"{_MESSAGE}/handoff", settle_by_hand, who=Who.WORKER, methods=["POST"]),
]
