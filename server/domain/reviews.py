"""The office's verdict on a photo: who may give it, and what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.photos import Decode, Person, Phase, Photo, PhotoState
from server.domain.users import Actor, Right

NOTE_MAX = 500


class Verdict(StrEnum):
    """What is decided about a photo; NEW takes a decision back."""

    NEW = "new"
    RELEASED = "released"
    REJECTED = "rejected"
    RETAKE = "retake"


VERBS = {
    Verdict.NEW: "photo.reopened",
    Verdict.RELEASED: "photo.released",
    Verdict.REJECTED: "photo.rejected",
    Verdict.RETAKE: "photo.retake_asked",
}


PERSON_VERBS = {
    Person.NONE: "photo.person_none",
    Person.OPEN: "photo.person_open",
    Person.AGREED: "photo.person_agreed",
    Person.BLURRED: "photo.person_blurred",
}


def check_person(actor: Actor, person: Person, note: str) -> str:
    """Return the checked note of a flag "somebody can be recognised".

    Raises Forbidden for a worker who clears one, Invalid for a consent nobody says a word about.
    """
    if person is not Person.OPEN and not actor.may(Right.REVIEW):
        raise Forbidden("role.not_allowed")
    note = note.strip()
    if len(note) > NOTE_MAX:
        raise Invalid("field.too_long", field="note", max=NOTE_MAX)
    if person is Person.AGREED and not note:
        raise Invalid("photo.person_proof", field="note")
    return note


def decide(actor: Actor, photo: Photo, verdict: Verdict, note: str) -> str:
    """Return the checked note of a decision that may be made.

    Raises Forbidden, Conflict for a photo whose bytes are not here, Invalid for the release of one that has no job
    or cannot be shown, and for a long note. A worker releases his own photos only, and only where the company lets him.
    """
    own_release = verdict is Verdict.RELEASED and actor.may(Right.RELEASE) and photo.author_id == actor.id
    if not (actor.may(Right.REVIEW) or own_release):
        raise Forbidden("role.not_allowed")
    if photo.state is not PhotoState.STORED:
        raise Conflict("review.not_here")
    if verdict is Verdict.RELEASED and photo.job_id is None:
        raise Invalid("review.no_job", field="job")
    if verdict is Verdict.RELEASED and photo.decode is Decode.FAILED:
        raise Invalid("review.no_picture", field="verdict")
    note = note.strip()
    if len(note) > NOTE_MAX:
        raise Invalid("field.too_long", field="note", max=NOTE_MAX)
    return note


@dataclass(frozen=True, slots=True)
class Arrival:
    """A job with photos nobody has looked at yet; of `following` ones the original is still on the phone."""

    job_id: UUID
    number: str
    title: str
    photos: int
    authors: tuple[str, ...]
    newest_at: datetime
    following: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Homeless:
    """What has no job: how many photos and notes, from whom, and what the phones called their jobs."""

    photos: int = 0
    following: int = 0
    authors: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    late: int = 0
    notes: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Questions that wait: for the customer, for the office, for somebody who knows what happened."""

    answers: int = 0
    oldest_at: datetime | None = None
    unreleased: int = 0
    unclear: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that were taken together: one day, one person, one phase, and one hint when they have no job."""

    captured_at: datetime
    author_name: str
    phase: Phase | None
    hint: str
    photos: tuple[Photo, ...]


def grouped(photos: Sequence[Photo], days: Sequence[object]) -> list[Group]:
    """Return the groups, newest first, each in the order of shooting.

    `days[n]` is the local day of `photos[n]`; the caller knows the time zone.
    """
    found: dict[tuple[object, ...], list[Photo]] = {}
    for photo, day in sorted(zip(photos, days, strict=True), key=lambda pair: pair[0].captured_at):
        hint = "" if photo.job_id else photo.job_hint
        found.setdefault((day, hint, photo.author_name, photo.phase), []).append(photo)
    groups = [Group(some[0].captured_at, key[2], key[3], key[1], tuple(some)) for key, some in found.items()]  # type: ignore[arg-type]
    return sorted(groups, key=lambda group: group.photos[-1].captured_at, reverse=True)
