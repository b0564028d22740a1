"""Units are whole: cancelled, nested, failed or misused, they commit everything or nothing and lose no connection."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import pytest
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

from server import clock
from server.db import sql
from server.db.connect import Database
from server.db.guards import DatabaseFull, UnitError
from server.db.unit import after_commit, atomic, inside, savepoint, signal
from server.ids import new_id
from tests.db.sample_tables import BookRow, ShelfRow

ROUNDS = 2000
AT_ONCE = 8


class Boom(Exception):
    pass


async def insert(name: str) -> UUID:
    return (await ShelfRow.create(id=new_id(), name=name, at=clock.now())).id


@atomic
async def insert_pair(name: str) -> None:
    """Write a shelf and its book, which must stand or fall together."""
    shelf_id = await insert(name)
    await asyncio.sleep(0)
    await BookRow.create(id=new_id(), title=name, shelf_id=shelf_id)


async def names() -> set[str]:
    return {row["name"] for row in await sql.rows("SELECT name FROM shelf")}


async def test_cancelled_anywhere_it_is_whole(sample: Database) -> None:
    dice = random.Random(7)
    outcomes = {"saved": 0, "cancelled": 0}

    async def one(number: int) -> None:
        task = asyncio.create_task(insert_pair(f"shelf {number}"))
        for _ in range(dice.randrange(12)):
            await asyncio.sleep(dice.choice([0, 0, 0.0005]))
        task.cancel()
        try:
            await task
            outcomes["saved"] += 1
        except asyncio.CancelledError:
            outcomes["cancelled"] += 1

    async with asyncio.timeout(100):  # a hang, not slowness, is what this ends
        for start in range(0, ROUNDS, AT_ONCE):
            await asyncio.gather(*(one(number) for number in range(start, start + AT_ONCE)))
    half = await sql.rows(
        "SELECT shelf.id FROM shelf LEFT JOIN book ON book.shelf_id = shelf.id WHERE book.id IS NULL"
    )
    assert half == []
    assert outcomes["cancelled"] > ROUNDS / 4, outcomes
    # Nothing leaked: more units at once than the pool has connections, and readers beside them.
    async with asyncio.timeout(30):
        await asyncio.gather(
            *(insert_pair(f"after {number}") for number in range(25)), *(names() for _ in range(25))
        )
    assert len({name for name in await names() if name.startswith("after")}) == 25


async def test_a_cancelled_caller_waits_for_the_whole(sample: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @atomic
    async def slow() -> None:
        await insert("first")
        begun.set()
        await go_on.wait()
        await insert("second")

    task = asyncio.create_task(slow())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names() == {"first", "second"}


async def test_an_exception_rolls_back(sample: Database) -> None:
    called: list[str] = []

    @atomic
    async def failing() -> None:
        after_commit(lambda: called.append("after"))
        signal("shelf")
        await insert("gone")
        raise Boom

    @atomic
    async def working() -> None:
        after_commit(lambda: called.append("kept"))
        signal("shelf", name="kept")
        await insert("kept")

    async with sample.hub.subscribe("shelf") as signals:
        with pytest.raises(Boom):
            await failing()
        await working()
        assert (await anext(signals)).data == {"name": "kept"}
    assert called == ["kept"]
    assert await names() == {"kept"}


async def test_a_full_disk_has_its_own_name_and_leaves_what_was(sample: Database) -> None:
    await insert_pair("before")
    if sample.kind == "sqlite":
        await cast(Any, sample.context.db())._connection.execute_fetchall("PRAGMA max_page_count=1")

    @atomic
    async def fill() -> None:
        await insert("x" * 60)
        if sample.kind == "postgres":
            await sql.execute("DO $$ BEGIN RAISE disk_full; END $$")
        for number in range(10_000):
            await insert(f"{number} ".ljust(60, "x"))

    with pytest.raises(DatabaseFull):
        await fill()
    assert await names() == {"before"}


async def test_a_nested_unit_joins(sample: Database) -> None:
    @atomic
    async def outer() -> None:
        assert inside()
        await insert_pair("inner")
        raise Boom

    with pytest.raises(Boom):
        await outer()
    assert await names() == set()
    assert not inside()


async def test_a_unit_reads_its_own_writes(sample: Database) -> None:
    @atomic
    async def write_and_read() -> set[str]:
        await insert("own")
        assert await ShelfRow.filter(name="own").count() == 1
        return await names()

    assert await write_and_read() == {"own"}


async def test_after_commit_the_row_is_there(sample: Database) -> None:
    seen: list[bool] = []

    @atomic
    async def write() -> None:
        await insert("row")
        after_commit(lambda: seen.append(inside()))
        assert seen == []

    await write()
    assert seen == [False]


async def test_a_savepoint_fails_alone(sample: Database) -> None:
    @atomic
    async def twice() -> None:
        await insert("name")
        with pytest.raises(IntegrityError):
            async with savepoint():
                await insert("undone")
                await insert("name")
        await insert("other")

    await twice()
    assert await names() == {"name", "other"}


async def test_a_swallowed_failure_is_never_reported_as_saved(sample: Database) -> None:
    @atomic
    async def swallow() -> None:
        await insert("name")
        with suppress(IntegrityError):
            await insert("name")

    if sample.kind == "sqlite":  # there a failed statement undoes only itself
        await swallow()
        assert await names() == {"name"}
    else:
        with pytest.raises(TransactionManagementError):
            await swallow()
        assert await names() == set()


async def test_a_task_cannot_take_part_in_the_unit_that_started_it(sample: Database) -> None:
    late: list[asyncio.Task[Any]] = []

    async def linger() -> None:
        await asyncio.sleep(0.05)
        await insert("late")

    @atomic
    async def unit() -> None:
        for forbidden in (insert_pair("task"), insert("task")):
            with pytest.raises(UnitError):
                await asyncio.create_task(forbidden)
        with pytest.raises(UnitError):
            await asyncio.gather(insert_pair("gathered"))
        assert await asyncio.create_task(names()) == set()
        late.append(asyncio.create_task(linger()))

    await unit()
    with pytest.raises(UnitError):
        await late[0]
    assert await names() == set()


async def test_writing_outside_a_unit_is_refused(sample: Database) -> None:
    row = ShelfRow(id=new_id(), name="x", at=clock.now())
    writes: list[Callable[[], Any]] = [
        row.save,
        lambda: ShelfRow.bulk_create([row]),
        lambda: ShelfRow.filter(name="x").update(name="y"),
        lambda: ShelfRow.all().delete(),
        lambda: ShelfRow.get_or_create(name="x"),
        lambda: sql.execute("DELETE FROM shelf"),
    ]
    for write in writes:
        with pytest.raises(UnitError):
            await write()
    # Hidden from the eye, but not from the database itself.
    with pytest.raises((OperationalError, TransactionManagementError), match=r"read-?only"):
        await sql.rows("WITH one AS (SELECT 1) UPDATE shelf SET name = 'y'")
    with pytest.raises(UnitError):
        signal("shelf")
    with pytest.raises(UnitError):
        after_commit(lambda: None)
    assert await names() == set()


async def test_reads_do_not_wait_for_an_open_write(sample: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @atomic
    async def hold() -> None:
        await insert("open")
        begun.set()
        await go_on.wait()

    task = asyncio.create_task(hold())
    await begun.wait()
    async with asyncio.timeout(30):  # would wait for go_on, that is for ever
        assert await names() == set()
    go_on.set()
    await task
    assert await names() == {"open"}
