"""An eighth channel by one file and one name: route, set-up page, gate, inbox, retry and logbook come by themselves."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime

import pytest

import server.channels as registry
from server.actions import conversations, speech
from server.db import accounts, logbook, messages, questions
from server.db import conversations as threads
from server.domain.accounts import Account, Health
from server.domain.advice import Fact, Source
from server.domain.errors import Invalid, NoConsent
from server.domain.messages import Message, MessageState
from server.domain.questions import QuestionState
from server.domain.speeches import Speech
from server.ids import new_id
from tests.talk.dove import TIRED, Dove
from tests.talks import Firm


@pytest.fixture
async def loft(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """Register the channel and connect it as the head would, at the page."""
    monkeypatch.setattr(registry, "CHANNELS", (*registry.CHANNELS, Dove))
    Dove.flown.clear()
    Dove.fates.clear()
    async with firm.browser(firm.office) as office:
        assert "Brieftaube" in (await office.get("/settings/channels")).text
        form = (await office.get("/settings/channels/new/dove")).text
        assert "Wo die Taube zu Hause ist." in form and 'name="ring"' in form
        wrong = await office.post("/settings/channels/new/dove", data={"loft": "7", "ring": "77"})
        assert (wrong.status_code, "Diese Angabe kann so nicht stimmen." in wrong.text) == (422, True)
        made = await office.post("/settings/channels/new/dove", data={"loft": "Köln", "ring": "77"})
        shown = (await office.get(made.headers["location"])).text
        assert "Die Zugangsdaten stimmen." in shown and "/hooks/dove/" in shown
        assert 'value="77"' not in shown and "WhatsApp" not in shown
        spoiled = await office.post(made.headers["location"], data={"loft": "Köln", "ring": "78"})
        assert "Zugang abgelaufen" in (await office.get(spoiled.headers["location"])).text
        await office.post(made.headers["location"], data={"loft": "Köln", "ring": "77"})
    [account] = [one for one in await accounts.of_company(firm.company_id) if one.kind == "dove"]
    assert account.health is Health.OK
    yield account


async def fly_in(firm: Firm, loft: Account, text: str, *, ring: str = "77", odd: bool = False) -> int:
    item: dict[str, object] = {"id": str(new_id()), "from": "grau", "at": firm.clock.at.timestamp()}
    body = json.dumps([item if odd else item | {"text": text}]).encode()
    async with firm.client() as door:
        answer = await door.post(f"/hooks/dove/{loft.id}", content=body, headers={"X-Ring": ring})
        await door.post(f"/hooks/dove/{loft.id}", content=body, headers={"X-Ring": ring})
    await firm.work()
    return answer.status_code


async def test_everything_comes_by_itself(firm: Firm, loft: Account) -> None:
    question = await firm.ask(text="Hell?", choices=("Ja", "Nein"))
    with pytest.raises(Invalid):
        await _say(firm, at=firm.clock.at)
    assert await fly_in(firm, loft, "Gurr", ring="falsch") == 401
    assert await fly_in(firm, loft, "Gurr") == 200
    [stranger] = (await threads.search(firm.company_id, strangers=True)).items
    assert stranger.channel == "dove"
    await conversations.assign(firm.office, stranger, firm.contact, at=firm.clock.at)

    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/questions/{question.id}")).text
        assert 'value="dove"' in page and "Alle Wege" in page
        firm.clock.go(minutes=1)
        Dove.fates.append(TIRED)
        sent = await office.post(f"/questions/{question.id}/release", data={"channel": "dove"})
        assert sent.status_code == 303
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.QUEUED
    await firm.work(hours=0.1)
    assert (await firm.now(question)).state is QuestionState.SENT
    said = await _say(firm, at=firm.clock.at)
    await firm.work()
    assert [to for to, _ in Dove.flown] == ["grau", "grau"]
    assert "1) Ja" in Dove.flown[0][1] and Dove.flown[1][1] == "Morgen um 8?"
    now = await messages.by_id(firm.company_id, said.id)
    assert now and (now.state, now.sent_at) == (MessageState.SENT, firm.clock.at)
    await firm.release(await firm.ask(text="Wie hell genau? " * 8), "dove")
    await firm.work()
    [blocked] = (await questions.of_company(firm.company_id, states=[QuestionState.BLOCKED])).items
    assert blocked.blocked_code == "text.too_long"

    firm.clock.go(minutes=1)
    assert await fly_in(firm, loft, "", odd=True) == 200
    assert await fly_in(firm, loft, "STOP") == 200
    with pytest.raises(NoConsent):
        await _say(firm, at=firm.clock.at)
    verbs = {line.entry.verb for line in (await logbook.of_company(firm.company_id, limit=100)).items}
    assert {"channel.connected", "message.received", "message.accepted", "consent.withdrawn"} <= verbs
    async with firm.browser(firm.office) as office:
        shown = (await office.get(f"/settings/channels/{loft.id}")).text
        assert "1 Ereignis war nicht darstellbar" in shown and "vor 1 Minute" in shown


async def test_its_limits_are_named(firm: Firm, loft: Account) -> None:
    assert await fly_in(firm, loft, "Gurr") == 200
    [stranger] = (await threads.search(firm.company_id, strangers=True)).items
    await conversations.assign(firm.office, stranger, firm.contact, at=firm.clock.at)
    with pytest.raises(Invalid) as refused:
        await speech.say(
            firm.office,
            Speech(
                intent=new_id(),
                contact_id=firm.contact.id,
                channel="dove",
                photo_ids=((await firm.photo()).id,),
            ),
            at=firm.clock.at,
        )
    assert refused.value.code == "picture.impossible"


async def _say(firm: Firm, *, at: datetime) -> Message:
    return await speech.say(
        firm.office,
        Speech(intent=new_id(), contact_id=firm.contact.id, channel="dove", text="Morgen um 8?"),
        at=at,
    )


async def test_a_channel_nobody_knows_the_seat_of_stays_off(
    firm: Firm, loft: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G26: without seat and transfer basis on file it is neither connected nor switched on again."""
    nowhere = Fact("", Source("", date(2026, 1, 1)))
    async with firm.browser(firm.office) as office:
        await office.post(f"/settings/channels/{loft.id}/state", data={"enabled": "0"})
        monkeypatch.setattr(Dove, "advice", replace(Dove.advice, transfer=nowhere))
        refused = await office.post("/settings/channels/new/dove", data={"loft": "Köln", "ring": "77"})
        assert refused.status_code == 422 and "auf welcher Grundlage" in refused.text
        again = await office.post(f"/settings/channels/{loft.id}/state", data={"enabled": "1"})
        assert again.status_code == 422
        assert len([one for one in await accounts.of_company(firm.company_id) if one.kind == "dove"]) == 1
        monkeypatch.delattr(Dove, "advice")
        assert (await office.get("/settings/channels/new/dove")).status_code == 200
        assert (
            await office.post("/settings/channels/new/dove", data={"loft": "K", "ring": "77"})
        ).status_code == 422
    [account] = [one for one in await accounts.of_company(firm.company_id) if one.kind == "dove"]
    assert account.disabled_at is not None
