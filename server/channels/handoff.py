"""Hand-off to the messenger on the worker's own phone: no network, no receipt, no set-up.

A person presses "send" there, so nothing is known but what he says: the state never reaches "delivered".
Files and words go separately, for WhatsApp loses one of both when they are shared together (iOS the file, Android
the caption: capacitor-plugins#1418, react-native-share#1707): the words wait in the clipboard.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from server.domain.capabilities import Capabilities
from server.domain.choices import Choice, numbered
from server.domain.errors import Conflict, Invalid
from server.domain.identities import Identity, IdentityKind

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


def desktop_link(phone: str, text: str = "") -> str:
    """Return the way to the same draft where no app takes wa.me: WhatsApp's own page for computers."""
    return (
        wa_me_link(phone, text)
        .replace("https://wa.me/", "https://api.whatsapp.com/send?phone=", 1)
        .replace("?text=", "&text=", 1)
    )


def telegram_link(phone: str, text: str = "") -> str:
    """Return the chat with a number and a draft in it (core.telegram.org/api/links, "Phone number links")."""
    return f"https://t.me/%2B{_digits(phone)}" + (f"?text={quote(text, safe='')}" if text else "")


def signal_link(phone: str, text: str = "") -> str:
    """Return the chat with a number; Signal takes no words along (signalapp/Signal-iOS#706)."""
    return f"https://signal.me/#p/+{_digits(phone)}"


def threema_link(threema_id: str, text: str = "") -> str:
    """Return Threema's composer (ampproject/amphtml#3727); without an ID it is chosen there whom it goes to."""
    whom = f"id={quote(threema_id, safe='')}&" if threema_id else ""
    return f"threema://compose?{whom}text={quote(text, safe='')}"


def sms_link(phone: str, text: str = "") -> str:
    """Return a text message to a number (RFC 5724)."""
    return f"sms:+{_digits(phone)}" + (f"?body={quote(text, safe='')}" if text else "")


def mail_link(address: str, text: str = "", subject: str = "") -> str:
    """Return a letter with subject and words; lines end as RFC 6068 §5 wants it."""
    body = text.replace("\r\n", "\n").replace("\n", "\r\n")
    parts = [
        f"{name}={quote(words, safe='')}" for name, words in (("subject", subject), ("body", body)) if words
    ]
    return f"mailto:{quote(address, safe='@')}" + (f"?{'&'.join(parts)}" if parts else "")


def _digits(phone: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", phone):
        raise Invalid("phone.not_international", field="phone")
    return phone[1:]


@dataclass(frozen=True, slots=True)
class Messenger:
    """What one app takes from us. `opens_by` is the kind of name its link is made of; without one the link cannot be
    made, unless `nameless`: then the person is chosen in the app.

    `text_max` is what its link carries in characters, 0 = no words at all: they wait in the clipboard. `files`: the
    share sheet offers the app for pictures. What is left to do in the app stands in templates/handoffs/_words.html.
    """

    key: str
    label: str
    link: Callable[[str, str], str]
    opens_by: IdentityKind
    text_max: int
    files: bool
    nameless: bool = False

    @property
    def channel(self) -> str:
        """Return the channel's name; a consent is about the messenger itself (domain/accounts.py:consent_channel)."""
        return f"{self.key}_handoff"

    def draft(self, address: str, text: str) -> str:
        """Return the link; words that are too long for it stay in the clipboard."""
        return self.link(address, text if len(text) <= self.text_max else "")

    def opens(self, to: Identity | None, text: str) -> str:
        """Return the link to a person's chat, "" where we know no name to open it for."""
        named = to is not None and to.kind is self.opens_by
        if not (named or self.nameless):
            return ""
        return self.draft(to.value if to and named else "", text)


MESSENGERS = (
    Messenger("whatsapp", "WhatsApp", wa_me_link, IdentityKind.PHONE, 2000, True),
    Messenger("telegram", "Telegram", telegram_link, IdentityKind.PHONE, 2000, True),
    Messenger("signal", "Signal", signal_link, IdentityKind.PHONE, 0, True),
    Messenger("threema", "Threema", threema_link, IdentityKind.THREEMA, 2000, True, nameless=True),
    Messenger("email", "E-Mail", mail_link, IdentityKind.EMAIL, 1800, True),
    Messenger("sms", "SMS", sms_link, IdentityKind.PHONE, 600, False),
)
"""Messenger (Facebook) is missing on purpose: its link opens the firm's own page, never a customer's chat."""


def messenger_of(channel: str) -> Messenger | None:
    """Return the messenger of a channel by hand, None for any other channel."""
    return next((one for one in MESSENGERS if one.channel == channel), None)


def share_names(job_number: str, mimes: Sequence[str]) -> list[str]:
    """Return the files' names in order, numbered because the target app may shuffle them."""
    job = re.sub(r"[^A-Za-z0-9]+", "-", job_number).strip("-")
    endings = {"image/png": "png", "image/webp": "webp"}
    stem = f"Zollstock-{job}" if job else "Zollstock"
    return [f"{stem}-{place}.{endings.get(mime, 'jpg')}" for place, mime in enumerate(mimes, 1)]


def clipboard_text(text: str, choices: Sequence[Choice], answer_link: str | None) -> str:
    """Return the words for the clipboard or the draft: question, numbered choices, and the link to answer by."""
    return numbered(text, choices, answer_link)
