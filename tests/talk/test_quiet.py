"""Quiet hours: whatever the firm says of its own accord waits for their end, whatever door it came through."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from server.actions import office_hours, questions, releases, speech
from server.db import accounts, companies, messages
from server.db.unit import atomic
from server.domain.accounts import Health
from server.domain.errors import Conflict, Forbidden
from server.domain.hours import OfficeHours
from server.domain.messages import MessageState
from server.domain.questions import QuestionState
from server.domain.users import Role
from tests.factories import acting, user
from tests.talk.test_by_itself import HOURS, TOLD, said
from tests.talk.test_speech import say
from tests.talks import Firm

NIGHT = OfficeHours(quiet_from=time(20), quiet_until=time(7))
SEVEN = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # Berlin, winter


async def at_night(firm: Firm, hours: OfficeHours = NIGHT) -> None:
    await firm.hello()
    await office_hours.change(firm.office, hours, at=firm.clock.at)
    firm.clock.at = datetime(2026, 11, 23, 19, 30, tzinfo=UTC)


async def test_a_released_question_leaves_at_seven(firm: Firm) -> None:
    await firm.consent()
    await at_night(firm)
    question = await firm.release(await firm.ask())
    assert (question.state, question.send_after) == (QuestionState.QUEUED, SEVEN)
    await firm.work(hours=8)
    assert firm.on_phone() == [] and firm.clock.at < SEVEN
    await firm.work(hours=11)
    assert len(firm.on_phone()) == 1 and firm.clock.at >= SEVEN


@pytest.mark.parametrize("words", ["Danke, gute Nacht", "Ja"])
async def test_what_he_writes_before_a_question_leaves_is_no_answer_to_it(firm: Firm, words: str) -> None:
    """He cannot have read it: it leaves in the morning all the same, and then his next words are the answer."""
    await firm.consent()
    await at_night(firm)
    question = await firm.release(await firm.ask(choices=["Ja", "Nein"]))
    firm.petra.write(words)
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.QUEUED
    await firm.work(hours=12)
    assert len(firm.on_phone()) == 1
    firm.petra.write("Nein")
    await firm.work()
    answered = await firm.now(question)
    assert (answered.state, answered.answer) == (QuestionState.ANSWERED, "Nein")


async def test_send_now_is_a_persons_word_and_says_it_once(firm: Firm) -> None:
    await at_night(firm)
    question = await firm.release(await firm.ask())
    with pytest.raises(Forbidden):
        await releases.send_now(firm.worker, question, at=firm.clock.at)
    await releases.send_now(firm.office, question, at=firm.clock.at)
    with pytest.raises(Conflict):
        await releases.send_now(firm.office, question, at=firm.clock.at)
    await firm.work()
    assert len(firm.on_phone()) == 1
    await firm.work(hours=12)  # the task that waited for the morning
    assert len(firm.on_phone()) == 1


async def test_at_once_and_by_day_nothing_waits(firm: Firm) -> None:
    await at_night(firm)
    released = await releases.release(
        firm.office, await firm.ask(), photos_too=False, at_once=True, at=firm.clock.at
    )
    assert released.send_after is None
    firm.clock.at = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert (await firm.release(await firm.ask(text="Und die Leiste?"))).send_after is None
    await firm.work()
    assert len(firm.on_phone()) == 2


async def test_a_question_taken_back_at_night_never_leaves(firm: Firm) -> None:
    await at_night(firm)
    question = await firm.release(await firm.ask())
    await questions.withdraw(firm.office, await firm.now(question), at=firm.clock.at)
    await firm.work(hours=12)
    assert firm.on_phone() == []


async def test_what_was_held_up_by_day_does_not_leave_at_night(firm: Firm) -> None:
    """The account is down until 22:00; the message of the afternoon waits for the morning."""
    await at_night(firm)
    firm.clock.at = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    message = await say(firm)
    await health(firm, Health.PAUSED)
    await firm.work()
    firm.clock.at = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    await health(firm, Health.OK)
    await firm.work(hours=8)
    assert firm.on_phone() == []
    await firm.work(hours=11)
    assert len(firm.on_phone()) == 1
    sent = await messages.by_id(firm.company_id, message.id)
    assert sent and sent.state is not MessageState.QUEUED and firm.clock.at >= SEVEN


@atomic
async def health(firm: Firm, state: Health) -> None:
    await accounts.set_health(firm.company_id, firm.account.id, state, "")


async def test_a_scheduled_message_may_be_let_go_by_whoever_wrote_it(firm: Firm) -> None:
    await firm.hello()
    ours = await companies.by_id(firm.company_id)
    assert ours
    colleague = acting(await user(ours, Role.WORKER, "Jonas Weber"))
    later = firm.clock.at + timedelta(days=1)
    message = await say(firm, send_after=later)
    with pytest.raises(Forbidden):
        await speech.send_now(colleague, message, at=firm.clock.at)
    await speech.send_now(firm.office, message, at=firm.clock.at)
    await firm.work()
    assert len(firm.on_phone()) == 1
    with pytest.raises(Conflict):
        await speech.send_now(firm.office, message, at=firm.clock.at)
    await firm.work(hours=30)
    assert len(firm.on_phone()) == 1


async def test_what_the_customer_brings_about_himself_is_exempt(firm: Firm) -> None:
    night = replace(HOURS, greeting_on=False, quiet_from=time(18), quiet_until=time(7))
    await office_hours.change(firm.office, night, at=firm.clock.at)
    firm.clock.at = datetime(2026, 11, 23, 19, 30, tzinfo=UTC)
    firm.petra.write("Sind Sie da?")
    await firm.work()
    assert said(firm.petra) == [TOLD]


async def test_pages_say_when_it_leaves_and_offer_to_send_now(firm: Firm) -> None:
    await firm.consent()
    await at_night(firm)
    asked = await firm.ask()
    async with firm.browser(firm.office) as browser:
        page = await browser.get(f"/questions/{asked.id}")
        assert "geht um 07:00 Uhr raus" in page.text and 'name="at_once"' in page.text
        answer = await browser.post(f"/questions/{asked.id}/release", data={"channel": "whatsapp"})
        page = await browser.get(answer.headers["location"])
        assert "geht um 07:00 Uhr raus" in page.text
        assert f'action="/questions/{asked.id}/departure"' in page.text
        await browser.post(f"/questions/{asked.id}/departure")
        await firm.work()
        assert len(firm.on_phone()) == 1
        message = await say(firm, "Bis morgen!", send_after=SEVEN)
        thread = f"/messages/{message.conversation_id}"
        page = await browser.get(thread)
        assert "geht um 07:00 Uhr raus" in page.text and f"/messages/{message.id}/departure" in page.text
        await browser.post(f"/messages/{message.id}/departure")
        await firm.work()
        assert len(firm.on_phone()) == 2
