"""Locks between processes that end with whoever holds them: for work that only one may do at a time."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from server.db.connect import Database

TIMEOUT_S = 10
# A machine that vanished is noticed after a minute; without these the server would keep its locks for hours.
_KEEPALIVE = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}


class Locks:
    """What this process holds. On SQLite there is one process (`server/holding.py`), so everything is ours."""

    async def take(self, name: str) -> bool:
        """Try to get a lock; True when it is ours now (or was already). Never waits for the holder."""
        return True

    async def give_back(self, name: str) -> None:
        """Let others have it."""

    async def held(self) -> bool:
        """Say whether what was taken is still ours; once False it stays so, and all of it is lost."""
        return True


class PostgresLocks(Locks):
    """Advisory locks of one connection of our own: the server frees them when it ends, however it ends."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._mine: set[str] = set()

    async def take(self, name: str) -> bool:
        if name not in self._mine and await self._ask("SELECT pg_try_advisory_lock($1)", name):
            self._mine.add(name)
        return name in self._mine

    async def give_back(self, name: str) -> None:
        if name in self._mine:
            self._mine.remove(name)
            await self._ask("SELECT pg_advisory_unlock($1)", name)

    async def held(self) -> bool:
        try:
            await self._connection.execute("SELECT 1", timeout=TIMEOUT_S)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # TimeoutError is an OSError
            self._connection.terminate()
            return False
        return True

    async def _ask(self, statement: str, name: str) -> bool:
        return bool(await self._connection.fetchval(statement, _number(name), timeout=TIMEOUT_S))


@asynccontextmanager
async def open_locks(database: Database) -> AsyncIterator[Locks]:
    """Yield the locks of this process; all are given back at the end. Raises OSError and asyncpg's errors."""
    if database.kind == "sqlite":
        yield Locks()
        return
    settings = {"application_name": "zollstock-locks", **_KEEPALIVE}
    connection = await asyncpg.connect(database.url, timeout=TIMEOUT_S, server_settings=settings)
    try:
        yield PostgresLocks(connection)
    finally:
        connection.terminate()


def _number(name: str) -> int:
    """Return the lock's number: PostgreSQL knows only 64 bits (documentation: advisory locks)."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
