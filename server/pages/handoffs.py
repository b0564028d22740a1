"""The hand-off on the phone: share the photos, open the messenger, say what became of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.actions import handoffs
from server.actions.handoffs import Offer
from server.channels.handoff import HandoffState, desktop_link
from server.db import customers, renditions
from server.domain.accounts import HANDOFF
from server.domain.errors import Forbidden, NotFound
from server.domain.messages import Message, MessageState
from server.domain.questions import Question
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class StateForm:
    """`package`: the one the page showed; what is said of it is not said of a later one, perhaps to somebody else."""

    state: HandoffState = forms.one_of(HandoffState)
    via: str = forms.text(max=32, default="")
    package: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class ViaQuery:
    """The channel of the messenger it is to go through."""

    via: str = forms.text(max=32, default="")


async def show(request: Request) -> Response:
    """Show the package: the messengers to choose from, photos, words, and the way into the chosen one."""
    question, at = await _question(request), services(request).clock()
    contact = question.contact_id and await customers.contact_by_id(question.company_id, question.contact_id)
    prepared = await handoffs.prepared(question)
    offers = await handoffs.offers(question, prepared, contact, at=at) if prepared and contact else []
    chosen = _chosen(offers, forms.read_query(request, ViaQuery).via, prepared)
    via = chosen.messenger.channel if chosen else ""
    package = await handoffs.shareable(question, via=via, at=at)
    return await page(
        request,
        "handoffs/show.html",
        nav="questions",
        question=question,
        package=package,
        text=chosen.text if chosen else (package.text if package else ""),
        names=_names(package),
        contact=contact or None,
        offers=offers,
        chosen=chosen,
        via=via,
        link=chosen.link if chosen and package else "",
        desktop=desktop_link(chosen.to.value, chosen.text)
        if chosen and chosen.to and package and via == HANDOFF
        else "",
    )


def _chosen(offers: Sequence[Offer], wanted: str, prepared: Message | None) -> Offer | None:
    """Return the messenger as wished, else the one that was opened already, else the best."""
    opened = prepared.channel if prepared and prepared.state is not MessageState.PREPARED else ""
    named = [one for one in offers if one.messenger.channel in (wanted or opened,)]
    return next(iter([*named, *offers]), None)


async def move(request: Request) -> Response:
    """Note how far the hand-off has come."""
    question, typed = await _question(request), (await forms.read(request, StateForm)).data
    state = typed.state
    at = services(request).clock()
    await handoffs.move(access.actor(request), question, state, via=typed.via, package=typed.package, at=at)
    here = f"/questions/{question.id}"
    if "x-client" in request.headers:  # our script, which stays where it is
        return Response(status_code=204)
    ended = state in (HandoffState.CONFIRMED, HandoffState.DISCARDED)
    return see_other(
        request, here if ended else f"{here}/handoff", flash=f"handoff.{state}" if ended else None
    )


async def picture(request: Request) -> Response:
    """Give the copy of a photo that may leave, while the package may be shared."""
    question, place = await _question(request), request.path_params["place"]
    via = forms.read_query(request, ViaQuery).via
    package = await handoffs.shareable(question, via=via, at=services(request).clock())
    if package is None or not 1 <= place <= len(question.photo_ids):
        raise NotFound("handoff.unknown")
    copy = await renditions.by_name(question.company_id, question.photo_ids[place - 1], "outgoing")
    if copy is None:
        raise NotFound("handoff.unknown")
    headers = {
        "Content-Disposition": f'attachment; filename="{_names(package)[place - 1]}"',
        "Content-Length": str(copy.size_bytes),
        "Cache-Control": "private, no-store",
    }
    body: AsyncIterator[bytes] = services(request).storage.get(copy.storage_key)
    return StreamingResponse(body, headers=headers, media_type=copy.mime)


async def _question(request: Request) -> Question:
    """Return the question if it is this person's to hand off. Raises NotFound, Forbidden."""
    question, actor = await access.question(request), access.actor(request)
    if not actor.at_desk and question.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    return question


def _names(package: Message | None) -> list[str]:
    names = package.step.get("names") if package and package.step else None
    return [str(name) for name in names] if isinstance(names, list) else []


_HANDOFF = "/questions/{question_id:uuid}/handoff"
routes = [
    route(_HANDOFF, show, who=Who.WORKER),
    route(_HANDOFF, move, who=Who.WORKER, methods=["POST"]),
    route(f"{_HANDOFF}/{{place:int}}.jpg", picture, who=Who.WORKER),
]
