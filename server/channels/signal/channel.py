"""Signal through signal-cli-rest-api 0.99: an unofficial container of the firm's own, so marked as an experiment.

The service acknowledges to Signal as soon as it receives, and tells everything once: to whoever listens, or to nobody.
So one puller listens, what comes is stored first, and every break of the line is told as a gap.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx

from server.channels.base import ChannelError, Field, MediaLoader, Pulled, RawLoader
from server.channels.base_http import body_of, once
from server.channels.signal.errors import accepted, refused
from server.channels.signal.line import Line
from server.channels.signal.parse import events
from server.channels.signal.plan import CAPS, PHONE, data_uri, parted, steps
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Step
from server.domain.checkups import Finding
from server.domain.errors import Invalid
from server.domain.events import Event, MediaRef
from server.domain.identities import Identity
from server.domain.outcomes import Accepted, MediaFix, Outcome
from server.domain.pace import Pace, Rate

SEND_TIMEOUT_S = 60.0
MEDIA_TIMEOUT_S = 60.0
MAX_MEDIA_BYTES = 25_000_000


class Signal:
    """One number in one container. Raises Invalid with the field's name for settings that cannot work."""

    kind: ClassVar[str] = "signal"
    label: ClassVar[str] = "Signal (experimentell)"
    # The container asks for no password: whoever typed a neighbour's number would read his messages.
    exclusive: ClassVar[str] = "number"
    caps: ClassVar[Capabilities] = CAPS
    # Signal names no limit and asks for a captcha when it is passed: slowly, as a person would type.
    pace: ClassVar[Pace] = Pace(Rate(1.0, burst=5), pair=Rate(0.5, burst=5))
    fields: ClassVar[tuple[Field, ...]] = (
        Field("number", "Eigene Nummer", help="Mit Landesvorwahl, zum Beispiel +4915112345678; im Container registriert."),
        Field("address", "Adresse des Containers", required=False,
              help="Leer = die Adresse, die der Betreiber mit ZOLLSTOCK_SIGNAL_BASE freigegeben hat."),
    )  # fmt: skip

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        self._http = http
        self._number = settings.get("number", "").strip()
        if not PHONE.fullmatch(self._number):
            raise Invalid("channel.setting_malformed", field="number")
        self._base = _address(settings.get("address", ""), bases.get("signal_base", ""))
        self._own = quote(self._number, safe="")
        self._line = Line(http, self._base, self._own)

    @property
    def pulls(self) -> bool:
        return True

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the messages in order; Signal knows no window."""
        return steps(draft, identity, self._number)

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return the receipt that shows the customer his message was read."""
        named = parted(foreign_id)
        if named is None:
            return None
        call = {"receipt_type": "read", "recipient": named[0], "timestamp": named[1]}
        return Step(kind="read", intent_id=intent_id, call=call)

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Post the message or the receipt once; picture and words are one call."""
        if step.kind == "read":
            return await self._receipt(step.call)
        call = dict(step.call)
        if step.picture:
            data = await media(step.picture.ref)
            if hashlib.sha256(data).hexdigest() != step.picture.sha256:
                return MediaFix("the picture is not the one that was planned")
            call["base64_attachments"] = [data_uri(step.picture, base64.b64encode(data).decode())]
        answer = await self._post("/v2/send", call)
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code == 201:
            return accepted(body_of(answer), self._number)
        return refused(answer.status_code, body_of(answer), self._number)

    async def _receipt(self, call: Mapping[str, Any]) -> Outcome:
        answer = await self._post(f"/v1/receipts/{self._own}", call)
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code == 204:
            return Accepted(f"{call['recipient']}:{call['timestamp']}", sent=True)
        return refused(answer.status_code, body_of(answer), self._number)

    async def _post(self, path: str, call: Mapping[str, Any]) -> httpx.Response | Outcome:
        return await once(
            self._http.post(self._base + path, json=call, timeout=SEND_TIMEOUT_S, follow_redirects=False)
        )

    def parse(self, raw: bytes) -> list[Event]:
        """Return everything an envelope tells, in its order."""
        return list(events(raw, self._number))

    def pull(self, cursor: str) -> AsyncIterator[Pulled]:
        """Yield what is told after the cursor until the line ends (`channels/signal/line.py`); raises ChannelError."""
        return self._line.pull(cursor)

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file; raises ChannelError `media.gone`, `media.too_large`, `media.unreachable`."""
        try:
            async with asyncio.timeout(MEDIA_TIMEOUT_S):
                return await self._line.download(ref.id, MAX_MEDIA_BYTES)
        except (TimeoutError, httpx.HTTPError) as error:
            raise ChannelError("media.unreachable", permanent=False, detail=type(error).__name__) from error

    async def check(self, hook: str) -> list[Finding]:
        """Ask the container who it is, how it receives, and whether it knows our number."""
        try:
            about = body_of(await self._line.ask("/v1/about"))
            accounts = body_of(await self._line.ask("/v1/accounts"))
        except httpx.HTTPError as error:
            return [Finding("channel.reachable", ok=False, detail=type(error).__name__)]
        if not isinstance(about, dict) or "mode" not in about:
            return [Finding("channel.reachable", ok=False, detail="no signal-cli-rest-api there")]
        mode = str(about["mode"])
        known = isinstance(accounts, list) and self._number in accounts
        return [
            Finding(
                "channel.reachable", ok=True, detail=f"signal-cli-rest-api {about.get('version', '')}"[:300]
            ),
            Finding("signal.mode", ok=mode == "json-rpc", detail=mode[:300]),
            Finding("signal.registered", ok=known, detail=self._number),
        ]


def _address(typed: str, allowed: str) -> str:
    """Return the container's address: one the operator has allowed, for the service knows no password of its own.

    `allowed` are addresses parted by commas; an empty setting means the first. Raises Invalid.
    """
    known = [one.strip().rstrip("/") for one in allowed.split(",") if one.strip()]
    wanted = typed.strip().rstrip("/") or (known[0] if known else "")
    parts = urlsplit(wanted)
    if wanted not in known or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("channel.setting_malformed", field="address")
    return wanted
