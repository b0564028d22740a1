"""Carries webhooks to the firm: late, twice or out of order when told so, and again until they are taken."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx

from server.sandbox.world import World

Deliver = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]
"""(path, body, headers) → HTTP status, best an `Answer`; what is not 2xx is tried again."""
Again = Callable[[int, int, timedelta], float | None]
"""(status, tries before it, age) → seconds until the next try, None = given up for good."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
GIVE_UP = timedelta(days=7)


class Answer(int):
    """The status of a delivery, with what its `Retry-After` header asked for, if it did."""

    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """`wanted` is asked before each try: a letter nobody wants any more is dropped."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    born_at: datetime
    due_at: datetime
    carried: Callable[[], None] | None
    again: Again
    wanted: Callable[[], bool] | None = None
    tries: int = 0


def patient(status: int, tries: int, age: timedelta) -> float | None:
    """Return how Meta waits: longer each time, for seven days."""
    return min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S) if age <= GIVE_UP else None


class Postman:
    """A queue of webhooks; `carried` counts those the firm has taken."""

    def __init__(self, world: World, deliver: Deliver) -> None:
        self._world = world
        self._deliver = deliver
        self._turn = asyncio.Lock()
        self._rounds: set[asyncio.Task[None]] = set()
        self.waiting: list[Post] = []
        self.carried = 0

    def post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        carried: Callable[[], None] | None = None,
        *,
        again: Again = patient,
        wanted: Callable[[], bool] | None = None,
    ) -> None:
        """Take a webhook and start on a round; whims decide on its place, delay and double."""
        world, now = self._world, self._world.now()
        copies = 2 if world.lucky(world.whims.duplicate) else 1
        for _ in range(copies):
            late_s = world.chance.uniform(0, world.whims.delay_s) if world.whims.delay_s else 0.0
            letter = Post(path, body, headers, now, now + timedelta(seconds=late_s), carried, again, wanted)
            reorder = world.lucky(world.whims.reorder)
            place = world.chance.randrange(len(self.waiting) + 1) if reorder else len(self.waiting)
            self.waiting.insert(place, letter)
        self.start_round()

    def start_round(self) -> None:
        """Carry what is due, in the background."""
        task = asyncio.get_running_loop().create_task(self.carry())
        self._rounds.add(task)
        task.add_done_callback(self._rounds.discard)

    async def settle(self) -> None:
        """Return when everything due has been carried or refused; what is due later still waits."""
        while self._rounds:
            await asyncio.gather(*self._rounds)

    async def carry(self) -> None:
        """Carry everything due, one after the other; what is refused waits longer each time."""
        async with self._turn:
            for letter in [letter for letter in self.waiting if letter.due_at <= self._world.now()]:
                self.waiting.remove(letter)
                if letter.wanted is None or letter.wanted():
                    await self._bring(letter)
        if self.waiting:
            soonest = min(letter.due_at for letter in self.waiting) - self._world.now()
            asyncio.get_running_loop().call_later(max(0.1, soonest.total_seconds()), self.start_round)

    async def _bring(self, letter: Post) -> None:
        status = await self._deliver(letter.path, letter.body, letter.headers)
        if not 200 <= status <= 299:
            self._keep(letter, status)
            return
        self.carried += 1
        if letter.carried:
            letter.carried()

    def _keep(self, letter: Post, status: int) -> None:
        now = self._world.now()
        wait_s = letter.again(status, letter.tries, now - letter.born_at)
        if wait_s is None:
            return
        self.waiting.append(replace(letter, due_at=now + timedelta(seconds=wait_s), tries=letter.tries + 1))


def over_http(base: str) -> Deliver:
    """Return a carrier that posts to a server's address; a server that is away counts as a refusal."""

    async def deliver(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            async with httpx.AsyncClient(base_url=base, timeout=10.0) as client:
                answered = await client.post(path, content=body, headers=dict(headers))
        except httpx.HTTPError:
            return Answer(503)
        answer, asked = Answer(answered.status_code), answered.headers.get("retry-after", "")
        answer.retry_after_s = float(asked) if asked.isdecimal() else None
        return answer

    return deliver
