"""Web push: a message only the phone's browser can open (RFC 8291, 8188), signed by this installation (RFC 8292).

The primitives are those of `cryptography`, which is here anyway. http-ece comes as source only and without types,
py-vapid brings its own command line; neither spares more than the sixty lines below, which are held to the RFC's
own example and to a strict push service in the tests.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.domain.errors import Invalid
from server.domain.pushes import Subscription, check_endpoint, write_key

RECORD_BYTES = 4096
TAG_BYTES = 16
CLEAR_MAX = RECORD_BYTES - TAG_BYTES - 1
TOKEN_LASTS = timedelta(hours=12)
TIMEOUT_S = 15.0
# The order of P-256 (SEC 2 §2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Gone(Exception):
    """The browser has ended this subscription: it will never take a message again (RFC 8030 §7.3)."""


class PushFailed(Exception):
    """The push service did not take the message; `after_s` when it asked to wait."""

    def __init__(self, reason: str, *, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Sender:
    """Who we are to push services: a key, and an address where its owner can be reached."""

    key: ec.EllipticCurvePrivateKey
    subject: str

    @property
    def public_key(self) -> bytes:
        """Return the key that browsers are given when they subscribe: an uncompressed point of 65 bytes."""
        return _point(self.key.public_key())

    def authorization(self, endpoint: str, *, at: datetime) -> str:
        """Return the header that proves to the endpoint's service who sends (RFC 8292 §2, §3)."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((at + TOKEN_LASTS).timestamp()),
            "sub": self.subject,
        }
        signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = write_key(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return f"vapid t={signed}.{signature}, k={write_key(self.public_key)}"


def sender(seed: bytes, subject: str) -> Sender:
    """Return the installation's sender. Its key comes out of the secret file's: nothing more to keep or to lose."""
    number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
    return Sender(ec.derive_private_key(number, ec.SECP256R1()), subject)


def check_point(p256dh: bytes) -> None:
    """Raise Invalid("push.keys") for bytes that are no point of the curve."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    except ValueError:
        raise Invalid("push.keys", field="p256dh") from None


def encrypt(
    clear: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    salt: bytes | None = None,
    own: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Return the body for one subscription: one record of aes128gcm. `salt` and `own` are new each time but in tests."""
    if len(clear) > CLEAR_MAX:
        raise ValueError(f"a push message holds at most {CLEAR_MAX} bytes")
    salt, own = salt or os.urandom(16), own or ec.generate_private_key(ec.SECP256R1())
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    ours = _point(own.public_key())
    shared = own.exchange(ec.ECDH(), theirs)
    secret = _derive(shared, salt=auth, info=b"WebPush: info\0" + p256dh + ours, length=32)
    key = _derive(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derive(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, clear + b"\x02", None)


async def send(
    http: httpx.AsyncClient,
    sender: Sender,
    to: Subscription,
    clear: bytes,
    *,
    topic: str,
    ttl_s: int,
    at: datetime,
) -> None:
    """Hand a message to the browser's push service, once. A later one of the same `topic` replaces it there.

    Raises Gone, PushFailed. A redirect is a failure: the message goes to a listed service or nowhere.
    """
    headers = {
        "Authorization": sender.authorization(check_endpoint(to.endpoint), at=at),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(ttl_s),
        "Topic": topic,
        "Urgency": "normal",
    }
    body = encrypt(clear, p256dh=to.p256dh, auth=to.auth)
    try:
        answer = await http.post(
            to.endpoint, content=body, headers=headers, follow_redirects=False, timeout=TIMEOUT_S
        )
    except httpx.HTTPError as error:
        raise PushFailed(type(error).__name__) from error
    if answer.status_code in (404, 410):
        raise Gone
    if not answer.is_success:
        wait = answer.headers.get("retry-after", "")
        raise PushFailed(f"HTTP {answer.status_code}", after_s=float(wait) if wait.isdecimal() else None)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _json(value: dict[str, object]) -> str:
    return write_key(json.dumps(value, separators=(",", ":")).encode())
