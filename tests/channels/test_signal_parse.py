"""Envelopes of signal-cli: read without ever raising, keyed on author and time, nothing of nobody's business kept."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.signal.parse import events, gap, long_texts, noise
from server.domain.events import (
    Change,
    Echo,
    Event,
    Gap,
    HealthEvent,
    InboundMessage,
    MediaRef,
    MessageKind,
    Status,
    StatusUpdate,
    UnknownEvent,
)
from server.domain.identities import Identity, IdentityKind
from tests.channels.signal_lines import OWN, valid

HIS = "3f2a0c9e-8f6e-4c1b-a5c7-8e2f0a1b2c3d"
STAMP = 1763640000123
AT = datetime.fromtimestamp(STAMP / 1000, UTC)
HEAD = {
    "source": "+491712345678",
    "sourceNumber": "+491712345678",
    "sourceUuid": HIS,
    "sourceName": "Sabine",
    "sourceDevice": 1,
    "timestamp": STAMP,
    "serverReceivedTimestamp": STAMP,
    "serverDeliveredTimestamp": STAMP,
}
SENDER = (Identity(IdentityKind.PHONE, "+491712345678"), Identity(IdentityKind.UUID, HIS))
DATA = {"timestamp": STAMP, "message": "Mängel 🔧", "expiresInSeconds": 0, "viewOnce": False}
PHOTO = {"contentType": "image/jpeg", "filename": "IMG.jpg", "id": "abc.jpg", "size": 9}


def item(head: dict[str, Any] = HEAD, **told: Any) -> dict[str, Any]:
    return {"envelope": {**head, **told}, "account": OWN}


def read(*items: Any) -> list[Event]:
    return list(events(json.dumps(items[0] if len(items) == 1 else list(items)).encode(), OWN))


def said(**data: Any) -> Any:
    (event,) = read(item(dataMessage={**DATA, **data}))
    return event


@pytest.mark.parametrize(
    ("wrote_s", "believed"), [(-3600, True), (-30 * 86_400, False), (-1_700_000_000, False), (86_400, False)]
)
def test_the_clock_of_a_phone_is_believed_as_far_as_it_is_likely(wrote_s: int, believed: bool) -> None:
    """Its message keeps the name the phone gave it; where it stands in the thread is the server's to say."""
    stamp = STAMP + wrote_s * 1000
    message = said(timestamp=stamp)
    assert message.foreign_id == f"{HIS}:{stamp}"
    assert message.sent_at == (AT + timedelta(seconds=wrote_s) if believed else AT)


def test_a_text_is_read_whole() -> None:
    valid("data.Message", item(dataMessage=DATA))
    assert said() == InboundMessage(
        foreign_id=f"{HIS}:{STAMP}",
        sender=SENDER,
        sent_at=AT,
        kind=MessageKind.TEXT,
        text="Mängel 🔧",
        profile_name="Sabine",
    )


def test_who_hides_his_number_is_known_by_his_uuid() -> None:
    (event,) = read(item({**HEAD, "source": HIS, "sourceNumber": None}, dataMessage=DATA))
    assert isinstance(event, InboundMessage)
    assert event.sender == (Identity(IdentityKind.UUID, HIS),)
    assert event.foreign_id == f"{HIS}:{STAMP}"


def test_several_files_are_several_events_with_the_words_at_the_first() -> None:
    files = [
        PHOTO,
        {**PHOTO, "id": "b.mp4", "contentType": "video/mp4"},
        {**PHOTO, "id": "c.pdf", "contentType": "application/pdf"},
    ]
    found = read(item(dataMessage={**DATA, "attachments": files}))
    assert [(one.key, one.kind.value, one.text) for one in found if isinstance(one, InboundMessage)] == [
        (f"{HIS}:{STAMP}", "image", "Mängel 🔧"),
        (f"{HIS}:{STAMP}#2", "video", ""),
        (f"{HIS}:{STAMP}#3", "document", ""),
    ]
    assert found[0].media == MediaRef("abc.jpg", "image/jpeg", "", "IMG.jpg")  # type: ignore[union-attr]


def test_a_broken_file_leaves_the_words_and_the_others() -> None:
    found = read(item(dataMessage={**DATA, "attachments": [None, PHOTO, {"id": 7}]}))
    assert [(one.kind.value, one.text) for one in found if isinstance(one, InboundMessage)] == [
        ("other", "Mängel 🔧"),
        ("image", ""),
        ("other", ""),
    ]


def test_a_long_text_is_whole_again() -> None:
    long = {"contentType": "text/x-signal-plain", "id": "long", "size": 9000}
    whole = item(dataMessage={**DATA, "attachments": [long, PHOTO]})
    assert list(long_texts(whole)) == ["long"]
    (event,) = read({**whole, "zollstock": {"texts": {"long": "Sehr lang"}}})
    assert (event.text, event.kind.value, event.media.id) == ("Sehr lang", "image", "abc.jpg")  # type: ignore[union-attr]
    first, _ = read(whole)
    assert (first.text, first.media.mime) == ("Mängel 🔧", "text/x-signal-plain")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("author", "context"),
    [
        ({"author": OWN, "authorNumber": OWN}, f"{OWN}:77"),
        ({"author": "0f00-our-uuid", "authorUuid": "0f00-our-uuid"}, f"{OWN}:77"),
        ({"author": HIS, "authorUuid": HIS}, f"{HIS}:77"),
        ({"author": "+491712345678"}, f"{HIS}:77"),
    ],
)
def test_a_quote_names_the_message_by_its_own_author(author: dict[str, str], context: str) -> None:
    assert said(quote={"id": 77, "text": "Welche Fuge?", **author}).context_id == context


def test_a_reaction_names_its_message() -> None:
    event = said(
        message=None,
        reaction={"emoji": "👍", "targetAuthor": OWN, "targetSentTimestamp": 77, "isRemove": False},
    )
    assert (event.kind, event.text, event.context_id) == (MessageKind.REACTION, "👍", f"{OWN}:77")
    removed = {"emoji": "👍", "targetAuthor": OWN, "targetSentTimestamp": 77, "isRemove": True}
    gone = said(message=None, reaction=removed)
    assert (gone.kind, gone.text, gone.context_id) == (MessageKind.REACTION, "", f"{OWN}:77")


@pytest.mark.parametrize(
    ("receipt", "status"),
    [
        ({"isDelivery": True, "isRead": False, "isViewed": False}, Status.DELIVERED),
        ({"isDelivery": False, "isRead": True, "isViewed": False}, Status.READ),
        ({"isDelivery": False, "isRead": False, "isViewed": True}, Status.READ),
    ],
)
def test_a_receipt_tells_of_every_message_it_names(receipt: dict[str, bool], status: Status) -> None:
    told = item(receiptMessage={"when": STAMP, **receipt, "timestamps": [5, 6]})
    valid("data.Message", told)
    assert read(told) == [StatusUpdate(f"{OWN}:5", status, AT), StatusUpdate(f"{OWN}:6", status, AT)]


def test_what_was_written_by_hand_is_an_echo() -> None:
    sent = {
        "destination": "+491712345678",
        "destinationNumber": "+491712345678",
        "destinationUuid": HIS,
        "timestamp": STAMP,
        "message": "Komme um acht",
        "quote": {"id": 9, "author": HIS, "text": ""},
    }
    own = {**HEAD, "source": OWN, "sourceNumber": OWN, "sourceUuid": "our-uuid"}
    told = item(own, syncMessage={"sentMessage": sent})
    valid("data.Message", told)
    assert read(told) == [
        Echo(f"{OWN}:{STAMP}", SENDER, AT, MessageKind.TEXT, "Komme um acht", context_id=f"{HIS}:9")
    ]
    assert (
        read(item(own, syncMessage={"sentMessage": {**sent, "destination": OWN, "destinationNumber": OWN}}))
        == []
    )
    group = {"groupInfo": {"groupId": "g"}}
    assert isinstance(read(item(own, syncMessage={"sentMessage": {**sent, **group}}))[0], UnknownEvent)


def test_what_is_changed_by_hand_is_a_change_of_our_own() -> None:
    own = {**HEAD, "source": OWN, "sourceNumber": OWN, "sourceUuid": "our-uuid"}
    to = {"destination": "+491712345678", "destinationUuid": HIS, "timestamp": STAMP}
    edit = {"targetSentTimestamp": 77, "dataMessage": {"timestamp": STAMP, "message": "Komme um neun"}}
    assert read(item(own, syncMessage={"sentMessage": {**to, "editMessage": edit}})) == [
        Change(f"{OWN}:{STAMP}:change", f"{OWN}:77", SENDER, AT, "Komme um neun")
    ]
    assert read(item(own, syncMessage={"sentMessage": {**to, "remoteDelete": {"timestamp": 77}}})) == [
        Change(f"{OWN}:{STAMP}:change", f"{OWN}:77", SENDER, AT, None)
    ]


def test_a_change_and_a_retraction_name_what_they_are_about() -> None:
    edit = {"targetSentTimestamp": 77, "dataMessage": {**DATA, "message": "Doch grau"}}
    assert read(item(editMessage=edit)) == [
        Change(f"{HIS}:{STAMP}:edit", f"{HIS}:77", SENDER, AT, "Doch grau")
    ]
    assert said(message=None, remoteDelete={"timestamp": 77}) == Change(
        f"{HIS}:{STAMP}:deleted", f"{HIS}:77", SENDER, AT, None
    )


@pytest.mark.parametrize(
    "told",
    [
        {"typingMessage": {"action": "STARTED", "timestamp": STAMP}},
        {"storyMessage": {"allowsReplies": True}},
        {"syncMessage": {"readMessages": [{"sender": HIS, "timestamp": 5}]}},
        {
            "dataMessage": {
                "timestamp": STAMP,
                "message": None,
                "isExpirationUpdate": True,
                "expiresInSeconds": 60,
            }
        },
        {},
    ],
)
def test_what_tells_nothing_of_the_conversation_is_no_event(told: dict[str, Any]) -> None:
    assert read(item(**told)) == []


def test_only_typing_is_not_worth_a_row() -> None:
    typing = {"typingMessage": {"action": "STARTED", "timestamp": STAMP}}
    assert noise(item(**typing))
    assert not noise(item(**typing, dataMessage=DATA))
    assert not noise(item())
    assert not noise({**item(**typing), "exception": {"type": "x"}})
    others: list[object] = [None, 3, [], {}, {"envelope": 3}]
    assert not any(noise(one) for one in others)


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ({"sticker": {"packId": "a", "stickerId": 1}, "message": None}, "sticker", ""),
        ({"contacts": [{"name": {"given": "Ida", "family": "Rot"}}], "message": None}, "contacts", "Ida Rot"),
        ({"pollCreate": {"question": "Wann?", "options": []}, "message": None}, "other", "Wann?"),
        ({"payment": {"receipt": "x"}, "message": None}, "other", "payment"),
        ({"viewOnce": True, "attachments": [PHOTO]}, "other", "Mängel 🔧"),
    ],
)
def test_what_cannot_be_shown_is_still_a_message(data: dict[str, Any], kind: str, text: str) -> None:
    event = said(**data)
    assert (event.kind.value, event.text, event.media) == (kind, text, None)


@pytest.mark.parametrize(
    ("told", "topic"),
    [
        ({"dataMessage": {**DATA, "groupInfo": {"groupId": "g"}}}, "signal.group"),
        ({"callMessage": {"offerMessage": {}}}, "signal.callMessage"),
        ({"somethingNew": {"a": 1}}, "signal.somethingNew"),
        ({"receiptMessage": {"when": STAMP, "timestamps": [1]}}, "signal.receipt"),
    ],
)
def test_what_is_not_ours_to_read_is_kept_as_unknown(told: dict[str, Any], topic: str) -> None:
    """A group is no talk of two: what is written there is nobody's consent and no answer."""
    (event,) = read(item(**told))
    assert isinstance(event, UnknownEvent)
    assert event.topic == topic


def test_another_account_of_the_container_is_not_ours() -> None:
    (event,) = read({**item(dataMessage=DATA), "account": "+4930123456"})
    assert isinstance(event, UnknownEvent)
    (own,) = read(item({**HEAD, "source": OWN, "sourceNumber": OWN}, dataMessage=DATA))
    assert isinstance(own, UnknownEvent)


def test_a_break_of_the_line_is_a_gap() -> None:
    until = datetime.fromtimestamp(STAMP / 1000 + 60, UTC)
    (event,) = events(gap(AT, until, "line"), OWN)
    assert event == Gap(f"gap:{AT.isoformat()}", AT, until, "line")


def test_what_could_not_be_opened_is_lost_and_a_new_key_is_for_a_human() -> None:
    (lost,) = read({**item(), "exception": {"type": "ProtocolInvalidMessageException", "message": "bad"}})
    assert isinstance(lost, Gap)
    assert (lost.since, lost.until) == (AT, AT)
    (key,) = read({**item(), "exception": {"type": "UntrustedIdentityException", "message": "new"}})
    assert isinstance(key, HealthEvent)
    assert key.topic == "signal.untrusted" and key.health == ""
    (error,) = read({"error": "Error while checking account"})
    assert isinstance(error, HealthEvent)


def test_one_broken_envelope_spoils_only_itself() -> None:
    broken: list[Any] = [
        None, 7, "?", [], {}, {"envelope": None}, {"account": OWN, "envelope": []},
        item(dataMessage=[]), item(dataMessage={"timestamp": "soon"}), item({"timestamp": 1}, dataMessage=DATA),
        item(receiptMessage={"when": 0, "isRead": True, "timestamps": [1]}),
        item(receiptMessage={"when": STAMP, "isRead": True, "timestamps": [1, True]}),
        item(editMessage={"targetSentTimestamp": 3}), item(dataMessage={**DATA, "quote": {"id": -1, "author": OWN}}),
        item(syncMessage={"sentMessage": {"timestamp": 10**30, "destination": "+491712345678", "message": "x"}}),
        {"zollstock": {"gap": {"since": "gestern"}}},
    ]  # fmt: skip
    found = read(item(dataMessage=DATA), *broken, item(dataMessage={**DATA, "timestamp": STAMP + 1}))
    assert [type(event) for event in found] == [InboundMessage, *[UnknownEvent] * len(broken), InboundMessage]
    assert len({event.key for event in found}) == len(found)


def test_texts_can_be_stored_anywhere() -> None:
    assert said(message="a\x00b\ud800c").text == "ab\ufffdc"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**18) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "envelope",
                    "account",
                    "exception",
                    "error",
                    "zollstock",
                    "gap",
                    "texts",
                    "dataMessage",
                    "syncMessage",
                    "sentMessage",
                    "editMessage",
                    "receiptMessage",
                    "timestamp",
                    "timestamps",
                    "when",
                    "isRead",
                    "message",
                    "attachments",
                    "id",
                    "contentType",
                    "quote",
                    "reaction",
                    "contacts",
                    "sticker",
                    "remoteDelete",
                    "sourceUuid",
                    "source",
                    "destination",
                    "groupInfo",
                    "x",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
@settings(max_examples=150, deadline=None)
def test_garbage_is_told_and_never_raised(value: Any) -> None:
    for raw in (json.dumps(value), json.dumps(item(**value) if isinstance(value, dict) else [value])):
        for event in events(raw.encode(), OWN):
            assert event.key and len(event.key) <= 300
            json.dumps(event.key).encode("utf-8")


@given(st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_bytes_are_told_and_never_raised(raw: bytes) -> None:
    assert all(event.key for event in events(raw, OWN))
    assert all(isinstance(event, UnknownEvent) for event in events(b"[" * 100_000, OWN))
