"""Who hears of a page: the app's subscription, field by field, and how an hour of silence ends it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from server.sandbox.messenger.hooks import broken_item, envelope
from server.sandbox.postman import Postman, patient
from server.sandbox.whatsapp.hooks import signed
from server.sandbox.world import Account, World

UNSUBSCRIBED_AFTER = timedelta(hours=1)
FIELDS = frozenset(
    {
        "messages",
        "messaging_postbacks",
        "messaging_referrals",
        "message_deliveries",
        "message_reads",
        "message_echoes",
        "message_edits",
        "message_reactions",
        "messaging_policy_enforcement",
        "messaging_optins",
        "standby",
        "feed",
    }
)


class News:
    """The webhooks of all pages; a page is subscribed to everything until it is told otherwise."""

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self._failing_since: dict[str, datetime] = {}
        self._fields: dict[str, set[str]] = {}
        self._ended: dict[str, int] = {}

    def fields(self, account: Account) -> set[str]:
        """Return the fields the firm's app hears of: none after an hour of failing webhooks; what waited then never comes."""
        since = self._failing_since.get(account.key)
        if since and self._world.now() - since >= UNSUBSCRIBED_AFTER:
            self.subscribe(account, set())
            self._ended[account.key] = self._ended.get(account.key, 0) + 1
        return self._fields.setdefault(account.key, set(FIELDS))

    def subscribe(self, account: Account, fields: set[str]) -> None:
        """Let the firm's app hear of these fields from now on."""
        self._fields[account.key] = fields
        self._failing_since.pop(account.key, None)

    def tell(
        self, account: Account, field: str, item: Any, carried: Callable[[], None] | None = None
    ) -> None:
        """Post a webhook, if the app listens to such events."""
        if field not in self.fields(account):
            return
        items = [item]
        if self._world.lucky(self._world.whims.broken):
            items.insert(0, broken_item(self._world))
        body = envelope(account, items, self._world.now())
        ended = self._ended.get(account.key, 0)

        def taken() -> None:
            self._failing_since.pop(account.key, None)
            if carried:
                carried()

        def again(status: int, tries: int, age: timedelta) -> float | None:
            self._failing_since.setdefault(account.key, self._world.now())
            self.fields(account)
            return patient(status, tries, age) if wanted() else None

        def wanted() -> bool:
            return self._ended.get(account.key, 0) == ended

        self._postman.post(account.hook_path, body, signed(account, body), taken, again=again, wanted=wanted)
