"""The office's verdict on a photo, for programs."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from server.actions import reviews
from server.api.v1.photos import PhotoJson, as_json
from server.domain.reviews import NOTE_MAX, Verdict
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class ReviewBody:
    """`verdict` "new" takes a decision back; the logbook keeps both."""

    verdict: Verdict = forms.one_of(Verdict)
    note: str = forms.text(max=NOTE_MAX, default="")


async def create(request: Request) -> Response:
    """Decide about a photo; the same again changes nothing."""
    photo, body = await access.photo(request), await forms.read_json(request, ReviewBody)
    at = services(request).clock()
    decided = await reviews.decide(access.actor(request), photo, verdict=body.verdict, note=body.note, at=at)
    return json_answer(as_json(decided))


routes = [
    route(
        "/api/v1/photos/{photo_id:uuid}/review",
        create,
        who=Who.WORKER,
        methods=["POST"],
        summary="Release, reject or ask for a photo again",
        body=ReviewBody,
        answer=PhotoJson,
    )
]
