"""An exported chat: what a file holds, who takes part, which lines become messages of which job.

WhatsApp is the only messenger whose app exports a chat as text. What comes in this way proves nothing: a text file can
say anything, so it is no consent, opens no window and waits for no answer (reliability T32).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID, uuid5

from server.domain.errors import Invalid
from server.domain.search import folded

CHANNEL = "whatsapp"
TEXT_MAX = 20_000_000
FILE_MAX = 500_000_000
PICTURE_MAX = 50_000_000
LINES_MAX = 500_000
PEOPLE_MAX = 500
NAME_MAX = 200
RANGES = 4
SAMPLE = 6
PAUSE = timedelta(days=14)
# Where the app itself cuts an export: the newest 40,000 messages, or 10,000 with media (WhatsApp help, 2026-11).
CUT_AT, CUT_WITH_MEDIA_AT = 40_000, 10_000
_IDS = UUID("8a0c3f0e-6a3b-5d0b-9f52-5f1d0b1f7c11")


class ImportState(StrEnum):
    READ = "read"
    """Shown for a decision; nothing is in a job."""
    RUNNING = "running"
    DONE = "done"
    DISCARDED = "discarded"
    """Never brought in; the file is gone."""
    TAKEN_BACK = "taken_back"


class Order(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class LineKind(StrEnum):
    TEXT = "text"
    MEDIA = "media"
    POLL = "poll"
    LOCATION = "location"
    CONTACT = "contact"
    DELETED = "deleted"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the export tells it.

    `number` is the physical line it begins in, from 1; `at` is aware, in the zone that was chosen. `text` is what was
    written (a caption beside a file); `attachment` the file's name in the export; `label` the app's own words where a
    file or a message was left out. A system line has no sender.
    """

    number: int
    at: datetime
    sender: str
    text: str
    kind: LineKind = LineKind.TEXT
    attachment: str = ""
    label: str = ""
    edited: bool = False

    @property
    def omitted(self) -> bool:
        """Say whether the export names a file that it does not hold."""
        return self.kind in (LineKind.MEDIA, LineKind.CONTACT) and not self.attachment

    @property
    def shown(self) -> str:
        """Return the words of the message when no picture stands beside them."""
        named = self.attachment or self.label
        return "\n".join(part for part in (f"[{named}]" if named else "", self.text) if part)


@dataclass(frozen=True, slots=True)
class Export:
    """A file read as a whole.

    `orders`: every order its dates can be read in; `unsure`: nothing in the file decides between them. `pasted` lines
    look like a message's beginning but belong to the message they stand in; `lost` lines stand before the first one.
    """

    lines: tuple[Line, ...]
    order: Order
    orders: tuple[Order, ...]
    unsure: bool = False
    pasted: int = 0
    lost: int = 0

    @property
    def said(self) -> list[Line]:
        """Return what people said, without the app's own lines."""
        return [line for line in self.lines if line.kind is not LineKind.SYSTEM]


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown before anything is brought in. Moments as ISO text, so that it lies in the database as it is.

    `people`: (name, number of messages), the busiest first. `pauses`: (from, until) of long silences. `lacking`: files
    the text names and the archive does not hold; `omitted`: messages whose file the app left out. `idle`: files nobody
    names.
    """

    order: str
    orders: Sequence[str]
    unsure: bool
    messages: int
    system: int
    people: Sequence[Sequence[object]]
    first: str
    last: str
    files: int
    lacking: int
    omitted: int
    idle: int
    pasted: int
    lost: int
    cut: bool
    pauses: Sequence[Sequence[str]]
    sample: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included, whose messages belong to one job."""

    first: date
    last: date
    job_id: UUID

    def holds(self, at: datetime) -> bool:
        return self.first <= at.date() <= self.last


@dataclass(frozen=True, slots=True)
class Person:
    """Who a name is: one of us (`user_id`), somebody at a customer (`contact_id`), or nobody whose words are taken."""

    name: str
    user_id: UUID | None = None
    contact_id: UUID | None = None

    @property
    def wanted(self) -> bool:
        return self.user_id is not None or self.contact_id is not None


@dataclass(frozen=True, slots=True)
class Plan:
    people: tuple[Person, ...]
    spans: tuple[Span, ...]

    def checked(self) -> "Plan":
        """Return the plan. Raises Invalid when nobody is taken over, no job is named, or days have two jobs."""
        if not any(person.wanted for person in self.people):
            raise Invalid("import.nobody", field="people")
        if not self.spans:
            raise Invalid("import.no_job", field="job1")
        for number, span in enumerate(self.spans, 1):
            if span.first > span.last:
                raise Invalid("import.backwards", field=f"from{number}")
            if any(
                span.first <= other.last and other.first <= span.last for other in self.spans[: number - 1]
            ):
                raise Invalid("import.overlap", field=f"from{number}")
        return self

    def person(self, name: str) -> Person | None:
        return next((one for one in self.people if one.name == name and one.wanted), None)

    @property
    def contact_id(self) -> UUID | None:
        """Return the one who was written with, None where there are several: then nobody knows to whom ours went."""
        contacts = {person.contact_id for person in self.people if person.contact_id}
        return contacts.pop() if len(contacts) == 1 else None

    def job_at(self, at: datetime) -> UUID | None:
        return next((span.job_id for span in self.spans if span.holds(at)), None)

    def as_json(self) -> dict[str, object]:
        people = [[one.name, str(one.user_id or ""), str(one.contact_id or "")] for one in self.people]
        spans = [[str(one.first), str(one.last), str(one.job_id)] for one in self.spans]
        return {"people": people, "spans": spans}

    @classmethod
    def of_json(cls, made: Mapping[str, Sequence[Sequence[str]]]) -> "Plan":
        people = (Person(name, _id(user), _id(contact)) for name, user, contact in made["people"])
        spans = (
            Span(date.fromisoformat(first), date.fromisoformat(last), UUID(job))
            for first, last, job in made["spans"]
        )
        return cls(tuple(people), tuple(spans))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A line that becomes a message."""

    id: UUID
    line: Line
    person: Person
    job_id: UUID


@dataclass(frozen=True, slots=True)
class Brought:
    """A message as an import writes it: `ours` by `author_id`, else by `contact_id`; `kind` text, image, video, audio."""

    id: UUID
    job_id: UUID
    contact_id: UUID | None
    author_id: UUID | None
    photo_id: UUID | None
    kind: str
    text: str
    sender: str
    ours: bool
    edited: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatImport:
    """An export that was brought here; `plan` once somebody decided, `result` counts by name once it ended."""

    id: UUID
    company_id: UUID
    author_id: UUID
    author_name: str
    name: str
    sha256: str
    size_bytes: int
    storage_key: str
    state: ImportState
    preview: Preview
    plan: Plan | None
    result: Mapping[str, int]
    created_at: datetime
    finished_at: datetime | None


def chosen(company_id: UUID, export: Export, plan: Plan) -> list[Chosen]:
    """Return the lines that become messages, with ids that are the same whenever the same line is read again."""
    found = []
    said = export.said
    for line, ident in zip(said, _ids(company_id, said), strict=True):
        person, job_id = plan.person(line.sender), plan.job_at(line.at)
        if person and job_id:
            found.append(Chosen(ident, line, person, job_id))
    return found


def _ids(company_id: UUID, lines: Sequence[Line]) -> list[UUID]:
    """Return an id for each line, made of what it and the line before it say, and of how often that stood before.

    Not of the file's hash and the line's number: the same chat exported a month later has another hash and, cut to the
    newest 40,000 messages, other numbers, but what is known must not come twice. The line before is in it because an
    "OK" of the same minute in another chat is another message.
    """
    found, times, before = [], Counter[str](), ""
    for line in lines:
        own = f"{line.at:%Y-%m-%d %H:%M}\x1f{line.sender}\x1f{line.text}"
        key = f"{before}\x1e{own}\x1f{line.attachment}"
        times[key] += 1
        digest = hashlib.sha256(f"{key}\x1e{times[key]}".encode()).hexdigest()
        found.append(uuid5(_IDS, f"{company_id}:{digest}"))
        before = own
    return found


def photo_id(import_id: UUID, sha256: str) -> UUID:
    """Return the id of a picture that this import brings: begun again, it is known by it."""
    return uuid5(import_id, sha256)


def preview(export: Export, files: Iterable[str]) -> Preview:
    """Return what to show. `files`: the names of the files beside the text. Raises Invalid for nobody or too many."""
    said, there = export.said, set(files)
    if not said:
        raise Invalid("import.no_words")
    people = Counter(line.sender for line in said)
    if len(people) > PEOPLE_MAX:
        raise Invalid("import.too_many_people", limit=PEOPLE_MAX)
    named = {line.attachment for line in said if line.attachment}
    moments = [line.at for line in said]
    return Preview(
        order=export.order,
        orders=[str(order) for order in export.orders],
        unsure=export.unsure,
        messages=len(said),
        system=len(export.lines) - len(said),
        people=[[name, number] for name, number in people.most_common()],
        first=min(moments).isoformat(),
        last=max(moments).isoformat(),
        files=len(named & there),
        lacking=len(named - there),
        omitted=sum(line.omitted for line in said),
        idle=len(there - named),
        pasted=export.pasted,
        lost=export.lost,
        cut=len(export.lines) >= (CUT_WITH_MEDIA_AT if there else CUT_AT),
        pauses=[[one.isoformat(), two.isoformat()] for one, two in _pauses(moments)],
        sample=[[line.at.isoformat(), line.sender, line.shown[:300]] for line in _some(said)],
    )


def likely(name: str, known: Sequence[tuple[str, str, str]]) -> str:
    """Return the value of who is probably meant, "" for nobody or several. `known`: (value, name, number in E.164)."""
    digits = re.sub(r"[^0-9+]", "", name)
    folding = folded(name)
    tests: tuple[Callable[[str, str], bool], ...] = (
        lambda _, number: digits.startswith("+") and number == digits,
        lambda other, _: folded(other) == folding,
        lambda other, _: folded(other).split(" ")[0] == folding.split(" ")[0] != "",
    )
    for test in tests:
        found = [value for value, other, number in known if test(other, number)]
        if found:
            return found[0] if len(found) == 1 else ""
    return ""


def _pauses(moments: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the three longest silences of two weeks and more, in their order."""
    ordered = sorted(moments)
    pairs = [(one, two) for one, two in pairwise(ordered) if two - one >= PAUSE]
    return sorted(sorted(pairs, key=lambda pair: pair[0] - pair[1])[:3])


def _some(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the beginning and the end."""
    half = SAMPLE // 2
    return lines if len(lines) <= SAMPLE else [*lines[:half], *lines[-half:]]


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None
