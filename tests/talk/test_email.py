"""E-mail in the whole application: asked by SMTP, answered by IMAP, bounced, forged, filed into its job."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from server.actions import jobs, mergers, speech
from server.db import conversations, customers, messages
from server.db.unit import atomic
from server.domain.errors import Invalid, NoConsent
from server.domain.identities import Identity, IdentityKind
from server.domain.jobs import JobDraft
from server.domain.mail import job_token, plus_address
from server.domain.messages import Message
from server.domain.questions import QuestionState
from server.domain.speeches import Speech
from server.ids import new_id
from server.sandbox.customer import Customer
from server.sandbox.email import smtp as email_smtp
from server.sandbox.email.letters import answer
from server.sandbox.world import Bubble, Fault
from tests import looks
from tests.channels.mails import ADDRESS, mail
from tests.talk.platforms import email
from tests.talks import Firm


@pytest.fixture
async def petra(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> Customer:
    """Return Petra's mailbox; her address stands in the book in another case than she writes."""
    monkeypatch.setattr(email_smtp, "SILENCE_S", 0.01)
    return await email(firm, plus="ja")


async def heard(firm: Firm, text: str) -> Message:
    [found] = [one for one in (await looks.from_customers(firm.company_id)) if one.text == text]
    return found


async def say(firm: Firm, text: str, send_after: datetime | None = None) -> Message:
    return await speech.say(
        firm.office,
        Speech(
            intent=new_id(), contact_id=firm.contact.id, channel="email", text=text, send_after=send_after
        ),
        at=firm.clock.at,
    )


async def state(firm: Firm, message: Message) -> str:
    found = await messages.by_id(firm.company_id, message.id)
    assert found
    return f"{found.state} {found.error_code}".strip()


async def test_a_customer_writes_is_asked_and_answers(firm: Firm, petra: Customer) -> None:
    petra.write("Guten Tag")
    await firm.work()
    assert (await heard(firm, "Guten Tag")).contact_id == firm.contact.id
    question = await firm.release(await firm.ask(await firm.photo()), "email")
    await firm.work()
    assert [one.state.value for one in await firm.said(question)] == ["sent"]
    [asked] = [bubble for bubble in petra.bubbles if bubble.from_firm]
    assert asked.picture and "1) Hellgrau" in asked.text and "/a/" in asked.text
    petra.write("2", quoted=asked.id)
    await firm.work()
    answered = await firm.now(question)
    assert (answered.state, answered.answer) == (QuestionState.ANSWERED, "Anthrazit – 2")


async def test_an_answer_clears_up_what_was_in_doubt(firm: Firm, petra: Customer) -> None:
    petra.write("Guten Tag")
    await firm.work()
    firm.sandbox.set_fault("email.messages", Fault.RESET_AFTER)
    message = await say(firm, "Morgen um acht?")
    await firm.work()
    assert await state(firm, message) == "unclear message.unclear"
    petra.write("Ja, gern")
    await firm.work()
    assert await state(firm, message) == "delivered"


@pytest.mark.parametrize("later", [False, True])
async def test_an_address_nobody_has_is_given_up(firm: Firm, petra: Customer, later: bool) -> None:
    """Refused at the door or bounced later; nothing goes there any more until he writes or the office corrects it."""
    petra.write("Guten Tag")
    await firm.work()
    far = firm.sandbox.email
    if later:
        far.habits_of(petra.person).bounces = "5.1.1"
    else:
        petra.person.ids["email"] = "weg@kunde.example"
    message = await say(firm, "Morgen um acht?")
    await firm.work()
    assert await state(firm, message) == "failed mail.address_unknown"
    with pytest.raises(Invalid, match="not_there"):
        await say(firm, "Hallo?")
    far.habits_of(petra.person).bounces = ""
    petra.person.ids["email"] = "petra@kunde.example"
    petra.write("Bin wieder da")
    await firm.work()
    assert (await heard(firm, "Bin wieder da")).contact_id == firm.contact.id
    again = await say(firm, "Schön")
    await firm.work()
    assert await state(firm, again) == "sent"


async def test_a_machine_and_a_forger_answer_nothing_and_open_nothing(firm: Firm, petra: Customer) -> None:
    far = firm.sandbox.email
    forged = mail(
        "2", From="Petra <petra@kunde.example>", Message_ID="<f1@kunde.example>",
        Authentication_Results="mx.berger.example; dmarc=fail header.from=kunde.example",
    )  # fmt: skip
    absent = mail("Bin im Urlaub", Message_ID="<a1@kunde.example>", Auto_Submitted="auto-replied")
    for raw in (forged, absent):
        far.put(petra.account, raw)
    await firm.work()
    doubted, machine = await heard(firm, "2"), await heard(firm, "Bin im Urlaub")
    assert (doubted.verified, machine.verified, machine.kind) == (False, False, "automatic")
    question = await firm.ask()
    refused = await firm.release(question, "email")
    assert (refused.state, refused.blocked_code) == (QuestionState.BLOCKED, "consent.none")
    petra.write("Guten Tag")
    await firm.work()
    await firm.release(question, "email")
    await firm.work()
    far.put(petra.account, forged.replace(b"<f1@", b"<f2@"))
    far.put(petra.account, absent.replace(b"<a1@", b"<a2@"))
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.SENT
    waiting = await looks.unseen(firm.company_id)
    assert sorted(one.text for one in waiting if not one.verified) == [*2 * ["2"], *2 * ["Bin im Urlaub"]]


async def test_a_mail_to_the_job_s_address_is_filed(firm: Firm, petra: Customer) -> None:
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/jobs/{firm.job}")).text
    address = plus_address(ADDRESS, job_token(firm.job))
    assert f"mailto:{address}" in page
    wrong = plus_address(ADDRESS, job_token(new_id()))
    for number, to in enumerate((address.upper(), wrong)):
        words = Bubble(
            petra._platform.bubble_id(), from_firm=False, at=firm.clock.at, kind="text", text=f"Nr. {number}"
        )
        raw = answer(petra.person, words, to=to, quoted=None, picture=None, at=firm.clock.at)
        firm.sandbox.email.put(petra.account, raw)
    await firm.work()
    assert [(await heard(firm, f"Nr. {number}")).job_id for number in (0, 1)] == [firm.job, None]


async def test_a_mail_to_a_job_that_was_merged_is_filed_with_the_other(firm: Firm, petra: Customer) -> None:
    """The address stands in mails that went out long ago."""
    other = await jobs.open_job(firm.office, JobDraft("Bad Müller, zweiter Teil"), at=firm.clock.at)
    source = await jobs.current(firm.office, firm.job)
    await mergers.merge(firm.office, source, other.id, at=firm.clock.at)
    words = Bubble(
        petra._platform.bubble_id(), from_firm=False, at=firm.clock.at, kind="text", text="Nachtrag"
    )
    to = plus_address(ADDRESS, job_token(firm.job))
    raw = answer(petra.person, words, to=to, quoted=None, picture=None, at=firm.clock.at)
    firm.sandbox.email.put(petra.account, raw)
    await firm.work()
    assert (await heard(firm, "Nachtrag")).job_id == other.id


async def test_a_stranger_s_mail_waits_for_a_name(firm: Firm, petra: Customer) -> None:
    firm.sandbox.email.put(petra.account, mail("Guten Tag", From="Jo <JO@fremd.example>"))
    await firm.work()
    [thread] = (await conversations.search(firm.company_id, strangers=True)).items
    assert thread.contact_id is None
    message = await heard(firm, "Guten Tag")
    assert message.recipient == Identity(IdentityKind.EMAIL, "JO@fremd.example")


async def test_a_domain_with_umlauts_is_its_owner_s(firm: Firm, petra: Customer) -> None:
    """It stands in the book as it is written and in every mail as it travels."""
    await atomic(customers.set_contact)(
        firm.company_id, replace(firm.contact, email="petra@müller-bau.example")
    )
    travels = "Petra@" + "müller-bau.example".encode("idna").decode()
    for text in ("Guten Tag", "STOP"):
        firm.sandbox.email.put(
            petra.account, mail(text, From=f"Petra <{travels}>", Message_ID=f"<{text[:3]}@x.example>")
        )
        await firm.work()
        assert (await heard(firm, text)).contact_id == firm.contact.id
    with pytest.raises(NoConsent, match="withdrawn"):
        await say(firm, "Hallo?")


async def test_stop_in_a_mail_stops_mail(firm: Firm, petra: Customer) -> None:
    petra.write("Guten Tag")
    await firm.work()
    later = firm.clock.at + timedelta(hours=1)
    waiting = await say(firm, "Morgen um acht?", send_after=later)
    petra.write("STOP")
    await firm.work(hours=2)
    assert await state(firm, waiting) == "stopped consent.withdrawn"
    with pytest.raises(NoConsent, match="withdrawn"):
        await say(firm, "Noch etwas")
    assert [bubble.text for bubble in petra.bubbles if bubble.from_firm] == []
