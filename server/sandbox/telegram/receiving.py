"""How a bot receives: by its webhook or by asking, as it has chosen (Bot API 10.1, "Getting updates")."""

from typing import Any
from urllib.parse import urlsplit

from server.sandbox.postman import Postman
from server.sandbox.telegram.queue import Hook, Queue
from server.sandbox.telegram.rules import need
from server.sandbox.telegram.updates import seconds
from server.sandbox.world import Account, World


class Receiving:
    """The queue of every bot, and the calls by which a bot says where its updates go."""

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self._queues: dict[str, Queue] = {}

    def of(self, account: Account) -> Queue:
        """Return what waits for the bot; an account with a secret begins with its webhook set, one without polls."""
        if account.key not in self._queues:
            hook = Hook(account.hook_path, account.secret, f"https://firm.example{account.hook_path}") if account.secret else Hook()  # fmt: skip
            first = self._world.chance.randrange(10**8, 9 * 10**8)
            self._queues[account.key] = Queue(self._world, self._postman, hook, first)
        return self._queues[account.key]

    async def set_webhook(self, account: Account, args: dict[str, Any]) -> object:
        url, secret = urlsplit(args["url"]), args.get("secret_token", "")
        need(
            url.scheme == "https" and bool(url.hostname),
            "bad webhook: An HTTPS URL must be provided for webhook",
        )
        need((url.port or 443) in (443, 80, 88, 8443), "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")  # fmt: skip
        need(len(secret) <= 256, "secret token is too long")
        allowed = all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in secret)
        need(allowed, "secret token contains unallowed characters")
        queue, kinds = self.of(account), tuple(args.get("allowed_updates", ()))
        same = (queue.hook.url, queue.hook.secret) == (args["url"], secret)
        if same:
            queue.hook.allowed = kinds
        else:
            queue.set_hook(Hook(url.path, secret, args["url"], kinds))
        return True

    async def delete_webhook(self, account: Account, args: dict[str, Any]) -> object:
        queue = self.of(account)
        if queue.hook.path:
            queue.set_hook(Hook(allowed=queue.hook.allowed))
        if args.get("drop_pending_updates"):
            queue.waiting.clear()
        return True

    async def webhook_info(self, account: Account, args: dict[str, Any]) -> object:
        queue = self.of(account)
        hook = queue.hook
        info = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": len(queue.waiting)}
        if hook.trouble_at:
            info |= {"last_error_date": seconds(hook.trouble_at), "last_error_message": hook.trouble}
        return info | ({"allowed_updates": list(hook.allowed)} if hook.allowed else {})

    async def get_updates(self, account: Account, args: dict[str, Any]) -> object:
        queue = self.of(account)
        if "allowed_updates" in args:
            queue.hook.allowed = tuple(args["allowed_updates"])
        limit = min(100, max(1, args.get("limit", 100)))
        taken = await queue.take(args.get("offset", 0), limit, min(50, max(0, args.get("timeout", 0))))
        return [update.body for update in taken]
