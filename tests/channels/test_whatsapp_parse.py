"""Webhooks: refused unless signed, read without ever raising, every item on its own."""

import hashlib
import hmac
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.channels.whatsapp.channel import Whatsapp
from server.domain.events import (
    InboundMessage,
    MessageKind,
    OptOut,
    Status,
    StatusUpdate,
    UnknownEvent,
)
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import OptedOut, Permanent
from tests.channels.lines import SETTINGS, Line, spec

METADATA = {"display_phone_number": "4915112345678", "phone_number_id": SETTINGS["phone_number_id"]}
CONTACT = {"profile": {"name": "Sabine"}, "wa_id": "491712345678", "user_id": "DE.1349"}
HEAD = {"from": "491712345678", "from_user_id": "DE.1349", "id": "wamid.A", "timestamp": "1763640000"}
TEXT = {**HEAD, "type": "text", "text": {"body": "Mängel 🔧"}}
IMAGE = {
    **HEAD,
    "id": "wamid.B",
    "type": "image",
    "image": {"id": "77", "mime_type": "image/jpeg", "sha256": "YWJj", "caption": "hier"},
}
STATUS = {
    "id": "wamid.C",
    "status": "delivered",
    "timestamp": "1763640001",
    "recipient_id": "491712345678",
    "biz_opaque_callback_data": "0193",
    "pricing": {"billable": True, "pricing_model": "PMP", "category": "service"},
}


def hook(field: str = "messages", **value: Any) -> bytes:
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": METADATA, **value}}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    ).encode()


def one(line: Line, **item: Any) -> Any:
    (event,) = line.channel.parse(hook(contacts=[CONTACT], messages=[{**HEAD, **item}]))
    return event


async def test_a_text_is_read_whole(line: Line) -> None:
    assert one(line, **TEXT, context={"from": "49151", "id": "wamid.Q"}) == InboundMessage(
        foreign_id="wamid.A",
        sender=(Identity(IdentityKind.PHONE, "+491712345678"), Identity(IdentityKind.BSUID, "DE.1349")),
        sent_at=datetime(2025, 11, 20, 12, 0, tzinfo=UTC),
        kind=MessageKind.TEXT,
        text="Mängel 🔧",
        context_id="wamid.Q",
        profile_name="Sabine",
    )


@pytest.mark.parametrize(
    ("item", "kind", "text", "button"),
    [
        ({"type": "button", "button": {"payload": "q:a", "text": "Ja"}}, "button", "Ja", "q:a"),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "q", "title": "A"}},
            },
            "button",
            "A",
            "q",
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "q", "title": "A"}},
            },
            "button",
            "A",
            "q",
        ),
        ({"type": "reaction", "reaction": {"message_id": "w", "emoji": "👍"}}, "reaction", "👍", ""),
        ({"type": "location", "location": {"latitude": 1.5, "longitude": 2}}, "location", "1.5, 2", ""),
        ({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ida"}}]}, "contacts", "Ida", ""),
        (
            {
                "type": "contacts",
                "contacts": [
                    {"name": {"formatted_name": "Ida"}, "phones": [{"phone": "+49 171"}, {"wa_id": "49172"}]}
                ],
            },
            "contacts",
            "Ida · +49 171 · 49172",
            "",
        ),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "other", "unsupported", ""),
        ({"type": "order", "order": {}}, "other", "order", ""),
        (
            {
                "type": "order",
                "order": {"text": "bitte", "product_items": [{"product_retailer_id": "Fuge", "quantity": 3}]},
            },
            "other",
            "3 × Fuge\nbitte",
            "",
        ),
        ({"type": "interactive", "errors": [{"code": 131000}]}, "other", "interactive", ""),
        ({"type": "interactive", "interactive": {"type": "nfm_reply"}}, "other", "interactive", ""),
        ({"type": "text", "text": []}, "other", "text", ""),
    ],
)
async def test_every_kind_of_message(
    line: Line, item: dict[str, Any], kind: str, text: str, button: str
) -> None:
    event = one(line, **item)
    assert (event.kind.value, event.text, event.button_id) == (kind, text, button)


async def test_an_image_names_its_file(line: Line) -> None:
    event = one(line, **IMAGE)
    assert (event.media.id, event.media.mime, event.media.sha256, event.text) == (
        "77",
        "image/jpeg",
        "YWJj",
        "hier",
    )


async def test_a_sender_without_a_number_is_known_by_his_id(line: Line) -> None:
    item = {name: value for name, value in TEXT.items() if name != "from"}
    contact = {"profile": {"name": "Sabine"}, "user_id": "DE.1349"}
    (event,) = line.channel.parse(hook(contacts=[contact], messages=[item]))
    assert isinstance(event, InboundMessage)
    assert event.sender == (Identity(IdentityKind.BSUID, "DE.1349"),)


async def test_a_status_brings_back_our_id(line: Line) -> None:
    (event,) = line.channel.parse(hook(statuses=[STATUS]))
    assert isinstance(event, StatusUpdate)
    assert (event.key, event.status, event.opaque) == ("wamid.C:delivered", Status.DELIVERED, "0193")
    assert (event.category, event.billable) == ("service", True)


@pytest.mark.parametrize(
    ("code", "failure"),
    [(131026, Permanent("recipient.unreachable", "131026: weg")), (131050, OptedOut("131050: weg"))],
)
async def test_a_failure_says_what_sending_would_have_said(line: Line, code: int, failure: object) -> None:
    error = {"code": code, "title": "T", "error_data": {"details": "weg"}}
    (event,) = line.channel.parse(hook(statuses=[{**STATUS, "status": "failed", "errors": [error]}]))
    assert isinstance(event, StatusUpdate)
    assert (event.status, event.failure, event.error_code) == (Status.FAILED, failure, str(code))


async def test_one_broken_item_spoils_only_itself(line: Line) -> None:
    broken: list[Any] = [
        {"id": None},
        "?",
        7,
        None,
        {**TEXT, "timestamp": "spät"},
        {**TEXT, "id": 9},
        {**IMAGE, "type": ["image"]},
    ]
    items = [TEXT, *broken, IMAGE]
    found = line.channel.parse(hook(contacts=[CONTACT], messages=items))
    assert [type(event) for event in found] == [InboundMessage, *[UnknownEvent] * len(broken), InboundMessage]
    assert len({event.key for event in found}) == len(items)
    entries = json.dumps({"entry": [None, {"changes": 3}, json.loads(hook(statuses=[STATUS]))["entry"][0]]})
    assert [type(event) for event in line.channel.parse(entries.encode())] == [
        UnknownEvent,
        UnknownEvent,
        StatusUpdate,
    ]


async def test_another_number_of_the_firm_is_not_ours(line: Line) -> None:
    other = {**METADATA, "phone_number_id": "1"}
    assert [type(event) for event in line.channel.parse(hook(metadata=other, messages=[TEXT]))] == [
        UnknownEvent
    ]


async def test_who_stops_us_in_his_settings_is_heard(line: Line) -> None:
    preference = {
        "wa_id": "491712345678",
        "value": "stop",
        "category": "marketing_messages",
        "timestamp": 1763640000,
    }
    (stop,) = line.channel.parse(hook("user_preferences", user_preferences=[preference]))
    assert isinstance(stop, OptOut)
    assert stop.stopped


async def test_texts_can_be_stored_anywhere(line: Line) -> None:
    event = one(line, type="text", text={"body": "a\x00b\ud800c"})
    assert event.text.encode() == "ab\ufffdc".encode()


async def test_public_signature_vectors(line: Line) -> None:
    vectors = spec("compiled/hub-signature-vectors.json")
    assert vectors["app_secret"] == SETTINGS["app_secret"]
    for case in vectors["cases"]:
        assert line.channel.verify(case["raw_body"].encode(), {"x-hub-signature-256": case["header"]})
    escaped, real = vectors["cases"][1:]
    assert not line.channel.verify(real["raw_body"].encode(), {"x-hub-signature-256": escaped["header"]})


async def test_a_thousand_flipped_bits_are_refused(line: Line) -> None:
    raw = hook(contacts=[CONTACT], messages=[TEXT, IMAGE])
    headers = {"x-hub-signature-256": signature(raw)}
    assert line.channel.verify(raw, headers)
    dice = random.Random(7)
    for _ in range(1000):
        place, bit = dice.randrange(len(raw)), 1 << dice.randrange(8)
        flipped = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        assert not line.channel.verify(flipped, headers)


async def test_wrong_signatures_are_refused(line: Line) -> None:
    right = signature(b"x")
    for wrong in (
        "",
        right[7:],
        right[:-1],
        right + "0",
        right.upper(),
        "sha1=" + right[7:],
        signature(b"x", "other"),
        "ü",
    ):
        assert not line.channel.verify(b"x", {"x-hub-signature-256": wrong})
    assert not line.channel.verify(b"x", {})


async def test_the_handshake_needs_our_word(line: Line) -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": SETTINGS["verify_token"],
    }
    assert line.channel.handshake(query) == "1158201444"
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
        assert line.channel.handshake({**query, **wrong}) is None
    assert line.channel.handshake({}) is None


def signature(raw: bytes, secret: str = SETTINGS["app_secret"]) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SEEDS = [
    hook(contacts=[CONTACT], messages=[TEXT, IMAGE], statuses=[STATUS]),
    hook(
        contacts=[CONTACT],
        messages=[{**HEAD, "type": "interactive", "interactive": {"list_reply": {"id": "1"}}}],
    ),
    hook("user_preferences", user_preferences=[{"wa_id": "49", "value": "stop", "timestamp": 1}]),
    hook(statuses=[{**STATUS, "status": "failed", "errors": [{"code": 1, "error_data": {"details": "x"}}]}]),
    hook(
        "account_update",
        event="ACCOUNT_RESTRICTION",
        restriction_info=[{"restriction_type": "x"}],
        ban_info={},
    ),
    hook("message_template_status_update", event="PAUSED", waba_info={"waba_id": "1"}),
    hook("smb_message_echoes", message_echoes=[{**TEXT, "to": "49", "to_user_id": "DE.1"}]),
    hook(messages=[{**HEAD, "type": "system", "system": {"type": "user_changed_number", "wa_id": "49"}}]),
    hook(messages=[{**HEAD, "type": "edit", "edit": {"original_message_id": "x", "message": TEXT}}]),
    hook(messages=[{**HEAD, "type": "revoke", "revoke": {"original_message_id": "x"}}]),
    hook(messages=[{**HEAD, "type": "reaction", "reaction": {"message_id": "x"}}], errors=[{"code": 1}]),
    hook(messages=[{**HEAD, "type": "contacts", "contacts": [{"name": {}, "phones": [{"phone": "1"}]}]}]),
    hook(
        messages=[
            {
                **HEAD,
                "type": "order",
                "order": {"product_items": [{"quantity": 1}]},
                "errors": [{"code": 131052}],
            }
        ]
    ),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in inner for deeper in places(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_makes_the_reader_raise(data: st.DataObject) -> None:
    channel = Whatsapp(SETTINGS, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # parse is pure
    body = json.loads(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 3))):
        body = put(body, data.draw(st.sampled_from(places(body))), data.draw(JSON))
    found = channel.parse(json.dumps(body).encode())
    assert all(event.key and len(event.key) <= 300 for event in found)
    repr([str(event).encode() for event in found])


@given(st.binary(max_size=200))
def test_rubbish_is_one_unknown_event(raw: bytes) -> None:
    channel = Whatsapp(SETTINGS, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # parse is pure
    assert [type(event) for event in channel.parse(raw)] == [UnknownEvent]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"entry":' * 5_000,
        b'{"entry":[{"changes":[{"field":"x","value":' + b"[" * 900 + b"]" * 900 + b"}]}]}",
    ],
)
def test_depth_is_no_weapon(raw: bytes) -> None:
    channel = Whatsapp(SETTINGS, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # parse is pure
    assert [type(event) for event in channel.parse(raw)] == [UnknownEvent]
