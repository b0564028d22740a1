"""A platform whose events are numbers, the channel that fetches them over a socket, and a process that only pulls.

`python -m tests.worker.counter URL PORT` runs the pullers of one process until it is killed or asked to end.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import httpx

from server import channels as installed
from server.channels.base import ChannelError, Field, Pulled
from server.channels.whatsapp.plan import CAPS
from server.clock import now
from server.db.connect import Database, open_database
from server.domain.advice import Advice, Fact, Source
from server.services import Secrets, Services
from server.worker import pullers

SECRETS = Secrets(b"k" * 32)


HERE = Fact("Köln", Source("A test", date(2026, 11, 26)))


class Counter:
    """Fetches numbers; the cursor is the next one. Settings: `port` of the platform, `pulls` no = another way, refused = wrong token."""

    kind = "counter"
    label = "Zähler"
    fields = (Field("port", "Port"), Field("pulls", "Abholen", required=False, default="yes"))
    caps = CAPS
    advice = Advice("counter", "Zähler", HERE, HERE, HERE, HERE, (), (), (), "Am Fuß.")

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None:
        self._port = int(settings["port"])
        self.pulls = settings["pulls"] in ("yes", "refused")
        self._refused = settings["pulls"] == "refused"

    async def pull(self, cursor: str) -> AsyncIterator[Pulled]:
        if self._refused:
            raise ChannelError("counter.token", permanent=True)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as error:
            raise ChannelError("counter.away", permanent=False) from error
        try:
            writer.write(f"{cursor or 0} {os.getpid()}\n".encode())
            yield Pulled(b"")
            while line := await reader.readline():
                number = int(line)
                yield Pulled(json.dumps({"number": number}).encode(), str(number + 1))
        finally:
            writer.close()


@dataclass
class Platform:
    """Counts up to `total` for whoever asks, from where he says; `most` = the most lines there ever were at once,
    `pid` = who asked last."""

    total: int = 0
    pace_s: float = 0.0
    port: int = 0
    open: int = 0
    most: int = 0
    asked: list[int] = field(default_factory=list)
    pid: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)
    lines: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        self.lines.add(writer)
        place = [-1]
        gone = asyncio.create_task(_hung_up(reader, self, place))
        try:
            while not gone.done():
                while 0 <= place[0] < self.total and not gone.done():
                    writer.write(b"%d\n" % place[0])
                    place[0] += 1
                    await asyncio.sleep(self.pace_s)
                more = asyncio.create_task(self.more.wait())
                await asyncio.wait([more, gone], return_when=asyncio.FIRST_COMPLETED)
                more.cancel()
                self.more.clear()
        finally:
            self.open -= 1
            self.lines.discard(writer)
            writer.close()

    def count_to(self, total: int) -> None:
        self.total = total
        self.more.set()

    def hang_up(self) -> None:
        for line in self.lines:
            line.transport.abort()


async def _hung_up(reader: asyncio.StreamReader, far: Platform, place: list[int]) -> None:
    """Hear what the other side asks for, then wait until it is gone."""
    with suppress(ConnectionError):
        asked = await reader.readline()
        if asked:
            place[0], far.pid = map(int, asked.split())
            far.asked.append(place[0])
            far.more.set()
        await reader.read()


@asynccontextmanager
async def platform(**given: Any) -> AsyncIterator[Platform]:
    made = Platform(**given)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.hang_up()
        server.close()
        while made.open:
            await asyncio.sleep(0.01)


def services(database: Database) -> Services:
    """Return as much of Services as pulling needs."""
    made = SimpleNamespace(
        database=database, clock=now, secrets=SECRETS, http=None, settings=SimpleNamespace(bases={})
    )
    return cast(Services, made)


def install(patch: Any = setattr) -> None:
    """Let the application know the channel."""
    patch(installed, "CHANNELS", (Counter,))


async def _main(url: str) -> None:
    database = await open_database(url)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("pulling", flush=True)
    try:
        await pullers.run(services(database), stop)
    finally:
        await database.close()


if __name__ == "__main__":
    install()
    pullers.POLL_S = 0.2
    asyncio.run(_main(sys.argv[1]))
