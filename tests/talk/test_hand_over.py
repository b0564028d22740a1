"""By hand, through the messenger the person chooses: each under its own consent, none ever "delivered"."""

from dataclasses import replace
from typing import Any

import pytest

from server.actions import by_hand as hand
from server.actions import consents, customers, handoffs, ways
from server.actions.gate import gate
from server.channels.handoff import HandoffState
from server.db import customers as customers_db
from server.db.unit import atomic
from server.domain.consents import Proof
from server.domain.customers import Contact
from server.domain.errors import Invalid, NoConsent
from server.domain.evidence import Evidence
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Message
from server.domain.questions import QuestionState
from server.domain.routing import Need
from server.domain.speeches import Speech
from server.domain.wordings import Topic
from server.ids import new_id
from tests.talk.test_introductions import IMPRINT, PRIVACY, _forget, _link
from tests.talk.test_pages import by_hand
from tests.talks import PETRA, Firm


async def agreed(firm: Firm, channel: str) -> None:
    await consents.grant(
        firm.office, firm.contact, Topic(channel), Evidence(Proof.SPOKEN, "am Telefon"), at=firm.clock.at
    )


async def test_another_messenger_opens_under_its_own_consent(firm: Firm) -> None:
    """Shut until he agreed to Telegram; then package and question say by what it went."""
    question = await by_hand(firm)
    here = f"/questions/{question.id}/handoff"
    via = f"{here}?via=telegram_handoff"
    async with firm.browser(firm.worker) as worker:
        shut = (await worker.get(via)).text
        assert "https://t.me/" not in shut and "channel=telegram" in shut
        assert (await worker.get(f"{here}/1.jpg?via=telegram_handoff")).status_code == 404
        refused = await worker.post(here, data={"state": "confirmed_by_worker", "via": "telegram_handoff"})
        assert refused.status_code == 409
        await agreed(firm, "telegram")
        page = (await worker.get(via)).text
        assert "https://t.me/%2B4915123456789?text=" in page and "Beim Teilen Telegram" in page
        assert (await worker.get(f"{here}/1.jpg?via=telegram_handoff")).status_code == 200
        await worker.post(here, data={"state": "confirmed_by_worker", "via": "telegram_handoff"})
    package, asked = await handoffs.prepared(question), await firm.now(question)
    assert package and (package.channel, package.state) == ("telegram_handoff", "confirmed_by_worker")
    assert (asked.channel, asked.state) == ("telegram_handoff", QuestionState.HANDED_OFF)


async def test_opened_in_one_sent_in_another(firm: Firm) -> None:
    """What counts is the last one opened; once it is sent, a late tap elsewhere changes nothing."""
    question = await by_hand(firm)
    await agreed(firm, "signal")
    for via in ("whatsapp_handoff", "signal_handoff"):
        await handoffs.move(
            firm.worker, await firm.now(question), HandoffState.OPENED, via=via, at=firm.clock.at
        )
    await handoffs.move(firm.worker, await firm.now(question), HandoffState.CONFIRMED, at=firm.clock.at)
    await handoffs.move(
        firm.worker,
        await firm.now(question),
        HandoffState.CONFIRMED,
        via="whatsapp_handoff",
        at=firm.clock.at,
    )
    package = await handoffs.prepared(question)
    assert package and package.channel == "signal_handoff"


async def test_only_what_reaches_him_is_offered_the_open_ones_first(firm: Firm) -> None:
    question = await by_hand(firm)
    package = await handoffs.prepared(question)
    assert package
    offers = await handoffs.offers(question, package, firm.contact, at=firm.clock.at)
    assert offers[0].messenger.key == "whatsapp" and not offers[0].closed
    assert "email" not in {one.messenger.key for one in offers}
    assert all(one.closed for one in offers[1:])
    async with firm.browser(firm.worker) as worker:
        odd = await worker.post(f"/questions/{question.id}/handoff", data={"state": "opened", "via": "eaten"})
        assert odd.status_code == 422


async def petra(firm: Firm) -> Contact:
    found = await customers_db.contact_by_id(firm.company_id, firm.contact.id)
    assert found
    return found


async def write(firm: Firm, channel: str, text: str) -> Message:
    said = Speech(intent=new_id(), contact_id=firm.contact.id, channel=channel, text=text)
    return await hand.prepare(firm.office, said, at=firm.clock.at)


async def offered(firm: Firm, **given: Any) -> tuple[str, dict[str, str]]:
    """Return the chosen channel and every offer with the code against it."""
    found = await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=firm.clock.at, **given)
    return found.chosen.channel, {one.channel: one.code for one in found.offers}


async def test_every_messenger_that_reaches_him_is_a_way_of_its_own(firm: Firm) -> None:
    """By number, by address, by the name a platform told; each under its own consent, the telephone without."""
    chosen, codes = await offered(firm)
    none = dict.fromkeys(
        ("whatsapp", "whatsapp_handoff", "telegram_handoff", "signal_handoff", "sms_handoff"), "consent.none"
    )
    assert codes == {**none, "phone": ""} and list(codes)[-1] == "phone"
    assert chosen == "whatsapp"
    contact = replace(await petra(firm), email="petra@example.org", preferred_channel="telegram")
    await _keep(contact)
    for kind in ("telegram", "email", "threema"):
        await agreed(firm, kind)
    chosen, codes = await offered(firm)
    assert [one for one, code in codes.items() if not code] == [
        "telegram_handoff", "threema_handoff", "email_handoff", "phone",
    ]  # fmt: skip
    assert chosen == "whatsapp", "nothing is handed to a person by itself while a platform is connected"
    assert (await offered(firm, wished="email_handoff"))[0] == "email_handoff"
    for one in await ways.hands(contact, at=firm.clock.at):
        assert one.gate == await gate(firm.company_id, contact.id, one.messenger.channel, at=firm.clock.at)
    assert next(iter((await offered(firm, wished="phone"))[1])) == "phone"
    names = {
        channel: await ways.name_of(contact, channel, ways.caps_of(channel))
        for channel in codes
        if by_name(channel)
    }
    assert names == {
        "whatsapp_handoff": Identity(IdentityKind.PHONE, PETRA),
        "telegram_handoff": Identity(IdentityKind.PHONE, PETRA),
        "signal_handoff": Identity(IdentityKind.PHONE, PETRA),
        "sms_handoff": Identity(IdentityKind.PHONE, PETRA),
        "email_handoff": Identity(IdentityKind.EMAIL, "petra@example.org"),
        "threema_handoff": None,
    }


def by_name(channel: str) -> bool:
    return channel.endswith("_handoff")


@atomic
async def _keep(contact: Contact) -> None:
    await customers_db.set_contact(contact.company_id, contact)


async def test_who_has_no_number_is_not_called_and_says_what_is_missing(firm: Firm) -> None:
    await _keep(replace(await petra(firm), phone="", phone_typed=""))
    _, codes = await offered(firm)
    assert codes == {"whatsapp": "contact.no_address", "whatsapp_handoff": "contact.no_address"}


@pytest.mark.parametrize(
    ("channel", "link"),
    [
        ("telegram_handoff", "https://t.me/%2B4915123456789?text="),
        ("signal_handoff", "https://signal.me/#p/+4915123456789"),
        ("sms_handoff", "sms:+4915123456789?body="),
        ("threema_handoff", "threema://compose?text="),
    ],
)
async def test_words_go_by_hand_through_any_of_them(firm: Firm, channel: str, link: str) -> None:
    """Written in the composer, opened in the app, told here; without consent it stays shut."""
    kind = channel.removesuffix("_handoff")
    with pytest.raises(NoConsent):
        await write(firm, channel, "Bin gleich da")
    await agreed(firm, kind)
    async with firm.browser(firm.office) as office:
        there = (
            (await office.post(f"/contacts/{firm.contact.id}/conversation"))
            .headers["location"]
            .partition("#")[0]
        )
        page = (await office.get(there)).text
        assert (
            f'value="{channel}"' in page
            and f"/calls/new?job={firm.job}&amp;contact={firm.contact.id}" in page
        )
        words = {"intent": str(new_id()), "channel": channel, "text": "Bin gleich da"}
        later = await office.post(there, data={**words, "day": "2099-01-01", "clock": "10:00"})
        assert later.status_code == 422
        assert "Von Hand geht nichts zu einer gewählten Zeit hinaus." in later.text
        sent = await office.post(there, data=words)
        message = sent.headers["location"].partition("#message-")[2]
        shown = (await office.get(there)).text.replace("&amp;", "&")
        assert link in shown and f'data-url="/messages/{message}/handoff"' in shown
        noted = await office.post(
            f"/messages/{message}/handoff", json={"state": "opened"}, headers={"X-Client": "1"}
        )
        assert noted.status_code == 204
        await office.post(f"/messages/{message}/handoff", data={"state": "confirmed_by_worker"})
        assert "laut Mitarbeiter gesendet" in (await office.get(there)).text
    with pytest.raises(Invalid, match=r"channel\.unknown"):
        await write(firm, "eaten_handoff", "Hallo")
    with pytest.raises(Invalid, match=r"text\.too_long"):
        await write(firm, channel, "x" * 2001)


async def test_the_first_words_by_hand_say_who_writes_once_per_messenger(firm: Firm) -> None:
    """Again only when the first came to nothing; a firm without links says nothing with holes."""
    for kind in ("whatsapp", "signal"):
        await agreed(firm, kind)
    await _forget(firm)
    assert (await write(firm, "whatsapp_handoff", "Null")).text == "Null"
    await _link(firm)
    first = await write(firm, "whatsapp_handoff", "Eins")
    assert first.text.endswith("\n\nEins") and first.introduces
    assert all(word in first.text for word in ("über WhatsApp", "STOP", PRIVACY, IMPRINT))
    assert (await write(firm, "whatsapp_handoff", "Zwei")).text == "Zwei"
    assert "über Signal" in (await write(firm, "signal_handoff", "Drei")).text
    await hand.move(firm.office, first, HandoffState.DISCARDED, at=firm.clock.at)
    assert "über WhatsApp" in (await write(firm, "whatsapp_handoff", "Vier")).text


async def test_a_package_introduces_in_the_messenger_it_really_goes_through(firm: Firm) -> None:
    """Shown before it opens, kept when it has; the one it was made for has told nobody then."""
    await _link(firm)
    question = await by_hand(firm)
    await agreed(firm, "telegram")
    here = f"/questions/{question.id}/handoff"
    async with firm.browser(firm.worker) as worker:
        made_for = (await worker.get(here)).text
        assert "über WhatsApp" in made_for and PRIVACY in made_for
        other = (await worker.get(f"{here}?via=telegram_handoff")).text
        assert "über Telegram" in other and "über WhatsApp" not in other
        await worker.post(here, data={"state": "opened", "via": "telegram_handoff"})
    package = await handoffs.prepared(question)
    assert (
        package and package.introduces and "über Telegram" in package.text and "Welche Fuge?" in package.text
    )
    again = await firm.ask(text="Und die Silikonfarbe?")
    await firm.release(again, "telegram_handoff")
    fresh = await firm.ask(text="Wann?")
    await firm.release(fresh, "whatsapp_handoff")
    await firm.work()
    told = [await handoffs.prepared(one) for one in (again, fresh)]
    assert [one.introduces for one in told if one] == [False, True]


async def test_the_telephone_stands_beside_the_messengers(firm: Firm) -> None:
    """In the question's form and on its page; what is written cannot leave by it."""
    question = await firm.ask()
    await customers.prefer(firm.office, await petra(firm), "phone", at=firm.clock.at)
    async with firm.browser(firm.office) as office:
        form = (await office.get(f"/questions/new?job={firm.job}")).text
        assert f"/calls/new?job={firm.job}&amp;contact={firm.contact.id}" in form
        assert "Petra Müller telefoniert am liebsten" in form
        page = (await office.get(f"/questions/{question.id}")).text
        call = f"/calls/new?question={question.id}&amp;job={firm.job}&amp;contact={firm.contact.id}"
        assert call in page
        note = (await office.get(call.replace("&amp;", "&"))).text
        assert f'href="tel:{PETRA}"' in note and "<call-way quiet" in note and "Welche Fuge?" in note
        refused = await office.post(f"/questions/{question.id}/release", data={"channel": "phone"})
        assert refused.status_code == 422
        there = (
            (await office.post(f"/contacts/{firm.contact.id}/conversation"))
            .headers["location"]
            .partition("#")[0]
        )
        refused = await office.post(
            there, data={"intent": str(new_id()), "channel": "phone", "text": "Hallo"}
        )
        assert refused.status_code == 422 and "Am Telefon geht nichts Geschriebenes hinaus" in refused.text


async def test_the_channel_he_wrote_in_last_is_proposed_not_taken(firm: Firm) -> None:
    await firm.hello()
    async with firm.browser(firm.office) as office:
        there = (
            (await office.post(f"/contacts/{firm.contact.id}/conversation"))
            .headers["location"]
            .partition("#")[0]
        )
        for page in (there, f"/contacts/{firm.contact.id}/edit"):
            assert "Schrieb zuletzt über WhatsApp." in (await office.get(page)).text
        assert (await petra(firm)).preferred_channel == ""
        await office.post(f"/contacts/{firm.contact.id}/preference", data={"channel": "whatsapp"})
        assert (await petra(firm)).preferred_channel == "whatsapp"
        assert "Schrieb zuletzt" not in (await office.get(there)).text
        await office.post(f"/contacts/{firm.contact.id}/preference", data={"channel": "phone"})
        assert "Schrieb zuletzt" in (await office.get(there)).text
        firm.clock.go(minutes=1)
        firm.petra.write("STOP")
        await firm.work()
        assert "Schrieb zuletzt" not in (await office.get(there)).text
