"""Forward-only migrations: numbered files, one transaction each, nobody else at it meanwhile.

Not tortoise's own: on SQLite those dropped a parent table with foreign keys on and took its children along.
A file holds `SQLITE` and `POSTGRES` (lists of statements), and may add `async def sqlite(c)`, `postgres(c)` and
`shared(c)`, run in this order with a `Change`. A released file is never edited.
"""

import asyncio
import hashlib
import importlib.util
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import aiosqlite
import asyncpg

from server import clock
from server.db import sqlite
from server.db.connect import kind_of, path_of
from server.db.sql import numbered

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = int.from_bytes(b"zollst")
_APPLIED = "CREATE TABLE IF NOT EXISTS applied_migration (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"
_HAS_APPLIED = {
    "sqlite": "SELECT 1 AS found FROM sqlite_master WHERE name = 'applied_migration'",
    "postgres": "SELECT 1 AS found WHERE to_regclass('applied_migration') IS NOT NULL",
}
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgres": "BEGIN"}


class MigrationError(RuntimeError):
    """The database and the program's migrations do not fit; says in one sentence why."""


class Change(ABC):
    """What a migration works with: statements with `?` for values, inside one transaction."""

    dialect: ClassVar[str]

    @abstractmethod
    async def execute(self, statement: str, *values: Any) -> None:
        """Run a statement."""

    @abstractmethod
    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Return what a statement yields."""


class SqliteChange(Change):
    """A migrating connection with foreign keys off, as a table may be rebuilt under its children."""

    dialect = "sqlite"

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, statement: str, *values: Any) -> None:
        await self._connection.execute_fetchall(statement, values)

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self._connection.execute_fetchall(statement, values)]


class PostgresChange(Change):
    """A connection that holds the advisory lock of all migrations."""

    dialect = "postgres"

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def execute(self, statement: str, *values: Any) -> None:
        await self._connection.execute(numbered(statement), *values)

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self._connection.fetch(numbered(statement), *values)]


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    path: Path
    sha256: str

    @property
    def name(self) -> str:
        return self.path.stem

    async def run(self, change: Change) -> None:
        """Execute the file's statements and functions for the change's dialect."""
        spec = importlib.util.spec_from_file_location(f"migration_{self.name}", self.path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for statement in getattr(module, change.dialect.upper(), []):
            await change.execute(statement)
        for name in (change.dialect, "shared"):
            if step := getattr(module, name, None):
                await step(change)


async def migrate(url: str, *, backup_dir: Path | None = None, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the database up to date and return the names applied.

    A SQLite file that already holds something is first copied to backup_dir/before-<name>.db.
    Raises MigrationError, ValueError (url) and the driver's own errors; what failed left no trace.
    """
    async with _opened(url) as change:
        await change.execute(_APPLIED)
        done, todo = await _plan(change, folder)
        if todo and done and backup_dir and kind_of(url) == "sqlite":
            await _backup(change, backup_dir / f"before-{todo[0].name}.db")
        return [migration.name for migration in todo if await _apply(change, migration)]


async def pending(url: str, *, folder: Path = MIGRATIONS) -> list[str]:
    """Return the names `migrate` would apply; changes nothing. Raises like `migrate`."""
    if kind_of(url) == "sqlite" and not await asyncio.to_thread(Path(path_of(url)).exists):
        return [migration.name for migration in _files(folder)]
    async with _opened(url, reading=True) as change:
        _, todo = await _plan(change, folder)
    return [migration.name for migration in todo]


async def rebuild(change: Change, table: str, body: str, columns: Mapping[str, str]) -> None:
    """Give a SQLite table another shape (sqlite.org/lang_altertable.html, "other kinds of schema changes").

    body: column definitions as in CREATE TABLE; columns: new column → expression over the old row.
    Indexes and triggers are made again as they were: drop first what no longer fits.
    """
    kept = await change.rows(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        table,
    )
    names = ", ".join(f'"{name}"' for name in columns)
    await change.execute(f'CREATE TABLE "_new_{table}" ({body})')
    await change.execute(
        f'INSERT INTO "_new_{table}" ({names}) SELECT {", ".join(columns.values())} FROM "{table}"'
    )
    await change.execute(f'DROP TABLE "{table}"')
    # Legacy: triggers elsewhere that name this table are not checked in the moment it is missing.
    await change.execute("PRAGMA legacy_alter_table = ON")
    await change.execute(f'ALTER TABLE "_new_{table}" RENAME TO "{table}"')
    await change.execute("PRAGMA legacy_alter_table = OFF")
    for row in kept:
        await change.execute(row["sql"])


@asynccontextmanager
async def _opened(url: str, *, reading: bool = False) -> AsyncIterator[Change]:
    if kind_of(url) == "sqlite":
        pragmas = sqlite.READER if reading else {**sqlite.WRITER, "foreign_keys": "OFF"}
        connection = await sqlite.connect(path_of(url), pragmas)
        try:
            yield SqliteChange(connection)
        finally:
            await connection.close()
        return
    server = await asyncpg.connect(url, timeout=10)
    try:
        if not reading:
            await server.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        yield PostgresChange(server)
    finally:
        await server.close()


def _files(folder: Path) -> list[Migration]:
    return [
        Migration(path, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.py"))
    ]


async def _plan(change: Change, folder: Path) -> tuple[dict[str, str], list[Migration]]:
    """Return what is applied (name → sha256) and what is not. Raises MigrationError if they do not fit."""
    found = await change.rows(_HAS_APPLIED[change.dialect])
    rows = await change.rows("SELECT name, sha256 FROM applied_migration ORDER BY name") if found else []
    done = {row["name"]: row["sha256"] for row in rows}
    files = _files(folder)
    if unknown := sorted(set(done) - {file.name for file in files}):
        raise MigrationError(f"The database is newer than this program: it has had migration {unknown[-1]}.")
    for file in files:
        if file.name in done and done[file.name] != file.sha256:
            raise MigrationError(
                f"Migration {file.name} was changed after it had been applied to this database."
            )
    todo = [file for file in files if file.name not in done]
    if todo and done and todo[0].name < max(done):
        raise MigrationError(f"Migration {todo[0].name} comes before {max(done)}, which is applied already.")
    return done, todo


async def _apply(change: Change, migration: Migration) -> bool:
    """Run one migration whole or not at all; False when another process was faster."""
    await change.execute(_BEGIN[change.dialect])
    try:
        mine = not await change.rows(
            "SELECT 1 AS found FROM applied_migration WHERE name = ?", migration.name
        )
        if mine:
            await migration.run(change)
            await _check_references(change, migration)
            await change.execute(
                "INSERT INTO applied_migration (name, sha256, applied_at) VALUES (?, ?, ?)",
                migration.name,
                migration.sha256,
                clock.now().isoformat(),
            )
        await change.execute("COMMIT")
    except BaseException:
        await change.execute("ROLLBACK")
        raise
    return mine


async def _check_references(change: Change, migration: Migration) -> None:
    if change.dialect == "sqlite" and (broken := await change.rows("PRAGMA foreign_key_check")):
        raise MigrationError(
            f"Migration {migration.name} would leave {len(broken)} rows of {broken[0]['table']} without their parent."
        )


async def _backup(change: Change, target: Path) -> None:
    """Copy the database to `target`, durably; VACUUM INTO itself does not sync."""
    part = target.with_suffix(".part")
    await asyncio.to_thread(_clear, part)
    await change.execute("VACUUM INTO ?", str(part))
    await asyncio.to_thread(_keep, part, target)


def _clear(part: Path) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)


def _keep(part: Path, target: Path) -> None:
    for path in (part, part.parent):
        if path == part.parent:
            part.replace(target)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
