"""What a messenger can do, and the two measures that follow from it: its window and its unit of length."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

WINDOW_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. Times are spans after the customer's last message; None = no such limit."""

    key: str
    can_initiate: Literal["free", "template", "after_contact", "by_hand", "by_phone"]
    window: timedelta | None
    human_window: timedelta | None
    buttons: int
    button_title_max: int
    choice_fallback: Literal["list", "link", "thumbs"]
    max_text: int
    text_unit: Literal["chars", "bytes"]
    max_caption: int
    max_image_bytes: int
    image_mimes: frozenset[str]
    receipts: frozenset[str]
    inbound: Literal["webhook", "poll", "websocket", "manual", "none"]
    echoes: bool
    costs: bool


def window_open(now: datetime, until: datetime | None) -> bool:
    """Return whether free words may still leave: the window's last minutes are not ours, clocks differ."""
    return until is not None and now < until - WINDOW_MARGIN


def length(text: str, caps: Capabilities) -> int:
    """Return the length of a text in the channel's own unit."""
    return len(text) if caps.text_unit == "chars" else len(text.encode())
