"""One search over everything a person may see: folded words, the same hits on both databases."""

from dataclasses import dataclass
from uuid import UUID

from server.db import customers, jobs, notes, photos, questions
from server.domain.customers import Customer
from server.domain.jobs import SHOWN, Job
from server.domain.notes import Note
from server.domain.photos import Photo
from server.domain.questions import Question
from server.domain.search import terms

EACH = 20


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, newest first; `jobs_of` names the jobs of photos, notes and questions."""

    jobs: list[Job]
    customers: list[Customer]
    photos: list[Photo]
    questions: list[Question]
    notes: list[Note]
    jobs_of: dict[UUID, Job]

    @property
    def empty(self) -> bool:
        return not (self.jobs or self.customers or self.photos or self.questions or self.notes)


async def everything(company_id: UUID, text: str, *, worker: UUID | None = None) -> Hits:
    """Return what holds every word of `text`; a worker sees his jobs, their photos, notes and questions, no customers."""
    words = terms(text)
    if not words:
        return Hits([], [], [], [], [], {})
    found = await photos.search(company_id, terms=words, worker=worker, limit=EACH)
    asked = await questions.search(company_id, words, limit=EACH)
    written = await notes.search(company_id, words, limit=EACH)
    named = [one.job_id for one in found.items] + [one.job_id for one in asked]
    ids = {one for one in [*named, *(one.job_id for one in written)] if one}
    places = {job.id: job for job in await jobs.by_ids(company_id, sorted(ids), visible_to=worker)}
    return Hits(
        jobs=list(
            (await jobs.search(company_id, text=text, states=SHOWN, visible_to=worker, limit=EACH)).items
        ),
        customers=[] if worker else list((await customers.search(company_id, text=text, limit=EACH)).items),
        photos=list(found.items),
        questions=[one for one in asked if worker is None or one.job_id in places],
        notes=[one for one in written if worker is None or one.job_id in places],
        jobs_of=places,
    )
