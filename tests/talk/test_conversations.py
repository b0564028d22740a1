"""One conversation per person: everything stands in it, who waits is known, a stranger becomes somebody."""

import pytest

from server.actions import conversations, customers, inbox, speech
from server.db import conversation_messages, identities, messages
from server.db import conversations as table
from server.db import customers as customers_db
from server.db.counts import of_company
from server.db.tables import ConversationRow, MessageRow
from server.domain.conversations import Conversation, ConversationState
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.errors import Conflict
from server.domain.gate import Closed
from server.domain.identities import Identity, IdentityKind
from server.domain.speeches import Speech
from server.ids import new_id
from server.sandbox.customer import Customer
from tests import looks
from tests.sites import photo_bytes
from tests.talks import Firm


async def thread(firm: Firm) -> Conversation:
    return await looks.thread_of(firm.company_id, firm.contact.id)


async def stranger(firm: Firm, text: str = "Hallo, machen Sie auch Bäder?") -> Customer:
    firm.sandbox.add_person("uwe", "Uwe Neu", "+4916012345678")
    uwe = firm.sandbox.customer("uwe", "firm")
    uwe.write(text)
    await firm.work()
    return uwe


async def the_strangers(firm: Firm) -> Conversation:
    [found] = (await table.search(firm.company_id, strangers=True)).items
    return found


async def test_both_directions_stand_in_one_thread_and_waiting_ends_with_an_answer(firm: Firm) -> None:
    await firm.hello()
    first = firm.clock.at
    opened = await thread(firm)
    assert (opened.waiting_since, opened.state) == (first, ConversationState.OPEN)
    firm.clock.go(minutes=5)
    firm.petra.write("Sind Sie da?")
    await firm.work()
    assert (await thread(firm)).waiting_since == first
    firm.clock.go(minutes=5)
    await firm.release(await firm.ask())
    await firm.work()
    answered = await thread(firm)
    assert answered.waiting_since is None
    said = (await conversation_messages.of_conversation(firm.company_id, answered.id)).items
    assert [one.direction for one in said] == ["out", "in", "in"]
    assert (answered.last_message_id, answered.last_at) == (said[0].id, said[0].at)
    firm.clock.go(minutes=5)
    firm.petra.write("Danke")
    await firm.work()
    assert await looks.number_waiting(firm.company_id) == 1
    await conversations.settle(firm.office, await thread(firm), at=firm.clock.at)
    settled = await thread(firm)
    assert (settled.state, settled.waiting_since) == (ConversationState.DONE, None)
    firm.clock.go(minutes=5)
    firm.petra.write("Noch etwas")
    await firm.work()
    again = await thread(firm)
    assert (again.state, again.waiting_since) == (ConversationState.OPEN, firm.clock.at)
    assert await ConversationRow.all().count() == 1


async def test_an_answer_that_failed_is_none(firm: Firm) -> None:
    await firm.hello()
    asked = firm.clock.at
    firm.clock.go(minutes=1)
    firm.petra.block(blocked=True)
    await firm.release(await firm.ask())
    await firm.work(hours=1)
    assert (await thread(firm)).waiting_since == asked


async def test_a_stranger_becomes_a_customer_we_know(firm: Firm) -> None:
    """His messages move, his name is learnt, and what he writes next stands in the contact's own thread."""
    await firm.hello()
    uwe = await stranger(firm)
    inquiry = await the_strangers(firm)
    assert inquiry.person_key == "whatsapp:phone:+4916012345678"
    with pytest.raises(Conflict):
        await conversations.assign(firm.office, await thread(firm), firm.contact, at=firm.clock.at)
    await conversations.assign(firm.office, inquiry, firm.contact, at=firm.clock.at)
    assert await table.by_id(firm.company_id, inquiry.id) is None
    assert {row.contact_id for row in await MessageRow.all()} == {firm.contact.id}
    firm.clock.go(minutes=1)
    uwe.write("Ich bin es, Petra")
    await firm.work()
    moved = await thread(firm)
    assert len(await conversation_messages.heard_in(firm.company_id, moved.id)) == 3
    assert moved.last_at == firm.clock.at
    known = await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    assert Identity(IdentityKind.PHONE, "+4916012345678") in known


async def test_a_stranger_becomes_a_new_customer_and_his_stop_counts(firm: Firm) -> None:
    from server.actions.gate import gate

    await stranger(firm)
    firm.clock.go(minutes=1)
    firm.sandbox.customer("uwe", "firm").write("Stop")
    await firm.work()
    inquiry = await the_strangers(firm)
    contact = await conversations.new_customer(
        firm.office, inquiry, CustomerDraft("Uwe Neu"), ContactDraft("Uwe Neu"), at=firm.clock.at
    )
    found = await looks.thread_of(firm.company_id, contact.id)
    assert found.id == inquiry.id
    assert await gate(firm.company_id, contact.id, "whatsapp", at=firm.clock.at) == Closed(
        "consent.withdrawn"
    )


async def test_spam_counts_nothing_fetches_nothing_and_is_answered_by_nobody(firm: Firm) -> None:
    uwe = await stranger(firm, "Sie haben gewonnen!")
    assert (await of_company(firm.company_id)).unread == 1
    await conversations.spam(firm.office, await the_strangers(firm), at=firm.clock.at)
    uwe.write("Wirklich!")
    uwe.send_photo(b"\xff\xd8\xff\xe0" + b"0" * 64, "image/jpeg")
    await firm.work()
    counts = await of_company(firm.company_id)
    assert counts.unread == 0
    assert await looks.number_waiting(firm.company_id) == 0
    assert not await MessageRow.filter(photo_id__isnull=False).exists()
    [put_aside] = (await table.search(firm.company_id, states=[ConversationState.SPAM])).items
    assert len(await conversation_messages.heard_in(firm.company_id, put_aside.id)) == 3
    with pytest.raises(Conflict):
        await conversations.settle(firm.office, put_aside, at=firm.clock.at)
    await conversations.no_spam(firm.office, put_aside, at=firm.clock.at)
    assert await looks.number_waiting(firm.company_id) == 1


@pytest.mark.parametrize("way", ["taken back", "a customer"])
async def test_a_picture_of_somebody_put_aside_by_mistake_comes_after_all(firm: Firm, way: str) -> None:
    uwe = await stranger(firm, "Guten Tag")
    await conversations.spam(firm.office, await the_strangers(firm), at=firm.clock.at)
    uwe.send_photo(photo_bytes(seed=4), "image/jpeg")
    await firm.work(hours=5)
    assert not await MessageRow.filter(photo_id__isnull=False).exists()
    [put_aside] = (await table.search(firm.company_id, states=[ConversationState.SPAM])).items
    if way == "taken back":
        await conversations.no_spam(firm.office, put_aside, at=firm.clock.at)
    else:
        await conversations.assign(firm.office, put_aside, firm.contact, at=firm.clock.at)
    await firm.work(hours=2)
    assert await MessageRow.filter(photo_id__isnull=False).count() == 1


async def test_assigning_never_retargets_what_is_queued(firm: Firm) -> None:
    """The recipient is frozen: a name learnt afterwards is for the next message."""
    await firm.consent()
    await stranger(firm)
    written = await speech.say(
        firm.office,
        Speech(intent=new_id(), contact_id=firm.contact.id, channel="whatsapp", text="Morgen um 8?"),
        at=firm.clock.at,
    )
    await conversations.assign(firm.office, await the_strangers(firm), firm.contact, at=firm.clock.at)
    now = await messages.by_id(firm.company_id, written.id)
    assert now and now.recipient == written.recipient == Identity(IdentityKind.PHONE, "+4915123456789")


async def test_filing_one_message_of_a_stranger_brings_all_of_them(firm: Firm) -> None:
    uwe = await stranger(firm)
    uwe.write("Und noch etwas")
    await firm.work()
    first = (await looks.from_customers(firm.company_id))[-1]
    await inbox.assign(firm.office, first, job_id=firm.job, contact_id=firm.contact.id, at=firm.clock.at)
    assert {row.contact_id for row in await MessageRow.all()} == {firm.contact.id}
    assert await ConversationRow.all().count() == 1


async def test_everybody_writes_at_once_and_has_one_thread(firm: Firm) -> None:
    """An album: five messages in one moment, handled in parallel, one conversation."""
    import asyncio

    from server.db.tables import RawEventRow

    for number in range(5):
        firm.petra.write(f"Bild {number}")
        await firm.sandbox.settle()
    raws = await RawEventRow.all().values_list("id", flat=True)
    await asyncio.gather(*[inbox.process(firm.services, firm.company_id, {"raw": str(raw)}) for raw in raws])
    assert await ConversationRow.all().count() == 1
    assert len(await conversation_messages.heard_in(firm.company_id, (await thread(firm)).id)) == 5


async def test_a_second_person_with_the_number_is_a_question_for_a_human(firm: Firm) -> None:
    customer = await customers_db.by_id(firm.company_id, firm.contact.customer_id)
    assert customer
    draft = ContactDraft("Peter Müller", "0151 23456789")
    await customers.add_contact(firm.office, customer, draft, at=firm.clock.at)
    firm.petra.write("Guten Tag")
    await firm.work()
    assert (await the_strangers(firm)).person_key == "whatsapp:phone:+4915123456789"
