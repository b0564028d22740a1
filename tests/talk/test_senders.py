"""Two accounts of one kind: what we say leaves by the one the customer wrote to, with its own window and ground."""

from datetime import timedelta

import pytest

from server.actions import channels, outgoing, speech, ways
from server.db import accounts, messages
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.errors import Invalid
from server.domain.messages import MessageState
from server.domain.questions import QuestionState
from server.domain.routing import Need, Verdict
from server.domain.speeches import Speech
from server.ids import new_id
from server.sandbox.customer import Customer
from tests.looks import thread_of
from tests.talks import TYPED, Firm

SITE = "Baustelle 0221 999"
OWN_ID = "106540352249999"


async def second(firm: Firm) -> tuple[Account, Customer]:
    """Connect another number, younger than the first; returns it and Petra's chat with it."""
    typed = {**TYPED, "phone_number_id": OWN_ID}
    made = await channels.set_up(
        firm.services, firm.office, "whatsapp", label=SITE, typed=typed, at=firm.clock.at
    )
    firm.sandbox.add_account(
        "site", name="Fliesen Berger", own_id=OWN_ID, display="+4922199999999", token=TYPED["access_token"],
        secret=TYPED["app_secret"], hook_path=f"/hooks/whatsapp/{made.id}",
    )  # fmt: skip
    return made, firm.sandbox.customer("petra", "site")


async def way(firm: Firm) -> Verdict:
    route = await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=firm.clock.at)
    found = route.of("whatsapp")
    assert found
    return found


async def say(firm: Firm) -> Speech:
    said = Speech(intent=new_id(), contact_id=firm.contact.id, channel="whatsapp", text="Morgen um 8 Uhr?")
    await speech.say(firm.office, said, at=firm.clock.at)
    return said


@atomic
async def set_health(firm: Firm, account: Account, health: Health) -> None:
    await accounts.set_health(firm.company_id, account.id, health, "")


async def test_an_answer_leaves_by_the_number_he_wrote_to(firm: Firm) -> None:
    made, site = await second(firm)
    assert (await way(firm)).account == "WhatsApp"
    site.write("Guten Tag")
    await firm.work()
    assert (await way(firm)).account == SITE
    said = await say(firm)
    question = await firm.release(await firm.ask())
    await firm.work()
    written = await messages.by_id(firm.company_id, said.intent)
    assert written and written.account_id == made.id and written.state is MessageState.DELIVERED
    assert {one.account_id for one in await firm.said(question)} == {made.id}
    assert (await firm.now(question)).state is QuestionState.DELIVERED
    assert firm.on_phone() == [] and [one for one in site.bubbles if one.from_firm]
    firm.clock.at += timedelta(minutes=1)
    firm.petra.write("Und hier auch")
    await firm.work()
    assert (await way(firm)).account == "WhatsApp"


async def test_a_window_and_a_first_word_are_one_number_s(firm: Firm) -> None:
    """Free words are open where he wrote; another number has neither his window nor his first word."""
    made, site = await second(firm)
    await firm.hello()
    assert await ways.closed(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at) == ""
    closed = await ways.closed(
        firm.company_id, firm.contact.id, "whatsapp", account_id=made.id, at=firm.clock.at
    )
    assert closed == "consent.none"
    await firm.consent()
    assert (await way(firm)).free_until and not (await way(firm)).template
    firm.clock.at += timedelta(hours=23)
    site.write("Guten Tag")
    await firm.work()
    firm.clock.at += timedelta(hours=2)  # the first number's window is over, the second's is open
    assert (await way(firm)).account == SITE and (await way(firm)).free_until
    firm.petra.write("Hier zuletzt")
    await firm.work()
    firm.clock.at += timedelta(hours=22)
    assert (await way(firm)).account == "WhatsApp" and not (await way(firm)).template


@pytest.mark.parametrize("health", [Health.REAUTH, Health.PAUSED])
async def test_the_other_number_does_not_step_in_unasked(firm: Firm, health: Health) -> None:
    made, site = await second(firm)
    site.write("Guten Tag")
    await firm.work()
    question = await firm.release(await firm.ask())
    await set_health(firm, made, health)
    found = await way(firm)
    code = f"account.{health.value}"
    assert (found.code, found.values) == (code, {"account": SITE})
    with pytest.raises(Invalid, match=code):
        await say(firm)
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.QUEUED
    assert firm.on_phone() == []


async def test_a_number_that_was_given_up_leaves_its_people_to_the_other(firm: Firm) -> None:
    """Its window and its first word stay with it: by the other number WhatsApp takes a template only."""
    made, site = await second(firm)
    await firm.consent()
    site.write("Guten Tag")
    await firm.work()
    await channels.switch(firm.office, made, enabled=False, at=firm.clock.at)
    found = await way(firm)
    assert (found.account, found.template) == ("WhatsApp", True)
    await channels.switch(firm.office, firm.account, enabled=False, at=firm.clock.at)
    assert (await way(firm)).code == "account.disabled"


async def test_without_a_word_of_his_the_first_that_may_send_is_taken(firm: Firm) -> None:
    await second(firm)
    await firm.consent()
    assert (await way(firm)).account == "WhatsApp"
    await set_health(firm, firm.account, Health.REAUTH)
    assert (await way(firm)).account == SITE
    outlook = await outgoing.outlook(firm.company_id, firm.contact.id, at=firm.clock.at)
    assert outlook.channel == "whatsapp" and not outlook.closed


async def test_composer_and_question_name_the_account_where_there_are_several(firm: Firm) -> None:
    await firm.hello()
    thread = await thread_of(firm.company_id, firm.contact.id)
    question = await firm.ask()
    pages = (f"/messages/{thread.id}", f"/questions/{question.id}")
    async with firm.browser(firm.office) as browser:
        for page in pages:
            assert SITE not in (await browser.get(page)).text
        made, site = await second(firm)
        firm.clock.at += timedelta(minutes=1)
        site.write("Guten Tag")
        await firm.work()
        for page in pages:
            assert f"WhatsApp · {SITE}" in (await browser.get(page)).text, page
        await set_health(firm, made, Health.PAUSED)
        for page in pages:
            assert f"Der Anbieter hat „{SITE}“ angehalten" in (await browser.get(page)).text, page
