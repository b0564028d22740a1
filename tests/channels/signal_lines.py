"""A Signal channel and the container in the sandbox at the other end; over a real socket where a websocket is needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from jsonschema import Draft4Validator

from server.channels.signal.channel import Signal
from server.domain.channels import Blocked, Draft, Step
from server.domain.events import Event
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Outcome
from server.ids import new_id
from server.sandbox import Sandbox, Wire, create_sandbox
from server.sandbox.signal.platform import SignalPlatform
from server.sandbox.world import Account, Person
from tests.channels.lines import NOON, load, spec
from tests.ports import free_port

OWN = "+4915112345678"
SABINE = Identity(IdentityKind.PHONE, "+491712345678")
SETTINGS = {"number": OWN, "address": ""}
BASE = "http://sandbox/signal"
PATIENCE_S = 20.0


def valid(name: str, value: Any) -> None:
    """Check a value against a definition of the service's own swagger."""
    swagger = spec("signal-cli-rest-api-0.99.swagger.json")
    Draft4Validator({"$ref": f"#/definitions/{name}", "definitions": swagger["definitions"]}).validate(value)


class SignalLine:
    """The firm's end: a channel and, at the other end, its account in the sandbox."""

    def __init__(self, seed: int = 1, base: str = BASE) -> None:
        self.at = NOON
        self.sandbox: Sandbox = create_sandbox(deliver="http://nobody", clock=lambda: self.at, seed=seed)
        self.account: Account = self.sandbox.add_account(
            "firm",
            kind="signal",
            name="Malerbetrieb Berger",
            own_id=OWN,
            display=OWN,
            token="sandbox-signal",
            secret="",
        )
        self.person: Person = self.sandbox.add_person("sabine", "Sabine Müller", SABINE.value)
        self.sabine = self.sandbox.customer("sabine", "firm")
        self.http = httpx.AsyncClient(transport=Wire(self.sandbox.app))
        self.channel = Signal(SETTINGS, self.http, {"signal_base": base})

    @property
    def far(self) -> SignalPlatform:
        return self.sandbox.signal

    @property
    def uuid(self) -> str:
        return self.far.name_of(self.person)

    def plan(self, said: Draft, identity: Identity = SABINE) -> list[Step]:
        steps = self.channel.plan(said, identity, self.at, None)
        assert not isinstance(steps, Blocked), steps
        return steps

    async def say(self, said: Draft, identity: Identity = SABINE) -> list[Outcome]:
        return [await self.channel.send(step, new_id(), load) for step in self.plan(said, identity)]

    async def rounds(self, count: int = 1) -> list[Event]:
        """Return what the next rounds of asking tell (mode normal)."""
        self.far.outlet.mode = "normal"
        told: list[Event] = []
        async for pulled in self.channel.pull(""):
            told += self.channel.parse(pulled.body) if pulled.body else []
            count -= 1
            if not count:
                return told
        raise AssertionError("the line ended")


class Heard:
    """What a listener has been told so far."""

    def __init__(self, channel: Signal) -> None:
        self.channel = channel
        self.bodies: list[bytes] = []
        self.cursor = ""
        self.error: BaseException | None = None
        self.signs = 0

    @property
    def events(self) -> list[Event]:
        return [event for body in self.bodies for event in self.channel.parse(body)]

    async def listen(self, cursor: str) -> None:
        try:
            async for pulled in self.channel.pull(cursor):
                self.cursor = pulled.cursor or self.cursor
                self.signs += 1
                self.bodies += [pulled.body] if pulled.body else []
        except Exception as error:
            self.error = error

    async def until(self, count: int) -> list[Event]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.events) < count:
                await asyncio.sleep(0.01)
        return self.events


@asynccontextmanager
async def served(line: SignalLine) -> AsyncIterator[SignalLine]:
    """Put the sandbox behind a real socket and let the channel talk to it."""
    port = free_port()
    server = Server(
        line.sandbox.app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False
    )
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient() as http:
        base = f"http://127.0.0.1:{port}/signal"
        line.channel = Signal(SETTINGS, http, {"signal_base": base})
        async with asyncio.timeout(PATIENCE_S):
            while not (await line.channel.check(""))[0].ok:
                await asyncio.sleep(0.01)
        try:
            yield line
        finally:
            line.far.outlet.hang_up()
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait_for(serving, PATIENCE_S)


@asynccontextmanager
async def listening(line: SignalLine, cursor: str = "") -> AsyncIterator[Heard]:
    """Listen beside the test, from the moment the line stands."""
    heard, before = Heard(line.channel), line.far.outlet.listeners
    task = asyncio.create_task(heard.listen(cursor))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while line.far.outlet.listeners == before and not task.done():
                await asyncio.sleep(0.01)
        yield heard
    finally:
        task.cancel()
        await asyncio.wait([task])


def moment(cursor: str) -> datetime:
    return datetime.fromisoformat(cursor.partition(" ")[2])
