"""A job's chronology: what happened, in the order it happened, told in few entries."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.calls import Call
from server.domain.consents import Consent
from server.domain.logbook import Entry as LogEntry
from server.domain.media import Medium
from server.domain.messages import Direction, Message
from server.domain.notes import Note, NoteKind
from server.domain.photos import Phase, Photo
from server.domain.questions import Question

RUN_S = 1800


class Kind(StrEnum):
    """What a chronology can be narrowed to."""

    PHOTOS = "photos"
    QUESTIONS = "questions"
    MESSAGES = "messages"
    NOTES = "notes"
    CALLS = "calls"
    LOGBOOK = "logbook"


# Of the logbook only what a reader of the job wants to know; the rest stands in the logbook itself.
TOLD = (
    "photo.released",
    "photo.rejected",
    "photo.retake_asked",
    "photo.reopened",
    "photo.moved",
    "photo.late",
    "photo.deleted",
    "photo.restored",
    "note.late",
    "note.disputed",
    "note.settled",
    "job.opened",
    "job.state_changed",
    "job.assigned",
    "job.merged",
    "job.took_in",
    "import.done",
    "import.taken_back",
)


@dataclass(frozen=True, slots=True)
class PhotoRun:
    """Photos one person took of one phase in the same half hour, newest first."""

    at: datetime
    author_name: str
    phase: Phase | None
    photos: tuple[Photo, ...]
    kind: Kind = Kind.PHOTOS

    @property
    def id(self) -> UUID:
        return self.photos[0].id

    @property
    def pictures(self) -> list[Photo]:
        return [photo for photo in self.photos if photo.medium is Medium.IMAGE]

    @property
    def clips(self) -> list[Photo]:
        return [photo for photo in self.photos if photo.medium is not Medium.IMAGE]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what the customer said to it; `moved_at` is when its messages last moved on."""

    at: datetime
    question: Question
    answers: tuple[Message, ...] = ()
    moved_at: datetime | None = None
    kind: Kind = Kind.QUESTIONS

    @property
    def id(self) -> UUID:
        return self.question.id


@dataclass(frozen=True, slots=True)
class Said:
    """A message that belongs to no question."""

    at: datetime
    message: Message
    contact_name: str
    kind: Kind = Kind.MESSAGES

    @property
    def id(self) -> UUID:
        return self.message.id

    @property
    def ours(self) -> bool:
        return self.message.direction is Direction.OUT


@dataclass(frozen=True, slots=True)
class Written:
    """A note or a call note; `call` is what is known of the call besides its words."""

    at: datetime
    note: Note
    call: Call | None = None

    @property
    def id(self) -> UUID:
        return self.note.id

    @property
    def kind(self) -> Kind:
        return Kind.CALLS if self.note.kind is NoteKind.CALL else Kind.NOTES


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of the logbook, or several equal ones of one person in the same half hour."""

    at: datetime
    id: UUID
    entry: LogEntry
    number: int = 1
    kind: Kind = Kind.LOGBOOK


@dataclass(frozen=True, slots=True)
class Agreed:
    """A line of the consent ledger of somebody at this job's customer."""

    at: datetime
    consent: Consent
    kind: Kind = Kind.LOGBOOK

    @property
    def id(self) -> UUID:
        return self.consent.id


Event = PhotoRun | Asked | Said | Written | Noted | Agreed


def told(events: Iterable[Event]) -> list[Event]:
    """Return the events, newest first, with runs drawn together; a run stands where its newest part stood."""
    found: list[Event] = []
    places: dict[tuple[object, ...], int] = {}
    for event in events:
        key = _run_of(event)
        if key is None or key not in places:
            if key is not None:
                places[key] = len(found)
            found.append(event)
        else:
            found[places[key]] = _joined(found[places[key]], event)
    return found


def _run_of(event: Event) -> tuple[object, ...] | None:
    """Return what makes two events one, or None for what always stands alone."""
    half_hour = int(event.at.timestamp()) // RUN_S
    if isinstance(event, PhotoRun):
        return (event.kind, half_hour, event.author_name, event.phase, event.photos[0].source)
    if isinstance(event, Noted) and event.entry.subject_kind == "photo":
        return (event.entry.verb, half_hour, event.entry.actor_name, str(event.entry.data.get("after")))
    return None


def _joined(run: Event, more: Event) -> Event:
    if isinstance(run, PhotoRun) and isinstance(more, PhotoRun):
        return replace(run, photos=run.photos + more.photos)
    assert isinstance(run, Noted) and isinstance(more, Noted), "only equals make a run"
    return replace(run, number=run.number + more.number)
