"""What platforms tell besides messages: echoes, watermarks, changes, names, gaps, switches; each exactly once."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.actions import inbox, invites, outbox, renames, speech
from server.actions.gate import gate
from server.channels.whatsapp.channel import Whatsapp
from server.db import accounts, identities, logbook, messages
from server.db import conversations as conversations_db
from server.db import inbox as inbox_db
from server.db import invites as invites_db
from server.db.tables import InboxEventRow, MessageRow, RawEventRow
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.channels import Step
from server.domain.events import (
    NOT_TOLD,
    Change,
    Echo,
    Event,
    Gap,
    HealthEvent,
    InboundMessage,
    Joined,
    MessageKind,
    OptOut,
    Renamed,
    Status,
    StatusUpdate,
    UnknownEvent,
    Watermark,
    edit_key,
)
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import JOINED, RESUMED, Message, MessageState
from server.domain.outcomes import Accepted, Moved, Outcome, Paused, Permanent, Reauth, Unclear
from server.domain.questions import QuestionState
from server.domain.speeches import Speech
from server.ids import new_id
from tests import looks
from tests.talks import PETRA, Firm

PHONE = Identity(IdentityKind.PHONE, PETRA)
OTHER = Identity(IdentityKind.PHONE, "+4916099999999")


async def tell(
    firm: Firm, *events: Event, monkeypatch: pytest.MonkeyPatch, account: Account | None = None
) -> None:
    """Bring events in by the real door: a stored body, its task, each event in a unit of its own."""
    monkeypatch.setattr(Whatsapp, "parse", lambda self, raw: list(events))
    await inbox.receive(account or firm.account, b"{}", at=firm.clock.at)
    await firm.work()
    monkeypatch.undo()


def heard(text: str = "Hallo", **given: Any) -> InboundMessage:
    values: dict[str, Any] = {
        "foreign_id": str(new_id()), "sender": (PHONE,), "sent_at": NOT_TOLD, "kind": MessageKind.TEXT,
    }  # fmt: skip
    return InboundMessage(**values | {"text": text} | given)


async def say(firm: Firm, text: str = "Morgen um 8 Uhr?", **given: Any) -> Message:
    values: dict[str, Any] = {"intent": new_id(), "contact_id": firm.contact.id, "channel": "whatsapp"}
    return await speech.say(firm.office, Speech(text=text, **values | given), at=firm.clock.at)


async def now(firm: Firm, message: Message) -> Message:
    found = await messages.by_id(firm.company_id, message.id)
    assert found
    return found


async def verbs(firm: Firm) -> list[str]:
    return [line.entry.verb for line in (await logbook.of_company(firm.company_id, limit=100)).items]


def answers(*outcomes: Outcome) -> Any:
    """Return a `send` that answers so, one after the other."""
    left = list(outcomes)
    calls: list[Step] = []

    async def send(self: Whatsapp, step: Step, attempt_id: object, media: object) -> Outcome:
        calls.append(step)
        return left.pop(0)

    send.calls = calls  # type: ignore[attr-defined]
    return send


@pytest.mark.parametrize("known_by", ["opaque", "words"])
async def test_an_echo_of_ours_resolves_the_doubt(
    firm: Firm, known_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    firm.clock.go(minutes=1)
    written = await say(firm)
    monkeypatch.setattr(Whatsapp, "send", answers(Unclear("timeout")))
    await firm.work()
    monkeypatch.undo()
    assert (await now(firm, written)).state is MessageState.UNCLEAR
    opaque = str(written.id) if known_by == "opaque" else ""
    echo = Echo("mid.1", (PHONE,), firm.clock.at, MessageKind.TEXT, "Morgen um 8 Uhr?", opaque=opaque)
    await tell(firm, echo, echo, monkeypatch=monkeypatch)
    found = await now(firm, written)
    assert (found.state, found.foreign_id) == (MessageState.SENT, "mid.1")
    assert await MessageRow.filter(direction="out").count() == 1
    assert await looks.number_waiting(firm.company_id) == 0


async def test_what_was_sent_by_hand_stands_in_the_thread_and_answers(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    firm.clock.go(minutes=1)
    echo = Echo("mid.2", (PHONE,), firm.clock.at, MessageKind.TEXT, "Komme gleich")
    await tell(firm, echo, monkeypatch=monkeypatch)
    [sent] = [one for one in (await messages.search(firm.company_id)).items if one.direction == "out"]
    assert (sent.by_phone, sent.state, sent.author_id) == (True, MessageState.SENT, None)
    assert await looks.number_waiting(firm.company_id) == 0
    firm.clock.go(minutes=1)
    quoting = heard("Gut", context_id="mid.2", sent_at=firm.clock.at)
    await tell(firm, quoting, monkeypatch=monkeypatch)
    assert await looks.number_waiting(firm.company_id) == 1


async def test_an_echo_waits_for_the_call_that_may_be_it(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a call of ours is under way nobody knows whose echo it is; later it was by hand (§12.15)."""
    await firm.hello()
    written = await say(firm, "Von uns")
    await _set(written, state=MessageState.LEASED, step={"call": {}})
    echo = Echo("mid.3", (PHONE,), firm.clock.at, MessageKind.TEXT, "Von Hand")
    await tell(firm, echo, monkeypatch=monkeypatch)
    assert await MessageRow.filter(direction="out").count() == 1
    assert await inbox_db.has_parked(firm.company_id, firm.account.id)
    firm.clock.go(minutes=6)
    monkeypatch.setattr(Whatsapp, "parse", lambda self, raw: [echo])
    await outbox.watch(firm.services)
    await firm.work()
    assert {row.text for row in await MessageRow.filter(direction="out")} == {"Von uns", "Von Hand"}
    assert not await inbox_db.has_parked(firm.company_id, firm.account.id)


@atomic
async def _set(message: Message, **values: Any) -> None:
    await messages.set_place(message.company_id, message.id, **values)


async def test_a_watermark_moves_everything_before_it(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    await firm.hello()
    first = await say(firm, "Eins")
    monkeypatch.setattr(Whatsapp, "send", answers(Accepted("m1"), Accepted("m2", sent=True)))
    await firm.work()
    upto = firm.clock.at
    firm.clock.go(minutes=1)
    second = await say(firm, "Zwei")
    await firm.work()
    monkeypatch.undo()
    mark = Watermark("w1", (PHONE,), Status.READ, upto)
    await tell(firm, mark, monkeypatch=monkeypatch)
    one, two = await now(firm, first), await now(firm, second)
    assert (one.state, one.read_at) == (MessageState.READ, upto)
    assert (two.state, two.sent_at, two.read_at) == (MessageState.SENT, firm.clock.at, None)


async def test_nothing_was_read_later_than_now(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt of Signal bears the clock of the customer's own device."""
    await firm.hello()
    said = await say(firm)
    monkeypatch.setattr(Whatsapp, "send", answers(Accepted("m1")))
    await firm.work()
    monkeypatch.undo()
    await tell(firm, StatusUpdate("m1", Status.READ, NOT_TOLD), monkeypatch=monkeypatch)
    known = await now(firm, said)
    assert (known.state, known.read_at) == (MessageState.READ, firm.clock.at)


async def test_a_changed_message_keeps_its_first_words_in_the_logbook(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = heard("Dienstag")
    change = Change("c1", said.foreign_id, (PHONE,), firm.clock.at, "Mittwoch")
    foreign = Change("c2", said.foreign_id, (OTHER,), firm.clock.at, "Nie")
    await tell(firm, change, said, foreign, monkeypatch=monkeypatch)
    monkeypatch.setattr(Whatsapp, "parse", lambda self, raw: [change, said, foreign])
    await firm.work(hours=0.2)
    [message] = await looks.from_customers(firm.company_id)
    assert (message.text, message.edited_at) == ("Mittwoch", firm.clock.at)
    [line] = [
        one.entry
        for one in (await logbook.of_company(firm.company_id, limit=100)).items
        if one.entry.verb == "message.edited"
    ]
    assert line.data["before"] == "Dienstag"
    monkeypatch.undo()
    gone = Change("c3", said.foreign_id, (PHONE,), firm.clock.at, None)
    await tell(firm, gone, monkeypatch=monkeypatch)
    message = await now(firm, message)
    assert (message.text, message.revoked_at) == ("", firm.clock.at)


async def test_stop_by_a_change_stops(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    said = heard("Stopf")
    await tell(firm, said, monkeypatch=monkeypatch)
    await tell(firm, Change("c1", said.foreign_id, (PHONE,), firm.clock.at, "Stop"), monkeypatch=monkeypatch)
    assert await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at) == Closed(
        "consent.withdrawn"
    )


async def test_a_later_change_names_the_version_before(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signal-Desktop names the newest version, not the first (ts/util/editHelpers)."""
    await tell(firm, heard("Welche", foreign_id="s:1"), monkeypatch=monkeypatch)
    for place, text in enumerate(["Welche Farbe?", "Welche Fugenfarbe?", "STOP"], 2):
        news = Change(edit_key(f"s:{place}"), f"s:{place - 1}", (PHONE,), firm.clock.at, text)
        await tell(firm, news, monkeypatch=monkeypatch)
    said = await messages.by_foreign_id(firm.company_id, firm.account.id, "s:1")
    assert said and said.text == "STOP"
    closed = await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at)
    assert closed == Closed("consent.withdrawn")
    await tell(firm, Change("s:9:deleted", "s:4", (PHONE,), firm.clock.at, None), monkeypatch=monkeypatch)
    assert (await now(firm, said)).revoked_at


CHAT = Identity(IdentityKind.CHAT, "4711")


@atomic
async def invite(firm: Firm, word: str, *, channel: str = "whatsapp", hours: int = 24) -> None:
    await invites_db.insert_invite(
        firm.company_id, firm.contact.id, channel, token_hash=invites.hash_of(word),
        expires_at=firm.clock.at + timedelta(hours=hours), at=firm.clock.at,
    )  # fmt: skip


async def test_our_word_in_the_link_says_who_comes(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """What he wrote there as a stranger comes along; the press of Start opens the gate for service."""
    await tell(firm, heard("Hallo?", sender=(CHAT,), sent_at=firm.clock.at), monkeypatch=monkeypatch)
    await invite(firm, "einmal")
    joined = Joined("j1", (CHAT,), firm.clock.at, "einmal", "Petra")
    await tell(firm, joined, joined, monkeypatch=monkeypatch)
    assert CHAT in await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    rows = await MessageRow.filter(contact_id=firm.contact.id).order_by("created_at", "id")
    assert sorted(row.kind for row in rows) == [JOINED, "text"]
    assert isinstance(await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at), Open)


@pytest.mark.parametrize("word", ["", "fremd", "alt", "benutzt", "anderer Kanal"])
async def test_no_other_word_binds_anything(firm: Firm, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await invite(firm, "alt", hours=-1)
    await invite(firm, "anderer Kanal", channel="telegram")
    await invite(firm, "benutzt")
    first = Joined("j0", (OTHER,), firm.clock.at, "benutzt")
    await tell(firm, first, monkeypatch=monkeypatch)
    await tell(firm, Joined("j1", (CHAT,), firm.clock.at, word), monkeypatch=monkeypatch)
    assert CHAT not in await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    [inquiry] = (await conversations_db.search(firm.company_id, strangers=True)).items
    assert inquiry.person_key == "whatsapp:chat:4711"


@pytest.mark.parametrize("same", [True, False])
async def test_a_new_number_is_proposed_and_nothing_leaves_until_then(
    firm: Firm, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.consent()
    await firm.hello()
    queued = await say(firm, send_after=firm.clock.at + timedelta(minutes=10))
    renamed = Renamed("r1", (PHONE,), (OTHER,), firm.clock.at)
    await tell(firm, renamed, monkeypatch=monkeypatch)
    assert isinstance(await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at), Closed)
    await tell(firm, heard("Neue Nummer", sender=(OTHER,)), monkeypatch=monkeypatch)
    [proposal] = await renames.open_proposals(firm.company_id)
    assert (proposal.contact_id, proposal.old, proposal.new) == (firm.contact.id, (PHONE,), (OTHER,))
    firm.clock.go(minutes=1)
    await firm.work(hours=1)
    assert (await now(firm, queued)).state is MessageState.STOPPED
    await renames.confirm(firm.office, proposal, same=same, at=firm.clock.at)
    assert firm.on_phone() == []
    opened = await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at)
    known = await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    assert PHONE not in known
    assert (isinstance(opened, Open), OTHER in known) == (same, same)
    assert await renames.open_proposals(firm.company_id) == []
    strangers = (await conversations_db.search(firm.company_id, strangers=True)).items
    assert len(strangers) == (0 if same else 1)


async def test_gaps_and_unknown_things_are_kept_and_health_counts(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = timedelta(hours=1)
    gap = Gap("g1", firm.clock.at - hour, firm.clock.at, "Puffer voll")
    unknown = UnknownEvent("u1", "poll", '{"poll": 1}')
    health = HealthEvent("h1", "account", "Zahlung offen", "paused")
    await tell(firm, gap, unknown, health, gap, monkeypatch=monkeypatch)
    [kept] = await inbox_db.of_state(firm.company_id, [firm.account.id], inbox.GAP)
    assert kept.payload["detail"] == "Puffer voll"
    [odd] = await inbox_db.of_state(firm.company_id, [firm.account.id], inbox.UNKNOWN)
    assert odd.payload == {"topic": "poll", "raw": '{"poll": 1}'}
    account = await accounts.by_id(firm.company_id, firm.account.id)
    assert account and account.health is Health.PAUSED
    assert {"channel.gap", "channel.paused"} <= set(await verbs(firm))


@pytest.mark.parametrize(
    ("failure", "late_h", "health"),
    [
        (Paused("131042: Zahlung", "account.payment"), 0, Health.PAUSED),
        (Reauth("131005: Recht", "account.permission"), 0, Health.REAUTH),
        (Paused("131042: Zahlung", "account.payment"), 30, Health.OK),
        (Permanent("recipient.unreachable", "131026"), 0, Health.OK),
    ],
)
async def test_a_failure_of_the_whole_account_told_by_a_status_stops_it(
    firm: Firm, failure: Outcome, late_h: int, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meta answers 200 and tells of missing payment, a lock or a spam limit by a status only: nothing more may burn."""
    await firm.hello()
    monkeypatch.setattr(Whatsapp, "send", answers(Accepted("wamid.1")))
    first = await say(firm)
    await firm.work()
    told_at = firm.clock.at - timedelta(hours=late_h)
    news = StatusUpdate("wamid.1", Status.FAILED, told_at, failure=failure, error_code="131042")
    await tell(firm, news, monkeypatch=monkeypatch)
    assert (await now(firm, first)).state is MessageState.FAILED
    account = await accounts.by_id(firm.company_id, firm.account.id)
    assert account and account.health is health


async def test_switched_off_and_on_again(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off closes the gate; on is shown, and opens nothing by itself."""
    await firm.hello()
    off = OptOut("o1", (PHONE,), firm.clock.at, stopped=True)
    await tell(firm, off, monkeypatch=monkeypatch)
    assert await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at) == Closed(
        "consent.withdrawn"
    )
    firm.clock.go(minutes=1)
    await tell(firm, OptOut("o2", (PHONE,), firm.clock.at, stopped=False), monkeypatch=monkeypatch)
    assert await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at) == Closed(
        "consent.withdrawn"
    )
    assert await MessageRow.filter(kind=RESUMED, contact_id=firm.contact.id).count() == 1


@pytest.mark.parametrize(("sign", "answer"), [("👍🏽", "Ja"), ("👎", "Nein"), ("🎉", ""), ("", "")])
async def test_a_thumb_answers_a_yes_or_no(
    firm: Firm, sign: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    question = await firm.ask(choices=("Ja", "Nein"))
    await firm.release(question)
    await firm.work()
    [asked] = [one for one in await firm.said(question) if one.foreign_id]
    thumb = heard(sign, kind=MessageKind.REACTION, context_id=asked.foreign_id)
    await tell(firm, thumb, monkeypatch=monkeypatch)
    answered = await firm.now(question)
    assert (answered.state is QuestionState.ANSWERED) == bool(answer)
    title = next((one.title for one in answered.choices if one.id == answered.answer_choice), "")
    assert title == answer
    without = heard("👍", kind=MessageKind.REACTION)
    await tell(firm, without, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([Moved(OTHER), Accepted("m1", sent=True)], MessageState.SENT),
        ([Moved(OTHER), Moved(CHAT)], MessageState.FAILED),
        ([Moved(OTHER), Unclear("reset")], MessageState.UNCLEAR),
    ],
)
async def test_a_new_name_is_kept_and_tried_once_more(
    firm: Firm, outcomes: Sequence[Outcome], state: MessageState, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    written = await say(firm)
    send = answers(*outcomes)
    monkeypatch.setattr(Whatsapp, "send", send)
    await firm.work()
    found = await now(firm, written)
    assert (found.state, found.recipient) == (state, OTHER)
    assert [step.call["to"] for step in send.calls] == [PETRA, OTHER.value]
    assert OTHER in await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")


async def test_one_bad_event_never_stops_the_others(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = replace(heard("kaputt"), sender=(Identity(IdentityKind.PHONE, "+49" + "1" * 400),))
    await tell(firm, heard("vorher"), bad, heard("nachher"), monkeypatch=monkeypatch)
    texts = {row.text for row in await MessageRow.filter(direction="in")}
    assert {"vorher", "nachher"} <= texts
    firm.failures.clear()


async def test_one_that_waits_and_is_refused_stands_before_no_other(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that fits no column was tried first each time, and nothing behind it was ever looked at again."""
    await firm.hello()
    said = await say(firm)
    await _set(said, state=MessageState.LEASED, step={"call": {}})
    good = Echo("e1", (PHONE,), firm.clock.at, MessageKind.TEXT, "Vom Handy")
    bad = replace(good, foreign_id="e0", context_id="c" * 250)
    await tell(firm, bad, good, monkeypatch=monkeypatch)
    monkeypatch.setattr(Whatsapp, "parse", lambda self, raw: [bad, good])
    assert len(await inbox_db.parked(firm.company_id, firm.account.id)) == 2
    firm.clock.go(minutes=6)
    await inbox.replay(firm.services, firm.company_id, {"account": str(firm.account.id)})
    assert await messages.by_foreign_id(firm.company_id, firm.account.id, "e1")
    assert len(await inbox_db.parked(firm.company_id, firm.account.id)) == 1
    firm.clock.go(hours=25)
    await inbox.replay(firm.services, firm.company_id, {"account": str(firm.account.id)})
    assert not await inbox_db.has_parked(firm.company_id, firm.account.id)


async def test_what_nobody_has_read_yet_is_kept_however_old(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was off over a long holiday, or its clock leapt: the chore may come before the work."""
    said = heard("Wasser im Keller")
    monkeypatch.setattr(Whatsapp, "parse", lambda self, raw: [said] if raw == b"{}" else [])
    await inbox.receive(firm.account, b"{}", at=firm.clock.at)
    firm.clock.go(days=31)
    await outbox.prune(firm.services)
    await firm.work()
    assert {row.text for row in await MessageRow.filter(direction="in")} == {"Wasser im Keller"}
    await outbox.prune(firm.services)
    assert [bytes(row.body) for row in await RawEventRow.all()] == [b""]


async def test_bodies_go_after_a_month_and_keys_stay(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    said = heard("Hallo")
    await tell(firm, said, monkeypatch=monkeypatch)
    firm.clock.go(days=29)
    await outbox.prune(firm.services)
    assert [bytes(row.body) for row in await RawEventRow.all()] == [b"{}"]
    firm.clock.go(days=2)
    await outbox.prune(firm.services)
    assert [bytes(row.body) for row in await RawEventRow.all()] == [b""]
    await tell(firm, said, monkeypatch=monkeypatch)
    assert await MessageRow.all().count() == await InboxEventRow.all().count() == 1
    assert hashlib.sha256(b"").hexdigest()
