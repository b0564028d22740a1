"""Signals reach every subscriber of their topic, tell when some were lost, and never hold anybody up."""

import asyncio

import asyncpg
import pytest

from server.db.connect import Database
from server.db.hub import LOST, QUEUE_LENGTH, Hub, Signal
from server.db.unit import atomic, signal
from server.ids import new_id


@atomic
async def tell(topic: str, *, times: int = 1, twice: bool = False) -> None:
    for number in range(times):
        for _ in range(2 if twice else 1):
            signal(topic, number=number)


async def test_only_the_topics_asked_for_in_order(sample: Database) -> None:
    async with sample.hub.subscribe("photo", "task") as both, sample.hub.subscribe("photo") as photos:
        for topic in ("task", "other", "photo"):
            await tell(topic)
        assert [(await anext(both)).topic, (await anext(both)).topic] == ["task", "photo"]
        assert (await anext(photos)).topic == "photo"


async def test_what_travels_is_the_same_on_both(sample: Database) -> None:
    company_id, photo_id = new_id(), new_id()

    @atomic
    async def send() -> None:
        signal("photo", company_id, photo=photo_id, caption="Grüße")

    async with sample.hub.subscribe("photo") as signals:
        await send()
        assert await anext(signals) == Signal(
            "photo", company_id, {"photo": str(photo_id), "caption": "Grüße"}
        )


async def test_equal_signals_of_one_unit_are_one(sample: Database) -> None:
    async with sample.hub.subscribe("photo") as signals:
        await tell("photo", times=2, twice=True)
        assert [(await anext(signals)).data["number"] for _ in range(2)] == [0, 1]
        await tell("photo")
        assert (await anext(signals)).data["number"] == 0


async def test_a_signal_is_no_parcel(sample: Database) -> None:
    @atomic
    async def send() -> None:
        signal("photo", caption="ä" * 8000)

    with pytest.raises(ValueError, match="a hint, not a parcel"):
        await send()


async def test_a_slow_reader_learns_that_it_missed_some() -> None:
    hub = Hub()
    async with hub.subscribe("photo") as signals:
        for number in range(QUEUE_LENGTH + 3):
            hub.publish(Signal("photo", data={"number": number}))
        assert (await anext(signals)).topic == LOST
        assert [(await anext(signals)).data["number"] for _ in range(QUEUE_LENGTH)] == list(
            range(3, QUEUE_LENGTH + 3)
        )


async def test_closing_ends_every_reader(sample: Database) -> None:
    async def read() -> list[Signal]:
        async with sample.hub.subscribe("photo") as signals:
            ready.set()
            return [one async for one in signals]

    ready = asyncio.Event()
    reader = asyncio.create_task(read())
    await ready.wait()
    await sample.hub.close()
    assert await reader == []
    async with sample.hub.subscribe("photo") as signals:
        assert [one async for one in signals] == []


async def test_a_lost_connection_comes_back_and_says_so(sample: Database) -> None:
    if sample.kind != "postgres":
        pytest.skip("SQLite needs no connection for its signals")
    async with sample.hub.subscribe("photo") as signals:
        await tell("photo")
        assert (await anext(signals)).topic == "photo"
        admin = await asyncpg.connect(sample.url)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        await admin.close()
        assert (await anext(signals)).topic == LOST
        await tell("photo")
        assert (await anext(signals)).topic == "photo"
