"""The trash: what may be thrown away, by whom, and how long it can be taken back."""

from datetime import datetime, timedelta

from server.domain.errors import Conflict, Forbidden
from server.domain.photos import Photo
from server.domain.users import Actor, Right

KEPT = timedelta(days=30)
RELEASED = "released"


def check_delete(actor: Actor, photo: Photo) -> None:
    """Raise Forbidden unless this person may throw the photo away: the office any, its author one not yet released."""
    if actor.may(Right.REVIEW):
        return
    if photo.author_id != actor.id:
        raise Forbidden("photo.not_yours")
    if photo.review == RELEASED:
        raise Conflict("photo.released_stays")


def days_left(photo: Photo, at: datetime) -> int:
    """Return for how many days, begun ones included, a photo can still be taken back."""
    left = (photo.deleted_at or at) + KEPT - at
    return max(0, -(-left // timedelta(days=1)))
