"""The hand-off: links and names that arrive as meant, states that claim nothing."""

from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.handoff import (
    MESSENGERS,
    HandoffState,
    clipboard_text,
    desktop_link,
    mail_link,
    messenger_of,
    next_state,
    share_names,
    signal_link,
    sms_link,
    telegram_link,
    threema_link,
    wa_me_link,
)
from server.domain.accounts import by_hand, consent_channel
from server.domain.errors import Conflict, Invalid
from server.domain.identities import IdentityKind
from tests.channels.lines import CHOICES

P, O, C, D = HandoffState  # noqa: E741


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_the_text_arrives_letter_by_letter(text: str) -> None:
    link = urlsplit(wa_me_link("+491712345678", text))
    assert (link.scheme, link.netloc, link.path) == ("https", "wa.me", "/491712345678")
    assert parse_qs(link.query, keep_blank_values=True)["text"] == [text]


@pytest.mark.parametrize(
    "phone", ["0171 2345678", "491712345678", "+49 171", "+0171234567", "", "+4917123456789012"]
)
def test_only_international_numbers(phone: str) -> None:
    with pytest.raises(Invalid):
        wa_me_link(phone)


def test_files_are_numbered_and_their_names_are_harmless() -> None:
    assert share_names("24/017 ä", ["image/jpeg", "image/png"]) == [
        "Zollstock-24-017-1.jpg",
        "Zollstock-24-017-2.png",
    ]
    assert share_names("", ["image/jpeg"]) == ["Zollstock-1.jpg"]


def test_the_clipboard_has_everything_but_the_photos() -> None:
    assert clipboard_text("Welche?", CHOICES, "https://x.example/a/1").endswith(
        "2) Manhattan\n\nhttps://x.example/a/1"
    )


@pytest.mark.parametrize(("current", "wanted"), [(P, O), (P, D), (O, O), (O, C), (O, D), (C, C), (D, D)])
def test_a_hand_off_goes_forward(current: HandoffState, wanted: HandoffState) -> None:
    assert next_state(current, wanted) is wanted


@pytest.mark.parametrize(("current", "wanted"), [(P, C), (C, D), (D, O), (C, O), (O, P)])
def test_a_hand_off_never_claims_more(current: HandoffState, wanted: HandoffState) -> None:
    with pytest.raises(Conflict):
        next_state(current, wanted)


PHONE = "+491712345678"
HARD = "Fuß & Größe #1 + 2?\n100 % „schön“ 👍\r\nEnde"


def told(link: str, name: str) -> str:
    """What the app at the other end reads: a percent-decoding that does not take + for a blank."""
    query = link.partition("?")[2]
    pairs = dict(part.split("=", 1) for part in query.split("&"))
    return unquote(pairs[name], errors="strict")


@pytest.mark.parametrize(
    ("link", "name", "before"),
    [
        (wa_me_link, "text", "https://wa.me/491712345678?"),
        (desktop_link, "text", "https://api.whatsapp.com/send?phone=491712345678&"),
        (telegram_link, "text", "https://t.me/%2B491712345678?"),
        (sms_link, "body", "sms:+491712345678?"),
        (lambda _, text: threema_link("", text), "text", "threema://compose?"),
        (lambda _, text: threema_link("ABCD1234", text), "text", "threema://compose?id=ABCD1234&"),
    ],
)
def test_hard_words_arrive_in_every_app(link: Callable[[str, str], str], name: str, before: str) -> None:
    made = link(PHONE, HARD)
    assert made.startswith(before)
    assert told(made, name) == HARD
    assert made.isascii() and not set("# +\n\r") & set(made.partition("?")[2])


def test_a_letter_has_subject_lines_and_a_harmless_address() -> None:
    made = mail_link("petra+bad?cc=x@example.org", HARD, "Bad & Küche")
    assert made.startswith("mailto:petra%2Bbad%3Fcc%3Dx@example.org?subject=")
    assert told(made, "subject") == "Bad & Küche"
    assert told(made, "body") == HARD.replace("\r\n", "\n").replace("\n", "\r\n")
    assert mail_link("a@b.de") == "mailto:a@b.de"


def test_what_a_link_cannot_carry_is_left_to_the_clipboard() -> None:
    assert signal_link(PHONE, HARD) == "https://signal.me/#p/+491712345678"
    for one in MESSENGERS:
        address = "a@b.de" if one.opens_by is IdentityKind.EMAIL else PHONE
        long = one.draft(address, "x" * 5000)
        assert "xxx" not in long
        assert ("kurz" in one.draft(address, "kurz")) is (one.text_max > 0)


def test_every_messenger_has_a_channel_and_a_consent_of_its_own() -> None:
    for one in MESSENGERS:
        assert by_hand(one.channel) and messenger_of(one.channel) is one
        assert consent_channel(one.channel) == one.key
    assert messenger_of("whatsapp") is None and messenger_of("eaten_handoff") is None


@pytest.mark.parametrize("link", [telegram_link, signal_link, sms_link])
def test_no_link_to_what_is_no_number(link: Callable[[str, str], str]) -> None:
    with pytest.raises(Invalid):
        link("0171 2345678", "x")
