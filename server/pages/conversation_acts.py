"""What is done in a conversation: written, noted, given to somebody, labelled, filed, told who it is."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from server.actions import by_hand, composing, internal_notes, labels, ranges, speech
from server.actions import conversations as talks
from server.channels.handoff import HandoffState
from server.db import companies, users
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.domain.accounts import by_hand as by_hand_channel
from server.domain.conversations import Head
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.errors import Conflict, Invalid, NoConsent
from server.domain.jobs import SHOWN
from server.domain.messages import Message
from server.ids import new_id
from server.pages.composer import WordsForm, composer, moment_of, with_reply
from server.pages.composer_texts import values_for, values_of
from server.pages.conversations import ListQuery, thread_page
from server.web import access, forms
from server.web.render import see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class NoteForm:
    note: str = forms.text(max=4000, lines=True)
    job: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class BeginForm:
    job: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class AssigneeForm:
    user: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class LabelsForm:
    labels: tuple[UUID, ...] = forms.ids()


@dataclass(frozen=True, slots=True)
class SpamForm:
    spam: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class RangeForm:
    """The first and the last of the ticked messages are the ends; what lies between belongs to it."""

    job: UUID = forms.choice_id()
    messages: tuple[UUID, ...] = forms.ids()


@dataclass(frozen=True, slots=True)
class ContactForm:
    contact: UUID = forms.choice_id()


@dataclass(frozen=True, slots=True)
class CustomerForm:
    name: str = forms.text(max=200)
    phone: str = forms.text(max=60, default="")


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
    place = f"{_address(head)}#message-{message.id}"
    if by_hand_channel(message.channel):
        return see_other(request, place, flash="message.by_hand")
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
        send_after=moment_of(typed.day, typed.clock, ZoneInfo(company.timezone)),
        at_once=typed.at_once,
        template_id=typed.template,
        values=values_for(form.typed, typed.template),
    )
    contact_id = head.conversation.contact_id
    if by_hand_channel(typed.channel) and contact_id is not None and typed.template is None:
        if typed.photos:
            raise Invalid("way.by_hand_photos", field="photos")
        text = await composing.ready(actor, contact_id, words, at=at)
        return await by_hand.prepare(
            actor,
            intent=typed.intent,
            contact_id=contact_id,
            channel=typed.channel,
            text=text,
            job_id=typed.job,
            at=at,
        )
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
    return see_other(request, _address(head), flash="message.cancelled")


async def settle_by_hand(request: Request) -> Response:
    """Hear what became of a message that was sent by hand."""
    message, head = await _own(request)
    state = (await forms.read(request, HandForm)).data.state
    await by_hand.move(access.actor(request), message, state, at=services(request).clock())
    if "x-client" in request.headers:  # our script, which stays where it is
        return Response(status_code=204)
    return see_other(request, _address(head), flash="message.by_hand_told")


async def _own(request: Request) -> tuple[Message, Head]:
    """Return the message of the path and its conversation, if this person may see it. Raises NotFound."""
    message = await access.message(request)
    request.path_params["conversation_id"] = message.conversation_id
    access.known(message.conversation_id, "message.unknown")
    return message, await access.conversation_head(request)


async def note(request: Request) -> Response:
    head, actor = await access.conversation_head(request), access.actor(request)
    form = await forms.read(request, NoteForm)
    try:
        job_id = await _seen_job(request, form.data.job)
        await internal_notes.write(
            actor, form.data.note, conversation=head.conversation, job_id=job_id, at=services(request).clock()
        )
    except Invalid as refused:
        return await thread_page(request, head, ListQuery(), note=form.refused(refused), status=422)
    return see_other(request, f"{_address(head)}#newest", flash="note.internal")


async def hand_over(request: Request) -> Response:
    head, actor = await access.conversation_head(request), access.actor(request)
    form = await forms.read(request, NoteForm)
    try:
        job_id = await _seen_job(request, form.data.job)
        await internal_notes.hand_over(
            actor, head.conversation, form.data.note, job_id=job_id, at=services(request).clock()
        )
    except Invalid as refused:
        return await thread_page(request, head, ListQuery(), note=form.refused(refused), status=422)
    return see_other(request, f"{_address(head)}#newest", flash="conversation.handed_over")


async def _seen_job(request: Request, job_id: UUID | None) -> UUID | None:
    actor = access.actor(request)
    if job_id and await jobs_db.by_id(actor.company_id, job_id, visible_to=access.only_own(actor)) is None:
        raise Invalid("job.unknown", field="job")
    return job_id


async def note_of_job(request: Request) -> Response:
    job, form = await access.job(request), await forms.read(request, NoteForm)
    await internal_notes.write(
        access.actor(request), form.data.note, job_id=job.id, at=services(request).clock()
    )
    return see_other(request, f"/jobs/{job.id}#internal", flash="note.internal")


async def begin(request: Request) -> Response:
    """Open the conversation with a contact, also where nothing was said yet."""
    contact, actor = await access.contact(request), access.actor(request)
    eyes = access.only_own(actor)
    if eyes:
        found = await jobs_db.search(
            actor.company_id, customer_id=contact.customer_id, states=SHOWN, visible_to=eyes, limit=200
        )
        ours = any(job.contact_id == contact.id for job in found.items)
        access.known(contact if ours else None, "contact.unknown")
    job_id = (await forms.read(request, BeginForm)).data.job
    there = await talks.open_for(actor, contact, at=services(request).clock())
    return see_other(request, f"/messages/{there.id}{f'?job={job_id}' if job_id else ''}#newest")


async def assign(request: Request) -> Response:
    """Give the conversation to a colleague, or to nobody."""
    head, actor = await access.conversation_head(request), access.actor(request)
    user_id = (await forms.read(request, AssigneeForm)).data.user
    if user_id:
        access.known(await users.by_id(actor.company_id, user_id), "user.unknown")
    await talks.take(actor, head.conversation, user_id, at=services(request).clock())
    return see_other(request, _address(head), flash="conversation.taken")


async def label(request: Request) -> Response:
    head, actor = await access.conversation_head(request), access.actor(request)
    ids = (await forms.read(request, LabelsForm)).data.labels
    await labels.put(actor, head.conversation, ids, at=services(request).clock())
    return see_other(request, _address(head), flash="conversation.labelled")


async def settle(request: Request) -> Response:
    """Say that nothing is left to answer; on to who waits next."""
    head, actor = await access.conversation_head(request), access.actor(request)
    await talks.settle(actor, head.conversation, at=services(request).clock())
    return see_other(request, "/messages", flash="conversation.settled")


async def judge(request: Request) -> Response:
    """Put a stranger's conversation into the spam, or take it out again."""
    head, actor, at = (
        await access.conversation_head(request),
        access.actor(request),
        services(request).clock(),
    )
    if (await forms.read(request, SpamForm)).data.spam:
        await talks.spam(actor, head.conversation, at=at)
        return see_other(request, "/messages", flash="conversation.spam")
    await talks.no_spam(actor, head.conversation, at=at)
    return see_other(request, _address(head), flash="conversation.no_spam")


async def file(request: Request) -> Response:
    """Give a stretch of the conversation its job."""
    head, actor = await access.conversation_head(request), access.actor(request)
    typed = (await forms.read(request, RangeForm)).data
    if not typed.messages:
        raise Invalid("range.empty", field="messages")
    at = services(request).clock()
    await ranges.file(actor, head.conversation, typed.messages[0], typed.messages[-1], typed.job, at=at)
    return see_other(request, f"{_address(head)}#newest", flash="conversation.filed")


async def known_customer(request: Request) -> Response:
    """A stranger is somebody we know."""
    head, actor = await access.conversation_head(request), access.actor(request)
    contact_id = (await forms.read(request, ContactForm)).data.contact
    contact = access.known(await customers_db.contact_by_id(actor.company_id, contact_id), "contact.unknown")
    there = await talks.assign(actor, head.conversation, contact, at=services(request).clock())
    return see_other(request, f"/messages/{there.id}#newest", flash="conversation.known")


async def new_customer(request: Request) -> Response:
    """A stranger is a new customer."""
    head, actor = await access.conversation_head(request), access.actor(request)
    typed = (await forms.read(request, CustomerForm)).data
    person = ContactDraft(typed.name, typed.phone)
    await talks.new_customer(
        actor, head.conversation, CustomerDraft(typed.name), person, at=services(request).clock()
    )
    return see_other(request, f"{_address(head)}#newest", flash="conversation.new_customer")


async def _again(request: Request, head: Head, form: forms.Form[Any]) -> Response:
    typed = {**form.typed, "intent": form.get("intent") or str(new_id())}
    job = forms.parsed(WordsForm, {**typed}).value
    query = ListQuery(job=job.job if job else None)
    return await thread_page(request, head, query, form=replace(form, typed=typed), status=422)


def _address(head: Head) -> str:
    return f"/messages/{head.conversation.id}"


_ONE = "/messages/{conversation_id:uuid}"
_MESSAGE = "/messages/{message_id:uuid}"
routes = [
    route(_ONE, write, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/draft", draft, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/notes", note, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/handover", hand_over, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/assignee", assign, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/labels", label, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/settlement", settle, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/spam", judge, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/stretches", file, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/contact", known_customer, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/customer", new_customer, who=Who.OFFICE, methods=["POST"]),
    route("/jobs/{job_id:uuid}/internal-notes", note_of_job, who=Who.WORKER, methods=["POST"]),
    route("/contacts/{contact_id:uuid}/conversation", begin, who=Who.WORKER, methods=["POST"]),
    route(f"{_MESSAGE}/cancellation", cancel, who=Who.WORKER, methods=["POST"]),
    route(f"{_MESSAGE}/handoff", settle_by_hand, who=Who.WORKER, methods=["POST"]),
]
