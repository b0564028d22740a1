"""What is done in a conversation: noted, given to somebody, labelled, filed, told who it is.

What is written in it is `pages/conversation_writing.py`.
"""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import conversations as talks
from server.actions import internal_notes, labels, ranges
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import users
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.errors import Invalid
from server.domain.jobs import SHOWN
from server.pages.conversation_writing import address_of
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
class SettleForm:
    """`heard`: the customer's newest message on the page; without one (a page of before) whatever there is."""

    heard: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class ContactForm:
    contact: UUID = forms.choice_id()


@dataclass(frozen=True, slots=True)
class CustomerForm:
    name: str = forms.text(max=200)
    phone: str = forms.text(max=60, default="")


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
    return see_other(request, f"{address_of(head)}#newest", flash="note.internal")


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
    return see_other(request, f"{address_of(head)}#newest", flash="conversation.handed_over")


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
    return see_other(request, address_of(head), flash="conversation.taken")


async def label(request: Request) -> Response:
    head, actor = await access.conversation_head(request), access.actor(request)
    ids = (await forms.read(request, LabelsForm)).data.labels
    await labels.put(actor, head.conversation, ids, at=services(request).clock())
    return see_other(request, address_of(head), flash="conversation.labelled")


async def settle(request: Request) -> Response:
    """Say that nothing is left to answer; on to who waits next."""
    head, actor = await access.conversation_head(request), access.actor(request)
    heard = (await forms.read(request, SettleForm)).data.heard
    await talks.settle(actor, head.conversation, heard=heard, at=services(request).clock())
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
    return see_other(request, address_of(head), flash="conversation.no_spam")


async def file(request: Request) -> Response:
    """Give a stretch of the conversation its job."""
    head, actor = await access.conversation_head(request), access.actor(request)
    typed = (await forms.read(request, RangeForm)).data
    if not typed.messages:
        raise Invalid("range.empty", field="messages")
    at = services(request).clock()
    await ranges.file(actor, head.conversation, typed.messages[0], typed.messages[-1], typed.job, at=at)
    return see_other(request, f"{address_of(head)}#newest", flash="conversation.filed")


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
    return see_other(request, f"{address_of(head)}#newest", flash="conversation.new_customer")


_ONE = "/messages/{conversation_id:uuid}"
routes = [
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
]
