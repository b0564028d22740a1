"""What several tasks ask for at the same moment, done in one unit: one commit for all of them.

While one unit is under way, what else comes waits and goes into the next one together; alone nobody waits. So a busy
queue pays for one commit a group, and an idle one is as quick as without.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")


class Together(Generic[A]):
    """`many` does all it is given in one unit; when it raises, each is done alone, and whose fault it was is told."""

    def __init__(self, many: Callable[[Sequence[A]], Awaitable[object]]) -> None:
        self._many = many
        self._waiting: list[tuple[A, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, asked: A) -> None:
        """Return once the unit this went into is committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, done))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        group: Sequence[tuple[A, asyncio.Future[None]]] = ()
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._answer(group)
        finally:
            self._running = None
            for _, done in [
                *group,
                *self._waiting,
            ]:  # only where this task was cancelled: nobody waits for ever
                done.cancel()

    async def _answer(self, group: "Sequence[tuple[A, asyncio.Future[None]]]") -> None:
        try:
            await self._many([asked for asked, _ in group])
        except Exception as failure:
            if len(group) > 1:
                for one in group:
                    await self._answer([one])
            elif not group[0][1].done():
                group[0][1].set_exception(failure)
        else:
            for _, done in group:
                if not done.done():
                    done.set_result(None)
