"""Updates: taken only with our secret, read without ever raising; every kind becomes what it is."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.channels.telegram.channel import Telegram
from server.channels.telegram.plan import button_data
from server.domain.events import (
    NOT_TOLD,
    Change,
    Event,
    InboundMessage,
    Joined,
    MediaRef,
    MessageKind,
    OptOut,
    UnknownEvent,
)
from server.domain.identities import Identity, IdentityKind
from tests.channels.telegram_lines import BASES, SETTINGS, TelegramLine

CHANNEL = TelegramLine().channel
SABINE = (Identity(IdentityKind.CHAT, "4711"),)
CHAT = {"id": 4711, "type": "private", "first_name": "Sabine", "last_name": "Müller", "username": "sabine"}
USER = {"id": 4711, "is_bot": False, "first_name": "Sabine", "last_name": "Müller", "username": "sabine"}
NOON = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
HEAD = {"message_id": 12, "date": 1763640000, "chat": CHAT, "from": USER}
QUESTION = "0193a7c4-5e6f-7a80-9b1c-2d3e4f506172"
DATA = button_data(f"{QUESTION}:c2")
KEYBOARD = {"inline_keyboard": [[{"text": "Weiß", "callback_data": "~x"}], [{"text": "Manhattan", "callback_data": DATA}]]}  # fmt: skip
TAP = {"id": "4382bfdwdsb323b2d9", "from": USER, "chat_instance": "7", "data": DATA, "message": {**HEAD, "message_id": 9, "text": "Welche?", "reply_markup": KEYBOARD}}  # fmt: skip


def raw(topic: str, content: Any, number: Any = 900) -> bytes:
    return json.dumps({"update_id": number, topic: content}).encode()


def one(topic: str, content: Any) -> Event:
    (event,) = CHANNEL.parse(raw(topic, content))
    return event


def said(**content: Any) -> InboundMessage:
    event = one("message", {**HEAD, **content})
    assert isinstance(event, InboundMessage), event
    return event


def test_a_text_is_read_whole() -> None:
    event = said(text="Mängel 🔧", reply_to_message={**HEAD, "message_id": 5, "text": "Welche?"})
    assert event == InboundMessage(
        foreign_id="4711:12",
        sender=SABINE,
        sent_at=NOON,
        kind=MessageKind.TEXT,
        text="Mängel 🔧",
        context_id="4711:5",
        profile_name="Sabine Müller",
    )


def size(name: str, width: int, height: int) -> dict[str, Any]:
    return {"file_id": name, "file_unique_id": "u", "width": width, "height": height}


FILE = {"file_id": "F", "file_unique_id": "u"}


@pytest.mark.parametrize(
    ("content", "kind", "text", "media"),
    [
        ({"photo": [size("s", 90, 67), size("L", 1280, 960), size("m", 320, 240)], "caption": "hier"}, "image", "hier", MediaRef("L", "image/jpeg")),
        ({"document": {**FILE, "file_name": "Plan.pdf", "mime_type": "application/pdf"}}, "document", "", MediaRef("F", "application/pdf", name="Plan.pdf")),
        ({"voice": {**FILE, "duration": 3, "mime_type": "audio/ogg; codecs=opus"}}, "audio", "", MediaRef("F", "audio/ogg")),
        ({"document": {**FILE, "mime_type": "application/" + "x" * 120}}, "document", "", MediaRef("F", "application/" + "x" * 88)),
        ({"voice": {**FILE, "duration": 3}}, "audio", "", MediaRef("F", "audio/ogg")),
        ({"audio": {**FILE, "duration": 3}}, "audio", "", MediaRef("F", "audio/mpeg")),
        ({"video": {**FILE, "width": 1, "height": 1, "duration": 3}, "caption": "da"}, "video", "da", MediaRef("F", "video/mp4")),
        ({"video_note": {**FILE, "length": 1, "duration": 3}}, "video", "", MediaRef("F", "video/mp4")),
        ({"document": {**FILE, "file_name": "../" + "x" * 300 + ".pdf"}}, "document", "", MediaRef("F", name=".._" + "x" * 247 + "….pdf")),
        ({"document": {**FILE, "file_id": "D"}, "animation": {**FILE, "width": 1, "height": 1, "duration": 1}}, "video", "", MediaRef("F", "video/mp4")),
        ({"sticker": {**FILE, "emoji": "👍", "type": "regular"}}, "sticker", "👍", None),
        ({"location": {"latitude": 51.5, "longitude": 7}}, "location", "51.5, 7.0", None),
        ({"venue": {"location": {"latitude": 1.5, "longitude": 2}, "title": "Bau", "address": "Weg 1"}, "location": {"latitude": 1.5, "longitude": 2}}, "location", "Bau\nWeg 1\n1.5, 2.0", None),
        ({"contact": {"first_name": "Ida", "last_name": "Koch", "phone_number": "+491711"}}, "contacts", "Ida Koch +491711", None),
        ({"poll": {"id": "1"}}, "other", "poll", None),
        ({"story": {"id": 1}}, "other", "story", None),
        ({"live_photo": FILE, "caption": "lebt"}, "other", "lebt", None),
    ],
)  # fmt: skip
def test_every_kind_of_message(content: dict[str, Any], kind: str, text: str, media: MediaRef | None) -> None:
    event = said(**content)
    assert (event.kind.value, event.text, event.media) == (kind, text, media)


def test_an_album_is_one_message_a_photo() -> None:
    photos = [
        {**HEAD, "message_id": n, "media_group_id": "7", "photo": [size(f"P{n}", 9, 9)]} for n in (1, 2)
    ]
    found = [one("message", photo) for photo in photos]
    assert [event.key for event in found] == ["4711:1", "4711:2"]


def test_a_tap_names_its_question_and_what_it_was_put_to() -> None:
    assert one("callback_query", TAP) == InboundMessage(
        foreign_id="callback:4382bfdwdsb323b2d9",
        sender=SABINE,
        sent_at=NOT_TOLD,
        kind=MessageKind.BUTTON,
        text="Manhattan",
        button_id=f"{QUESTION}:c2",
        context_id="4711:9",
        profile_name="Sabine Müller",
    )


def test_a_tap_below_a_message_too_old_to_show_still_answers() -> None:
    event = one("callback_query", {**TAP, "message": {"chat": CHAT, "message_id": 9, "date": 0}})
    assert isinstance(event, InboundMessage)
    assert (event.button_id, event.text, event.context_id) == (f"{QUESTION}:c2", "", "4711:9")


@pytest.mark.parametrize(
    ("text", "payload"),
    [("/start", ""), ("/start aB-_9", "aB-_9"), ("/start@MalerBergerBot wort", "wort"), ("/start  w ", "w")],
)
def test_pressing_start_brings_the_word_along(text: str, payload: str) -> None:
    event = one("message", {**HEAD, "text": text})
    assert event == Joined("update:900", SABINE, NOON, payload, "Sabine Müller")


@pytest.mark.parametrize("text", ["/start zwei worte", "/starten", "Bitte /start wort", "/start ä", f"/start {'a' * 65}"])  # fmt: skip
def test_what_only_looks_like_start_is_a_message(text: str) -> None:
    assert said(text=text).text == text


def test_a_forwarded_start_word_opens_nothing() -> None:
    event = said(text="/start wort", forward_origin={"type": "user", "date": 1, "sender_user": USER})
    assert event.text == "/start wort"


def test_an_edited_message_is_a_change() -> None:
    event = one("edited_message", {**HEAD, "text": "Doch weiß", "edit_date": 1763640060})
    later = datetime(2025, 11, 20, 12, 1, tzinfo=UTC)
    assert event == Change("update:900", "4711:12", SABINE, later, "Doch weiß")


@pytest.mark.parametrize(("status", "stopped"), [("kicked", True), ("member", False)])
def test_blocking_and_letting_in_again(status: str, stopped: bool) -> None:
    member = {"status": status, "user": {"id": 1, "is_bot": True, "first_name": "B"}}
    content = {
        "chat": CHAT,
        "from": USER,
        "date": 1763640000,
        "old_chat_member": {},
        "new_chat_member": member,
    }
    assert one("my_chat_member", content) == OptOut("update:900", SABINE, NOON, stopped)


GROUP = {"id": -100, "type": "supergroup", "title": "Baustelle"}


@pytest.mark.parametrize(
    ("topic", "content"),
    [
        ("message", {**HEAD, "chat": GROUP, "text": "Hallo Gruppe"}),
        ("message", {**HEAD, "chat": {**GROUP, "type": "channel"}, "text": "Kanal"}),
        ("message", {**HEAD, "from": {**USER, "is_bot": True}, "text": "Ich bin ein Bot"}),
        ("message", {**HEAD, "pinned_message": HEAD}),
        ("message", {**HEAD, "message_auto_delete_timer_changed": {"message_auto_delete_time": 60}}),
        ("edited_message", {**HEAD, "chat": GROUP, "text": "x"}),
        ("callback_query", {**TAP, "message": {**HEAD, "chat": GROUP}}),
        ("callback_query", {"id": "1", "from": USER, "chat_instance": "1", "game_short_name": "g"}),
        ("callback_query", {**TAP, "data": None}),
        ("my_chat_member", {"chat": GROUP, "from": USER, "date": 1, "new_chat_member": {"status": "kicked"}}),
        ("my_chat_member", {"chat": CHAT, "from": USER, "date": 1, "new_chat_member": {"status": "left"}}),
        ("poll", {"id": "1"}),
        ("message_reaction", {"chat": CHAT}),
        ("message", {**HEAD, "message_id": True, "text": "x"}),
        ("message", {**HEAD, "message_id": 2**70, "text": "x"}),
        ("message", {**HEAD, "date": "gestern", "text": "x"}),
        ("message", {**HEAD, "date": 10**15, "text": "x"}),
        ("message", {**HEAD, "text": 7}),
        ("message", {**HEAD, "text": "x" * 5001}),
        ("message", {**HEAD, "photo": [{"file_id": 7, "width": 1, "height": 1}]}),
        ("message", {**HEAD, "document": {}}),
        ("message", {**HEAD, "location": {"latitude": "hier"}}),
        ("message", "Hallo"),
        ("message", None),
        ("message", []),
    ],
)
def test_what_is_no_customers_word_is_kept_as_unknown(topic: str, content: Any) -> None:
    event = one(topic, content)
    assert isinstance(event, UnknownEvent)
    assert (event.key, event.topic) == ("update:900", topic)
    assert json.loads(event.raw) == {"update_id": 900, topic: content}


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff", b"null", b'{"update_id":"1"}', b'{"message":{}}', b"[" * 100_000])  # fmt: skip
def test_a_body_that_is_no_update_is_kept(body: bytes) -> None:
    (event,) = CHANNEL.parse(body)
    assert isinstance(event, UnknownEvent)
    assert event.key.startswith("unknown:")


def test_an_update_without_content_is_kept() -> None:
    (event,) = CHANNEL.parse(b'{"update_id":5}')
    assert isinstance(event, UnknownEvent)
    assert (event.key, event.topic) == ("update:5", "empty")


def test_texts_can_be_stored_anywhere() -> None:
    assert said(text="a\x00b\ud800c").text.encode() == "ab\ufffdc".encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SEEDS: list[dict[str, Any]] = [
    {"message": {**HEAD, "text": "Hallo", "reply_to_message": HEAD}},
    {"message": {**HEAD, "photo": [size("s", 1, 1)], "caption": "x"}},
    {
        "message": {
            **HEAD,
            "venue": {"location": {"latitude": 1, "longitude": 1}, "title": "a", "address": "b"},
        }
    },
    {"message": {**HEAD, "contact": {"first_name": "Ida"}, "sticker": {"emoji": "x"}}},
    {"callback_query": TAP},
    {"edited_message": {**HEAD, "text": "neu", "edit_date": 1}},
    {"my_chat_member": {"chat": CHAT, "from": USER, "date": 1, "new_chat_member": {"status": "kicked"}}},
]


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150)
def test_garbage_never_raises_and_never_vanishes(body: bytes) -> None:
    (event,) = CHANNEL.parse(body)
    assert isinstance(event, UnknownEvent)
    assert 0 < len(event.key) <= 300
    assert "\0" not in event.raw


@given(st.sampled_from(SEEDS), JSON, st.randoms(use_true_random=False))
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_update_never_raises(seed: dict[str, Any], value: Any, dice: random.Random) -> None:
    update = json.loads(json.dumps({"update_id": 1, **seed}))
    place = update[next(iter(seed))]
    while (
        dice.random() < 0.7 and isinstance(place, dict) and any(isinstance(v, dict) for v in place.values())
    ):
        place = dice.choice([v for v in place.values() if isinstance(v, dict)])
    place[dice.choice(list(place))] = value
    (event,) = CHANNEL.parse(json.dumps(update).encode())
    assert len(event.key) <= 300
    if isinstance(event, InboundMessage):
        assert len(event.foreign_id) <= 200
        assert event.text.encode() is not None


def test_only_our_secret_is_let_in() -> None:
    name, secret = "x-telegram-bot-api-secret-token", SETTINGS["webhook_secret"]
    assert CHANNEL.verify(b"x", {name: secret})
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "ü", SETTINGS["bot_token"]):
        assert not CHANNEL.verify(b"x", {name: wrong})
    assert not CHANNEL.verify(b"x", {})


def test_without_a_secret_of_its_own_each_bot_gets_one() -> None:
    http = TelegramLine().http
    name = "x-telegram-bot-api-secret-token"
    made = Telegram({**SETTINGS, "webhook_secret": ""}, http, BASES)
    other = Telegram({**SETTINGS, "webhook_secret": "", "bot_token": "1:sandbox-another-token"}, http, BASES)
    for channel in (made, other):
        assert not channel.verify(b"x", {name: ""})
        assert not channel.verify(b"x", {})
    secret = made._secret
    assert made.verify(b"x", {name: secret})
    assert not other.verify(b"x", {name: secret})


def test_telegram_asks_for_no_handshake() -> None:
    assert CHANNEL.handshake({"hub.challenge": "1"}) is None
