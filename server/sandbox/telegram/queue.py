"""Where updates wait for the bot: for its webhook or for its next getUpdates, never for both (tdlib WebhookActor.cpp)."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from server.sandbox.postman import Postman
from server.sandbox.telegram.rules import Refusal
from server.sandbox.world import World

KEPT = timedelta(hours=24)
CLOSES_AFTER = timedelta(hours=23)
LONGEST_RETRY_AFTER_S, FIRST_WAIT_S, LONGEST_WAIT_S = 3600.0, 1.0, 60.0
SECRET_HEADER = "x-telegram-bot-api-secret-token"


@dataclass(frozen=True, slots=True)
class Update:
    number: int
    topic: str
    body: dict[str, Any]
    born_at: datetime
    taken: Callable[[], None]


@dataclass(slots=True)
class Hook:
    """Where updates are posted; an empty path means that the bot asks for them itself."""

    path: str = ""
    secret: str = ""
    url: str = ""
    allowed: tuple[str, ...] = ()
    trouble: str = ""
    trouble_at: datetime | None = None
    gone_since: datetime | None = None


@dataclass(slots=True)
class Queue:
    """One bot's updates in their order; each waits a day at the most."""

    world: World
    postman: Postman
    hook: Hook
    next_number: int
    waiting: list[Update] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: int = 0

    def put(self, topic: str, content: dict[str, Any], taken: Callable[[], None]) -> None:
        """Let the bot know, if it has asked for this kind."""
        if self.hook.allowed and topic not in self.hook.allowed:
            return
        number, self.next_number = self.next_number, self.next_number + 1
        body = {"update_id": number, topic: content}
        update = Update(number, topic, body, self.world.now(), taken)
        self.waiting.append(update)
        self._news.set()
        if self.hook.path:
            self._post(update)

    def set_hook(self, hook: Hook) -> None:
        """Send everything that waits to the new place; a poll that is under way ends."""
        self.hook = hook
        self._turn += 1
        self._news.set()
        if hook.path:
            for update in list(self.waiting):
                self._post(update)

    async def take(self, offset: int, limit: int, timeout_s: float) -> list[Update]:
        """Forget what lies before the offset, return what lies from there on; wait for it if there is nothing.

        Raises Refusal 409 beside a webhook, and when another call takes its place.
        """
        if self.hook.path:
            raise Refusal(409, "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")  # fmt: skip
        self._turn += 1
        turn = self._turn
        self._news.set()
        await asyncio.sleep(0)
        self._confirm(offset)
        if not self.waiting and timeout_s > 0:
            self._news.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
            except TimeoutError:
                pass
        if turn != self._turn:
            other = (
                "setWebhook request"
                if self.hook.path
                else "other getUpdates request; make sure that only one bot instance is running"
            )
            raise Refusal(409, f"terminated by {other}")  # fmt: skip
        self._forget_old()
        return self.waiting[:limit]

    def _confirm(self, offset: int) -> None:
        # An offset from another time than this queue's is no confirmation of anything.
        if offset > self.next_number + 10:
            return
        for update in [update for update in self.waiting if update.number < offset]:
            self._done(update)

    def _forget_old(self) -> None:
        oldest = self.world.now() - KEPT
        self.waiting = [update for update in self.waiting if update.born_at >= oldest]

    def _done(self, update: Update) -> None:
        if update in self.waiting:
            self.waiting.remove(update)
            update.taken()

    def _post(self, update: Update) -> None:
        hook = self.hook
        headers = {"content-type": "application/json"}
        if hook.secret:
            headers[SECRET_HEADER] = hook.secret
        body = json.dumps(update.body, ensure_ascii=False, separators=(",", ":")).encode()

        def again(status: int, tries: int, age: timedelta) -> float | None:
            return self._after(update, hook, status, tries, age)

        def carried() -> None:
            hook.gone_since = None
            self._done(update)

        self.postman.post(hook.path, body, headers, carried, again=again, wanted=lambda: self.hook is hook)

    def _after(self, update: Update, hook: Hook, status: int, tries: int, age: timedelta) -> float | None:
        """Return the wait before the next try: doubling up to a minute, or what Retry-After asks; a day in all."""
        now = self.world.now()
        hook.trouble, hook.trouble_at = f"Wrong response from the webhook: {int(status)}", now
        hook.gone_since = (hook.gone_since or now) if status == 410 else None
        if hook.gone_since and now - hook.gone_since > CLOSES_AFTER and self.hook is hook:
            self.hook = Hook()
            return None
        asked = getattr(status, "retry_after_s", None)
        wait_s = min(asked, LONGEST_RETRY_AFTER_S) if asked else min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S)
        if age + timedelta(seconds=wait_s) > KEPT:
            self.waiting = [one for one in self.waiting if one is not update]
            return None
        return float(wait_s)
