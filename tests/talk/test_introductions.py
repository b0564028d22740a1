"""Who writes, how to stop it, where privacy and imprint stand: in the first free words to a person in a channel, once."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from server.actions import channels, introductions, speech, speech_steps
from server.db import companies, messages
from server.db.unit import atomic
from server.domain.channels import Blocked, Draft, Template
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import MessageState
from server.domain.speeches import Speech
from server.ids import new_id
from tests.talk.platforms import PLATFORMS, line
from tests.talks import PETRA, Firm

PRIVACY, IMPRINT = "https://berger.example/datenschutz", "https://berger.example/impressum"


@pytest.fixture(autouse=True)
async def links(firm: Firm) -> None:
    await _link(firm)


@atomic
async def _link(firm: Firm) -> None:
    company = await companies.by_id(firm.company_id)
    assert company
    await companies.set_profile(
        firm.company_id, replace(company.profile, privacy_url=PRIVACY, imprint_url=IMPRINT)
    )


async def say(firm: Firm, channel: str, text: str) -> None:
    await speech.say(
        firm.office,
        Speech(intent=new_id(), contact_id=firm.contact.id, channel=channel, text=text),
        at=firm.clock.at,
    )


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
async def test_the_first_words_introduce_once(firm: Firm, platform: str) -> None:
    """In one message with what is said where there is room, else in one before it; never again afterwards."""
    way = await line(firm, platform)
    for text in ("Morgen um acht?", "Oder um neun?"):
        await say(firm, way.channel, text)
        firm.clock.go(minutes=1)
    await firm.work()
    first, *others = [bubble.text for bubble in way.petra.bubbles if bubble.from_firm]
    assert PRIVACY in first and IMPRINT in first and "STOP" in first
    assert first.endswith("Morgen um acht?")
    assert others == ["Oder um neun?"]


async def test_words_with_buttons_are_introduced_by_a_message_of_its_own(firm: Firm) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question, "whatsapp")
    await firm.work()
    first, asked = [bubble for bubble in firm.petra.bubbles if bubble.from_firm]
    assert (PRIVACY in first.text, first.buttons, asked.text) == (True, (), "Welche Fuge?")
    assert [title for _, title in asked.buttons] == ["Hellgrau", "Anthrazit"]
    assert [one.introduces for one in await firm.said(question)] == [True, False]
    firm.petra.tap(asked.id, asked.buttons[0][0])
    await firm.work()
    assert (await firm.now(question)).answer == "Hellgrau"


async def test_what_was_stopped_has_introduced_nobody(firm: Firm) -> None:
    await firm.hello()
    intent = new_id()
    said = await speech.say(
        firm.office,
        Speech(intent=intent, contact_id=firm.contact.id, channel="whatsapp", text="Eins"),
        at=firm.clock.at,
    )
    await speech_steps.prepare(firm.services, firm.company_id, {"message": str(said.id)})
    planned = await messages.by_id(firm.company_id, intent)
    assert planned and planned.introduces
    await speech.cancel(firm.office, planned, at=firm.clock.at)
    await say(firm, "whatsapp", "Zwei")
    await firm.work()
    [bubble] = [one for one in firm.petra.bubbles if one.from_firm]
    assert PRIVACY in bubble.text and bubble.text.endswith("Zwei")


async def test_two_at_once_introduce_once(firm: Firm) -> None:
    await firm.hello()
    intents = [new_id() for _ in range(4)]
    for number, intent in enumerate(intents):
        await speech.say(
            firm.office,
            Speech(intent=intent, contact_id=firm.contact.id, channel="whatsapp", text=f"Nr. {number}"),
            at=firm.clock.at,
        )
    prepared = [
        speech_steps.prepare(firm.services, firm.company_id, {"message": str(one)}) for one in intents
    ]
    await asyncio.gather(*prepared)
    await firm.work()
    found = await messages.by_ids(firm.company_id, intents)
    assert {one.state for one in found} <= {MessageState.SENT, MessageState.DELIVERED}
    assert sum(one.introduces for one in found) == 1


async def test_a_template_stays_as_it_was_approved(firm: Firm) -> None:
    """Its words are not ours to change; the first free words after it introduce."""
    approved = Template("termin", body="Guten Tag: {{1}}", variables=1)
    draft = Draft((new_id(),), text="Morgen um acht?", template=approved)
    shut = await _planned(firm, draft, window_until=None)
    assert [step.kind for step in shut.steps] == ["template"] and not shut.introduces
    free = await _planned(firm, draft, window_until=firm.clock.at + timedelta(hours=5))
    assert [step.kind for step in free.steps] == ["text"] and free.introduces


@atomic
async def _planned(firm: Firm, draft: Draft, *, window_until: datetime | None) -> introductions.Planned:
    channel, to = channels.open_channel(firm.services, firm.account), Identity(IdentityKind.PHONE, PETRA)
    contact, at = firm.contact.id, firm.clock.at
    planned = await introductions.plan(
        introductions.Reach(channel, to, at, window_until), firm.account, contact, draft, intent=new_id()
    )
    assert not isinstance(planned, Blocked)
    return planned


async def test_a_firm_without_links_introduces_nothing(firm: Firm) -> None:
    """A text with holes would be worse; the channel page asks for the links."""
    company = await companies.by_id(firm.company_id)
    assert company
    await _forget(firm)
    async with firm.browser(firm.office) as office:
        assert "Datenschutz und Impressum fehlen" in (await office.get("/settings/channels")).text
    await firm.hello()
    await say(firm, "whatsapp", "Morgen um acht?")
    await firm.work()
    assert [one.text for one in firm.petra.bubbles if one.from_firm] == ["Morgen um acht?"]


@atomic
async def _forget(firm: Firm) -> None:
    company = await companies.by_id(firm.company_id)
    assert company
    await companies.set_profile(firm.company_id, replace(company.profile, privacy_url="", imprint_url=""))
