"""What a call is about and how its note is worded, for people's pages and for programs alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.db import customers, jobs, questions
from server.domain.calls import Call, Direction, Outcome, Said
from server.domain.customers import Contact
from server.domain.errors import NotFound
from server.domain.jobs import Job
from server.domain.questions import Question
from server.domain.users import Actor
from server.web import access
from server.web.dates import numeric_day
from server.web.words import LANGUAGES, sentence

SENTENCES = {
    (Direction.OUT, Outcome.REACHED): "call.reached",
    (Direction.OUT, Outcome.MISSED): "call.missed",
    (Direction.OUT, Outcome.MAILBOX): "call.mailbox",
    (Direction.OUT, Outcome.CALLBACK): "call.callback",
    (Direction.IN, Outcome.REACHED): "call.rang",
    (Direction.IN, Outcome.MISSED): "call.rang_in_vain",
    (Direction.IN, Outcome.MAILBOX): "call.left_words",
    (Direction.IN, Outcome.CALLBACK): "call.rings_again",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a call is about, as far as this person may see it. `people`: everybody at the job's customer."""

    job: Job | None
    contact: Contact | None
    question: Question | None
    people: Sequence[Contact]


async def seen(actor: Actor, job_id: UUID | None, contact_id: UUID | None, question_id: UUID | None) -> Seen:
    """Return job, person and question; each names the next where it is not said. Raises NotFound for a strange job."""
    visible_to = access.only_own(actor)
    asked = await questions.by_id(actor.company_id, question_id) if question_id else None
    job_id = job_id or (asked.job_id if asked else None)
    job = await jobs.by_id(actor.company_id, job_id, visible_to=visible_to) if job_id else None
    if job_id and job is None:
        raise NotFound("job.unknown")
    if asked and not (actor.at_desk or asked.author_id == actor.id or asked.job_id == (job and job.id)):
        asked = None
    people = await customers.contacts_of(actor.company_id, job.customer_id) if job and job.customer_id else []
    named = contact_id or (asked.contact_id if asked else None)
    contact = next((one for one in people if one.id == named), None)
    if contact is None and named and actor.at_desk:
        contact = await customers.contact_by_id(actor.company_id, named)
    return Seen(job, contact, asked, people)


def title(question: Question | None, choice: str) -> str:
    """Return the words of an answer, "" where it is none of the question's."""
    choices = question.choices if question else ()
    return next((one.title for one in choices if one.id == choice), "")


def text_of(said: Said, words: str, answer: str, language: str) -> str:
    """Return the words of a note, the same as static/js/lib/calls.js writes offline."""
    parts = [sentence(SENTENCES[said.direction, said.outcome], language)]
    if answer:
        parts.append(sentence("call.answer", language, {"answer": answer}))
    parts.append(words)
    if said.again_on:
        parts.append(sentence("call.again", language, {"day": numeric_day(said.again_on, language)}))
    return " ".join(part for part in parts if part)


def words_of(text: str, call: Call, answer: str) -> str:
    """Return what was said without the sentences that `text_of` put around it; other notes are all words."""
    for language in LANGUAGES:
        first = sentence(SENTENCES[call.direction, call.outcome], language)
        if text != first and not text.startswith(f"{first} "):
            continue
        words = text.removeprefix(first).strip()
        if answer:
            words = words.removeprefix(sentence("call.answer", language, {"answer": answer})).strip()
        if call.again_on:
            before, _, after = sentence("call.again", language, {"day": "\n"}).partition("\n")
            words = re.sub(rf"{re.escape(before)}[\d./]+{re.escape(after)}$", "", words).strip()
        return words
    return text
