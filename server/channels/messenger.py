"""Facebook Messenger over plain HTTP (Graph v25.0 by default; Send API, Attachment Upload API, Page subscribed_apps)."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx

from server.channels.base import ChannelError, Field, MediaLoader, RawLoader
from server.channels.base_meta import (
    NOTHING_LEFT,
    body_of,
    challenge,
    checked,
    download,
    retry_after,
    signed,
    trusted,
)
from server.channels.messenger_errors import PERMISSION, error_of, outcome_of, reaction_of
from server.channels.messenger_parse import MAX_ID, events
from server.channels.messenger_plan import CAPS, HUMAN_AGENT, grounds, refusal, steps, with_media
from server.domain.channels import Blocked, Capabilities, Draft, Finding, Identity, Picture, Step
from server.domain.events import Event, MediaRef
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    NeedsTemplate,
    Outcome,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)

SEND_TIMEOUT_S = 30.0
MEDIA_TIMEOUT_S = 15.0
MAX_MEDIA_BYTES = 25_000_000
# Where Meta keeps what customers send; the address is the key, no token goes there.
MEDIA_HOSTS = ("cdn.fbsbx.com", "lookaside.fbsbx.com")
MEDIA_SUFFIXES = (".fbcdn.net", ".fbsbx.com")
# An expired or withdrawn address answers one of these, and no other address will ever be told.
MEDIA_GONE = frozenset({403, 404, 410})
FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messaging_policy_enforcement",
    "standby",
)


class Messenger:
    """One page: free words for 24 hours after the customer's last message, a human's for a week if Meta allows it.

    Raises Invalid with the field's name for settings that cannot work.
    """

    kind: ClassVar[str] = "messenger"
    label: ClassVar[str] = "Facebook Messenger"
    caps: ClassVar[Capabilities] = CAPS
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

    async def check(self, hook: str) -> list[Finding]:
        """Ask Meta for the page and for its subscription, which Meta ends after an hour of failing webhooks."""
        try:
            page = await self._get(self._page, fields="id,name")
            if page.status_code != 200:
                return [Finding("channel.token", ok=False, detail=_refusal_of(page))]
            name = _field(body_of(page), "name")
            return [Finding("channel.token", ok=True, detail=name[:300]), await self._subscription()]
        except httpx.HTTPError as error:
            return [Finding("channel.reachable", ok=False, detail=type(error).__name__)]

    async def _subscription(self) -> Finding:
        """Return whether our app hears of everything, after having subscribed it again where it does not."""
        answer = await self._get(f"{self._page}/subscribed_apps")
        if answer.status_code != 200:
            return Finding("channel.subscribed", ok=False, detail=_refusal_of(answer))
        known = _fields_of(body_of(answer), await self._app())
        missing = [field for field in FIELDS if field not in known]
        if not missing:
            return Finding("channel.subscribed", ok=True)
        again = await self._http.post(
            f"{self._root}/{self._page}/subscribed_apps",
            data={"subscribed_fields": ",".join(sorted({*known, *FIELDS}))},
            headers=self._headers(),
            timeout=MEDIA_TIMEOUT_S,
            follow_redirects=False,
        )
        body = body_of(again)
        if again.status_code == 200 and isinstance(body, dict) and body.get("success") is True:
            return Finding("channel.resubscribed", ok=True, detail=", ".join(missing))
        return Finding("channel.subscribed", ok=False, detail=_refusal_of(again))

    async def _app(self) -> str:
        """Return the id of the app the token belongs to, "" when Meta does not say: other apps may listen to the page too."""
        answer = await self._get("app", fields="id")
        return _field(body_of(answer), "id") if answer.status_code == 200 else ""

    async def _get(self, path: str, **query: str) -> httpx.Response:
        return await self._http.get(
            f"{self._root}/{path}",
            params=query,
            headers=self._headers(),
            timeout=MEDIA_TIMEOUT_S,
            follow_redirects=False,
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
        attachment_id = _field(body_of(answer), "attachment_id")
        if answer.status_code == 200 and attachment_id:
            return attachment_id
        refused = _refused(answer)
        if isinstance(refused, Unclear):
            return Retry(detail=f"upload: {answer.status_code}")
        if isinstance(refused, Permanent) and refused.code == "payload.refused":
            return MediaFix(refused.detail)
        return refused

    async def _post(self, call: Mapping[str, Any]) -> Outcome:
        try:
            answer = await self._http.post(
                f"{self._root}/{self._page}/messages",
                headers=self._headers(),
                json=call,
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        except NOTHING_LEFT as error:
            return Retry(detail=type(error).__name__)
        except httpx.HTTPError as error:
            return Unclear(type(error).__name__)
        if answer.status_code == 200:
            foreign_id = _field(body_of(answer), "message_id")
            known = 0 < len(foreign_id) <= MAX_ID
            return Accepted(foreign_id) if known else Unclear("an answer without the message's id")
        return _refused(answer, tagged="tag" in call)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def _refused(answer: httpx.Response, *, tagged: bool = False) -> Outcome:
    """Return what a status that is no success says: only Meta's own error object, or 401 and 429, is a refusal.

    Without Meta's permission to answer for seven days only that is refused, not the page.
    """
    after_s = retry_after(answer)
    error = error_of(body_of(answer))
    if error and answer.status_code >= 500 and reaction_of(*error[:2]) is None:
        return Unclear(f"{answer.status_code}: {error[0]}")
    if error:
        outcome = outcome_of(*error, retry_after_s=after_s)
        if tagged and error[0] in PERMISSION and isinstance(outcome, Reauth):
            return NeedsTemplate(outcome.detail)
        return outcome
    if answer.status_code == 401:
        return Reauth("401")
    if answer.status_code == 429:
        return Throttled(after_s, "429")
    return Unclear(str(answer.status_code))


def _refusal_of(answer: httpx.Response) -> str:
    return str(getattr(_refused(answer), "detail", ""))[:300]


def _field(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _fields_of(body: object, app: str) -> set[str]:
    """Return the fields our app is subscribed to; without knowing our app, those of any."""
    rows = body.get("data") if isinstance(body, dict) else None
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    mine = [row for row in known if not app or row.get("id") == app]
    lists = [row["subscribed_fields"] for row in mine if isinstance(row.get("subscribed_fields"), list)]
    return {field for fields in lists for field in fields if isinstance(field, str)}
