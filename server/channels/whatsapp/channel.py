"""WhatsApp Business Cloud API over plain HTTP (Graph v25.0 by default; W/messages, W/webhooks, W/business-phone-numbers)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx

from server.channels.base import Field, MediaLoader, RawLoader
from server.channels.base_http import body_of, checked, once
from server.channels.base_meta import challenge, signed
from server.channels.whatsapp.files import SEND_TIMEOUT_S, fetch, upload
from server.channels.whatsapp.graph import Asked, Graph, findings, refused, templates
from server.channels.whatsapp.parse import Ours, events
from server.channels.whatsapp.plan import CAPS, free_steps, header_apart, refusal, with_media
from server.channels.whatsapp.templates import template_step
from server.domain.capabilities import Capabilities, window_open
from server.domain.channels import Blocked, Draft, Step, Template
from server.domain.checkups import Finding
from server.domain.events import Event, MediaRef
from server.domain.identities import Identity
from server.domain.outcomes import Accepted, Outcome, Permanent, Retry, Throttled, Unclear
from server.domain.pace import Pace, Rate, each_second


class Whatsapp:
    """One business number: free words for 24 hours after the customer's last message, an approved template else.

    Raises Invalid with the field's name for settings that cannot work.
    """

    kind: ClassVar[str] = "whatsapp"
    label: ClassVar[str] = "WhatsApp"
    caps: ClassVar[Capabilities] = CAPS
    # 80 messages a second for a number; about one in six seconds to a person, 45 at once (W/throughput, pair rate limits).
    pace: ClassVar[Pace] = Pace(each_second(80), pair=Rate(1 / 6, burst=45))
    fields: ClassVar[tuple[Field, ...]] = (
        Field("phone_number_id", "Telefonnummer-ID", help="Steht in der Meta-App unter WhatsApp, API-Einrichtung."),
        Field("waba_id", "ID des WhatsApp-Business-Kontos", required=False,
              help="Steht neben der Telefonnummer-ID. Nötig für Vorlagen und die Prüfung der Webhooks."),
        Field("access_token", "Zugriffstoken", secret=True, help="Dauerhaftes Token eines Systemnutzers."),
        Field("app_secret", "App-Geheimcode", secret=True, help="Meta-App, Einstellungen, Allgemein."),
        Field("verify_token", "Bestätigungstoken", secret=True, help="Frei gewählt; in der Meta-App gleich eintragen."),
        Field("api_version", "Version der Schnittstelle", required=False, default="v25.0"),
        Field("template_name", "Vorlage außerhalb der 24 Stunden", required=False,
              help="Name einer genehmigten Vorlage; ihre Variable nimmt die Frage auf."),
        Field("template_language", "Sprache der Vorlage", required=False, default="de"),
    )  # fmt: skip

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        base = bases["graph_base"]
        self._number = checked(settings, "phone_number_id", r"[0-9]{1,32}")
        self._waba = checked(settings, "waba_id", r"[0-9]{0,32}")
        token = checked(settings, "access_token", r"[!-~]{1,1000}")
        self._app_secret = checked(settings, "app_secret", r".+").encode()
        self._verify_token = checked(settings, "verify_token", r".+")
        version = checked(settings, "api_version", r"v[0-9]+\.[0-9]+", "v25.0")
        self._graph = Graph(http, f"{base.rstrip('/')}/{version}", token)

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the messages in order: free ones in the window, one template outside, or why neither goes."""
        blocked = refusal(draft, identity)
        if blocked:
            return blocked
        if window_open(now, window_until) and (draft.text or draft.pictures):
            return free_steps(draft, identity)
        return template_step(draft, identity, draft.template)

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
            uploaded = await upload(self._graph, self._number, step.picture, media)
            if not isinstance(uploaded, str):
                return uploaded
            call = with_media(call, uploaded)
        outcome = await self._post(call)
        apart = header_apart(call) if _header_refused(outcome) else None
        return await self._post_apart(*apart) if apart else outcome

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether the body was signed with our app secret: over the raw bytes, compared in constant time."""
        return signed(raw, headers, self._app_secret)

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Return the challenge when Meta asks with our own word (G/webhooks/getting-started)."""
        return challenge(query, self._verify_token)

    def parse(self, raw: bytes) -> list[Event]:
        """Return everything a webhook tells, in its order."""
        return list(events(raw, Ours(self._number, self._waba)))

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file; raises ChannelError `media.gone`, `media.too_large`, `media.damaged`, `media.unreachable`."""
        return await fetch(self._graph, self._number, ref)

    async def check(self, hook: str) -> list[Finding]:
        """Return how number, token, subscription and webhook are; a missing subscription is made."""
        asked = Asked(self._number, self._waba, hook, self._verify_token)
        return await findings(self._graph, asked)

    async def templates(self) -> list[Template]:
        """Return the approved texts and the others as Meta has them now; raises ChannelError."""
        return await templates(self._graph, self._waba)

    async def _post_apart(self, picture: Mapping[str, Any], question: Mapping[str, Any]) -> Outcome:
        """Send a refused header's picture by itself and the buttons after it; in between nothing may be tried again."""
        shown = await self._post(picture)
        if not isinstance(shown, Accepted):
            return shown
        asked = await self._post(question)
        if isinstance(asked, Retry | Throttled):
            return Unclear(f"the picture is there, its question is not: {asked.detail}")
        return asked

    async def _post(self, call: Mapping[str, Any]) -> Outcome:
        answer = await once(
            self._graph.http.post(
                f"{self._graph.root}/{self._number}/messages",
                headers=self._graph.headers,
                json=call,
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        )
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code == 200:
            return _accepted(body_of(answer), call)
        return refused(answer)


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


def _header_refused(outcome: Outcome) -> bool:
    """Return whether it was the picture above the buttons that Meta did not take ([U]: some say it wants a link)."""
    refused = isinstance(outcome, Permanent) and outcome.code == "payload.refused"
    return refused and re.search(r"header|image", getattr(outcome, "detail", ""), re.IGNORECASE) is not None
