"""The shared inbox through the whole application: lists, thread, composer and what is done there."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.actions import companies, consents, customers, jobs, speech
from server.db import companies as companies_db
from server.db import conversation_messages, internal_notes, labels
from server.db import customers as customers_db
from server.db.tables import ConversationRow, InternalNoteRow, MessageRow
from server.domain.consents import Proof
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.evidence import Evidence
from server.domain.jobs import JobDraft
from server.domain.messages import Direction, MessageState
from server.domain.speeches import Speech
from server.ids import new_id
from server.sandbox.world import Fault
from tests import looks
from tests.talks import Firm


async def place(firm: Firm) -> str:
    return f"/messages/{(await looks.thread_of(firm.company_id, firm.contact.id)).id}"


def words(**given: Any) -> dict[str, Any]:
    return {"intent": str(new_id()), "text": "Morgen um 8?", **given}


def said(firm: Firm) -> list[str]:
    return [one.text for one in firm.petra.bubbles if one.from_firm]


async def test_a_message_is_read_and_answered_once(firm: Firm) -> None:
    await firm.hello()
    async with firm.browser(firm.office) as office:
        listed, there = (await office.get("/messages")).text, await place(firm)
        assert "Petra Müller" in listed and "wartet 1 Minute" in listed and there in listed
        page = (await office.get(there)).text
        assert "Guten Tag" in page and "Nachricht an Petra Müller" in page
        assert (
            "noch 23 Std. 55 Min., bis morgen" in page
            and "kostet" in page
            and "der einzige offene Weg" in page
        )
        intent = re.search(r'name="intent" value="([^"]+)"', page)
        assert intent
        typed = {"intent": intent[1], "text": "{Anrede}, morgen um 8?", "job": str(firm.job), "code": "1"}
        sent = await office.post(there, data=typed)
        assert sent.status_code == 303
        firm.clock.go(seconds=20)
        again = await office.post(there, data=typed)
        assert again.headers["location"] == sent.headers["location"]
        other = await office.post(there, data=typed | {"text": "Anders"})
        assert other.status_code == 422 and "mit anderem Inhalt" in other.text and ">Anders<" in other.text
        await firm.work()
        assert said(firm) == ["Guten Tag Petra Müller, morgen um 8?\n[2026-001]"]
        assert "Niemand wartet" in (await office.get("/messages")).text
        assert "zugestellt" in (await office.get(there)).text


async def test_what_the_platform_only_took_is_never_called_delivered(firm: Firm) -> None:
    await firm.hello()
    async with firm.browser(firm.office) as office:
        await office.post(await place(firm), data=words())
        [row] = await MessageRow.filter(direction="out")
        for state, shown in (
            (MessageState.ACCEPTED, "übergeben"), (MessageState.SENT, "übergeben"), (MessageState.DELIVERED, "zugestellt"),
            (MessageState.READ, "gelesen"), (MessageState.QUEUED, "wartet"), (MessageState.LEASED, "geht gerade hinaus"),
        ):  # fmt: skip
            await _set(row.id, state=state)
            bubble = _bubble((await office.get(await place(firm))).text, row.id)
            assert shown in bubble
            assert ("zugestellt" in bubble) == (state is MessageState.DELIVERED)


async def _set(message_id: UUID, **values: Any) -> None:
    from server.db.unit import atomic

    @atomic
    async def change() -> None:
        await MessageRow.filter(id=message_id).update(**values)

    await change()


def _bubble(page: str, message_id: UUID) -> str:
    part = page.split(f'id="message-{message_id}"')[1]
    return part.split('<li class="talk')[0].split("</ol>")[0]


async def test_each_refusal_has_its_sentence_and_keeps_the_words(firm: Firm) -> None:
    photo = await firm.photo(1, released=False)
    async with firm.browser(firm.office) as office:
        began = await office.post(f"/contacts/{firm.contact.id}/conversation", data={"job": str(firm.job)})
        there = began.headers["location"].partition("?")[0]
        page = await office.get(began.headers["location"])
        assert "Einwilligung festhalten" in page.text and "Noch nichts gesagt" in page.text
        await _refused(office, there, words(), "noch nicht zugestimmt")
        await firm.hello()
        await _refused(office, there, words(text=" "), "Ohne Text und ohne Foto")
        await _refused(office, there, words(text="{Quatsch} bitte"), "Den Platzhalter Quatsch gibt es nicht")
        await _refused(office, there, words(text="{Baustelle} bitte"), "Für den Platzhalter Baustelle")
        await _refused(office, there, words(text="x" * 4097), "Höchstens 4096 Zeichen")
        await _refused(office, there, words(photos=str(photo.id)), "nicht freigegeben")
        await _refused(office, there, words(channel="telegram"), "nicht eingerichtet")
        await _refused(office, there, words(job=str(new_id())), "Auftrag")
        await _refused(office, there, words(day="2026-11-22", clock="08:00"), "schon vorbei")
        await _refused(office, there, words(day="2026-12-01"), "Tag und Uhrzeit")
        await _later(firm, office, hours=25)
        await _refused(office, there, words(), "seit über 24 Stunden nicht geschrieben und der Vorlage nicht")
        await firm.consent()
        page = await office.get(there)
        assert "Das Fenster für freien Text ist seit heute 09:55 geschlossen" in page.text
        await _refused(office, there, words(), "Zeitfenster für freie Nachrichten ist zu")
        await consents.withdraw(
            firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "nein"), at=firm.clock.at
        )
        await _refused(office, there, words(), "widerrufen")
    assert said(firm) == [] and not await MessageRow.filter(direction="out").exists()


async def _later(firm: Firm, office: httpx.AsyncClient, *, hours: float) -> None:
    """Let time pass with somebody at the desk: an idle sign-in ends."""
    for _ in range(10):
        firm.clock.go(hours=hours / 10)
        await office.get("/messages/_list")


async def _refused(office: httpx.AsyncClient, there: str, typed: dict[str, Any], sentence: str) -> None:
    answer = await office.post(there, data=typed)
    assert answer.status_code == 422, typed
    assert sentence in answer.text, typed
    assert typed["intent"] in answer.text and typed["text"].strip() in answer.text


async def test_scheduled_cancelled_and_quiet(firm: Firm) -> None:
    from datetime import time

    from server.actions import office_hours
    from server.domain.hours import OfficeHours

    await firm.hello()
    hours = OfficeHours(quiet_from=time(20), quiet_until=time(7))
    await office_hours.change(firm.office, hours, at=firm.clock.at)
    async with firm.browser(firm.office) as office:
        there = await place(firm)
        for day, sentence in [
            ("2026-11-22", "schon vorbei"), ("2062-11-24", "mehr als ein Jahr hin"), ("0001-01-01", "Tag und Uhrzeit angeben"),
        ]:  # fmt: skip
            refused = await office.post(there, data=words(text="Erinnerung", day=day, clock="00:00"))
            assert refused.status_code == 422 and sentence in refused.text and "Erinnerung" in refused.text
        await office.post(there, data=words(text="Erinnerung", day="2026-11-24", clock="08:00"))
        page = (await office.get(there)).text
        assert "geht um 08:00 Uhr raus" in page and "geht zur gewählten Zeit hinaus" in page
        planned = (await MessageRow.filter(direction="out")).pop().id
        await office.post(f"/messages/{planned}/cancellation")
        assert "zurückgenommen, bevor sie hinausging" in (await office.get(there)).text
        await _later(firm, office, hours=12.5)
        assert "Jetzt ist Nachtruhe" in (await office.get(there)).text
        await office.post(there, data=words(text="Wartet"))
        assert "Geschrieben. Die Nachricht geht nach der Nachtruhe hinaus." in (await office.get(there)).text
        await office.post(there, data=words(text="Sofort", at_once="1"))
        await firm.work()
        assert said(firm) == ["Sofort"]
        await firm.work(hours=9)
        assert said(firm) == ["Sofort", "Wartet"]


async def test_doubt_is_a_card_and_failure_has_a_next_step(firm: Firm) -> None:
    await firm.hello()
    firm.sandbox.set_fault("messages", Fault.RESET_AFTER, count=1)
    async with firm.browser(firm.office) as office:
        there = await place(firm)
        await office.post(there, data=words())
        await firm.work()
        [row] = await MessageRow.filter(direction="out")
        if row.state != "unclear":  # the platform's status may have been quicker than our doubt
            await _set(row.id, state="unclear")
        card = _bubble((await office.get(there)).text, row.id)
        assert "Ist das angekommen?" in card and "Ist da" in card and "Nochmal senden" in card
        assert "Ist das angekommen?" in (await office.get("/messages")).text
        told = await office.post(f"/messages/{row.id}/fate", data={"arrived": "1"})
        assert told.headers["location"].startswith(there)
        await _set(row.id, state="failed", error_code="recipient.unreachable")
        failed = _bubble((await office.get(there)).text, row.id)
        assert "Einen anderen Weg wählen" in failed and "Nochmal senden" in failed


async def test_a_stretch_is_filed_with_what_was_suggested(firm: Firm) -> None:
    await firm.hello()
    firm.clock.go(minutes=1)
    photo = await firm.photo(1)
    async with firm.browser(firm.office) as office:
        there = await place(firm)
        await office.post(there, data=words(photos=str(photo.id), job=str(firm.job)))
        await firm.work()
        for text in ("Schön!", "Und die Fuge?"):
            firm.clock.go(minutes=1)
            firm.petra.write(text)
            await firm.work()
        page = (await office.get(there)).text
        assert "Gehört zu 2026-001 Bad Müller?" in page and "Ja, alle 2 zuordnen" in page
        assert f"/photos/{photo.id}/renditions/thumb" in page
        heard = await conversation_messages.heard_in(firm.company_id, UUID(there[-36:]))
        ends = {"messages": [str(heard[1].id), str(heard[2].id)], "job": str(firm.job)}
        assert (await office.post(f"{there}/stretches", data=ends)).status_code == 303
        heard = await conversation_messages.heard_in(firm.company_id, UUID(there[-36:]))
        assert [one.job_id for one in heard] == [None, firm.job, firm.job]
        assert "Gehört zu" not in (await office.get(there)).text
        assert 'name="messages"' in (await office.get(f"{there}?assign=1")).text
        foreign = {"messages": [str(new_id())], "job": str(firm.job)}
        assert (await office.post(f"{there}/stretches", data=foreign)).status_code == 422
        assert (await office.post(f"{there}/stretches", data={"job": str(firm.job)})).status_code == 422


async def test_a_range_brings_the_photos_of_the_customer(firm: Firm) -> None:
    from server.db import photos
    from tests.sites import photo_bytes

    await firm.hello()
    firm.clock.go(minutes=1)
    firm.petra.send_photo(photo_bytes(seed=5), "image/jpeg")
    await firm.work(hours=1)
    there = await place(firm)
    heard = await conversation_messages.heard_in(firm.company_id, UUID(there[-36:]))
    assert heard[-1].photo_id
    async with firm.browser(firm.office) as office:
        ends = {"messages": [str(heard[0].id), str(heard[-1].id)], "job": str(firm.job)}
        await office.post(f"{there}/stretches", data=ends)
    photo = await photos.by_id(firm.company_id, heard[-1].photo_id)
    assert photo and photo.job_id == firm.job


async def test_notes_are_apart_and_cannot_be_sent(firm: Firm) -> None:
    await firm.hello()
    async with firm.browser(firm.office) as office, firm.browser(firm.worker) as worker:
        there = await place(firm)
        note = {"note": "Zahlt langsam, bitte Abschlag", "job": str(firm.job)}
        assert (await office.post(f"{there}/notes", data=note)).status_code == 303
        await worker.post(f"/jobs/{firm.job}/internal-notes", data={"note": "Hund im Garten"})
        empty = await office.post(f"{there}/notes", data={"note": " "})
        assert empty.status_code == 422 and "Bitte ausfüllen" in empty.text
        page = (await office.get(there)).text
        assert 'class="talk-note"' in page and "Zahlt langsam" in page and "Hund" not in page
        job = (await office.get(f"/jobs/{firm.job}")).text
        assert "Zahlt langsam" in job and "Hund im Garten" in job
        # Named as a message, quoted, resent: there is no way out for it.
        [kept] = await InternalNoteRow.filter(conversation_id=there[-36:])
        for path in ("fate", "filing", "cancellation", "handoff"):
            tried = await office.post(f"/messages/{kept.id}/{path}", data={"arrived": "0", "state": "opened"})
            assert tried.status_code == 404, path
        await firm.work(hours=1)
    assert said(firm) == [] and not await MessageRow.filter(direction="out").exists()
    assert [one.author_name for one in await internal_notes.of_job(firm.company_id, firm.job)] == [
        "Sabine Koch", "Ali Demir",
    ]  # fmt: skip


async def test_given_labelled_settled(firm: Firm) -> None:
    await firm.hello()
    presets = await labels.of_company(firm.company_id)
    assert [one.name for one in presets] == ["Noch antworten", "Angebot geschrieben"]
    async with firm.browser(firm.office) as office:
        there = await place(firm)
        await office.post(f"{there}/assignee", data={"user": str(firm.worker.id)})
        assert (await office.post(f"{there}/assignee", data={"user": str(new_id())})).status_code == 404
        await office.post("/labels", data={"name": "Reklamation"})
        twice = await office.post("/labels", data={"name": "reklamation"})
        assert twice.status_code == 422 and "gibt es schon" in twice.text
        own = next(one for one in await labels.of_company(firm.company_id) if not one.code)
        await office.post(f"{there}/labels", data={"labels": [str(own.id), str(presets[0].id)]})
        assert (await office.post(f"{there}/labels", data={"labels": str(new_id())})).status_code == 422
        listed = (await office.get(f"/messages?label={own.id}")).text
        assert listed.count("talk-row ") or there in listed
        assert "Ali Demir" in listed and listed.index("Noch antworten") < listed.rindex("Reklamation")
        assert there not in (await office.get("/messages?show=mine")).text
        await office.post(f"/labels/{own.id}", data={"name": "Beschwerde"})
        assert (await office.post(f"/labels/{presets[0].id}/archive")).status_code == 409
        await office.post(f"/labels/{own.id}/archive")
        assert "Beschwerde" not in (await office.get(there)).text
        await office.post(f"{there}/settlement")
        assert "Niemand wartet" in (await office.get("/messages")).text


async def test_a_stranger_is_named_and_spam_put_aside(firm: Firm) -> None:
    for key, name, number in (("uwe", "Uwe Neu", "+4916012345678"), ("bot", "Gewinn", "+4916087654321")):
        firm.sandbox.add_person(key, name, number)
        firm.sandbox.customer(key, "firm").write(f"Hier ist {name}")
        await firm.work()
    async with firm.browser(firm.office) as office:
        listed = (await office.get("/messages?show=strangers")).text
        uwe, bot = (
            f"/messages/{row.id}"
            for row in await ConversationRow.filter(contact_id=None).order_by("created_at", "id")
        )
        assert "Uwe Neu" in listed and "Gewinn" in listed and "unbekannt" in listed
        page = (await office.get(uwe)).text
        assert "Wer ist das?" in page and "message-composer" not in page
        tried = await office.post(uwe, data=words())
        assert tried.status_code == 422 and "Erst sagen, wer das ist" in tried.text
        await office.post(f"{bot}/spam", data={"spam": "1"})
        assert "Gewinn" not in (await office.get("/messages?show=all")).text
        assert "Gewinn" in (await office.get("/messages?show=spam")).text
        await office.post(f"{bot}/spam", data={"spam": "0"})
        await office.post(f"{uwe}/customer", data={"name": "Uwe Neu"})
        assert "Nachricht an Uwe Neu" in (await office.get(uwe)).text
        moved = await office.post(f"{bot}/contact", data={"contact": str(firm.contact.id)})
        assert "Hier ist Gewinn" in (await office.get(moved.headers["location"])).text


async def test_ready_made_texts(firm: Firm) -> None:
    await firm.hello()
    async with firm.browser(firm.office) as office:
        there = await place(firm)
        unknown = await office.post("/quick-replies", data={"title": "T", "text": "{Preis}"})
        assert unknown.status_code == 422 and "Den Platzhalter Preis gibt es nicht" in unknown.text
        await office.post(
            "/quick-replies", data={"title": "Termin", "text": "{Anrede}, bis morgen. {Absender}"}
        )
        page = (await office.get(there)).text
        found = re.search(r'name="reply" value="([^"]+)"', page)
        assert found and 'data-insert="Guten Tag Petra Müller, bis morgen. Sabine Koch"' in page
        # Without a script: a button that sends nothing and keeps what was typed.
        drafted = await office.post(
            f"{there}/draft", data=words(text="Hallo!", reply=found[1], job=str(firm.job))
        )
        assert "Hallo!\n\nGuten Tag Petra Müller, bis morgen. Sabine Koch" in drafted.text
        await office.post(f"/quick-replies/{found[1]}", data={"title": "Termin", "text": "Bis dann"})
        assert 'data-insert="Bis dann"' in (await office.get(there)).text
        await office.post(f"/quick-replies/{found[1]}/archive")
        assert "data-insert" not in (await office.get(there)).text
    assert said(firm) == []


async def test_by_hand_is_prepared_opened_and_told(firm: Firm) -> None:
    await firm.consent()
    async with firm.browser(firm.office) as office:
        began = await office.post(f"/contacts/{firm.contact.id}/conversation")
        there = began.headers["location"].partition("#")[0]
        intent = words(channel="whatsapp_handoff", text="Bin gleich da & bringe Fugen mit")
        sent = await office.post(there, data=intent)
        assert (await office.post(there, data=intent)).headers["location"] == sent.headers["location"]
        page = (await office.get(there)).text
        assert "https://wa.me/4915123456789?text=Bin%20gleich%20da%20%26%20bringe" in page
        [row] = await MessageRow.filter(direction="out")
        await office.post(f"/messages/{row.id}/handoff", data={"state": "confirmed_by_worker"})
        bubble = _bubble((await office.get(there)).text, row.id)
        assert "laut Mitarbeiter gesendet" in bubble and "zugestellt" not in bubble
        late = await office.post(f"/messages/{row.id}/handoff", data={"state": "discarded"})
        assert late.status_code == 409


async def test_a_worker_sees_his_jobs_people_and_gives_to_the_office(firm: Firm) -> None:
    await firm.hello()
    other = await customers.create(
        firm.office,
        CustomerDraft("Geheim GmbH"),
        [ContactDraft("Frau Geheim", "0151 99999999")],
        at=firm.clock.at,
    )
    [secret] = await customers_db.contacts_of(firm.company_id, other.id)
    ours = await jobs.open_job(
        firm.office, JobDraft("Tresor", customer_id=other.id, contact_id=secret.id),
        member_ids=[firm.office.id or new_id()], at=firm.clock.at,
    )  # fmt: skip
    async with firm.browser(firm.office) as office, firm.browser(firm.worker) as worker:
        began = await office.post(f"/contacts/{secret.id}/conversation")
        foreign = began.headers["location"].partition("#")[0]
        there = await place(firm)
        listed = (await worker.get("/messages")).text
        assert there in listed and "Geheim" not in listed
        assert (await worker.get(foreign)).status_code == 404
        assert (await worker.post(f"/contacts/{secret.id}/conversation")).status_code == 404
        page = (await worker.get(there)).text
        assert "An das Büro geben" in page and "message-composer" not in page
        await _file(firm, ours.id)
        assert "Guten Tag" not in (await worker.get(there)).text  # said about a job he is not on
        tried = await worker.post(there, data=words())
        assert tried.status_code == 403
        for act in ("assignee", "labels", "settlement", "spam", "stretches", "contact", "customer"):
            assert (await worker.post(f"{there}/{act}")).status_code == 403
        await worker.post(f"{there}/handover", data={"note": "Bitte Termin bestätigen"})
        page = (await office.get(there)).text
        assert "Bitte Termin bestätigen" in page and "Ali Demir" in page
        listed = (await office.get("/messages")).text
        assert "Noch antworten</span>" in listed
        company = await companies_db.by_id(firm.company_id)
        assert company
        allowed = replace(company.profile, workers_release=True)
        await companies.change(firm.office, company, allowed, at=firm.clock.at)
        assert "message-composer" in (await worker.get(there)).text
        assert (await worker.post(there, data=words())).status_code == 303


async def _file(firm: Firm, job_id: UUID) -> None:
    [heard] = await MessageRow.filter(direction="in")
    await _set(heard.id, job_id=job_id)


async def test_lists_are_narrowed_searched_and_paged(firm: Firm) -> None:
    for number in range(45):
        await _talk(firm, f"Kunde {number:02d}", waiting=number % 2 == 0)
    async with firm.browser(firm.office) as office:
        first = (await office.get("/messages")).text
        rows = re.findall(r"<b class=\"cut\">(Kunde \d\d)</b>", first)
        assert rows == [f"Kunde {number:02d}" for number in range(0, 45, 2)]
        every = (await office.get("/messages?show=all")).text
        names = re.findall(r"<b class=\"cut\">(Kunde \d\d)</b>", every)
        following = re.search(r'href="(/messages\?show=all&amp;before=[^"]+)"', every)
        assert following
        rest = (await office.get(following[1].replace("&amp;", "&"))).text
        names += re.findall(r"<b class=\"cut\">(Kunde \d\d)</b>", rest)
        assert names == [f"Kunde {number:02d}" for number in range(44, -1, -1)]
        assert re.findall(
            r"<b class=\"cut\">(Kunde \d\d)</b>", (await office.get("/messages?q=kunde+07")).text
        ) == ["Kunde 07"]
        spoken = (await office.get("/messages", params={"q": "100% von 12"})).text
        assert re.findall(r"<b class=\"cut\">(Kunde \d\d)</b>", spoken) == ["Kunde 12"]
        assert "Nichts gefunden" in (await office.get("/messages?q=zzz")).text


async def test_twice_as_many_cost_the_same(firm: Firm, statements: Callable[[], list[str]]) -> None:
    costs = []
    async with firm.browser(firm.office) as office, firm.browser(firm.worker) as worker:
        for _ in range(2):
            for number in range(10):
                there = await _talk(firm, f"Kunde {number}", waiting=True, said=number)
            await _talk(firm, "Viel", waiting=True, said=20)
            spent = []
            for client, path in (
                (office, "/messages"), (office, "/messages?show=all"), (office, "/messages/_list"),
                (office, there), (office, f"{there}/_thread"), (worker, "/messages"),
            ):  # fmt: skip
                await client.get(path)
                before = len(statements())
                assert (await client.get(path)).status_code == 200
                spent.append(len(statements()) - before)
            costs.append(spent)
    assert costs[0] == costs[1]


async def _talk(firm: Firm, name: str, *, waiting: bool, said: int = 1) -> str:
    """Begin a conversation with a new customer the way the tables know it."""
    firm.clock.go(minutes=1)
    customer = await customers.create(
        firm.office, CustomerDraft(name), [ContactDraft(name)], at=firm.clock.at
    )
    [contact] = await customers_db.contacts_of(firm.company_id, customer.id)
    from server.actions import conversations
    from server.domain.messages import Message

    last = None
    for number in range(max(1, said)):
        last = Message(
            id=new_id(), company_id=firm.company_id, contact_id=contact.id, job_id=firm.job if number % 2 else None,
            question_id=None, account_id=firm.account.id, photo_id=None, channel="whatsapp", direction=Direction.IN,
            kind="text", text=f"100% von {name[6:]}", state=MessageState.RECEIVED, at=firm.clock.at,
            created_at=firm.clock.at, changed_at=firm.clock.at, foreign_id=str(new_id()),
        )  # fmt: skip
        await keep(last)
    found = await looks.thread_of(firm.company_id, contact.id)
    if not waiting:
        await conversations.settle(firm.office, found, at=firm.clock.at)
    return f"/messages/{found.id}"


async def keep(message: Any) -> None:
    from server.actions import conversations
    from server.db.unit import atomic

    @atomic
    async def unit() -> None:
        await conversations.keep(message)

    await unit()


@pytest.mark.parametrize("path", ["/messages", "/messages?show=all"])
async def test_other_firms_see_nothing(firm: Firm, path: str) -> None:
    from tests import factories

    await firm.hello()
    await speech.say(
        firm.office,
        Speech(intent=new_id(), contact_id=firm.contact.id, channel="whatsapp", text="Privat"),
        at=firm.clock.at + timedelta(seconds=1),
    )
    there = await place(firm)
    strange = await factories.company("Andere GmbH")
    person = await factories.user(strange, role=firm.office.role or _never(), name="Eva Fremd")
    token = await factories.token(person, firm.clock.at)
    headers = {"Sec-Fetch-Site": "same-origin"}
    transport = httpx.ASGITransport(firm.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:8000", headers=headers, cookies={"zollstock": token}
    ) as eva:
        assert "Petra" not in (await eva.get(path)).text
        assert (await eva.get(there)).status_code == 404
        assert (await eva.post(there, data=words())).status_code == 404


def _never() -> Any:
    raise AssertionError("the office has a role")
