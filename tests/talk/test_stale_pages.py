"""A button acts on what its page showed: what changed meanwhile is shown first, and nothing happens."""

import asyncio
import re

import pytest

from server.actions import customers, drafts, fates, internal_notes, jobs
from server.db import conversations
from server.db import customers as customers_db
from server.db.tables import MessageRow
from server.db.unit import atomic
from server.domain.errors import Conflict
from server.domain.jobs import JobDraft
from server.domain.messages import Message, MessageState
from server.domain.questions import QuestionDraft, QuestionState
from server.ids import new_id
from server.sandbox.world import Fault
from tests.talk.test_speech import say, state, texts
from tests.talks import Firm


def hidden(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form with this action."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
    assert form, action
    ident = re.search(r'id="([^"]+)"', form[0].split(">", 1)[0])
    fields = re.findall(r'<input type="hidden"[^>]*>', form[0])
    fields += re.findall(rf'<input type="hidden"[^>]*form="{ident[1]}"[^>]*>', page) if ident else []
    found = {}
    for one in fields:
        name, value = re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)
        assert name and value
        found[name[1]] = value[1]
    return found


async def test_a_question_changed_meanwhile_is_not_released_unseen(firm: Firm) -> None:
    """The worker adds words and a photo while the office has the page open: neither leaves before it was seen."""
    await firm.hello()
    question = await firm.ask()
    added = await firm.photo(released=False)
    async with firm.browser(firm.office) as desk:
        address = f"/questions/{question.id}/release"
        drawn = hidden((await desk.get(f"/questions/{question.id}")).text, address)
        await drafts.change(
            firm.worker,
            await firm.now(question),
            QuestionDraft("Und das hier auch?", [], [added.id], contact_id=firm.contact.id),
            at=firm.clock.at,
        )
        refused = await desk.post(address, data=drawn | {"channel": "whatsapp"})
        assert refused.status_code == 422 and "Und das hier auch?" in refused.text
        assert (await firm.now(question)).state is QuestionState.WAITING_RELEASE
        assert (await firm.photo_now(added.id)).review == "new"
        again = await desk.post(address, data=hidden(refused.text, address) | {"channel": "whatsapp"})
        assert again.status_code == 303
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.DELIVERED


async def test_again_of_an_old_page_sends_no_third_time(firm: Firm) -> None:
    """Two pages show a message in doubt; from one it goes again, and again nobody knows: the other must look first."""
    await firm.hello()
    firm.sandbox.set_fault("messages", Fault.RESET_BEFORE)
    message = await say(firm)
    await firm.work(hours=1)
    assert await state(firm, message) is MessageState.UNCLEAR
    address = f"/messages/{message.id}/fate"
    async with firm.browser(firm.office) as desk:
        thread = f"/messages/{message.conversation_id}"
        first = hidden((await desk.get(thread)).text, address)
        await firm.work()
        firm.sandbox.set_fault("messages", Fault.RESET_BEFORE)
        firm.clock.go(minutes=1)
        assert (await desk.post(address, data=first | {"arrived": "0"})).status_code == 303
        await firm.work(hours=1)
        assert await state(firm, message) is MessageState.UNCLEAR
        refused = await desk.post(address, data=first | {"arrived": "0"})
        assert refused.status_code == 409
        await firm.work(hours=1)
        assert texts(firm) == []
        now = hidden((await desk.get(thread)).text, address)
        assert (await desk.post(address, data=now | {"arrived": "0"})).status_code == 303
    await firm.work()
    assert texts(firm) == ["Morgen um 8 Uhr?"]


async def test_again_for_what_failed_sends_nothing_that_is_in_doubt_since(firm: Firm) -> None:
    """A question's page showed a failure; a second message of it has come into doubt since."""
    await firm.hello()
    question = await firm.release(await firm.ask())
    await firm.work()
    [message] = await firm.said(question)
    await _as(message, MessageState.FAILED)
    address = f"/questions/{question.id}/fate"
    async with firm.browser(firm.office) as desk:
        drawn = hidden((await desk.get(f"/questions/{question.id}")).text, address)
        await _as(message, MessageState.UNCLEAR)
        refused = await desk.post(address, data=drawn | {"arrived": "0"})
        assert refused.status_code == 422 and "Ist das angekommen?" in refused.text
    [now] = await firm.said(question)
    assert now.state is MessageState.UNCLEAR


@atomic
async def _as(message: Message, state: MessageState) -> None:
    await MessageRow.filter(id=message.id).update(state=state)
    await fates.follow(message, at=message.changed_at)


async def test_done_is_not_said_of_a_message_nobody_saw(firm: Firm) -> None:
    """Between page and button the customer writes again: he goes on waiting, and the office is told."""
    await firm.hello()
    [thread] = (await conversations.search(firm.company_id)).items
    address = f"/messages/{thread.id}/settlement"
    async with firm.browser(firm.office) as desk:
        drawn = hidden((await desk.get(f"/messages/{thread.id}")).text, address)
        firm.clock.go(minutes=1)
        firm.petra.write("Und noch etwas: Wasser läuft aus der Wand!")
        await firm.work()
        assert (await desk.post(address, data=drawn)).status_code == 409
        now = await conversations.by_id(firm.company_id, thread.id)
        assert now and now.waiting_since
        # What is drawn anew while the page is open counts: the field belongs to the thread.
        part = (await desk.get(f"/messages/{thread.id}/_thread")).text
        field = re.search(r'name="heard" value="([^"]+)"', part)
        assert field and field[1] != drawn["heard"]
        assert (await desk.post(address, data={"heard": field[1]})).status_code == 303
    now = await conversations.by_id(firm.company_id, thread.id)
    assert now and now.waiting_since is None


async def test_an_old_number_does_not_come_back_from_an_old_page(firm: Firm) -> None:
    """While one colleague has the person open another one enters the new number."""
    address, at = f"/contacts/{firm.contact.id}", firm.clock.at
    async with firm.browser(firm.office) as desk:
        drawn = hidden((await desk.get(f"{address}/edit")).text, address)
        new = {"name": "Petra Müller", "phone": "0151 55555555"}
        assert (await desk.post(address, data=drawn | new)).status_code == 303
        old = {"name": "Petra Müller-Lang", "phone": "0151 23456789", "email": "petra@example.org"}
        refused = await desk.post(address, data=drawn | old)
        assert refused.status_code == 422 and "0151 55555555" in refused.text
        again = hidden(refused.text, address)
        kept = {"name": "Petra Müller-Lang", "phone": "0151 55555555"}
        assert (await desk.post(address, data=again | kept)).status_code == 303
    with pytest.raises(Conflict, match="changed_meanwhile"):  # read before, written after
        await customers.prefer(firm.office, firm.contact, "email", at=at)
    now = await customers_db.contact_by_id(firm.company_id, firm.contact.id)
    assert now and (now.phone, now.name, now.preferred_channel) == ("+4915155555555", "Petra Müller-Lang", "")


async def test_where_nothing_was_said_done_counts_until_something_is(firm: Firm) -> None:
    await firm.consent()
    async with firm.browser(firm.office) as desk:
        began = await desk.post(f"/contacts/{firm.contact.id}/conversation")
        thread = began.headers["location"].partition("#")[0]
        address = f"{thread}/settlement"
        drawn = hidden((await desk.get(thread)).text, address)
        assert (await desk.post(address, data=drawn)).status_code == 303
        await firm.hello()
        assert (await desk.post(address, data=drawn)).status_code == 409


async def test_again_is_for_the_last_release_only(firm: Firm) -> None:
    """What failed was released anew and has come: no button sends the first one too, and an old page does not."""
    await firm.hello()
    question = await firm.release(await firm.ask())
    await firm.work()
    [first] = await firm.said(question)
    await _as(first, MessageState.FAILED)
    firm.clock.go(minutes=1)
    await firm.release(question)
    await firm.work()
    second = next(one for one in await firm.said(question) if one.id != first.id)
    assert (await firm.now(question)).state is QuestionState.DELIVERED
    before = len(firm.on_phone())
    async with firm.browser(firm.office) as desk:
        assert "Nochmal senden" not in (await desk.get(f"/questions/{question.id}")).text
        await _as(second, MessageState.UNCLEAR)
        again = await desk.post(f"/questions/{question.id}/fate", data={"arrived": "0"})
        assert again.status_code == 303
    await firm.work()
    assert len(firm.on_phone()) == before + 1
    states = {one.id: one.state for one in await firm.said(question)}
    assert states[first.id] is MessageState.FAILED


async def test_sent_is_said_of_the_package_the_page_showed(firm: Firm) -> None:
    """Taken back, changed and made ready again in another tab: the old page's "Ist gesendet" is about the first."""
    await firm.consent()
    question = await firm.release(await firm.ask(), "whatsapp_handoff")
    await firm.work()
    address = f"/questions/{question.id}/handoff"
    async with firm.browser(firm.office) as desk:
        old = hidden((await desk.get(address)).text, address)
        assert (await desk.post(address, data={"state": "discarded"})).status_code == 303
        firm.clock.go(minutes=1)
        await firm.release(question, "whatsapp_handoff")
        await firm.work()
        assert (await desk.post(address, data=old | {"state": "confirmed_by_worker"})).status_code == 409
        assert (await firm.now(question)).state is QuestionState.QUEUED
        new = hidden((await desk.get(address)).text, address)
        assert (await desk.post(address, data=new | {"state": "confirmed_by_worker"})).status_code == 303


async def test_a_worker_reads_no_note_about_a_job_he_does_not_see(firm: Firm) -> None:
    """The conversation is his customer's, the note is about another job of that customer with its own people."""
    await firm.hello()
    job = await jobs.current(firm.office, firm.job)
    closed = await jobs.open_job(
        firm.office,
        JobDraft("Geheimer Umbau", customer_id=job.customer_id, contact_id=job.contact_id),
        member_ids=[firm.office.id or new_id()],
        at=firm.clock.at,
    )
    [thread] = (await conversations.search(firm.company_id)).items
    for text, about in (("Petra ist ab Mai allein", closed.id), ("Klingel ist kaputt", None)):
        await internal_notes.write(firm.office, text, conversation=thread, job_id=about, at=firm.clock.at)
    async with firm.browser(firm.worker) as phone:
        page = (await phone.get(f"/messages/{thread.id}")).text
        assert "Klingel ist kaputt" in page and "ab Mai allein" not in page
    async with firm.browser(firm.office) as desk:
        assert "ab Mai allein" in (await desk.get(f"/messages/{thread.id}")).text


async def test_fragen_und_senden_tapped_twice_asks_once(firm: Firm) -> None:
    """A double click is two requests; both came through, and the customer had the question twice (§12.4)."""
    await firm.hello()
    async with firm.browser(firm.office) as desk:
        page = (await desk.get(f"/questions/new?job={firm.job}")).text
        typed = hidden(page, "/questions") | {
            "text": "Welche Fuge?",
            "choices": ["Hell", "Dunkel"],
            "send": "1",
        }
        first, second = await asyncio.gather(*[desk.post("/questions", data=typed) for _ in range(2)])
        assert {first.status_code, second.status_code} <= {303, 409}
        third = await desk.post("/questions", data=typed)
        assert third.headers["location"] == first.headers.get("location", second.headers.get("location"))
        await firm.work()
        assert [one.text for one in firm.petra.bubbles if one.from_firm].count("Welche Fuge?") == 1
        other = await desk.post("/questions", data=typed | {"text": "Und welche Leiste?"})
        assert other.status_code == 303 and other.headers["location"] != third.headers["location"]
