"""Facebook Messenger over plain HTTP (Graph v25.0 by default; Send API, Attachment Upload API, Page subscribed_apps)."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

import httpx

from server.channels.base import ChannelError, Field, MediaLoader, RawLoader
from server.channels.base_http import body_of, checked, download, once
from server.channels.base_meta import challenge, signed, trusted
from server.channels.messenger.check import field_of, findings
from server.channels.messenger.errors import refused
from server.channels.messenger.parse import MAX_ID, events
from server.channels.messenger.plan import (
    CAPS,
    HUMAN_AGENT,
    WITHOUT_AGENT,
    grounds,
    refusal,
    steps,
    with_media,
)
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.checkups import Finding
from server.domain.events import Event, MediaRef
from server.domain.identities import Identity
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    NeedsTemplate,
    Outcome,
    Permanent,
    Retry,
    Unclear,
)
from server.domain.pace import Pace, each_second

SEND_TIMEOUT_S = 30.0
MEDIA_TIMEOUT_S = 15.0
MAX_MEDIA_BYTES = 25_000_000
# Where Meta keeps what customers send; the address is the key, no token goes there.
MEDIA_HOSTS = ("cdn.fbsbx.com", "lookaside.fbsbx.com")
MEDIA_SUFFIXES = (".fbcdn.net", ".fbsbx.com")
# An expired or withdrawn address answers one of these, and no other address will ever be told.
MEDIA_GONE = frozenset({403, 404, 410})


class Messenger:
    """One page: free words for 24 hours after the customer's last message, a human's for a week if Meta allows it.

    Raises Invalid with the field's name for settings that cannot work.
    """

    kind: ClassVar[str] = "messenger"
    label: ClassVar[str] = "Facebook Messenger"
    caps: ClassVar[Capabilities] = CAPS
    modes: ClassVar[Mapping[str, Capabilities]] = {"agent": CAPS, "day": WITHOUT_AGENT}
    # 300 calls a second for a page (Messenger Platform, rate limits).
    pace: ClassVar[Pace] = Pace(each_second(300))
    fields: ClassVar[tuple[Field, ...]] = (
        Field("page_id", "Seiten-ID", help="Steht auf der Facebook-Seite unter Info, Seitentransparenz."),
        Field("page_token", "Seiten-Zugriffstoken", secret=True,
              help="Aus der Meta-App, mit pages_messaging und pages_manage_metadata."),
        Field("app_secret", "App-Geheimcode", secret=True, help="Meta-App, Einstellungen, Allgemein."),
        Field("verify_token", "Bestätigungstoken", secret=True, help="Frei gewählt; in der Meta-App gleich eintragen."),
        Field("api_version", "Version der Schnittstelle", required=False, default="v25.0"),
        Field("human_agent", "Sieben Tage antworten (ja/nein)", required=False, default="nein",
              help="Nur mit der von Meta genehmigten Funktion Human Agent; sonst endet die Frist nach 24 Stunden."),
    )  # fmt: skip

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        base = bases["graph_base"]
        self._http = http
        self._base = httpx.URL(base)
        self._page = checked(settings, "page_id", r"[0-9]{1,32}")
        self._token = checked(settings, "page_token", r"[!-~]{1,1000}")
        self._app_secret = checked(settings, "app_secret", r".+").encode()
        self._verify_token = checked(settings, "verify_token", r".+")
        version = checked(settings, "api_version", r"v[0-9]+\.[0-9]+", default="v25.0")
        answered = checked({"human_agent": settings.get("human_agent", "").casefold()},
                           "human_agent", "ja|nein", default="nein")  # fmt: skip
        self._human_agent = answered == "ja"
        self._root = f"{base.rstrip('/')}/{version}"

    @property
    def mode(self) -> str:
        return "agent" if self._human_agent else "day"

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the messages in order, every picture before the words, or why none may go."""
        blocked = refusal(draft, identity)
        if blocked:
            return blocked
        ground = grounds(now, window_until, human_agent=self._human_agent)
        return steps(draft, identity, ground) if ground else Blocked("window.closed")

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return None: Messenger marks a person's chat as seen, and a message's id does not name the person."""
        return None

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Upload the picture, if any, and post the message once.

        A failed upload has told the customer nothing, so it may always be tried again; a message whose answer was
        not understood may have been taken, so it never is.
        """
        call, tag = step.call, step.call.get("tag")
        if tag not in (None, HUMAN_AGENT):
            return Permanent("payload.refused", f"the tag {tag} is not sent"[:500])
        if tag and not self._human_agent:
            return NeedsTemplate("answering for seven days is switched off")
        if step.picture:
            uploaded = await self._upload(step.picture, media)
            if not isinstance(uploaded, str):
                return uploaded
            call = with_media(call, uploaded)
        return await self._post(call)

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether the body was signed with our app secret, over the raw bytes."""
        return signed(raw, headers, self._app_secret)

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Return the challenge when Meta asks with our own word."""
        return challenge(query, self._verify_token)

    def parse(self, raw: bytes) -> list[Event]:
        """Return everything a webhook tells, in its order."""
        return list(events(raw, self._page))

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file; raises ChannelError `media.gone`, `media.too_large`, `media.unreachable`."""
        try:
            url = httpx.URL(ref.id)
            if not trusted(url, self._base, MEDIA_HOSTS, MEDIA_SUFFIXES):
                raise ChannelError(
                    "media.unreachable", permanent=True, detail=f"not Meta's host: {url.host[:100]}"
                )
            async with asyncio.timeout(MEDIA_TIMEOUT_S):
                return await download(self._http, url, {}, limit_bytes=MAX_MEDIA_BYTES, gone=MEDIA_GONE)
        except httpx.InvalidURL as error:
            raise ChannelError("media.gone", permanent=True, detail="no address") from error
        except (TimeoutError, httpx.HTTPError) as error:
            raise ChannelError("media.unreachable", permanent=False, detail=type(error).__name__) from error

    def start_link(self, word: str) -> str:
        """Return the link that opens the page's chat and brings a one-time word along (`Joined`)."""
        return f"https://m.me/{self._page}?ref={quote(word, safe='')}"

    async def check(self, hook: str) -> list[Finding]:
        """Ask Meta for the page, its subscription and its start button, and mend the last two where they are missing."""
        return await findings(self._ask, self._page)

    async def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        return await self._http.request(
            method,
            f"{self._root}/{path}",
            headers=self._headers(),
            timeout=MEDIA_TIMEOUT_S,
            follow_redirects=False,
            **given,
        )

    async def _upload(self, picture: Picture, media: MediaLoader) -> str | Outcome:
        data = await media(picture.ref)
        if hashlib.sha256(data).hexdigest() != picture.sha256:
            return MediaFix("the picture is not the one that was planned")
        message = '{"attachment":{"type":"image","payload":{"is_reusable":true}}}'
        try:
            answer = await self._http.post(
                f"{self._root}/{self._page}/message_attachments",
                headers=self._headers(),
                data={"message": message},
                files={"filedata": (picture.name, data, picture.mime)},
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            return Retry(detail=f"upload: {type(error).__name__}")
        attachment_id = field_of(body_of(answer), "attachment_id")
        if answer.status_code == 200 and attachment_id:
            return attachment_id
        outcome = refused(answer)
        if isinstance(outcome, Unclear):
            return Retry(detail=f"upload: {answer.status_code}")
        if isinstance(outcome, Permanent) and outcome.code == "payload.refused":
            return MediaFix(outcome.detail)
        return outcome

    async def _post(self, call: Mapping[str, Any]) -> Outcome:
        answer = await once(
            self._http.post(
                f"{self._root}/{self._page}/messages",
                headers=self._headers(),
                json=call,
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        )
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code == 200:
            foreign_id = field_of(body_of(answer), "message_id")
            known = 0 < len(foreign_id) <= MAX_ID
            return Accepted(foreign_id) if known else Unclear("an answer without the message's id")
        return refused(answer, tagged="tag" in call)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}
