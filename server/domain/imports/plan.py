"""Who is who and which days belong to which job, and the lines that become messages by it."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from server.domain.errors import Invalid
from server.domain.imports.export import Export, Line
from server.domain.search import folded

RANGES = 4
_IDS = UUID("8a0c3f0e-6a3b-5d0b-9f52-5f1d0b1f7c11")


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


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None
