"""What a phone says about itself in headers: its version, its id, its clock, whose things it sends."""

from uuid import UUID

from starlette.requests import Request

from server.domain.errors import Invalid, Outdated, SignedOut
from server.domain.sync import MIN_CLIENT
from server.domain.users import Actor
from server.ids import parse_id
from server.web import access

NAME_MAX = 200


def owner(request: Request) -> Actor:
    """Return the one who acts, if the things sent are his. Raises SignedOut for another's, Outdated for an old app.

    A phone may hold the unsent things of somebody who signed out: nobody else ever sends them (offline-pwa §4.6).
    """
    actor = access.actor(request)
    if client(request) not in range(MIN_CLIENT, 1_000_000):
        raise Outdated("client.too_old")
    claimed = request.headers.get("x-owner")
    if claimed and claimed.lower() != str(actor.id):
        raise SignedOut("session.other_user")
    return actor


def client(request: Request) -> int:
    """Return the version of the phone's app; other programs count as current."""
    text = request.headers.get("x-client")
    if text is None:
        return MIN_CLIENT
    return int(text) if text.isdecimal() and len(text) <= 6 else 0


def device_id(request: Request) -> UUID | None:
    """Return the phone's name for itself. Raises Invalid for something that is no id."""
    text = request.headers.get("x-device")
    found = parse_id(text) if text else None
    if text and found is None:
        raise Invalid("item.id", field="X-Device")
    return found


def device_name(request: Request) -> str:
    """Return what the browser calls itself."""
    return request.headers.get("user-agent", "")[:NAME_MAX]
