"""The worker on both databases: woken, in time, retried, given up, one stopping nobody, stopped in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from server.clock import now
from server.db import tasks
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.tasks import Later
from server.services import Services
from server.worker import loop
from server.worker.tasks import SEND, TASKS, Kind
from tests import factories

PATIENCE_S = 60
ran: list[tuple[str, Any]] = []
begun: list[object] = []  # slow ones under way


class OnlyDatabase:
    """As much of Services as the loop itself needs."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock: Callable[[], datetime] = now


async def note(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    ran.append(("note", payload["number"]))


async def fail(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    ran.append(("fail", payload["number"]))
    raise OSError("disk")


async def later(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    ran.append(("later", payload["number"]))
    if len(ran) < 3:
        raise Later(0)


async def slow(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    begun.append(payload["number"])
    await asyncio.sleep(0.3)
    ran.append(("slow", payload["number"]))


@pytest.fixture
async def stop(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """Run a worker that knows only the kinds above; yields its stop event."""
    ran.clear()
    for name, action in {"note": note, "fail": fail, "later": later, "slow": slow}.items():
        monkeypatch.setitem(TASKS, name, Kind(action, max_attempts=2))
    monkeypatch.setattr("server.worker.schedule.CHORES", {})
    event = asyncio.Event()
    worker = asyncio.create_task(loop.run(cast(Services, OnlyDatabase(database)), event))
    await asyncio.sleep(0.05)
    yield event
    event.set()
    await asyncio.wait_for(worker, PATIENCE_S)


@atomic
async def write(company_id: UUID, kind: str, number: int, *, in_s: float = 0) -> None:
    at = now() + timedelta(seconds=in_s)
    await tasks.insert_task(company_id, kind, {"number": number}, at=at)


async def until(number: int) -> None:
    await so(lambda: len(ran) >= number)


async def so(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not wanted():
            await asyncio.sleep(0.01)


async def test_a_commit_wakes_the_worker(stop: asyncio.Event) -> None:
    company = await factories.company()
    await write(company.id, "note", 1)
    await until(1)
    assert ran == [("note", 1)]


async def test_a_task_that_becomes_due_soon_waits_for_no_poll(
    stop: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it found by the poll alone, it would come in an hour."""
    monkeypatch.setattr(loop, "POLL_S", 3600.0)
    company = await factories.company()
    await write(company.id, "note", 1, in_s=0.05)
    await until(1)
    assert ran == [("note", 1)]


async def test_what_was_written_before_anybody_listened_is_looked_for(database: Database) -> None:
    """The first look is over, the line for signals comes late: nothing would tell of it until the next poll."""
    company = await factories.company()
    worker = loop.Worker(cast(Services, OnlyDatabase(database)))
    await worker.step()
    await write(company.id, "note", 1)
    assert not worker.woken.is_set()
    listening = asyncio.create_task(worker.listen(database.hub))
    await asyncio.wait_for(worker.woken.wait(), PATIENCE_S)
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_full_house_is_not_asked_again_and_again(database: Database) -> None:
    """What is due and finds no room waits for whoever ends; what is due soon is looked for no sooner than the floor."""
    company = await factories.company()
    clock = factories.Clock()
    services = OnlyDatabase(database)
    services.clock = clock
    worker = loop.Worker(cast(Services, services))
    open_ = asyncio.Event()
    with held("note", open_):
        for _ in range(loop.AT_ONCE + 1):
            await write_at(company.id, clock())
        assert await worker.step() == loop.POLL_S
        assert (len(worker.running), await worker.step()) == (loop.AT_ONCE, loop.POLL_S)
        for soon_s, looked_s in ((1.0, 1.0), (loop.FLOOR_S / 10, loop.FLOOR_S)):
            await write_at(company.id, clock() + timedelta(seconds=soon_s))
            assert await worker.step() == looked_s
        open_.set()
        await asyncio.wait(worker.running)
    assert worker.woken.is_set()


@pytest.mark.parametrize("slow_one, quick", [("note", SEND), (SEND, "note")])
async def test_sends_and_other_work_do_not_wait_for_each_other(
    stop: asyncio.Event, slow_one: str, quick: str
) -> None:
    """More than there is room for stand still; the other kind is done meanwhile."""
    company = await factories.company()
    open_ = asyncio.Event()
    with held(slow_one, open_) as begun, held(quick, None) as done:
        room = loop.SENDS_AT_ONCE if slow_one == SEND else loop.AT_ONCE
        for number in range(room + 1):
            await write(company.id, slow_one, number)
        await so(lambda: len(begun) >= room)
        await write(company.id, quick, 1)
        await so(lambda: bool(done))
        assert len(begun) == room
        open_.set()
        await so(lambda: len(begun) > room)


@contextmanager
def held(kind: str, until_: asyncio.Event | None) -> Iterator[list[object]]:
    """Let work of this kind wait for the event; yields the numbers of what has begun."""
    begun: list[object] = []

    async def wait(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
        begun.append(payload["number"])
        if until_:
            await until_.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, kind, Kind(wait))
        yield begun


async def test_one_failure_stops_nobody(stop: asyncio.Event) -> None:
    company = await factories.company()
    await write(company.id, "fail", 1)
    await write(company.id, "note", 2)
    await so(lambda: ("note", 2) in ran)


async def test_later_is_no_failure(stop: asyncio.Event) -> None:
    company = await factories.company()
    await write(company.id, "later", 1)
    await until(3)
    assert ran == [("later", 1)] * 3
    assert await tasks.of_company_dead(company.id) == []


async def test_what_began_is_finished_before_the_stop(stop: asyncio.Event) -> None:
    company = await factories.company()
    begun.clear()
    await write(company.id, "slow", 1)
    await so(lambda: bool(begun))
    stop.set()
    await until(1)
    assert ran == [("slow", 1)]


async def test_a_hopeless_task_is_given_up_and_shown(stop: asyncio.Event) -> None:
    company = await factories.company()
    await write(company.id, "fail", 1)
    async with asyncio.timeout(PATIENCE_S):
        while not await tasks.of_company_dead(company.id):
            await asyncio.sleep(0.05)
    (dead,) = await tasks.of_company_dead(company.id)
    assert (dead.attempts, dead.error) == (2, "OSError: disk")


async def test_a_database_that_was_away_does_not_end_the_helpers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeat and schedule go on after an error; else a long task would be given to a second worker."""
    monkeypatch.setattr(loop, "LEASE_S", 0.15)
    monkeypatch.setattr(loop, "RESTART_S", 0.01)
    asked: list[str] = []

    async def away(name: str) -> None:
        asked.append(name)
        raise OSError("the database is away")

    async def extend(*args: object, **values: object) -> None:
        await away("heartbeat")

    async def run_schedule(*args: object) -> None:
        await away("schedule")

    monkeypatch.setattr(tasks, "extend", extend)
    monkeypatch.setattr(loop, "run_schedule", run_schedule)
    event, open_ = asyncio.Event(), asyncio.Event()
    company = await factories.company()
    with held("slow", open_):
        worker = asyncio.create_task(loop.run(cast(Services, OnlyDatabase(database)), event))
        await write(company.id, "slow", 1)
        await so(lambda: min(asked.count("heartbeat"), asked.count("schedule")) >= 2)
        open_.set()
        event.set()
        await asyncio.wait_for(worker, PATIENCE_S)


async def test_a_clock_that_jumps_takes_nothing_from_who_is_working(database: Database) -> None:
    clock = factories.Clock()
    services = OnlyDatabase(database)
    services.clock = clock
    company = await factories.company()
    await write_at(company.id, clock())
    worker = loop.Worker(cast(Services, services))
    (mine,) = await tasks.claim(worker.fence, at=clock(), lease_s=60, limit=1)
    sleeper = asyncio.create_task(asyncio.sleep(60))
    worker.running[sleeper] = mine
    clock.go(hours=1)
    await worker.step()
    assert list(worker.running) == [sleeper]
    sleeper.cancel()


@atomic
async def write_at(company_id: UUID, at: datetime) -> None:
    await tasks.insert_task(company_id, "note", {"number": 1}, at=at)
