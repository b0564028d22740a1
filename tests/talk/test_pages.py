"""The pages of talking, as people use them: each is there, each form does its work, nothing typed is lost."""

import re

from server.actions import handoffs
from server.actions.outgoing import answer_url
from server.channels.handoff import HandoffState
from server.db import accounts, answer_links, consents, customers, messages
from server.domain.questions import Question, QuestionState
from tests import looks
from tests.talks import Firm


async def link_of(firm: Firm, question: Question) -> str:
    link = await answer_links.of_question(firm.company_id, question.id)
    assert link
    return answer_url(firm.services, link.id).removeprefix(firm.services.settings.base_url)


async def by_hand(firm: Firm, photos: int = 1) -> Question:
    await firm.consent()
    shown = [await firm.photo(seed) for seed in range(1, photos + 1)]
    question = await firm.ask(*shown)
    await firm.release(question, "whatsapp_handoff")
    await firm.work()
    return await firm.now(question)


async def test_every_page_is_there_for_who_may_see_it(firm: Firm) -> None:
    await firm.hello()
    photo = await firm.photo()
    question = await firm.ask(photo)
    shared = ["/questions", "/questions/new", f"/questions/new?job={firm.job}&photos={photo.id}"]
    shared += [
        f"/questions/{question.id}",
        f"/questions/{question.id}/edit",
        f"/questions/{question.id}/handoff",
    ]
    shared += [f"/contacts/{firm.contact.id}/consents/new"]
    desk = ["/messages", "/messages/_list", f"/customers/{firm.contact.customer_id}", "/settings/channels"]
    desk += ["/settings/channels/new/whatsapp", f"/settings/channels/{firm.account.id}"]
    desk += [
        f"/questions?show={name}" for name in ("open", "waiting_release", "trouble", "answered", "withdrawn")
    ]
    async with firm.browser(firm.office) as office, firm.browser(firm.worker) as worker:
        for path in shared:
            assert (await office.get(path)).status_code == 200, path
            assert (await worker.get(path)).status_code == 200, path
        for path in desk:
            assert (await office.get(path)).status_code == 200, path
            if path.startswith(("/settings", "/customers")):
                assert (await worker.get(path)).status_code == 403, path


async def test_asked_at_the_desk_and_sent_with_one_button(firm: Firm) -> None:
    await firm.hello()
    photo = await firm.photo(released=False)
    form = {"job": str(firm.job), "text": "Welche Fuge?", "choices": ["Hell", "", "Dunkel"], "send": "1"}
    async with firm.browser(firm.office) as office:
        answer = await office.post("/questions", data=form | {"photos": [str(photo.id)]})
        assert answer.status_code == 303
        await firm.work()
        shown = (await office.get(answer.headers["location"])).text
    assert "zugestellt" in shown and "gesendet" not in shown.split("Was hinausging")[1]
    assert len(firm.on_phone()) == 1


async def test_a_wrong_form_keeps_what_was_typed(firm: Firm) -> None:
    form = {"job": str(firm.job), "text": "", "choices": ["Hell", "hell"]}
    async with firm.browser(firm.worker) as worker:
        answer = await worker.post("/questions", data=form)
        assert (answer.status_code, 'value="Hell"' in answer.text) == (422, True)
        answer = await worker.post("/questions", data=form | {"text": "Hell?"})
        assert (answer.status_code, "Zwei Antworten sind gleich." in answer.text) == (422, True)
        answer = await worker.post("/questions", data={"text": "Hell?"})
        assert (answer.status_code, "Hell?" in answer.text) == (422, True)


async def test_a_missing_consent_is_shown_before_sending_and_recorded_in_two_taps(firm: Firm) -> None:
    async with firm.browser(firm.worker) as worker:
        page = (await worker.get(f"/questions/new?job={firm.job}")).text
        assert "Einwilligung von Petra Müller fehlt" in page
        way = re.search(r'href="(/contacts/[^"]+/consents/new[^"]*)"', page)
        assert way
        assert (await worker.get(way[1])).status_code == 200
        form = {"proof": "spoken", "how": "gesagt zu Ali Demir", "job": str(firm.job), "ask": "1"}
        answer = await worker.post(f"/contacts/{firm.contact.id}/consents", data=form)
        assert answer.headers["location"] == f"/questions/new?job={firm.job}"
        assert "Einwilligung liegt vor" in (await worker.get(answer.headers["location"])).text
        refused = await worker.post(f"/contacts/{firm.contact.id}/consents", data=form | {"how": ""})
        assert refused.status_code == 422
    [line] = await consents.of_contact(firm.company_id, firm.contact.id)
    assert (line.recorded_by, line.proof_ref, "Fliesen Berger" in line.wording) == (
        firm.worker.id,
        "gesagt zu Ali Demir",
        True,
    )


async def test_a_stranger_to_the_job_records_nothing(firm: Firm) -> None:
    from server.actions import jobs
    from server.db import jobs as jobs_db
    from server.domain.jobs import JobDraft

    job = await jobs_db.by_id(firm.company_id, firm.job)
    assert job and firm.office.id
    draft = JobDraft(job.title, customer_id=job.customer_id, contact_id=job.contact_id)
    await jobs.change(firm.office, job, draft, member_ids=[firm.office.id], at=firm.clock.at)
    async with firm.browser(firm.worker) as worker:
        answer = await worker.post(f"/contacts/{firm.contact.id}/consents", data={"how": "ja"})
    assert answer.status_code == 403
    assert await consents.of_contact(firm.company_id, firm.contact.id) == []


async def test_handed_off_without_a_script(firm: Firm) -> None:
    question = await by_hand(firm, photos=2)
    here = f"/questions/{question.id}/handoff"
    async with firm.browser(firm.worker) as worker:
        page = (await worker.get(here)).text
        assert "https://wa.me/4915123456789?text=" in page and "/a/" in page
        for place in (1, 2):
            copy = await worker.get(f"{here}/{place}.jpg")
            assert (copy.status_code, copy.headers["content-type"]) == (200, "image/jpeg")
        assert (await worker.get(f"{here}/3.jpg")).status_code == 404
        await worker.post(here, data={"state": "confirmed_by_worker"})
    assert (await firm.now(question)).state is QuestionState.HANDED_OFF
    assert firm.on_phone() == []


async def test_a_hand_off_that_came_to_nothing_waits_again(firm: Firm) -> None:
    question = await by_hand(firm)
    link = await link_of(firm, question)
    await handoffs.move(firm.worker, question, HandoffState.DISCARDED, at=firm.clock.at)
    assert (await firm.now(question)).state is QuestionState.WAITING_RELEASE
    async with firm.client() as street:
        assert (await street.get(link)).status_code == 410
    await firm.release(question, "whatsapp_handoff")
    firm.clock.go(minutes=1)
    await firm.work()
    assert await link_of(firm, question) != link


async def test_no_copy_for_hand_off_after_the_withdrawal(firm: Firm) -> None:
    question = await by_hand(firm)
    async with firm.browser(firm.worker) as worker:
        await worker.post(f"/contacts/{firm.contact.id}/consents/withdrawal", data={})
        assert (await worker.get(f"/questions/{question.id}/handoff/1.jpg")).status_code == 404
        answer = await worker.post(f"/questions/{question.id}/handoff", data={"state": "opened"})
    assert answer.status_code in (404, 409)


async def test_a_message_of_an_unknown_person_is_filed(firm: Firm) -> None:
    firm.sandbox.add_person("neu", "Kai Sommer", "+4917199887766")
    firm.sandbox.customer("neu", "firm").write("Haben Sie Zeit für ein Bad?")
    await firm.work()
    [message] = await looks.unseen(firm.company_id)
    assert message.contact_id is None
    async with firm.browser(firm.office) as office:
        page = (await office.get("/messages")).text
        assert "Kai Sommer" in page and "unbekannt" in page
        form = {"job": str(firm.job), "contact": str(firm.contact.id)}
        await office.post(f"/messages/{message.id}/filing", data=form)
        foreign = await office.post(f"/messages/{message.id}/filing", data={"job": str(message.id)})
        assert foreign.status_code == 422
    filed = await messages.by_id(firm.company_id, message.id)
    assert filed and (filed.job_id, filed.contact_id) == (firm.job, firm.contact.id)
    firm.clock.go(minutes=1)
    firm.sandbox.customer("neu", "firm").write("Nochmal ich")
    await firm.work()
    second = (await messages.search(firm.company_id, contact_id=firm.contact.id)).items[0]
    assert second.text == "Nochmal ich"


async def test_secrets_are_never_shown_again_and_kept_when_left_empty(firm: Firm) -> None:
    here = f"/settings/channels/{firm.account.id}"
    async with firm.browser(firm.office) as office:
        page = (await office.get(here)).text
        assert "Geheim am Bau" not in page and "sandbox-token" not in page
        assert f"/hooks/whatsapp/{firm.account.id}" in page
        saved = await office.post(here, data={"label": "Werkstatt", "phone_number_id": "106540352242922"})
        assert saved.status_code == 303
        wrong = await office.post(here, data={"label": "Laden", "phone_number_id": "abc"})
        assert (wrong.status_code, 'value="Laden"' in wrong.text) == (422, True)
        await firm.hello()
        await office.post(f"{here}/state", data={"enabled": "0"})
    account = await accounts.by_id(firm.company_id, firm.account.id)
    assert account and (account.label, account.usable) == ("Werkstatt", False)
    assert await customers.contact_by_id(firm.company_id, firm.contact.id)


async def test_the_script_notes_that_the_messenger_was_opened(firm: Firm) -> None:
    question = await by_hand(firm)
    async with firm.browser(firm.worker) as worker:
        here = f"/questions/{question.id}/handoff"
        noted = await worker.post(here, json={"state": "opened"}, headers={"X-Client": "1"})
        assert (noted.status_code, noted.text) == (204, "")
    package = await handoffs.prepared(question)
    assert package and package.state == "opened"
    assert (await firm.now(question)).state is QuestionState.HANDED_OFF
