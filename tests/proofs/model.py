"""The rules of photos and jobs a second time, in dicts and sets: what a server that keeps its word would hold.

`model_talk.py` adds what goes out to customers. Nothing here is the server's. Every method is one request: it returns
the status that must be answered, and changes what is held. §4.4 is the table of conflicts in docs/reliability.md.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OFFICE = "office"
VERBS = {
    "new": "photo.reopened",
    "released": "photo.released",
    "rejected": "photo.rejected",
    "retake": "photo.retake_asked",
}


@dataclass(slots=True)
class Job:
    """`customer` None: nobody's yet; without `members` every worker sees it; `into`: it has become part of that one."""

    members: set[str]
    customer: str | None = None
    name: str = ""
    closed: bool = False
    into: str | None = None


@dataclass(slots=True)
class Photo:
    """`content` is which picture; `part` counts the bytes that are here, `uploading`: somebody began to bring them."""

    author: str
    content: int
    job: str | None = None
    hint: str = ""
    caption: str = ""
    phase: str | None = None
    tags: tuple[str, ...] = ()
    review: str = "new"
    note: str = ""
    late: bool = False
    stored: bool = False
    binned: bool = False
    uploading: bool = False
    part: int = 0


@dataclass(slots=True)
class Things:
    """`sent` is what phones announced: id → (who, all he said). `book` counts the logbook's lines by their verb."""

    jobs: dict[str, Job] = field(default_factory=dict)
    photos: dict[str, Photo] = field(default_factory=dict)
    sent: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    book: Counter[str] = field(default_factory=Counter)

    # -- who sees what --------------------------------------------------------------------------------------------

    def current(self, job_id: str | None) -> str | None:
        """Follow a job to the one it has become part of; None for one that is not here."""
        while job_id in self.jobs and (into := self.jobs[job_id].into):
            job_id = into
        return job_id if job_id in self.jobs else None

    def open_to(self, who: str, job_id: str) -> bool:
        """Say whether somebody sees a job: the office all, a worker his and those without members."""
        members = self.jobs[job_id].members
        return who == OFFICE or not members or who in members

    def known_job(self, who: str, job_id: str | None) -> bool:
        """Say whether this is a job one can choose: here, not merged away, his."""
        return job_id in self.jobs and self.current(job_id) == job_id and self.open_to(who, str(job_id))

    def sees(self, who: str, photo: Photo) -> bool:
        if photo.binned:
            return False
        return (
            photo.author == who or who == OFFICE or (photo.job is not None and self.open_to(who, photo.job))
        )

    def seen_by(self, who: str) -> dict[str, Photo]:
        return {one: photo for one, photo in self.photos.items() if self.sees(who, photo)}

    def place(self, who: str, asked: str | None) -> str | None:
        """Return where a thing for this job belongs: there, in the one it became part of, or nowhere yet (§4.4)."""
        target = self.current(asked)
        if asked is None or target is None:
            return None
        return target if self.open_to(who, asked) or self.open_to(who, target) else None

    # -- phones ---------------------------------------------------------------------------------------------------

    def taken(self, who: str, ident: str, said: dict[str, Any]) -> int | None:
        """Return what a known id is answered with: the same is harmless, other content or another's id is not."""
        if ident not in self.sent:
            return None
        return 200 if self.sent[ident] == (who, said) else 409

    def announce(self, who: str, ident: str, said: dict[str, Any]) -> int:
        """Take a photo's description; if its bytes were first, what the office made of them meanwhile stays."""
        if (known := self.taken(who, ident, said)) is not None:
            return known
        early = self.photos.get(ident)
        if early and (early.author != who or early.binned or early.content != said["content"]):
            return 409
        photo = self.photos.setdefault(ident, Photo(who, said["content"]))
        place = self.place(who, said["job"])
        if photo.job is None and place is not None:
            photo.job, photo.late = place, self.jobs[place].closed
            self.book["photo.late"] += photo.late
        photo.hint = "" if photo.job else said["hint"]
        photo.caption = photo.caption or said["caption"]
        photo.phase = photo.phase or said["phase"]
        photo.tags = photo.tags or tuple(said["tags"])
        self.book["photo.announced"] += 1
        self.sent[ident] = (who, said)
        return 201

    def begin(self, who: str, ident: str, content: int) -> int:
        """Begin to bring bytes, or go on: without a description it is a photo without a job."""
        photo = self.photos.get(ident)
        if photo is None:
            photo = self.photos[ident] = Photo(who, content)
            self.book["photo.announced"] += 1
        if photo.author != who:
            return 409
        if photo.binned:
            return 410
        if photo.content != content:
            return 409
        photo.uploading = photo.uploading or not photo.stored
        return 201

    def append(self, ident: str, upto: int, size: int, *, right: bool) -> int:
        """Bring the bytes from where the server stands; only whole and right there is a receipt."""
        photo = self.photos[ident]
        photo.part = upto
        if upto < size:
            return 204
        if not right:
            photo.part = 0
            return 460
        photo.stored, photo.uploading = True, False
        self.book["photo.stored"] += 1
        return 200

    def give_up(self, who: str, ident: str) -> int:
        """Take a phone's word that a photo was removed there; one that is safe stays."""
        photo = self.photos.get(ident)
        if photo is None or photo.author != who:
            return 404
        if not photo.stored and not photo.binned:
            self._bin(photo)
            photo.part = 0
        return 204

    def standing(self, who: str, ident: str) -> str:
        """Return what `have` says of an id to this person."""
        photo = self.photos.get(ident)
        if photo is None or photo.author != who:
            return "unknown"
        if photo.binned:
            return "tombstone"
        return "stored" if photo.stored else "receiving" if photo.uploading else "announced"

    def original(self, who: str, ident: str) -> int:
        """The file itself is for the office and its author; who else sees the photo sees it drawn."""
        photo = self.photos[ident]
        if not self.sees(who, photo):
            return 404
        return 403 if who not in (OFFICE, photo.author) else 200 if photo.stored else 404

    # -- what is said and decided about photos --------------------------------------------------------------------

    def describe(self, who: str, ident: str, news: dict[str, Any]) -> int:
        """Change words or job; what was released for one job waits for review in another."""
        photo = self.photos.get(ident)
        if photo is None or not self.sees(who, photo):
            return 404
        if who not in (OFFICE, photo.author):
            return 403
        words = (photo.caption, photo.phase, photo.tags)
        caption, phase = news.get("caption", photo.caption), news.get("phase", photo.phase)
        after = (caption, phase, tuple(news.get("tags", photo.tags)))
        job = news.get("job", photo.job)
        if job not in (None, photo.job) and not self.known_job(who, job):
            return 422
        if job != photo.job:
            self.book["photo.moved"] += len({photo.job, job} - {None})
            photo.review = "new" if photo.review == "released" else photo.review
            photo.job, photo.hint = job, ""
        self.book["photo.described"] += after != words
        photo.caption, photo.phase, photo.tags = after
        return 200

    def review(self, who: str, ident: str, verdict: str, note: str) -> int:
        """Decide: the office only, about what is here, and released is only what has a job."""
        photo = self.photos.get(ident)
        if photo is None or not self.sees(who, photo):
            return 404
        if who != OFFICE:
            return 403
        if not photo.stored:
            return 409
        if verdict == "released" and photo.job is None:
            return 422
        if (photo.review, photo.note) != (verdict, note):
            photo.review, photo.note = verdict, note
            self.book[VERBS[verdict]] += 1
        return 200

    def throw_away(self, who: str, ident: str) -> int:
        """The office any; a worker his own, until it is released."""
        photo = self.photos.get(ident)
        if photo is None or not self.sees(who, photo):
            return 404
        if who not in (OFFICE, photo.author):
            return 403
        if who != OFFICE and photo.review == "released":
            return 409
        self._bin(photo)
        return 303

    def _bin(self, photo: Photo) -> None:
        photo.binned, photo.uploading = True, False
        self.book["photo.deleted"] += 1

    def take_back(self, who: str, ident: str) -> int:
        if who != OFFICE:
            return 403
        photo = self.photos.get(ident)
        if photo is None or not photo.binned:
            return 404
        photo.binned = False
        self.book["photo.restored"] += 1
        return 303

    # -- jobs -----------------------------------------------------------------------------------------------------

    def open_job(self, ident: str, members: Iterable[str], customer: str | None, name: str) -> None:
        self.jobs[ident] = Job(set(members), customer, name)
        self.book["job.opened"] += 1

    def job_from_phone(self, who: str, ident: str, said: dict[str, Any], name: str) -> int:
        """Open a job made on site; what this phone brought for it before finds it."""
        if (known := self.taken(who, ident, said)) is not None:
            return known
        self.open_job(ident, [who], None, name)
        self.sent[ident] = (who, said)
        for other, (author, sent) in self.sent.items():
            photo = self.photos.get(other)
            if photo and author == who and sent.get("job") == ident and photo.job is None:
                photo.job, photo.hint = ident, ""
        return 201

    def close_or_open(self, job_id: str) -> None:
        self.jobs[job_id].closed = not self.jobs[job_id].closed
        self.book["job.state_changed"] += 1

    def assign(self, job_id: str, members: set[str]) -> None:
        self.book["job.assigned"] += members != self.jobs[job_id].members
        self.jobs[job_id].members = set(members)

    def in_job(self, job_id: str) -> list[Photo]:
        """Return a job's photos with those in the trash: who takes one back finds it where it would be."""
        return [photo for photo in self.photos.values() if photo.job == job_id]

    def unrelease(self, job_id: str) -> None:
        """What was released for one customer is not for another."""
        for photo in self.in_job(job_id):
            photo.review = "new" if photo.review == "released" else photo.review

    def merge(self, source_id: str, target_id: str) -> bool:
        """Make one job part of another; True if what was released must be released anew for its customer."""
        source, target = self.jobs[source_id], self.jobs[target_id]
        fresh = source.customer is not None and target.customer not in (None, source.customer)
        if fresh:
            self.unrelease(source_id)
        for photo in self.in_job(source_id):
            photo.job = target_id
        target.members = target.members | source.members if target.members else set()
        target.customer = target.customer or source.customer
        source.into = target_id
        self.book += Counter(["job.merged", "job.took_in"])
        return fresh

    def delete(self, job_id: str) -> None:
        """Delete a job nothing was said in: its photos wait unsorted under its name, and it never comes back."""
        self.unrelease(job_id)
        for photo in self.in_job(job_id):
            photo.job, photo.hint = None, self.jobs[job_id].name
        for ident in [one for one in self.jobs if self.current(one) == job_id]:
            del self.jobs[ident]
        self.book["job.deleted"] += 1
