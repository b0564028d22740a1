"""Free messages: written once, at once or later, in order, and never where the gate is shut."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.actions import consents, fates, jobs, outbox, speech
from server.db import accounts, messages
from server.db import tasks as table
from server.db.tables import MessageRow, TaskRow
from server.db.unit import atomic
from server.domain.accounts import Health
from server.domain.consents import Proof
from server.domain.errors import Conflict, Forbidden, Invalid, NoConsent
from server.domain.evidence import Evidence
from server.domain.jobs import JobDraft
from server.domain.messages import Message, MessageState
from server.domain.reviews import Verdict
from server.domain.speeches import Speech
from server.ids import new_id
from server.sandbox.world import Fault
from tests.talks import Firm


async def say(firm: Firm, text: str = "Morgen um 8 Uhr?", **given: Any) -> Message:
    values: dict[str, Any] = {"intent": new_id(), "contact_id": firm.contact.id, "channel": "whatsapp"}
    actor = given.pop("actor", firm.office)
    return await speech.say(actor, Speech(text=text, **values | given), at=firm.clock.at)


async def state(firm: Firm, message: Message) -> MessageState:
    found = await messages.by_id(firm.company_id, message.id)
    assert found
    return found.state


def texts(firm: Firm) -> list[str]:
    return [bubble.text for bubble in firm.petra.bubbles if bubble.from_firm]


async def test_written_with_photos_and_read(firm: Firm) -> None:
    await firm.hello()
    first, second = await firm.photo(1), await firm.photo(2)
    written = await say(firm, photo_ids=(second.id, first.id))
    await firm.work()
    firm.petra.look()
    await firm.work()
    assert await state(firm, written) is MessageState.READ
    assert len(firm.on_phone()) == len(set(firm.on_phone())) >= 2
    now = await messages.by_id(firm.company_id, written.id)
    assert now and now.sent_at and now.delivered_at and now.read_at and now.category == "service"
    assert (now.job_id, now.author_id) == (firm.job, firm.office.id)


async def test_twice_is_once_and_other_words_are_refused(firm: Firm) -> None:
    await firm.hello()
    intent = new_id()
    first = await say(firm, intent=intent)
    again = await say(firm, intent=intent)
    assert again.id == first.id
    await firm.work()
    assert (await say(firm, intent=intent)).id == first.id
    with pytest.raises(Conflict):
        await say(firm, "Morgen um 9 Uhr?", intent=intent)
    await firm.work()
    assert texts(firm) == ["Morgen um 8 Uhr?"]


async def test_nothing_is_written_where_it_must_not(firm: Firm) -> None:
    other = await firm.photo(1)
    unreleased = await firm.photo(2, released=False)
    with pytest.raises(NoConsent):
        await say(firm)
    await firm.hello()
    for wrong in (
        {"text": " "},
        {"channel": "brieftaube"},
        {"photo_ids": (unreleased.id,)},
        {"photo_ids": (new_id(),)},
    ):
        with pytest.raises((Invalid,)):
            await say(firm, **wrong)
    await _give_away(firm, other.id)
    with pytest.raises(Invalid) as refused:
        await say(firm, photo_ids=(other.id,))
    assert refused.value.code == "message.foreign_photo"
    with pytest.raises(Forbidden):
        await say(firm, actor=firm.worker)
    assert await say(firm, actor=replace(firm.worker, workers_release=True))
    assert await MessageRow.filter(direction="out").count() == 1


async def test_a_worker_shows_no_photos_of_a_job_he_does_not_see(firm: Firm) -> None:
    """Of the same customer, released, and yet none of his business: he sees his jobs only."""
    await firm.hello()
    job = await jobs.current(firm.office, firm.job)
    assert firm.office.id and firm.worker.id
    draft = JobDraft("Küche Müller", customer_id=job.customer_id, contact_id=job.contact_id)
    closed = await jobs.open_job(firm.office, draft, member_ids=[firm.office.id], at=firm.clock.at)
    foreign, own = await firm.photo(1, job=closed.id), await firm.photo(2)
    releasing = replace(firm.worker, workers_release=True)
    with pytest.raises(Invalid, match=r"message\.foreign_photo"):
        await say(firm, actor=releasing, photo_ids=(own.id, foreign.id))
    assert await say(firm, actor=releasing, photo_ids=(own.id,))
    assert await say(firm, photo_ids=(own.id, foreign.id))
    await firm.work()
    assert len(firm.on_phone()) == 3


async def _give_away(firm: Firm, photo_id: UUID) -> None:
    from server.actions import photos
    from server.domain.photos import Words

    elsewhere = await jobs.open_job(firm.office, JobDraft("Dach Schulz"), at=firm.clock.at)
    photo = await firm.photo_now(photo_id)
    words = Words(photo.caption, photo.phase, tuple(photo.tags), elsewhere.id)
    await photos.describe(firm.office, photo, words, at=firm.clock.at)
    from server.actions import reviews

    moved = await firm.photo_now(photo_id)
    await reviews.decide(firm.office, moved, verdict=Verdict.RELEASED, note="", at=firm.clock.at)


async def test_scheduled_leaves_at_its_time_with_the_gate_as_it_is_then(firm: Firm) -> None:
    await firm.hello()
    later = firm.clock.at + timedelta(hours=3)
    kept, stopped = await say(firm, "Erinnerung", send_after=later), await say(firm, "Zwei", send_after=later)
    await firm.work(hours=2.5)
    assert texts(firm) == [] and firm.clock.at < later
    await speech.cancel(firm.office, stopped, at=firm.clock.at)
    with pytest.raises(Conflict):
        await speech.cancel(firm.office, stopped, at=firm.clock.at)
    await firm.work(hours=4)
    assert texts(firm) == ["Erinnerung"]
    assert await state(firm, kept) is MessageState.DELIVERED
    assert await state(firm, stopped) is MessageState.STOPPED
    third = await say(firm, "Drei", send_after=firm.clock.at + timedelta(hours=1))
    await consents.withdraw(
        firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "nein"), at=firm.clock.at
    )
    await firm.work(hours=3)
    assert await state(firm, third) is MessageState.STOPPED
    assert texts(firm) == ["Erinnerung"]


async def test_order_is_kept_whatever_stumbles(firm: Firm) -> None:
    """The first is refused twice, so the others wait behind it; a scheduled one never stands in the way."""
    await firm.hello()
    firm.sandbox.set_fault("messages", Fault.REFUSED, 2)
    await say(firm, "Bald", send_after=firm.clock.at + timedelta(hours=5))
    for number in range(4):
        firm.clock.go(seconds=1)
        await say(firm, f"Nummer {number}")
    await firm.work(hours=1)
    assert texts(firm) == [f"Nummer {number}" for number in range(4)]


async def test_what_fails_or_is_in_doubt_lets_the_next_one_go(firm: Firm) -> None:
    await firm.hello()
    firm.sandbox.set_fault("messages", Fault.SLOW_BEFORE)
    first, second = await say(firm, "Eins"), await say(firm, "Zwei")
    await firm.work(hours=1)
    by_state = {await state(firm, first), await state(firm, second)}
    assert by_state == {MessageState.UNCLEAR, MessageState.DELIVERED}
    [card] = await messages.in_doubt(firm.company_id)
    async with firm.browser(firm.office) as office:
        assert "Ist das angekommen?" in (await office.get("/messages")).text
        answer = await office.post(f"/messages/{card.id}/fate", data={"arrived": "0"})
        assert answer.status_code == 303
        await firm.work(hours=1)
        assert sorted(texts(firm)) == ["Eins", "Zwei"]
        assert (await office.post(f"/messages/{card.id}/fate", data={"arrived": "1"})).status_code == 409


async def test_what_waited_for_more_than_a_day_is_for_a_human(firm: Firm) -> None:
    """The account stood still for days: "tomorrow at 8" must not leave on Friday, unless somebody says so."""
    await firm.hello()
    written = await say(firm)
    await _health(firm, Health.PAUSED)
    firm.clock.go(hours=20)
    await firm.hello()  # the window stays open
    firm.clock.go(hours=11)
    await _health(firm, Health.OK)
    await firm.work(hours=1)
    late = await messages.by_id(firm.company_id, written.id)
    assert late and (texts(firm), late.error_code) == ([], "message.too_late")
    await fates.resolve(firm.office, late.id, arrived=False, at=firm.clock.at)
    await firm.work(hours=1)
    assert (texts(firm), await state(firm, written)) == (["Morgen um 8 Uhr?"], MessageState.DELIVERED)


@atomic
async def _health(firm: Firm, health: Health) -> None:
    await accounts.set_health(firm.company_id, firm.account.id, health, "")


async def test_a_window_closed_early_is_tried_once_more_then_named(firm: Firm) -> None:
    """The platform says 131047 although ours has hours left (§12.17): one more try after a minute, no third."""
    await firm.hello()
    chat = firm.sandbox.world.chat(firm.sandbox.world.accounts["firm"], firm.sandbox.world.people["petra"])
    real, chat.last_in_at = chat.last_in_at, None
    written = await say(firm)
    await firm.work()
    assert await state(firm, written) is MessageState.QUEUED
    chat.last_in_at = real
    await firm.work(hours=0.1)
    assert await state(firm, written) is MessageState.DELIVERED
    chat.last_in_at = None
    again = await say(firm, "Noch eine")
    await firm.work(hours=1)
    stopped = await messages.by_id(firm.company_id, again.id)
    assert stopped and (stopped.state, stopped.error_code) == (MessageState.STOPPED, "window.closed")


async def test_a_photo_taken_back_stops_the_message(firm: Firm) -> None:
    from server.actions import reviews

    await firm.hello()
    photo = await firm.photo()
    written = await say(firm, photo_ids=(photo.id,))
    now = await firm.photo_now(photo.id)
    await reviews.decide(firm.office, now, verdict=Verdict.REJECTED, note="Gesicht", at=firm.clock.at)
    await firm.work(hours=1)
    assert (texts(firm), await state(firm, written)) == ([], MessageState.STOPPED)


async def test_a_lost_task_is_found_within_minutes(firm: Firm) -> None:
    await firm.hello()
    written = await say(firm)
    await _lose_tasks()
    firm.clock.go(minutes=4)
    await outbox.watch(firm.services)
    await firm.work(hours=0.1)
    assert await state(firm, written) is MessageState.DELIVERED
    leased = await say(firm, "Zwei")
    await _lease(leased, at=firm.clock.at)
    await _lose_tasks()
    firm.clock.go(minutes=4)
    await outbox.watch(firm.services)
    await firm.work(hours=0.1)
    assert await state(firm, leased) is MessageState.UNCLEAR
    assert texts(firm) == ["Morgen um 8 Uhr?"]
    assert await table.next_due() is None


@atomic
async def _lose_tasks() -> None:
    await TaskRow.all().delete()


@atomic
async def _lease(message: Message, *, at: datetime) -> None:
    row = MessageRow.filter(id=message.id)
    await row.update(state=MessageState.LEASED, changed_at=at, step={"call": {}})
