"""Consent in two taps, on the glass, by link and at the sticker; the ledger; business cards."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from server.actions import companies, consent_links, stickers
from server.actions.gate import gate
from server.clock import now
from server.db import consents
from server.domain.consents import Consent, ConsentVerb, Matter, Proof, Purpose, wording_hash
from server.domain.customers import Contact
from server.domain.gate import Closed, Open
from server.domain.jobs import Job
from server.domain.users import Role
from tests import factories, looks
from tests.pages.conftest import House
from tests.running import browser

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SIGNED = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


async def people(house: House) -> tuple[Contact, Job, str]:
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer, email="petra@example.org")
    job = await factories.job(office, "Bad Müller", customer_id=customer.id, contact_id=contact.id)
    return contact, job, f"/contacts/{contact.id}/consents"


async def lines(house: House, contact: Contact) -> list[Consent]:
    return await consents.of_contact(house.company.id, contact.id)


async def stands(house: House, contact: Contact, channel: str = "whatsapp") -> Open | Closed:
    return await gate(house.company.id, contact.id, channel, at=now())


def hidden(text: str) -> dict[str, str]:
    """Return what the page's own form would send."""
    form = text[text.index('<form class="form"') :]
    found = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', form[: form.index("</form>")])
    return dict(found)


async def test_two_taps_from_the_job(house: House) -> None:
    contact, job, where = await people(house)
    page = (await house.worker.get(f"/jobs/{job.id}")).text
    first = f"{where}/new?job={job.id}"
    assert first in page
    form = (await house.worker.get(first)).text
    assert "Fliesen Berger mir Fragen, Fotos und Termine" in form and "+4915123456789" in form
    assert "Ja, einverstanden" in form and "gesagt zu Ali Demir" in form
    answer = await house.worker.post(where, data=hidden(form) | {"proof": "spoken"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{where}?job={job.id}")
    assert "Das ist vereinbart" in (await house.worker.get(answer.headers["location"])).text
    [line] = await lines(house, contact)
    assert (line.proof, line.proof_ref) == (Proof.SPOKEN, "gesagt zu Ali Demir")
    assert (
        line.wording_hash == wording_hash(line.wording) == hashlib.sha256(line.wording.encode()).hexdigest()
    )
    assert line.wording in form.replace("&#34;", '"') and line.recorded_by == house.users[Role.WORKER].id
    assert await stands(house, contact) == Open("consent", template=True)
    timeline = (await house.worker.get(f"/jobs/{job.id}")).text
    assert "Einwilligung WhatsApp von Petra Müller" in timeline


async def test_a_signature_is_kept_with_its_hash(house: House) -> None:
    contact, _, where = await people(house)
    form = {"proof": "signature", "signature": SIGNED, "how": "auf dem Handy von Ali"}
    assert (await house.worker.post(where, data=form)).status_code == 303
    [line] = await lines(house, contact)
    assert line.proof_sha256 == hashlib.sha256(PNG).hexdigest()
    picture = await house.office.get(f"{where}/{line.id}/signature.png")
    assert picture.content == PNG and picture.headers["content-type"] == "image/png"
    assert f"{line.id}/signature.png" in (await house.office.get(where)).text
    for wrong in (
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png;base64,!!",
        "data:image/png;base64,PHN2Zz4=",
    ):
        answer = await house.worker.post(where, data=form | {"signature": wrong})
        assert answer.status_code == 422 and "Unterschrift kam nicht an" in answer.text
    assert len(await lines(house, contact)) == 1


async def test_the_ledger_says_what_holds_and_everything_that_was_said(house: House) -> None:
    contact, _, where = await people(house)
    assert "nichts senden" in (await house.office.get(where)).text
    await house.office.post(where, data={"how": "am Telefon zu Sabine"})
    await house.office.post(where, data={"how": "am Telefon zu Sabine", "purpose": "advertising"})
    text = (await house.office.get(where)).text
    assert "Einwilligung liegt vor." in text and "Auch Werbung ist erlaubt." in text
    withdrawn = await house.office.post(f"{where}/withdrawal", data={"channel": "whatsapp"})
    assert withdrawn.status_code == 303
    text = (await house.office.get(where)).text
    assert "hat die Einwilligung widerrufen" in text and "Werbung ist nicht erlaubt." in text
    known = await lines(house, contact)
    assert len(known) == 4 and all(f'id="line-{line.id}"' in text for line in known)
    assert text.count("sha256") == 4 and "gesagt zu Sabine Koch" in text


async def test_one_line_can_be_taken_back_alone(house: House) -> None:
    contact, _, where = await people(house)
    await house.office.post(where, data={"how": "gesagt"})
    await house.office.post(where, data={"how": "gesagt", "purpose": "reference"})
    reference = next(line for line in await lines(house, contact) if line.purpose is Purpose.REFERENCE)
    form = {"consent": str(reference.id), "said": "doch nicht"}
    assert (await house.office.post(f"{where}/withdrawal", data=form)).status_code == 303
    assert (await house.office.post(f"{where}/withdrawal", data=form)).status_code == 422
    assert await stands(house, contact) == Open("consent", template=True)
    newest = (await lines(house, contact))[0]
    assert (newest.purpose, newest.verb) == (Purpose.REFERENCE, ConsentVerb.WITHDRAWN)


async def asked(house: House, where: str, **about: str) -> str:
    """Return the path behind a consent link, as the page shows it."""
    query = "&".join(f"{name}={value}" for name, value in about.items())
    text = (await house.worker.get(f"{where}/link?{query}")).text
    found = re.search(r"http://zollstock\.test(/a/c/[\w-]+)", text)
    assert found and "<svg" in text
    return found[1]


def stranger(house: House) -> httpx.AsyncClient:
    """Return the customer's own phone."""
    made = browser(house.app)
    made.headers["Sec-Fetch-Site"] = "none"
    return made


async def test_the_link_asks_and_takes_back_and_a_get_changes_nothing(house: House) -> None:
    contact, _, where = await people(house)
    path = await asked(house, where)
    async with stranger(house) as phone:
        first, again = await phone.get(path), await phone.get(path)
        assert first.text == again.text and "set-cookie" not in first.headers and "<script" not in first.text
        assert (
            first.headers["referrer-policy"] == "no-referrer" and "noindex" in first.headers["x-robots-tag"]
        )
        assert await lines(house, contact) == []
        thanks = await phone.post(path)
        assert "Ihre Einwilligung ist festgehalten" in thanks.text
        await phone.post(path)  # twice is once
        [line] = await lines(house, contact)
        assert (line.proof, line.recorded_by) == (Proof.LINK, None)
        assert line.wording in first.text and "über diese Seite" in line.wording
        assert "Einwilligung widerrufen" in (await phone.get(path)).text
        stopped = await phone.post(f"{path}/withdrawal")
        assert "Ihr Widerruf ist festgehalten" in stopped.text
    assert await stands(house, contact) == Closed("consent.withdrawn")


async def test_words_that_changed_since_the_page_was_read_are_read_again(house: House) -> None:
    """The ledger proves the words that were shown, not those of the moment of the tap."""
    contact, _, where = await people(house)
    path = await asked(house, where)
    async with stranger(house) as phone:
        drawn = re.search(r'name="words" value="(\w+)"', (await phone.get(path)).text)
        assert drawn
        admin, firm = house.acting(Role.ADMIN), house.company
        await companies.change(admin, firm, replace(firm.profile, name="Berger und Sohn"), at=now())
        again = await phone.post(path, data={"words": drawn[1]})
        assert (
            again.status_code == 409 and "Berger und Sohn" in again.text and "noch einmal lesen" in again.text
        )
        assert await lines(house, contact) == []
        now_drawn = re.search(r'name="words" value="(\w+)"', again.text)
        assert now_drawn and (await phone.post(path, data={"words": now_drawn[1]})).status_code == 200
    [line] = await lines(house, contact)
    assert "Berger und Sohn" in line.wording


async def test_a_link_that_was_touched_or_made_for_another_number_is_dead(house: House) -> None:
    contact, _, where = await people(house)
    path = await asked(house, where)
    token = path.rpartition("/")[2]
    odd = [
        "x",
        "ä",
        "%00",
        "a" * 5000,
        token[:-1],
        token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        token + "A",
    ]
    async with stranger(house) as phone:
        for one in odd:
            answer = await phone.get(f"/a/c/{one}")
            assert answer.status_code in (404, 410), one
            assert (await phone.post(f"/a/c/{one}")).status_code in (404, 410)
        await house.office.post(
            f"/contacts/{contact.id}", data={"name": "Petra Müller", "phone": "0160 1234567"}
        )
        assert (await phone.post(path)).status_code == 410
    assert await lines(house, contact) == []


async def test_an_old_link_only_takes_back(house: House) -> None:
    contact, _, _ = await people(house)
    services = house.app.state.services
    past = now() - consent_links.LIVES - timedelta(hours=1)
    made = consent_links.token(services, contact, Matter("whatsapp", Purpose.SERVICE), at=past)
    async with stranger(house) as phone:
        assert "zu alt" in (await phone.get(f"/a/c/{made}")).text
        assert (await phone.post(f"/a/c/{made}")).status_code == 410
        assert await lines(house, contact) == []
        assert (await phone.post(f"/a/c/{made}/withdrawal")).status_code == 200
    assert await stands(house, contact) == Closed("consent.withdrawn")


async def sticker(house: House, job: Job) -> str:
    token = await stickers.make(house.acting(Role.OFFICE), job, renew=False, at=now())
    return f"/q/{token}/consent"


async def test_the_sticker_takes_the_word_of_the_person_with_the_number(house: House) -> None:
    contact, job, _ = await people(house)
    path = await sticker(house, job)
    async with stranger(house) as phone:
        face = await phone.get(path.removesuffix("/consent"))
        assert path in face.text
        page = (await phone.get(path)).text
        assert "Fragen, Fotos und Termine" in page and "Petra" not in page and "<script" not in page
        assert await lines(house, contact) == []
        typed = {"name": "Petra", "phone": "+49 151 23456789", "channel": "whatsapp"}
        known = await phone.post(path, data=typed)
        unknown = await phone.post(path, data=typed | {"name": "Petra", "phone": "0160 1234567"})
        assert (await phone.post(path, data=typed)).status_code == 200  # twice is once
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text, "the answer must not say whose number the firm knows"
    [line] = await lines(house, contact)
    assert line.proof is Proof.LINK and "+4915123456789" in line.proof_ref and line.wording in page
    [told] = await looks.unseen(house.company.id)
    assert "+491601234567" in told.text and told.contact_id is None and told.job_id == job.id


async def test_a_sticker_never_undoes_a_stop(house: House) -> None:
    contact, job, where = await people(house)
    await house.office.post(f"{where}/withdrawal", data={"channel": "whatsapp"})
    async with stranger(house) as phone:
        typed = {"name": "Der Nachbar", "phone": "0151 23456789", "channel": "whatsapp"}
        assert (await phone.post(await sticker(house, job), data=typed)).status_code == 200
        for wrong, words in (
            ({"phone": "12"}, "Nummer gibt es so nicht"),
            ({"name": ""}, "Bitte ausfüllen"),
            ({"channel": "telegram"}, "Diesen Kanal gibt es hier nicht"),
        ):
            answer = await phone.post(await sticker(house, job), data=typed | wrong)
            assert answer.status_code == 422 and words in answer.text
    assert await stands(house, contact) == Closed("consent.withdrawn")
    assert len(await looks.unseen(house.company.id)) == 1


async def test_only_who_agreed_goes_into_an_address_book(house: House) -> None:
    contact, _, where = await people(house)
    office = house.acting(Role.OFFICE)
    other = await factories.customer(office, "Familie Still")
    await factories.contact(office, other, "Otto Still", "0160 1234567")
    empty = await house.office.get("/customers.vcf")
    assert empty.headers["content-type"].startswith("text/vcard") and empty.text == ""
    await house.office.post(where, data={"how": "gesagt"})
    card = (await house.office.get("/customers.vcf")).text
    assert card.count("BEGIN:VCARD") == 1 and "FN:Petra Müller" in card and "Still" not in card
    assert "+4915123456789" in card and "NOTE:WhatsApp" in card
    await house.office.post(f"{where}/withdrawal", data={"channel": "whatsapp"})
    assert (await house.office.get("/customers.vcf")).text == ""
    assert (await house.worker.get("/customers.vcf")).status_code == 403
    assert contact.email


async def test_a_worker_speaks_only_for_people_of_his_jobs(house: House) -> None:
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office, "Fremd")
    contact = await factories.contact(office, customer, phone="0160 1234567")
    other = await factories.user(house.company, Role.WORKER, "Jan")
    await factories.job(office, "Zu", other.id, customer_id=customer.id, contact_id=contact.id)
    where = f"/contacts/{contact.id}/consents"
    for path in (where, f"{where}/new", f"{where}/link"):
        assert (await house.worker.get(path)).status_code == 403
    assert (await house.worker.post(where, data={"how": "gesagt"})).status_code == 403
    answers: list[Any] = [await house.worker.get(f"{where}/{UUID(int=5)}/signature.png")]
    assert answers[0].status_code == 403
