"""The ten-second call note: written at the desk or on the phone, it stands in job and conversation and asks again.

What a phone says of person and question is taken where it is true and left out where it is not: the words are kept
in any case.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from server.actions import conversations, notes, pushes, questions, stops
from server.actions.placing import Place
from server.db import calls, companies, customers, items, jobs, logbook, users
from server.db import notes as notes_db
from server.db import pushes as pushes_db
from server.db import questions as questions_db
from server.db.unit import atomic, signal
from server.domain.accounts import PHONE
from server.domain.calls import Call, CallDraft, Direction, Outcome, Said, check_again, check_called, is_time
from server.domain.companies import Company
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden
from server.domain.identities import Identity, IdentityKind
from server.domain.items import Kind, SyncNote
from server.domain.logbook import Entry
from server.domain.messages import Direction as Way
from server.domain.messages import Message, MessageState
from server.domain.notes import Note, NoteKind, check_text
from server.domain.pushes import recall_notice
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services

CALL = "call"


@atomic
async def write(actor: Actor, draft: CallDraft, *, note_id: UUID | None = None, at: datetime) -> Note:
    """Write a call down. Raises Invalid naming the field.

    `note_id`: what a program calls it; the same again is the note that is there, other words are a Conflict.
    """
    said = draft.said
    if note_id and (known := await _known(actor, note_id, draft)):
        return known
    if said.again_on and not draft.done:
        check_again(said.again_on, today=await today_of(actor.company_id, at))
    about = await _held(actor, said, draft.job_id, at=at)
    note = notes.made(
        actor,
        note_id or new_id(),
        text=check_text(draft.text),
        kind=NoteKind.CALL,
        captured_at=check_called(draft.called_at, now=at) if draft.called_at else at,
        at=at,
        job_id=draft.job_id,
    )
    await notes.keep(actor, note, at=at)
    await _attach(actor, note, said, about, draft.words, at=at)
    if draft.done and said.again_on:
        await calls.set_open(actor.company_id, note.id, settled_at=at, settled_by_id=actor.id)
    return note


async def _known(actor: Actor, note_id: UUID, draft: CallDraft) -> Note | None:
    """Return the note that is there under this id, if it says the same. Raises Conflict."""
    await items.claim_id(actor.company_id, note_id)
    known = await notes_db.by_id(actor.company_id, note_id)
    said = (NoteKind.CALL, actor.id, check_text(draft.text), draft.job_id)
    if known and (known.kind, known.author_id, known.text, known.job_id) == said:
        return known
    if await items.company_of(note_id, Kind.CALL):
        raise Conflict("item.differs" if known else "item.taken", field="id")
    return None


@atomic
async def accept(actor: Actor, item: SyncNote, place: Place, *, at: datetime) -> Note:
    """Keep a call note from a phone; one that corrects another changes its words only."""
    about = await _held(actor, item.said, place.job_id, at=at) if item.said else None
    note = await notes.accept(actor, item, place, at=at)
    if item.said and about and note.replaces_id is None:
        await _attach(actor, note, item.said, about, "", at=at)
    return note


@dataclass(frozen=True, slots=True)
class _About:
    """Whom a call was with and which question it was about, as far as that is true."""

    question: Question | None
    contact: Contact | None


async def _held(actor: Actor, said: Said, job_id: UUID | None, *, at: datetime) -> _About:
    """Return what a call was about, held until the unit ends before anything is written of it.

    In the order of all who lock: the person's conversation, the question, and only then the logbook.
    """
    question = await _question(actor, said)
    contact = await _contact(actor, job_id, said, question)
    if contact:
        await conversations.hold(actor.company_id, contact.id, at=at)
    if question:
        await questions_db.lock(actor.company_id, question.id)
    return _About(question, contact)


async def _attach(actor: Actor, note: Note, said: Said, about: _About, words: str, *, at: datetime) -> None:
    """Tie person, question and follow-up to the note; joins the unit it is part of."""
    question, contact = about.question, about.contact
    choice = said.choice if question and said.choice in {one.id for one in question.choices} else ""
    call = Call(
        id=note.id,
        company_id=actor.company_id,
        note_id=note.id,
        contact_id=contact.id if contact else None,
        question_id=question.id if question else None,
        user_id=actor.id,
        direction=said.direction,
        outcome=said.outcome,
        answer_choice=choice,
        again_on=said.again_on,
        settled_at=None,
        created_at=at,
    )
    await calls.insert_call(actor.company_id, call)
    if said.outcome is Outcome.REACHED or said.again_on:
        await calls.set_overtaken(
            actor.company_id,
            call,
            called_at=note.captured_at,
            job_id=note.job_id,
            by=actor.id,
            at=at,
        )
    if question and choice and said.outcome is Outcome.REACHED:
        await _answered(actor, question, choice, words, at=at)
    if contact:
        await _say(note, call, contact, at=at)


async def _question(actor: Actor, said: Said) -> Question | None:
    found = await questions_db.by_id(actor.company_id, said.question_id) if said.question_id else None
    if found is None or actor.at_desk or found.author_id == actor.id:
        return found
    seen = found.job_id and await jobs.by_id(actor.company_id, found.job_id, visible_to=actor.id)
    return found if seen else None


async def _contact(
    actor: Actor, job_id: UUID | None, said: Said, question: Question | None
) -> Contact | None:
    """Return who was called: as it was said, else whom the question is for. A worker knows his jobs' people only."""
    named = said.contact_id or (question.contact_id if question else None)
    found = await customers.contact_by_id(actor.company_id, named) if named else None
    if found is None or actor.at_desk or (question and question.contact_id == found.id):
        return found
    job = await jobs.by_id(actor.company_id, job_id) if job_id else None
    return found if job and job.customer_id == found.customer_id else None


async def _answered(actor: Actor, question: Question, choice: str, words: str, *, at: datetime) -> None:
    """Let the call be the customer's answer; what has not left yet need not ask him any more."""
    if question.state is QuestionState.WITHDRAWN:
        return
    await stops.stop_question(question, "question.answered", at=at)
    await questions.answer(actor, question.id, choice_id=choice, text=words, channel=PHONE, at=at)


async def _say(note: Note, call: Call, contact: Contact, *, at: datetime) -> None:
    """Let the call stand in the person's conversation. It proves no consent: nobody but us says what was said."""
    out = call.direction is Direction.OUT
    gone = MessageState.CONFIRMED if call.outcome is Outcome.REACHED else MessageState.DISCARDED
    message = Message(
        id=call.id,
        run_id=call.id,
        company_id=note.company_id,
        contact_id=contact.id,
        job_id=note.job_id,
        question_id=None,
        account_id=None,
        photo_id=None,
        channel=PHONE,
        direction=Way.OUT if out else Way.IN,
        kind=CALL,
        text=note.text,
        recipient=Identity(IdentityKind.PHONE, contact.phone) if contact.phone else None,
        state=gone if out else MessageState.RECEIVED,
        author_id=note.author_id,
        at=note.captured_at,
        created_at=at,
        changed_at=at,
        seen_by_office_at=at,
        verified=False,
    )
    kept = await conversations.keep(message)
    if kept and out and call.outcome is Outcome.REACHED:
        await conversations.moved_on(kept)


@atomic
async def settle(actor: Actor, call: Call, *, at: datetime) -> None:
    """Say that nobody needs to call again. Raises Conflict when that is so already, Forbidden."""
    _may(actor, call)
    if not await calls.set_open(actor.company_id, call.id, settled_at=at, settled_by_id=actor.id):
        raise Conflict("call.settled")
    await _note(actor, "call.settled", call, at=at)


@atomic
async def shift(actor: Actor, call: Call, again_on: date, *, today: date, at: datetime) -> None:
    """Put off a call that is to be made again. Raises Conflict, Forbidden, Invalid for a day that is over."""
    _may(actor, call)
    check_again(again_on, today=today)
    if not await calls.set_open(actor.company_id, call.id, again_on=again_on, reminded_on=None):
        raise Conflict("call.settled")
    await _note(actor, "call.shifted", call, at=at, before=call.again_on, after=again_on)


def _may(actor: Actor, call: Call) -> None:
    if not actor.at_desk and call.user_id != actor.id:
        raise Forbidden("role.not_allowed")


async def _note(actor: Actor, verb: str, call: Call, *, at: datetime, **data: object) -> None:
    note = await notes_db.by_id(call.company_id, call.note_id)
    job_id = note.job_id if note else None
    entry = Entry.by(actor, verb, "note", call.note_id, at=at, job_id=job_id, **data)
    await logbook.insert_entry(call.company_id, entry)
    signal("notes", call.company_id, note=str(call.note_id))


async def today_of(company_id: UUID, at: datetime) -> date:
    """Return the day on the company's calendar."""
    company = await companies.by_id(company_id)
    assert company is not None, "an actor belongs to a company"
    return company.day_of(at)


async def remind(services: Services) -> None:
    """Tell people by push on the day whom they meant to call again: once a day, and again for what came since."""
    at = services.clock()
    for company_id in await companies.every_id():
        company = await companies.by_id(company_id)
        if company is None or not is_time(local := at.astimezone(company.zone)):
            continue
        for user_id, number in (await calls.unreminded(company_id, local.date())).items():
            await _remind(company, user_id, number, day=local.date(), at=at)


@atomic
async def _remind(company: Company, user_id: UUID, number: int, *, day: date, at: datetime) -> None:
    """Write down the messages to one person; of two workers only the first does."""
    user = await users.by_id(company.id, user_id)
    places = await pushes_db.of_user(company.id, user_id)
    if user is None or not user.active or not places:
        return
    if await calls.set_reminded(company.id, user_id, day):
        await pushes.tell_all(places, recall_notice(number, user.language), at=at)
