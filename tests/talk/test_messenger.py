"""A page's conversation through the real doors: set up, heard, bound to a person, asked, tapped, answered."""

from datetime import timedelta
from typing import cast

import pytest

from server.actions import channels, consents, inbox, ways
from server.db import accounts
from server.db.tables import MessageRow
from server.db.unit import atomic
from server.domain.accounts import Account
from server.domain.consents import Proof
from server.domain.evidence import Evidence
from server.domain.messages import Direction, Message, MessageState
from server.domain.questions import QuestionState
from server.domain.routing import Need
from server.domain.wordings import Topic
from server.sandbox.customer import Customer
from server.sandbox.messenger.platform import MessengerPlatform
from tests import looks
from tests.sites import photo_bytes
from tests.talks import Firm

TYPED = {
    "page_id": "1000233456",
    "page_token": "sandbox-page-token",
    "app_secret": "Geheim an der Seite",
    "verify_token": "vereinbart",
}


async def with_page(firm: Firm, agent: str = "nein") -> tuple[Account, Customer]:
    """Set the page up as the office does, and give Petra a chat with it."""
    account = await channels.set_up(
        firm.services,
        firm.office,
        "messenger",
        label="",
        typed={**TYPED, "human_agent": agent},
        at=firm.clock.at,
    )
    firm.sandbox.add_account(
        "page",
        kind="messenger",
        name="Fliesen Berger",
        own_id=TYPED["page_id"],
        display="Fliesen Berger",
        token=TYPED["page_token"],
        secret=TYPED["app_secret"],
        hook_path=f"/hooks/messenger/{account.id}",
    )
    return account, firm.sandbox.customer("petra", "page")


async def heard(firm: Firm) -> list[Message]:
    page = await looks.from_customers(firm.company_id)
    return sorted((one for one in page if one.channel == "messenger"), key=lambda one: one.text)


async def test_heard_bound_asked_tapped_answered(firm: Firm) -> None:
    account, petra = await with_page(firm)
    petra.write("Guten Tag")
    await firm.work()
    (first,) = await heard(firm)
    assert (first.contact_id, first.direction, first.account_id) == (None, Direction.IN, account.id)
    assert account.settings["human_agent"] == "nein" and "page_token" not in account.settings

    await inbox.assign(firm.office, first, job_id=firm.job, contact_id=firm.contact.id, at=firm.clock.at)
    await consents.grant(
        firm.office, firm.contact, Topic("messenger"), Evidence(Proof.SPOKEN, "am Telefon"), at=firm.clock.at
    )
    petra.send_photo(photo_bytes(), "image/jpeg")
    await firm.work()
    photo = next(one for one in await heard(firm) if one.kind == "image")
    assert photo.photo_id is not None and photo.contact_id == firm.contact.id

    question = await firm.ask(await firm.photo(7))
    await firm.release(question, "messenger")
    await firm.work()
    shown = [bubble for bubble in petra.bubbles if bubble.from_firm]
    assert [bubble.kind for bubble in shown] == ["image", "buttons"]
    assert [message.state for message in await firm.said(question)] == [MessageState.DELIVERED] * 2
    asked = shown[1]
    petra.tap(asked.id, asked.buttons[1][0])
    await firm.work()
    answered = await firm.now(question)
    assert (answered.state, answered.answer, answered.answer_channel) == (
        QuestionState.ANSWERED,
        "Anthrazit",
        "messenger",
    )
    assert len({bubble.opaque for bubble in shown}) == len(shown)


@pytest.mark.parametrize(("agent", "after_a_day"), [("nein", "window.closed"), ("ja", "")])
async def test_the_way_is_shut_when_the_page_may_answer_no_more(
    firm: Firm, agent: str, after_a_day: str
) -> None:
    """Seven days are for who has Meta's leave; behind the window no consent opens anything, and none is asked for."""
    _, petra = await with_page(firm, agent)
    petra.write("Guten Tag")
    await firm.work()
    (first,) = await heard(firm)
    await inbox.assign(firm.office, first, job_id=firm.job, contact_id=firm.contact.id, at=firm.clock.at)
    for days, code in ((0, ""), (2, after_a_day), (8, "window.closed")):
        at = firm.clock.at + timedelta(days=days)
        found = await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=at)
        verdict = found.of("messenger")
        assert verdict and verdict.code == code, days


@atomic
async def _long_ago(firm: Firm, message: Message) -> None:
    await MessageRow.filter(id=message.id).update(at=firm.clock.at - timedelta(days=8))


async def test_who_began_a_chat_can_take_it_back_when_its_window_is_shut(firm: Firm) -> None:
    """Behind the window nothing leaves and no consent helps; a withdrawal is a word for later all the same."""
    _, petra = await with_page(firm)
    petra.write("Guten Tag")
    await firm.work()
    (first,) = await heard(firm)
    await inbox.assign(firm.office, first, job_id=firm.job, contact_id=firm.contact.id, at=firm.clock.at)
    await _long_ago(firm, first)
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/contacts/{firm.contact.id}/consents")).text
        await office.post(f"/contacts/{firm.contact.id}/preference", data={"channel": "messenger"})
        asking = (await office.get(f"/questions/new?job={firm.job}")).text
    card = page.partition('id="now-messenger"')[2].partition("</article>")[0]
    assert "Den Kunden zuerst schreiben lassen" in card and "Widerruf festhalten" in card
    assert "Den Kunden zuerst schreiben lassen" in asking and "Nummer eintragen" not in asking, "it is there"


async def test_an_unsigned_webhook_is_turned_away_and_meta_is_answered(firm: Firm) -> None:
    account, petra = await with_page(firm)
    where = f"/hooks/messenger/{account.id}"
    query = {"hub.mode": "subscribe", "hub.challenge": "77", "hub.verify_token": "vereinbart"}
    async with firm.client() as street:
        assert (await street.post(where, content=b'{"entry":[]}')).status_code == 401
        assert (await street.get(where, params=query)).text == "77"
        assert (await street.get(where, params={**query, "hub.verify_token": "x"})).status_code == 403
    platform = cast(MessengerPlatform, firm.sandbox.platforms["messenger"])
    names = [platform.keep(photo_bytes(seed=seed), "image/jpeg") for seed in (1, 2)]
    platform.album(firm.sandbox.world.accounts["page"], petra.person, names)
    await firm.work()
    pictures = await heard(firm)
    assert len(pictures) == 2
    assert len({one.foreign_id for one in pictures}) == len({one.photo_id for one in pictures}) == 2
    known = await accounts.by_id(firm.company_id, account.id)
    assert known and known.last_in_at == firm.clock.at
