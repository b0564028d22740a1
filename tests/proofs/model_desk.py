"""What the office does to server and model at its desk, and workers where it is theirs: jobs, photos, verdicts."""

from typing import Any

from hypothesis import strategies as st

from tests.proofs.model import OFFICE
from tests.proofs.model_doors import ALI, JAN
from tests.proofs.model_machine import act, needs
from tests.proofs.model_phones import Phones, members, number, words

customer = st.sampled_from([None, "müller", "schulz"])


class Desk(Phones):
    """Jobs that are opened, changed, merged and deleted; photos described, moved, decided about, thrown away."""

    # -- jobs -----------------------------------------------------------------------------------------------------

    @needs(lambda self: len(self.model.jobs) < 7)
    @act(who=members, customer=customer)
    def open_job(self, who: set[str], customer: str | None) -> None:
        self._open_job(who, customer)

    def _open_job(self, who: set[str], customer: str | None) -> None:
        self.step()
        title = f"Auftrag {len(self.known)}"
        body = {"title": title, "members": [self.doors.ids[one] for one in who], **self._customer(customer)}
        answer = self.run(self.doors.people[OFFICE].post("/api/v1/jobs", json=body))
        assert answer.status_code == 201, answer.text
        made = answer.json()
        self.model.open_job(made["id"], who, customer, f"{made['number']} · {title}")
        self.known.append(made["id"])

    def _customer(self, customer: str | None) -> dict[str, str | None]:
        contact = next((name for name, one in self.model.people.items() if one.customer == customer), "")
        return {
            "customer": self.doors.customers.get(customer or ""),
            "contact": self.doors.contacts.get(contact),
        }

    def _change(self, job: str, **change: Any) -> None:
        self.ask(200, OFFICE, "PATCH", f"/api/v1/jobs/{job}", json=change)

    @act(
        2,
        way=st.sampled_from(["close", "assign", "customer", "merge", "merge", "delete"]),
        place=number,
        other=number,
        who=members,
        customer=customer,
    )
    def change_job(self, way: str, place: int, other: int, who: set[str], customer: str | None) -> None:
        """Close it or open it again, give it to others, to another customer, make it part of another, delete it."""
        self.step()
        job = self.living(place)
        others = [one for one in self.living_jobs() if one != job]
        match way:
            case "close":
                self._change(job, step="reopen" if self.model.jobs[job].closed else "finish")
                self.model.close_or_open(job)
            case "assign":
                self._change(job, members=[self.doors.ids[one] for one in who])
                self.model.assign(job, who)
            case "customer":
                self._change(job, **self._customer(customer))
                self.model.becomes(job, customer)
            case "merge" if others:
                target = others[other % len(others)]
                self.ask(303, OFFICE, "POST", f"/jobs/{job}/merger", data={"into": target})
                self.model.merge(job, target)
            case "delete" if others:
                wanted = 422 if self.model.talked(job) else 303
                self.ask(wanted, OFFICE, "POST", f"/jobs/{job}/deletion")
                if wanted == 303:
                    self.model.delete(job)

    # -- photos ---------------------------------------------------------------------------------------------------

    @needs(lambda self: self.model.photos)
    @act(
        2,
        who=st.sampled_from([OFFICE, OFFICE, OFFICE, ALI, JAN]),
        which=number,
        place=number,
        said=words,
        part=st.sampled_from(["job", "job", "caption", "all"]),
    )
    def describe(self, who: str, which: int, place: int, said: dict[str, Any], part: str) -> None:
        """Retag, caption, phase, or another job."""
        self.step()
        every = {**said, "job": self.job(place)}
        ident, news = self.photo(which), every if part == "all" else {part: every[part]}
        self.ask(self.model.describe(who, ident, news), who, "PATCH", f"/api/v1/photos/{ident}", json=news)

    @needs(lambda self: self.model.photos)
    @act(
        who=st.sampled_from([OFFICE, OFFICE, OFFICE, ALI]),
        which=number,
        verdict=st.sampled_from(["released", "released", "rejected", "retake", "new"]),
        note=st.sampled_from(["", "Unscharf"]),
    )
    def review(self, who: str, which: int, verdict: str, note: str) -> None:
        self.step()
        ident, body = self.photo(which), {"verdict": verdict, "note": note}
        wanted = self.model.review(who, ident, verdict, note)
        self.ask(wanted, who, "POST", f"/api/v1/photos/{ident}/review", json=body)

    @act()
    def release_all(self) -> None:
        """The office goes through its desk."""
        self.step()
        for ident, photo in self.model.photos.items():
            if photo.stored and photo.job and not photo.binned:
                wanted = self.model.review(OFFICE, ident, "released", "")
                body = {"verdict": "released"}
                self.ask(wanted, OFFICE, "POST", f"/api/v1/photos/{ident}/review", json=body)

    @needs(lambda self: self.model.photos)
    @act(who=st.sampled_from([OFFICE, OFFICE, ALI, JAN]), which=number, back=st.booleans())
    def throw_away_or_take_back(self, who: str, which: int, back: bool) -> None:
        self.step()
        ident = self.photo(which)
        if back:
            self.ask(self.model.take_back(who, ident), who, "POST", f"/photos/{ident}/restoration")
        else:
            self.ask(self.model.throw_away(who, ident), who, "POST", f"/photos/{ident}/deletion")
