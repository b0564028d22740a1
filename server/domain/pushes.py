"""Reminding a phone whose things did not come: whom, when, in which words, and where a message may go at all."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import urlsplit
from uuid import UUID

from server.domain.devices import Device, Order
from server.domain.errors import Invalid

ENDPOINT_MAX = 1000
# The push services of the browsers we know; a message goes nowhere else, whatever a page sends as its address.
HOSTS = ("fcm.googleapis.com", "web.push.apple.com")
HOST_FAMILIES = (".push.services.mozilla.com", ".notify.windows.com")
_PLAIN = re.compile(r"[\x21-\x7e]+")
_POINT_BYTES, _AUTH_BYTES = 65, 16

REMIND_AFTER = timedelta(hours=4)
# A visible app speaks every 15 minutes: who is silent longer has closed it.
QUIET = timedelta(minutes=15)
DAY_FROM, DAY_UNTIL = 6, 20
_WORDS = {
    "de": (
        "{number} Foto noch nicht gesendet, bitte öffnen",
        "{number} Fotos noch nicht gesendet, bitte öffnen",
    ),
    "en": ("{number} photo not sent yet, please open", "{number} photos not sent yet, please open"),
}

_LOCKED = {"de": "Das Büro hat dieses Handy gesperrt.", "en": "The office has locked this phone."}

UNSENT = "unsent"
_RECALLS = {
    "de": ("Heute zurückrufen: {number} Anruf", "Heute zurückrufen: {number} Anrufe"),
    "en": ("To call back today: {number} call", "To call back today: {number} calls"),
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser takes messages while the app is closed, and the keys only it can open them with (RFC 8291)."""

    id: UUID
    company_id: UUID
    user_id: UUID
    device_id: UUID | None
    endpoint: str
    p256dh: bytes
    auth: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What the phone shows; `badge` is the number at the app's icon, `tag` what it is about: a newer one replaces."""

    title: str
    body: str
    url: str
    badge: int
    tag: str = UNSENT

    def encode(self) -> bytes:
        """Return the JSON our service worker reads."""
        fields = {"title": self.title, "body": self.body, "url": self.url, "badge": self.badge}
        fields |= {"tag": self.tag} if self.tag != UNSENT else {}  # workers of before know one tag only
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def check_endpoint(address: str) -> str:
    """Return the address if it is a known push service's, by HTTPS on its own port. Raises Invalid("push.endpoint")."""
    if len(address) > ENDPOINT_MAX or not _PLAIN.fullmatch(address) or "\\" in address:
        raise Invalid("push.endpoint", field="endpoint")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise Invalid("push.endpoint", field="endpoint") from None
    host = parts.hostname or ""
    known = host in HOSTS or host.endswith(HOST_FAMILIES)
    if parts.scheme != "https" or not known or port not in (None, 443) or "@" in parts.netloc:
        raise Invalid("push.endpoint", field="endpoint")
    return address


def read_key(text: str, *, field: str) -> bytes:
    """Return a key from base64url without padding: a point of P-256 or 16 secret bytes. Raises Invalid("push.keys")."""
    wanted = _POINT_BYTES if field == "p256dh" else _AUTH_BYTES
    try:
        key = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != wanted or (field == "p256dh" and key[0] != 4):
        raise Invalid("push.keys", field=field)
    return key


def write_key(key: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def due(device: Device, *, at: datetime, zone: tzinfo) -> bool:
    """Say whether this phone's person is to be reminded now.

    Something of his is unsent for more than four hours, the app is closed, nobody reminded within four hours, and it is day.
    """
    waits = (
        device.owed > device.others and device.oldest_at is not None and at - device.oldest_at >= REMIND_AFTER
    )
    quiet = device.reported_at is not None and at - device.seen_at >= QUIET
    again = device.reminded_at is None or at - device.reminded_at >= REMIND_AFTER
    wanted = device.open_order is not Order.WIPE
    return waits and wanted and quiet and again and DAY_FROM <= at.astimezone(zone).hour < DAY_UNTIL


def reminder(unsent: int, language: str) -> Notice:
    """Return the words for a phone that still holds things."""
    one, many = _WORDS.get(language, _WORDS["de"])
    return Notice("Zollstock", (one if unsent == 1 else many).format(number=unsent), "/unsent", unsent)


def recall_notice(number: int, language: str) -> Notice:
    """Return the words for somebody who meant to call people again today; no name, for others see the screen too."""
    one, many = _RECALLS.get(language, _RECALLS["de"])
    return Notice("Zollstock", (one if number == 1 else many).format(number=number), "/calls", 0, "calls")


def lock_notice(unsent: int, language: str) -> Notice:
    """Return the words for a phone that was just locked; what matters is that its worker wakes up."""
    return Notice("Zollstock", _LOCKED.get(language, _LOCKED["de"]), "/", unsent)
