"""The gate between the firm and a person: closed on doubt, on withdrawal, on error."""

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.actions import consents as actions
from server.actions import customers, fates, inbox, questions
from server.actions import messages as sending
from server.db import channels, messages
from server.db import consents as table
from server.db import customers as customers_db
from server.db.unit import atomic
from server.domain.channels import Identity, IdentityKind
from server.domain.consents import (
    Closed,
    Consent,
    ConsentVerb,
    Open,
    Proof,
    Purpose,
    Standing,
    is_stop,
    may_contact,
)
from server.domain.customers import Contact, ContactDraft
from server.domain.messages import Direction, Message, MessageState
from server.domain.questions import QuestionState
from server.domain.tasks import Later
from server.ids import new_id
from server.sandbox.world import Fault
from tests.talks import Firm

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def line(verb: ConsentVerb, purpose: Purpose) -> Consent:
    return Consent(
        new_id(), new_id(), new_id(), "whatsapp", purpose, verb, "", "", Proof.SPOKEN, "", "", None, AT, ""
    )


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("wrote", [None, AT - timedelta(days=9), AT + timedelta(days=9)])
@pytest.mark.parametrize("verb", [None, *ConsentVerb])
def test_ledger_times_wrote_first_times_purpose(
    verb: ConsentVerb | None, wrote: datetime | None, purpose: Purpose
) -> None:
    standing = Standing(line(verb, purpose) if verb else None, wrote)
    found = may_contact(standing, purpose)
    if verb is ConsentVerb.GRANTED:
        assert found == Open("consent")
    elif verb is ConsentVerb.WITHDRAWN:
        assert found == Closed("consent.withdrawn")
    elif wrote and purpose is Purpose.SERVICE:
        assert found == Open("customer_wrote_first")
    else:
        assert found == Closed("consent.none")


def test_a_consent_for_one_purpose_opens_no_other() -> None:
    for given, wanted in itertools.permutations(Purpose, 2):
        standing = Standing(line(ConsentVerb.GRANTED, given), None)
        assert may_contact(standing, wanted) == Closed("consent.none")


@pytest.mark.parametrize(
    "text", ["STOP", "stop", " Stopp! ", "Abmelden.", "WIDERRUF", "„Stop“", "unsubscribe", "Widerrufen"]
)
def test_words_that_stop(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text", ["Stop bitte, die falsche Fuge!", "Bitte nicht abmelden", "Stoppschild", "", "Nein", "stop stop"]
)
def test_words_that_do_not(text: str) -> None:
    assert not is_stop(text)


async def test_stop_stops_what_is_queued_and_says_why(firm: Firm) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    firm.petra.write("Stopp!")
    await firm.sandbox.settle()
    await firm.work()
    blocked = await firm.now(question)
    assert (blocked.state, blocked.blocked_code) == (QuestionState.BLOCKED, "consent.withdrawn")
    firm.petra.write("Hallo?")
    await firm.work()
    await firm.release(await firm.ask(text="Und jetzt?"))
    await firm.work(hours=2)
    assert firm.on_phone() == []
    [withdrawn] = await table.of_contact(firm.company_id, firm.contact.id)
    assert (withdrawn.verb, withdrawn.proof) == (ConsentVerb.WITHDRAWN, Proof.INBOUND_MESSAGE)


async def test_a_withdrawal_is_for_every_purpose(firm: Firm) -> None:
    for purpose in (Purpose.SERVICE, Purpose.ADVERTISING):
        await actions.grant(
            firm.office,
            firm.contact,
            channel="whatsapp_handoff",
            proof=Proof.SIGNATURE,
            purpose=purpose,
            at=firm.clock.at,
        )
        assert isinstance(await actions.gate(firm.company_id, firm.contact.id, "whatsapp", purpose), Open)
    firm.clock.go(minutes=1)
    await actions.withdraw(
        firm.office, firm.contact, channel="whatsapp", proof=Proof.OFFICE, said="am Telefon", at=firm.clock.at
    )
    for purpose in (Purpose.SERVICE, Purpose.ADVERTISING):
        closed = await actions.gate(firm.company_id, firm.contact.id, "whatsapp_handoff", purpose)
        assert closed == Closed("consent.withdrawn")


async def test_an_error_in_the_gate_sends_nothing(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    await firm.hello()
    await firm.release(await firm.ask())

    async def broken(*args: object) -> None:
        raise RuntimeError("the ledger cannot be read")

    monkeypatch.setattr(table, "standing", broken)
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert {type(failure) for failure in firm.failures} == {RuntimeError}
    firm.failures.clear()


async def test_a_workers_question_goes_on_when_its_photos_are_released(firm: Firm) -> None:
    from dataclasses import replace

    from server.actions import companies, reviews
    from server.db import companies as companies_db
    from server.domain.reviews import Verdict

    company = await companies_db.by_id(firm.company_id)
    assert company
    profile = replace(company.profile, workers_release=True)
    await companies.change(firm.office, company, profile, at=firm.clock.at)
    await firm.hello()
    first, second = await firm.photo(1, released=False), await firm.photo(2, released=False)
    question = await firm.ask(first, second)
    for number, photo in enumerate((first, second)):
        assert len(firm.on_phone()) == 0, number
        now = await firm.photo_now(photo.id)
        await reviews.decide(firm.office, now, verdict=Verdict.RELEASED, note="", at=firm.clock.at)
        await firm.work()
    assert (await firm.now(question)).state is QuestionState.DELIVERED
    assert questions.RELEASED == "released"


async def test_a_stop_from_a_shared_number_stops_everybody_behind_it(firm: Firm) -> None:
    """Two people of one household: nobody knows who wrote, so nobody gets anything more."""
    await firm.consent()
    await _second_person(firm)
    await firm.release(await firm.ask())
    firm.petra.write("STOP")
    await firm.sandbox.settle()
    await firm.work(hours=1)
    assert await actions.gate(firm.company_id, firm.contact.id, "whatsapp") == Closed("consent.withdrawn")
    assert firm.on_phone() == []


async def test_a_stop_that_the_office_files_counts(firm: Firm) -> None:
    await firm.consent()
    await customers.change_contact(
        firm.office, firm.contact, ContactDraft("Petra Müller", ""), at=firm.clock.at
    )
    firm.clock.go(minutes=1)
    await firm.consent()
    firm.petra.write("Stop")
    await firm.work()
    [message] = (await messages.from_customers(firm.company_id)).items
    assert message.contact_id is None
    await inbox.assign(firm.office, message, job_id=None, contact_id=firm.contact.id, at=firm.clock.at)
    assert await actions.gate(firm.company_id, firm.contact.id, "whatsapp") == Closed("consent.withdrawn")


@pytest.mark.parametrize("ground", ["consent", "wrote first"])
async def test_a_consent_ends_with_the_number_it_was_given_for(firm: Firm, ground: str) -> None:
    """The old number is another person's now: neither it nor the new one gets anything."""
    await (firm.consent() if ground == "consent" else firm.hello())
    question = await firm.ask()
    await firm.release(question)
    moved = ContactDraft("Petra Müller", "0160 1234567")
    await customers.change_contact(firm.office, firm.contact, moved, at=firm.clock.at)
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert (await firm.now(question)).blocked_code == "consent.withdrawn"
    assert await channels.identities_of(firm.company_id, firm.contact.id, "whatsapp") == []


async def test_the_same_number_typed_otherwise_ends_nothing(firm: Firm) -> None:
    await firm.consent()
    typed = ContactDraft("Petra Müller-Berg", "+49 151 2345 6789")
    await customers.change_contact(firm.office, firm.contact, typed, at=firm.clock.at)
    assert await actions.gate(firm.company_id, firm.contact.id, "whatsapp") == Open("consent")


async def test_sent_again_never_goes_to_the_old_number(firm: Firm) -> None:
    """In doubt, then a new number with a new consent, then "send again": the frozen recipient is somebody else."""
    await firm.hello()
    firm.sandbox.set_fault("messages", Fault.SLOW_BEFORE)
    question = await firm.ask()
    await firm.release(question)
    await firm.work(hours=1)
    [doubtful] = await messages.in_doubt(firm.company_id)
    moved = ContactDraft("Petra Müller", "0160 1234567")
    contact = await customers.change_contact(firm.office, firm.contact, moved, at=firm.clock.at)
    firm.clock.go(minutes=1)
    await actions.grant(firm.office, contact, channel="whatsapp", proof=Proof.SIGNATURE, at=firm.clock.at)
    await fates.resolve(firm.office, doubtful.id, arrived=False, at=firm.clock.at)
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert (await firm.now(question)).blocked_code == "recipient.identity_changed"


async def test_a_withdrawal_counts_after_the_clock_was_put_back(firm: Firm) -> None:
    await firm.consent()
    firm.clock.go(hours=-1)
    await actions.withdraw(
        firm.office, firm.contact, channel="whatsapp", proof=Proof.OFFICE, said="am Telefon", at=firm.clock.at
    )
    assert await actions.gate(firm.company_id, firm.contact.id, "whatsapp") == Closed("consent.withdrawn")


async def _second_person(firm: Firm) -> None:
    customer = await customers_db.by_id(firm.company_id, firm.contact.customer_id)
    assert customer
    draft = ContactDraft("Peter Müller", "0151 23456789")
    await customers.add_contact(firm.office, customer, draft, at=firm.clock.at)


async def test_a_thousand_withdrawals_in_the_middle_of_sending(firm: Firm) -> None:
    """Once a withdrawal is written, no permission to send is given any more; five hundred on each database."""
    chance = random.Random(7)
    ends: Counter[tuple[str, ...]] = Counter()
    for batch in range(10):
        queued = await _queue(firm, [batch * 50 + number for number in range(50)])
        ends.update(await asyncio.gather(*[_race(firm, one, other, chance) for one, other in queued]))
        states = {
            one.id: one.state for one in await messages.by_ids(firm.company_id, [m.id for _, m in queued])
        }
        assert set(states.values()) <= {MessageState.LEASED, MessageState.STOPPED}
    assert ends.total() == 500
    assert set(ends) == {("withdrawn",), ("permitted", "withdrawn")}


async def test_two_messages_to_one_person_never_leave_at_once(firm: Firm) -> None:
    queued = await _queue(firm, list(range(20)))
    for contact, first in queued:
        second = replace(first, id=new_id())
        await _insert(second)
        races = [sending._permit(firm.company_id, one.id, at=firm.clock.at) for one in (first, second)]
        ended = await asyncio.gather(*races, return_exceptions=True)
        assert sum(isinstance(end, sending.Leave) for end in ended) == 1, contact.name
        assert sum(isinstance(end, Later) for end in ended) == 1


@atomic
async def _insert(message: Message) -> None:
    await messages.insert_once(message.company_id, message)


async def _race(firm: Firm, contact: Contact, message: Message, chance: random.Random) -> tuple[str, ...]:
    """Return what was committed, in its order; the start is left to chance."""
    done: list[str] = []

    async def permit() -> None:
        await asyncio.sleep(chance.random() / 50)
        if await sending._permit(firm.company_id, message.id, at=firm.clock.at):
            done.append("permitted")

    async def withdraw() -> None:
        await asyncio.sleep(chance.random() / 50)
        at, proof = firm.clock.at, Proof.OFFICE
        await actions.withdraw(firm.office, contact, channel="whatsapp", proof=proof, said="Nein", at=at)
        done.append("withdrawn")

    await asyncio.gather(permit(), withdraw())
    return tuple(done)


@atomic
async def _queue(firm: Firm, numbers: list[int]) -> list[tuple[Contact, Message]]:
    """Return people who agreed, each with a message that waits to leave."""
    customer = await customers_db.by_id(firm.company_id, firm.contact.customer_id)
    assert customer
    queued, at = [], firm.clock.at
    for number in numbers:
        draft = ContactDraft(f"Kunde {number}", f"0151 {20_000_000 + number}")
        contact = await customers.add_contact(firm.office, customer, draft, at=at)
        await actions.grant(firm.office, contact, channel="whatsapp", proof=Proof.SIGNATURE, at=at)
        message = Message(
            id=new_id(),
            company_id=firm.company_id,
            contact_id=contact.id,
            job_id=firm.job,
            question_id=None,
            account_id=firm.account.id,
            photo_id=None,
            channel="whatsapp",
            direction=Direction.OUT,
            kind="text",
            text="Welche Fuge?",
            recipient=Identity(IdentityKind.PHONE, contact.phone),
            state=MessageState.QUEUED,
            at=at,
            created_at=at,
            changed_at=at,
        )
        await messages.insert_once(firm.company_id, message)
        queued.append((contact, message))
    return queued
