"""Who acts, and the one door to each thing: within the company, within the role, else it does not exist."""

from datetime import date
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request

from server.db import (
    accounts,
    companies,
    customers,
    devices,
    imports,
    jobs,
    logbook,
    messages,
    notes,
    partners,
    photos,
    questions,
    share_links,
    threads,
    users,
)
from server.domain.accounts import Account
from server.domain.conversations import Head
from server.domain.customers import Contact, Customer
from server.domain.devices import Device
from server.domain.errors import Merged, NotFound, SignedOut
from server.domain.imports.chat_import import ChatImport, ImportState
from server.domain.jobs import Job
from server.domain.messages import Message
from server.domain.notes import Note
from server.domain.partners import Partner, PartnerContract
from server.domain.photos import Photo
from server.domain.questions import Question
from server.domain.share_links import ShareLink
from server.domain.users import Actor, Role, User
from server.web.state import services

T = TypeVar("T")


def actor(request: Request) -> Actor:
    """Return the one who acts. Raises SignedOut on a route that admits anyone."""
    found: Actor | None = getattr(request.state, "actor", None)
    if found is None:
        raise SignedOut("session.none")
    return found


def only_own(found: Actor) -> UUID | None:
    """Return whose jobs limit what is seen: a worker sees the jobs he is a member of and those without members."""
    return found.id if found.role is Role.WORKER else None


async def job(request: Request) -> Job:
    """Return the job of the path. Raises NotFound, also for a worker who is not a member, and Merged."""
    found = actor(request)
    job_id, eyes = request.path_params["job_id"], only_own(found)
    job = await jobs.by_id(found.company_id, job_id, visible_to=eyes, merged=True)
    if job and job.merged_into_id:
        raise Merged(job.merged_into_id)
    return known(job, "job.unknown")


async def customer(request: Request) -> Customer:
    """Return the customer of the path. Raises NotFound."""
    customer = await customers.by_id(actor(request).company_id, request.path_params["customer_id"])
    return known(customer, "customer.unknown")


async def contact(request: Request) -> Contact:
    """Return the contact of the path. Raises NotFound, and Merged."""
    company_id, contact_id = actor(request).company_id, request.path_params["contact_id"]
    contact = await customers.contact_by_id(company_id, contact_id, merged=True)
    if contact and contact.merged_into_id:
        raise Merged(contact.merged_into_id, noun="contact")
    return known(contact, "contact.unknown")


async def partner(request: Request) -> Partner:
    """Return the partner of the path. Raises NotFound."""
    partner = await partners.by_id(actor(request).company_id, request.path_params["partner_id"])
    return known(partner, "partner.unknown")


async def contract(request: Request) -> PartnerContract:
    """Return the partner's contract of the path. Raises NotFound."""
    contract = await partners.contract_by_id(actor(request).company_id, request.path_params["contract_id"])
    return known(contract, "contract.unknown")


async def share_link(request: Request) -> ShareLink:
    """Return the link with photos of the path. Raises NotFound."""
    link = await share_links.by_id(actor(request).company_id, request.path_params["share_link_id"])
    return known(link, "share.unknown")


async def today(request: Request) -> date:
    """Return the day it is where the firm is."""
    company = known(await companies.by_id(actor(request).company_id), "company.unknown")
    return company.day_of(services(request).clock())


async def photo(request: Request, *, trashed: bool = False) -> Photo:
    """Return the photo of the path. A worker sees his own and those of jobs he sees. Raises NotFound."""
    found = actor(request)
    photo = await photos.by_id(found.company_id, request.path_params["photo_id"], trashed=trashed)
    return known(photo if photo and await _sees(found, photo) else None, "photo.unknown")


async def note(request: Request) -> Note:
    """Return the note of the path. A worker sees his own and those of jobs he sees. Raises NotFound."""
    found = actor(request)
    note = await notes.by_id(found.company_id, request.path_params["note_id"])
    return known(note if note and await _sees(found, note) else None, "note.unknown")


async def question(request: Request) -> Question:
    """Return the question of the path. A worker sees his own and those of jobs he sees. Raises NotFound."""
    found = actor(request)
    question = await questions.by_id(found.company_id, request.path_params["question_id"])
    return known(question if question and await _sees(found, question) else None, "question.unknown")


async def _sees(found: Actor, thing: Photo | Question | Note) -> bool:
    if found.role is not Role.WORKER or thing.author_id == found.id:
        return True
    if thing.job_id is None:
        return False
    return await jobs.by_id(found.company_id, thing.job_id, visible_to=found.id) is not None


async def message(request: Request) -> Message:
    """Return the message of the path, for the office. Raises NotFound."""
    message = await messages.by_id(actor(request).company_id, request.path_params["message_id"])
    return known(message, "message.unknown")


async def conversation_head(request: Request) -> Head:
    """Return the conversation of the path with what a list tells of it. Raises NotFound, and Merged.

    A piece of an open page is not led on: another thread would stand under this one's name.
    """
    found, conversation_id = actor(request), request.path_params["conversation_id"]
    head = await threads.head(found.company_id, conversation_id, worker=only_own(found))
    if head is None and "hx-request" not in request.headers:
        after = await logbook.thread_after(found.company_id, conversation_id)
        if after and await threads.head(found.company_id, after, worker=only_own(found)):
            raise Merged(after, noun="conversation")
    return known(head, "conversation.unknown")


async def chat_import(request: Request) -> ChatImport:
    """Return the imported chat of the path, for the office. Raises NotFound, also for one that was thrown away."""
    chat = await imports.by_id(actor(request).company_id, request.path_params["import_id"])
    return known(chat if chat and chat.state is not ImportState.DISCARDED else None, "import.unknown")


async def account(request: Request) -> Account:
    """Return the channel account of the path. Raises NotFound."""
    account = await accounts.by_id(actor(request).company_id, request.path_params["account_id"])
    return known(account, "channel.unknown")


async def user(request: Request) -> User:
    """Return the person of the path. Raises NotFound."""
    user = await users.by_id(actor(request).company_id, request.path_params["user_id"])
    return known(user, "user.unknown")


async def device(request: Request) -> Device:
    """Return the phone of the path. Raises NotFound."""
    device = await devices.by_id(actor(request).company_id, request.path_params["device_id"])
    return known(device, "device.unknown")


def known(found: T | None, code: str) -> T:
    """Return what was found. Raises NotFound."""
    if found is None:
        raise NotFound(code)
    return found
