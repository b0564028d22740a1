"""Whoever was meant is reached, and nobody else: addresses that change hands, photos and links that do."""

from dataclasses import replace

import pytest

from server.actions import customers, drafts, jobs, photos, reviews, speech
from server.actions.outgoing import answer_url
from server.db import channels
from server.db import customers as customers_db
from server.domain.consents import Proof
from server.domain.customers import Contact, ContactDraft, CustomerDraft
from server.domain.errors import DomainError
from server.domain.jobs import JobDraft
from server.domain.photos import Photo, Words
from server.domain.reviews import Verdict
from server.ids import new_id
from server.sandbox.customer import Customer
from server.sandbox.email import smtp as email_smtp
from tests.talk.platforms import email
from tests.talks import Firm


async def contact_now(firm: Firm) -> Contact:
    found = await customers_db.contact_by_id(firm.company_id, firm.contact.id)
    assert found
    return found


async def test_a_corrected_mail_address_is_the_one_written_to(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had the old address gets nothing more, also where the consent named it and where he wrote from it."""
    monkeypatch.setattr(email_smtp, "SILENCE_S", 0.01)
    old: Customer = await email(firm)
    old.write("Guten Tag")
    await firm.work()
    contact = await contact_now(firm)
    from server.actions import consents
    await consents.grant(firm.office, contact, channel="email", proof=Proof.SPOKEN, proof_ref="am Telefon", at=firm.clock.at)
    draft = ContactDraft(contact.name, contact.phone_typed, "neu@kunde.example")
    await customers.change_contact(firm.office, contact, draft, at=firm.clock.at)
    try:
        await speech.say(firm.office, intent=new_id(), contact_id=contact.id, channel="email", text="Ihr Angebot", at=firm.clock.at)
    except DomainError as e:
        print("REFUSED", e.code)
    await firm.work()
    assert [one.text for one in old.bubbles if one.from_firm] == []
