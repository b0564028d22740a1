"""What is no plain message: echoes of the firm's phone, edits, names that change, wishes, and news of the account."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from server.channels.whatsapp.channel import Whatsapp
from server.domain.events import (
    Change,
    Echo,
    Event,
    HealthEvent,
    InboundMessage,
    MessageKind,
    OptOut,
    Renamed,
    Status,
    StatusUpdate,
    UnknownEvent,
)
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Accepted, NeedsTemplate, OptedOut, Paused
from tests.channels.lines import SABINE, SETTINGS, TEMPLATE, Line, draft, load, spec

METADATA = {"display_phone_number": "4915112345678", "phone_number_id": SETTINGS["phone_number_id"]}
BSUID = Identity(IdentityKind.BSUID, "DE.1349")
AT = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
HEAD: dict[str, Any] = {"from": "491712345678", "id": "wamid.A", "timestamp": "1763640000"}


def parse(
    field: str, value: dict[str, Any], *, entry: str = SETTINGS["waba_id"], at: int = 0, **typed: str
) -> list[Event]:
    body = {"entry": [{"id": entry, "time": at, "changes": [{"field": field, "value": value}]}]}
    channel = Whatsapp({**SETTINGS, **typed}, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # parse is pure
    return channel.parse(json.dumps(body).encode())


def one(field: str, **lists: Any) -> Any:
    (event,) = parse(field, {"metadata": METADATA, **lists})
    return event


def told(**item: Any) -> Any:
    return one("messages", messages=[{**HEAD, **item}])


def news(field: str, *, entry: str = SETTINGS["waba_id"], at: int = 0, **value: Any) -> Any:
    (event,) = parse(field, value, entry=entry, at=at)
    return event


def test_what_is_said_in_a_group_is_nobodys_own_message() -> None:
    said = told(type="text", text={"body": "STOP"}, group_id="Y2FwaV9ncm91cDox")
    assert isinstance(said, UnknownEvent) and (said.key, said.topic) == (HEAD["id"], "messages.group")
    sent = {
        **HEAD,
        "to": "4915112345678",
        "type": "text",
        "text": {"body": "x"},
        "group_id": "Y2FwaV9ncm91cDox",
    }
    assert isinstance(one("smb_message_echoes", message_echoes=[sent]), UnknownEvent)


# People's names


def test_a_username_comes_last_and_is_kept_as_it_is() -> None:
    contact = {"profile": {"name": "Sabine", "username": "Sabine.Mueller_"}, "user_id": "DE.1349"}
    item = {**HEAD, "from": None, "from_user_id": "DE.1349", "type": "text", "text": {"body": "x"}}
    event = one("messages", contacts=[contact], messages=[item])
    assert event.sender == (BSUID, Identity(IdentityKind.USERNAME, "Sabine.Mueller_"))
    assert event.profile_name == "Sabine"


@pytest.mark.parametrize(
    ("item", "contact", "sender"),
    [
        ({"from": "491712345678", "from_user_id": "DE.1349"}, {}, (SABINE, BSUID)),
        ({"from": "491712345678"}, {"wa_id": "491712345678", "user_id": "DE.1349"}, (SABINE, BSUID)),
        ({"from_user_id": "DE.1349"}, {"wa_id": "491712345678", "user_id": "DE.1349"}, (SABINE, BSUID)),
        ({"from_user_id": "DE.1349"}, {"user_id": "DE.1349"}, (BSUID,)),
        ({}, {"wa_id": "491712345678"}, (SABINE,)),
        ({"from_user_id": "DE.ENT.aBc"}, {}, (Identity(IdentityKind.BSUID, "DE.ENT.aBc"),)),
        ({"from": "DE.1349"}, {}, None),
        ({"from": ""}, {"profile": {"username": "sabine"}}, None),
        ({"from": "491712345678"}, {"wa_id": "499999", "user_id": "DE.9"}, (SABINE,)),
        ({"from": "5215512345678"}, {}, (Identity(IdentityKind.PHONE, "+5215512345678"),)),
    ],
)
def test_number_and_id_may_each_be_missing(
    item: dict[str, Any], contact: dict[str, Any], sender: Any
) -> None:
    said = {"id": "wamid.A", "timestamp": "1763640000", "type": "text", "text": {"body": "x"}, **item}
    event = one("messages", contacts=[contact], messages=[said])
    assert event.sender == sender if sender else isinstance(event, UnknownEvent)


@pytest.mark.parametrize(
    ("item", "old", "new"),
    [
        (
            {"system": {"type": "user_changed_number", "wa_id": "491700000000"}},
            (SABINE,),
            (Identity(IdentityKind.PHONE, "+491700000000"),),
        ),
        (
            {
                "system": {
                    "type": "user_changed_number",
                    "wa_id": "491700000000",
                    "user_id": "DE.2",
                    "previous_user_id": "DE.1349",
                }
            },
            (SABINE, BSUID),
            (Identity(IdentityKind.PHONE, "+491700000000"), Identity(IdentityKind.BSUID, "DE.2")),
        ),
        (
            {
                "from": None,
                "system": {"type": "user_changed_user_id", "user_id": "DE.2", "previous_user_id": "DE.1349"},
            },
            (BSUID,),
            (Identity(IdentityKind.BSUID, "DE.2"),),
        ),
        (
            {"system": {"type": "customer_changed_number", "new_wa_id": "491700000000"}},
            (SABINE,),
            (Identity(IdentityKind.PHONE, "+491700000000"),),
        ),
    ],
)
def test_a_person_has_a_new_name(item: dict[str, Any], old: Any, new: Any) -> None:
    assert told(type="system", **item) == Renamed("wamid.A", old, new, AT)


@pytest.mark.parametrize(
    "system",
    [
        {"type": "customer_identity_changed"},
        {"type": "user_changed_number"},
        {"type": "user_changed_number", "wa_id": 7},
        {},
        [],
        None,
    ],
)
def test_other_system_messages_are_kept(system: Any) -> None:
    assert isinstance(told(type="system", system=system), UnknownEvent)


# Messages that change messages


def test_an_edit_and_a_revoke_name_their_message() -> None:
    edited = {"original_message_id": "wamid.O", "message": {"type": "text", "text": {"body": "neu"}}}
    assert told(type="edit", edit=edited) == Change("wamid.A", "wamid.O", (SABINE,), AT, "neu")
    caption = {
        "original_message_id": "wamid.O",
        "message": {"type": "image", "image": {"id": "7", "caption": "so"}},
    }
    assert told(type="edit", edit=caption).text == "so"
    revoked = {"original_message_id": "wamid.O"}
    assert told(type="revoke", revoke=revoked) == Change("wamid.A", "wamid.O", (SABINE,), AT, None)


@pytest.mark.parametrize(
    "broken", [{}, {"original_message_id": ""}, {"original_message_id": "x", "message": {}}, None, []]
)
def test_an_edit_without_its_text_takes_nothing_back(broken: Any) -> None:
    assert isinstance(told(type="edit", edit=broken), UnknownEvent)


@pytest.mark.parametrize("emoji", [{"emoji": "👍"}, {"emoji": ""}, {}])
def test_a_reaction_names_its_message_and_empty_means_taken_away(emoji: dict[str, str]) -> None:
    event = told(type="reaction", reaction={"message_id": "wamid.Q", **emoji})
    assert (event.kind, event.text, event.context_id) == (
        MessageKind.REACTION,
        emoji.get("emoji", ""),
        "wamid.Q",
    )


def test_an_opened_chat_is_no_message() -> None:
    assert isinstance(told(type="request_welcome"), UnknownEvent)


# The firm's own phone


def test_an_echo_is_what_the_firm_wrote_by_hand() -> None:
    item = {
        "from": "4915112345678",
        "to": "491712345678",
        "to_user_id": "DE.1349",
        "id": "wamid.E",
        "timestamp": "1763640000",
    }
    event = one(
        "smb_message_echoes",
        message_echoes=[
            {**item, "type": "text", "text": {"body": "bis gleich"}, "context": {"id": "wamid.Q"}}
        ],
    )
    assert event == Echo("wamid.E", (SABINE, BSUID), AT, MessageKind.TEXT, "bis gleich", context_id="wamid.Q")
    gone = one(
        "smb_message_echoes",
        message_echoes=[{**item, "type": "revoke", "revoke": {"original_message_id": "wamid.E"}}],
    )
    assert gone == Change("wamid.E", "wamid.E", (SABINE, BSUID), AT, None)


def test_echoes_of_another_number_are_not_ours() -> None:
    other = {
        "metadata": {"phone_number_id": "1"},
        "message_echoes": [{**HEAD, "to": "49", "type": "text", "text": {"body": "x"}}],
    }
    assert [type(event) for event in parse("smb_message_echoes", other)] == [UnknownEvent]


# Statuses


def test_played_is_read_and_a_skipped_status_is_no_trouble() -> None:
    statuses = [{"id": "wamid.C", "status": word, "timestamp": "1"} for word in ("read", "played", "deleted")]
    found = parse("messages", {"metadata": METADATA, "statuses": statuses})
    assert [event.status if isinstance(event, StatusUpdate) else None for event in found] == [
        Status.READ,
        Status.READ,
        None,
    ]


def test_a_failed_status_keeps_its_reason_and_says_when_to_try_again() -> None:
    error = {"code": 131047, "title": "T", "error_data": {"details": "zu"}}
    event = one(
        "messages", statuses=[{"id": "wamid.C", "status": "failed", "timestamp": "1", "errors": [error, 7]}]
    )
    assert event.failure == NeedsTemplate("131047: zu", 60.0)


# News of the account


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        (
            "message_template_status_update",
            {
                "event": "PAUSED",
                "message_template_id": 1,
                "message_template_name": "frage",
                "message_template_language": "de",
                "reason": "LOW_QUALITY",
            },
            "frage · de · PAUSED · LOW_QUALITY",
        ),
        (
            "template_category_update",
            {
                "message_template_name": "frage",
                "message_template_language": "de",
                "new_category": "MARKETING",
            },
            "frage · de · MARKETING",
        ),
        (
            "message_template_quality_update",
            {"message_template_name": "frage", "message_template_language": "de", "new_quality_score": "RED"},
            "frage · de · RED",
        ),
        (
            "phone_number_quality_update",
            {"display_phone_number": "49151", "event": "FLAGGED", "current_limit": "TIER_1K"},
            "49151 · FLAGGED · TIER_1K",
        ),
        ("something_new_update", {"wert": 1}, '{"wert": 1}'),
    ],
)
def test_news_are_routed_by_field_without_a_number(field: str, value: dict[str, Any], detail: str) -> None:
    event = news(field, **value)
    assert (event.topic, event.detail, event.health) == (field, detail, "")


def test_the_same_news_at_another_time_are_news() -> None:
    keys = {news("message_template_status_update", event="PAUSED", at=at).key for at in (1, 1, 2)}
    assert len(keys) == 2


def test_news_of_another_business_account_are_not_ours() -> None:
    assert isinstance(news("account_update", entry="77", event="ACCOUNT_DELETED"), UnknownEvent)
    through_partner = news(
        "account_update", entry="77", event="PARTNER_REMOVED", waba_info={"waba_id": SETTINGS["waba_id"]}
    )
    assert through_partner.health == "reauth"
    (event,) = parse("account_update", {"event": "ACCOUNT_DELETED"}, entry="77", waba_id="")
    assert isinstance(event, HealthEvent)


@pytest.mark.parametrize(
    ("value", "health"),
    [
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, "paused"),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}, ""),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, "ok"),
        ({"event": "DISABLED_UPDATE"}, ""),
        (
            {
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
            },
            "",
        ),
        (
            {
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [7, {"restriction_type": "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"}],
            },
            "paused",
        ),
        ({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ADULT"}}, ""),
        ({"event": "ACCOUNT_OFFBOARDED"}, "reauth"),
        ({"event": "ACCOUNT_RECONNECTED"}, "ok"),
        ({"event": ["?"], "ban_info": 7, "restriction_info": {"x": []}, "waba_info": 3}, ""),
    ],
)
def test_what_an_account_update_makes_of_the_account(value: dict[str, Any], health: str) -> None:
    assert news("account_update", **value).health == health


def test_an_error_without_a_message_is_news_too() -> None:
    event = one("messages", errors=[{"code": 131042, "title": "Payment"}])
    assert (event.topic, event.detail, event.health) == ("errors", "131042: Payment", "paused")
    assert isinstance(one("messages", errors=[{"title": "ohne Code"}]), UnknownEvent)


def test_the_webhook_bodies_of_the_specs_are_read() -> None:
    channel = Whatsapp(SETTINGS, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # parse is pure
    cases = spec("compiled/hub-signature-vectors.json")["cases"]
    assert all(channel.parse(case["raw_body"].encode()) for case in cases)


# The same through the sandbox, the real webhook's way


async def test_life_on_the_customers_phone_is_heard(line: Line) -> None:
    await line.opened()
    await line.say(draft("Welche Fuge?"))
    await line.sandbox.settle()
    line.bodies.clear()
    for act, word in [
        ("react", ""),
        ("unreact", ""),
        ("edit", "Neu"),
        ("revoke", ""),
        ("stop", ""),
        ("resume", ""),
        ("number", "+491700000000"),
        ("username", "sabine.m"),
        ("number", "+491700000001"),
    ]:
        await line.http.post("/phone/sabine/acts", data={"act": act, "word": word})
        await line.sandbox.settle()
    question = line.sabine.bubbles[1].id
    events = line.events()
    assert [type(event) for event in events] == [
        InboundMessage,
        InboundMessage,
        Change,
        Change,
        OptOut,
        OptOut,
        Renamed,
        Renamed,
    ]
    first, second, edit, revoke, stop, resume, number, hidden = events
    assert isinstance(first, InboundMessage)
    assert isinstance(second, InboundMessage)
    assert [(one.text, one.context_id) for one in (first, second)] == [("👍", question), ("", question)]
    assert isinstance(edit, Change)
    assert isinstance(revoke, Change)
    assert (edit.text, revoke.text, edit.foreign_id) == ("Neu", None, line.sabine.bubbles[0].id)
    assert isinstance(stop, OptOut)
    assert isinstance(resume, OptOut)
    assert (stop.stopped, resume.stopped) == (True, False)
    assert isinstance(number, Renamed)
    assert isinstance(hidden, Renamed)
    assert [name.kind.value for name in (*number.old, *number.new)] == ["phone", "bsuid"] * 2
    assert [name.kind.value for name in (*hidden.old, *hidden.new)] == ["bsuid", "bsuid"]
    assert hidden.old == number.new[1:]
    assert 'value="username"' in (await line.http.get("/phone/sabine")).text


async def test_a_username_hides_the_number_and_can_be_answered(line: Line) -> None:
    line.sandbox.whatsapp.life.adopt(line.sabine.person, "sabine.m")
    line.sabine.write("Guten Tag")
    await line.sandbox.settle()
    (message,) = line.inbound()
    assert [name.kind.value for name in message.sender] == ["bsuid", "username"]
    assert not any(b"491712345678" in body for body, _ in line.bodies)
    steps = line.channel.plan(draft("Hallo"), message.sender[0], line.at, line.at.replace(hour=20))
    assert isinstance(steps, list)
    assert isinstance(await line.channel.send(steps[0], steps[0].intent_id, load), Accepted)


async def test_what_the_firms_phone_writes_comes_as_an_echo(line: Line) -> None:
    await line.opened()
    life = line.sandbox.whatsapp.life
    bubble = life.echo(line.sabine.account, line.sabine.person, "Bin gleich da")
    life.echo_revoked(line.sabine.account, line.sabine.person, bubble)
    await line.sandbox.settle()
    echo, gone = line.events()
    assert isinstance(echo, Echo)
    assert (echo.foreign_id, echo.text, echo.to[0]) == (bubble.id, "Bin gleich da", SABINE)
    assert isinstance(gone, Change)
    assert (gone.foreign_id, gone.text) == (bubble.id, None)


async def test_meta_judges_templates_numbers_and_accounts(line: Line) -> None:
    life = line.sandbox.whatsapp.life
    life.judge(TEMPLATE.name, state="PAUSED", quality="RED", category="MARKETING")
    life.rate(line.sabine.account, "RED")
    life.restrict(line.sabine.account, "DISABLED_UPDATE", ban_info={"waba_ban_state": "DISABLE"})
    await line.sandbox.settle()
    topics = [(event.topic, event.health) for event in line.events() if isinstance(event, HealthEvent)]
    assert topics == [
        ("message_template_status_update", ""),
        ("message_template_quality_update", ""),
        ("template_category_update", ""),
        ("phone_number_quality_update", ""),
        ("account_update", "paused"),
    ]
    (synced,) = await line.channel.templates()
    assert (synced.state, synced.quality, synced.category, synced.approved) == (
        "PAUSED",
        "RED",
        "MARKETING",
        False,
    )


async def test_who_stopped_advertising_gets_no_marketing_template(line: Line) -> None:
    line.sandbox.whatsapp.life.judge(TEMPLATE.name, category="MARKETING")
    line.sandbox.whatsapp.life.prefer(line.sabine.account, line.sabine.person, stopped=True)
    (outcome,) = await line.say(draft("Frühjahrsaktion", 1), None)
    assert isinstance(outcome, OptedOut)
    assert line.sabine.bubbles == []


def test_a_payment_that_is_missing_pauses() -> None:
    error = {"code": 131042, "title": "T"}
    event = one(
        "messages", statuses=[{"id": "wamid.C", "status": "failed", "timestamp": "1", "errors": [error]}]
    )
    assert event.failure == Paused("131042: T", "account.payment")
