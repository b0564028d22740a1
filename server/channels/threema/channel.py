"""Threema Gateway, basic and end-to-end (gateway.threema.ch/en/developer/api, read mid-2026).

Every message and every file costs a credit, a second try too: only what was certainly refused is tried again.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Self
from uuid import UUID

import httpx

import server.channels.threema.crypto as crypto
from server.channels.base import ChannelError, Field, MediaLoader, RawLoader
from server.channels.base_http import checked
from server.channels.threema.line import Gateway
from server.channels.threema.parse import BLOB, events, form, key_fact, needs
from server.channels.threema.plan import BASIC, E2E, THREEMA_ID, address, addressed, file_json, steps
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.checkups import Finding
from server.domain.errors import Invalid
from server.domain.events import Event, MediaRef
from server.domain.identities import Fact, Identity, IdentityKind
from server.domain.outcomes import (
    MediaFix,
    Moved,
    Outcome,
    Permanent,
    Reauth,
    Retry,
)
from server.domain.pace import Pace, Rate, each_second

MEDIA_TIMEOUT_S = 60.0


class Threema:
    """One Gateway id. Without a private key: basic mode, texts only, and nothing ever comes back.

    End to end it works only `knowing` the public keys of people, which are kept for ever: a key that is another one
    later is an alarm, and nothing is sent. Raises Invalid with the field's name for settings that cannot work.
    """

    kind: ClassVar[str] = "threema"
    label: ClassVar[str] = "Threema"
    caps: ClassVar[Capabilities] = E2E
    modes: ClassVar[Mapping[str, Capabilities]] = {"e2e": E2E, "basic": BASIC}
    # The gateway names no limit but answers 429: a pace no human desk exceeds.
    pace: ClassVar[Pace] = Pace(each_second(10), pair=Rate(1.0, burst=5))
    # Four tries in a quarter of an hour, then a callback is thrown away (developer/api).
    forgets_after: ClassVar[timedelta] = timedelta(minutes=15)
    fields: ClassVar[tuple[Field, ...]] = (
        Field("gateway_id", "Gateway-ID", help="Acht Zeichen, beginnt mit einem Stern: *ABCDEFG."),
        Field("api_secret", "API-Geheimcode", secret=True, help="Steht im Gateway-Konto bei der ID."),
        Field("private_key", "Privater Schlüssel", secret=True, required=False,
              help="64 Zeichen, nur bei einer ID mit Ende-zu-Ende-Verschlüsselung. Leer: nur Texte, keine Antworten."),
    )  # fmt: skip

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        self._id = checked(settings, "gateway_id", r"\*[0-9A-Z]{7}")
        self._secret = checked(settings, "api_secret", r"[!-~]{1,200}")
        self._gateway = Gateway(http, bases["threema_base"], self._id, self._secret)
        # The key tools of Threema write the kind of a key before it.
        private = settings.get("private_key", "").strip().removeprefix("private:")
        if private and not re.fullmatch(r"[0-9a-fA-F]{64}", private):
            raise Invalid("channel.setting_malformed", field="private_key")
        self._private = bytes.fromhex(private)
        self._facts: Mapping[str, str] = {}
        if not private:
            # What a class can do, this one account cannot.
            self.__dict__["caps"] = BASIC

    @property
    def mode(self) -> str:
        return "e2e" if self._private else "basic"

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the messages in order, or why the draft cannot be said. There is no window."""
        return steps(draft, identity, self.caps)

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return None: a receipt of ours would cost a credit."""
        return None

    def readdressed(self, step: Step, identity: Identity) -> Step:
        """Return the step for the same person under another name (`Moved`)."""
        return replace(step, call=addressed(step.call, identity))

    def needs(self, what: Step | bytes) -> list[Fact]:
        """Return the key of the person a step goes to or an event comes from, and whose an event's nonce is."""
        if not self._private:
            return []
        if isinstance(what, bytes):
            return needs(what)
        to = address(what.call)
        return [key_fact(to.value)] if to.kind is IdentityKind.THREEMA else []

    async def learn(self, fact: Fact) -> str:
        """Ask for a public key. Raises ChannelError `channel.key_unknown` (there is no such person) or `…_unreachable`."""
        answer = await self._gateway.ask(f"pubkeys/{fact.about}")
        if isinstance(answer, str) and _is_key(answer):
            return answer.lower()
        if isinstance(answer, Permanent):
            raise ChannelError("channel.key_unknown", permanent=True)
        raise ChannelError("channel.key_unreachable", permanent=False, detail=type(answer).__name__)

    def knowing(self, facts: Mapping[str, str]) -> Self:
        """Return the same account's channel that knows these facts."""
        knows = copy(self)
        knows._facts = {**self._facts, **facts}
        return knows

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Make the call once. All questions before it (id, key, abilities, upload) have told the customer nothing."""
        to = address(step.call)
        if self._private:
            return await self._send_e2e(step, to, media)
        if step.picture:
            return Reauth("a picture needs the private key")
        return await self._send_simple(step, to)

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether the Gateway signed this callback with our secret: over its fields, in constant time."""
        if not self._private:
            return False
        try:
            fields = form(raw)
            expected = crypto.callback_mac(self._secret, fields)
        except (ValueError, KeyError):
            return False
        return hmac.compare_digest(
            expected.encode(), fields.get("mac", "").lower().encode("utf-8", "replace")
        )

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Return None: the Gateway asks for nothing when an address is registered."""
        return None

    def parse(self, raw: bytes) -> list[Event]:
        """Return what a callback tells, as far as the sender's key is known."""
        return list(events(raw, self._id, self._private, self._facts))

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file, decrypted; raises ChannelError `media.gone`, `media.too_large`, `media.damaged`, `media.unreachable`.

        After the first try the Gateway may delete a file within the hour.
        """
        blob, _, secret = ref.id.partition(":")
        if not re.fullmatch(BLOB, blob):
            raise ChannelError("media.gone", permanent=True, detail="no blob id")
        try:
            async with asyncio.timeout(MEDIA_TIMEOUT_S):
                data = await self._gateway.download(blob)
                return await self._opened(data, secret)
        except (TimeoutError, httpx.HTTPError) as error:
            raise ChannelError("media.unreachable", permanent=False, detail=type(error).__name__) from error
        except ValueError as error:
            raise ChannelError("media.damaged", permanent=True) from error

    async def check(self, hook: str) -> list[Finding]:
        """Ask for the credits, and end to end whether our own public key is the one people are told."""
        credits = await self._gateway.ask("credits")
        if not isinstance(credits, str):
            failed = "channel.token" if isinstance(credits, Reauth) else "channel.reachable"
            return [Finding(failed, ok=False, detail=credits.detail)]
        left = int(credits) if re.fullmatch(r"-?[0-9]{1,12}", credits) else 0
        mode = "end-to-end" if self._private else "basic"
        found = [
            Finding("channel.token", ok=True, detail=f"{self._id} ({mode})"),
            Finding("channel.credits", ok=left > 0, detail=str(left)),
        ]
        if self._private:
            told = await self._gateway.ask(f"pubkeys/{self._id}")
            ours = crypto.public_of(self._private).hex()
            found.append(Finding("channel.key", ok=isinstance(told, str) and told.lower() == ours))
        return found

    async def _send_simple(self, step: Step, to: Identity) -> Outcome:
        names = {IdentityKind.PHONE: "phone", IdentityKind.EMAIL: "email"}
        recipient = {names.get(to.kind, "to"): to.value.removeprefix("+")}
        return await self._gateway.post("send_simple", {**recipient, "text": str(step.call["text"])})

    async def _send_e2e(self, step: Step, to: Identity, media: MediaLoader) -> Outcome:
        if to.kind is not IdentityKind.THREEMA:
            return await self._look_up(to)
        public = await self._key_of(to.value)
        if not isinstance(public, bytes):
            return public
        made = await self._file(step, step.picture, to.value, media) if step.picture else _text(step)
        if not isinstance(made, bytes):
            return made
        kind = crypto.FILE if step.picture else crypto.TEXT
        nonce = crypto.random_nonce()
        plain = crypto.container(kind, made, crypto.padding(len(made)))
        try:
            box = crypto.seal(plain, nonce, private=self._private, public=public)
        except crypto.Unreadable:
            return Permanent("recipient.key_changed", "a key that is none")
        return await self._gateway.post("send_e2e", {"to": to.value, "nonce": nonce.hex(), "box": box.hex()})

    async def _look_up(self, to: Identity) -> Outcome:
        """Return the person's id as the name he has moved to; numbers and addresses are asked for by their hashes."""
        phone = to.kind is IdentityKind.PHONE
        hashed = crypto.phone_hash(to.value) if phone else crypto.email_hash(to.value)
        answer = await self._gateway.ask(f"lookup/{'phone' if phone else 'email'}_hash/{hashed}")
        if not isinstance(answer, str):
            return answer
        if not THREEMA_ID.fullmatch(answer):
            return Retry(detail="lookup: no id")
        return Moved(Identity(IdentityKind.THREEMA, answer))

    async def _key_of(self, threema_id: str) -> bytes | Outcome:
        """Return the kept key, if it still is what the directory tells. An id has one key for all its life."""
        kept = self._facts.get(key_fact(threema_id).name, "")
        told = await self._gateway.ask(f"pubkeys/{threema_id}")
        if not isinstance(told, str):
            return told
        if not _is_key(told):
            return Retry(detail="pubkeys: no key")
        if not kept:
            return Retry(detail="the key is not kept yet")
        if not hmac.compare_digest(told.lower(), kept):
            return Permanent("recipient.key_changed", _prints(kept, told.lower()))
        return bytes.fromhex(kept)

    async def _file(
        self, step: Step, picture: Picture, threema_id: str, media: MediaLoader
    ) -> bytes | Outcome:
        """Upload the picture under a key of its own and return the payload that tells of it."""
        able = await self._gateway.ask(f"capabilities/{threema_id}")
        if not isinstance(able, str):
            return able
        if "file" not in [word.strip().lower() for word in able.split(",")]:
            return Permanent("recipient.no_files", able[:200])
        data = await media(picture.ref)
        if hashlib.sha256(data).hexdigest() != picture.sha256:
            return MediaFix("the picture is not the one that was planned")
        key = crypto.random_key()
        blob = await self._gateway.upload(crypto.seal_file(data, key))
        if not isinstance(blob, str):
            return blob
        return file_json(
            blob=blob,
            key=key,
            mime=picture.mime,
            name=picture.name,
            size_bytes=len(data),
            caption=str(step.call["text"]),
        )

    async def _opened(self, data: bytes, secret: str) -> bytes:
        """Return a blob's file: by its own key, or an old picture's by the keys of sender and firm."""
        words = secret.split(":")
        if len(words) == 1:
            return crypto.unseal_file(data, bytes.fromhex(secret))
        nonce, sender = words
        if not THREEMA_ID.fullmatch(sender):
            raise crypto.Unreadable("sender")
        told = await self._gateway.ask(f"pubkeys/{sender}")
        if not isinstance(told, str):
            raise ChannelError("media.unreachable", permanent=False, detail=type(told).__name__)
        # The box proves by itself that this was the sender's key.
        return crypto.unseal(data, bytes.fromhex(nonce), private=self._private, public=bytes.fromhex(told))


def _text(step: Step) -> bytes:
    return str(step.call["text"]).encode()


def _is_key(told: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{64}", told) is not None


def _prints(kept: str, told: str) -> str:
    """Return both keys' beginnings, enough to compare by telephone."""
    return f"kept {kept[:16]}, now {told[:16]}"
