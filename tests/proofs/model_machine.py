"""What drives server and model at once: how a case begins, and all that is compared."""

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from server.ids import new_id
from server.imaging.box import ImageBox
from server.sandbox.world import Bubble
from tests.proofs.model import OFFICE, VERBS
from tests.proofs.model_doors import ALI, JAN, OTTO, PETRA, PICTURES, Doors, digest, open_doors
from tests.proofs.model_talk import Person, Talk

T = TypeVar("T")
Act = TypeVar("Act", bound=Callable[..., None])
ACTS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {}
NEEDS: dict[str, Callable[[Any], object]] = {}
BOOKED = [
    *VERBS.values(),
    *[f"photo.{one}" for one in ("announced", "stored", "late", "moved", "described", "deleted", "restored")],
    *[
        f"job.{one}"
        for one in ("opened", "assigned", "changed", "state_changed", "merged", "took_in", "deleted")
    ],
    *[f"question.{one}" for one in ("asked", "filed", "queued", "withdrawn", "answered")],
    *["consent.granted", "consent.withdrawn", "message.received"],
]
"""The logbook's verbs whose lines are counted; what else it tells (a message's fate) is not."""
SENT = ("sent", "delivered", "read")


def act(often: int = 1, **given: st.SearchStrategy[Any]) -> Callable[[Act], Act]:
    """Mark what can happen, how often as against the others, and with what.

    Hypothesis' own rules will not do: it leaves out half of them in a case, and what reaches a customer takes five.
    """

    def marked(done: Act) -> Act:
        ACTS[done.__name__] = (often, given)
        return done

    return marked


def needs(there: Callable[[Any], object]) -> Callable[[Act], Act]:
    """Let an act happen only where there is something to do it to."""

    def marked(done: Act) -> Act:
        NEEDS[done.__name__] = there
        return done

    return marked


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all cases share: the loop, the child that draws, an empty database to copy, a folder; `reached` counts."""

    runner: asyncio.Runner
    images: ImageBox
    template: Path
    folder: Path
    cases: "itertools.count[int]" = field(default_factory=itertools.count)
    reached: Counter[str] = field(default_factory=Counter)


class Machine(RuleBasedStateMachine):
    """A firm and its model. `same` compares all that can be seen after each step, `end` what is costly."""

    around: ClassVar[Surroundings]

    def __init__(self) -> None:
        super().__init__()
        self.sound = False
        self.stack = AsyncExitStack()
        folder = self.around.folder / str(next(self.around.cases))
        folder.mkdir()
        shutil.copyfile(self.around.template, folder / "zollstock.db")
        opened = open_doors(folder, self.around.images)
        self.doors: Doors = self.run(self.stack.enter_async_context(opened))
        self.model = Talk()
        for name, customer in ((PETRA, "müller"), (OTTO, "schulz")):
            self.model.people[name] = Person(customer)
        self.before = self.run(self.doors.book())
        self.unknown = [str(new_id()), str(new_id())]
        first = str(self.doors.firm.job)
        self.model.open_job(first, [], "müller", "2026-001 · Bad Müller")
        self.model.book.clear()
        self.known: list[str] = [first]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.around.runner.run(work)

    def ask(self, wanted: int, who: str, method: str, path: str, **body: Any) -> None:
        answer = self.run(self.doors.people[who].request(method, path, **body))
        assert answer.status_code == wanted, (answer.status_code, answer.text[:500])

    def now(self) -> datetime:
        return self.doors.firm.clock.at

    def step(self) -> None:
        self.sound = False
        self.doors.firm.clock.go(seconds=2)

    def job(self, place: int) -> str | None:
        """Return one of the jobs ever known, one that is not here yet, or None."""
        known = [*self.known, *[one for one in self.unknown if one not in self.known], None]
        return known[place % len(known)]

    def living_jobs(self) -> list[str]:
        return [one for one in self.model.jobs if self.model.current(one) == one]

    def living(self, place: int) -> str:
        here = self.living_jobs()
        return here[place % len(here)]

    def photo(self, place: int) -> str:
        return list(self.model.photos)[place % len(self.model.photos)]

    def question(self, place: int) -> str:
        return list(self.model.questions)[place % len(self.model.questions)]

    def waiting(self) -> list[str]:
        """Return the questions whose photos are on their way out."""
        found = self.model.questions.items()
        return [ident for ident, one in found if one.state == "queued" and one.photos]

    def buttons(self) -> list[tuple[str, Bubble]]:
        """Return what customers can still tap."""
        return [
            (name, bubble)
            for name in (PETRA, OTTO)
            for bubble in self.doors.phone(name).bubbles
            if bubble.buttons and not bubble.tapped
        ]

    @rule(data=st.data())
    def happens(self, data: st.DataObject) -> None:
        """Do one of the acts. Which are drawn never depends on the server: a case must repeat to the letter."""
        name = data.draw(st.sampled_from([one for one, (often, _) in ACTS.items() for _ in range(often)]))
        given = {word: data.draw(drawn) for word, drawn in ACTS[name][1].items()}
        note(f"{name} {given}")
        if name not in NEEDS or NEEDS[name](self):
            getattr(self, name)(**given)

    # -- comparing ------------------------------------------------------------------------------------------------

    @invariant()
    def same(self) -> None:
        self.photos()
        self.phones()
        self.questions()
        self.screens()
        self.sound = True

    def photos(self) -> None:
        """Everybody sees exactly his photos, each with its job, words, review and hash."""
        for who in (OFFICE, ALI, JAN):
            found = self.run(self.doors.photos(who))
            assert found.keys() == self.model.seen_by(who).keys(), who
            for ident, photo in self.model.seen_by(who).items():
                one = found[ident]
                assert one["author"] == {ALI: "Ali Demir", JAN: "Jan Petersen"}[photo.author]
                names = ("job", "job_hint", "caption", "phase", "tags", "review", "review_note", "late")
                there: list[object] = [photo.job, photo.hint, photo.caption, photo.phase, list(photo.tags)]
                there += [photo.review, photo.note, photo.late]
                wrong = {
                    name: (one[name], value)
                    for name, value in zip(names, there, strict=True)
                    if one[name] != value
                }
                assert not wrong, (who, photo, wrong)
                state = "stored" if photo.stored else "announced"
                assert (one["state"], one["sha256"]) == (state, digest(photo.content)), ident
                twin = self.model.photos.get(one["twin_of"])
                assert one["twin_of"] is None or (
                    twin and twin is not photo and twin.content == photo.content
                )

    def phones(self) -> None:
        """Each phone is told what is here of its own, with the hash of what is stored; of others' it hears nothing."""
        for who in (ALI, JAN):
            if not self.model.photos:
                return
            found = self.run(self.doors.have(who, list(self.model.photos)))
            for ident, photo in self.model.photos.items():
                state = self.model.standing(who, ident)
                assert found[ident]["state"] == state, ident
                if state == "stored":
                    assert found[ident]["sha256"] == digest(photo.content)
                if state == "receiving":
                    assert found[ident]["offset"] == photo.part

    def questions(self) -> None:
        found = self.run(self.doors.questions())
        assert found.keys() == self.model.questions.keys()
        contacts = {ident: name for name, ident in self.doors.contacts.items()}
        for ident, question in self.model.questions.items():
            one = found[ident]
            state = "sent" if one["state"] in SENT else one["state"]
            known = (question.state, question.reason)
            assert (state, one["reason"]) == known, (question, state, one["reason"])
            assert (one["job"], tuple(one["photos"])) == (question.job, question.photos)
            assert (contacts[one["contact"]] if one["contact"] else None) == question.to

    def screens(self) -> None:
        """The customers hold what left for them, each as often as it was let go, and nothing else."""
        held = self.run(self.doors.held())
        for name, known in self.model.people.items():
            there = Counter((question, shown) for who, question, shown in held.values() if who == name)
            assert there == known.held, name

    def teardown(self) -> None:
        try:
            if self.sound:
                self.end()
        finally:
            self.run(self.stack.aclose())

    def end(self) -> None:
        """All work is done; then the originals, the jobs, and the logbook."""
        self.run(self.doors.work())
        self.model.finish(self.now())
        self.same()
        for who in (OFFICE, ALI, JAN):
            self.originals(who)
            self.jobs(who)
        book = self.run(self.doors.book())
        book.subtract(self.before)
        wrong = {
            one: (book[one], self.model.book[one]) for one in BOOKED if book[one] != self.model.book[one]
        }
        assert not wrong, wrong
        self.count()

    def count(self) -> None:
        """Note what this case has come to: a run in which nothing happens shows nothing."""
        reached = self.around.reached
        reached["cases"] += 1
        reached.update(self.model.book)
        reached["pictures at customers"] += sum(one.held.total() for one in self.model.people.values())
        reached.update(question.reason or question.state for question in self.model.questions.values())

    def originals(self, who: str) -> None:
        """The office and its author get a photo byte for byte, nobody else; a job shows its own."""
        for ident, photo in self.model.photos.items():
            answer = self.run(self.doors.people[who].get(f"/api/v1/photos/{ident}/original"))
            assert answer.status_code == self.model.original(who, ident), (who, photo)
            assert not answer.is_success or answer.content == PICTURES[photo.content], ident
        for job in self.living_jobs():
            page = self.run(self.doors.got(who, f"/api/v1/photos?job={job}&limit=200"))
            mine = {ident for ident, photo in self.model.seen_by(who).items() if photo.job == job}
            assert {one["id"] for one in page["items"]} == mine

    def jobs(self, who: str) -> None:
        shown = self.run(self.doors.jobs(who))
        customers = {name: ident for name, ident in self.doors.customers.items()}
        for ident in self.living_jobs():
            job = self.model.jobs[ident]
            if self.model.open_to(who, ident):
                wanted = ("done" if job.closed else "active", customers.get(job.customer or ""))
                assert shown.pop(ident) == wanted
        assert all(state == "merged" for state, _ in shown.values()), shown
