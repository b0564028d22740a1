"""The few statements that tortoise cannot say, in one dialect-neutral form with `?` for values."""

import functools
import itertools
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

from tortoise import Model
from tortoise.context import require_context

M = TypeVar("M", bound=Model)
_WORDS = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | \?""", re.VERBOSE)


def dialect() -> Literal["sqlite", "postgres"]:
    """Return the open database's dialect."""
    return cast(Literal["sqlite", "postgres"], require_context().db().capabilities.dialect)


async def rows(statement: str, *values: Any) -> list[dict[str, Any]]:
    """Return what a statement yields (also UPDATE … RETURNING inside a unit), on the unit's connection or a reader.

    SQLite gives what it stores: moments and ids as text, truth as 0 and 1, JSON as text (text on PostgreSQL, too).
    """
    client = require_context().db()
    return cast(list[dict[str, Any]], await client.execute_query_dict(_translated(statement), list(values)))


async def row_of(model: type[M], company_id: UUID, row_id: UUID) -> M | None:
    """Return a table's row by its id."""
    found = await rows_of(model, "company_id = ? AND id = ?", company_id, row_id)
    return found[0] if found else None


async def rows_of(model: type[M], where: str, *values: Any) -> list[M]:
    """Return a table's rows as tortoise would, whose query builder works longer than the database does."""
    return [model._init_from_db(**row) for row in await rows(_select(model) + where, *values)]


@functools.cache
def _select(model: type[Model]) -> str:
    columns = ", ".join(f'"{column}"' for column in model._meta.fields_db_projection.values())
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE '


async def insert(table: str, unless_known: str = "", /, **values: Any) -> None:
    """Write a row inside a unit; one that is there already by the column `unless_known` stays as it is."""
    await execute(_insert(table, unless_known, tuple(values)), *values.values())


@functools.cache
def _insert(table: str, unless_known: str, columns: tuple[str, ...]) -> str:
    marks, once = (
        ", ".join("?" * len(columns)),
        f" ON CONFLICT ({unless_known}) DO NOTHING" if unless_known else "",
    )
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}){once}"


async def execute(statement: str, *values: Any) -> int:
    """Run a writing statement inside a unit and return the number of rows it touched."""
    affected, _ = await require_context().db().execute_query(_translated(statement), list(values))
    return int(affected)


def moment(value: Any) -> datetime:
    """Return a moment of `rows` as what it is on both databases, aware and in UTC."""
    return datetime.fromisoformat(value) if isinstance(value, str) else cast(datetime, value)


def key(value: Any) -> UUID:
    """Return an id of `rows` as what it is on both databases."""
    return UUID(value) if isinstance(value, str) else cast(UUID, value)


async def execute_many(statement: str, values: Sequence[Sequence[Any]]) -> None:
    """Run a writing statement inside a unit once for each row of values."""
    await require_context().db().execute_many(_translated(statement), [list(one) for one in values])


async def lock(table: str, company_id: Any, row_id: Any) -> None:
    """Let nobody else change this row until the unit ends; SQLite has one writer anyway.

    Rows that point to it may still be written: a foreign key's check must not wait, or two units wait for each other.
    """
    if dialect() == "postgres":
        statement = f"SELECT id FROM {table} WHERE company_id = ? AND id = ? FOR NO KEY UPDATE"
        await rows(statement, company_id, row_id)


def like_escape(text: str) -> str:
    r"""Return `text` so that LIKE takes it literally; the statement says `LIKE ? ESCAPE '\'`."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _translated(statement: str) -> str:
    return statement if dialect() == "sqlite" else numbered(statement)


@functools.lru_cache(maxsize=256)
def numbered(statement: str) -> str:
    """Return `statement` with `?` outside quotes and comments as $1, $2, …"""
    numbers = itertools.count(1)
    return _WORDS.sub(lambda word: f"${next(numbers)}" if word[0] == "?" else word[0], statement)
