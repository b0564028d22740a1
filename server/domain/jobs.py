"""Jobs: what they are called, the states they pass through, and who sees them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from server.domain.customers import address_of
from server.domain.errors import Conflict
from server.domain.search import folded
from server.domain.texts import line


class JobState(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    DONE = "done"
    ARCHIVED = "archived"
    MERGED = "merged"
    """It has become part of another job, which its id leads to; shown in no list."""


class JobStep(StrEnum):
    """What the office does with a job as a whole."""

    START = "start"
    FINISH = "finish"
    REOPEN = "reopen"
    ARCHIVE = "archive"
    RESTORE = "restore"


OPEN = (JobState.PLANNED, JobState.ACTIVE)
CLOSED = (JobState.DONE, JobState.ARCHIVED)
SHOWN = (*OPEN, *CLOSED)
STEPS: dict[JobState, dict[JobStep, JobState]] = {
    JobState.PLANNED: {JobStep.START: JobState.ACTIVE, JobStep.ARCHIVE: JobState.ARCHIVED},
    JobState.ACTIVE: {JobStep.FINISH: JobState.DONE, JobStep.ARCHIVE: JobState.ARCHIVED},
    JobState.DONE: {JobStep.REOPEN: JobState.ACTIVE, JobStep.ARCHIVE: JobState.ARCHIVED},
    JobState.ARCHIVED: {JobStep.RESTORE: JobState.ACTIVE},
    JobState.MERGED: {},
}


@dataclass(frozen=True, slots=True)
class JobDraft:
    """What can be typed about a job; an empty number means the next free one."""

    title: str
    number: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    customer_id: UUID | None = None
    contact_id: UUID | None = None

    def checked(self) -> Self:
        """Return the draft with clean fields. Raises Invalid naming the field."""
        return replace(
            self,
            title=line(self.title, "title", limit=200, required=True),
            number=line(self.number, "number", limit=40),
            street=line(self.street, "street", limit=200),
            postcode=line(self.postcode, "postcode", limit=20),
            city=line(self.city, "city", limit=100),
        )


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    company_id: UUID
    number: str
    title: str
    customer_id: UUID | None
    customer_name: str
    contact_id: UUID | None
    street: str
    postcode: str
    city: str
    state: JobState
    created_by_id: UUID | None
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None
    rev: int
    merged_into_id: UUID | None = None

    @property
    def site(self) -> str:
        return address_of(self.street, self.postcode, self.city)

    @property
    def steps(self) -> tuple[JobStep, ...]:
        return tuple(STEPS[self.state])


@dataclass(frozen=True, slots=True)
class Contents:
    """How much belongs to a job."""

    photos: int = 0
    notes: int = 0
    questions: int = 0
    messages: int = 0
    records: int = 0
    """What colleagues said to each other, what a customer agreed to for this job, links partners were given."""

    @property
    def talk(self) -> bool:
        """Say whether anything was said, agreed to or given out that must stay provable."""
        return bool(self.questions or self.messages or self.records)


@dataclass(frozen=True, slots=True)
class Twin:
    """A job that may be the same one; `by_address`: name and address are equal, else only the name."""

    job: Job
    by_address: bool


def twins(job: Job, others: Sequence[Job]) -> list[Twin]:
    """Return the jobs of the same name whose address is the same, or not known on one side."""
    found = []
    for other in others:
        if folded(other.title) != folded(job.title):
            continue
        here, there = folded(job.street, job.city), folded(other.street, other.city)
        if here == there or not here.strip() or not there.strip():
            found.append(Twin(other, bool(here.strip()) and here == there))
    return sorted(found, key=lambda twin: not twin.by_address)


@dataclass(frozen=True, slots=True)
class Badge:
    """What waits in a job, for its row in a list."""

    photos: int = 0
    """Photos not yet reviewed."""
    answers: int = 0
    """Answers of the customer nobody at the desk has seen."""
    open_questions: int = 0
    """Questions the customer still has to answer."""
    newest_photo_id: UUID | None = None


def next_state(state: JobState, step: JobStep) -> JobState:
    """Return the state after a step. Raises Conflict("job.step") when the job has moved on meanwhile."""
    after = STEPS[state].get(step)
    if after is None:
        raise Conflict("job.step", state=state, step=step)
    return after


def next_number(year: int, taken: list[str]) -> str:
    """Return the next free number of the year ("2026-118"); numbers of another pattern do not count."""
    prefix = f"{year}-"
    places = [number.removeprefix(prefix) for number in taken if number.startswith(prefix)]
    highest = max((int(place) for place in places if place.isdecimal() and len(place) <= 6), default=0)
    return f"{prefix}{highest + 1:03d}"
