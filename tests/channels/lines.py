"""A WhatsApp channel and the sandbox at the other end of the line, in one process, with a clock that stands."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.channels.whatsapp.channel import Whatsapp
from server.domain.channels import Blocked, Draft, Picture, Step, Template
from server.domain.choices import Choice
from server.domain.events import Event, InboundMessage, StatusUpdate
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Outcome
from server.ids import new_id
from server.sandbox import Sandbox, Wire, create_sandbox

SPECS = Path(__file__).parents[3] / "shared" / "specs"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SABINE = Identity(IdentityKind.PHONE, "+491712345678")
SETTINGS = {
    "phone_number_id": "106540352242922",
    "access_token": "sandbox-token",
    "app_secret": "It's a Secret to Everybody",
    "verify_token": "vereinbart",
    "waba_id": "9106540352242922",
}
TEMPLATE = Template(
    name="rueckfrage_foto",
    header_image=True,
    button_titles=("Ja", "Nein"),
    body="Guten Tag, eine Frage: {{1}} Danke!",
    state="APPROVED",
)
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8
CHOICES = (Choice("q:a", "Weiß"), Choice("q:b", "Manhattan"))


def spec(name: str) -> Any:
    """Return a file of the shared specs, or skip the test in words."""
    path = SPECS / name
    if not path.exists():
        pytest.skip(f"the shared specs are not here: {name}")
    return json.loads(path.read_text(encoding="utf-8"))


def picture(place: int = 1, **values: Any) -> Picture:
    digest = hashlib.sha256(JPEG).hexdigest()
    given = {"size_bytes": len(JPEG), "mime": "image/jpeg", "sha256": digest, **values}
    return Picture(ref=f"photo-{place}", name=f"Zollstock-17-{place}.jpg", **given)


def draft(text: str = "", pictures: int = 0, **values: Any) -> Draft:
    ids = tuple(new_id() for _ in range(pictures + 1))
    return Draft(ids, text=text, pictures=tuple(picture(place + 1) for place in range(pictures)), **values)


async def load(ref: str) -> bytes:
    return JPEG


async def no_raw() -> bytes:
    raise AssertionError("only mail carries its files along")


class Line:
    """The firm's end: a channel, its webhooks as they came, and what they said."""

    def __init__(self, seed: int = 1) -> None:
        self.at = NOON
        self.bodies: list[tuple[bytes, Mapping[str, str]]] = []
        self.answer = 200
        self.sandbox: Sandbox = create_sandbox(deliver=self._take, clock=lambda: self.at, seed=seed)
        self.sandbox.add_account(
            "firm",
            name="Malerbetrieb Berger",
            own_id=SETTINGS["phone_number_id"],
            display="+4915112345678",
            token=SETTINGS["access_token"],
            secret=SETTINGS["app_secret"],
        )
        self.sandbox.add_person("sabine", "Sabine Müller", SABINE.value)
        self.sandbox.add_template(
            TEMPLATE.name, TEMPLATE.body, header_image=True, buttons=TEMPLATE.button_titles
        )
        self.http = httpx.AsyncClient(transport=Wire(self.sandbox.app), base_url="http://sandbox")
        self.channel = Whatsapp(SETTINGS, self.http, {"graph_base": "http://sandbox/graph"})
        self.sabine = self.sandbox.customer("sabine", "firm")

    async def _take(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert path == "/hooks/whatsapp/firm"
        if self.answer == 200:
            self.bodies.append((body, headers))
        return self.answer

    def plan(self, said: Draft, until: datetime | None = NOON + timedelta(hours=20)) -> list[Step]:
        steps = self.channel.plan(replace(said, template=said.template or TEMPLATE), SABINE, self.at, until)
        assert not isinstance(steps, Blocked), steps
        return steps

    async def say(self, said: Draft, until: datetime | None = NOON + timedelta(hours=20)) -> list[Outcome]:
        return [await self.channel.send(step, new_id(), load) for step in self.plan(said, until)]

    async def opened(self) -> "Line":
        """Let the customer write first, and forget that webhook."""
        self.sabine.write("Guten Tag")
        await self.sandbox.settle()
        self.bodies.clear()
        return self

    def events(self) -> list[Event]:
        """Return what all webhooks told, each checked for its signature."""
        assert all(self.channel.verify(body, headers) for body, headers in self.bodies)
        return [event for body, _ in self.bodies for event in self.channel.parse(body)]

    def inbound(self) -> list[InboundMessage]:
        return [event for event in self.events() if isinstance(event, InboundMessage)]

    def statuses(self, intent: UUID | None = None) -> list[str]:
        wanted = [event for event in self.events() if isinstance(event, StatusUpdate)]
        return [event.status.value for event in wanted if intent is None or event.opaque == str(intent)]
