"""Webhooks of a page: refused unless signed, read without ever raising, every item on its own."""

import hashlib
import hmac
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.channels.messenger.channel import Messenger
from server.domain.events import (
    Change,
    Echo,
    HealthEvent,
    InboundMessage,
    Joined,
    MediaRef,
    MessageKind,
    Status,
    StatusUpdate,
    UnknownEvent,
    Watermark,
)
from server.domain.identities import Identity, IdentityKind
from tests.channels.lines import spec
from tests.channels.messenger_lines import PAGE, SETTINGS

CHANNEL = Messenger(SETTINGS, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # parse is pure
PSID = "5123456789012345"
SENDER = (Identity(IdentityKind.PSID, PSID),)
AT = datetime(2026, 11, 20, 12, 0, 0, 123000, tzinfo=UTC)
MS = 1795176000123
FRAME = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": MS}
ECHO_FRAME = {"sender": {"id": PAGE}, "recipient": {"id": PSID}, "timestamp": MS}
INTENT = "01939c5e-8d3c-7b1a-9f00-0123456789ab"
PHOTO = {"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/v/a.jpg?oh=1"}}
REF = MediaRef(id="https://scontent.xx.fbcdn.net/v/a.jpg?oh=1")
TEXT = {**FRAME, "message": {"mid": "m_A", "text": "Mängel 🔧"}}
ALBUM = {**FRAME, "message": {"mid": "m_B", "text": "hier", "attachments": [PHOTO, PHOTO]}}
TAP = {**FRAME, "postback": {"mid": "m_C", "title": "Weiß", "payload": "q:a", "referral": {"ref": "wort"}}}
DELIVERY = {**FRAME, "delivery": {"mids": ["m_1", "m_2"], "watermark": MS}}
READ = {**FRAME, "read": {"watermark": MS}}
REACTION = {**FRAME, "reaction": {"reaction": "love", "emoji": "❤", "action": "react", "mid": "m_1"}}
EDIT = {**FRAME, "message_edit": {"mid": "m_A", "text": "Mangel", "num_edit": 1}}
ECHO = {
    **ECHO_FRAME,
    "message": {"mid": "m_D", "is_echo": True, "app_id": 7, "metadata": INTENT, "text": "Hallo"},
}
POLICY = {
    "recipient": {"id": PAGE},
    "timestamp": MS,
    "policy_enforcement": {"action": "block", "reason": "spam"},
}
LINKED = {**FRAME, "referral": {"ref": "wort", "source": "SHORTLINK", "type": "OPEN_THREAD"}}


def hook(*items: Any, channel: str = "messaging", page: str = PAGE) -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": page, "time": MS, channel: list(items)}]}).encode()


def parse(*items: Any) -> list[Any]:
    return list(CHANNEL.parse(hook(*items)))


def said(**message: Any) -> list[Any]:
    return parse({**FRAME, "message": {"mid": "m_A", **message}})


def test_a_text_is_read_whole() -> None:
    assert said(text="Mängel 🔧", reply_to={"mid": "m_Q"}) == [
        InboundMessage("m_A", SENDER, AT, MessageKind.TEXT, text="Mängel 🔧", context_id="m_Q")
    ]


def test_taps_on_both_kinds_of_buttons() -> None:
    (quick,) = said(text="Weiß", quick_reply={"payload": "q:a"})
    assert (quick.kind, quick.text, quick.button_id) == (MessageKind.BUTTON, "Weiß", "q:a")
    joined, tap = parse(TAP)
    assert (tap.foreign_id, tap.kind, tap.text, tap.button_id) == ("m_C", MessageKind.BUTTON, "Weiß", "q:a")
    assert joined == Joined("m_C:ref", SENDER, AT, "wort")


def test_a_tap_without_an_id_has_the_same_one_every_time() -> None:
    bare = {**FRAME, "postback": {"title": "Weiß", "payload": "q:a"}}
    other = {**FRAME, "postback": {"title": "Weiß", "payload": "q:b"}}
    (first,), (again,), (different,) = parse(bare), parse(bare), parse(other)
    assert first.key == again.key != different.key


def test_a_tap_in_standby_has_no_payload() -> None:
    (tap,) = CHANNEL.parse(hook({**FRAME, "postback": {"mid": "m_C", "title": "Weiß"}}, channel="standby"))
    assert isinstance(tap, InboundMessage)
    assert (tap.text, tap.button_id) == ("Weiß", "")


def test_several_files_are_several_messages() -> None:
    first, second = parse(ALBUM)
    assert (first.key, first.text, first.media) == ("m_B", "hier", REF)
    assert (second.key, second.text, second.media) == ("m_B#2", "", REF)


STICKER = {"url": "https://scontent.xx.fbcdn.net/s.png", "sticker_id": 369239263222822}


@pytest.mark.parametrize(
    ("attachment", "kind", "text", "address"),
    [
        ({"type": "video", "payload": {"url": "https://video.xx.fbcdn.net/a"}}, "video", "", "https://video.xx.fbcdn.net/a"),
        ({"type": "audio", "payload": {"url": "https://cdn.fbsbx.com/a"}}, "audio", "", "https://cdn.fbsbx.com/a"),
        ({"type": "file", "payload": {"url": "https://cdn.fbsbx.com/x/Pl%C3%A4ne.pdf?a=b"}}, "document", "",
         "https://cdn.fbsbx.com/x/Pl%C3%A4ne.pdf?a=b"),
        ({"type": "image", "payload": STICKER}, "sticker", "", STICKER["url"]),
        ({"type": "sticker", "payload": {"sticker_id": 3}}, "sticker", "", None),
        ({"type": "location", "title": "Hier", "payload": {"coordinates": {"lat": 50.9, "long": 6.9}}}, "location",
         "Hier\n50.9, 6.9", None),
        ({"type": "fallback", "title": "Fliesen", "url": "https://a.example/"}, "text", "Fliesen\nhttps://a.example/", None),
        ({"type": "fallback", "payload": None}, "other", "fallback", None),
        ({"type": "post", "payload": {"title": "Beitrag", "url": "https://fb.example/1"}}, "other",
         "Beitrag\nhttps://fb.example/1", None),
        ({"type": "ig_reel", "payload": {}}, "other", "ig_reel", None),
        ({"type": "template", "payload": {"template_type": "button", "text": "Ja?"}}, "text", "Ja?", None),
        ({"type": "image", "payload": {"url": "javascript:x"}}, "other", "image", None),
        ({"type": "image", "payload": {"url": 7}}, "other", "image", None),
        ({"type": "image"}, "other", "image", None),
        ({"type": None}, "other", "None", None),
    ],
)  # fmt: skip
def test_every_kind_of_attachment(
    attachment: dict[str, Any], kind: str, text: str, address: str | None
) -> None:
    (event,) = said(attachments=[attachment])
    assert (event.kind.value, event.text) == (kind, text)
    assert (event.media.id if event.media else None) == address


def test_a_file_brings_its_name() -> None:
    (event,) = said(
        attachments=[{"type": "file", "payload": {"url": "https://cdn.fbsbx.com/x/Pl%C3%A4ne.pdf?a=b"}}]
    )
    assert event.media.name == "Pläne.pdf"


def test_a_sticker_with_two_faces_is_one_message() -> None:
    """Until 30 August 2026 a sticker came as image and as sticker, from then on as sticker only (changelog)."""
    both = [{"type": "image", "payload": STICKER}, {"type": "sticker", "payload": STICKER}]
    for attachments in (both, both[::-1], both[1:], both[:1]):
        (event,) = said(attachments=attachments)
        assert (event.kind, event.media.id, event.key) == (MessageKind.STICKER, STICKER["url"], "m_A")


def test_a_photo_beside_a_sticker_stays() -> None:
    events = said(attachments=[PHOTO, {"type": "sticker", "payload": STICKER}])
    assert [event.kind.value for event in events] == ["image", "sticker"]


def test_the_preview_of_a_link_is_no_message_of_its_own() -> None:
    (event,) = said(
        text="https://a.example/", attachments=[{"type": "fallback", "url": "https://l.facebook.com/1"}]
    )
    assert (event.kind, event.text) == (MessageKind.TEXT, "https://a.example/")


@pytest.mark.parametrize("message", [{}, {"is_unsupported": True}, {"attachments": []}, {"attachments": "?"}])
def test_what_the_platform_cannot_name_is_still_a_message(message: dict[str, Any]) -> None:
    (event,) = said(**message)
    assert (event.kind, event.text, event.key) == (MessageKind.OTHER, "unsupported", "m_A")


def test_our_own_words_come_back_by_our_id() -> None:
    assert parse(ECHO) == [Echo("m_D", SENDER, AT, MessageKind.TEXT, text="Hallo", opaque=INTENT)]


@pytest.mark.parametrize("metadata", [None, "", "chatfuel", 7])
def test_words_from_the_pages_inbox_are_by_hand(metadata: Any) -> None:
    message = {
        "mid": "m_D",
        "is_echo": True,
        "app_id": 263902037430900,
        "text": "Bis morgen",
        "metadata": metadata,
    }
    (echo,) = parse({**ECHO_FRAME, "message": message})
    assert (echo.opaque, echo.text, echo.to) == ("", "Bis morgen", SENDER)


def test_several_files_sent_by_hand_are_several_echoes() -> None:
    message = {"mid": "m_D", "is_echo": True, "attachments": [PHOTO, PHOTO]}
    echoes = parse({**ECHO_FRAME, "message": message})
    assert [(echo.foreign_id, echo.media) for echo in echoes] == [("m_D", REF), ("m_D#2", REF)]
    ours = parse({**ECHO_FRAME, "message": {**message, "metadata": INTENT}})
    assert [(echo.foreign_id, echo.opaque) for echo in ours] == [("m_D", INTENT)]


def test_an_echo_of_somebody_else_is_not_ours() -> None:
    (event,) = parse({**FRAME, "message": {"mid": "m_D", "is_echo": True, "text": "falsch herum"}})
    assert isinstance(event, UnknownEvent)


def test_delivered_and_read_are_watermarks() -> None:
    first, second, mark = parse(DELIVERY)
    assert [first, second] == [StatusUpdate(mid, Status.DELIVERED, AT) for mid in ("m_1", "m_2")]
    assert mark == Watermark(f"{PSID}:delivered:{MS}", SENDER, Status.DELIVERED, AT)
    assert parse(READ) == [Watermark(f"{PSID}:read:{MS}", SENDER, Status.READ, AT)]
    (alone,) = parse({**FRAME, "delivery": {"watermark": MS}})
    assert alone == mark


def test_a_delivery_needs_no_time_of_its_own() -> None:
    item = {name: value for name, value in DELIVERY.items() if name != "timestamp"}
    assert parse(item) == parse(DELIVERY)


def test_reactions_edits_and_withdrawals() -> None:
    (love,) = parse(REACTION)
    assert (love.kind, love.text, love.context_id) == (MessageKind.REACTION, "❤", "m_1")
    (gone,) = parse({**REACTION, "reaction": {**REACTION["reaction"], "action": "unreact"}})  # type: ignore[dict-item]
    assert (gone.kind, gone.text) == (MessageKind.REACTION, "")
    assert love.key != gone.key
    assert parse(EDIT) == [Change("m_A:edit:1", "m_A", SENDER, AT, "Mangel")]
    assert said(is_deleted=True) == [Change("m_A:deleted", "m_A", SENDER, AT, None)]


def test_metas_example_of_a_tap() -> None:
    """messaging_postbacks as Meta's page prints it: in the frame of a change, seconds written as text."""
    value = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": "1527459824",
             "postback": {"mid": "m_1", "title": "Ja", "payload": "q:a"}}  # fmt: skip
    raw = json.dumps({"entry": [{"id": PAGE, "changes": [{"field": "messaging_postbacks", "value": value}]}]})
    (tap,) = CHANNEL.parse(raw.encode())
    assert isinstance(tap, InboundMessage)
    assert (tap.button_id, tap.sent_at) == ("q:a", datetime(2018, 5, 27, 22, 23, 44, tzinfo=UTC))


def test_links_with_a_word_bind() -> None:
    (joined,) = parse(LINKED)
    assert (joined.sender, joined.payload) == (SENDER, "wort")
    assert parse(LINKED)[0].key == joined.key
    (event,) = parse({**FRAME, "referral": {"source": "ADS", "type": "OPEN_THREAD"}})
    assert isinstance(event, UnknownEvent)
    joined, message = said(text="Hallo", referral={"ref": "wort"})
    assert (joined.payload, message.text) == ("wort", "Hallo")


@pytest.mark.parametrize(("action", "health"), [("block", "paused"), ("unblock", "ok"), ("warning", "")])
def test_the_pages_own_fate(action: str, health: str) -> None:
    (event,) = parse({**POLICY, "policy_enforcement": {"action": action, "reason": "spam"}})
    assert isinstance(event, HealthEvent)
    assert (event.topic, event.health) == ("policy_enforcement", health)


@pytest.mark.parametrize(
    "name",
    ["optin", "account_linking", "pass_thread_control", "take_thread_control", "app_roles", "neu_2027"],
)
def test_what_is_new_is_kept(name: str) -> None:
    (event,) = parse({**FRAME, name: {"a": 1}})
    assert isinstance(event, UnknownEvent)
    assert event.topic == name
    assert json.loads(event.raw)[name] == {"a": 1}


def test_one_broken_item_spoils_only_itself() -> None:
    broken: list[Any] = [
        {},
        "?",
        7,
        None,
        {**TEXT, "timestamp": "spät"},
        {**TEXT, "timestamp": 10**30},
        {**TEXT, "sender": {"id": PAGE}},
        {**TEXT, "sender": {"user_ref": "x"}},
        {**TEXT, "message": {"mid": "m" * 500, "text": "x"}},
        {**TEXT, "message": []},
        {**READ, "read": {}},
    ]
    found = parse(TEXT, *broken, READ)
    assert [type(event) for event in found] == [InboundMessage, *[UnknownEvent] * len(broken), Watermark]
    assert len({event.key for event in found}) == len(found)
    mixed = parse({**DELIVERY, "delivery": {"mids": [None, "m_2"], "watermark": MS}})
    assert [type(event) for event in mixed] == [UnknownEvent, StatusUpdate, Watermark]


def test_entries_that_are_not_ours() -> None:
    body = {"entry": [None, {"id": PAGE}, {"id": "9", "messaging": [TEXT]}, {"id": PAGE, "changes": [{"field": "feed"}]},
                      {"id": PAGE, "messaging": [TEXT], "standby": [READ]}]}  # fmt: skip
    found = CHANNEL.parse(json.dumps(body).encode())
    assert [type(event) for event in found] == [*[UnknownEvent] * 4, InboundMessage, Watermark]


def test_the_example_of_the_shared_vectors() -> None:
    """The signature is Meta's for every product, so WhatsApp's vectors hold here too."""
    vectors = spec("compiled/hub-signature-vectors.json")
    ours = Messenger({**SETTINGS, "app_secret": vectors["app_secret"]}, None, {"graph_base": "http://x"})  # type: ignore[arg-type]
    for case in vectors["cases"]:
        assert ours.verify(case["raw_body"].encode(), {"x-hub-signature-256": case["header"]})
    escaped, real = vectors["cases"][1:]
    assert not ours.verify(real["raw_body"].encode(), {"x-hub-signature-256": escaped["header"]})


def test_a_thousand_flipped_bits_are_refused() -> None:
    raw = hook(TEXT, ALBUM, READ)
    headers = {"x-hub-signature-256": signature(raw)}
    assert CHANNEL.verify(raw, headers)
    dice = random.Random(7)
    for _ in range(1000):
        place, bit = dice.randrange(len(raw)), 1 << dice.randrange(8)
        flipped = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        assert not CHANNEL.verify(flipped, headers)
    assert not CHANNEL.verify(json.dumps(json.loads(raw), ensure_ascii=False).encode(), headers)


def test_wrong_signatures_are_refused() -> None:
    right = signature(b"x")
    for wrong in ("", right[7:], right[:-1], right + "0", right.upper(), "sha1=" + right[7:], "ü"):
        assert not CHANNEL.verify(b"x", {"x-hub-signature-256": wrong})
    assert not CHANNEL.verify(b"x", {"x-hub-signature-256": signature(b"x", "other")})
    assert not CHANNEL.verify(b"x", {"x-hub-signature": right})
    assert not CHANNEL.verify(b"x", {})


def test_the_handshake_needs_our_word() -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": SETTINGS["verify_token"],
    }
    assert CHANNEL.handshake(query) == "1158201444"
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
        assert CHANNEL.handshake({**query, **wrong}) is None
    assert CHANNEL.handshake({}) is None


def signature(raw: bytes, secret: str = SETTINGS["app_secret"]) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SEEDS = [
    hook(TEXT, ALBUM, TAP),
    hook(DELIVERY, READ, REACTION, EDIT),
    hook(ECHO, POLICY, LINKED, channel="standby"),
    hook({**FRAME, "message": {"mid": "m", "attachments": [
        {"type": "location", "payload": {"coordinates": {"lat": 1, "long": 2}}},
        {"type": "sticker", "payload": STICKER}, {"type": "fallback", "title": "x"}]}}),
]  # fmt: skip


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
    body = json.loads(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 3))):
        body = put(body, data.draw(st.sampled_from(places(body))), data.draw(JSON))
    raw = json.dumps(body).encode()
    found = CHANNEL.parse(raw)
    assert found == CHANNEL.parse(raw)
    assert all(event.key and len(event.key) <= 300 for event in found)
    ids = [event.foreign_id for event in found if isinstance(event, InboundMessage | Echo)]
    assert all(0 < len(foreign_id) <= 200 for foreign_id in ids)
    assert all(
        event.sent_at.utcoffset() == timedelta() for event in found if isinstance(event, InboundMessage)
    )
    repr([str(event).encode() for event in found])


@given(st.binary(max_size=200))
def test_rubbish_is_one_unknown_event(raw: bytes) -> None:
    assert [type(event) for event in CHANNEL.parse(raw)] == [UnknownEvent]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"entry":' * 5_000,
        b'{"entry":[{"messaging":[{"x":' + b"[" * 900 + b"]" * 900 + b"}]}]}",
    ],
)
def test_depth_is_no_weapon(raw: bytes) -> None:
    assert [type(event) for event in CHANNEL.parse(raw)] == [UnknownEvent]
