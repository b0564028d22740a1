"""Whose message it is: every form of a number finds its person, and a name that was passed on finds nobody."""

import pytest

from server.actions import customers
from server.db import customers as customers_db
from server.db import identities
from server.domain.customers import Contact, ContactDraft, CustomerDraft
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Message
from tests import looks
from tests.talks import Firm


async def heard(firm: Firm, contact: Contact) -> list[Message]:
    """Return what this person has said to us."""
    page = await looks.from_customers(firm.company_id)
    return [message for message in page if message.contact_id == contact.id]


async def person(firm: Firm, name: str, typed: str) -> Contact:
    customer = await customers.create(
        firm.office, CustomerDraft(name), [ContactDraft(name, typed)], at=firm.clock.at
    )
    return (await customers_db.contacts_of(firm.company_id, customer.id))[0]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("+52 55 1234 5678", "+5215512345678"),
        ("+55 11 98765-4321", "+551187654321"),
        ("+54 9 11 2345-6789", "+541123456789"),
        ("+54 11 2345-6789", "+5491123456789"),
    ],
)
async def test_a_number_told_in_another_form_is_the_same_person(firm: Firm, typed: str, told: str) -> None:
    ana = await person(firm, "Ana", typed)
    firm.sandbox.add_person("ana", "Ana", told)
    firm.sandbox.customer("ana", "firm").write("Hola")
    await firm.work()
    (said,) = await heard(firm, ana)
    known = await identities.of_contact(firm.company_id, ana.id, "whatsapp")
    assert said.recipient == known[0] == Identity(IdentityKind.PHONE, told)
    kept = await customers_db.contact_by_id(firm.company_id, ana.id)
    assert kept
    assert (kept.phone_typed, kept.phone) == (ana.phone_typed, ana.phone)


async def test_two_people_with_forms_of_one_number_are_a_humans_question(firm: Firm) -> None:
    people = [
        await person(firm, name, typed)
        for name, typed in [("Ana", "+52 55 1234 5678"), ("Luz", "+52 55 1234 5678")]
    ]
    firm.sandbox.add_person("ana", "Ana", "+5215512345678")
    firm.sandbox.customer("ana", "firm").write("Hola")
    await firm.work()
    for one in people:
        assert await heard(firm, one) == []


async def test_a_username_that_was_passed_on_finds_nobody(firm: Firm) -> None:
    """Petra gave her username up, somebody else has it now: his words are not hers."""
    await firm.hello()
    life = firm.sandbox.whatsapp.life
    life.adopt(firm.petra.person, "fliesen.fan")
    firm.petra.write("Ich heiße jetzt so")
    await firm.work()
    stranger = firm.sandbox.add_person("x", "Kein Kunde", "+4915199999999")
    life.adopt(stranger, "fliesen.fan")
    firm.sandbox.customer("x", "firm").write("Hallo")
    await firm.work()
    said = await heard(firm, firm.contact)
    assert sorted(message.text for message in said) == ["Guten Tag", "Ich heiße jetzt so"]
    known = await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    assert [name.kind.value for name in known] == ["phone", "bsuid", "username"]
