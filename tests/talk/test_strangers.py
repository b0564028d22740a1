"""Somebody nobody knows yet: one answer by itself into the chat he began, and nothing else ever."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.actions import companies, conversations, customers, gate, strangers, turns
from server.actions.gate import stranger_gate
from server.channels.whatsapp.channel import Whatsapp
from server.db import companies as companies_db
from server.db import conversations as table
from server.db import customers as customers_db
from server.db import inbox as inbox_db
from server.db.tables import MessageRow
from server.db.unit import atomic
from server.domain.conversations import Conversation
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.events import OptOut, Renamed
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Direction, Message, MessageState
from server.domain.outcomes import OptedOut
from server.ids import new_id
from server.sandbox.customer import Customer
from tests.talk.test_by_itself import hours, said
from tests.talk.test_events import answers, heard, tell
from tests.talk.test_inbox import keep
from tests.talks import Firm

NUMBER = "+4916012345678"
NAME = Identity(IdentityKind.PHONE, NUMBER)
TOLD = "Guten Tag, wir sind ab Dienstag, 24.11., 8:00 Uhr zurück. Fliesen Berger"


@pytest.fixture
def jonas(firm: Firm) -> Customer:
    firm.sandbox.add_person("jonas", "Jonas Weber", NUMBER)
    return firm.sandbox.customer("jonas", "firm")


async def write(firm: Firm, who: Customer, text: str = "Machen Sie auch Balkone?", **later: float) -> None:
    firm.clock.go(**later)
    who.write(text)
    await firm.work()


async def inquiry(firm: Firm) -> Conversation:
    [found] = (await table.search(firm.company_id, strangers=True)).items
    return found


async def test_a_stranger_is_told_the_hours_once_per_absence_and_still_waits(
    firm: Firm, jonas: Customer
) -> None:
    await hours(firm, greeting_on=False)
    await write(firm, jonas, hours=9)  # 19:00 in Berlin
    assert said(jonas) == [TOLD]
    await write(firm, jonas, "Hallo?", hours=1)
    assert said(jonas) == [TOLD]
    thread = await inquiry(firm)
    assert thread.waiting_since is not None
    [row] = await MessageRow.filter(direction="out")
    assert (row.contact_id, row.author_id, row.conversation_id) == (None, None, thread.id)
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/messages/{thread.id}")).text
        assert TOLD in page and "von selbst" in page and "Wer ist das?" in page
    await write(firm, jonas, "Und heute?", hours=24)
    assert len(said(jonas)) == 2


async def test_greeted_and_introduced(firm: Firm, jonas: Customer) -> None:
    """The first words to him say who writes, how to stop it and where privacy stands (G8)."""
    ours = await companies_db.by_id(firm.company_id)
    assert ours
    profile = replace(ours.profile, privacy_url="https://berger.example/datenschutz")
    await companies.change(firm.office, ours, profile, at=firm.clock.at)
    await hours(firm, away_on=False)
    await write(firm, jonas)
    await write(firm, jonas, "Und Bäder?", minutes=1)
    [text] = said(jonas)
    assert "Guten Tag, willkommen." in text and "STOP" in text and "berger.example/datenschutz" in text


async def test_known_in_the_same_absence_he_hears_nothing_twice(firm: Firm, jonas: Customer) -> None:
    await hours(firm, greeting_on=False)
    await write(firm, jonas, hours=9)
    draft, person = CustomerDraft("Weber"), ContactDraft("Jonas Weber")
    await conversations.new_customer(firm.office, await inquiry(firm), draft, person, at=firm.clock.at)
    await write(firm, jonas, "Noch etwas", minutes=5)
    assert said(jonas) == [TOLD]


async def test_stop_spam_and_a_switch_in_the_messenger_are_met_with_silence(
    firm: Firm, jonas: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hours(firm, greeting_on=False)
    await write(firm, jonas, "STOP", hours=9)
    await write(firm, jonas, "Hallo?", minutes=1)
    assert said(jonas) == []
    firm.sandbox.add_person("spam", "Gewinn", "+4916011111111")
    spam = firm.sandbox.customer("spam", "firm")
    await hours(firm, greeting_on=False, away_on=False)
    await write(firm, spam, "Gewonnen!")
    [found] = [
        one
        for one in (await table.search(firm.company_id, strangers=True)).items
        if "111111" in one.person_key
    ]
    await conversations.spam(firm.office, found, at=firm.clock.at)
    await hours(firm, greeting_on=False)
    await write(firm, spam, "Nochmal!", minutes=1)
    assert said(spam) == []
    other = Identity(IdentityKind.PHONE, "+4916022222222")
    off = OptOut("off", (other,), firm.clock.at, stopped=True)
    await tell(firm, off, monkeypatch=monkeypatch)
    await tell(firm, heard("Doch da?", sender=(other,), sent_at=firm.clock.at), monkeypatch=monkeypatch)
    assert not await MessageRow.filter(direction="out").exists()


async def asked(firm: Firm, name: Identity = NAME, **changes: Any) -> Message:
    """Return the answer that would go to this name, as the outbox asks the gate about it."""
    found = await table.by_key(firm.company_id, f"whatsapp:{name.kind}:{name.value}")
    values: dict[str, Any] = {"contact_id": None, "channel": "whatsapp", "recipient": name}
    return Message(
        id=new_id(), company_id=firm.company_id, job_id=None, question_id=None, account_id=firm.account.id,
        photo_id=None, direction=Direction.OUT, kind="text", text="Hallo", state=MessageState.QUEUED,
        at=firm.clock.at, created_at=firm.clock.at, changed_at=firm.clock.at,
        conversation_id=found.id if found else None, **values | changes,
    )  # fmt: skip


async def test_the_gate_opens_for_the_proved_name_at_the_same_account_only(
    firm: Firm, jonas: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(firm, jonas)
    message, at = await asked(firm), firm.clock.at
    assert isinstance(await stranger_gate(message, at=at), Open)
    for changes in (
        {"account_id": new_id()},
        {"account_id": None},
        {"recipient": None},
        {"recipient": Identity(IdentityKind.PHONE, "+4916099999999")},
        {"recipient": Identity(IdentityKind.EMAIL, "jonas@example.org")},
        {"conversation_id": new_id()},
        {"conversation_id": None},
        {"channel": "brieftaube"},
        {"contact_id": firm.contact.id},
    ):
        assert isinstance(await stranger_gate(replace(message, **changes), at=at), Closed), changes
    assert isinstance(await stranger_gate(message, at=at + timedelta(hours=24)), Closed)
    renamed = Renamed("r1", (Identity(IdentityKind.PHONE, firm.contact.phone),), (NAME,), at)
    await tell(firm, renamed, monkeypatch=monkeypatch)
    assert isinstance(await stranger_gate(message, at=at), Closed)


async def test_a_number_of_two_people_in_the_book_is_answered_by_nobody(firm: Firm) -> None:
    """Nobody knows which of the two wrote, and one of them may have said STOP."""
    twin = ContactDraft("Paul Müller", "0151 23456789")
    await customers.create(firm.office, CustomerDraft("Müller junior"), [twin], at=firm.clock.at)
    assert len(await customers_db.contacts_by_phone(firm.company_id, [firm.contact.phone])) == 2
    await hours(firm, greeting_on=False)
    await write(firm, firm.petra, hours=9)
    assert said(firm.petra) == []


async def test_what_changes_between_writing_and_leaving_stops_it(
    firm: Firm, jonas: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hours(firm, greeting_on=False)
    firm.clock.go(hours=9)
    real = turns.send_soon

    async def stop_first(message: Message, **given: Any) -> None:
        await real(message, **given)
        await keep(
            replace(await asked(firm), id=new_id(), direction=Direction.IN, text="STOP", foreign_id="stop",
                    state=MessageState.RECEIVED)
        )  # fmt: skip

    monkeypatch.setattr(turns, "send_soon", stop_first)
    jonas.write("Hallo")
    await firm.work()
    monkeypatch.undo()
    await firm.work(hours=1)
    assert said(jonas) == []
    [row] = await MessageRow.filter(direction="out")
    assert (row.state, row.error_code) == (MessageState.STOPPED, "consent.withdrawn")


async def test_a_refusal_of_the_platform_counts_as_his_no(
    firm: Firm, jonas: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hours(firm, greeting_on=False)
    send = answers(OptedOut("blocked"))
    monkeypatch.setattr(Whatsapp, "send", send)
    await write(firm, jonas, hours=9)
    monkeypatch.undo()
    assert isinstance(await stranger_gate(await asked(firm), at=firm.clock.at), Closed)
    await write(firm, jonas, hours=24)
    assert said(jonas) == []


async def test_the_cap_holds_whatever_the_hours_say(firm: Firm, jonas: Customer) -> None:
    await hours(firm, greeting_on=False)
    await write(firm, jonas, hours=9)
    for _ in range(6):
        await write(firm, jonas, hours=24)
    assert len(said(jonas)) == strangers.PER_PERSON


async def test_a_flood_of_fresh_names_is_answered_twenty_times_an_hour(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hours(firm, greeting_on=False)
    firm.clock.go(hours=9)
    monkeypatch.setattr(strangers, "PER_ACCOUNT", 3)
    names = [Identity(IdentityKind.PHONE, f"+49160555000{number}") for number in range(6)]
    flood = [heard("Kredit?", sender=(one,), sent_at=firm.clock.at) for one in names]
    await tell(firm, *flood, monkeypatch=monkeypatch)
    assert await MessageRow.filter(direction="out").count() == 3


@atomic
async def _proposed(firm: Firm, raw: UUID, numbers: int) -> None:
    for number in range(numbers):
        await inbox_db.claim_event(
            firm.company_id,
            firm.account.id,
            f"r{number}",
            raw_id=raw,
            state=inbox_db.PROPOSED,
            at=firm.clock.at + timedelta(seconds=number),
            payload={"new": [["phone", f"+4916000000{number:03d}"]]},
        )


async def test_a_proposed_name_is_doubtful_behind_however_many_others(firm: Firm) -> None:
    """Only the newest fifty were looked at: whoever had been proposed before them was an ordinary stranger again."""
    raw = await atomic(inbox_db.insert_raw)(firm.company_id, firm.account.id, b"", at=firm.clock.at)
    await _proposed(firm, raw, 60)
    first = Identity(IdentityKind.PHONE, "+4916000000000")
    leads = gate._leads_elsewhere
    assert await leads(firm.company_id, firm.account.id, "whatsapp", first)
    other = replace(first, value="+4916000000999")
    assert not await leads(firm.company_id, firm.account.id, "whatsapp", other)
