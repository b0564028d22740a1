"""Templates on their pages: listed with state, reason and cost; chosen, filled and refused in the composer."""

import re

import pytest

from server.actions import channels, checkups, consents, conversations, prices, reviews
from server.db import accounts, messages, templates
from server.db.unit import atomic
from server.domain.accounts import Health
from server.domain.consents import Proof, Purpose
from server.domain.evidence import Evidence
from server.domain.messages import Direction
from server.domain.photos import Person
from server.domain.statistics import Price
from server.domain.wordings import Topic
from server.ids import new_id
from server.sandbox.world import Fault
from tests.talks import TYPED, Firm

WORDS = "Wir kommen <früher> & bringen die Fliesen mit."


async def check(firm: Firm) -> None:
    account = await accounts.by_id(firm.company_id, firm.account.id)
    assert account
    await checkups.check(firm.services, account)


async def ready(firm: Firm, **settings: str) -> None:
    typed = {**TYPED, "waba_id": f"9{TYPED['phone_number_id']}", **settings}
    await channels.change(firm.services, firm.office, firm.account, label="", typed=typed, at=firm.clock.at)
    firm.sandbox.add_template("termin", "Guten Tag {{name}}, wir kommen am {{tag}}.")
    firm.sandbox.add_template("foto", "So sieht es aus: {{1}}", header_image=True, language="de_AT")
    firm.sandbox.add_template("nein", "Nein", state="REJECTED", reason="INVALID_FORMAT", category="MARKETING")
    firm.sandbox.add_template("rabatt", "Rabatt!", category="MARKETING")
    firm.sandbox.add_template("alt", "Alt")
    await check(firm)
    firm.sandbox.whatsapp.templates.pop()
    firm.clock.go(minutes=1)
    await check(firm)


async def test_the_channels_page_lists_what_the_platform_has(firm: Firm) -> None:
    await ready(firm, template_name="termin", template_language="de")
    await prices.set_prices(firm.office, [Price("whatsapp", "utility", "2026-11", 61_700)], at=firm.clock.at)
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/settings/channels/{firm.account.id}")).text
        rows = page.split("talk-rows")[1].split("</ul>")[0].split("<li")[1:]
        foto, nein, _, termin, alt = rows
        assert "de_AT" in foto and "mit einem Foto" in foto and "genehmigt" in foto
        assert "abgelehnt" in nein and "INVALID_FORMAT" in nein and "Werbung (Marketing)" in nein
        assert "Preis nicht eingetragen" in nein
        assert "0,06\u00a0€ je Nachricht" in termin and "für Rückfragen gewählt" in termin
        assert "nicht mehr beim Anbieter" in alt
        firm.sandbox.set_fault("templates", Fault.UNREACHABLE, 1)
        await check(firm)
        page = (await office.get(f"/settings/channels/{firm.account.id}")).text
        assert "Die Vorlagen sind gerade nicht abzurufen." in page and "{{name}}" in page


async def thread(firm: Firm) -> str:
    talk = await conversations.open_for(firm.office, firm.contact, at=firm.clock.at)
    return f"/messages/{talk.id}"


async def id_of(firm: Firm, name: str, language: str = "de") -> str:
    found = await templates.named(firm.company_id, firm.account.id, name, language)
    assert found
    return str(found.id)


def gap(page: str, name: str) -> str:
    """Return what stands in the field of a gap."""
    label = re.search(rf'<label for="(gap-[^"]+)">{name}</label>', page)
    assert label, name
    field = re.search(rf'<input[^>]*id="{label[1]}"[^>]*>', page)
    assert field
    return re.search(r' value="([^"]*)"', field[0])[1]  # type: ignore[index]


async def sent(firm: Firm) -> list[str]:
    found = await messages.found(firm.company_id, contact_id=firm.contact.id, direction=Direction.OUT)
    return [one.text for one in found]


def kept(page: str) -> bool:
    return "Wir kommen &lt;früher&gt; &amp; bringen die Fliesen mit.</textarea>" in page


async def test_where_the_window_is_shut_the_templates_stand_in_its_place(firm: Firm) -> None:
    await ready(firm)
    today = firm.clock.at
    firm.clock.go(hours=-26)
    await firm.hello()
    firm.clock.at = today
    await firm.consent()
    here = await thread(firm)
    async with firm.browser(firm.office) as office:
        page = (await office.get(here)).text
        assert "Das Fenster für freien Text ist seit heute 07:56 geschlossen." in page
        assert page.count("data-offer") == 2  # rejected and gone ones are not offered
        assert gap(page, "Name") == "Petra Müller" and gap(page, "Tag") == ""
        assert "Stattdessen: WhatsApp von Hand" in page and f"contact={firm.contact.id}" in page
        free = await office.post(here, data={"intent": str(new_id()), "text": WORDS, "channel": "whatsapp"})
        assert free.status_code == 422 and kept(free.text)
        assert "Freier Text geht hier gerade nicht hinaus" in free.text
        assert "Der Text steht noch da." in free.text
    assert await sent(firm) == []


async def test_an_open_window_is_told_in_human_words(firm: Firm) -> None:
    await ready(firm)
    await firm.hello()
    async with firm.browser(firm.office) as office:
        page = (await office.get(await thread(firm))).text
        assert "noch 23 Std. 55 Min., bis morgen 09:56 Uhr" in page and "data-offer" not in page


async def test_advertising_is_offered_to_who_agreed_to_it(firm: Firm) -> None:
    await ready(firm)
    await firm.consent()
    await consents.grant(
        firm.office,
        firm.contact,
        Topic("whatsapp", Purpose.ADVERTISING),
        Evidence(Proof.SPOKEN, "zu Sabine"),
        at=firm.clock.at,
    )
    async with firm.browser(firm.office) as office:
        assert "Rabatt!" in (await office.get(await thread(firm))).text


async def test_a_template_is_previewed_filled_and_sent_without_a_script(firm: Firm) -> None:
    await ready(firm)
    await firm.consent()
    here, visit = await thread(firm), await id_of(firm, "termin")
    form = {"intent": str(new_id()), "text": WORDS, "channel": "whatsapp", "template": visit}
    async with firm.browser(firm.office) as office:
        page = (await office.get(here)).text
        assert "Der Kunde hat hier noch nicht geschrieben." in page
        seen = await office.post(f"{here}/draft", data=form | {f"values-{visit}": ["Petra <M>", ""]})
        assert seen.status_code == 200 and kept(seen.text)
        assert "data-filled>Petra &lt;M&gt;</mark>, wir kommen am <mark" in seen.text
        wrong = await office.post(here, data=form | {f"values-{visit}": ["Petra", " "]})
        assert wrong.status_code == 422 and kept(wrong.text)
        assert "„Tag“ ist noch leer." in wrong.text and "fehlt oder passt nicht" in wrong.text
        assert "Rabatt!" not in page and gap(wrong.text, "Name") == "Petra"
        assert await sent(firm) == []
        good = await office.post(here, data=form | {f"values-{visit}": ["Petra", "Dienstag"]})
        assert good.status_code == 303
        again = await office.post(here, data=form | {f"values-{visit}": ["Petra", "Dienstag"]})
        assert again.headers["location"] == good.headers["location"]
        await firm.work()
        shown = (await office.get(here)).text
    assert await sent(firm) == ["Guten Tag Petra, wir kommen am Dienstag."]
    assert "Guten Tag Petra, wir kommen am Dienstag." in shown and "zugestellt" in shown


async def test_the_next_way_takes_the_words_along(firm: Firm) -> None:
    await ready(firm)
    await firm.consent()
    here = await thread(firm)
    form = {"intent": str(new_id()), "text": WORDS, "channel": "whatsapp", "way": "whatsapp_handoff"}
    async with firm.browser(firm.office) as office:
        page = (await office.post(f"{here}/draft", data=form)).text
    assert kept(page) and 'value="whatsapp_handoff" checked' in page
    assert await sent(firm) == []


async def test_without_any_template_it_says_so(firm: Firm) -> None:
    await firm.consent()
    here = await thread(firm)
    async with firm.browser(firm.office) as office:
        page = (await office.get(here)).text
        assert "keine Vorlage genehmigt" in page and "text-offer" not in page
        free = await office.post(here, data={"intent": str(new_id()), "text": WORDS, "channel": "whatsapp"})
    assert free.status_code == 422 and kept(free.text) and "es passt keine genehmigte Vorlage" in free.text


REFUSALS = [
    ("no_consent", "noch nicht zugestimmt"),
    ("withdrawn", "die Einwilligung widerrufen"),
    ("down", "Der Zugang dieses Kanals ist abgelaufen"),
    ("off", "nicht eingerichtet oder ausgeschaltet"),
    ("too_long", "Der Text ist zu lang. Höchstens 4096 Zeichen."),
    ("many_photos", "Höchstens 10 Fotos."),
    ("unreleased", "nicht freigegeben"),
    ("person", "ist jemand zu erkennen"),
    ("past", "schon vorbei"),
    ("half", "Tag und Uhrzeit"),
    ("placeholder", "Den Platzhalter"),
    ("strange_channel", "nicht eingerichtet"),
]


@pytest.mark.parametrize(("name", "sentence"), REFUSALS, ids=[one[0] for one in REFUSALS])
async def test_every_refusal_names_itself_and_keeps_the_words(firm: Firm, name: str, sentence: str) -> None:
    form: dict[str, object] = {"intent": str(new_id()), "text": WORDS, "channel": "whatsapp"}
    if name not in ("no_consent", "withdrawn"):
        await firm.hello()
    form |= await refused(firm, name)
    async with firm.browser(firm.office) as office:
        answer = await office.post(await thread(firm), data=form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert str(form["text"]).replace("<", "&lt;").replace("&", "&amp;")[:12] in answer.text
    assert kept(answer.text) or form["text"] != WORDS
    assert await sent(firm) == []


@atomic
async def firm_down(firm: Firm) -> None:
    await accounts.set_health(firm.company_id, firm.account.id, Health.REAUTH, "190")


async def refused(firm: Firm, name: str) -> dict[str, object]:
    """Bring about what stands against it; return what is typed besides."""
    if name == "withdrawn":
        await firm.consent()
        await consents.withdraw(
            firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "nein"), at=firm.clock.at
        )
    elif name == "down":
        await firm_down(firm)
    elif name == "off":
        await channels.switch(firm.office, firm.account, enabled=False, at=firm.clock.at)
    elif name == "too_long":
        return {"text": WORDS + "x" * 4096}
    elif name == "many_photos":
        return {"photos": [str(new_id()) for _ in range(11)]}
    elif name == "unreleased":
        return {"photos": [str((await firm.photo(released=False)).id)]}
    elif name == "person":
        photo = await firm.photo()
        await reviews.flag_person(firm.office, photo, Person.OPEN, note="", at=firm.clock.at)
        return {"photos": [str(photo.id)]}
    elif name == "past":
        return {"day": "2026-11-01", "clock": "09:00"}
    elif name == "half":
        return {"day": "2026-12-01"}
    elif name == "placeholder":
        return {"text": "Hallo {Wetter}"}
    elif name == "strange_channel":
        return {"channel": "brieftaube"}
    return {}


async def test_what_was_stopped_comes_back_into_the_composer(firm: Firm) -> None:
    await ready(firm)
    await firm.consent()
    here, visit = await thread(firm), await id_of(firm, "termin")
    form = {"intent": str(new_id()), "template": visit, f"values-{visit}": ["Petra", "Dienstag"]}
    async with firm.browser(firm.office) as office:
        assert (await office.post(here, data=form)).status_code == 303
        firm.sandbox.whatsapp.templates[:] = []
        await check(firm)
        await firm.work()
        page = (await office.get(here)).text
        assert "Diese Vorlage gibt es beim Anbieter nicht mehr." in page
        assert "Guten Tag Petra, wir kommen am Dienstag." in page and "Neu schreiben" in page
        assert f'name="values-{visit}" value="Dienstag"' in page
        again = await office.post(f"{here}/draft", data={"text": "Guten Tag Petra, wir kommen am Dienstag."})
    assert "Guten Tag Petra, wir kommen am Dienstag.</textarea>" in again.text


async def test_a_stopped_message_tells_the_numbers_of_its_sentence(firm: Firm) -> None:
    await firm.hello()
    here = await thread(firm)
    long = {"intent": str(new_id()), "text": "x" * 4000, "channel": "whatsapp"}
    async with firm.browser(firm.office) as office:
        assert (await office.post(here, data=long)).status_code == 303
        await change_text(firm, "x" * 5000)
        await firm.work()
        page = (await office.get(here)).text
    assert "Der Text ist zu lang. Höchstens 4096 Zeichen." in page


@atomic
async def change_text(firm: Firm, text: str) -> None:
    """Let a message that waits for its plan be too long for it, as no form of ours lets it be."""
    [one] = await messages.found(firm.company_id, contact_id=firm.contact.id, direction=Direction.OUT)
    await messages.set_place(firm.company_id, one.id, text=text)


async def test_a_question_says_before_sending_which_template_carries_it(firm: Firm) -> None:
    await ready(firm, template_name="nein", template_language="de")
    await firm.consent()
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/questions/new?job={firm.job}")).text
        assert "für Rückfragen ist keine genehmigte Vorlage gewählt" in page
        typed = {**TYPED, "waba_id": f"9{TYPED['phone_number_id']}", "template_name": "foto"}
        typed["template_language"] = "de_AT"
        await channels.change(
            firm.services, firm.office, firm.account, label="", typed=typed, at=firm.clock.at
        )
        page = (await office.get(f"/questions/new?job={firm.job}")).text
    assert "Es geht die Vorlage „foto“ hinaus." in page
