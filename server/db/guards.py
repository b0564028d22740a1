"""What both back ends share: how a unit begins and ends, and what they refuse inside and outside of it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from tortoise.connection import get_connections

_READING = re.compile(r"[\s(]*(SELECT|WITH|EXPLAIN|VALUES|SHOW)\b", re.IGNORECASE)


class DatabaseFull(RuntimeError):
    """No room left on the disk of the database; the unit was rolled back whole, and what was there stays."""


class DatabaseUnsynced(RuntimeError):
    """The disk has failed under a unit: nothing can be called safe until the server is started again."""


class UnitError(RuntimeError):
    """The database was used against the rules of `server.db.unit.atomic`; always a mistake in our code."""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what caused it, down to the driver's own."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def reads(query: str) -> bool:
    """Tell by its first word whether a statement only reads; the connections of readers refuse the rest."""
    return _READING.match(query) is not None


def only_read(query: str) -> None:
    """Raise UnitError for a statement that would write outside a unit."""
    if not reads(query):
        raise UnitError(f"Writing needs @atomic around it: {query[:120]}")


def only_owner(owner: "asyncio.Task[Any] | None", *, finalized: bool, query: str) -> None:
    """Raise UnitError when a unit's connection is used after its end, or written to by a task started inside it."""
    if finalized:
        raise UnitError(
            f"This unit is over, yet a task started inside it still runs statements: {query[:120]}"
        )
    if asyncio.current_task() is not owner and not reads(query):
        raise UnitError(f"A task started inside a unit writes through its connection: {query[:120]}")


def utc(value: datetime) -> datetime:
    """Return an aware moment in UTC; SQLite compares moments as text, so one zone only. Raises ValueError if naive."""
    if value.tzinfo is None:
        raise ValueError(f"A moment without a zone never enters the database: {value!r}")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def in_utc(values: Iterable[Any] | None) -> list[Any]:
    """Return statement values with every moment in UTC."""
    return [utc(value) if isinstance(value, datetime) else value for value in values or ()]


@asynccontextmanager
async def whole(unit: Any, name: str) -> AsyncIterator[None]:
    """Make `unit` the connection called `name` from begin to commit; rolled back whole on any exception."""
    try:
        await unit.begin()
        token = get_connections().set(name, unit)
        try:
            yield
        finally:
            get_connections().reset(token)
        await unit.commit()
    except BaseException:
        await unit.rollback()
        raise
    finally:
        unit._finalized = True
