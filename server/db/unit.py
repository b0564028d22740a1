"""@atomic: one use case, one transaction, in a task of its own that nobody's cancellation can tear."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast
from uuid import UUID

from tortoise.context import require_context
from tortoise.exceptions import ValidationError

from server.db.guards import UnitError
from server.db.hub import CHANNEL, Hub, Signal
from server.domain.errors import Invalid

if TYPE_CHECKING:
    from server.db.postgres import PostgresClient
    from server.db.sqlite import SqliteClient

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class _Unit:
    owner: "asyncio.Task[Any] | None"
    callbacks: list[Callable[[], None]] = field(default_factory=list)
    # Encoded and without doubles, as PostgreSQL folds equal notifications of one transaction.
    signals: dict[str, None] = field(default_factory=dict)


_current: ContextVar[_Unit | None] = ContextVar("unit", default=None)


def atomic(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Run an async function as one transaction; called inside another unit it joins that one.

    A cancelled caller waits until the body has committed or rolled back whole, then gets its CancelledError: put no
    network call inside. Raises UnitError when a task started inside a unit opens another (it would deadlock or lose
    its rows in somebody else's rollback).
    """

    @functools.wraps(function)
    async def unit(*args: P.args, **kwargs: P.kwargs) -> R:
        if _current.get() is None:
            return await _settled(_run(functools.partial(function, *args, **kwargs)))
        _joined()
        return await function(*args, **kwargs)

    return unit


def inside() -> bool:
    """Tell whether the caller runs in a unit."""
    return _current.get() is not None


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` once the unit is committed, never if it rolls back. Raises UnitError outside a unit."""
    _joined().callbacks.append(callback)


def signal(topic: str, company_id: UUID | None = None, **data: Any) -> None:
    """Tell every process's hub after the commit. Raises UnitError outside a unit, ValueError over 8 kB."""
    _joined().signals[Signal(topic, company_id, data).encode()] = None


def savepoint() -> AbstractAsyncContextManager[Any]:
    """Return a block that may fail alone: on an exception only its own statements are undone."""
    _joined()
    return cast(AbstractAsyncContextManager[Any], require_context().db()._in_transaction())


def _joined() -> _Unit:
    """Return the unit this task runs in. Raises UnitError outside, or in a task that only inherited it."""
    current = _current.get()
    if current is None:
        raise UnitError("This needs @atomic around it.")
    if current.owner is not asyncio.current_task():
        raise UnitError(
            "A task started inside a unit (create_task, gather, wait_for) cannot take part in it."
        )
    return current


async def _settled(body: Coroutine[Any, Any, R]) -> R:
    """Wait for `body` to end even when cancelled, then raise the cancellation; the body never feels it."""
    task = asyncio.ensure_future(body)
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted from (None if task.cancelled() else task.exception())
    return task.result()


async def _run(body: Callable[[], Coroutine[Any, Any, R]]) -> R:
    client = cast("SqliteClient | PostgresClient", require_context().db())
    unit = _Unit(asyncio.current_task())
    async with client.transaction() as connection:
        token = _current.set(unit)
        try:
            result = await _storable(body)
        finally:
            _current.reset(token)
        if client.capabilities.dialect == "postgres":
            for text in unit.signals:
                await connection.execute_query("SELECT pg_notify($1, $2)", [CHANNEL, text])
    _tell(unit, client.hub if client.capabilities.dialect == "sqlite" else None)
    return result


async def _storable(body: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """Name what no column takes as what it is, a wrong value, so that it stops nobody else's."""
    try:
        return await body()
    except ValidationError as error:
        raise Invalid("field.unstorable") from error


def _tell(unit: _Unit, hub: Hub | None) -> None:
    """Call what waited for the commit, before the caller goes on; an error there cannot undo or hide the commit."""
    loop = asyncio.get_running_loop()
    for callback in unit.callbacks:
        loop.call_soon(callback)
    if hub is not None:
        for text in unit.signals:
            hub.publish(Signal.decode(text))
