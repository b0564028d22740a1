"""Hand-off to the messenger on the worker's own phone: no network, no receipt, no set-up.

A person presses "send" there, so nothing is known but what he says: the state never reaches "delivered".
Files and words go separately, for WhatsApp loses one of both when they are shared together (iOS the file, Android
the caption: capacitor-plugins#1418, react-native-share#1707): the words wait in the clipboard.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import quote

from server.domain.channels import Capabilities, Choice, numbered
from server.domain.errors import Conflict, Invalid

CAPS = Capabilities(
    key="whatsapp_handoff",
    can_initiate="by_hand",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="link",
    max_text=2000,
    text_unit="chars",
    max_caption=0,
    max_image_bytes=16_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png", "image/webp"}),
    receipts=frozenset(),
    inbound="manual",
    echoes=False,
    costs=False,
)


class HandoffState(StrEnum):
    """How far a hand-off has come, as far as anybody can know."""

    PREPARED = "prepared"
    OPENED = "opened"
    CONFIRMED = "confirmed_by_worker"
    DISCARDED = "discarded"


_NEXT = {
    HandoffState.PREPARED: {HandoffState.OPENED, HandoffState.DISCARDED},
    # Opened again: the worker came back without sending and tries once more.
    HandoffState.OPENED: {HandoffState.OPENED, HandoffState.CONFIRMED, HandoffState.DISCARDED},
    HandoffState.CONFIRMED: {HandoffState.CONFIRMED},
    HandoffState.DISCARDED: {HandoffState.DISCARDED},
}


def next_state(current: HandoffState, wanted: HandoffState) -> HandoffState:
    """Return the wanted state; raises Conflict where a hand-off cannot go."""
    if wanted not in _NEXT[current]:
        raise Conflict("handoff.moved_on", current=current.value, wanted=wanted.value)
    return wanted


def wa_me_link(phone: str, text: str = "") -> str:
    """Return the link that opens a draft to an E.164 number; raises Invalid for anything else.

    Digits only, no plus (WhatsApp FAQ, click to chat); everything in the text is percent-encoded.
    """
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", phone):
        raise Invalid("phone.not_international", field="phone")
    query = f"?text={quote(text, safe='')}" if text else ""
    return f"https://wa.me/{phone[1:]}{query}"


def share_names(job_number: str, mimes: Sequence[str]) -> list[str]:
    """Return the files' names in order, numbered because the target app may shuffle them."""
    job = re.sub(r"[^A-Za-z0-9]+", "-", job_number).strip("-")
    endings = {"image/png": "png", "image/webp": "webp"}
    stem = f"Zollstock-{job}" if job else "Zollstock"
    return [f"{stem}-{place}.{endings.get(mime, 'jpg')}" for place, mime in enumerate(mimes, 1)]


def clipboard_text(text: str, choices: Sequence[Choice], answer_link: str | None) -> str:
    """Return the words for the clipboard or the draft: question, numbered choices, and the link to answer by."""
    return numbered(text, choices, answer_link)
