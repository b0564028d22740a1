"""Whoever was meant is reached, and nobody else: addresses, photos and links that change hands."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from server.actions import (
    answers,
    by_hand,
    consents,
    customers,
    drafts,
    inbox,
    jobs,
    mergers,
    photos,
    reviews,
    speech,
)
from server.actions.answers import Asked
from server.actions.outgoing import answer_url
from server.db import answer_links
from server.db import customers as customers_db
from server.db import messages as messages_db
from server.domain.accounts import HANDOFF
from server.domain.consents import Proof
from server.domain.customers import Contact, ContactDraft, CustomerDraft
from server.domain.errors import Conflict, NoConsent, NotFound
from server.domain.evidence import Evidence
from server.domain.jobs import JobDraft
from server.domain.photos import Photo, Words
from server.domain.questions import Question, QuestionDraft, QuestionState
from server.domain.reviews import Verdict
from server.domain.speeches import Speech
from server.domain.wordings import Topic
from server.ids import new_id
from server.sandbox import Wire
from server.sandbox.email import smtp as email_smtp
from tests import looks
from tests.sites import photo_bytes
from tests.talk.platforms import email
from tests.talks import Firm


async def contact_now(firm: Firm) -> Contact:
    found = await customers_db.contact_by_id(firm.company_id, firm.contact.id)
    assert found
    return found


async def link_of(firm: Firm, question: Question) -> str:
    link = await answer_links.of_question(firm.company_id, question.id)
    assert link
    return answer_url(firm.services, link.id).removeprefix(firm.services.settings.base_url)


async def prepared(firm: Firm, *shown: Photo) -> tuple[Question, str]:
    """Return a question that is ready to leave by hand, and its link."""
    await firm.consent()
    question = await firm.ask(*shown)
    await firm.release(question, "whatsapp_handoff")
    await firm.work()
    return await firm.now(question), await link_of(firm, question)


async def looked_up(firm: Firm, link: str) -> Asked:
    found = await answers.look_up(link.removeprefix("/a/"), at=firm.clock.at)
    assert isinstance(found, Asked)
    return found


async def moved(firm: Firm, photo: Photo) -> UUID:
    """Put a photo that lay in the wrong job into another customer's and release it there."""
    elsewhere = await jobs.open_job(firm.office, JobDraft("Dach Schulz"), at=firm.clock.at)
    now = await firm.photo_now(photo.id)
    words = Words(now.caption, now.phase, tuple(now.tags), elsewhere.id)
    await photos.describe(firm.office, now, words, at=firm.clock.at)
    now = await firm.photo_now(photo.id)
    await reviews.decide(firm.office, now, verdict=Verdict.RELEASED, note="", at=firm.clock.at)
    return elsewhere.id


async def test_a_corrected_mail_address_is_the_one_written_to(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had the old address gets nothing more, though he wrote from it and the consent named it."""
    monkeypatch.setattr(email_smtp, "SILENCE_S", 0.01)
    old = await email(firm)
    old.write("Guten Tag")
    await firm.work()
    contact, at = await contact_now(firm), firm.clock.at
    await consents.grant(firm.office, contact, Topic("email"), Evidence(Proof.SPOKEN, "am Telefon"), at=at)
    draft = ContactDraft(contact.name, contact.phone_typed, "neu@kunde.example")
    await customers.change_contact(firm.office, contact, draft, at=at)
    with pytest.raises(NoConsent, match="suspended"):
        await speech.say(
            firm.office,
            Speech(intent=new_id(), contact_id=contact.id, channel="email", text="Ihr Angebot"),
            at=at,
        )
    await consents.grant(
        firm.office, await contact_now(firm), Topic("email"), Evidence(Proof.SPOKEN, "noch einmal"), at=at
    )
    said = await speech.say(
        firm.office,
        Speech(intent=new_id(), contact_id=contact.id, channel="email", text="Ihr Angebot"),
        at=at,
    )
    assert said.recipient and said.recipient.value == "neu@kunde.example"
    await firm.work()
    assert [one.text for one in old.bubbles if one.from_firm] == []


async def test_a_photo_that_went_to_another_job_is_on_no_page_of_the_first(firm: Firm) -> None:
    """Released there it is the other customer's: the answer link of the first shows it no more."""
    photo = await firm.photo()
    _, link = await prepared(firm, photo)
    async with firm.client() as customer:
        assert (await customer.get(f"{link}/photos/1.jpg")).status_code == 200
        await moved(firm, photo)
        assert (await customer.get(f"{link}/photos/1.jpg")).status_code == 404


async def test_a_link_is_its_persons_whoever_is_asked_afterwards(firm: Firm) -> None:
    """The question goes to somebody else in the end: the first one's link opens nothing of it."""
    question, first = await prepared(firm)
    await consents.suspend(
        firm.office, firm.contact, channel="whatsapp", why="falsche Nummer", at=firm.clock.at
    )
    question = await firm.now(question)
    assert question.state is QuestionState.BLOCKED
    customer = await customers_db.by_id(firm.company_id, firm.contact.customer_id)
    assert customer
    other = await customers.add_contact(
        firm.office, customer, ContactDraft("Jens Müller", "0151 99887766"), at=firm.clock.at
    )
    await consents.grant(
        firm.office, other, Topic("whatsapp"), Evidence(Proof.SPOKEN, "am Telefon"), at=firm.clock.at
    )
    await drafts.change(
        firm.office,
        question,
        QuestionDraft("Nur für Jens: Welche Fuge?", ["Hellgrau", "Anthrazit"], [], contact_id=other.id),
        at=firm.clock.at,
    )
    async with firm.client() as somebody:
        assert (await somebody.get(first)).status_code == 410
    firm.clock.go(minutes=1)
    await firm.release(question, "whatsapp_handoff")
    await firm.work()
    second = await link_of(firm, question)
    assert second != first
    async with firm.client() as somebody:
        old, new = await somebody.get(first), await somebody.get(second)
        assert (old.status_code, new.status_code) == (410, 200)
        assert "Nur für Jens" not in old.text
        assert (await somebody.post(first, data={"choice": "c1"})).status_code == 410
    assert (await firm.now(question)).state is not QuestionState.ANSWERED


async def test_an_answer_counts_as_the_link_stands_when_it_is_taken(firm: Firm) -> None:
    """Two taps at one moment are one answer; what comes by a link that was closed meanwhile is none."""
    question, link = await prepared(firm)
    seen = await looked_up(firm, link)
    for _ in range(2):
        await answers.answer(seen, choice_id="c1", text="", at=firm.clock.at)
    assert sum(one.direction == "in" for one in await firm.said(question)) == 1
    await answers.revoke(firm.office, await firm.now(question), at=firm.clock.at)
    with pytest.raises(NotFound, match=r"answer\.over"):
        await answers.answer(seen, choice_id="c2", text="", at=firm.clock.at)
    with pytest.raises(NotFound, match=r"answer\.over"):
        await answers.bring_photo(firm.services, seen, b"\xff\xd8\xff\xe0JFIF", at=firm.clock.at)
    assert (await firm.now(question)).answer_choice == "c1"
    assert sum(one.direction == "in" for one in await firm.said(question)) == 1


async def test_by_hand_the_same_tap_is_once_and_other_words_are_refused(firm: Firm) -> None:
    """Back in the browser, changed and sent again: the first words must not pass for the second."""
    await firm.consent()
    intent = new_id()

    async def write(text: str) -> str:
        said = Speech(intent=intent, contact_id=firm.contact.id, channel=HANDOFF, text=text)
        written = await by_hand.prepare(firm.office, said, at=firm.clock.at)
        return written.text

    first = await write("Wir kommen um acht.")
    assert await write("Wir kommen um acht.") == first
    with pytest.raises(Conflict, match=r"message\.differs"):
        await write("Wir kommen doch erst um neun.")


async def test_a_message_opened_by_hand_leads_nowhere_once_the_gate_is_shut(firm: Firm) -> None:
    await firm.consent()
    said = Speech(intent=new_id(), contact_id=firm.contact.id, channel=HANDOFF, text="Bis morgen!")
    written = await by_hand.prepare(firm.office, said, at=firm.clock.at)
    async with firm.browser(firm.office) as desk:
        kept = await messages_db.by_id(firm.company_id, written.id)
        assert kept
        thread = f"/messages/{kept.conversation_id}"
        assert "wa.me" in (await desk.get(thread)).text
        await desk.post(f"/messages/{written.id}/handoff", data={"state": "opened"})
        assert "wa.me" in (await desk.get(thread)).text
        await consents.withdraw(
            firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "am Telefon"), at=firm.clock.at
        )
        assert "wa.me" not in (await desk.get(thread)).text


@pytest.mark.parametrize("merged", [False, True])
async def test_a_job_that_becomes_another_customers_says_nothing_more_to_the_first(
    firm: Firm, merged: bool
) -> None:
    """What was released for the one is not released for the other, and what waits for the one does not leave."""
    await firm.hello()
    photo, at = await firm.photo(), firm.clock.at
    waiting, elsewhere = await firm.release(await firm.ask(photo)), await firm.ask(text="Noch etwas?")
    wordy = await firm.release(await firm.ask(text="Nur Worte?"))
    customer = await customers.create(
        firm.office, CustomerDraft("Familie Schulz"), [ContactDraft("Ute Schulz", "0151 99887766")], at=at
    )
    job = await jobs.current(firm.office, firm.job)
    if merged:
        into = await jobs.open_job(firm.office, JobDraft("Dach Schulz", customer_id=customer.id), at=at)
        await mergers.merge(firm.office, job, into.id, at=at)
    else:
        draft = JobDraft(job.title, job.number, customer_id=customer.id)
        await jobs.change(firm.office, job, draft, at=at)
    await firm.work()
    assert firm.on_phone() == []
    for question in (waiting, wordy):
        now = await firm.now(question)
        assert (now.state, now.blocked_code) == (QuestionState.BLOCKED, "question.other_customer")
    assert (await firm.now(elsewhere)).state is QuestionState.WAITING_RELEASE
    assert (await firm.photo_now(photo.id)).review == "new"


async def test_a_job_whose_customer_becomes_known_goes_on(firm: Firm) -> None:
    """It had none, or only its words were changed: nothing was released for somebody else."""
    await firm.hello()
    photo, at = await firm.photo(), firm.clock.at
    question = await firm.release(await firm.ask(photo))
    job = await jobs.current(firm.office, firm.job)
    draft = JobDraft(
        "Bad und Küche Müller", job.number, customer_id=job.customer_id, contact_id=job.contact_id
    )
    await jobs.change(firm.office, job, draft, at=at)
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.DELIVERED


async def test_a_question_that_waits_leaves_from_the_job_its_own_was_merged_into(firm: Firm) -> None:
    """Released in the quiet hours, merged in the morning before they end: it must not wait for ever."""
    await firm.hello()
    photo, at = await firm.photo(), firm.clock.at
    question = await firm.release(await firm.ask(photo))
    job = await jobs.current(firm.office, firm.job)
    into = await jobs.open_job(
        firm.office,
        JobDraft("Bad Müller, Teil 2", customer_id=job.customer_id, contact_id=job.contact_id),
        at=at,
    )
    await mergers.merge(firm.office, job, into.id, at=at)
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.DELIVERED
    assert len(firm.on_phone()) == len(await firm.said(question))


class Slow(Wire):
    """A line on which something else happens before a file has come."""

    def __init__(self, firm: Firm, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(firm.sandbox.app)
        self._meanwhile = meanwhile

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if request.method == "GET" and answer.headers.get("content-type", "").startswith("image/"):
            await self._meanwhile()
        return answer


async def test_a_photo_lies_where_its_message_was_filed_while_it_was_fetched(firm: Firm) -> None:
    """The message stands there at once, with a gap for its picture, and is filed; then the picture comes."""
    await firm.hello()

    async def file() -> None:
        [heard] = [one for one in (await looks.from_customers(firm.company_id)) if one.kind == "image"]
        await inbox.assign(firm.office, heard, job_id=firm.job, contact_id=None, at=firm.clock.at)

    firm.services = replace(firm.services, http=httpx.AsyncClient(transport=Slow(firm, file)))
    firm.petra.send_photo(photo_bytes(seed=5), "image/jpeg")
    await firm.work()
    [heard] = [one for one in (await looks.from_customers(firm.company_id)) if one.photo_id]
    assert heard.photo_id and (await firm.photo_now(heard.photo_id)).job_id == firm.job == heard.job_id
    await firm.services.http.aclose()


async def test_another_person_s_words_are_not_quoted(firm: Firm) -> None:
    await firm.hello()
    firm.sandbox.add_person("kai", "Kai Sommer", "+4917199887766")
    firm.sandbox.customer("kai", "firm").write("Streng vertraulich")
    await firm.work()
    heard = {one.text: one for one in await looks.from_customers(firm.company_id)}
    for text, quoted in (("Guten Tag", True), ("Streng vertraulich", False)):
        said = Speech(
            intent=new_id(),
            contact_id=firm.contact.id,
            channel="whatsapp",
            text="Gern",
            quote_id=heard[text].id,
        )
        assert bool((await speech.say(firm.office, said, at=firm.clock.at)).context_id) is quoted
