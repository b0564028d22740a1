"""What goes out to customers, a second time: questions with photos, consents, and what each customer must hold.

A question's photos leave one by one. Each must at that moment be here, in the question's job and released, and the
gate to the person open; whatever stands against it ends the rest of this release, and a human decides.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.proofs.model import OFFICE, Things

# The platform's day, less the minutes in which two clocks may differ.
WINDOW = timedelta(hours=24) - timedelta(minutes=5)
WORDS = ""
"""In `left` and `held`: the question's words, where no photo carries them."""


@dataclass(slots=True)
class Person:
    customer: str
    word: str = "none"
    heard_at: datetime | None = None
    held: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    """(question, which picture), by how often it is there; None stands for words without a picture."""


@dataclass(slots=True)
class Question:
    """`to` is frozen when it is asked or let go; `left` is what of this release has not gone out, `begun`: some has."""

    author: str
    job: str | None
    photos: tuple[str, ...]
    to: str | None
    state: str = "waiting_release"
    reason: str | None = None
    left: list[str] = field(default_factory=list)
    begun: bool = False


@dataclass(slots=True)
class Talk(Things):
    people: dict[str, Person] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)

    def person_of(self, job_id: str | None) -> str | None:
        """Return whom a job's customer sends to the telephone: here each has one."""
        customer = self.jobs[job_id].customer if job_id in self.jobs else None
        return next(
            (name for name, one in self.people.items() if customer and one.customer == customer), None
        )

    # -- asked, let go, taken back --------------------------------------------------------------------------------

    def ask(self, who: str, ident: str, job: str, photos: tuple[str, ...], at: datetime) -> int:
        """Ask at the desk or by a program; the office's leaves at once where nothing stands against it."""
        here = [self.photos.get(one) for one in photos]
        if not self.known_job(who, job):
            return 422
        if any(photo is None or photo.binned or photo.job != job for photo in here):
            return 422
        self._ask(who, ident, job, photos)
        if who == OFFICE and self.ready(ident):
            self._go(ident, at)
        return 201

    def ask_from_phone(self, who: str, ident: str, said: dict[str, Any]) -> int:
        """Take a question; its photos and its job may still be on their way."""
        if (known := self.taken(who, ident, said)) is not None:
            return known
        self.sent[ident] = (who, said)
        self._ask(who, ident, self.place(who, said["job"]), tuple(said["photos"]))
        return 201

    def _ask(self, who: str, ident: str, job: str | None, photos: tuple[str, ...]) -> None:
        self.questions[ident] = Question(who, job, photos, self.person_of(job))
        self.book["question.asked"] += 1

    def job_from_phone(self, who: str, ident: str, said: dict[str, Any], name: str) -> int:
        answer = super(Talk, self).job_from_phone(who, ident, said, name)
        waiting = [
            self.questions[one]
            for one, (author, sent) in self.sent.items()
            if one in self.questions and author == who and sent.get("job") == ident
        ]
        for question in waiting if answer == 201 else []:
            if question.job is None:
                question.job = ident
                self.book["question.filed"] += 1
        return answer

    def ready(self, ident: str) -> bool:
        """Say whether all a question shows is here, in its job, and released."""
        question = self.questions[ident]
        shown = [self.photos.get(one) for one in question.photos]
        return question.job is not None and all(
            photo
            and photo.stored
            and not photo.binned
            and photo.job == question.job
            and photo.review == "released"
            for photo in shown
        )

    def release(self, who: str, ident: str, at: datetime) -> int:
        question = self.questions[ident]
        if who != OFFICE:
            seen = question.author == who or (question.job is not None and self.open_to(who, question.job))
            return 403 if seen else 404
        if question.state not in ("waiting_release", "blocked"):
            return 409
        if not self.ready(ident):
            return 422
        self._go(ident, at)
        return 200

    def _go(self, ident: str, at: datetime) -> None:
        question = self.questions[ident]
        question.to = question.to or self.person_of(question.job)
        shut = self.shut(question.to, at)
        if shut:
            self._block(question, shut)
            return
        question.state, question.reason = "queued", None
        question.left = list(question.photos) or [WORDS]
        self.book["question.queued"] += 1

    def withdraw(self, who: str, ident: str) -> int:
        question = self.questions[ident]
        if who not in (OFFICE, question.author):
            return 403 if question.job is not None and self.open_to(who, question.job) else 404
        if question.state in ("answered", "withdrawn"):
            return 409
        question.state, question.left = "withdrawn", []
        self.book["question.withdrawn"] += 1
        return 200

    # -- the gate -------------------------------------------------------------------------------------------------

    def shut(self, person: str | None, at: datetime) -> str | None:
        """Return what stands against writing to this person now: his word first, else the chat he began himself."""
        if person is None:
            return "question.no_contact"
        known = self.people[person]
        if known.word == "withdrawn":
            return "consent.withdrawn"
        if known.word == "given":
            return None
        if known.heard_at is None:
            return "consent.none"
        return None if self.window(person, at) else "window.no_consent"

    def window(self, person: str, at: datetime) -> bool:
        heard_at = self.people[person].heard_at
        return heard_at is not None and at - heard_at < WINDOW

    def against(self, ident: str, at: datetime) -> str | None:
        """Return what stands against a question's next photo leaving at this moment."""
        question = self.questions[ident]
        if shut := self.shut(question.to, at):
            return shut
        if not self.ready(ident):
            return "question.photo_unreleased"
        return None if question.to and self.window(question.to, at) else "window.closed"

    def grant(self, person: str) -> None:
        """He agreed: what only lacked that waits for its release again, and nothing leaves by itself."""
        self.people[person].word = "given"
        self.book["consent.granted"] += 1
        for question in self.questions.values():
            lacked = (question.reason or "").startswith(("consent.", "window.no_consent"))
            if question.to == person and question.state == "blocked" and lacked:
                question.state, question.reason = "waiting_release", None

    def stop(self, person: str) -> None:
        """He takes it back, and what has not left does not leave."""
        self.people[person].word = "withdrawn"
        self.book["consent.withdrawn"] += 1
        for question in self.questions.values():
            if question.to == person and question.state == "queued":
                self._block(question, "consent.withdrawn")
            elif question.to == person:
                question.left = []

    def hear(self, person: str, at: datetime, *, stop: bool) -> None:
        """He writes: that opens the window, and answers the only question that reached him unanswered."""
        self.book["message.received"] += 1
        self.people[person].heard_at = at
        if stop:
            self.stop(person)
            return
        asked = [
            one
            for one in self.questions.values()
            if one.to == person and (one.state == "sent" or (one.state == "queued" and one.begun))
        ]
        if len(asked) == 1:
            self.answered(asked[0])

    def tap(self, person: str, ident: str, at: datetime) -> None:
        """He taps a button, which names its question."""
        self.book["message.received"] += 1
        self.people[person].heard_at = at
        question = self.questions[ident]
        if question.state in ("sent", "queued", "answered"):
            self.answered(question)

    def answered(self, question: Question) -> None:
        question.state = "answered"
        self.book["question.answered"] += 1

    # -- sending --------------------------------------------------------------------------------------------------

    def leave(self, ident: str, picture: int | None, at: datetime) -> None:
        """The customer has got this: it must have been this question's turn, and nothing may have stood against it."""
        question = self.questions[ident]
        assert question.left, f"nothing of {ident} was to leave"
        assert (shut := self.against(ident, at)) is None, f"{ident} left in spite of {shut}"
        self._left(question, ident, picture)

    def _left(self, question: Question, ident: str, picture: int | None) -> None:
        photo = self.photos.get(question.left.pop(0))
        assert picture == (photo.content if photo else None), "another picture than the question's next"
        assert question.to
        question.begun = True
        self.people[question.to].held[ident, picture] += 1
        if not question.left and question.state == "queued":
            question.state = "sent"

    def halt(self, ident: str, reason: str, at: datetime) -> None:
        """The server has stopped a question: something must have stood against it."""
        assert self.against(ident, at) == reason
        self._block(self.questions[ident], reason)

    def finish(self, at: datetime) -> None:
        """All work is done: what was let go is at the customer, or stopped with a reason."""
        for ident, question in self.questions.items():
            while question.left and (reason := self.against(ident, at)) is None:
                photo = self.photos.get(question.left[0])
                self._left(question, ident, photo.content if photo else None)
            if question.left and question.state == "queued":
                self._block(question, str(reason))
            question.left = []

    def _block(self, question: Question, reason: str) -> None:
        question.state, question.reason, question.left = "blocked", reason, []

    # -- jobs with questions in them ------------------------------------------------------------------------------

    def merge(self, source_id: str, target_id: str) -> bool:
        fresh = super(Talk, self).merge(source_id, target_id)
        for question in self.questions.values():
            if question.job == source_id:
                question.job = target_id
                if fresh:
                    self._of_another(question, self.jobs[target_id].customer)
        return fresh

    def becomes(self, job_id: str, customer: str | None) -> None:
        """A job becomes another customer's."""
        job = self.jobs[job_id]
        if customer == job.customer:
            return
        self.book["job.changed"] += 1
        if job.customer is not None:
            self.unrelease(job_id)
            for question in self.questions.values():
                if question.job == job_id:
                    self._of_another(question, customer)
        job.customer = customer

    def _of_another(self, question: Question, customer: str | None) -> None:
        whose = self.people[question.to].customer if question.to else None
        if question.state == "queued" and customer is not None and whose != customer:
            self._block(question, "question.other_customer")

    def talked(self, job_id: str) -> bool:
        """Say whether something was said in a job, which must stay provable."""
        return any(question.job == job_id for question in self.questions.values())
