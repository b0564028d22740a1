"""The task table on both databases: once in, claimed by one, settled only by its holder."""

import asyncio
from datetime import timedelta

from server.db import tasks
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.tasks import Ending, Task, TaskState
from tests import factories
from tests.factories import START


@atomic
async def write(company_id: object, kind: str, number: int, dedup: str | None = None) -> None:
    await tasks.insert_task(company_id, kind, {"number": number}, at=START, dedup=dedup)  # type: ignore[arg-type]


async def claim(fence: str, *, limit: int = 10, after_s: float = 0) -> list[Task]:
    return await tasks.claim(fence, at=START + timedelta(seconds=after_s), lease_s=60, limit=limit)


async def test_a_task_is_claimed_by_one(database: Database) -> None:
    company = await factories.company()
    for number in range(20):
        await write(company.id, "photo.render", number)
    claimed = await asyncio.gather(*(claim(f"worker {n}", limit=7) for n in range(4)))
    numbers = [task.payload["number"] for batch in claimed for task in batch]
    assert sorted(int(str(n)) for n in numbers) == list(range(20)), "each exactly once"


async def test_order_is_by_time_then_birth(database: Database) -> None:
    company = await factories.company()
    for number in range(5):
        await write(company.id, "photo.render", number)
    assert [task.payload["number"] for task in await claim("w", limit=5)] == [0, 1, 2, 3, 4]


async def test_a_kind_apart_has_a_limit_of_its_own(database: Database) -> None:
    company = await factories.company()
    for number in range(3):
        await write(company.id, "message.send", number)
        await write(company.id, "photo.render", number)
    claimed = await tasks.claim("w", at=START, lease_s=60, limit=1, apart="message.send", limit_apart=2)
    assert sorted(task.kind for task in claimed) == ["message.send", "message.send", "photo.render"]
    assert [task.payload["number"] for task in claimed if task.kind == "message.send"] == [0, 1]
    full = await tasks.claim("w", at=START, lease_s=60, limit=0, apart="message.send", limit_apart=0)
    assert full == []
    assert len(await claim("w")) == 3


async def test_the_next_one_due_after_a_moment(database: Database) -> None:
    company = await factories.company()
    await write(company.id, "photo.render", 1)
    assert await tasks.next_due() == START
    assert await tasks.next_due(after=START - timedelta(seconds=1)) == START
    assert await tasks.next_due(after=START) is None


async def test_the_same_dedup_is_written_once(database: Database) -> None:
    company = await factories.company()
    for number in range(3):
        await write(company.id, "photo.render", number, dedup="render:1")
    assert len(await claim("w")) == 1


async def test_a_lost_lease_settles_nothing(database: Database) -> None:
    company = await factories.company()
    await write(company.id, "photo.render", 1)
    (task,) = await claim("sleeper")
    assert await tasks.reap(at=START + timedelta(seconds=61)) == 1
    (again,) = await claim("other", after_s=62)
    assert not await tasks.settle(task, TaskState.DONE, at=START)
    assert await tasks.settle(again, TaskState.DONE, at=START)
    assert again.attempts == 2


async def test_a_living_lease_is_not_reaped(database: Database) -> None:
    company = await factories.company()
    await write(company.id, "photo.render", 1)
    (task,) = await claim("w")
    assert await tasks.extend("w", [task.id], until=START + timedelta(seconds=300)) == 1
    assert await tasks.reap(at=START + timedelta(seconds=61)) == 0


async def test_a_dead_task_is_shown_and_revived(database: Database) -> None:
    company, stranger = await factories.company(), await factories.company("Andere")
    await write(company.id, "photo.render", 1)
    (task,) = await claim("w")
    await tasks.settle(task, TaskState.DEAD, at=START, error="OSError: disk")
    assert [one.id for one in await tasks.of_company_dead(company.id)] == [task.id]
    assert await tasks.number_dead(company.id) == 1
    assert await tasks.of_company_dead(stranger.id) == []
    assert not await tasks.revive(stranger.id, task.id, at=START)
    assert await tasks.revive(company.id, task.id, at=START)
    assert [one.id for one in await claim("w")] == [task.id]


async def test_done_tasks_are_forgotten(database: Database) -> None:
    company = await factories.company()
    await write(company.id, "photo.render", 1)
    (task,) = await claim("w")
    await tasks.settle(task, TaskState.DONE, at=START)
    assert await tasks.delete_done(before=START) == 0
    assert await tasks.delete_done(before=START + timedelta(days=15)) == 1


async def test_several_are_settled_in_one_unit(database: Database) -> None:
    """Each only while its lease is the worker's: the second was taken over meanwhile."""
    company = await factories.company()
    for number in range(3):
        await write(company.id, "photo.render", number)
    done, lost, again = await claim("sleeper")
    await tasks.settle(lost, TaskState.READY, at=START)
    [taken] = await claim("other")
    later = START + timedelta(seconds=90)
    await tasks.settle_all(
        [
            Ending(again, TaskState.READY, START, later, "with NUL: \0"),
            Ending(done, TaskState.DONE, START),
            Ending(lost, TaskState.DONE, START),
        ]
    )
    assert await tasks.next_due() == later
    assert await tasks.settle(taken, TaskState.DONE, at=START)
    assert not await tasks.settle(done, TaskState.DONE, at=START)
