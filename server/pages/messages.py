"""The office inbox: what customers wrote, what nobody could place, and what may or may not have arrived."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import fates, inbox
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import messages as messages_db
from server.db import questions as questions_db
from server.domain.questions import QuestionState
from server.domain.users import Actor
from server.ids import parse_id
from server.web import access, forms
from server.web.render import fragment, page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class ListQuery:
    before: str = forms.text(max=40, default="")


@dataclass(frozen=True, slots=True)
class FilingForm:
    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class FateForm:
    arrived: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class SeenForm:
    messages: tuple[UUID, ...] = forms.ids()


async def index(request: Request) -> Response:
    query = forms.read_query(request, ListQuery)
    return await page(request, "messages/index.html", nav="messages", **await _inbox(request, query.before))


async def listing(request: Request) -> Response:
    """Give the list alone, for the page that is open when something arrives."""
    return fragment(request, "messages/_list.html", **await _inbox(request, ""))


async def file(request: Request) -> Response:
    """Give a message its job and its person."""
    message, actor = await access.message(request), access.actor(request)
    typed = (await forms.read(request, FilingForm)).data
    await inbox.assign(
        actor, message, job_id=typed.job, contact_id=typed.contact, at=services(request).clock()
    )
    return see_other(request, "/messages", flash="message.filed")


async def settle(request: Request) -> Response:
    """Hear from a human what became of a free message in doubt: it is there, or it goes again."""
    message, actor = await access.message(request), access.actor(request)
    arrived = (await forms.read(request, FateForm)).data.arrived
    await fates.resolve(actor, message.id, arrived=arrived, at=services(request).clock())
    return see_other(request, "/messages", flash="question.arrived" if arrived else "question.again")


async def see(request: Request) -> Response:
    """Mark messages as seen."""
    typed = (await forms.read(request, SeenForm)).data
    await inbox.mark_seen(access.actor(request), typed.messages, at=services(request).clock())
    return see_other(request, "/messages", flash="message.seen")


async def _inbox(request: Request, before: str) -> dict[str, Any]:
    actor = access.actor(request)
    cursor = str(parse_id(before) or "") or None
    found = await messages_db.from_customers(actor.company_id, before=cursor)
    doubts = await questions_db.of_company(actor.company_id, states=(QuestionState.UNCLEAR,))
    people = await customers_db.contacts(actor.company_id)
    return {
        "found": found,
        "doubts": doubts.items,
        "unclear": [one for one in await messages_db.in_doubt(actor.company_id) if one.question_id is None],
        "said": await messages_db.of_questions(actor.company_id, [one.id for one in doubts.items]),
        "names": {contact.id: f"{contact.name} · {customer}" for contact, customer in people},
        "titles": await jobs_db.titles(actor.company_id, {one.job_id for one in found.items if one.job_id}),
        "open_jobs": await _open_jobs(actor),
    }


async def _open_jobs(actor: Actor) -> list[tuple[UUID, str]]:
    found = await jobs_db.search(actor.company_id, limit=200)
    return [(job.id, f"{job.number} · {job.title}") for job in found.items]


routes = [
    route("/messages", index, who=Who.OFFICE),
    route("/messages/_list", listing, who=Who.OFFICE),
    route("/messages/seen", see, who=Who.OFFICE, methods=["POST"]),
    route("/messages/{message_id:uuid}/fate", settle, who=Who.OFFICE, methods=["POST"]),
    route("/messages/{message_id:uuid}/filing", file, who=Who.OFFICE, methods=["POST"]),
]
