"""A Telegram bot and the sandbox at the other end of the line, in one process, with a clock that stands."""

from collections.abc import Mapping
from typing import Any, cast

import httpx

from server.channels.telegram.channel import Telegram
from server.domain.channels import Blocked, Draft, Step
from server.domain.events import Event, InboundMessage
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Outcome
from server.ids import new_id
from server.sandbox import Sandbox, Wire, create_sandbox
from server.sandbox.telegram.platform import TelegramPlatform
from server.sandbox.world import Bubble
from tests.channels.lines import NOON, load, spec

TOKEN = "123456789:sandbox-AAH7-token_of_the_bot"
SETTINGS = {"bot_token": TOKEN, "bot_name": "MalerBergerBot", "webhook_secret": "Geheim_am-Bau"}
HOOK = "https://firm.example/hooks/telegram/firm"
BASES = {"telegram_base": "http://sandbox/telegram"}


class TelegramLine:
    """The firm's end: a bot, what it was told, and a customer who has not pressed Start yet."""

    def __init__(self, seed: int = 1, **settings: str) -> None:
        self.at = NOON
        self.bodies: list[tuple[bytes, Mapping[str, str]]] = []
        self.answer = 200
        self.sandbox: Sandbox = create_sandbox(deliver=self._take, clock=lambda: self.at, seed=seed)
        self.settings = {**SETTINGS, **settings}
        self.account = self.sandbox.add_account(
            "firm",
            kind="telegram",
            name="Malerbetrieb Berger",
            own_id="MalerBergerBot",
            display="@MalerBergerBot",
            token=TOKEN,
            secret="" if self.settings.get("receiving") == "abruf" else self.settings["webhook_secret"],
        )
        self.person = self.sandbox.add_person("sabine", "Sabine Müller", "+491712345678")
        self.platform = cast(TelegramPlatform, self.sandbox.platforms["telegram"])
        self.http = httpx.AsyncClient(transport=Wire(self.sandbox.app), base_url="http://sandbox")
        self.channel = Telegram(self.settings, self.http, BASES)
        self.sabine = self.sandbox.customer("sabine", "firm")
        self.identity = Identity(IdentityKind.CHAT, str(self.platform.number(self.person)))

    async def _take(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert path == "/hooks/telegram/firm"
        if self.answer == 200:
            self.bodies.append((body, headers))
        return self.answer

    def start(self, word: str = "") -> Bubble:
        return self.platform.start(self.account, self.person, word)

    async def started(self) -> "TelegramLine":
        """Let the customer press Start, and forget that webhook."""
        self.start()
        await self.sandbox.settle()
        self.bodies.clear()
        return self

    def plan(self, said: Draft) -> list[Step]:
        steps = self.channel.plan(said, self.identity, self.at, None)
        assert not isinstance(steps, Blocked), steps
        return steps

    async def say(self, said: Draft) -> list[Outcome]:
        return [await self.channel.send(step, new_id(), load) for step in self.plan(said)]

    def from_firm(self) -> list[Bubble]:
        return [bubble for bubble in self.sabine.bubbles if bubble.from_firm]

    def events(self) -> list[Event]:
        """Return what all webhooks told, each checked for its secret."""
        assert all(self.channel.verify(body, headers) for body, headers in self.bodies)
        return [event for body, _ in self.bodies for event in self.channel.parse(body)]

    def inbound(self) -> list[InboundMessage]:
        return [event for event in self.events() if isinstance(event, InboundMessage)]


class Published:
    """The published table of the Bot API; `call` and `value` say what does not fit it, nothing when all does."""

    def __init__(self) -> None:
        self._table: dict[str, Any] = spec("telegram-bot-api-10.1.min.json")

    def fields(self, group: str, name: str) -> dict[str, dict[str, Any]]:
        return {field["name"]: field for field in self._table[group][name].get("fields", [])}

    def call(self, method: str, args: Mapping[str, Any]) -> list[str]:
        return self._object(args, self.fields("methods", method), method)

    def value(self, value: object, kind: str) -> list[str]:
        """Return what is wrong with a value of that type; unknown fields count as wrong."""
        if kind.startswith("Array of "):
            inner = kind.removeprefix("Array of ")
            if not isinstance(value, list):
                return [f"no list of {inner}"]
            return [wrong for one in value for wrong in self.value(one, inner)]
        plain: dict[str, type | tuple[type, ...]] = {
            "String": str,
            "Integer": int,
            "Float": (int, float),
            "Boolean": bool,
            "InputFile": bytes,
        }
        if kind in plain:
            fits = isinstance(value, plain[kind]) and (kind == "Boolean" or not isinstance(value, bool))
            return [] if fits else [f"{value!r} is no {kind}"]
        known = self._table["types"][kind]
        if known.get("subtypes"):
            found = [self.value(value, one) for one in known["subtypes"]]
            return [] if [] in found else min(found, key=len)
        return self._object(value, self.fields("types", kind), kind)

    def _object(self, value: object, fields: Mapping[str, Any], where: str) -> list[str]:
        if not isinstance(value, Mapping):
            return [f"{where}: no object"]
        wrong = [
            f"{where}.{name} missing" for name, one in fields.items() if one["required"] and name not in value
        ]
        for name, inner in value.items():
            if name not in fields:
                wrong.append(f"{where}.{name} unknown")
            elif all(found := [self.value(inner, kind) for kind in fields[name]["types"]]):
                wrong.append(f"{where}.{name}: {found}")
        return wrong  # fmt: skip
