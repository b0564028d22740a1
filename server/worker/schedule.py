"""What happens by the clock: each chore becomes a task once per slot, however many workers tick."""

import asyncio
from contextlib import suppress

from server.actions import downtime
from server.db import tasks
from server.db.unit import atomic
from server.services import Services
from server.worker.tasks import CHORES

TICK_S = 60.0


async def tick(services: Services) -> None:
    """Write down every chore whose slot has begun; the dedup key lets only one worker win."""
    await downtime.note(services)
    at = services.clock()
    for name, chore in CHORES.items():
        slot = int(at.timestamp()) // chore.every_s
        await _plan(name, slot, services)


@atomic
async def _plan(name: str, slot: int, services: Services) -> None:
    await tasks.insert_task(None, name, {}, at=services.clock(), dedup=f"chore:{name}:{slot}")


async def run_schedule(services: Services, stop: asyncio.Event) -> None:
    """Tick until `stop` is set."""
    while not stop.is_set():
        await tick(services)
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await stop.wait()
