"""Signals between the parts of the program: in one process on SQLite, through LISTEN and NOTIFY on PostgreSQL."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import asyncpg

CHANNEL = "zollstock"
LOST = "lost"
QUEUE_LENGTH = 256
# PostgreSQL: a payload must be shorter than 8000 bytes (documentation of NOTIFY).
PAYLOAD_BYTES = 7999
HEARTBEAT_S = 30
RETRY_S = (0.1, 30.0)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signal:
    """A hint that something changed, never the change itself. Topic LOST: some were missed, so reload."""

    topic: str
    company_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> str:
        """Return the JSON that travels; values that JSON lacks become text. Raises ValueError when too long."""
        company = str(self.company_id) if self.company_id else None
        text = json.dumps([self.topic, company, dict(self.data)], default=str, separators=(",", ":"))
        if len(text) > PAYLOAD_BYTES:
            raise ValueError(f"A signal is a hint, not a parcel: {self.topic} has {len(text)} bytes")
        return text

    @classmethod
    def decode(cls, text: str) -> "Signal":
        """Return the signal that `encode` wrote."""
        topic, company, data = json.loads(text)
        return cls(topic, UUID(company) if company else None, data)


class Subscriber:
    """One reader's bounded queue; when it is full the oldest goes and LOST comes first."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self._queue: deque[Signal] = deque()
        self._changed = asyncio.Event()
        self._lost = self._closed = False

    def offer(self, signal: Signal) -> None:
        """Queue a signal; never waits."""
        if len(self._queue) == QUEUE_LENGTH:
            self._queue.popleft()
            self._lost = True
        self._queue.append(signal)
        self._changed.set()

    def lose(self) -> None:
        """Tell the reader that signals may be missing."""
        self._lost = True
        self._changed.set()

    def close(self) -> None:
        """End the iteration after what is queued."""
        self._closed = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Signal:
        while True:
            self._changed.clear()
            if self._lost:
                self._lost = False
                return Signal(LOST)
            if self._queue:
                return self._queue.popleft()
            if self._closed:
                raise StopAsyncIteration
            await self._changed.wait()


class Hub:
    """Brings every published signal to every subscriber of its topic in this process."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._closed = False

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Signal]]:
        """Yield an endless iterator of signals; it ends when the hub closes."""
        subscriber = Subscriber(frozenset(topics))
        if self._closed:
            subscriber.close()
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def publish(self, signal: Signal) -> None:
        """Offer a signal to its subscribers; call it on the event loop's thread."""
        for subscriber in self._subscribers:
            if signal.topic in subscriber.topics:
                subscriber.offer(signal)

    async def close(self) -> None:
        """End every subscriber's iteration."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.close()
        await asyncio.sleep(0)


class PostgresHub(Hub):
    """A hub fed by one connection of its own that listens; it starts with the first subscriber."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Signal]]:
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._listen(), name="hub")
        if not self._closed:
            await self._listening.wait()
        async with super().subscribe(*topics) as signals:
            yield signals

    async def close(self) -> None:
        self._closed = True
        self._listening.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await super().close()

    async def _listen(self) -> None:
        delay_s = RETRY_S[0]
        while True:
            try:
                connection = await asyncpg.connect(self._dsn, timeout=10)
                delay_s = RETRY_S[0]
                await self._session(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("signals are interrupted: %s", type(error).__name__)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, RETRY_S[1])

    async def _session(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Listen until the connection ends; a heartbeat notices a peer that went away silently."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(CHANNEL, lambda *words: self.publish(Signal.decode(str(words[3]))))
            self._listening.set()
            for subscriber in self._subscribers:
                subscriber.lose()
            while not ended.is_set():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await ended.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=10)
        finally:
            connection.terminate()
