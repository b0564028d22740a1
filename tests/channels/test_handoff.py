"""The hand-off: links and names that arrive as meant, states that claim nothing."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.handoff import HandoffState, clipboard_text, next_state, share_names, wa_me_link
from server.domain.errors import Conflict, Invalid
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
