"""An eighth messenger in one file: the carrier dove. Its platform is a loft in this process."""

import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx

from server.channels.base import Channel, ChannelError, Field, MediaLoader, RawLoader
from server.domain.advice import Advice, Fact, Source
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Step
from server.domain.checkups import Finding
from server.domain.choices import numbered
from server.domain.errors import Invalid
from server.domain.events import Event, InboundMessage, MediaRef, MessageKind, UnknownEvent
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Accepted, Outcome, Retry

CAPS = Capabilities(
    key="dove",
    can_initiate="after_contact",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="list",
    max_text=120,
    text_unit="chars",
    max_caption=0,
    max_image_bytes=0,
    image_mimes=frozenset(),
    receipts=frozenset(),
    inbound="webhook",
    echoes=False,
    costs=False,
)


HERE = Fact("Schlag im Hof, Köln.", Source("Brieftaubenordnung", date(2026, 1, 1)))


class Dove:
    kind: ClassVar[str] = "dove"
    label: ClassVar[str] = "Brieftaube"
    caps: ClassVar[Capabilities] = CAPS
    fields: ClassVar[tuple[Field, ...]] = (
        Field("loft", "Schlag", help="Wo die Taube zu Hause ist."),
        Field("ring", "Ring", secret=True, help="Die Nummer am Fuß."),
    )
    advice: ClassVar[Advice] = Advice("dove", "Brieftaube", HERE, HERE, HERE, HERE, (), (), (), "Am Fuß.")
    flown: ClassVar[list[tuple[str, str]]] = []
    fates: ClassVar[deque[Outcome]] = deque()

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        if not settings["loft"].isalpha():
            raise Invalid("channel.setting_malformed", field="loft")
        self._ring = settings["ring"]

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        if draft.pictures:
            return Blocked("picture.impossible")
        text = numbered(draft.text, draft.choices, draft.answer_link)
        if len(text) > CAPS.max_text:
            return Blocked("text.too_long", {"limit": str(CAPS.max_text)})
        return [Step("text", draft.intent_ids[0], {"to": identity.value, "text": text}, text)]

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        if Dove.fates:
            return Dove.fates.popleft()
        Dove.flown.append((step.call["to"], step.call["text"]))
        return Accepted(f"flight-{len(Dove.flown)}", sent=True)

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        return None

    def parse(self, raw: bytes) -> list[Event]:
        return [self._event(item) for item in json.loads(raw)]

    def _event(self, item: dict[str, Any]) -> Event:
        if "text" not in item:
            return UnknownEvent(f"odd:{item['id']}", "feather", json.dumps(item))
        return InboundMessage(
            foreign_id=item["id"],
            sender=(Identity(IdentityKind.CHAT, item["from"]),),
            sent_at=datetime.fromtimestamp(item["at"], UTC),
            kind=MessageKind.TEXT,
            text=item["text"],
        )

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        raise ChannelError("media.gone", permanent=True)

    async def check(self, hook: str) -> list[Finding]:
        return [Finding("channel.token", ok=self._ring == "77", detail=self.label)]

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        return headers.get("x-ring") == self._ring

    def handshake(self, query: Mapping[str, str]) -> str | None:
        return None


CHANNEL: type[Channel] = Dove
TIRED = Retry(after_s=60, detail="the dove rests")
