"""A push service as strict as the RFCs: it opens what it gets with the browser's own keys, and refuses the rest."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HOST = "https://fcm.googleapis.com"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Browser:
    """One subscription as the browser holds it; `server_key` is what the page subscribed with."""

    name: str
    server_key: bytes
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    received: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    """What the service answers next, before it takes anything."""

    @property
    def subscription(self) -> dict[str, Any]:
        """Return what `PushSubscription.toJSON()` gives."""
        keys = {"p256dh": b64(point(self.key)), "auth": b64(self.auth)}
        return {"endpoint": f"{HOST}/fcm/send/{self.name}", "keys": keys}

    def open(self, body: bytes) -> bytes:
        """Return the clear text of a body (RFC 8188 §2, RFC 8291 §3.4). Raises ValueError, InvalidTag."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        if size < 18 or length != 65 or len(sealed) > size:
            raise ValueError("header")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), public)
        info = b"WebPush: info\x00" + point(self.key) + theirs
        secret = HKDF(hashes.SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        clear = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        if clear[-1:] != b"\x02":
            raise ValueError("the last record ends with 2")
        return clear[:-1]


class PushService:
    """The service of all these browsers."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.browsers: dict[str, Browser] = {}
        self.elsewhere: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.take, methods=["GET", "POST"])])

    def browser(self, name: str, server_key: bytes) -> Browser:
        return self.browsers.setdefault(name, Browser(name, server_key))

    async def take(self, request: Request) -> Response:
        browser = self.browsers.get(request.url.path.rpartition("/")[2])
        if f"{request.url.scheme}://{request.url.netloc}" != HOST:
            self.elsewhere.append(str(request.url))
            return Response(status_code=201)
        if browser is None or request.method != "POST":
            return Response(status_code=404)
        if browser.answers:
            return browser.answers.pop(0)
        wrong = refused(request, browser, self.now())
        if wrong:
            return Response(wrong, status_code=403 if wrong.startswith("vapid") else 400)
        try:
            clear = browser.open(await request.body())
        except (ValueError, InvalidTag) as error:
            return Response(f"cannot be opened: {error!r}", status_code=400)
        browser.received.append(json.loads(clear) | {"topic": request.headers["topic"]})
        return Response(status_code=201, headers={"Location": f"{HOST}/message/1"})


def refused(request: Request, browser: Browser, now: datetime) -> str:
    """Return what is wrong with the headers (RFC 8030 §5, RFC 8292), empty when nothing is."""
    headers = request.headers
    if headers.get("content-encoding") != "aes128gcm" or not headers.get("ttl", "").isdecimal():
        return "content-encoding or ttl"
    if (
        headers.get("urgency") not in ("very-low", "low", "normal", "high")
        or len(headers.get("topic", "")) > 32
    ):
        return "urgency or topic"
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    if scheme != "vapid" or unb64(fields.get("k", "")) != browser.server_key:
        return "vapid: not the key this browser subscribed with"
    signed, _, signature = fields["t"].rpartition(".")
    head, claims = (json.loads(unb64(part)) for part in signed.split("."))
    until = datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
    if head != {"typ": "JWT", "alg": "ES256"} or claims["aud"] != HOST:
        return "vapid: header or audience"
    if not now < until <= now + timedelta(hours=24) or not claims["sub"].startswith(("mailto:", "https:")):
        return "vapid: end or subject"
    raw = unb64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), browser.server_key)
    try:
        public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "vapid: signature"
    return ""
