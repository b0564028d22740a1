"""A Threema channel and the sandbox at the other end of the line, with what the firm has learnt about people."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from server.channels.base import ChannelError
from server.channels.threema.channel import Threema
from server.channels.threema.crypto import public_of
from server.domain.channels import Blocked, Draft, Step
from server.domain.events import Event, InboundMessage, StatusUpdate
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Outcome
from server.ids import new_id
from server.sandbox import Sandbox, Wire, create_sandbox
from server.sandbox.threema.platform import ThreemaPlatform
from tests.channels.lines import NOON, load

PRIVATE = bytes(range(100, 132))
BASIC = {"gateway_id": "*BERGER1", "api_secret": "sandbox-geheim"}
SETTINGS = {**BASIC, "private_key": PRIVATE.hex()}
BASES = {"threema_base": "http://sandbox/threema"}


class ThreemaLine:
    """The firm's end; `facts` outlive every channel, as they do in the database."""

    def __init__(self, seed: int = 1, settings: Mapping[str, str] = SETTINGS) -> None:
        self.at = NOON
        self.bodies: list[bytes] = []
        self.answer = 200
        self.facts: dict[str, str] = {}
        self.sandbox: Sandbox = create_sandbox(deliver=self._take, clock=lambda: self.at, seed=seed)
        self.sandbox.add_account(
            "firm",
            kind="threema",
            name="Malerbetrieb Berger",
            own_id=settings["gateway_id"],
            display=settings["gateway_id"],
            token=settings["api_secret"],
            secret=public_of(PRIVATE).hex() if "private_key" in settings else "",
        )
        self.person = self.sandbox.add_person("sabine", "Sabine Müller", "+491712345678")
        self.platform = cast(ThreemaPlatform, self.sandbox.platforms["threema"])
        self.account = self.sandbox.world.accounts["firm"]
        self.sabine = self.sandbox.customer("sabine", "firm")
        self.identity = Identity(IdentityKind.THREEMA, self.platform.id_of(self.person))
        self.http = httpx.AsyncClient(transport=Wire(self.sandbox.app), base_url="http://sandbox")
        self.channel = Threema(settings, self.http, BASES)

    async def _take(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert path == "/hooks/threema/firm"
        if self.answer == 200:
            self.bodies.append(body)
        return self.answer

    async def ready(self, what: Step | bytes) -> Threema:
        """Do what `actions/facts.py:ready` does."""
        for fact in self.channel.needs(what):
            if fact.name not in self.facts:
                try:
                    self.facts[fact.name] = fact.value or await self.channel.learn(fact)
                except ChannelError:
                    continue
        return self.channel.knowing(self.facts)

    def plan(self, said: Draft, to: Identity | None = None) -> list[Step]:
        steps = self.channel.plan(said, to or self.identity, self.at, None)
        assert not isinstance(steps, Blocked), steps
        return steps

    async def send(self, step: Step) -> Outcome:
        return await (await self.ready(step)).send(step, new_id(), load)

    async def say(self, said: Draft, to: Identity | None = None) -> list[Outcome]:
        return [await self.send(step) for step in self.plan(said, to)]

    async def events(self) -> list[Event]:
        """Return what all callbacks told, each checked for its MAC."""
        await self.sandbox.settle()
        assert all(self.channel.verify(body, {}) for body in self.bodies)
        return [event for body in self.bodies for event in (await self.ready(body)).parse(body)]

    async def inbound(self) -> list[InboundMessage]:
        return [event for event in await self.events() if isinstance(event, InboundMessage)]

    async def statuses(self) -> list[tuple[str, str]]:
        told = [event for event in await self.events() if isinstance(event, StatusUpdate)]
        return [(event.foreign_id, event.status.value) for event in told]

    async def tell(self, kind: int, payload: bytes) -> Any:
        """Let the customer's app send anything; returns what it tells the firm."""
        self.bodies.clear()
        self.platform.tell(self.account, self.identity.value, kind, payload)
        (event,) = await self.events()
        return event


@asynccontextmanager
async def threema(seed: int = 1, settings: Mapping[str, str] = SETTINGS) -> AsyncIterator[ThreemaLine]:
    line = ThreemaLine(seed, settings)
    async with line.http:
        yield line
        await line.sandbox.settle()
