"""tortoise's SQLite back end with one writer, two readers and a transaction that no cancellation can leak.

The stock one keeps a process-wide lock when a task is cancelled while a transaction begins, and lets every read wait
for an open write; `BEGIN` is deferred there, so two processes end in "database is locked" whatever the busy timeout.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import aiosqlite
import pysqlite3
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite import client as stock
from tortoise.fields import data

from server.db.guards import (
    DatabaseFull,
    DatabaseUnsynced,
    UnitError,
    causes,
    in_utc,
    only_owner,
    only_read,
    whole,
)
from server.db.hub import Hub

# Every moment read is parsed: the stock parser, in Python, takes twenty times as long as the interpreter's own.
data.parse_datetime = datetime.fromisoformat  # type: ignore[attr-defined]

READERS = 2
BUSY_TIMEOUT_MS = 5000
# FULL: an acknowledged photo survives a power cut. secure_delete: erased means erased, also in free pages.
# recursive_triggers: REPLACE must not delete past the triggers that keep the logbook append-only.
WRITER = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "recursive_triggers": "ON",
}
READER = {"query_only": "ON"}


class UnsafeLibrary(RuntimeError):
    """The SQLite library can lose committed data with more than one connection."""


def check_library(version: tuple[int, ...]) -> None:
    """Raise UnsafeLibrary for versions with the WAL-reset bug (3.7.0 to 3.51.2; sqlite.org/wal.html#walresetbug).

    version: (3, 51, 3). Mended in 3.51.3 and in the branches 3.50.7 and 3.44.6.
    """
    mended = version >= (3, 51, 3) or any(
        version[:2] == branch[:2] and version >= branch for branch in ((3, 50, 7), (3, 44, 6))
    )
    if not mended:
        name = ".".join(map(str, version))
        raise UnsafeLibrary(
            f"SQLite {name} can lose saved data (WAL-reset bug). Install the pysqlite3 wheel with 3.51.3 or later."
        )


async def connect(path: str, pragmas: dict[str, str]) -> aiosqlite.Connection:
    """Open one connection in autocommit mode. Raises UnsafeLibrary, sqlite3.OperationalError."""
    check_library(pysqlite3.sqlite_version_info)
    connection = await aiosqlite.connect(path, isolation_level=None)
    try:
        connection.row_factory = pysqlite3.Row
        for name, value in {"busy_timeout": str(BUSY_TIMEOUT_MS), **pragmas}.items():
            await connection.execute_fetchall(f"PRAGMA {name}={value}")
    except BaseException:
        await connection.close()
        raise
    return connection


def _plain(values: Sequence[Any] | None) -> list[Any]:
    """Return values as SQLite stores them: moments in UTC, ids as text."""
    return [str(value) if isinstance(value, UUID) else value for value in in_utc(values)]


class SqliteClient(stock.SqliteClient):
    """Reads on a reader, writes only through `transaction()`."""

    hub: Hub

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self._readers: list[aiosqlite.Connection] = []
        self._turn = itertools.count()
        self._opening = asyncio.Lock()
        self._unsynced = False

    async def create_connection(self, with_db: bool) -> None:
        async with self._opening:
            if self._connection is None:
                self._connection = await connect(self.filename, WRITER)
                self._readers = [await connect(self.filename, READER) for _ in range(READERS)]
                await self._post_connect()

    async def close(self) -> None:
        """Wait for the open unit, then close every connection."""
        async with self._lock:
            for connection in [*self._readers, *([self._connection] if self._connection else [])]:
                await connection.close()
            self._readers, self._connection = [], None

    async def _reader(self) -> aiosqlite.Connection:
        # Round-robin: a pool that checks readers out served single reads up to 1.1 s late.
        await self.create_connection(with_db=True)
        return self._readers[next(self._turn) % READERS]

    @stock.translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        only_read(query)
        rows = list(await (await self._reader()).execute_fetchall(query, _plain(values)))
        return len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self.execute_query(query, values))[1]]

    async def execute_insert(self, query: str, values: list[Any]) -> NoReturn:
        raise UnitError(f"Writing needs @atomic around it: {query[:120]}")

    async def execute_many(self, query: str, values: list[list[Any]]) -> NoReturn:
        raise UnitError(f"Writing needs @atomic around it: {query[:120]}")

    async def execute_script(self, query: str) -> NoReturn:
        raise UnitError("A script commits in its middle; use a migration.")

    def _in_transaction(self) -> TransactionContext:
        raise UnitError("Use @atomic of server.db.unit; tortoise's own transactions leak when cancelled.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["SqliteUnit"]:
        """Hold the writer for one transaction: committed at the end, rolled back whole on any exception.

        Raises DatabaseFull, and DatabaseUnsynced from the first failure of the disk on until a restart.
        """
        await self.create_connection(with_db=True)
        async with self._lock:
            self.trusted()
            unit = SqliteUnit(self)
            try:
                async with whole(unit, self.connection_name):
                    yield unit
            except Exception as error:
                self._judge(error)
                raise

    def trusted(self) -> None:
        """Raise DatabaseUnsynced once the disk has failed: a sync that succeeds afterwards proves nothing."""
        if self._unsynced:
            raise DatabaseUnsynced("the disk has failed under the database")

    def _judge(self, error: Exception) -> None:
        """Raise what a full or failing disk means. The driver does not tell a failed sync from a failed write."""
        code = _code(error)
        if code == pysqlite3.SQLITE_FULL:
            raise DatabaseFull("no room left on the disk") from error
        if code == pysqlite3.SQLITE_IOERR:
            self._unsynced = True
            raise DatabaseUnsynced(str(error)) from error


def _code(error: Exception) -> int | None:
    """Return SQLite's code of an error or of what caused it."""
    found = (one for one in causes(error) if isinstance(one, pysqlite3.Error))
    return getattr(next(found, None), "sqlite_errorcode", None)


class SqliteUnit(stock.SqliteTransactionWrapper):
    """The writer inside one transaction."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.owner = asyncio.current_task()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SqliteUnit(self))

    async def begin(self) -> None:
        await self._connection.execute_fetchall("BEGIN IMMEDIATE")

    async def rollback(self) -> None:
        # SQLite may have rolled back by itself (disk full, I/O error): then there is nothing left to undo.
        await self._connection.rollback()

    def _check(self, query: str) -> None:
        only_owner(self.owner, finalized=self._finalized, query=query)

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        self._check(query)
        return int(await super().execute_insert(query, _plain(values)))

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        self._check(query)
        await super().execute_many(query, [_plain(row) for row in values])

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        self._check(query)
        count, rows = await super().execute_query(query, _plain(values))
        return count, rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self.execute_query(query, values))[1]]

    async def execute_script(self, query: str) -> NoReturn:
        raise UnitError("A script commits in its middle; use a migration.")


client_class = SqliteClient
