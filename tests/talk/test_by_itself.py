"""Greeting and away message: due once, to people only, where writing is free, and never as an answer."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from server.actions import by_itself, consents, office_hours
from server.db.tables import MessageRow
from server.domain.consents import Proof
from server.domain.evidence import Evidence
from server.domain.hours import OfficeHours, Week
from server.domain.messages import AUTOMATIC, Message
from server.domain.wordings import Topic
from server.sandbox.customer import Customer
from tests import looks
from tests.talk.test_inbox import keep
from tests.talks import Firm

DAY = ((time(8), time(17)),)
WEEK: Week = (DAY, DAY, DAY, DAY, DAY, (), ())
AWAY = "{Anrede}, wir sind ab {Wieder da} zurück. {Betrieb}"
HOURS = OfficeHours(week=WEEK, away_on=True, away=AWAY, greeting_on=True, greeting="{Anrede}, willkommen.")
TOLD = "Guten Tag Petra Müller, wir sind ab Dienstag, 24.11., 8:00 Uhr zurück. Fliesen Berger"


def said(customer: Customer) -> list[str]:
    return [one.text for one in customer.bubbles if one.from_firm]


async def hours(firm: Firm, **changes: Any) -> None:
    await office_hours.change(firm.office, replace(HOURS, **changes), at=firm.clock.at)


async def write(firm: Firm, text: str = "Sind Sie da?", **later: float) -> None:
    firm.clock.go(**later)
    firm.petra.write(text)
    await firm.work()


async def test_away_once_per_absence_and_it_answers_nothing(firm: Firm) -> None:
    await hours(firm, greeting_on=False)
    await write(firm, hours=9)  # 19:00 in Berlin
    assert said(firm.petra) == [TOLD]
    await write(firm, hours=1)
    await write(firm, hours=8)
    assert said(firm.petra) == [TOLD]
    thread = await looks.thread_of(firm.company_id, firm.contact.id)
    assert thread.waiting_since is not None
    [row] = await MessageRow.filter(direction="out")
    assert row.author_id is None and row.question_id is None
    await write(firm, hours=4)  # Tuesday 8:00, somebody is there
    await write(firm, hours=12)
    assert len(said(firm.petra)) == 2 and "Mittwoch, 25.11." in said(firm.petra)[1]


async def test_greeting_only_after_a_long_silence(firm: Firm) -> None:
    await hours(firm, away_on=False)
    await write(firm)
    await write(firm, minutes=5)
    assert said(firm.petra) == ["Guten Tag Petra Müller, willkommen."]
    await write(firm, days=13)
    assert len(said(firm.petra)) == 1
    await write(firm, days=15)
    assert len(said(firm.petra)) == 2


async def test_twice_handled_is_once_said(firm: Firm) -> None:
    await hours(firm)
    await write(firm, hours=9)
    [heard] = await MessageRow.filter(direction="in")
    for _ in range(3):
        await by_itself.answer(firm.services, firm.company_id, {"message": str(heard.id)})
    await firm.work()
    assert len(said(firm.petra)) == 1


async def test_machines_late_ones_and_answers_get_none(firm: Firm) -> None:
    await hours(firm)
    await firm.consent()
    firm.clock.go(hours=9)
    for changes in (
        {"kind": AUTOMATIC, "verified": False},
        {"at": firm.clock.at - timedelta(hours=2)},
        {"verified": False, "account_id": None},
        {"contact_id": None, "recipient": None},
    ):
        await _heard(firm, **changes)
    question = await firm.ask()
    await _heard(firm, question_id=question.id)
    assert not await MessageRow.filter(direction="out").exists()


async def _heard(firm: Firm, **changes: Any) -> None:
    from server.domain.messages import Direction, MessageState
    from server.ids import new_id

    message = Message(
        id=new_id(), company_id=firm.company_id, contact_id=firm.contact.id, job_id=None, question_id=None,
        account_id=firm.account.id, photo_id=None, channel="whatsapp", direction=Direction.IN, kind="text",
        text="Abwesend", state=MessageState.RECEIVED, at=firm.clock.at, created_at=firm.clock.at,
        changed_at=firm.clock.at, foreign_id=str(new_id()),
    )  # fmt: skip
    message = replace(message, **changes)
    await keep(message)
    await by_itself.answer(firm.services, firm.company_id, {"message": str(message.id)})
    await firm.work()


async def test_stop_and_a_placeholder_without_words_are_met_with_silence(firm: Firm) -> None:
    await hours(firm)
    await write(firm, "STOP", hours=9)
    assert said(firm.petra) == []
    await consents.grant(
        firm.office, firm.contact, Topic("whatsapp"), Evidence(Proof.SPOKEN, "am Telefon"), at=firm.clock.at
    )
    await hours(firm, away="{Baustelle}")
    await write(firm, minutes=1)
    assert said(firm.petra) == []


async def test_two_machines_do_not_talk_for_ever(firm: Firm) -> None:
    """Somebody's own away message answers ours within the same absence: silence."""
    await hours(firm)
    await write(firm, hours=9)
    for _ in range(20):
        await write(firm, "Ich bin gerade nicht da. Diese Nachricht wurde von selbst geschrieben.", seconds=5)
    assert len(said(firm.petra)) == 1
    heard = await looks.from_customers(firm.company_id)
    assert len(heard) == 21
