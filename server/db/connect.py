"""Opens the database named by a URL and ties tortoise to it for this process."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import unquote

import asyncpg
import pysqlite3
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from server.db import sql
from server.db.guards import DatabaseFull, DatabaseUnsynced
from server.db.hub import Hub, PostgresHub
from server.db.postgres import PostgresClient
from server.db.sqlite import SqliteClient

Kind = Literal["sqlite", "postgres"]
TABLES = ("server.db.tables",)
# What a database that is damaged, gone or refuses us raises, whichever it is.
FAILURES: tuple[type[Exception], ...] = (
    BaseORMException,
    pysqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    DatabaseFull,
    DatabaseUnsynced,
)


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; one at a time in a process."""

    kind: Kind
    url: str
    hub: Hub
    context: TortoiseContext

    async def close(self) -> None:
        """End the signals, let open units finish, close every connection."""
        await self.hub.close()
        await self.context.close_connections()


def kind_of(url: str) -> Kind:
    """Return which database a URL names. Raises ValueError with a plain sentence."""
    if url.startswith("sqlite:///"):
        return "sqlite"
    if url.startswith(("postgresql://", "postgres://")):
        return "postgres"
    scheme = url.partition("://")[0]
    raise ValueError(f"The database URL must begin with sqlite:/// or postgresql://, not with {scheme!r}.")


def path_of(url: str) -> str:
    """Return the absolute file path in sqlite:///absolute/path.db."""
    return unquote(url.removeprefix("sqlite://"))


async def open_database(url: str, *, tables: Sequence[str] = TABLES) -> Database:
    """Connect to a migrated database. Raises ValueError, OSError, UnsafeLibrary, and the driver's own errors."""
    kind = kind_of(url)
    # In a filter or an update tortoise would take a moment without a zone for UTC and only warn.
    warnings.filterwarnings("error", "DateTimeField .* received a naive datetime", RuntimeWarning)
    hub = Hub() if kind == "sqlite" else PostgresHub(url)
    context = TortoiseContext()
    with context:  # only its own init needs it entered; every task finds it as the global fallback
        await context.init(config=config(kind, url, tables), _enable_global_fallback=True)
    client = cast(SqliteClient | PostgresClient, context.db())
    client.hub = hub
    try:
        await client.create_connection(with_db=True)
    except BaseException:
        await context.close_connections()
        raise
    return Database(kind, url, hub, context)


async def ping(database: Database) -> None:
    """Run one statement; raises what the driver raises when the database does not answer, and DatabaseUnsynced."""
    client = database.context.db()
    if isinstance(client, SqliteClient):
        client.trusted()
    await sql.rows("SELECT 1 AS answer")


def config(kind: Kind, url: str, tables: Sequence[str]) -> dict[str, Any]:
    """Return tortoise's configuration: our back end, our tables."""
    credentials = {"file_path": path_of(url)} if kind == "sqlite" else {"dsn": url}
    # The connection's name is the dialect: tortoise keeps generated SQL under it for the life of the process.
    return {
        "connections": {kind: {"engine": f"server.db.{kind}", "credentials": credentials}},
        "apps": {"server": {"models": list(tables), "default_connection": kind}},
    }
