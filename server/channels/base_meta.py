"""What Meta's messengers share: signed webhooks, the handshake, careful reading of events, Meta's hosts.

Source: Graph API, Webhooks, "Getting Started", read mid-2026.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from server.domain.events import UnknownEvent

# What reading a foreign JSON item may raise when the item is not what it should be.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError)


TOPIC_MAX = 64


def signed(raw: bytes, headers: Mapping[str, str], app_secret: bytes) -> bool:
    """Return whether the app secret signed the raw bytes; re-serialised JSON would not hold (octokit/webhooks#71)."""
    given = headers.get("x-hub-signature-256", "")
    expected = "sha256=" + hmac.new(app_secret, raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.encode(), expected.encode())


def challenge(query: Mapping[str, str], word: str) -> str | None:
    """Return the challenge when Meta registers the webhook with our own word, else None."""
    token = query.get("hub.verify_token", "")
    known = hmac.compare_digest(token.encode(), word.encode())
    return query.get("hub.challenge") if known and query.get("hub.mode") == "subscribe" else None


def unknown(topic: str, item: object, key: str = "") -> UnknownEvent:
    """Return an event for what was not understood; without an id of its own its key is its fingerprint."""
    raw = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
    fingerprint = hashlib.sha256(raw.encode()).hexdigest()
    return UnknownEvent(key=(key or f"unknown:{fingerprint}")[:300], topic=topic[:TOPIC_MAX], raw=raw)


def text_of(block: Any, name: str, limit: int = 5000) -> str:
    """Return a string field, "" when absent; raises ValueError for another type or a text no column holds."""
    value = block.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"{name} is not a text of {limit} characters")
    return value


def trusted(url: httpx.URL, base: httpx.URL, hosts: tuple[str, ...], suffixes: tuple[str, ...]) -> bool:
    """Return whether a file may be fetched there: a known host over TLS, or the base address itself (sandbox)."""
    if url.userinfo:  # it would travel instead of our token
        return False
    if (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port):
        return True
    # httpx lets "evil.example\\.fbcdn.net" pass as one name; others read the backslash as a slash.
    plain = re.fullmatch(r"[a-z0-9.-]+", url.host) is not None
    known = url.host in hosts or url.host.endswith(suffixes)
    return plain and known and url.scheme == "https" and url.port is None
