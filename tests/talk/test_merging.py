"""Jobs are merged while something is said about them: no two wait for each other, and what is said lies in the target."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

import pytest

from server.actions import answers, calls, conversations, jobs, mergers, speech
from server.actions.answers import Asked
from server.actions.outgoing import answer_url
from server.db import answer_links, logbook, messages, sql
from server.db import mergers as mergers_db
from server.db.unit import atomic
from server.domain.calls import CallDraft, Outcome, Said
from server.domain.jobs import Job, JobDraft
from server.domain.logbook import Entry
from server.domain.questions import QuestionState
from server.domain.speeches import Speech
from server.ids import new_id
from tests.talks import Firm


async def somebody_waits() -> None:
    """Return once another unit waits for a lock; on SQLite every other one waits for its turn to write."""
    for _ in range(300):
        await asyncio.sleep(0.01)
        if sql.dialect() != "postgres" or await sql.rows("SELECT pid FROM pg_locks WHERE NOT granted"):
            return
    raise AssertionError("nobody waits")


def then(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, go_on: Callable[[], Awaitable[None]]
) -> None:
    """Let something else begin right after the first call of a function, in the middle of its unit."""
    done: list[str] = []
    real = getattr(place, name)

    async def followed(*given: Any, **named: Any) -> Any:
        result = await real(*given, **named)
        if not done:
            done.append(name)
            await go_on()
        return result

    monkeypatch.setattr(place, name, followed)


async def second_job(firm: Firm) -> tuple[Job, Job]:
    job = await jobs.current(firm.office, firm.job)
    draft = JobDraft("Bad Müller, Teil 2", customer_id=job.customer_id, contact_id=job.contact_id)
    return job, await jobs.open_job(firm.office, draft, at=firm.clock.at)


@pytest.mark.parametrize("by_link", [False, True])
async def test_an_answer_and_a_merge_at_one_moment_do_not_wait_for_each_other(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, by_link: bool
) -> None:
    """One order for both: the question, then the job it belongs to."""
    await firm.hello()
    question = await firm.release(await firm.ask())
    await firm.work()
    job, into = await second_job(firm)
    merging: list[asyncio.Task[Job]] = []
    outside = copy_context()  # a task made inside a unit must be none of it

    async def merge() -> None:
        work = mergers.merge(firm.office, job, into.id, at=firm.clock.at)
        merging.append(asyncio.create_task(work, context=outside))
        await somebody_waits()

    if by_link:
        link = await answer_links.of_question(firm.company_id, question.id)
        assert link
        token = answer_url(firm.services, link.id).rpartition("/")[2]
        asked = await answers.look_up(token, at=firm.clock.at)
        assert isinstance(asked, Asked)
        then(monkeypatch, conversations, "keep", merge)
        await answers.answer(asked, choice_id=question.choices[0].id, text="", at=firm.clock.at)
    else:
        bubble = next(one for one in firm.petra.bubbles if one.buttons)
        firm.petra.tap(bubble.id, bubble.buttons[0][0])
        then(monkeypatch, conversations, "keep", merge)
        await firm.work()
    await merging[0]
    now = await firm.now(question)
    assert (now.state, now.job_id) == (QuestionState.ANSWERED, into.id)
    assert {one.job_id for one in await firm.said(question)} == {into.id}


async def test_what_is_written_while_its_job_is_merged_lies_in_the_target(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    job, into = await second_job(firm)
    said = Speech(
        intent=new_id(),
        contact_id=firm.contact.id,
        channel="whatsapp",
        text="Morgen um 8 Uhr?",
        job_id=job.id,
    )
    saying: list[asyncio.Task[Any]] = []
    outside = copy_context()

    async def say() -> None:
        work = speech.say(firm.office, said, at=firm.clock.at)
        saying.append(asyncio.create_task(work, context=outside))
        await somebody_waits()

    then(monkeypatch, mergers_db, "move_contents", say)
    await mergers.merge(firm.office, job, into.id, at=firm.clock.at)
    written = await saying[0]
    kept = await messages.by_id(firm.company_id, said.intent)
    assert kept and kept.job_id == written.job_id == into.id


async def test_a_call_note_and_a_message_of_the_same_person_do_not_wait_for_each_other(firm: Firm) -> None:
    """One order for both: his conversation, then the logbook."""
    said = Said(outcome=Outcome.REACHED, contact_id=firm.contact.id)
    draft = CallDraft(job_id=firm.job, text="Kommt um acht.", words="Kommt um acht.", said=said)
    begun = asyncio.Event()

    @atomic
    async def heard() -> None:
        await conversations.hold(firm.company_id, firm.contact.id, at=firm.clock.at)
        begun.set()
        await somebody_waits()
        entry = Entry.by(firm.office, "message.received", "message", new_id(), at=firm.clock.at, job_id=None)
        await logbook.insert_entry(firm.company_id, entry)

    hearing = asyncio.create_task(heard())
    await begun.wait()
    noting = asyncio.create_task(calls.write(firm.office, draft, at=firm.clock.at))
    _, note = await asyncio.gather(hearing, noting)
    assert note.text == "Kommt um acht."
