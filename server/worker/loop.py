"""The worker: claim, run, settle; woken by a signal or by the next task's moment, with a slow poll as the truth."""

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic

from server.db import tasks as table
from server.db.hub import Hub
from server.domain.tasks import Ending, Later, Task, TaskState, retry_at
from server.services import Services
from server.worker import pullers
from server.worker.schedule import run_schedule
from server.worker.tasks import CHORES, SEND, TASKS
from server.worker.together import Together

log = logging.getLogger(__name__)

LEASE_S = 60.0
POLL_S = 2.0
RESTART_S = 1.0
AT_ONCE = 4
# 80 messages a second at 0.4 s each.
SENDS_AT_ONCE = 32
# No two looks follow each other faster: a queue of many is taken in handfuls, and an idle worker still begins at once.
FLOOR_S = 0.01
PULLERS_END_S = 20.0


async def run(services: Services, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what has begun is finished first."""
    worker = Worker(services)
    helpers = [
        asyncio.create_task(_kept_up(worker.heartbeat)),
        asyncio.create_task(_kept_up(partial(worker.listen, services.database.hub))),
        asyncio.create_task(worker.wake_on(stop)),
        asyncio.create_task(_kept_up(partial(run_schedule, services, stop))),
    ]
    pulling = asyncio.create_task(_kept_up(partial(pullers.run, services, stop)))
    try:
        await worker.loop(stop)
        await asyncio.wait([pulling], timeout=PULLERS_END_S)
    finally:
        helpers.append(pulling)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)


async def _kept_up(helper: Callable[[], Awaitable[None]]) -> None:
    """Begin a helper again that failed: without its heartbeat a long task would be given to a second worker."""
    while True:
        try:
            return await helper()
        except Exception:  # as in the loop: a database that is away comes back
            log.exception("worker helper failed")
            await asyncio.sleep(RESTART_S)


class Worker:
    """One worker. `fence` is new at each start, so a sleeper that wakes up late settles nothing."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.fence = os.urandom(16).hex()
        self.running: dict[asyncio.Task[None], Task] = {}
        self.woken = asyncio.Event()
        self.reap_next = 0.0
        self.endings = Together(table.settle_all)

    async def loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            pause_s, looked = POLL_S, monotonic()
            try:
                pause_s = await self.step()
            except Exception:  # a database that is away comes back; the worker must still be there then
                log.exception("worker could not claim")
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self.woken.wait()
            await asyncio.sleep(max(0.0, looked + FLOOR_S - monotonic()))
            self.woken.clear()
        if self.running:
            await asyncio.wait(self.running)

    async def listen(self, hub: Hub) -> None:
        async with hub.subscribe("tasks") as signals:
            self.woken.set()  # what was written before anybody listened
            async for _ in signals:
                self.woken.set()

    async def wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.woken.set()

    async def step(self) -> float:
        """Take what is due and there is room for; returns in how many seconds to look again."""
        at = self.services.clock()
        await self.reap()
        sends = sum(task.kind == SEND for task in self.running.values())
        room, room_sends = AT_ONCE - (len(self.running) - sends), SENDS_AT_ONCE - sends
        if room > 0 or room_sends > 0:
            for task in await table.claim(
                self.fence, at=at, lease_s=LEASE_S, limit=room, apart=SEND, limit_apart=room_sends
            ):
                job = asyncio.create_task(self.work(task))
                self.running[job] = task
                job.add_done_callback(self._ended)
        # For what is due already there was no room: whoever ends wakes us.
        due = await table.next_due(after=at)
        left_s = (due - self.services.clock()).total_seconds() if due else POLL_S
        return min(POLL_S, max(FLOOR_S, left_s))

    async def reap(self) -> None:
        """Give back what dead workers held; seldom, for a lease is long."""
        if monotonic() < self.reap_next:
            return
        self.reap_next = monotonic() + POLL_S
        await table.reap(at=self.services.clock(), but=[task.id for task in self.running.values()])

    def _ended(self, job: "asyncio.Task[None]") -> None:
        self.running.pop(job, None)
        self.woken.set()

    async def work(self, task: Task) -> None:
        """Run one task and write down how it ended. One task's failure never stops the others."""
        try:
            await self.act(task)
        except Later as later:
            at = self.services.clock()
            ending = Ending(task, TaskState.READY, at, at + timedelta(seconds=later.after_s), str(later))
        except Exception as failure:
            log.exception(
                "task failed", extra={"task": task.kind, "task_id": task.id, "attempt": task.attempts}
            )
            ending = self.failed(task, failure)
        else:
            ending = Ending(task, TaskState.DONE, self.services.clock())
        await self.endings.do(ending)

    async def act(self, task: Task) -> None:
        if task.company_id is None:
            await CHORES[task.kind].action(self.services)
        else:
            await TASKS[task.kind].action(self.services, task.company_id, task.payload)

    def failed(self, task: Task, failure: Exception) -> Ending:
        at = self.services.clock()
        known = TASKS.get(task.kind)
        dead = task.attempts >= (known.max_attempts if known else 3)
        return Ending(
            task,
            TaskState.DEAD if dead else TaskState.READY,
            at,
            retry_at(at, task.attempts, random.random()),
            f"{type(failure).__name__}: {failure}",
        )

    async def heartbeat(self) -> None:
        """Keep the leases of running tasks alive."""
        while True:
            await asyncio.sleep(LEASE_S / 3)
            ids = [task.id for task in self.running.values()]
            if ids:
                until = self.services.clock() + timedelta(seconds=LEASE_S)
                await table.extend(self.fence, ids, until=until)
