"""Who acts, and the one door to each thing: within the company, within the role, else it does not exist."""

from starlette.requests import Request

from server.domain.errors import Forbidden, SignedOut
from server.domain.users import Actor, Right


def actor(request: Request) -> Actor:
    """Return the one who acts. Raises SignedOut on a route that admits anyone."""
    found: Actor | None = getattr(request.state, "actor", None)
    if found is None:
        raise SignedOut("session.none")
    return found


def allowed(request: Request, right: Right) -> Actor:
    """Return the one who acts if he holds the right. Raises Forbidden."""
    found = actor(request)
    if not found.may(right):
        raise Forbidden("role.not_allowed")
    return found
