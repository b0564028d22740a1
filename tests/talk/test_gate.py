"""The gate between the firm and a person: closed on doubt, on withdrawal, on error."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from server.actions import consents as actions
from server.actions import customers, fates, inbox, people_events, permissions, questions, reviews, ways
from server.actions import gate as gate_module
from server.actions import messages as sending
from server.actions.gate import gate
from server.channels import CHANNELS
from server.db import accounts, correspondence, identities, messages, photos, tasks
from server.db import consents as consents_db
from server.db import customers as customers_db
from server.db import questions as questions_db
from server.db.unit import atomic
from server.domain.accounts import HANDOFF, Account, Health
from server.domain.consents import ConsentVerb, Proof, Purpose, is_stop
from server.domain.customers import Contact, ContactDraft
from server.domain.errors import Forbidden
from server.domain.events import OptOut
from server.domain.evidence import Evidence
from server.domain.gate import Closed, Open, decide
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Direction, Message, MessageState, window_until
from server.domain.pace import Pace, Rate
from server.domain.photos import Person
from server.domain.questions import QuestionState
from server.domain.tasks import Later
from server.domain.wordings import Topic
from server.ids import new_id
from server.sandbox.world import Fault
from tests import looks
from tests.full import full
from tests.talks import Firm


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stopp! ",
        "Abmelden.",
        "WIDERRUF",
        "„Stop“",
        "unsubscribe",
        "Widerrufen",
        "/stop",
        "/STOP",
        "STOP…",
        "Stop 🛑",
        "*STOP*",
        "_Stop_",
        "STOP\u200e",
        "»Stopp«",
        "(Stop),",
        "ＳＴＯＰ",
        "Stop bitte!",
        "Bitte abmelden.",
        "Stop" + " !" * 50,
        "STOP STOP STOP",
        "Stop, abmelden!",
        "Stop!! Stop!! Bitte!",
        "СТОП",
        "ST\u00adOP",
        "\u2067Sto\u200bpp\u2069",
    ],
)
def test_words_that_stop(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "Stop bitte, die falsche Fuge!",
        "Bitte nicht abmelden",
        "Stoppschild",
        "",
        "Nein",
        "Bitte abbestellen",  # tiles, say
        "Stop, abmelden und weiter",
        "Stop Stop, falsche Fuge",
        "//stop",
        "/",
        "🛑",
        "Bitte danke",
        "Stop bitte danke",
        "Stop 1 Woche",
        "Stop" + " " * 500 + "die falsche Fuge",
    ],
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
    [withdrawn] = await consents_db.of_contact(firm.company_id, firm.contact.id)
    assert (withdrawn.verb, withdrawn.proof) == (ConsentVerb.WITHDRAWN, Proof.INBOUND_MESSAGE)


async def test_a_withdrawal_is_for_every_purpose(firm: Firm) -> None:
    for purpose in (Purpose.SERVICE, Purpose.ADVERTISING):
        await actions.grant(
            firm.office,
            firm.contact,
            Topic("whatsapp_handoff", purpose),
            Evidence(Proof.SIGNATURE),
            at=firm.clock.at,
        )
        assert isinstance(
            await gate(firm.company_id, firm.contact.id, "whatsapp", purpose, at=firm.clock.at), Open
        )
    firm.clock.go(minutes=1)
    await actions.withdraw(
        firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "am Telefon"), at=firm.clock.at
    )
    for purpose in (Purpose.SERVICE, Purpose.ADVERTISING):
        closed = await gate(firm.company_id, firm.contact.id, "whatsapp_handoff", purpose, at=firm.clock.at)
        assert closed == Closed("consent.withdrawn")


INPUTS = [
    (consents_db, "of_contact"),
    (correspondence, "heard"),
    (identities, "known"),
    (customers_db, "contact_by_id"),
    (customers_db, "lock_contact"),
    (photos, "person_open"),
    (photos, "by_ids"),
    (identities, "given_up"),
    (accounts, "by_id"),
    (questions_db, "by_id"),
    (gate_module, "decide"),
]


@pytest.mark.parametrize(("module", "name"), INPUTS, ids=[name for _, name in INPUTS])
async def test_an_error_in_any_input_of_the_gate_sends_nothing(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    """At enqueue nothing is queued, and what was queued before does not leave."""
    await firm.hello()
    photo = await firm.photo()
    question = await firm.ask(photo)
    await firm.release(question)
    for task in await tasks.claim("test", at=firm.clock.at, lease_s=600, limit=50):
        if task.kind == "question.prepare":
            await firm.run(task)

    def broken(*args: object, **named: object) -> None:
        raise RuntimeError("it cannot be read")

    queued = await messages.of_question(firm.company_id, question.id)
    assert [one.state for one in queued] == [MessageState.QUEUED]
    for message in queued:
        with monkeypatch.context() as patched, pytest.raises(RuntimeError):
            patched.setattr(module, name, broken)
            await sending.deliver(firm.services, firm.company_id, {"message": str(message.id)})
    if (module, name) in ENQUEUE:
        other = await firm.ask(photo, text="Und diese?")
        with monkeypatch.context() as patched:
            patched.setattr(module, name, broken)
            with pytest.raises(RuntimeError):
                await firm.release(other)
        assert (await firm.now(other)).state is QuestionState.WAITING_RELEASE
    await firm.sandbox.settle()
    assert firm.on_phone() == []


ENQUEUE = {
    (consents_db, "of_contact"),
    (correspondence, "heard"),
    (identities, "known"),
    (photos, "person_open"),
    (gate_module, "decide"),
}


async def test_without_a_clock_nothing_leaves(firm: Firm) -> None:
    await firm.hello()
    await firm.release(await firm.ask())

    def stopped() -> datetime:
        raise OSError("no time")

    sound, firm.services = firm.services, replace(firm.services, clock=stopped)
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert {type(failure) for failure in firm.failures} == {OSError}
    firm.failures.clear()
    firm.services = sound


@pytest.mark.parametrize(
    "name", ["channel", "own", "began", "person_open", "window_open", "recipient", "purpose"]
)
async def test_a_value_nobody_knows_sends_nothing(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    changes: dict[str, Any] = {name: None}
    monkeypatch.setattr(gate_module, "decide", lambda case: decide(replace(case, **changes)))
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert (await firm.now(question)).blocked_code == "consent.unknown"


async def test_answering_ends_with_the_window_unless_he_agreed(firm: Firm) -> None:
    """The trade's rule and the platform's: writing first opens for answers, not for templates (G3, G7)."""
    await firm.hello()
    start = firm.clock.at
    for seconds, wanted in (
        (0, Open("customer_wrote_first")),
        (24 * 3600 - 301, Open("customer_wrote_first")),
        (24 * 3600 - 299, Closed("window.no_consent")),  # the last five minutes are not ours: clocks differ
        (24 * 3600 + 1, Closed("window.no_consent")),
    ):
        found = await gate(
            firm.company_id, firm.contact.id, "whatsapp", at=start + timedelta(seconds=seconds)
        )
        assert found == wanted, seconds
    await firm.consent()
    assert await gate(firm.company_id, firm.contact.id, "whatsapp", at=start + timedelta(days=2)) == Open(
        "consent", template=True
    )
    by_hand = await gate(firm.company_id, firm.contact.id, HANDOFF, at=start + timedelta(days=2))
    assert by_hand == Open("consent")


async def test_switching_us_on_in_the_messenger_opens_no_window(firm: Firm) -> None:
    """He pressed a switch and wrote nothing: free words would be refused (131047), so a template it is."""
    await firm.hello()
    await firm.consent()
    firm.clock.go(hours=25)
    name = Identity(IdentityKind.PHONE, firm.contact.phone)
    on = OptOut("on", (name,), firm.clock.at, stopped=False)
    await atomic(people_events.opt_out)(firm.account, on, at=firm.clock.at)
    found = await gate(
        firm.company_id, firm.contact.id, "whatsapp", account_id=firm.account.id, at=firm.clock.at
    )
    assert found == Open("consent", template=True)
    assert await ways.window(firm.account, firm.contact.id) == window_until(
        firm.clock.at - timedelta(hours=25), timedelta(hours=24)
    )


async def test_only_a_verified_message_of_his_own_in_this_channel_begins_a_chat(firm: Firm) -> None:
    """Imported, from another channel, from the answer link, or under somebody else's name: none counts (G3)."""
    his = Identity(IdentityKind.PHONE, firm.contact.phone)
    stranger = Identity(IdentityKind.PHONE, "+491609999999")
    none = Closed("consent.none")
    for channel, account, sender, imported, wanted in (
        ("whatsapp", None, his, False, none),
        ("telegram", firm.account.id, his, False, none),
        ("whatsapp", firm.account.id, stranger, False, none),
        ("whatsapp", firm.account.id, his, True, none),
        ("whatsapp", firm.account.id, his, False, Open("customer_wrote_first")),
    ):
        await _written(firm, channel, account, sender, imported=imported)
        assert await now(firm) == wanted, (channel, sender, imported)


async def test_a_photo_with_somebody_in_it_stays_until_that_is_settled(firm: Firm) -> None:
    await firm.hello()
    photo = await firm.photo()
    question = await firm.ask(photo)
    await reviews.flag_person(firm.office, photo, Person.OPEN, note="", at=firm.clock.at)
    await firm.release(question)
    assert (await firm.now(question)).blocked_code == "photo.person_open"
    flagged = await firm.photo_now(photo.id)
    await reviews.flag_person(
        firm.office, flagged, Person.AGREED, note="Frau Müller selbst", at=firm.clock.at
    )
    await firm.release(await firm.now(question))
    again = await firm.photo_now(photo.id)
    await reviews.flag_person(firm.worker, again, Person.OPEN, note="", at=firm.clock.at)
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert (await firm.now(question)).blocked_code == "photo.person_open"
    with pytest.raises(Forbidden):
        await reviews.flag_person(
            firm.worker, await firm.photo_now(photo.id), Person.NONE, note="", at=firm.clock.at
        )


async def now(firm: Firm) -> Open | Closed:
    return await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at)


@atomic
async def _written(
    firm: Firm, channel: str, account: UUID | None, sender: Identity, *, imported: bool
) -> None:
    message = Message(
        id=new_id(),
        company_id=firm.company_id,
        contact_id=firm.contact.id,
        job_id=None,
        question_id=None,
        account_id=account,
        photo_id=None,
        channel=channel,
        direction=Direction.IN,
        kind="text",
        text="Hallo",
        recipient=sender,
        state=MessageState.RECEIVED,
        at=firm.clock.at,
        created_at=firm.clock.at,
        changed_at=firm.clock.at,
    )
    await messages.insert_once(firm.company_id, message)
    if imported:
        await messages.set_place(firm.company_id, message.id, verified=False)


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
    assert await now(firm) == Closed("consent.withdrawn")
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
    [message] = await looks.from_customers(firm.company_id)
    assert message.contact_id is None
    await inbox.assign(firm.office, message, job_id=None, contact_id=firm.contact.id, at=firm.clock.at)
    assert await now(firm) == Closed("consent.withdrawn")


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
    assert (await firm.now(question)).blocked_code == "consent.suspended"
    assert await now(firm) == Closed("consent.suspended")
    assert await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp") == []


async def test_the_same_number_typed_otherwise_ends_nothing(firm: Firm) -> None:
    await firm.consent()
    typed = ContactDraft("Petra Müller-Berg", "+49 151 2345 6789")
    await customers.change_contact(firm.office, firm.contact, typed, at=firm.clock.at)
    assert await now(firm) == Open("consent", template=True)


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
    await actions.grant(firm.office, contact, Topic("whatsapp"), Evidence(Proof.SIGNATURE), at=firm.clock.at)
    await fates.resolve(firm.office, doubtful.id, arrived=False, at=firm.clock.at)
    await firm.work(hours=1)
    assert firm.on_phone() == []
    assert (await firm.now(question)).blocked_code == "recipient.identity_changed"


async def test_a_withdrawal_counts_after_the_clock_was_put_back(firm: Firm) -> None:
    await firm.consent()
    firm.clock.go(hours=-1)
    await actions.withdraw(
        firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "am Telefon"), at=firm.clock.at
    )
    assert await now(firm) == Closed("consent.withdrawn")


async def _second_person(firm: Firm) -> None:
    customer = await customers_db.by_id(firm.company_id, firm.contact.customer_id)
    assert customer
    draft = ContactDraft("Peter Müller", "0151 23456789")
    await customers.add_contact(firm.office, customer, draft, at=firm.clock.at)


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any number leave at one moment, so that only the gate and the lane say no."""
    for channel in CHANNELS:
        monkeypatch.setattr(channel, "pace", Pace(Rate(1e6, burst=1e6)))


KINDS = [channel.kind for channel in CHANNELS]


@pytest.mark.usefixtures("unpaced")
@pytest.mark.parametrize("channel", KINDS)
async def test_withdrawals_in_the_middle_of_sending(firm: Firm, channel: str) -> None:
    """Once a withdrawal is written, by whatever way, no permission to send is given any more.

    Ninety on each database, shared by the connected channels; five hundred in `make chaos`.
    """
    chance = random.Random(7)
    ends: Counter[tuple[str, ...]] = Counter()
    number, size = -(-full(500, else_=90) // len(KINDS)), 50
    account = await _account(firm, channel)
    for batch in range(0, number, size):
        numbers = list(range(batch, min(number, batch + size)))
        queued = await queue(firm, numbers, account)
        ends.update(
            await asyncio.gather(*[_race(firm, one, other, account, chance) for one, other in queued])
        )
        states = {
            one.id: one.state for one in await messages.by_ids(firm.company_id, [m.id for _, m in queued])
        }
        assert set(states.values()) <= {MessageState.LEASED, MessageState.STOPPED}
    assert ends.total() == number
    assert set(ends) == {("withdrawn",), ("permitted", "withdrawn")}


@atomic
async def _account(firm: Firm, kind: str) -> Account:
    if kind == firm.account.kind:
        return firm.account
    account = replace(firm.account, id=new_id(), kind=kind, health=Health.OK)
    await accounts.insert_account(firm.company_id, account, at=firm.clock.at)
    return account


@pytest.mark.usefixtures("unpaced")
async def test_two_messages_to_one_person_never_leave_at_once(firm: Firm) -> None:
    queued = await queue(firm, list(range(20)), firm.account)
    for contact, first in queued:
        second = replace(first, id=new_id())
        await _insert(second)
        races = [permissions.permit(firm.company_id, one.id, at=firm.clock.at) for one in (first, second)]
        ended = await asyncio.gather(*races, return_exceptions=True)
        assert sum(isinstance(end, permissions.Leave) for end in ended) == 1, contact.name
        # The other one waits for it, or ends for the one before it in the lane: that one calls it.
        assert sum(isinstance(end, Later) or end is None for end in ended) == 1


@atomic
async def _insert(message: Message) -> None:
    await messages.insert_once(message.company_id, message)


async def _race(
    firm: Firm, contact: Contact, message: Message, account: Account, chance: random.Random
) -> tuple[str, ...]:
    """Return what was committed, in its order; the start and the way of withdrawing are left to chance."""
    done: list[str] = []
    ways: list[Callable[..., Awaitable[None]]] = [_by_office, _in_the_settings, _number_changed]
    way = chance.choice(ways)

    async def permit() -> None:
        await asyncio.sleep(chance.random() / 50)
        if await permissions.permit(firm.company_id, message.id, at=firm.clock.at):
            done.append("permitted")

    async def withdraw() -> None:
        await asyncio.sleep(chance.random() / 50)
        await way(firm, contact, account)
        done.append("withdrawn")

    await asyncio.gather(permit(), withdraw())
    return tuple(done)


async def _by_office(firm: Firm, contact: Contact, account: Account) -> None:
    at, proof = firm.clock.at, Proof.OFFICE
    await actions.withdraw(firm.office, contact, account.kind, Evidence(proof, "Nein"), at=at)


@atomic
async def _in_the_settings(firm: Firm, contact: Contact, account: Account) -> None:
    """He blocks us in the messenger, and the platform says so."""
    sender = (Identity(IdentityKind.PHONE, contact.phone),)
    await people_events.opt_out(
        account, OptOut(f"out:{contact.id}", sender, firm.clock.at, True), at=firm.clock.at
    )


async def _number_changed(firm: Firm, contact: Contact, account: Account) -> None:
    await actions.suspend(firm.office, contact, channel=account.kind, why="neue Nummer", at=firm.clock.at)


@atomic
async def queue(firm: Firm, numbers: list[int], account: Account) -> list[tuple[Contact, Message]]:
    """Return people who agreed, each with a message that waits to leave."""
    customer = await customers_db.by_id(firm.company_id, firm.contact.customer_id)
    assert customer
    queued, at = [], firm.clock.at
    for number in numbers:
        draft = ContactDraft(f"Kunde {number}", f"0151 {20_000_000 + number}")
        contact = await customers.add_contact(firm.office, customer, draft, at=at)
        given = [Purpose.SERVICE] if number % 10 else [Purpose.SERVICE, Purpose.ADVERTISING]
        for purpose in given:
            await actions.grant(
                firm.office, contact, Topic(account.kind, purpose), Evidence(Proof.SIGNATURE), at=at
            )
        message = Message(
            id=new_id(),
            company_id=firm.company_id,
            contact_id=contact.id,
            job_id=firm.job,
            question_id=None,
            account_id=account.id,
            photo_id=None,
            channel=account.kind,
            direction=Direction.OUT,
            kind="template",
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
