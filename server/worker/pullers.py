"""One puller for every account that fetches its events: store, then ask for the next; never two at a time."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from server import channels as registry
from server.actions import inbox
from server.actions.channels import line_down, open_channel
from server.channels.base import ChannelError, Pulled, Pulling
from server.db import accounts
from server.db.connect import FAILURES
from server.db.hub import Hub
from server.db.locks import Locks, open_locks
from server.domain.accounts import Account
from server.domain.errors import DomainError
from server.services import Services

log = logging.getLogger(__name__)

# The list of accounts is read again this often, signal or not.
POLL_S = 15.0
# A line from which nothing at all was heard for so long is taken for dead.
SILENT_S = 600.0
# A line that held for so long has recovered: the next break is a first one again.
STEADY_S = 60.0
LONGEST_PAUSE_S = 60.0
STORE_AGAIN_S = 1.0
# At the end: what has arrived already is stored, for a platform may tell everything once only; what is in our hands
# while the database is away is held a while longer.
QUIET_S, DRAIN_S, HOLD_S = 0.05, 3.0, 10.0


def pause_s(breaks: int, chance: float) -> float:
    """Return how long to wait after so many breaks in a row: at once first, then full jitter; `chance` in 0..1."""
    return chance * min(LONGEST_PAUSE_S, 2.0 ** min(breaks - 1, 20)) if breaks > 1 else 0.0


async def run(services: Services, stop: asyncio.Event) -> None:
    """Keep the pullers of this process right until `stop` is set, then end them in order.

    Raises what the database raises when the locks cannot be had; whoever calls begins again.
    """
    async with open_locks(services.database) as locks:
        pullers = Pullers(services, locks)
        helpers = [
            asyncio.create_task(pullers.listen(services.database.hub)),
            asyncio.create_task(pullers.wake_on(stop)),
        ]
        try:
            while not stop.is_set() and await locks.held():
                await pullers.try_to_set_right()
                await pullers.pause()
        finally:
            await pullers.end_all()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
    if not stop.is_set():
        raise ConnectionError("the locks are lost")


class Pullers:
    """The pullers of this process, one for each account whose lock is ours."""

    def __init__(self, services: Services, locks: Locks) -> None:
        self.services = services
        self.locks = locks
        self.running: dict[UUID, Puller] = {}
        self.woken = asyncio.Event()

    async def set_right(self) -> None:
        """Begin, end and begin anew what the accounts ask for now."""
        kinds = [channel.kind for channel in registry.CHANNELS if hasattr(channel, "pull")]
        wanted = {account.id: account for account in await accounts.every_enabled(kinds)}
        for id, puller in list(self.running.items()):
            if id not in wanted or not puller.same(wanted[id]):
                await self._end(id)
                if id not in wanted:
                    await self.locks.give_back(_lock(id))
        for id, account in wanted.items():
            if id not in self.running and await self.locks.take(_lock(id)):
                self.running[id] = Puller(self.services, account)

    async def try_to_set_right(self) -> None:
        """Do so; while the database is away the lines that stand go on, and what they bring is held."""
        try:
            await self.set_right()
        except FAILURES:
            log.warning("the accounts could not be read", exc_info=True)

    async def listen(self, hub: Hub) -> None:
        async with hub.subscribe("channels") as signals:
            self.woken.set()  # what changed before anybody listened
            async for _ in signals:
                self.woken.set()

    async def wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.woken.set()

    async def pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self.woken.wait()
        self.woken.clear()

    async def end_all(self) -> None:
        await asyncio.gather(*(self._end(id) for id in list(self.running)))

    async def _end(self, id: UUID) -> None:
        await self.running.pop(id).end()


@dataclass
class Puller:
    """One account's line, begun again whenever it breaks."""

    services: Services
    account: Account
    breaks: int = 0
    error: str = ""
    moved_at: float = 0.0
    holding: bool = False
    chance: Callable[[], float] = random.random
    task: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.error = self.account.pull_error
        self.task = asyncio.create_task(self._run(), name=f"pull {self.account.kind}")

    def same(self, account: Account) -> bool:
        """Say whether the account is still what this puller was begun for."""
        now = self.account
        return (account.settings, account.sealed) == (now.settings, now.sealed)

    async def end(self) -> None:
        """Store what has arrived, then end; an event in the middle of being stored is stored."""
        loop = asyncio.get_running_loop()
        begun = loop.time()

        def busy() -> bool:
            drains = loop.time() < min(begun + DRAIN_S, self.moved_at + QUIET_S)
            return drains or (self.holding and loop.time() < begun + HOLD_S)

        while busy() and not self.task.done():
            await asyncio.wait([self.task], timeout=QUIET_S)
        self.task.cancel()
        await asyncio.wait([self.task])

    async def _run(self) -> None:
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                if not await self._pull():
                    return
                raise ChannelError("channel.line_ended", permanent=False)
            except Exception as failure:  # one account's trouble is nobody else's
                error, refused = _word(failure), isinstance(failure, ChannelError) and failure.permanent
            self.holding = False
            if asyncio.get_running_loop().time() - begun > STEADY_S:
                self.breaks = 0
            self.breaks += 1
            await self._note(error, refused=refused)
            await asyncio.sleep(pause_s(self.breaks, self.chance()))

    async def _pull(self) -> bool:
        """Fetch until the line ends; False when this account's settings ask for no fetching."""
        channel = open_channel(self.services, self.account)
        if not isinstance(channel, Pulling) or not channel.pulls:
            return False
        cursor = await accounts.cursor_of(self.account.company_id, self.account.id)
        loop = asyncio.get_running_loop()
        line = cast(AsyncGenerator[Pulled, None], channel.pull(cursor))
        try:
            async with asyncio.timeout(SILENT_S) as silence, aclosing(line) as events:
                async for pulled in events:
                    silence.reschedule(None)
                    self.holding = True
                    await self._keep(pulled)
                    self.holding, self.moved_at = False, loop.time()
                    silence.reschedule(self.moved_at + SILENT_S)
        except TimeoutError as error:
            if silence.expired():
                raise ChannelError("channel.line_silent", permanent=False) from error
            raise
        return True

    async def _keep(self, pulled: Pulled) -> None:
        """Store it, however long the database is away: the platform may never tell it again."""
        while True:
            try:
                await inbox.keep(self.account, pulled, at=self.services.clock())
            except FAILURES as failure:
                log.warning("what was fetched could not be stored yet: %s", type(failure).__name__)
                await asyncio.sleep(STORE_AGAIN_S)
            else:
                self.error = ""
                return

    async def _note(self, error: str, *, refused: bool) -> None:
        """Write down that the line is down, once for each reason; a first break may be nothing."""
        log.info("line broken", extra={"kind": self.account.kind, "breaks": self.breaks, "reason": error})
        if self.breaks < 2 or error == self.error:
            return
        try:
            await line_down(self.account, error, refused=refused, at=self.services.clock())
            self.error = error
        except FAILURES:
            log.warning("a broken line could not be noted")


def _word(failure: Exception) -> str:
    """Return a failure as it is shown: code and detail of those that have one, never a secret in an address."""
    if isinstance(failure, ChannelError):
        return f"{failure.code}: {failure.detail}" if failure.detail else failure.code
    if isinstance(failure, DomainError):
        return failure.code
    return type(failure).__name__


def _lock(account_id: UUID) -> str:
    return f"pull:{account_id}"
