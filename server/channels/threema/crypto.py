"""Threema's cryptography and nothing else: container, box, files, look-up hashes, callback MAC.

Source: gateway.threema.ch/en/developer/e2e and /api, read mid-2026; held by the vectors of the official SDKs
(shared/specs/threema-vectors.json).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from nacl.bindings import (
    crypto_box,
    crypto_box_open,
    crypto_scalarmult_base,
    crypto_secretbox,
    crypto_secretbox_open,
)
from nacl.exceptions import CryptoError

TEXT, IMAGE, LOCATION, VIDEO, AUDIO, FILE, RECEIPT = 0x01, 0x02, 0x10, 0x13, 0x14, 0x17, 0x80
KEY_BYTES, NONCE_BYTES = 32, 24
MIN_PADDED_BYTES = 32
_FILE_NONCE, _THUMB_NONCE = bytes(23) + b"\x01", bytes(23) + b"\x02"
# Public constants of the directory: they keep numbers out of logs, not secret.
_PHONE_KEY = bytes.fromhex("85adf8226953f3d96cfd5d09bf29555eb955fcd8aa5ec4f9fcd869e258370723")
_EMAIL_KEY = bytes.fromhex("30a5500fed9701fa6defdb610841900febb8e430881f7ad816826264ec09bad7")
MAC_FIELDS = ("from", "to", "messageId", "date", "nonce", "box")


class Unreadable(ValueError):
    """A box, blob or container that is not what it should be; it holds no bytes of it."""


def padding(payload_bytes: int) -> int:
    """Return a random length of padding: 1 to 255, so that payload and padding are 32 bytes at least."""
    return max(secrets.randbelow(255) + 1, MIN_PADDED_BYTES - payload_bytes)


def container(kind: int, payload: bytes, padding_bytes: int) -> bytes:
    """Return the plaintext of a message: type, payload, and each byte of the padding its length."""
    return bytes([kind]) + payload + bytes([padding_bytes]) * padding_bytes


def opened(plain: bytes) -> tuple[int, bytes]:
    """Return (type, payload) of a plaintext. Raises Unreadable when the padding would eat more than the payload."""
    if len(plain) < 2 or not 1 <= plain[-1] < len(plain):
        raise Unreadable("padding")
    return plain[0], plain[1 : -plain[-1]]


def seal(plain: bytes, nonce: bytes, *, private: bytes, public: bytes) -> bytes:
    """Return the NaCl box. Raises Unreadable for a key that is none."""
    try:
        return crypto_box(plain, nonce, public, private)
    except (CryptoError, ValueError, TypeError) as error:
        raise Unreadable("key") from error


def unseal(box: bytes, nonce: bytes, *, private: bytes, public: bytes) -> bytes:
    """Return what the owner of `public` put into the box. Raises Unreadable when one bit is wrong."""
    try:
        return crypto_box_open(box, nonce, public, private)
    except (CryptoError, ValueError, TypeError) as error:
        raise Unreadable("box") from error


def seal_file(data: bytes, key: bytes, *, thumb: bool = False) -> bytes:
    """Return a file as it lies at Threema's; the key is for this one file, so the nonce may be fixed."""
    return crypto_secretbox(data, _THUMB_NONCE if thumb else _FILE_NONCE, key)


def unseal_file(blob: bytes, key: bytes, *, thumb: bool = False) -> bytes:
    """Return the file of a blob. Raises Unreadable."""
    try:
        return crypto_secretbox_open(blob, _THUMB_NONCE if thumb else _FILE_NONCE, key)
    except (CryptoError, ValueError, TypeError) as error:
        raise Unreadable("blob") from error


def public_of(private: bytes) -> bytes:
    return crypto_scalarmult_base(private)


def random_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def random_nonce() -> bytes:
    return secrets.token_bytes(NONCE_BYTES)


def phone_hash(phone: str) -> str:
    """Return the directory's hash of a number; with or without plus."""
    return hmac.new(_PHONE_KEY, phone.removeprefix("+").encode(), hashlib.sha256).hexdigest()


def email_hash(email: str) -> str:
    return hmac.new(_EMAIL_KEY, email.strip().lower().encode(), hashlib.sha256).hexdigest()


def callback_mac(secret: str, fields: Mapping[str, str]) -> str:
    """Return the MAC of a callback over its fields as received. Raises KeyError when one is missing."""
    signed = "".join(fields[name] for name in MAC_FIELDS)
    return hmac.new(secret.encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
