"""Pullers on both databases: stored before the next is asked for, one per account, begun anew when the line breaks."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from server.actions import channels
from server.actions.inbox import keep
from server.clock import now
from server.db import accounts
from server.db.connect import Database
from server.db.locks import open_locks
from server.db.sql import rows
from server.domain.accounts import Account
from server.domain.users import Actor, Role
from server.services import Services
from server.worker import loop, pullers
from tests import factories
from tests.worker import counter
from tests.worker.counter import Platform

PATIENCE_S = 30
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def only_the_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    counter.install(monkeypatch.setattr)
    monkeypatch.setattr(pullers, "POLL_S", 0.2)
    monkeypatch.setattr(pullers, "STORE_AGAIN_S", 0.02)
    monkeypatch.setattr("server.worker.schedule.CHORES", {})
    monkeypatch.setattr("server.worker.loop.TASKS", {})


@pytest.fixture
async def far() -> AsyncIterator[Platform]:
    async with counter.platform() as made:
        yield made


async def connect(
    database: Database, far: Platform, actor: Actor | None = None, **typed: str
) -> tuple[Actor, Account]:
    actor = actor or await factories.actor(await factories.company(), Role.ADMIN)
    typed = {"port": str(far.port), "pulls": "yes", **typed}
    account = await channels.set_up(
        counter.services(database), actor, "counter", label="", typed=typed, at=now()
    )
    return actor, account


@asynccontextmanager
async def pulling(services: Services) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(pullers.run(services, stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE_S)


async def bodies(account: Account) -> list[str]:
    found = await rows("SELECT body FROM raw_event WHERE account_id = ? ORDER BY id", _id(account))
    return [bytes(row["body"]).decode() for row in found]


def _id(account: Account) -> Any:
    return account.id


def numbers(count: int) -> list[str]:
    return [f'{{"number": {number}}}' for number in range(count)]


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await reached():
            await asyncio.sleep(0.01)


async def stored(account: Account, count: int) -> None:
    async def enough() -> bool:
        return len(await bodies(account)) >= count

    await until(enough)


async def account_now(account: Account) -> Account:
    found = await accounts.by_id(account.company_id, account.id)
    assert found
    return found


async def test_an_event_its_task_and_the_cursor_are_one_commit(database: Database, far: Platform) -> None:
    far.count_to(20)
    _, account = await connect(database, far)
    async with pulling(counter.services(database)):
        await stored(account, 20)
    assert await bodies(account) == numbers(20)
    assert await accounts.cursor_of(account.company_id, account.id) == "20"
    asked = await rows("SELECT id FROM task WHERE kind = 'inbox.process' AND state = 'ready'")
    assert len(asked) == 20
    known = await account_now(account)
    assert known.last_in_at and known.pulled_at and not known.pull_error


async def test_what_cannot_be_stored_is_held_until_it_can(
    database: Database, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a database that restarts: the line stays, nothing is dropped, nothing is asked for twice."""
    failures = iter([OSError, ConnectionError, OSError])

    async def flaky(*given: Any, **named: Any) -> None:
        failure = next(failures, None)
        if failure and given[1].body:
            raise failure("away")
        await keep(*given, **named)

    monkeypatch.setattr("server.actions.inbox.keep", flaky)
    monkeypatch.setattr(pullers, "FAILURES", (OSError,))
    far.count_to(5)
    _, account = await connect(database, far)
    async with pulling(counter.services(database)):
        await stored(account, 5)
    assert await bodies(account) == numbers(5)
    assert far.asked == [0]


async def test_a_broken_line_is_begun_again_where_it_was(database: Database, far: Platform) -> None:
    far.count_to(3)
    _, account = await connect(database, far)
    async with pulling(counter.services(database)):
        await stored(account, 3)
        far.hang_up()
        far.count_to(6)
        await stored(account, 6)
    assert await bodies(account) == numbers(6)
    assert far.asked[:2] == [0, 3]


async def test_a_line_that_stays_away_is_named_and_forgotten_when_it_is_back(
    database: Database, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pullers, "LONGEST_PAUSE_S", 0.05)
    actor, account = await connect(database, far, port="9")

    async def named() -> bool:
        return (await account_now(account)).pull_error == "counter.away"

    async with pulling(counter.services(database)):
        await until(named)
        far.count_to(1)
        typed = {"port": str(far.port), "pulls": "yes"}
        await channels.change(
            counter.services(database), actor, await account_now(account), label="", typed=typed, at=now()
        )
        await stored(account, 1)
    assert not (await account_now(account)).pull_error


async def test_a_line_that_is_refused_stops_the_account_until_it_is_set_right(
    database: Database, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong token is no accident: sending waits, the admin is asked, and new settings begin anew."""
    monkeypatch.setattr(pullers, "LONGEST_PAUSE_S", 0.02)
    far.count_to(1)
    actor, account = await connect(database, far, pulls="refused")

    async def stopped() -> bool:
        return (await account_now(account)).health.value == "reauth"

    async with pulling(counter.services(database)):
        await until(stopped)
        typed = {"port": str(far.port), "pulls": "yes"}
        await channels.change(
            counter.services(database), actor, await account_now(account), label="", typed=typed, at=now()
        )
        await stored(account, 1)
    assert (await account_now(account)).usable
    told = await rows("SELECT id FROM logbook WHERE verb = 'channel.reauth'")
    assert len(told) == 1


async def test_a_line_without_a_sign_of_life_is_taken_for_dead(
    database: Database, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pullers, "SILENT_S", 0.1)
    monkeypatch.setattr(pullers, "LONGEST_PAUSE_S", 0.05)
    _, account = await connect(database, far)

    async def again() -> bool:
        return len(far.asked) >= 3

    async with pulling(counter.services(database)):
        await until(again)
        far.count_to(1)
        await stored(account, 1)


async def test_an_account_is_pulled_as_its_switch_says(
    database: Database, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting for the next look at the list: the signal of the change is enough."""
    monkeypatch.setattr(pullers, "POLL_S", 3600.0)
    far.count_to(1)
    actor, account = await connect(database, far)

    async def hung_up() -> bool:
        return far.open == 0

    async with pulling(counter.services(database)):
        await stored(account, 1)
        await channels.switch(actor, account, enabled=False, at=now())
        await until(hung_up)
        far.count_to(2)
        assert await bodies(account) == numbers(1)
        await channels.switch(actor, account, enabled=True, at=now())
        await stored(account, 2)
        typed = {"port": str(far.port), "pulls": "no"}
        await channels.change(
            counter.services(database), actor, await account_now(account), label="", typed=typed, at=now()
        )
        await until(hung_up)
    assert await bodies(account) == numbers(2)


async def test_one_account_in_trouble_is_alone_with_it(database: Database, far: Platform) -> None:
    far.count_to(4)
    actor, broken = await connect(database, far, port="9")
    _, fine = await connect(database, far, actor)
    async with pulling(counter.services(database)):
        await stored(fine, 4)
    assert await bodies(fine) == numbers(4)
    assert await bodies(broken) == []


async def test_what_has_arrived_is_stored_before_the_end(
    database: Database, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that tells everything once only loses nothing by our stopping in order."""
    stop = asyncio.Event()

    async def slowly(*given: Any, **named: Any) -> None:
        stop.set()
        await asyncio.sleep(0.01)
        await keep(*given, **named)

    monkeypatch.setattr("server.actions.inbox.keep", slowly)
    monkeypatch.setattr(pullers, "HOLD_S", PATIENCE_S)  # how slow the disk is decides nothing here
    far.count_to(10)
    _, account = await connect(database, far)
    await asyncio.wait_for(pullers.run(counter.services(database), stop), PATIENCE_S)
    assert await bodies(account) == numbers(10)


async def test_the_worker_pulls_and_ends_its_pullers(database: Database, far: Platform) -> None:
    far.count_to(2)
    _, account = await connect(database, far)
    stop = asyncio.Event()
    worker = asyncio.create_task(loop.run(counter.services(database), stop))
    await stored(account, 2)
    stop.set()
    await asyncio.wait_for(worker, PATIENCE_S)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("pull ")]


@asynccontextmanager
async def process(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = [sys.executable, "-m", "tests.worker.counter", url]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout
        assert await asyncio.wait_for(child.stdout.readline(), PATIENCE_S) == b"pulling\n"
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_killed_in_the_middle_nothing_is_lost_and_nothing_twice(
    database: Database, database_url: str
) -> None:
    async with counter.platform(total=45, pace_s=0.005) as far:
        _, account = await connect(database, far)
        async with process(database_url) as child:
            await stored(account, 15)
            child.kill()
        # However far the first came before it died, there is something left for the second.
        far.count_to(60)
        async with process(database_url) as child:
            await stored(account, 60)
            child.terminate()
            assert await asyncio.wait_for(child.wait(), PATIENCE_S) == 0
        assert await bodies(account) == numbers(60)
        assert len(far.asked) == 2


async def test_of_two_processes_one_pulls_and_the_other_takes_over(
    database: Database, database_url: str
) -> None:
    if database.kind == "sqlite":
        pytest.skip("one process holds an SQLite file")
    async with counter.platform(total=5) as far:
        _, account = await connect(database, far)
        async with process(database_url) as first, process(database_url) as second:
            await stored(account, 5)
            busy, idle = (first, second) if far.pid == first.pid else (second, first)
            holder = await rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
            assert len(holder) == 1
            busy.kill()
            await busy.wait()
            far.count_to(9)
            await stored(account, 9)
            assert far.pid == idle.pid
        assert await bodies(account) == numbers(9)
        assert far.most == 1


async def test_a_lock_whose_connection_died_ends_the_pullers(database: Database, far: Platform) -> None:
    if database.kind == "sqlite":
        pytest.skip("no connection to lose")
    far.count_to(2)
    _, account = await connect(database, far)
    task = asyncio.create_task(pullers.run(counter.services(database), asyncio.Event()))
    await stored(account, 2)
    await _cut("zollstock-locks", database.url)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(task, PATIENCE_S)

    async def hung_up() -> bool:
        return far.open == 0

    await until(hung_up)


async def _cut(name: str, url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name
    )
    await connection.close()


async def test_a_lock_is_one_process_s(database: Database) -> None:
    async with open_locks(database) as one, open_locks(database) as other:
        assert await one.take("a")
        assert await one.take("a")
        assert await other.take("a") is (database.kind == "sqlite")
        assert await other.take("b")
        await one.give_back("a")
        assert await other.take("a")
        assert await one.held()


def test_pauses_grow_and_are_spread() -> None:
    assert pullers.pause_s(1, 1.0) == 0
    assert [pullers.pause_s(breaks, 1.0) for breaks in (2, 3, 4, 5, 6, 7, 8, 5000)] == [
        2, 4, 8, 16, 32, 60, 60, 60,
    ]  # fmt: skip
    assert pullers.pause_s(8, 0.25) == 15
