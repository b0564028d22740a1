"""Callbacks: believed only when signed, sealed by the kept key and with a nonce of their own; read without raising."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.channels.threema import crypto as crypto
from server.channels.threema.channel import Threema
from server.channels.threema.parse import letter
from server.domain.events import InboundMessage, MessageKind, Status, StatusUpdate, UnknownEvent
from server.domain.identities import Identity, IdentityKind
from tests.channels.lines import JPEG
from tests.channels.threema_lines import BASES, BASIC, PRIVATE, SETTINGS, ThreemaLine, threema

APP = bytes(range(7, 39))
NONCE = bytes(range(24))
FACTS = {"key:ABCD1234": crypto.public_of(APP).hex(), f"nonce:{NONCE.hex()}": "ABCD1234:0011223344556677"}


def callback(plain: bytes = b"", **given: str) -> bytes:
    """Return a signed callback as the Gateway posts it; `given` replaces fields before they are signed."""
    box = crypto.seal(plain, NONCE, private=APP, public=crypto.public_of(PRIVATE))
    fields = {
        "from": "ABCD1234",
        "to": "*BERGER1",
        "messageId": "0011223344556677",
        "date": "1795435200",
        "nonce": NONCE.hex(),
        "box": box.hex(),
        "nickname": "Sabine",
        **given,
    }
    mac = {"mac": crypto.callback_mac(SETTINGS["api_secret"], fields)}
    return urlencode({**fields, **mac}).encode()


def text(words: str = "Hallo") -> bytes:
    return crypto.container(crypto.TEXT, words.encode(), 30)


def channel(line: ThreemaLine, **facts: str) -> Threema:
    return line.channel.knowing({**FACTS, **facts})


async def test_a_text_is_read_whole() -> None:
    async with threema() as line:
        raw = callback(text("Mängel 🔧"))
        assert line.channel.verify(raw, {})
        assert channel(line).parse(raw) == [
            InboundMessage(
                foreign_id="ABCD1234:0011223344556677",
                sender=(Identity(IdentityKind.THREEMA, "ABCD1234"),),
                sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
                kind=MessageKind.TEXT,
                text="Mängel 🔧",
                profile_name="Sabine",
            )
        ]


async def test_a_quote_names_the_message_it_answers() -> None:
    async with threema() as line:
        (event,) = channel(line).parse(callback(text("> quote #00AA11bb22CC33dd\n\nGenau die")))
        assert isinstance(event, InboundMessage)
        assert (event.context_id, event.text) == ("00aa11bb22cc33dd", "Genau die")


@pytest.mark.parametrize(
    ("kind", "told", "wanted"),
    [
        (0x17, {"m": "image/jpeg", "d": "hier", "n": "a.jpg", "j": 1}, ("image", "hier", "image/jpeg", "a.jpg")),
        (0x17, {"m": "image/" + "x" * 120, "d": "x" * 5000, "j": 1}, ("image", "x" * 5000, "image/" + "x" * 94, "")),
        (0x17, {"m": "image/png", "j": 2}, ("sticker", "", "image/png", "")),
        (0x17, {"m": "video/mp4; codecs=x"}, ("video", "", "video/mp4", "")),
        (0x17, {"m": "AUDIO/aac"}, ("audio", "", "audio/aac", "")),
        (0x17, {"m": "application/pdf", "j": 2}, ("document", "", "application/pdf", "")),
        (0x17, {}, ("document", "", "", "")),
        (0x17, {"n": "x" * 300 + ".pdf"}, ("document", "", "", "x" * 250 + "….pdf")),
        (0x17, {"n": 7}, ("document", "", "", "")),
    ],
)  # fmt: skip
async def test_a_file_names_blob_and_key(
    kind: int, told: dict[str, Any], wanted: tuple[str, str, str, str]
) -> None:
    async with threema() as line:
        event = await line.tell(kind, json.dumps({"b": "0" * 32, "k": "A" * 64, **told}).encode())
        assert isinstance(event, InboundMessage)
        assert event.media
        assert (event.kind.value, event.text, event.media.mime, event.media.name) == wanted
        assert event.media.id == "0" * 32 + ":" + "a" * 64


@pytest.mark.parametrize(
    ("kind", "length", "wanted", "reference"),
    [
        (0x02, 44, "image", "00" * 16 + ":" + "00" * 24),
        (0x13, 74, "video", "00" * 16 + ":" + "00" * 32),
        (0x14, 54, "audio", "00" * 16 + ":" + "00" * 32),
    ],
)
async def test_files_of_the_old_kinds(kind: int, length: int, wanted: str, reference: str) -> None:
    async with threema() as line:
        event = await line.tell(kind, bytes(length))
        assert event.kind.value == wanted
        assert event.media.id.startswith(reference)
        short = await line.tell(kind, bytes(length - 1))
        assert isinstance(short, UnknownEvent)


async def test_receipts_move_every_message_they_name() -> None:
    async with threema() as line:
        ids = "aa" * 8, "bb" * 8
        for state, status in ((1, Status.DELIVERED), (2, Status.READ)):
            raw = callback(crypto.container(0x80, bytes([state]) + bytes.fromhex("".join(ids)), 30))
            told = channel(line).parse(raw)
            assert [type(event) for event in told] == [StatusUpdate, StatusUpdate]
            assert [(e.foreign_id, e.status) for e in told if isinstance(e, StatusUpdate)] == [
                (ids[0], status),
                (ids[1], status),
            ]


async def test_a_thumb_is_a_reaction_to_the_message() -> None:
    async with threema() as line:
        for state, thumb in ((3, "👍"), (4, "👎")):
            payload = bytes([state]) + bytes.fromhex("aa" * 8 + "bb" * 8)
            told = channel(line).parse(callback(crypto.container(0x80, payload, 30)))
            assert [
                (e.kind.value, e.text, e.context_id, e.key) for e in told if isinstance(e, InboundMessage)
            ] == [
                ("reaction", thumb, "aa" * 8, "ABCD1234:0011223344556677"),
                ("reaction", thumb, "bb" * 8, "ABCD1234:0011223344556677#2"),
            ]


@pytest.mark.parametrize(
    ("kind", "payload", "topic"),
    [
        (0x41, b"group text", "threema.group"),
        (0x46, b"{}", "threema.group"),
        (0x81, b"\x01", "threema.group"),
        (0x90, b"\x01", "threema.90"),
        (0xFC, b"", "threema.fc"),
        (0x80, b"\x05" + bytes(8), "threema.80"),
        (0x80, b"\x01" + bytes(7), "threema.80"),
        (0x80, b"\x01", "threema.80"),
        (0x80, b"\x03" + bytes(8 * 9), "threema.80"),
        (0x17, b"[]", "threema.17"),
        (0x17, b'{"b":"../x","k":"0"}', "threema.17"),
        (0x17, b"[" * 3000, "threema.17"),
    ],
)
async def test_what_is_not_understood_is_kept_under_its_key(kind: int, payload: bytes, topic: str) -> None:
    async with threema() as line:
        event = await line.tell(kind, payload)
        assert isinstance(event, UnknownEvent)
        assert (event.topic, event.key[:9]) == (topic, line.identity.value + ":")


@pytest.mark.parametrize(
    ("given", "facts", "topic"),
    [
        ({"to": "*OTHERID"}, {}, "threema.foreign"),
        ({}, {"key:ABCD1234": ""}, "threema.unreadable"),
        ({}, {"key:ABCD1234": crypto.public_of(bytes(32)).hex()}, "threema.unreadable"),
        ({}, {"key:ABCD1234": "no key"}, "threema.unreadable"),
        ({"box": "00"}, {}, "threema.unreadable"),
        ({}, {f"nonce:{NONCE.hex()}": "ABCD1234:ffffffffffffffff"}, "threema.nonce"),
        ({}, {f"nonce:{NONCE.hex()}": ""}, "threema.nonce"),
        ({"nonce": "00"}, {}, "threema.body"),
        ({"date": "heute"}, {}, "threema.body"),
        ({"date": "٣"}, {}, "threema.body"),
        ({"from": "../../x"}, {}, "threema.body"),
        ({"messageId": "1"}, {}, "threema.body"),
        ({"box": "00" * 9000}, {}, "threema.body"),
    ],
)
async def test_what_must_not_be_believed_takes_no_messages_place(
    given: dict[str, str], facts: dict[str, str], topic: str
) -> None:
    async with threema() as line:
        (event,) = channel(line, **facts).parse(callback(text(), **given))
        assert isinstance(event, UnknownEvent)
        assert (event.topic, event.key[:8]) == (topic, "unknown:")


async def test_a_nonce_belongs_to_the_message_that_used_it_first() -> None:
    async with threema() as line:
        line.facts["key:ABCD1234"] = FACTS["key:ABCD1234"]
        first, again = callback(text("erste")), callback(text("zweite"), messageId="ff" * 8)
        assert [type(e) for e in (await line.ready(first)).parse(first)] == [InboundMessage]
        assert [type(e) for e in (await line.ready(again)).parse(again)] == [UnknownEvent]
        # The Gateway's own second try is the same message and is read again.
        assert [type(e) for e in (await line.ready(first)).parse(first)] == [InboundMessage]


async def test_a_signature_covers_each_of_its_fields() -> None:
    raw = callback(text())
    async with threema() as line:
        assert line.channel.verify(raw, {})
        for name in crypto.MAC_FIELDS:
            assert not line.channel.verify(raw.replace(f"{name}=".encode(), f"{name}=0".encode(), 1), {})
        for wrong in (
            raw.replace(b"mac=", b"mac=0"),
            raw[: raw.index(b"&mac=")],
            raw + b"&from=ABCD1234",
            raw + b"&mac=" + b"0" * 64,
            raw.replace(b"&box=", b"&bux="),
            b"",
            b"\xff",
            b"mac=%ED%A0%80",
            b"&" * 50,
        ):
            assert not line.channel.verify(wrong, {})
        other = Threema({**SETTINGS, "api_secret": "another"}, line.http, BASES)
        assert not other.verify(raw, {})
        assert not Threema(BASIC, line.http, BASES).verify(raw, {})
        assert line.channel.handshake({"hub.challenge": "1"}) is None


async def test_no_flipped_bit_is_believed() -> None:
    """Of a signed callback no bit may change: neither the MAC nor the box lets it through."""
    raw = callback(text())
    async with threema() as line:
        known = channel(line)
        accepted = []
        for bit in range(len(raw) * 8):
            wrong = bytearray(raw)
            wrong[bit // 8] ^= 1 << bit % 8
            if known.verify(bytes(wrong), {}):
                accepted += [e for e in known.parse(bytes(wrong)) if isinstance(e, InboundMessage)]
        # Only the nickname, which nobody signs, and the case of hex digits can change.
        assert {(event.text, event.foreign_id) for event in accepted} <= {
            ("Hallo", "ABCD1234:0011223344556677")
        }


async def test_unsigned_boxes_with_a_flipped_bit_open_nothing() -> None:
    raw = callback(text())
    post = letter(raw)
    async with threema() as line:
        known = channel(line)
        for bit in range(len(post.box) * 8):
            wrong = bytearray(post.box)
            wrong[bit // 8] ^= 1 << bit % 8
            (event,) = known.parse(callback(text(), box=wrong.hex()))
            assert isinstance(event, UnknownEvent)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_garbage_never_raises(raw: bytes) -> None:
    known = Threema(SETTINGS, None, BASES).knowing(FACTS)  # type: ignore[arg-type]
    assert not known.verify(raw, {})
    assert all(isinstance(event, UnknownEvent) for event in known.parse(raw))
    assert known.needs(raw) == []


@given(st.integers(0, 255), st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_an_app_seals_is_one_event_or_more(kind: int, payload: bytes) -> None:
    known = Threema(SETTINGS, None, BASES).knowing(FACTS)  # type: ignore[arg-type]
    events = known.parse(callback(crypto.container(kind, payload, 40)))
    assert events
    for event in events:
        assert "\0" not in getattr(event, "text", "")
        json.dumps(getattr(event, "raw", "")).encode()


@given(
    st.dictionaries(
        st.sampled_from("bkmtpnsjidx"),
        st.none() | st.integers() | st.text(max_size=20) | st.lists(st.none(), max_size=2),
    )
)
def test_whatever_a_file_message_says(told: dict[str, Any]) -> None:
    known = Threema(SETTINGS, None, BASES).knowing(FACTS)  # type: ignore[arg-type]
    payload = json.dumps({"b": "0" * 32, "k": "0" * 64, **told}).encode()
    (event,) = known.parse(callback(crypto.container(0x17, payload, 40)))
    assert isinstance(event, InboundMessage | UnknownEvent)


async def test_nothing_secret_shows() -> None:
    async with threema() as line:
        raw = callback(text("streng geheim"))
        shown = f"{letter(raw)!r} {line.channel!r} {line.channel.needs(raw)!r} {line.channel.fields!r}"
        for secret in ("streng geheim", PRIVATE.hex(), str(PRIVATE), SETTINGS["api_secret"]):
            assert secret not in shown
        line.sabine.send_photo(JPEG, "image/jpeg", "hier")
        (event,) = await line.inbound()
        assert event.text == "hier"
