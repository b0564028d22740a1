import pytest

from server.actions import companies, customers
from server.actions.customers import checked_phone
from server.db import companies as companies_db
from server.db import customers as customers_db
from server.db import logbook
from server.domain.companies import Profile
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.errors import Forbidden, Invalid
from server.domain.logbook import broken_at
from server.domain.users import Role
from tests import factories
from tests.factories import START


@pytest.mark.parametrize(
    ("typed", "e164", "landline"),
    [
        ("0151 23456789", "+4915123456789", False),
        ("0151/234 567-89", "+4915123456789", False),
        ("+49 (0)151 23456789", "+4915123456789", False),
        ("0049 151 23456789", "+4915123456789", False),
        ("0221 9876543", "+492219876543", True),
        ("+43 664 1234567", "+436641234567", False),
        ("+41 79 123 45 67", "+41791234567", False),
    ],
)
def test_a_number_is_kept_as_typed_and_as_dialled(typed: str, e164: str, landline: bool) -> None:
    phone = checked_phone(f" {typed} ")
    assert (phone.typed, phone.e164, phone.landline) == (typed, e164, landline)


@pytest.mark.parametrize("typed", ["0151 2", "abc", "0151 23456789 12345678", "+999 123456", "112", "23456"])
def test_a_number_nobody_has_is_refused_by_name(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_phone(typed)
    assert (refused.value.code, refused.value.field) == ("contact.phone", "phone")


def test_no_number_is_no_number() -> None:
    assert checked_phone("  ").e164 == ""


@pytest.mark.usefixtures("database")
async def test_a_customer_is_found_by_everything_the_office_knows() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    customer = await factories.customer(
        office, "Grünwald GmbH", street="Hauptstraße 3", city="Brühl", number="K-17"
    )
    await factories.contact(office, customer, "Jörg Weiß", "0151 23456789", "weiss@gruenwald.example")
    await factories.customer(office, "Andere")
    for typed in (
        "gruenwald",
        "hauptstrasse 3",
        "bruehl k-17",
        "joerg",
        "015123456789",
        "+49151",
        "weiss@gr",
    ):
        found = (await customers_db.search(company.id, text=typed)).items
        assert [one.id for one in found] == [customer.id], typed
    for typed in ("%", "_", "\\", "grünwald andere"):
        assert not (await customers_db.search(company.id, text=typed)).items, typed


@pytest.mark.usefixtures("database")
async def test_a_wrong_contact_leaves_no_customer_behind() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    people = [ContactDraft("Petra", "0151 23456789"), ContactDraft("Paul", "0151 2")]
    with pytest.raises(Invalid):
        await customers.create(office, CustomerDraft("Müller"), people, at=START)
    assert not (await customers_db.search(company.id)).items
    assert [line.entry.verb for line in (await logbook.of_company(company.id)).items] == [
        "user.invited",
        "company.founded",
    ]


@pytest.mark.usefixtures("database")
async def test_contacts_are_found_by_number_and_leave_the_list_when_archived() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    customer = await factories.customer(office)
    petra = await factories.contact(office, customer, email="Petra@Example.de")
    changed = await customers.change_contact(
        office, petra, ContactDraft("Petra M.", "0160 1234567"), at=START
    )
    assert changed.rev == petra.rev + 1
    assert [one.name for one in await customers_db.contacts_by_phone(company.id, ["+491601234567"])] == [
        "Petra M."
    ]
    assert await customers_db.contacts_by_phone(company.id, ["+4915123456789"]) == []
    other = await factories.company("Fremd")
    assert await customers_db.contacts_by_phone(other.id, ["+491601234567"]) == []
    await customers.archive_contact(office, changed, at=START)
    assert await customers_db.contacts_of(company.id, customer.id) == []
    assert not (await customers_db.search(company.id, text="petra")).items


@pytest.mark.usefixtures("database")
async def test_the_archive_takes_and_gives_back() -> None:
    company = await factories.company()
    office = await factories.actor(company)
    customer = await factories.customer(office)
    await customers.archive(office, customer, at=START)
    assert not (await customers_db.search(company.id)).items
    assert len((await customers_db.search(company.id, archived=True)).items) == 1
    archived = await customers_db.by_id(company.id, customer.id)
    assert archived is not None
    await customers.restore(office, archived, at=START)
    assert len((await customers_db.search(company.id)).items) == 1
    assert broken_at(await logbook.chain(company.id)) is None


@pytest.mark.usefixtures("database")
async def test_only_the_head_changes_the_company() -> None:
    company = await factories.company()
    for role in (Role.WORKER, Role.OFFICE):
        with pytest.raises(Forbidden):
            await companies.change(await factories.actor(company, role), company, Profile("Neu"), at=START)
    head = await factories.actor(company, Role.ADMIN)
    profile = Profile("Neu GmbH", imprint_url="neu.example/impressum", workers_release=True)
    await companies.change(head, company, profile, at=START)
    after = await companies_db.by_id(company.id)
    assert after is not None and after.profile.imprint_url == "https://neu.example/impressum"
    line = (await logbook.of_subject(company.id, company.id)).items[0].entry
    assert line.data == {
        "changes": {
            "name": ["Fliesen Berger", "Neu GmbH"],
            "imprint_url": ["", "https://neu.example/impressum"],
            "workers_release": [False, True],
        }
    }
