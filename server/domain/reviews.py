"""The office's word on a photo: released, rejected, or please once more."""

from enum import StrEnum

from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.photos import Photo, PhotoState
from server.domain.users import Actor, Right


class Verdict(StrEnum):
    RELEASED = "released"
    REJECTED = "rejected"
    RETAKE = "retake"


VERBS = {
    Verdict.RELEASED: "photo.released",
    Verdict.REJECTED: "photo.rejected",
    Verdict.RETAKE: "photo.retake_asked",
}
NOTE_MAX = 500


def decide(actor: Actor, photo: Photo, verdict: Verdict, note: str) -> str:
    """Return the checked note of a decision that may be made.

    Raises Forbidden, Conflict for a photo whose bytes are not here, Invalid for one without a job or a long note.
    A worker releases his own photos only, and only where the company lets him.
    """
    own_release = verdict is Verdict.RELEASED and actor.may(Right.RELEASE) and photo.author_id == actor.id
    if not (actor.may(Right.REVIEW) or own_release):
        raise Forbidden("role.not_allowed")
    if photo.state is not PhotoState.STORED:
        raise Conflict("review.not_here")
    if verdict is Verdict.RELEASED and photo.job_id is None:
        raise Invalid("review.no_job", field="job")
    note = note.strip()
    if len(note) > NOTE_MAX:
        raise Invalid("field.too_long", field="note", max=NOTE_MAX)
    return note
