"""Single messages: filed with a job and a person, settled where nobody knows their fate, marked as seen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import fates, inbox
from server.domain.errors import Conflict
from server.domain.messages import Message
from server.web import access, forms
from server.web.render import see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class FilingForm:
    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class FateForm:
    """`seen`: as of when the page showed it; sent again and in doubt again since, it is for another look."""

    seen: datetime | None = forms.moment(default=None)
    arrived: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class SeenForm:
    messages: tuple[UUID, ...] = forms.ids()


async def file(request: Request) -> Response:
    """Give a message its job and its person."""
    message, actor = await access.message(request), access.actor(request)
    typed = (await forms.read(request, FilingForm)).data
    await inbox.assign(
        actor, message, job_id=typed.job, contact_id=typed.contact, at=services(request).clock()
    )
    return see_other(request, "/messages" if typed.contact else _thread(message), flash="message.filed")


async def settle(request: Request) -> Response:
    """Hear from a human what became of a free message in doubt: it is there, or it goes again."""
    message, actor = await access.message(request), access.actor(request)
    typed = (await forms.read(request, FateForm)).data
    if typed.seen not in (None, message.changed_at):
        raise Conflict("message.moved_on")
    arrived = typed.arrived
    await fates.resolve(actor, message.id, arrived=arrived, at=services(request).clock())
    return see_other(request, _thread(message), flash="question.arrived" if arrived else "question.again")


async def see(request: Request) -> Response:
    """Mark messages as seen."""
    typed = (await forms.read(request, SeenForm)).data
    await inbox.mark_seen(access.actor(request), typed.messages, at=services(request).clock())
    return see_other(request, "/messages", flash="message.seen")


def _thread(message: Message) -> str:
    if message.conversation_id is None:
        return "/messages"
    return f"/messages/{message.conversation_id}#message-{message.id}"


routes = [
    route("/messages/seen", see, who=Who.OFFICE, methods=["POST"]),
    route("/messages/{message_id:uuid}/fate", settle, who=Who.OFFICE, methods=["POST"]),
    route("/messages/{message_id:uuid}/filing", file, who=Who.OFFICE, methods=["POST"]),
]
