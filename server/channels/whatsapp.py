"""WhatsApp Business Cloud API over plain HTTP (Graph v25.0 by default; W/messages, W/webhooks, W/business-phone-numbers)."""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx

from server.channels.base import ChannelError, Field, MediaLoader, RawLoader
from server.channels.whatsapp_errors import error_of, outcome_of, reaction_of
from server.channels.whatsapp_parse import events
from server.channels.whatsapp_plan import CAPS, free_steps, refusal, template_step, with_media
from server.domain.channels import (
    Blocked,
    Capabilities,
    Draft,
    Finding,
    Identity,
    Picture,
    Step,
    Template,
    window_open,
)
from server.domain.errors import Invalid
from server.domain.events import Event, MediaRef
from server.domain.outcomes import Accepted, MediaFix, Outcome, Reauth, Retry, Throttled, Unclear

SEND_TIMEOUT_S = 30.0
MEDIA_TIMEOUT_S = 15.0
MAX_MEDIA_BYTES = 25_000_000
# Where Meta keeps files; the token goes nowhere else.
MEDIA_HOSTS = ("lookaside.fbsbx.com",)
MEDIA_SUFFIXES = (".fbcdn.net", ".fbsbx.com", ".whatsapp.net")
# Nothing has left the machine: the only failures of the line that may be tried again.
_NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Whatsapp:
    """One business number: free words for 24 hours after the customer's last message, an approved template else.

    Raises Invalid with the field's name for settings that cannot work.
    """

    kind: ClassVar[str] = "whatsapp"
    label: ClassVar[str] = "WhatsApp"
    caps: ClassVar[Capabilities] = CAPS
    fields: ClassVar[tuple[Field, ...]] = (
        Field("phone_number_id", "Telefonnummer-ID", help="Steht in der Meta-App unter WhatsApp, API-Einrichtung."),
        Field("access_token", "Zugriffstoken", secret=True, help="Dauerhaftes Token eines Systemnutzers."),
        Field("app_secret", "App-Geheimcode", secret=True, help="Meta-App, Einstellungen, Allgemein."),
        Field("verify_token", "Bestätigungstoken", secret=True, help="Frei gewählt; in der Meta-App gleich eintragen."),
        Field("api_version", "Version der Schnittstelle", required=False, default="v25.0"),
        Field("template_name", "Vorlage außerhalb der 24 Stunden", required=False,
              help="Name der genehmigten Vorlage; ihr Text hat eine Variable: die Frage."),
        Field("template_language", "Sprache der Vorlage", required=False, default="de"),
        Field("template_header", "Vorlage beginnt mit Bild (ja/nein)", required=False, default="ja"),
        Field("template_buttons", "Knöpfe der Vorlage", required=False, help="Mit | getrennt, zum Beispiel: Ja|Nein"),
    )  # fmt: skip

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        base = bases["graph_base"]
        self._http = http
        self._base = httpx.URL(base)
        self._number = _checked(settings, "phone_number_id", r"[0-9]{1,32}")
        self._token = _checked(settings, "access_token", r"[!-~]{1,1000}")
        self._app_secret = _checked(settings, "app_secret", r".+").encode()
        self._verify_token = _checked(settings, "verify_token", r".+")
        version = _checked(
            {"api_version": settings.get("api_version") or "v25.0"}, "api_version", r"v[0-9]+\.[0-9]+"
        )
        self._root = f"{base.rstrip('/')}/{version}"
        self._template = _template(settings)

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the messages in order: free ones in the window, one template outside, or why neither goes."""
        blocked = refusal(draft, identity)
        if blocked:
            return blocked
        if window_open(now, window_until):
            return free_steps(draft, identity)
        return template_step(draft, identity, draft.template or self._template)

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return the call that turns the customer's ticks blue; it marks everything before it too."""
        call = {"messaging_product": "whatsapp", "status": "read", "message_id": foreign_id}
        return Step(kind="read", intent_id=intent_id, call=call)

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Upload the picture, if any, and post the message once.

        A failed upload has told the customer nothing, so it may always be tried again; a message whose answer was
        not understood may have been taken, so it never is.
        """
        call = step.call
        if step.picture:
            uploaded = await self._upload(step.picture, media)
            if not isinstance(uploaded, str):
                return uploaded
            call = with_media(call, uploaded)
        return await self._post(call)

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether the body was signed with our app secret: over the raw bytes, compared in constant time."""
        given = headers.get("x-hub-signature-256", "")
        expected = "sha256=" + hmac.new(self._app_secret, raw, hashlib.sha256).hexdigest()
        return hmac.compare_digest(given.encode(), expected.encode())

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Return the challenge when Meta asks with our own word (G/webhooks/getting-started)."""
        token = query.get("hub.verify_token", "")
        known = hmac.compare_digest(token.encode(), self._verify_token.encode())
        return query.get("hub.challenge") if known and query.get("hub.mode") == "subscribe" else None

    def parse(self, raw: bytes) -> list[Event]:
        """Return everything a webhook tells, in its order."""
        return list(events(raw, self._number))

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file; raises ChannelError `media.gone`, `media.too_large`, `media.damaged`, `media.unreachable`."""
        try:
            async with asyncio.timeout(MEDIA_TIMEOUT_S):
                found = await self._media_place(ref)
                data = await self._download(found["url"])
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChannelError("media.unreachable", permanent=False, detail=type(error).__name__) from error
        for promised in (ref.sha256, found["sha256"]):
            if promised and not _same_hash(data, promised):
                raise ChannelError("media.damaged", permanent=False)
        return data

    async def check(self, hook: str) -> list[Finding]:
        """Ask Meta for the number: a token that works can read it (W/business-phone-numbers)."""
        try:
            answer = await self._http.get(
                f"{self._root}/{self._number}",
                params={"fields": "display_phone_number,verified_name,quality_rating"},
                headers=self._headers(),
                follow_redirects=False,
                timeout=MEDIA_TIMEOUT_S,
            )
        except httpx.HTTPError as error:
            return [Finding("channel.reachable", ok=False, detail=type(error).__name__)]
        body = _json(answer)
        if answer.status_code == 200 and isinstance(body, dict):
            number = " ".join(str(body.get(name, "")) for name in ("display_phone_number", "verified_name"))
            return [Finding("channel.token", ok=True, detail=number.strip()[:300])]
        refused = _refused(answer, body)
        return [Finding("channel.token", ok=False, detail=getattr(refused, "detail", "")[:300])]

    async def _upload(self, picture: Picture, media: MediaLoader) -> str | Outcome:
        data = await media(picture.ref)
        if hashlib.sha256(data).hexdigest() != picture.sha256:
            return MediaFix("the picture is not the one that was planned")
        try:
            answer = await self._http.post(
                f"{self._root}/{self._number}/media",
                headers=self._headers(),
                data={"messaging_product": "whatsapp", "type": picture.mime},
                files={"file": (picture.name, data, picture.mime)},
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            return Retry(detail=f"upload: {type(error).__name__}")
        body = _json(answer)
        media_id = body.get("id") if isinstance(body, dict) else None
        if answer.status_code == 200 and isinstance(media_id, str) and media_id:
            return media_id
        refused = _refused(answer, body)
        return Retry(detail=f"upload: {answer.status_code}") if isinstance(refused, Unclear) else refused

    async def _post(self, call: Mapping[str, Any]) -> Outcome:
        try:
            answer = await self._http.post(
                f"{self._root}/{self._number}/messages",
                headers=self._headers(),
                json=call,
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        except _NOTHING_LEFT as error:
            return Retry(detail=type(error).__name__)
        except httpx.HTTPError as error:
            return Unclear(type(error).__name__)
        body = _json(answer)
        if answer.status_code == 200:
            return _accepted(body, call)
        return _refused(answer, body)

    async def _media_place(self, ref: MediaRef) -> dict[str, str]:
        """Return {"url", "sha256"} of a file; its address lives five minutes only, so it is asked for each time."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", ref.id):
            raise ChannelError("media.gone", permanent=True, detail="no media id")
        answer = await self._http.get(
            f"{self._root}/{ref.id}",
            params={"phone_number_id": self._number},
            headers=self._headers(),
            follow_redirects=False,
        )
        body = _json(answer)
        if answer.status_code != 200 or not isinstance(body, dict) or not isinstance(body.get("url"), str):
            raise _media_error(answer, body)
        if isinstance(body.get("file_size"), int) and body["file_size"] > MAX_MEDIA_BYTES:
            raise ChannelError("media.too_large", permanent=True)
        return {"url": body["url"], "sha256": str(body.get("sha256") or "")}

    async def _download(self, address: str) -> bytes:
        url = httpx.URL(address)
        if not self._trusted(url):
            raise ChannelError(
                "media.unreachable", permanent=True, detail=f"not Meta's host: {url.host[:100]}"
            )
        data = bytearray()
        async with self._http.stream("GET", url, headers=self._headers(), follow_redirects=False) as answer:
            if answer.status_code != 200:
                raise ChannelError("media.unreachable", permanent=False, detail=str(answer.status_code))
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > MAX_MEDIA_BYTES:
                    raise ChannelError("media.too_large", permanent=True)
        return bytes(data)

    def _trusted(self, url: httpx.URL) -> bool:
        """Return whether the token may go there: Meta's file hosts over TLS, or the base address itself (sandbox)."""
        if (url.scheme, url.host, url.port) == (self._base.scheme, self._base.host, self._base.port):
            return True
        known = url.host in MEDIA_HOSTS or url.host.endswith(MEDIA_SUFFIXES)
        return known and url.scheme == "https" and url.port is None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def _checked(settings: Mapping[str, str], name: str, pattern: str) -> str:
    value = settings.get(name, "").strip()
    if not re.fullmatch(pattern, value):
        raise Invalid("channel.setting_malformed", field=name)
    return value


def _template(settings: Mapping[str, str]) -> Template | None:
    name = settings.get("template_name", "").strip()
    if not name:
        return None
    titles = (title.strip() for title in settings.get("template_buttons", "").split("|"))
    return Template(
        name=name,
        language=settings.get("template_language") or "de",
        header_image=(settings.get("template_header") or "ja").strip().casefold() == "ja",
        button_titles=tuple(title for title in titles if title),
    )


def _accepted(body: object, call: Mapping[str, Any]) -> Outcome:
    """Return what a 200 says; one that cannot be read has perhaps been taken."""
    if isinstance(body, dict) and call.get("status") == "read" and body.get("success") is True:
        return Accepted(str(call["message_id"]))
    messages = body.get("messages") if isinstance(body, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    foreign_id = first.get("id") if isinstance(first, dict) else None
    if isinstance(foreign_id, str) and 0 < len(foreign_id) <= 200:
        return Accepted(foreign_id)
    return Unclear("an answer without the message's id")


def _refused(answer: httpx.Response, body: object) -> Outcome:
    """Return what another status says: only Meta's own error object, or 401 and 429, is a refusal we can trust."""
    after_s = _retry_after(answer)
    error = error_of(body)
    if error and answer.status_code >= 500 and reaction_of(error[0]) is None:
        return Unclear(f"{answer.status_code}: {error[0]}")
    if error:
        return outcome_of(*error, retry_after_s=after_s)
    if answer.status_code == 401:
        return Reauth("401")
    if answer.status_code == 429:
        return Throttled(after_s, "429")
    return Unclear(str(answer.status_code))


def _media_error(answer: httpx.Response, body: object) -> ChannelError:
    error = error_of(body)
    detail = f"{answer.status_code}: {error[0]} {error[1]}" if error else str(answer.status_code)
    gone = answer.status_code in (400, 404) and (error is None or error[0] in (100, 131052))
    return ChannelError("media.gone" if gone else "media.unreachable", permanent=gone, detail=detail[:300])


def _retry_after(answer: httpx.Response) -> float | None:
    given = answer.headers.get("retry-after", "")
    return min(float(given), 86_400.0) if given.isascii() and given.isdigit() else None


def _json(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return None


def _same_hash(data: bytes, promised: str) -> bool:
    """Return whether the data has the hash, which Meta writes in base64 or, in places, in hex."""
    digest = hashlib.sha256(data)
    return promised.lower() == digest.hexdigest() or promised == base64.b64encode(digest.digest()).decode()
