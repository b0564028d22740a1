"""Consent said in the cellar: brought late, twice, out of order, by the wrong person; on both databases."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.actions import partners, stickers
from server.actions.consent_links import token
from server.actions.gate import gate, partner_gate
from server.clock import now
from server.db import consents
from server.domain.companies import HOME
from server.domain.consents import Consent, ConsentVerb, Matter, Proof, Purpose, Word, word_of, wording_hash
from server.domain.customers import Contact
from server.domain.gate import Closed, Open
from server.domain.jobs import Job
from server.domain.partners import PartnerDraft
from server.domain.users import Role
from server.ids import new_id
from tests import factories
from tests.pages.conftest import House
from tests.pages.test_consents import PNG, hidden, lines, people, stands
from tests.running import browser

DEVICE = "019aa000-0000-7000-8000-0000000000d0"
OPEN = Open("consent", template=True)


def said(contact: Contact, job: Job | None = None, *, ago_s: float = 60, **changes: Any) -> dict[str, Any]:
    """Return what a phone brings of a consent given `ago_s` ago; its clock is right and stands in Berlin."""
    text = f"Ich möchte Fragen über WhatsApp an {contact.phone}. Fassung vom Montag."
    words = [
        {
            "channel": "whatsapp",
            "purpose": "service",
            "text": text,
            "sha256": wording_hash(text),
            "version": "v1",
        }
    ]
    captured = (now() - timedelta(seconds=ago_s)).astimezone(HOME)
    return {
        "kind": "consent", "contact": str(contact.id), "job": str(job.id) if job else None, "verb": "granted",
        "captured_at": captured.isoformat(timespec="milliseconds"), "words": words,
        "number": contact.phone, "proof": "spoken", "how": "gesagt zu Ali Demir",
        "shown_at": (now() - timedelta(days=3)).isoformat(), "shown_ahead_ms": 0,
    } | changes  # fmt: skip


def taken(contact: Contact, *, ago_s: float = 60, **changes: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "words": [],
        "number": "",
        "how": "möchte nicht mehr",
        "shown_at": "",
        "shown_ahead_ms": None,
    }
    return said(contact, ago_s=ago_s, **({"verb": "withdrawn"} | nothing | changes))


async def bring(
    client: httpx.AsyncClient, body: Mapping[str, Any], item_id: UUID | None = None
) -> httpx.Response:
    headers = {"X-Device": DEVICE, "X-Device-Time": now().isoformat(), "Accept": "application/json"}
    return await client.put(f"/sync/items/{item_id or new_id()}", json=body, headers=headers)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["message"] and error["message"] != error["code"]
    return answer.status_code, error["code"]


async def test_it_counts_when_it_is_here_with_all_that_proves_it(house: House) -> None:
    contact, job, where = await people(house)
    assert await stands(house, contact) == Closed("consent.none")
    body, ident = said(contact, job, ago_s=7200), new_id()
    first = await bring(house.worker, body, ident)
    assert (first.status_code, first.json()["state"], first.json()["size"]) == (201, "stored", 0)
    assert first.json()["contact"] == str(contact.id) and first.json()["words"][0]["version"] == "v1"
    again = await bring(house.worker, body, ident)
    assert again.status_code == 200 and again.json()["stored_at"] == first.json()["stored_at"]
    assert (await bring(house.worker, body | {"how": "anders"}, ident)).status_code == 409
    [line] = await lines(house, contact)
    assert await stands(house, contact) == OPEN
    assert (line.verb, line.channel, line.purpose, line.proof) == (
        "granted",
        "whatsapp",
        "service",
        Proof.SPOKEN,
    )
    assert line.wording == body["words"][0]["text"] and line.wording_hash == body["words"][0]["sha256"]
    assert (
        line.local_time == body["captured_at"][:19] + body["captured_at"][23:]
        and line.recorded_by == house.users[Role.WORKER].id
    )
    assert str(line.device_id) == DEVICE and line.received_at
    assert timedelta(minutes=119) < line.received_at - line.at < timedelta(minutes=121)
    assert "Fassung vom Montag" in (await house.office.get(where)).text
    have = await house.worker.post("/sync/have", json={"ids": [str(ident)]})
    assert have.json()["items"][str(ident)]["state"] == "stored"


async def test_a_signature_comes_with_its_consent_and_the_receipt_names_its_hash(house: House) -> None:
    contact, job, where = await people(house)
    digest, ident = hashlib.sha256(PNG).hexdigest(), new_id()
    signed: dict[str, Any] = {"proof": "signature", "signature": base64.b64encode(PNG).decode(), "sha256": digest,
              "size": len(PNG), "mime": "image/png"}  # fmt: skip
    for _ in range(2):
        answer = (await bring(house.worker, said(contact, job, **signed), ident)).json()
        assert (answer.get("state"), answer.get("size"), answer.get("sha256")) == (
            "stored",
            len(PNG),
            digest,
        ) or _
    [line] = await lines(house, contact)
    assert line.proof_sha256 == digest
    picture = await house.office.get(f"{where}/{line.id}/signature.png")
    assert picture.content == PNG
    torn = signed | {"signature": base64.b64encode(PNG[:-9]).decode()}
    assert refusal(await bring(house.worker, said(contact, job, **torn))) == (422, "consent.signature")
    assert len(await lines(house, contact)) == 1


async def test_the_wrong_person_or_firm_is_told_so_in_a_sentence(house: House) -> None:
    contact, job, _ = await people(house)
    theirs = await factories.job(house.acting(Role.OFFICE), "Nur Bea", customer_id=contact.customer_id)
    other = await factories.company("Fremd")
    stranger = await factories.user(other, Role.WORKER, "Fremder")
    outside = browser(house.app, await factories.token(stranger, now()))
    assert refusal(await bring(outside, said(contact))) == (404, "contact.unknown")
    assert refusal(await bring(outside, taken(contact))) == (404, "contact.unknown")
    await outside.aclose()
    unrelated = await factories.customer(house.acting(Role.OFFICE), "Familie Kurz")
    nobody = await factories.contact(house.acting(Role.OFFICE), unrelated, phone="0151 99999999")
    assert refusal(await bring(house.worker, said(nobody))) == (422, "consent.not_his_customer")
    assert (await bring(house.office, said(nobody))).status_code == 201
    # Closing is taken from anybody of the firm, whoever's customer it is.
    assert (await bring(house.worker, taken(nobody))).status_code == 201
    assert await stands(house, nobody) == Closed("consent.withdrawn")
    ident = new_id()
    assert (await bring(house.worker, said(contact, job), ident)).status_code == 201
    assert refusal(await bring(house.office, said(contact, job), ident)) == (409, "item.taken")
    wrong = said(contact, theirs)
    wrong["words"][0]["channel"] = "brieftaube"
    assert refusal(await bring(house.worker, wrong)) == (422, "channel.unknown")
    assert len(await lines(house, contact)) == 1


async def test_no_order_of_arrival_opens_what_was_taken_back_later(house: House) -> None:
    """Said: yes, no, yes – and yes, yes, no; brought in each of the six orders."""
    office = house.acting(Role.OFFICE)
    for last, expected in (("granted", OPEN), ("withdrawn", Closed("consent.withdrawn"))):
        stories = [said, taken, said] if last == "granted" else [said, said, taken]
        for order in permutations(range(3)):
            customer = await factories.customer(office, f"Familie {last} {order}")
            contact = await factories.contact(office, customer)
            await factories.job(office, "Bad", customer_id=customer.id, contact_id=contact.id)
            bodies = [make(contact, ago_s=300 - 100 * number) for number, make in enumerate(stories)]
            for place in order:
                assert (await bring(house.worker, bodies[place])).status_code == 201
            assert await stands(house, contact) == expected, (last, order)


async def test_what_the_office_or_the_customer_closed_meanwhile_stays_closed(house: House) -> None:
    contact, job, where = await people(house)
    form = {"channel": "whatsapp", "said": "STOP am Telefon"}
    assert (await house.office.post(f"{where}/withdrawal", data=form)).status_code == 303
    assert (await bring(house.worker, said(contact, job, ago_s=3600))).status_code == 201
    assert await stands(house, contact) == Closed("consent.withdrawn")
    assert len(await lines(house, contact)) == 2
    # A clock that was put right while the phone had no network is no proof either.
    slow = said(contact, job, ago_s=-5, shown_ahead_ms=-7_200_000)
    assert (await bring(house.worker, slow)).status_code == 201
    assert await stands(house, contact) == Closed("consent.withdrawn")
    assert (await house.office.post(where, data={"how": "am Telefon zu Sabine"})).status_code == 303
    assert await stands(house, contact) == OPEN


async def test_a_withdrawal_closes_everything_at_once_and_what_comes_after_it(house: House) -> None:
    contact, job, where = await people(house)
    await house.office.post(where, data={"how": "gesagt zu Sabine", "channel": "signal"})
    partner = await partners.create(
        house.acting(Role.OFFICE), PartnerDraft("Blitz GmbH", "die Elektrik"), at=now()
    )
    await house.office.post(where, data={"how": "gesagt zu Sabine"})
    sharing = said(contact, job, ago_s=3600, partner=str(partner.id), number="")
    sharing["words"] = [sharing["words"][0] | {"channel": "any", "purpose": "third_party"}]
    assert (await bring(house.worker, taken(contact, ago_s=-1))).status_code == 201
    assert await stands(house, contact) == Closed("consent.withdrawn")
    assert await stands(house, contact, "signal") == Closed("consent.withdrawn")
    # Said before the withdrawal, brought after it: passing on and another messenger stay shut, too.
    assert (await bring(house.worker, sharing)).status_code == 201
    answer = await partner_gate(house.company.id, job.id, partner.id, at=now())
    assert answer == Closed("consent.no_sharing")
    late = said(contact, job, ago_s=3600)
    late["words"][0]["channel"] = "threema"
    assert (await bring(house.worker, late)).status_code == 201
    assert await stands(house, contact, "threema") == Closed("consent.withdrawn")


async def test_one_thing_taken_back_leaves_the_rest(house: House) -> None:
    contact, _, where = await people(house)
    await house.office.post(where, data={"how": "gesagt zu Sabine"})
    await house.office.post(where, data={"how": "gesagt zu Sabine", "purpose": "reference"})
    back = taken(contact, ago_s=-1, words=[{"channel": "any", "purpose": "reference"}])
    assert (await bring(house.worker, back)).status_code == 201
    known = await lines(house, contact)
    assert word_of(known, "any", Purpose.REFERENCE) is Word.WITHDRAWN
    assert await stands(house, contact) == OPEN


async def test_a_number_that_changed_meanwhile_rests_until_somebody_asks(house: House) -> None:
    contact, job, _ = await people(house)
    old = said(contact, job, number="+4915199999999")
    assert (await bring(house.worker, old)).status_code == 201
    assert await stands(house, contact) == Closed("consent.suspended")
    assert [line.verb for line in await lines(house, contact)] == ["suspended", "granted"]


async def by_taps(house: House, contact: Contact, job: Job, where: str) -> None:
    form = (await house.worker.get(f"{where}/new?job={job.id}")).text
    answer = await house.worker.post(where, data=hidden(form) | {"proof": "spoken"})
    assert answer.status_code == 303


async def by_glass(house: House, contact: Contact, job: Job, where: str) -> None:
    picture = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    answer = await house.worker.post(where, data={"proof": "signature", "signature": picture})
    assert answer.status_code == 303


async def by_phone(house: House, contact: Contact, job: Job, where: str) -> None:
    assert (await bring(house.worker, said(contact, job))).status_code == 201


async def by_link(house: House, contact: Contact, job: Job, where: str) -> None:
    made = token(house.app.state.services, contact, Matter("whatsapp", Purpose.SERVICE), at=now())
    assert (await house.guest.get(f"/a/c/{made}")).status_code == 200 and await lines(house, contact) == []
    assert (await house.guest.post(f"/a/c/{made}")).status_code == 200


async def by_sticker(house: House, contact: Contact, job: Job, where: str) -> None:
    made = await stickers.make(house.acting(Role.OFFICE), job, renew=False, at=now())
    form = {"name": "Petra Müller", "phone": contact.phone, "channel": "whatsapp"}
    answer = await house.guest.post(f"/q/{made}/consent", data=form)
    assert answer.status_code in (200, 303), answer.text


WAYS = {
    "two taps": (by_taps, Proof.SPOKEN, True),
    "glass": (by_glass, Proof.SIGNATURE, True),
    "phone offline": (by_phone, Proof.SPOKEN, True),
    "link": (by_link, Proof.LINK, False),
    "sticker": (by_sticker, Proof.LINK, False),
}


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_ends_in_the_same_line(house: House, way: str) -> None:
    walk, proof, by_worker = WAYS[way]
    contact, job, where = await people(house)
    await walk(house, contact, job, where)
    [line] = await lines(house, contact)
    assert shape(line) == ("whatsapp", Purpose.SERVICE, ConsentVerb.GRANTED, proof)
    assert (line.recorded_by == house.users[Role.WORKER].id) is by_worker
    assert line.giver == contact.name and len(line.wording) > 30 and line.proof_ref
    assert line.wording_hash == hashlib.sha256(line.wording.encode()).hexdigest()
    assert bool(line.proof_sha256) is (proof is Proof.SIGNATURE)
    assert line.received_at and abs((line.received_at - line.at).total_seconds()) < 90
    assert datetime.fromisoformat(line.local_time).utcoffset() == line.at.astimezone(HOME).utcoffset()
    assert await consents.by_id(house.company.id, line.id) == line
    assert await gate(house.company.id, contact.id, "whatsapp", at=now()) == OPEN


def shape(line: Consent) -> tuple[str, Purpose, ConsentVerb, Proof]:
    return line.channel, line.purpose, line.verb, line.proof
