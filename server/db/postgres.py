"""tortoise's asyncpg back end with a transaction that no cancellation can leak and a pool that only reads outside it.

The stock one loses a pool connection when a task is cancelled while a transaction begins, drops the rows of
`UPDATE … RETURNING`, and takes the server's ROLLBACK at the end of a failed transaction for a commit.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, NoReturn

import asyncpg
from tortoise.backends.asyncpg import client as stock
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.exceptions import TransactionManagementError

from server.db.guards import DatabaseFull, UnitError, causes, in_utc, only_owner, only_read, whole
from server.db.hub import Hub

POOL_SIZE = 10
CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 60
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)
_savepoints = count(1)


class PostgresClient(stock.AsyncpgDBClient):
    """Reads on any pool connection, writes only through `transaction()`."""

    hub: Hub

    def __init__(self, dsn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dsn = dsn

    async def create_connection(self, with_db: bool) -> None:
        async with self._pool_init_lock:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self.dsn,
                    min_size=1,
                    max_size=POOL_SIZE,
                    timeout=CONNECT_TIMEOUT_S,
                    # A dead network must end a unit some day: nobody can cancel it.
                    command_timeout=STATEMENT_TIMEOUT_S,
                    # The server itself refuses what slips past only_read, as WITH … UPDATE.
                    server_settings={"default_transaction_read_only": "on", "application_name": "zollstock"},
                )
                await self._post_connect()

    @translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        only_read(query)
        async with self.acquire_connection() as connection:
            rows = await connection.fetch(query, *in_utc(values))
        return len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self.execute_query(query, values))[1]]

    async def execute_insert(self, query: str, values: list[Any]) -> NoReturn:
        raise UnitError(f"Writing needs @atomic around it: {query[:120]}")

    async def execute_many(self, query: str, values: list[Any]) -> NoReturn:
        raise UnitError(f"Writing needs @atomic around it: {query[:120]}")

    async def execute_script(self, query: str) -> NoReturn:
        raise UnitError("Scripts belong into a migration.")

    def _in_transaction(self) -> TransactionContext:
        raise UnitError("Use @atomic of server.db.unit; tortoise's own transactions leak when cancelled.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["PostgresUnit"]:
        """Hold a pool connection for one transaction: committed at the end, rolled back whole on any exception.

        Raises DatabaseFull. A failed sync is the server's own affair: it panics (data_sync_retry).
        """
        await self.create_connection(with_db=True)
        assert self._pool is not None
        async with self._pool.acquire() as connection:
            unit = PostgresUnit(self, connection)
            try:
                async with whole(unit, self.connection_name):
                    yield unit
            except Exception as error:
                if any(isinstance(one, asyncpg.DiskFullError) for one in causes(error)):
                    raise DatabaseFull("no room left on the disk of the database") from error
                raise


class PostgresUnit(stock.TransactionWrapper):
    """One pool connection inside one transaction."""

    def __init__(self, client: Any, connection: Any) -> None:
        super().__init__(client)
        self._connection = connection
        self.owner = asyncio.current_task()
        self._savepoint = f"unit_{next(_savepoints)}"

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(PostgresUnit(self, self._connection))

    async def begin(self) -> None:
        await self._connection.execute("BEGIN READ WRITE")

    async def commit(self) -> None:
        # After a failed statement PostgreSQL answers COMMIT with ROLLBACK and no error.
        if await self._connection.execute("COMMIT") != "COMMIT":
            raise TransactionManagementError("Nothing was saved: a statement inside the unit had failed.")

    async def rollback(self) -> None:
        if not self._connection.is_closed() and self._connection.is_in_transaction():
            await self._connection.execute("ROLLBACK")

    async def savepoint(self) -> None:
        await self._connection.execute(f"SAVEPOINT {self._savepoint}")

    async def savepoint_rollback(self) -> None:
        await self._connection.execute(f"ROLLBACK TO SAVEPOINT {self._savepoint}")

    async def release_savepoint(self) -> None:
        await self._connection.execute(f"RELEASE SAVEPOINT {self._savepoint}")

    def _check(self, query: str) -> None:
        only_owner(self.owner, finalized=self._finalized, query=query)

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        self._check(query)
        return await super().execute_insert(query, in_utc(values))

    async def execute_many(self, query: str, values: list[Any]) -> None:
        self._check(query)
        await super().execute_many(query, [in_utc(row) for row in values])

    @translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        self._check(query)
        if not _RETURNING.search(query):
            affected, rows = await super().execute_query(query, in_utc(values))
            return affected, rows
        async with self.acquire_connection() as connection:
            rows = await connection.fetch(query, *in_utc(values))
        return len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self.execute_query(query, values))[1]]

    async def execute_script(self, query: str) -> NoReturn:
        raise UnitError("Scripts belong into a migration.")


client_class = PostgresClient
