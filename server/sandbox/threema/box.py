"""What the customers' Threema apps do: open boxes, look into messages, seal answers, and how the Gateway signs.

Written anew from the same pages as our channel (gateway.threema.ch/en/developer/e2e, mid-2026): two readings that
must agree.
"""

import hashlib
import hmac
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey
from nacl.secret import SecretBox

DIRECTORY_KEYS = {
    "phone": "85adf8226953f3d96cfd5d09bf29555eb955fcd8aa5ec4f9fcd869e258370723",
    "email": "30a5500fed9701fa6defdb610841900febb8e430881f7ad816826264ec09bad7",
}
RECEIVED, READ, UP, DOWN = 1, 2, 3, 4
_FILE_NONCE = (1).to_bytes(24, "big")
_SIGNED = ("from", "to", "messageId", "date", "nonce", "box")
_NEEDED = {"b": str, "k": str, "m": str, "s": int}
_KNOWN = {"b", "k", "m", "s", "t", "p", "n", "j", "i", "d", "x"}


class Nonsense(ValueError):
    """A message no app could show."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as an app shows it; `blob` and `key` name its file, "" = none."""

    text: str
    blob: str = ""
    key: bytes = b""
    mime: str = ""


def directory_hash(kind: str, value: str) -> str:
    """Return what the directory is asked with for a number (digits) or an address."""
    return hmac.new(bytes.fromhex(DIRECTORY_KEYS[kind]), value.encode(), hashlib.sha256).hexdigest()


def open_box(box: bytes, nonce: bytes, private: PrivateKey, public: str) -> tuple[int, bytes]:
    """Return (type, payload) of what the firm sealed. Raises Nonsense for what the app would throw away."""
    try:
        plain = Box(private, PublicKey(bytes.fromhex(public))).decrypt(box, nonce)
    except (CryptoError, ValueError) as error:
        raise Nonsense("not for this key") from error
    size = plain[-1]
    if not 1 <= size < len(plain) or plain[-size:] != bytes([size]) * size:
        raise Nonsense("padding")
    if len(plain) - 1 < 32:
        raise Nonsense("shorter than 32 bytes: its length tells too much")
    return plain[0], plain[1:-size]


def shown(kind: int, payload: bytes) -> Shown:
    """Return what the app shows. Raises Nonsense."""
    if kind == 0x01:
        text = _utf8(payload)
        if not text or len(payload) > 3500:
            raise Nonsense("text of 1 to 3500 bytes")
        return Shown(text)
    if kind == 0x17:
        return _file(payload)
    raise Nonsense(f"type {kind:02x} is nothing a firm sends")


def seal(kind: int, payload: bytes, nonce: bytes, private: PrivateKey, public: str, padding: int) -> bytes:
    """Return the box of an app's message; `padding` 1..255, made longer where the message is short."""
    size = max(padding, 32 - len(payload))
    plain = bytes([kind]) + payload + bytes([size]) * size
    return Box(private, PublicKey(bytes.fromhex(public))).encrypt(plain, nonce).ciphertext


def receipt(state: int, *message_ids: str) -> bytes:
    return struct.pack("B", state) + b"".join(bytes.fromhex(one) for one in message_ids)


def file_message(blob: str, key: bytes, mime: str, size_bytes: int, caption: str) -> bytes:
    told: dict[str, Any] = {"b": blob, "k": key.hex(), "m": mime, "s": size_bytes, "j": 1, "i": 1}
    if caption:
        told["d"] = caption
    return json.dumps(told).encode()


def lock(data: bytes, key: bytes) -> bytes:
    """Return a file's blob."""
    return SecretBox(key).encrypt(data, _FILE_NONCE).ciphertext


def unlock(blob: bytes, key: bytes) -> bytes:
    """Return a blob's file. Raises Nonsense."""
    try:
        return SecretBox(key).decrypt(blob, _FILE_NONCE)
    except CryptoError as error:
        raise Nonsense("the blob is not locked with this key") from error


def signed(fields: Mapping[str, str], secret: str) -> dict[str, str]:
    """Return a callback's fields with the Gateway's MAC."""
    told = "".join(fields[name] for name in _SIGNED)
    return {**fields, "mac": hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()}


def _file(payload: bytes) -> Shown:
    try:
        told = json.loads(_utf8(payload))
        wrong = [name for name, kind in _NEEDED.items() if type(told.get(name)) is not kind]
        blob, key = bytes.fromhex(told["b"]), bytes.fromhex(told["k"])
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Nonsense("file message") from error
    if wrong or set(told) - _KNOWN or None in told.values() or (len(blob), len(key)) != (16, 32):
        raise Nonsense(f"file message: {wrong}")
    return Shown(str(told.get("d", "")), told["b"], key, told["m"])


def _utf8(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Nonsense("not UTF-8") from error
