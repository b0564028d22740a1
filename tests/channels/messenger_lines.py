"""A Messenger channel and the sandbox at the other end, and the rules of the contract sheet (§4) as a table of their own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import httpx

from server.channels.messenger.channel import Messenger
from server.domain.channels import Blocked, Draft, Step
from server.domain.events import Echo, Event, InboundMessage, Status, StatusUpdate, Watermark
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Outcome
from server.ids import new_id
from server.sandbox import Sandbox, Wire, create_sandbox
from server.sandbox.messenger.platform import MessengerPlatform
from tests.channels.lines import NOON, load

PAGE = "1000233456"
SETTINGS = {
    "page_id": PAGE,
    "page_token": "sandbox-page-token",
    "app_secret": "geheim für die Seite",
    "verify_token": "vereinbart",
    "human_agent": "ja",
}
OPEN = NOON + timedelta(hours=20)
LINK = "https://betrieb.example/a/abc"

# messaging-channels.md §4, written down anew: (where, what it is, smallest, largest). There is no published schema.
LIMITS = (
    ("message.text", "text", 1, 2000),
    ("message.metadata", "text", 1, 999),
    ("message.quick_replies", "list", 1, 13),
    ("message.quick_replies[].title", "text", 1, 20),
    ("message.quick_replies[].payload", "text", 1, 1000),
    ("message.attachment.payload.text", "text", 1, 640),
    ("message.attachment.payload.buttons", "list", 1, 3),
    ("message.attachment.payload.buttons[].title", "text", 1, 20),
    ("message.attachment.payload.buttons[].payload", "text", 1, 1000),
    ("message.attachment.payload.attachment_id", "text", 1, 64),
)
# Every name that may stand in a call, with the one value it must have where there is only one.
NAMES: dict[str, object] = {
    "recipient.id": None,
    "messaging_type": None,
    "tag": "HUMAN_AGENT",
    "message.text": None,
    "message.metadata": None,
    "message.quick_replies[].content_type": "text",
    "message.quick_replies[].title": None,
    "message.quick_replies[].payload": None,
    "message.attachment.type": None,
    "message.attachment.payload.attachment_id": None,
    "message.attachment.payload.template_type": "button",
    "message.attachment.payload.text": None,
    "message.attachment.payload.buttons[].type": "postback",
    "message.attachment.payload.buttons[].title": None,
    "message.attachment.payload.buttons[].payload": None,
}


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, f"{path}.{name}".lstrip("."))]
    if isinstance(value, list):
        return [(path, value), *(leaf for inner in value for leaf in leaves(inner, f"{path}[]"))]
    return [(path, value)]


def broken_rules(call: Mapping[str, Any]) -> list[str]:
    """Return every rule of the sheet a call breaks."""
    found = leaves(call)
    wrong = [
        f"{path} is not in the sheet"
        for path, value in found
        if path not in NAMES and not isinstance(value, list)
    ]
    wrong += [f"{path} is {value}" for path, value in found if NAMES.get(path) not in (None, value)]
    for where, kind, least, most in LIMITS:
        for path, value in found:
            if path == where and not (
                type(value) is (str if kind == "text" else list) and least <= len(value) <= most
            ):
                wrong.append(f"{path} has {len(value)}")
    message = call["message"]
    if ("text" in message) is ("attachment" in message):
        wrong.append("either words or an attachment")
    if "quick_replies" in message and "text" not in message:
        wrong.append("quick replies stand below words")
    kinds = {("RESPONSE", None), ("MESSAGE_TAG", "HUMAN_AGENT")}
    if (call["messaging_type"], call.get("tag")) not in kinds:
        wrong.append("no ground to write")
    return wrong


class MessengerLine:
    """The firm's end: the page, its webhooks as they came, and what they said."""

    def __init__(self, seed: int = 1, **settings: str) -> None:
        self.at = NOON
        self.bodies: list[tuple[bytes, Mapping[str, str]]] = []
        self.answer = 200
        self.sandbox: Sandbox = create_sandbox(deliver=self._take, clock=lambda: self.at, seed=seed)
        self.account = self.sandbox.add_account(
            "page",
            kind="messenger",
            name="Malerbetrieb Berger",
            own_id=PAGE,
            display="Malerbetrieb Berger",
            token=SETTINGS["page_token"],
            secret=SETTINGS["app_secret"],
        )
        self.person = self.sandbox.add_person("sabine", "Sabine Müller", "+491712345678")
        self.platform = cast(MessengerPlatform, self.sandbox.platforms["messenger"])
        self.platform.human_agent.add("page")
        self.http = httpx.AsyncClient(transport=Wire(self.sandbox.app), base_url="http://sandbox")
        self.channel = Messenger({**SETTINGS, **settings}, self.http, {"graph_base": "http://sandbox/graph"})
        self.sabine = self.sandbox.customer("sabine", "page")
        self.psid = Identity(IdentityKind.PSID, self.platform.psid(self.person))

    async def _take(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert path == "/hooks/messenger/page"
        if self.answer == 200:
            self.bodies.append((body, headers))
        return self.answer

    def plan(self, said: Draft, until: datetime | None = OPEN, at: datetime | None = None) -> list[Step]:
        steps = self.channel.plan(said, self.psid, at or self.at, until)
        assert not isinstance(steps, Blocked), steps
        return steps

    async def say(
        self, said: Draft, until: datetime | None = OPEN, at: datetime | None = None
    ) -> list[Outcome]:
        return [await self.channel.send(step, new_id(), load) for step in self.plan(said, until, at)]

    async def opened(self) -> "MessengerLine":
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

    def echoes(self) -> list[Echo]:
        return [event for event in self.events() if isinstance(event, Echo)]

    def delivered(self) -> set[str]:
        return {event.foreign_id for event in self.events() if isinstance(event, StatusUpdate)}

    def read_upto(self) -> list[datetime]:
        marks = [event for event in self.events() if isinstance(event, Watermark)]
        return [mark.upto for mark in marks if mark.status is Status.READ]
