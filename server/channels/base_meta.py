"""What Meta's messengers share: signed webhooks, the handshake, careful reading of answers, files from Meta's hosts.

Source: Graph API, Webhooks, "Getting Started", read mid-2026.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from server.channels.base import ChannelError
from server.domain.errors import Invalid
from server.domain.events import UnknownEvent

# Nothing has left the machine: the only failures of the line after which a message may be sent again.
NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# What reading a foreign JSON item may raise when the item is not what it should be.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError)


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


def checked(settings: Mapping[str, str], name: str, pattern: str, default: str = "") -> str:
    """Return a setting without the blanks around it. Raises Invalid, naming it, when it cannot be right."""
    value = settings.get(name, "").strip() or default
    if not re.fullmatch(pattern, value):
        raise Invalid("channel.setting_malformed", field=name)
    return value


def body_of(answer: httpx.Response) -> object:
    """Return the JSON of an answer, None for anything else."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def retry_after(answer: httpx.Response) -> float | None:
    """Return the pause Meta asks for in seconds, a day at the most, None when it asks for none."""
    given = answer.headers.get("retry-after", "")
    return min(float(given), 86_400.0) if given.isascii() and given.isdigit() else None


def storable(value: Any) -> Any:
    """Return the JSON without what no database takes: half surrogates and NUL in texts."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return value


def unknown(topic: str, item: object, key: str = "") -> UnknownEvent:
    """Return an event for what was not understood; without an id of its own its key is its fingerprint."""
    raw = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
    fingerprint = hashlib.sha256(raw.encode()).hexdigest()
    return UnknownEvent(key=(key or f"unknown:{fingerprint}")[:300], topic=topic[:64], raw=raw)


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


async def download(
    http: httpx.AsyncClient,
    url: httpx.URL,
    headers: Mapping[str, str],
    *,
    limit_bytes: int,
    gone: frozenset[int] = frozenset(),
) -> bytes:
    """Return a file from where it is, following nobody elsewhere; counted while it comes.

    Raises ChannelError: `media.gone` for a status in `gone`, `media.too_large`, `media.unreachable`; and what httpx raises.
    """
    data = bytearray()
    async with http.stream("GET", url, headers=dict(headers), follow_redirects=False) as answer:
        if answer.status_code in gone:
            raise ChannelError("media.gone", permanent=True, detail=str(answer.status_code))
        if answer.status_code != 200:
            raise ChannelError("media.unreachable", permanent=False, detail=str(answer.status_code))
        async for chunk in answer.aiter_bytes():
            data += chunk
            if len(data) > limit_bytes:
                raise ChannelError("media.too_large", permanent=True)
    return bytes(data)
