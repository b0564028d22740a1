"""Call notes: tied to person and question, asked for again, overtaken, reminded of; nothing a phone says is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.actions import calls, drafts, notes, pushes
from server.db import calls as calls_db
from server.db import conversations, messages, questions, tasks, timeline
from server.db import notes as notes_db
from server.db.connect import Database
from server.domain.calls import CallDraft, Direction, Outcome, Said
from server.domain.conversations import key_of_contact
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.items import SyncNote, content_hash
from server.domain.jobs import Job
from server.domain.messages import MessageState
from server.domain.notes import Note
from server.domain.questions import QuestionDraft, QuestionState
from server.domain.sync import read_item
from server.domain.timeline import Kind, Written
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services
from tests import factories
from tests.push_service import PushService
from tests.sites import AT, Site, build, put

DAY = date(2026, 11, 24)


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    made = await build(database, tmp_path)
    yield made
    await made.services.http.aclose()
    await made.services.images.close()


async def job_with_contact(office: Actor, phone: str = "0151 23456789") -> tuple[Job, Contact]:
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer, phone=phone)
    return await factories.job(office, customer_id=customer.id, contact_id=contact.id), contact


async def written(actor: Actor, job_id: UUID | None, words: str = "", **said: Any) -> Note:
    told = Said(**{"outcome": Outcome.REACHED, **said})
    draft = CallDraft(job_id=job_id, text=words or "Erreicht.", words=words, said=told)
    return await calls.write(actor, draft, at=AT)


async def call_of(note: Note) -> Any:
    return (await calls_db.of_notes(note.company_id, [note.id]))[note.id]


async def test_a_call_stands_in_the_job_and_with_the_person(site: Site) -> None:
    """In the chronology once, in the conversation too; it proves no consent and nobody waits for an answer to it."""
    job, contact = await job_with_contact(site.office)
    note = await written(site.office, job.id, "Kommt Dienstag", contact_id=contact.id, direction=Direction.IN)
    events = (await timeline.of_job(site.office.company_id, job.id, kinds=[Kind.CALLS, Kind.MESSAGES])).items
    [event] = events
    assert isinstance(event, Written) and event.call and event.call.contact_name == contact.name
    thread = await conversations.by_key(site.office.company_id, key_of_contact(contact.id))
    assert thread and thread.last_message_id == note.id and thread.waiting_since is None
    said = await messages.by_id(site.office.company_id, note.id)
    assert said and (said.channel, said.text, said.verified, said.seen_by_office_at) == (
        "phone",
        "Kommt Dienstag",
        False,
        AT,
    )


async def test_corrected_words_are_corrected_everywhere(site: Site) -> None:
    job, contact = await job_with_contact(site.office)
    note = await written(site.office, job.id, "Dienstag", contact_id=contact.id, again_on=DAY)
    after = await notes.revise(site.office, note, text="Mittwoch", base_rev=1, at=AT)
    [recall] = await calls_db.recalls(site.office.company_id)
    assert (recall.call.note_id, recall.text, recall.phone) == (after.id, "Mittwoch", contact.phone)
    said = await messages.by_id(site.office.company_id, note.id)
    assert said and said.text == "Mittwoch"


async def test_a_phone_keeps_everything_and_ties_what_is_true(site: Site) -> None:
    """A contact of nobody, a question of others: left out, never refused; an old phone's words alone are a note."""
    job, contact = await job_with_contact(site.office)
    old = await put(site.worker, "call", job=str(job.id), text="Erreicht.")
    assert await calls_db.of_notes(site.worker.company_id, [old]) == {}
    lost = await put(
        site.worker, "call", job=str(job.id), text="Nicht erreicht.", outcome="missed", contact=str(new_id()),
        question=str(new_id()), choice="c9", follow_up="2026-11-25", direction="out",
    )  # fmt: skip
    call = (await calls_db.of_notes(site.worker.company_id, [lost]))[lost]
    assert (call.contact_id, call.question_id, call.answer_choice, call.again_on) == (
        None,
        None,
        "",
        date(2026, 11, 25),
    )
    good = await put(
        site.worker, "call", job=str(job.id), text="Erreicht.", outcome="reached", contact=str(contact.id)
    )
    assert (await calls_db.of_notes(site.worker.company_id, [good]))[good].contact_id == contact.id
    stranger, _ = await job_with_contact(site.office, phone="0171 9999999")
    other = await put(
        site.worker,
        "call",
        job=str(stranger.id),
        text="Erreicht.",
        outcome="reached",
        contact=str(contact.id),
    )
    assert (await calls_db.of_notes(site.worker.company_id, [other]))[other].contact_id is None


def test_what_an_older_phone_announced_keeps_its_hash() -> None:
    body = {"kind": "call", "job": None, "captured_at": "2026-11-24T10:42:00+01:00", "text": "Erreicht."}
    plain, told = read_item(new_id(), body), read_item(new_id(), {**body, "outcome": "reached"})
    assert isinstance(plain, SyncNote) and isinstance(told, SyncNote)
    assert plain.said is None and content_hash(plain) != content_hash(told)
    assert content_hash(replace(told, said=None)) == content_hash(plain)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("outcome", "eaten", "item.word"),
        ("follow_up", "morgen", "field.day"),
        ("direction", "up", "item.word"),
    ],
)
def test_what_no_form_sends_is_refused(field: str, value: str, code: str) -> None:
    body = {
        "kind": "call",
        "job": None,
        "captured_at": "2026-11-24T10:42:00Z",
        "text": "x",
        "outcome": "missed",
    }
    with pytest.raises(Invalid) as refused:
        read_item(new_id(), {**body, field: value})
    assert (refused.value.code, refused.value.field) == (code, field)


async def test_the_answer_given_on_the_telephone_answers_the_question(site: Site) -> None:
    job, contact = await job_with_contact(site.office)
    question = await drafts.ask(
        site.office,
        job.id,
        QuestionDraft("Welche Farbe?", ("Weiß", "Grau"), (), contact_id=contact.id),
        question_id=new_id(),
        at=AT,
    )
    await written(
        site.office, job.id, "Rief zweimal", question_id=question.id, outcome=Outcome.MISSED, choice="c2"
    )
    asked = await questions.by_id(site.office.company_id, question.id)
    assert asked and asked.state is not QuestionState.ANSWERED
    note = await written(
        site.office, job.id, "matt", question_id=question.id, choice="c2", contact_id=contact.id
    )
    asked = await questions.by_id(site.office.company_id, question.id)
    assert asked and (asked.state, asked.answer, asked.answer_channel) == (
        QuestionState.ANSWERED,
        "Grau – matt",
        "phone",
    )
    said = await messages.by_id(site.office.company_id, note.id)
    assert said and said.state is MessageState.CONFIRMED


async def test_a_later_call_makes_the_earlier_one_moot(site: Site) -> None:
    """Reached, or with a new day: the old day is done. Tried in vain without one: it stays."""
    job, contact = await job_with_contact(site.office)
    whom: dict[str, Any] = {"contact_id": contact.id}
    await written(site.office, job.id, **whom, outcome=Outcome.MISSED, again_on=DAY)
    await written(site.office, job.id, **whom, outcome=Outcome.MISSED)
    assert await calls_db.due(site.office.company_id, until=DAY) == 1
    await written(site.office, job.id, **whom, outcome=Outcome.MAILBOX, again_on=DAY + timedelta(days=1))
    assert [one.call.again_on for one in await calls_db.recalls(site.office.company_id)] == [
        DAY + timedelta(days=1)
    ]
    await written(site.worker, job.id, outcome=Outcome.MISSED, again_on=DAY)  # somebody else at the site
    await written(site.office, job.id, **whom)
    [left] = await calls_db.recalls(site.office.company_id)
    assert left.call.contact_id is None


async def test_done_and_put_off(site: Site) -> None:
    job, _ = await job_with_contact(site.office)
    call = await call_of(await written(site.worker, job.id, outcome=Outcome.MISSED, again_on=DAY))
    with pytest.raises(Forbidden):
        await calls.settle(site.colleague, call, at=AT)
    with pytest.raises(Invalid):
        await calls.shift(site.worker, call, DAY - timedelta(days=1), today=DAY, at=AT)
    await calls.shift(site.office, call, DAY + timedelta(days=3), today=DAY, at=AT)
    assert await calls_db.due(site.office.company_id, until=DAY) == 0
    await calls.settle(site.worker, call, at=AT)
    with pytest.raises(Conflict):
        await calls.settle(site.office, call, at=AT)


async def test_a_call_with_somebody_we_know_is_not_unsorted(site: Site) -> None:
    _, contact = await job_with_contact(site.office)
    await written(site.office, None, "ohne Auftrag", contact_id=contact.id)
    lost = await written(site.office, None, "niemand")
    assert [note.id for note in await notes_db.unsorted(site.office.company_id)] == [lost.id]


async def test_the_day_is_called_out_once(site: Site) -> None:
    """By push to the one who wrote it, in the daytime, once a day; a new one later that day is called out too."""
    at = [AT]
    outside = PushService(lambda: at[0])
    http = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app))
    services: Services = replace(site.services, http=http, clock=lambda: at[0])
    browser = outside.browser("jan", pushes.sender_of(services).public_key)
    said = browser.subscription
    await pushes.subscribe(
        site.worker, endpoint=said["endpoint"], **said["keys"], device_id=new_id(), name="", client=1, at=AT
    )

    async def told() -> list[str]:
        await calls.remind(services)
        due = [
            one for one in await tasks.claim("f", at=at[0], lease_s=60, limit=50) if one.kind == "push.send"
        ]
        for one in due:
            assert one.company_id
            await pushes.deliver(services, one.company_id, one.payload)
        return [str(one.payload["body"]) for one in due]

    await written(site.worker, site.job, outcome=Outcome.MISSED, again_on=DAY)
    at[0] = AT.replace(hour=3)
    assert await told() == []
    at[0] = AT
    assert await told() == ["Heute zurückrufen: 1 Anruf"]
    assert await told() == []
    missed = Said(outcome=Outcome.MISSED, again_on=DAY)
    await calls.write(site.worker, CallDraft(job_id=site.closed_job, text="x", words="", said=missed), at=AT)
    assert await told() == ["Heute zurückrufen: 2 Anrufe"]
    at[0] = AT + timedelta(days=1)
    assert await told() == ["Heute zurückrufen: 2 Anrufe"]
    await http.aclose()
