"""A bad network between a client and a server: a TCP proxy with faults per connection and an emulated link.

    with Proxy(server.port) as proxy:
        proxy.link = Link(up=16_000, down=16_000, delay_s=0.15)   # for all connections together, at any time
        proxy.faults = Plan(seed=7, share=0.3, bytes_up=60_000)   # or any callable that returns a fault or None
        proxy.cut()                                               # every line that is open now

It runs in a thread of its own, so browsers, threads and async tests can all use it. Emulated are rate, delay and one
round trip for each handshake; not emulated are loss, slow start and the bytes of TCP/IP headers.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.faults import PORTAL_PAGE, Cut, Fault, LoseAnswer, Portal, Refused, Slow, Stall, Twice
from tests.ports import free_port

AHEAD_S = 0.03  # so far a sender may be ahead of the link: sleeping is too coarse to keep it filled otherwise
PATIENCE_S = 60.0  # only a machine without a free core needs more than a moment
MTU = 1_400
CHUNK = 16_384
TWIN_S = 10.0
FLYING = 256  # pieces on their way in one direction; more than any link here holds

Flight = asyncio.Queue[tuple[float, bytes | None]]


@dataclass(frozen=True, slots=True)
class Link:
    """up, down: bytes per second, None: as fast as it goes. delay_s: one way."""

    up: float | None = None
    down: float | None = None
    delay_s: float = 0.0


class Cutting(Exception):
    """This line is to be cut now."""


@dataclass(slots=True)
class Lane:
    """One direction of a link, shared by who uses it: who sends when."""

    free_at: float = 0.0

    async def take(self, size: int, rate: float | None) -> float:
        """Wait for a place; returns when the last byte is on its way."""
        now = time.monotonic()
        if not rate:
            return now
        self.free_at = max(now, self.free_at) + size / rate
        await asyncio.sleep(self.free_at - now - AHEAD_S)
        return self.free_at


@dataclass(slots=True, eq=False)
class Line:
    """One connection: where it stands in its requests and answers."""

    fault: Fault | None
    writers: list[asyncio.StreamWriter]
    turn: int = 0
    answering: bool = False
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    asked: bytearray = field(default_factory=bytearray)
    lanes: dict[str, Lane] = field(default_factory=lambda: {"up": Lane(), "down": Lane()})
    twin: asyncio.StreamWriter | None = None

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Listens on a free port of the loopback and leads to `target_port` there."""

    def __init__(self, target_port: int, *, host: str = "127.0.0.1") -> None:
        self.host, self.target_port = host, target_port
        self.port = free_port()
        self.link = Link()
        self.faults: Callable[[], Fault | None] = lambda: None
        self.shut = False  # like a dead network: new connections are dropped
        self.bytes = {"up": 0, "down": 0}  # what passed the link, arrived or not
        self.connections = 0
        self._lanes = {"up": Lane(), "down": Lane()}
        self._lines: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def __enter__(self) -> "Proxy":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def open(self) -> int:
        """How many lines are open now."""
        return len(self._lines)

    def cut(self) -> None:
        """Cut every open line at once."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for line in list(self._lines):
            line.cut()

    async def _open(self) -> None:
        # Not asyncio.start_server nor sock_accept: ending them drops a socket that is being accepted just then.
        self._listening = socket.create_server((self.host, self.port), backlog=100)
        self._listening.setblocking(False)
        self._loop.add_reader(self._listening, self._accept)

    async def _end(self) -> None:
        self._loop.remove_reader(self._listening)
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._listening.close()
        await asyncio.sleep(0)

    def _accept(self) -> None:
        connection, _ = self._listening.accept()
        connection.setblocking(False)
        self.connections += 1
        task = self._spawn(self._serve(self.faults(), connection))
        task.add_done_callback(lambda _: connection.close())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the server may be down just now

    async def _serve(self, fault: Fault | None, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=CHUNK)
        line = Line(fault, [writer])
        self._lines.add(line)
        try:
            if isinstance(fault, Portal):
                await _portal(reader, writer)
            elif not self.shut and not isinstance(fault, Refused):
                await asyncio.sleep(2 * self.link.delay_s)
                await self._carry(line, reader, writer)
        except (OSError, Cutting, EOFError):
            pass
        finally:
            line.cut()
            self._lines.discard(line)

    async def _carry(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.host, self.target_port, limit=CHUNK)
        line.writers.append(far_writer)
        for one in line.writers:
            one.transport.set_write_buffer_limits(0)  # so that drained means handed to the system
        ways = {"up": (reader, far_writer), "down": (far_reader, writer)}
        work = [
            task for way, (source, sink) in ways.items() for task in self._one_way(line, way, source, sink)
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    def _one_way(
        self, line: Line, way: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> list["asyncio.Task[None]"]:
        flying: Flight = asyncio.Queue(FLYING)
        return [
            asyncio.create_task(self._start(line, way, source, flying)),
            asyncio.create_task(_land(flying, sink)),
        ]

    async def _start(self, line: Line, way: str, source: asyncio.StreamReader, flying: Flight) -> None:
        """Take what is sent, at the pace of the link, and put it on its way."""
        while chunk := await source.read(self._piece(way)):
            chunk, last = await self._hurt(line, way, chunk)
            self.bytes[way] += len(chunk)
            at = await self._lanes[way].take(len(chunk), getattr(self.link, way))
            if isinstance(line.fault, Slow):
                at = max(at, await line.lanes[way].take(len(chunk), line.fault.rate))
            if chunk:
                await flying.put((at + self.link.delay_s, chunk))
            if last:
                return await flying.put((0.0, None))
        return await flying.put((0.0, b""))

    def _piece(self, way: str) -> int:
        rate = getattr(self.link, way)
        return CHUNK if not rate else int(min(CHUNK, max(MTU, rate * 0.02)))

    async def _hurt(self, line: Line, way: str, chunk: bytes) -> tuple[bytes, bool]:
        """Return what of `chunk` passes, and whether the line ends with it. Raises Cutting."""
        _count_turns(line, way)
        fault, before = line.fault, line.passed[way]
        line.passed[way] += len(chunk)
        if isinstance(fault, LoseAnswer) and way == "down" and line.turn >= fault.turn:
            raise Cutting
        if isinstance(fault, Cut):
            limit = fault.up if way == "up" else fault.down
            if limit is not None and before + len(chunk) >= limit:
                return chunk[: limit - before], True
        if isinstance(fault, Stall) and way == "up" and before <= fault.up < before + len(chunk):
            await asyncio.sleep(fault.for_s)
        if isinstance(fault, Twice) and way == "up" and line.turn == fault.turn:
            await self._repeat(line, fault, chunk)
        return chunk, False

    async def _repeat(self, line: Line, fault: Twice, chunk: bytes) -> None:
        line.asked += chunk
        if fault.late_s is not None:
            if len(line.asked) == len(chunk):
                self._spawn(self._replay(line, fault))
            return
        if line.twin is None:
            reader, line.twin = await asyncio.open_connection(self.host, self.target_port)
            self._spawn(_drained(reader, line.twin))
        line.twin.write(chunk)

    async def _replay(self, line: Line, fault: Twice) -> None:
        """Send the same request again after its answer, whether that arrived or not."""
        for _ in range(int(TWIN_S * 50)):
            if line.answering or line.turn > fault.turn:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(fault.late_s or 0)
        reader, writer = await asyncio.open_connection(self.host, self.target_port)
        writer.write(bytes(line.asked))
        await _drained(reader, writer)


def _count_turns(line: Line, way: str) -> None:
    """A new request begins with the first byte up after an answer has begun: nobody here pipelines."""
    if way == "down":
        line.answering = True
    elif line.answering:
        line.answering = False
        line.turn += 1


async def _land(flying: Flight, sink: asyncio.StreamWriter) -> None:
    """Hand over what arrives, when it arrives; an empty piece is the sender's end, None is a cut. Raises Cutting."""
    while True:
        at, chunk = await flying.get()
        if chunk is None:
            raise Cutting
        if not chunk:
            break
        if (wait := at - time.monotonic()) > 0.001:
            await asyncio.sleep(wait)
        sink.write(chunk)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def _drained(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Throw away what the server says to the second request."""
    try:
        async with asyncio.timeout(TWIN_S):
            while await reader.read(CHUNK):
                pass
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()


async def _portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(
            PORTAL_PAGE
        )
        writer.write(answer + (b"" if head.startswith(b"HEAD ") else PORTAL_PAGE))
        await writer.drain()
