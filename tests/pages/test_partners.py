"""Partners at the desk: list, contract with its document, the end that closes, the logbook."""

from datetime import timedelta

from server.actions import consents
from server.actions.gate import partner_gate
from server.clock import now
from server.db import consents as consents_db
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import logbook, partners
from server.domain.consents import Proof, Purpose
from server.domain.evidence import Evidence
from server.domain.gate import Closed, Open
from server.domain.partners import FILE_MAX
from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House


def day(ahead: int = 0) -> str:
    return (factories.today() + timedelta(days=ahead)).isoformat()


async def made(house: House, name: str = "Elektro Blitz") -> str:
    answer = await house.office.post(
        "/partners", data={"name": name, "trade": "die Elektrik", "phone": "0221 123456"}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def sign(house: House, path: str, *, ends: int | None = None, data: bytes = b"", **typed: str) -> int:
    form = {"kind": "processor", "signed_on": day(), "reference": "Ordner 12"} | typed
    form |= {"ends_on": day(ends)} if ends is not None else {}
    files = {"file": ("avv.pdf", data, "application/pdf")} if data else None
    answer = await house.office.post(f"{path}/contracts", data=form, files=files)
    return answer.status_code


async def test_a_partner_and_his_contract(house: House) -> None:
    assert "Noch kein Partner" in (await house.office.get("/partners")).text
    path = await made(house)
    shown = (await house.office.get(path)).text
    assert "Noch kein Vertrag" in shown and "legte einen Partner an" in shown
    assert "kein Vertrag" in (await house.office.get("/partners")).text
    assert await sign(house, path, ends=30, data=b"%PDF-1.7 Vertrag") == 303
    shown = (await house.office.get(path)).text
    assert (
        "Auftragsverarbeitung (AVV)" in shown and "Ordner 12" in shown and "trug einen Vertrag ein" in shown
    )
    assert "Vertrag gilt" in (await house.office.get("/partners")).text
    [contract] = await contracts(house, path)
    document = await house.office.get(f"/contracts/{contract}/document")
    assert document.content == b"%PDF-1.7 Vertrag" and document.headers["content-type"] == "application/pdf"
    assert document.headers["content-disposition"].startswith("attachment")
    ended = await house.office.post(f"/contracts/{contract}/revocation")
    assert ended.status_code == 303
    shown = (await house.office.get(path)).text
    assert "gilt heute nicht" in shown and "beendete einen Vertrag" in shown
    assert (await house.office.post(f"/contracts/{contract}/revocation")).status_code == 409
    assert (await house.worker.get("/partners")).status_code == 403


async def contracts(house: House, path: str) -> list[str]:
    text = (await house.office.get(path)).text
    return [part[:36] for part in text.split('id="contract-')[1:]]


async def test_what_is_wrong_with_a_contract_is_said(house: House) -> None:
    path = await made(house)
    for typed, data, words in (
        ({"signed_on": day(3)}, b"", "Datum in der Zukunft"),
        ({"ends_on": day(-1)}, b"", "Das Ende liegt vor der Unterschrift"),
        ({}, b"<html>", "weder PDF noch JPEG"),
        ({}, b"%PDF-" + bytes(FILE_MAX), "größer als 10 MB"),
        ({"kind": "handshake"}, b"", "Bitte eines davon wählen"),
    ):
        form = {"kind": "processor", "signed_on": day(), "reference": "Ordner 12"} | typed
        files = {"file": ("x.pdf", data, "application/pdf")} if data else None
        answer = await house.office.post(f"{path}/contracts", data=form, files=files)
        assert answer.status_code == 422 and words in answer.text and "Ordner 12" in answer.text, words
    assert await contracts(house, path) == []


async def test_the_archive_takes_and_gives_back(house: House) -> None:
    path = await made(house)
    await house.office.post(f"{path}/steps", data={"archived": "1"})
    assert path not in (await house.office.get("/partners")).text
    assert path in (await house.office.get("/partners?archived=1")).text
    await house.office.post(f"{path}/steps", data={"archived": "0"})
    assert path in (await house.office.get("/partners")).text
    changed = {"name": "Elektro Blitz GmbH", "trade": "die Elektrik"}
    await house.office.post(path, data=changed)
    assert "Elektro Blitz GmbH" in (await house.office.get(path)).text
    verbs = [line.entry.verb for line in (await logbook.of_company(house.company.id, noun="partner")).items]
    assert verbs == ["partner.changed", "partner.restored", "partner.archived", "partner.created"]


async def test_passing_on_needs_the_customer_and_the_contract(house: House) -> None:
    """G5, step by step: neither alone opens, and the end of either closes."""
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer)
    job = await factories.job(office, "Bad", customer_id=customer.id, contact_id=contact.id)
    path = await made(house)
    [partner] = await partners.of_company(house.company.id)

    async def answer() -> Open | Closed:
        return await partner_gate(house.company.id, job.id, partner.id, at=now())

    assert await answer() == Closed("consent.no_sharing")
    await sign(house, path, ends=0)
    assert await answer() == Closed("consent.no_sharing")
    known = await jobs_db.by_id(house.company.id, job.id)
    where = f"/contacts/{contact.id}/consents"
    form = {"purpose": "third_party", "job": str(job.id), "partner": str(partner.id), "how": "gesagt zu Ali"}
    asked = (await house.worker.get(f"{where}/new?purpose=third_party&job={job.id}")).text
    assert "Elektro Blitz" in asked
    words = (
        await house.worker.get(f"{where}/new?purpose=third_party&job={job.id}&partner={partner.id}")
    ).text
    assert "Elektro Blitz geben, damit diese die Elektrik ausführt" in words
    assert known and (await house.worker.post(where, data=form)).status_code == 303
    assert await answer() == Open("sharing")
    tomorrow = await partner_gate(house.company.id, job.id, partner.id, at=now() + timedelta(days=2))
    assert tomorrow == Closed("contract.ended")
    other = await factories.job(office, "Dach", customer_id=customer.id, contact_id=contact.id)
    assert await partner_gate(house.company.id, other.id, partner.id, at=now()) == Closed(
        "consent.no_sharing"
    )
    ledger = (await house.office.get(where)).text
    assert "Weitergabe · Elektro Blitz" in ledger and "Auftrag Bad." in ledger
    person = await customers_db.contact_by_id(house.company.id, contact.id)
    assert person
    await consents.withdraw(office, person, "whatsapp", Evidence(Proof.OFFICE, "Nein"), at=now())
    assert await answer() == Closed("consent.no_sharing")
    purposes = {line.purpose for line in await consents_db.of_contact(house.company.id, contact.id)}
    assert purposes == {Purpose.THIRD_PARTY, Purpose.SERVICE}
