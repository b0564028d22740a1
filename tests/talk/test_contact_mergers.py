"""Two records of one person become one: everything goes along, and nothing that waits is sent elsewhere for it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from tortoise.models import Model

from server.actions import (
    answers,
    consents,
    contact_mergers,
    conversations,
    customers,
    outgoing,
    speech,
)
from server.actions.gate import gate
from server.db import consents as consents_db
from server.db import contact_mergers as mergers_db
from server.db import conversations as conversations_db
from server.db import customers as customers_db
from server.db import identities, logbook, tables
from server.db import jobs as jobs_db
from server.db import messages as messages_db
from server.db.tables import AnswerLinkRow, ConversationRow, IdentityRow, MessageRow
from server.db.unit import atomic
from server.domain.consents import ConsentVerb, Proof, Purpose
from server.domain.conversations import key_of_contact
from server.domain.customers import Contact, ContactDraft, CustomerDraft
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.evidence import Evidence
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Message, MessageState
from server.domain.questions import QuestionState
from server.domain.speeches import Speech
from server.domain.wordings import Topic
from server.ids import new_id
from tests.talk.test_events import OTHER, PHONE, heard, now, tell
from tests.talks import PETRA, Firm

SAID = Evidence(Proof.SPOKEN, "am Telefon zu Sabine Koch")


async def second(firm: Firm, phone: str = "", *, name: str = "Petra M.", email: str = "") -> Contact:
    """Return another record of Petra, as "neuer Kunde"."""
    draft = ContactDraft(name, phone, email)
    customer = await customers.create(firm.office, CustomerDraft(name), [draft], at=firm.clock.at)
    [made] = await customers_db.contacts_of(firm.company_id, customer.id)
    return made


async def merged(firm: Firm, gone: Contact, stays: Contact | None = None) -> Contact:
    return await contact_mergers.merge(firm.office, gone, (stays or firm.contact).id, at=firm.clock.at)


async def again(firm: Firm, contact_id: UUID) -> Contact:
    found = await customers_db.contact_by_id(firm.company_id, contact_id, merged=True)
    assert found
    return found


@atomic
async def known_as(firm: Firm, contact: Contact, channel: str, identity: Identity) -> None:
    await identities.add_identity(firm.company_id, contact.id, channel, identity, at=firm.clock.at)


async def opened(firm: Firm, contact: Contact, channel: str = "whatsapp") -> Open | Closed:
    return await gate(firm.company_id, contact.id, channel, at=firm.clock.at)


async def spoke(firm: Firm, contact: Contact, text: str = "Morgen um acht?") -> Message:
    said = Speech(intent=new_id(), contact_id=contact.id, channel="whatsapp", text=text)
    return await speech.say(firm.office, said, at=firm.clock.at)


async def test_all_that_names_him_moves_and_both_logbooks_say_so(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = await second(firm)
    await known_as(firm, gone, "whatsapp", OTHER)
    await tell(firm, heard("Hier ist Petra", sender=(OTHER,)), monkeypatch=monkeypatch)
    theirs = await conversations_db.by_key(firm.company_id, key_of_contact(gone.id))
    assert theirs
    await firm.hello()
    stays = await merged(firm, gone)
    assert stays.id == firm.contact.id
    [thread] = await ConversationRow.filter(contact_id=stays.id)
    assert await ConversationRow.filter(contact_id=gone.id).count() == 0
    assert await MessageRow.filter(conversation_id=thread.id, direction="in").count() == 2
    assert {one.contact_id for one in await MessageRow.filter(direction="in")} == {stays.id}
    assert thread.waiting_since is not None
    assert {one.value for one in await IdentityRow.filter(contact_id=stays.id)} >= {PETRA, OTHER.value}
    lines = [line.entry for line in await logbook.chain(firm.company_id, after=0, limit=500)]
    both = {one.verb: one for one in lines if one.verb in ("contact.merged", "contact.took_in")}
    assert (both["contact.merged"].subject_id, both["contact.took_in"].subject_id) == (gone.id, stays.id)
    assert both["contact.merged"].data["into"] == str(stays.id) and PETRA in str(both["contact.merged"].data)
    assert both["contact.took_in"].data["names"] == {"whatsapp": [OTHER.value]}
    assert both["contact.took_in"].data["thread"] == str(theirs.id)
    assert (await again(firm, gone.id)).merged_into_id == stays.id
    led = await customers_db.contact_by_id(firm.company_id, gone.id)
    assert led and led.id == stays.id


async def test_what_comes_afterwards_lands_at_the_one_that_counts_over_several_mergers(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, third = await second(firm, OTHER.value), await second(firm, name="P. Müller")
    await merged(firm, first, third)
    await merged(firm, third)
    assert (await again(firm, first.id)).merged_into_id == firm.contact.id
    await tell(firm, heard("von der zweiten Nummer", sender=(OTHER,)), monkeypatch=monkeypatch)
    [came] = await MessageRow.filter(direction="in")
    assert came.contact_id == firm.contact.id
    assert await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp") == [OTHER]


async def test_the_old_address_of_a_thread_leads_to_the_one_it_is_in(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several mergers, and of a stranger whom the office has known; what lies open is not led on unseen."""
    first, third = await second(firm, OTHER.value), await second(firm, name="P. Müller")
    gone = [(await conversations.open_for(firm.office, one, at=firm.clock.at)).id for one in (first, third)]
    kept = (await conversations.open_for(firm.office, firm.contact, at=firm.clock.at)).id
    await merged(firm, first, third)
    await merged(firm, third)
    sender = (Identity(IdentityKind.PHONE, "+4915199988877"),)
    await tell(firm, heard("Wer bin ich?", sender=sender), monkeypatch=monkeypatch)
    [row] = await ConversationRow.filter(contact_id=None)
    stranger = await conversations_db.by_id(firm.company_id, row.id)
    assert stranger
    await conversations.assign(firm.office, stranger, firm.contact, at=firm.clock.at)
    async with firm.browser(firm.office) as office:
        for old in (*gone, stranger.id):
            led = await office.get(f"/messages/{old}?show=all")
            assert (led.status_code, led.headers["location"]) == (303, f"/messages/{kept}?show=all")
            written = await office.post(f"/messages/{old}", data={"intent": str(new_id()), "text": "Morgen"})
            assert written.status_code == 409 and "Geschriebenes kopieren" in written.text
            piece = await office.get(f"/messages/{old}/_thread", headers={"HX-Request": "true"})
            assert piece.status_code == 404
        assert (await office.get(f"/messages/{kept}")).status_code == 200
        assert (await office.get(f"/messages/{new_id()}")).status_code == 404


def test_everything_that_names_a_contact_is_thought_of() -> None:
    """A new table with a contact would leave rows with a record that nobody reads any more."""
    naming = {
        model._meta.db_table
        for model in vars(tables).values()
        if isinstance(model, type)
        and issubclass(model, Model)
        and any(
            getattr(field, "model_name", "") == "server.ContactRow"
            for field in model._meta.fields_map.values()
        )
    }
    assert naming == {*mergers_db.MOVED, "consent", "conversation", "contact"}


async def test_himself_a_strangers_an_archived_one_and_a_worker_are_refused(firm: Firm) -> None:
    gone, filed = await second(firm), await second(firm, name="Alt")
    with pytest.raises(Invalid, match="merge_itself"):
        await merged(firm, firm.contact)
    with pytest.raises(Invalid, match="unknown"):
        await contact_mergers.merge(firm.office, gone, new_id(), at=firm.clock.at)
    await customers.archive_contact(firm.office, filed, at=firm.clock.at)
    with pytest.raises(Invalid, match="merge_archived"):
        await merged(firm, gone, filed)
    with pytest.raises(Forbidden):
        await contact_mergers.merge(firm.worker, gone, firm.contact.id, at=firm.clock.at)
    assert (await merged(firm, await again(firm, filed.id))).id == firm.contact.id
    with pytest.raises(Conflict, match="merged"):
        await merged(firm, gone, filed)


async def test_two_who_merge_both_ways_at_once_leave_one(firm: Firm) -> None:
    other = await second(firm)
    done = await asyncio.gather(
        merged(firm, other), merged(firm, firm.contact, other), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Contact"]
    both = [await again(firm, firm.contact.id), await again(firm, other.id)]
    assert sorted(one.merged_into_id is None for one in both) == [False, True]


async def test_what_is_queued_keeps_its_name_and_leaves_only_under_it(firm: Firm) -> None:
    """Both records agreed, each for its own number; after the merger nothing may leave for either."""
    gone = await second(firm, OTHER.value)
    await firm.consent()
    await consents.grant(firm.office, gone, Topic("whatsapp"), SAID, at=firm.clock.at)
    for_gone, for_stays = await spoke(firm, gone), await spoke(firm, firm.contact)
    await merged(firm, gone)
    await firm.work(hours=24)
    assert firm.on_phone() == []
    for one, name in ((for_gone, OTHER), (for_stays, PHONE)):
        after = await now(firm, one)
        assert (after.state, after.error_code, after.recipient) == (
            MessageState.STOPPED, "consent.suspended", name,
        )  # fmt: skip
        assert after.contact_id == firm.contact.id


async def test_twice_the_same_number_changes_nothing_for_what_waits(firm: Firm) -> None:
    """An import made him twice: the name is the same, so what was agreed for it holds, and what waits leaves."""
    await firm.consent()
    await firm.hello()
    gone = await second(firm, "0151 23456789")
    waits = await spoke(firm, firm.contact)
    await merged(firm, gone)
    await firm.work()
    assert (await now(firm, waits)).state in (MessageState.SENT, MessageState.DELIVERED, MessageState.READ)
    assert firm.on_phone() == [str(waits.id)]


async def test_a_name_of_the_book_that_is_not_taken_over_stops_what_waits_for_it(firm: Firm) -> None:
    gone = await second(firm, OTHER.value)
    await consents.grant(firm.office, gone, Topic("whatsapp"), SAID, at=firm.clock.at)
    waits = await spoke(firm, gone)
    await merged(firm, gone)
    await consents.grant(firm.office, firm.contact, Topic("whatsapp"), SAID, at=firm.clock.at)
    await messages_again(firm, waits)
    await firm.work(hours=1)
    after = await now(firm, waits)
    assert after.state is MessageState.STOPPED and after.recipient == OTHER
    assert firm.on_phone() == []


@atomic
async def messages_again(firm: Firm, message: Message) -> None:
    """Put a stopped message in line again, as a person's "nochmal" would."""
    await messages_db.set_state(
        firm.company_id, message.id, MessageState.QUEUED, only_from=[MessageState.STOPPED], at=firm.clock.at
    )
    from server.db import tasks

    await tasks.insert_task(firm.company_id, "message.send", {"message": str(message.id)}, at=firm.clock.at)


@pytest.mark.parametrize("who", ["gone", "stays"])
async def test_a_no_of_either_record_counts(firm: Firm, who: str) -> None:
    gone = await second(firm, "0151 23456789")
    for one in (gone, firm.contact):
        await consents.grant(firm.office, one, Topic("whatsapp"), SAID, at=firm.clock.at)
    said = gone if who == "gone" else firm.contact
    await consents.withdraw(firm.office, said, "whatsapp", SAID, at=firm.clock.at)
    waits = None if who == "stays" else await spoke(firm, firm.contact)
    stays = await merged(firm, gone)
    assert await opened(firm, stays) == Closed("consent.withdrawn")
    if waits:
        await firm.work()
        assert (await now(firm, waits)).error_code == "consent.withdrawn"
    assert firm.on_phone() == []


async def test_a_yes_of_the_record_that_goes_opens_nothing(firm: Firm) -> None:
    gone = await second(firm, "0151 23456789")
    await consents.grant(firm.office, gone, Topic("whatsapp"), SAID, at=firm.clock.at)
    assert isinstance(await opened(firm, gone), Open)
    before = await consents_db.of_contact(firm.company_id, gone.id)
    stays = await merged(firm, gone)
    assert await opened(firm, stays) == Closed("consent.none")
    lines = await consents_db.of_contact(firm.company_id, gone.id)
    assert lines[1:] == before and lines[0].verb is ConsentVerb.SUSPENDED  # what was said stands
    assert await consents_db.of_contact(firm.company_id, stays.id) == []


async def test_a_yes_for_one_number_rests_when_another_one_joins(firm: Firm) -> None:
    gone = await second(firm, OTHER.value)
    await firm.consent()
    stays = await merged(firm, gone)
    assert await opened(firm, stays) == Closed("consent.suspended")
    firm.clock.at += timedelta(minutes=1)
    await firm.hello()  # he writes himself: the platform has shown who is there
    assert isinstance(await opened(firm, stays), Open)


async def test_passing_on_agreed_by_the_one_that_goes_ends(firm: Firm) -> None:
    gone = await second(firm)
    await consents.grant(firm.office, gone, Topic("any", Purpose.REFERENCE), SAID, at=firm.clock.at)
    stays = await merged(firm, gone)
    for one in (gone, stays):
        found = await gate(firm.company_id, one.id, "whatsapp", Purpose.REFERENCE, at=firm.clock.at)
        assert isinstance(found, Closed)


async def test_a_chat_he_began_goes_on_where_only_it_has_a_name(firm: Firm) -> None:
    """The book knows him without number; he wrote by WhatsApp and became "neuer Kunde"."""
    kept = await second(firm, name="Familie Müller, Petra", email="petra@example.org")
    assert isinstance(await opened(firm, kept), Closed)
    await firm.hello()
    assert (await merged(firm, firm.contact, kept)).phone == PETRA
    assert isinstance(await opened(firm, kept), Open)
    said = await spoke(firm, kept)
    await firm.work()
    assert firm.on_phone() == [str(said.id)]


async def test_an_open_link_closes_unless_it_went_to_a_name_both_bear(firm: Firm) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    await firm.work()
    other = await second(firm, OTHER.value)
    await merged(firm, firm.contact, other)
    [link] = await AnswerLinkRow.all()
    assert link.revoked_at is not None and link.contact_id == other.id
    assert (await firm.now(question)).contact_id == other.id


async def test_an_open_link_to_the_same_number_goes_on(firm: Firm) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    await firm.work()
    twin = await second(firm, "0151 23456789")
    await merged(firm, firm.contact, twin)
    [link] = await AnswerLinkRow.all()
    assert link.revoked_at is None
    token = outgoing.answer_token(firm.services, link.id)
    asked = await answers.look_up(token, at=firm.clock.at)
    assert isinstance(asked, answers.Asked)
    await answers.answer(asked, choice_id=asked.question.choices[0].id, text="", at=firm.clock.at)
    answered = await firm.now(question)
    assert (answered.state, answered.contact_id) == (QuestionState.ANSWERED, twin.id)


async def test_a_released_question_that_has_no_name_yet_waits_again(firm: Firm) -> None:
    await firm.hello()
    question = await firm.release(await firm.ask())
    await merged(firm, await second(firm, OTHER.value))
    await firm.work()
    after = await firm.now(question)
    assert after.state is QuestionState.BLOCKED and after.contact_id == firm.contact.id
    assert firm.on_phone() == []


async def test_jobs_follow_and_can_still_be_changed(firm: Firm) -> None:
    from server.actions import jobs
    from server.domain.jobs import JobDraft

    other = await second(firm)
    await merged(firm, firm.contact, other)
    job = await jobs_db.by_id(firm.company_id, firm.job)
    assert job and (job.contact_id, job.customer_id) == (other.id, firm.contact.customer_id)
    draft = JobDraft("Bad neu", job.number, "", "", "", job.customer_id, firm.contact.id)
    assert (await jobs.change(firm.office, job, draft, at=firm.clock.at)).contact_id == other.id


async def test_merging_while_messages_come_and_leave(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes first: all he wrote stands in one thread, and nothing reached a name it was not written for."""
    await firm.consent()
    await firm.hello()
    gone = await second(firm, "0151 23456789")
    other = await second(firm, OTHER.value)
    await known_as(firm, other, "whatsapp", OTHER)
    waits = [await spoke(firm, firm.contact, f"Nr. {one}") for one in range(3)]
    raws = [heard(f"Hallo {one}", sender=(OTHER,)) for one in range(4)]
    await asyncio.gather(
        tell(firm, *raws, monkeypatch=monkeypatch),
        merged(firm, gone),
        merged(firm, other),
    )
    await firm.work(hours=1)
    assert await ConversationRow.filter(contact_id=firm.contact.id).count() == 1
    assert await ConversationRow.all().count() == 1
    assert {one.contact_id for one in await MessageRow.all()} == {firm.contact.id}
    for one in waits:
        after = await now(firm, one)
        assert after.recipient == PHONE
        assert (str(one.id) in firm.on_phone()) == (after.state is not MessageState.STOPPED)


async def test_a_stop_that_was_on_its_way_reaches_the_record_that_counts(firm: Firm) -> None:
    gone = await second(firm, "0151 23456789")
    await firm.consent()
    await merged(firm, gone)
    await consents.withdraw(firm.office, gone, "whatsapp", SAID, at=firm.clock.at)  # read before, said after
    assert await opened(firm, firm.contact) == Closed("consent.withdrawn")


async def test_an_invitation_still_opens_the_chat(firm: Firm) -> None:
    from server.db import invites as invites_db

    gone = await second(firm)

    @atomic
    async def invite() -> None:
        until = firm.clock.at + timedelta(days=1)
        await invites_db.insert_invite(
            firm.company_id, gone.id, "telegram", token_hash="h", expires_at=until, at=firm.clock.at
        )

    @atomic
    async def claim() -> UUID | None:
        return await invites_db.claim_invite(firm.company_id, "telegram", "h", at=firm.clock.at)

    await invite()
    await merged(firm, gone)
    assert await claim() == firm.contact.id


async def test_the_pages_show_it_first_and_the_old_address_leads_on(firm: Firm) -> None:
    gone = await second(firm, OTHER.value)
    await firm.consent()
    foreign = new_id()
    async with firm.browser(firm.office) as office:
        edit = (await office.get(f"/contacts/{gone.id}/edit")).text
        assert f"/contacts/{gone.id}/merger" in edit and "Ist dieselbe Person wie" in edit
        chosen = (await office.get(f"/contacts/{gone.id}/merger")).text
        assert f"merger?into={firm.contact.id}" in chosen and "Familie Müller" in chosen
        assert "Niemand gefunden" in (await office.get(f"/contacts/{gone.id}/merger?q=xyz")).text
        shown = (await office.get(f"/contacts/{gone.id}/merger?into={firm.contact.id}")).text
        for words in (
            "verschiedenen Kunden",
            "Es ruht, bis er selbst schreibt oder neu zustimmt",
            "WhatsApp",
            "wartet nichts auf den Versand",
            "wird nicht übernommen",
            "Ja, dieselbe Person",
        ):
            assert words in shown, words
        where = f"/contacts/{gone.id}/merger"
        assert (await office.get(f"{where}?into={foreign}")).status_code == 404
        assert (await office.post(where, data={"into": str(foreign)})).status_code == 404
        assert (await office.post(where, data={"into": str(gone.id)})).status_code == 422
        went = await office.post(where, data={"into": str(firm.contact.id)})
        assert went.status_code == 303
        assert went.headers["location"].startswith(f"/customers/{firm.contact.customer_id}")
        old = await office.get(f"/contacts/{gone.id}/edit")
        assert (old.status_code, old.headers["location"]) == (303, f"/contacts/{firm.contact.id}/edit")
        stale = await office.post(f"/contacts/{gone.id}", data={"name": "X", "phone": OTHER.value})
        assert stale.status_code == 409 and "in einem anderen aufgegangen" in stale.text
        assert (await office.post(where, data={"into": str(firm.contact.id)})).status_code == 409
        lines = (await office.get(f"/contacts/{firm.contact.id}/consents")).text
        assert "Zusammengeführt mit" in lines
    async with firm.browser(firm.worker) as worker:
        assert (await worker.get(f"/contacts/{firm.contact.id}/merger")).status_code == 403


async def test_what_was_written_for_the_old_record_meanwhile_is_brought_along(firm: Firm) -> None:
    """A unit that had read the old id commits after the merger: nothing leaves by it, and the worker finds it."""
    await firm.consent()
    await firm.hello()
    gone = await second(firm, "0151 23456789")
    waits = await spoke(firm, firm.contact)
    await merged(firm, gone)

    @atomic
    async def late() -> None:
        thread = await conversations_db.insert_or_get(
            firm.company_id, key_of_contact(gone.id), contact_id=gone.id, at=firm.clock.at
        )
        for one in await MessageRow.all():
            await messages_db.set_place(
                firm.company_id, one.id, contact_id=gone.id, conversation_id=thread.id
            )

    await late()
    await firm.work()
    assert firm.on_phone() == []
    await firm.work(hours=1)
    assert {one.contact_id for one in await MessageRow.all()} == {firm.contact.id}
    assert (await now(firm, waits)).recipient == PHONE and firm.on_phone() == [str(waits.id)]
    [thread] = await ConversationRow.all()
    assert thread.contact_id == firm.contact.id
