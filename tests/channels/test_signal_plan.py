"""What leaves by Signal: numbers and a link instead of buttons, a picture and its words in one message."""

from dataclasses import replace

import pytest

from server.channels.signal.channel import Signal
from server.channels.signal.plan import CAPS, data_uri, parted
from server.domain.channels import Blocked, Draft
from server.domain.errors import Invalid
from server.domain.identities import Identity, IdentityKind
from server.ids import new_id
from tests.channels.lines import CHOICES, NOON, draft, picture
from tests.channels.signal_lines import BASE, OWN, SABINE, SETTINGS, SignalLine, valid

UUID = Identity(IdentityKind.UUID, "3f2a0c9e-8f6e-4c1b-a5c7-8e2f0a1b2c3d")
LINK = "https://bau.example/a/kurz"


def test_a_question_becomes_numbers_and_the_link() -> None:
    (step,) = SignalLine().plan(draft("Welche Fuge?", choices=CHOICES, answer_link=LINK))
    assert step.call["message"] == f"Welche Fuge?\n\n1) Weiß\n2) Manhattan\n\n{LINK}"
    assert step.text == step.call["message"]
    assert step.call == {
        "number": OWN,
        "recipients": [SABINE.value],
        "message": step.text,
        "text_mode": "normal",
    }


def test_the_last_picture_carries_the_words() -> None:
    said = draft("Welche Fuge?", 3, choices=CHOICES)
    steps = SignalLine().plan(said)
    assert [step.kind for step in steps] == ["image"] * 3
    assert [bool(step.text) for step in steps] == [False, False, True]
    assert [step.intent_id for step in steps] == list(said.intent_ids[:3])
    assert [step.picture for step in steps] == list(said.pictures)


def test_a_quote_names_author_and_time() -> None:
    first, last = SignalLine().plan(draft("Danke", 2, quote=f"{UUID.value}:1763640000123#2"))
    assert (last.call["quote_author"], last.call["quote_timestamp"]) == (UUID.value, 1763640000123)
    assert "quote_author" not in first.call
    (broken,) = SignalLine().plan(draft("Danke", quote="wamid.1"))
    assert "quote_author" not in broken.call


@pytest.mark.parametrize("identity", [SABINE, UUID])
@pytest.mark.parametrize(
    "said", [draft("Hallo"), draft("", 1), draft("So?", 2, choices=CHOICES, quote=f"{OWN}:5")]
)
def test_every_call_is_as_the_swagger_says(said: Draft, identity: Identity) -> None:
    for step in SignalLine().plan(said, identity):
        call = {**step.call, "base64_attachments": [data_uri(picture(), "QUJD")]}
        valid("api.SendMessageV2", call)


def test_a_receipt_is_as_the_swagger_says() -> None:
    step = SignalLine().channel.read_step(f"{UUID.value}:1763640000123#2", new_id())
    assert step
    valid("api.Receipt", step.call)
    assert step.call["timestamp"] == 1763640000123
    assert SignalLine().channel.read_step("wamid.1", new_id()) is None


@pytest.mark.parametrize(
    ("said", "identity", "code"),
    [
        (draft("Hallo"), Identity(IdentityKind.PHONE, "0171"), "identity.unusable"),
        (draft("Hallo"), Identity(IdentityKind.UUID, "keine"), "identity.unusable"),
        (draft("Hallo"), Identity(IdentityKind.CHAT, "7"), "identity.unusable"),
        (draft(), SABINE, "draft.empty"),
        (draft("", 1, choices=CHOICES), SABINE, "text.missing"),
        (draft("x" * (CAPS.max_text + 1)), SABINE, "text.too_long"),
        (replace(draft("", 1), pictures=(picture(mime="image/webp"),)), SABINE, "picture.kind"),
        (replace(draft("", 1), pictures=(picture(size_bytes=20_000_001),)), SABINE, "picture.too_large"),
    ],
)
def test_what_cannot_leave_says_why(said: Draft, identity: Identity, code: str) -> None:
    blocked = SignalLine().channel.plan(said, identity, NOON, None)
    assert isinstance(blocked, Blocked)
    assert blocked.code == code


def test_a_file_name_cannot_break_out_of_its_data_uri() -> None:
    assert data_uri(picture(), "QUJD") == "data:image/jpeg;filename=Zollstock-17-1.jpg;base64,QUJD"
    evil = replace(picture(), name="a;base64,evil,data:x/y.jpg")
    assert data_uri(evil, "QUJD") == "data:image/jpeg;filename=a_base64_evil_data_x_y.jpg;base64,QUJD"


def test_a_name_is_parted_only_when_it_is_signals() -> None:
    assert parted("+4915112345678:17") == ("+4915112345678", 17)
    assert parted("a:17#3") == ("a", 17)
    assert [parted(one) for one in ("", "a", "a:", ":1", "a:b", "a:1:2", "a:1x", "a:" + "9" * 17)] == [
        None
    ] * 8


@pytest.mark.parametrize(
    ("settings", "base", "field"),
    [
        ({"number": "0151"}, BASE, "number"),
        ({"number": "+49151\n1234567"}, BASE, "number"),
        ({}, BASE, "number"),
        ({"number": OWN}, "", "address"),
        ({"number": OWN, "address": "http://169.254.169.254"}, BASE, "address"),
        ({"number": OWN, "address": f"{BASE}@evil.example"}, BASE, "address"),
        ({"number": OWN, "address": "file:///etc"}, "file:///etc", "address"),
    ],
)
def test_only_addresses_the_operator_allows(settings: dict[str, str], base: str, field: str) -> None:
    """Without any, Signal is off: the service has no password, and the address would be a way into our own network."""
    with pytest.raises(Invalid) as refused:
        Signal(settings, SignalLine().http, {"signal_base": base})
    assert refused.value.field == field


def test_several_containers_are_chosen_by_address() -> None:
    bases = {"signal_base": "http://one:8080, http://two:8080/"}
    Signal({**SETTINGS, "address": "http://two:8080"}, SignalLine().http, bases)
    Signal(SETTINGS, SignalLine().http, bases)


def test_it_is_marked_as_an_experiment() -> None:
    assert "experimentell" in Signal.label
    assert CAPS.buttons == 0 and CAPS.window is None
