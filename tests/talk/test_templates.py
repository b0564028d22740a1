"""Templates end to end: read from the platform, filled, asked again before they leave, and what a refusal teaches."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.actions import channels, checkups, consents, speech
from server.actions import templates as actions
from server.db import accounts, messages, templates
from server.domain.consents import Proof, Purpose
from server.domain.errors import Conflict, Invalid, NoConsent
from server.domain.evidence import Evidence
from server.domain.messages import Message, MessageState
from server.domain.questions import QuestionState
from server.domain.speeches import Speech
from server.domain.templates import KnownTemplate
from server.domain.wordings import Topic
from server.ids import new_id
from server.sandbox.world import Fault
from tests.talks import TYPED, Firm

WABA = f"9{TYPED['phone_number_id']}"


async def ready(firm: Firm, **settings: str) -> None:
    """Let the firm know its business account, the platform three templates, and the two be synced."""
    await channels.change(
        firm.services, firm.office, firm.account, label="", typed={**TYPED, "waba_id": WABA, **settings}, at=firm.clock.at
    )  # fmt: skip
    firm.sandbox.add_template("termin", "Guten Tag {{name}}, wir kommen am {{tag}}.")
    firm.sandbox.add_template("foto", "So sieht es aus: {{1}}", header_image=True)
    firm.sandbox.add_template("frage", "Eine Frage zu Ihrem Auftrag: {{1}} Danke!")
    firm.sandbox.add_template("rabatt", "Rabatt!", category="MARKETING")
    firm.sandbox.add_template("nein", "Nein", state="REJECTED", reason="INVALID_FORMAT")
    await check(firm)
    await firm.consent()


async def check(firm: Firm) -> None:
    account = await accounts.by_id(firm.company_id, firm.account.id)
    assert account
    await checkups.check(firm.services, account)


async def text(firm: Firm, name: str) -> KnownTemplate:
    found = await templates.named(firm.company_id, firm.account.id, name, "de")
    assert found
    return found


async def say(firm: Firm, name: str = "termin", *values: str, **given: Any) -> Message:
    known = given.pop("template_id", None) or (await text(firm, name)).id
    return await speech.say(
        firm.office,
        Speech(
            intent=given.pop("intent", new_id()),
            contact_id=firm.contact.id,
            channel="whatsapp",
            template_id=known,
            values=values or ("Frau Müller", "Dienstag"),
            **given,
        ),
        at=firm.clock.at,
    )


async def now(firm: Firm, message: Message) -> Message:
    found = await messages.by_id(firm.company_id, message.id)
    assert found
    return found


async def fate(firm: Firm, message: Message) -> tuple[MessageState, str, str]:
    found = await now(firm, message)
    return found.state, found.error_code, found.text


def read(firm: Firm) -> list[str]:
    return [bubble.text for bubble in firm.petra.bubbles if bubble.from_firm]


def forget(firm: Firm, name: str) -> None:
    """Let a template vanish at the platform without a word."""
    kept = [one for one in firm.sandbox.whatsapp.templates if one.name != name]
    firm.sandbox.whatsapp.templates[:] = kept


def alter(firm: Firm, name: str, **changes: Any) -> None:
    """Let a template change at the platform without a word."""
    listed = firm.sandbox.whatsapp.templates
    listed[:] = [replace(one, **changes) if one.name == name else one for one in listed]


async def test_filled_and_sent_outside_the_window(firm: Firm) -> None:
    await ready(firm)
    written = await say(firm, "termin", "Frau Müller", "Dienstag\num 8")
    assert written.text == "Guten Tag Frau Müller, wir kommen am Dienstag · um 8."
    await firm.work()
    assert read(firm) == [written.text]
    sent = await now(firm, written)
    assert (sent.kind, sent.state, sent.category) == ("template", MessageState.DELIVERED, "utility")


async def test_a_photo_heads_a_template_also_where_the_window_is_open(firm: Firm) -> None:
    await ready(firm)
    await firm.hello()
    await say(firm, "foto", "fertig", photo_ids=((await firm.photo()).id,))
    await firm.work()
    [bubble] = [one for one in firm.petra.bubbles if one.from_firm]
    assert (bubble.kind, bubble.text, bool(bubble.picture)) == ("template", "So sieht es aus: fertig", True)


async def test_twice_is_once_and_other_values_are_refused(firm: Firm) -> None:
    await ready(firm)
    intent = new_id()
    first = await say(firm, "termin", "a", "b", intent=intent)
    assert (await say(firm, "termin", "a", " b ", intent=intent)).id == first.id
    with pytest.raises(Conflict):
        await say(firm, "termin", "a", "c", intent=intent)
    await firm.work()
    assert len(read(firm)) == 1


async def test_a_wrong_one_is_refused_before_anything_is_queued(firm: Firm) -> None:
    await ready(firm)
    for given, field, code in (
        (("termin", "nur eins"), "values.2", "template.value_missing"),
        (("termin", "a", "b", "c"), "values.3", "template.value_extra"),
        (("termin", "x" * 1024, "b"), "values.1", "template.value_long"),
        (("foto", "ohne Foto"), "photos", "template.picture_missing"),
        (("nein", "a"), "template", "template.rejected"),
    ):
        with pytest.raises(Invalid) as refused:
            await say(firm, *given)
        assert (refused.value.field, refused.value.code) == (field, code)
    with pytest.raises(Invalid) as refused:
        await say(firm, template_id=new_id())
    assert refused.value.code == "template.unknown"
    await firm.work()
    assert read(firm) == []


async def test_advertising_needs_its_own_word(firm: Firm) -> None:
    await ready(firm)
    with pytest.raises(NoConsent) as refused:
        await speech.say(
            firm.office,
            Speech(
                intent=new_id(),
                contact_id=firm.contact.id,
                channel="whatsapp",
                template_id=(await text(firm, "rabatt")).id,
            ),
            at=firm.clock.at,
        )
    assert refused.value.code == "consent.no_advertising"
    await consents.grant(
        firm.office,
        firm.contact,
        Topic("whatsapp", Purpose.ADVERTISING),
        Evidence(Proof.SPOKEN, "zu Sabine"),
        at=firm.clock.at,
    )
    later = firm.clock.at + timedelta(hours=1)
    alter(firm, "termin", category="MARKETING")
    await check(firm)
    kept = await say(firm, send_after=later)
    await consents.withdraw(
        firm.office, firm.contact, "whatsapp", Evidence(Proof.OFFICE, "nein"), at=firm.clock.at
    )
    await firm.work(hours=2)
    assert (await now(firm, kept)).state is MessageState.STOPPED
    assert read(firm) == []


async def test_vanished_is_gone_never_offered_never_sent(firm: Firm) -> None:
    await ready(firm)
    waiting = await say(firm, send_after=firm.clock.at + timedelta(hours=1))
    forget(firm, "termin")
    await check(firm)
    account = await accounts.by_id(firm.company_id, firm.account.id)
    assert account
    offered = {one.template.name for one in await actions.offered(account)}
    assert offered == {"foto", "frage", "rabatt"}
    with pytest.raises(Invalid) as refused:
        await say(firm)
    assert refused.value.code == "template.gone"
    await firm.work(hours=2)
    assert (await fate(firm, waiting))[:2] == (MessageState.STOPPED, "template.gone")
    assert "Frau Müller" in (await now(firm, waiting)).text
    assert read(firm) == []


async def test_paused_in_the_middle_stops_with_its_sentence_and_keeps_the_words(firm: Firm) -> None:
    """Planned and waiting, then Meta tells of the pause: the status is asked again before the network."""
    await ready(firm)
    firm.sandbox.set_fault("messages", Fault.UNREACHABLE, 1)
    written = await say(firm)
    await firm.work()
    waiting = await now(firm, written)
    assert waiting.state is MessageState.QUEUED and "call" in (waiting.step or {})
    firm.sandbox.whatsapp.life.judge("termin", state="PAUSED")
    await firm.sandbox.settle()
    await firm.work(hours=1)
    assert await fate(firm, written) == (
        MessageState.STOPPED,
        "template.paused",
        "Guten Tag Frau Müller, wir kommen am Dienstag.",
    )
    assert read(firm) == []


async def test_another_text_than_was_shown_does_not_leave(firm: Firm) -> None:
    await ready(firm)
    written = await say(firm, send_after=firm.clock.at + timedelta(hours=1))
    alter(firm, "termin", text="Guten Tag {{name}}, am {{tag}} kommt eine Rechnung.")
    await check(firm)
    await firm.work(hours=2)
    assert (await fate(firm, written))[:2] == (MessageState.STOPPED, "template.changed")
    assert read(firm) == []


MISMATCHES = [
    ("132000", {"text": "Guten Tag {{name}}."}, "template.count"),
    ("132001", {"language": "en"}, "template.missing"),
    ("132005", {"text": "{{name}} {{tag}}" + "x" * 1020}, "template.too_long"),
    ("132012", {"text": "Guten Tag {{name}}, am {{datum}}."}, "template.format"),
    ("132015", {"state": "PAUSED"}, "template.paused"),
    ("132016", {"state": "DISABLED"}, "template.disabled"),
]


@pytest.mark.parametrize(("code", "changes", "sentence"), MISMATCHES, ids=[one[0] for one in MISMATCHES])
async def test_a_mismatch_fails_with_its_sentence_and_the_list_is_read_anew(
    firm: Firm, code: str, changes: dict[str, Any], sentence: str
) -> None:
    await ready(firm)
    alter(firm, "termin", **changes)
    written = await say(firm)
    await firm.work()
    assert (await fate(firm, written))[:2] == (MessageState.FAILED, sentence)
    assert code in (await now(firm, written)).error_detail
    firm.clock.go(seconds=15)
    await firm.work()
    known = await text(firm, "termin")
    fresh = {name: value for name, value in changes.items() if name in ("state", "text")}
    told = {"state": known.template.state, "text": known.template.body}
    assert known.gone_at is not None if "language" in changes else fresh.items() <= told.items()
    assert read(firm) == []


async def test_news_of_templates_bring_one_look_for_many(firm: Firm) -> None:
    await ready(firm)
    for state in ("PAUSED", "APPROVED", "PAUSED"):
        firm.sandbox.whatsapp.life.judge("termin", state=state)
        firm.sandbox.whatsapp.life.judge("frage", quality="RED" if state == "PAUSED" else "GREEN")
    firm.sandbox.whatsapp.life.judge("foto", category="MARKETING")
    await firm.sandbox.settle()
    await firm.work()
    firm.clock.go(seconds=15)
    await firm.work()
    shown = {
        one.template.name: one.template
        for one in await templates.of_account(firm.company_id, firm.account.id)
    }
    assert (shown["termin"].state, shown["frage"].quality) == ("PAUSED", "RED")
    assert shown["foto"].category == "MARKETING"


async def test_a_list_that_cannot_be_read_leaves_the_old_one(firm: Firm) -> None:
    await ready(firm)
    before = await templates.of_account(firm.company_id, firm.account.id)
    firm.sandbox.set_fault("templates", Fault.UNREACHABLE, 1)
    await check(firm)
    assert (await templates.synced(firm.company_id, firm.account.id)).error.startswith(
        "templates.unreachable"
    )
    await channels.change(
        firm.services, firm.office, firm.account, label="", typed={**TYPED, "waba_id": ""}, at=firm.clock.at
    )
    await check(firm)
    assert (await templates.synced(firm.company_id, firm.account.id)).error == "templates.no_account"
    assert await templates.of_account(firm.company_id, firm.account.id) == before


async def question_fate(firm: Firm, question_id: UUID) -> tuple[QuestionState, str]:
    from server.db import questions

    found = await questions.by_id(firm.company_id, question_id)
    assert found
    return found.state, found.blocked_code


async def test_a_question_takes_the_template_of_the_settings(firm: Firm) -> None:
    await ready(firm, template_name="frage", template_language="de")
    question = await firm.ask(text="Welche Fuge?")
    await firm.release(question)
    await firm.work()
    [shown] = read(firm)
    assert shown.startswith("Eine Frage zu Ihrem Auftrag: Welche Fuge? · 1) Hellgrau · 2) Anthrazit")
    assert "/a/" in shown
    assert (await firm.now(question)).state is QuestionState.DELIVERED


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [
        ("frage", "PAUSED", "template.unapproved"),
        ("gibt_es_nicht", "APPROVED", "template.missing"),
        ("", "APPROVED", "window.closed"),
    ],
)
async def test_a_question_without_a_template_that_fits_says_why(
    firm: Firm, name: str, state: str, code: str
) -> None:
    await ready(firm, template_name=name, template_language="de")
    alter(firm, "frage", state=state)
    await check(firm)
    question = await firm.ask()
    await firm.release(question)
    await firm.work()
    assert await question_fate(firm, question.id) == (QuestionState.BLOCKED, code)
    assert read(firm) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "PAUSED"}, "template.paused"),
        # What Meta counts as advertising leaves with a consent to advertising only, whatever we meant by it.
        ({"category": "MARKETING"}, "template.advertising"),
    ],
)
async def test_a_question_is_asked_again_before_the_network_too(
    firm: Firm, changes: dict[str, str], code: str
) -> None:
    await ready(firm, template_name="frage", template_language="de")
    question = await firm.ask()
    await firm.release(question)
    firm.sandbox.set_fault("messages", Fault.UNREACHABLE, 1)
    await firm.work()
    alter(firm, "frage", **changes)
    await check(firm)
    await firm.work(hours=1)
    assert await question_fate(firm, question.id) == (QuestionState.BLOCKED, code)
    assert read(firm) == []
