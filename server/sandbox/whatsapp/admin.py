"""The other doors of the Graph API: the number itself, the business account's templates and who hears of its events."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.sandbox.whatsapp.rules import Approved, Refusal, need
from server.sandbox.world import Account, World

APP_ID = "670843887433847"
PAGE_MAX = 250


def waba_of(account: Account) -> str:
    """Return the id of the business account a number belongs to; each number here has its own."""
    return f"9{account.own_id}"


class Admin:
    """What `check` and `templates` ask for. `unsubscribed` and `hooks` are by account key; `quality` and `status` too."""

    def __init__(self, world: World, token_of: Callable[[Request, str], Account]) -> None:
        self._world = world
        self._account = token_of
        self.templates: list[Approved] = []
        self.unsubscribed: set[str] = set()
        self.hooks: dict[str, str] = {}
        self.quality: dict[str, str] = {}
        self.status: dict[str, str] = {}

    async def number(self, request: Request, account: Account) -> Response:
        """Answer with the fields asked for, and always with the id, as the Graph API does."""
        self._account(request, account.own_id)
        known: dict[str, Any] = {
            "display_phone_number": account.display,
            "verified_name": account.name,
            "quality_rating": self.quality.get(account.key, "GREEN"),
            "status": self.status.get(account.key, "CONNECTED"),
            "webhook_configuration": {"application": self.hooks.get(account.key, "")},
        }
        wanted = [
            name for name in request.query_params.get("fields", "display_phone_number").split(",") if name
        ]
        strange = next((name for name in wanted if name not in known and name != "id"), None)
        need(strange is None, 100, f"Tried accessing nonexisting field ({strange})")
        return JSONResponse({**{name: known[name] for name in wanted if name in known}, "id": account.own_id})

    async def app(self, request: Request) -> Response:
        """Answer whose token it is."""
        for account in self._world.accounts.values():
            if request.headers.get("authorization") == f"Bearer {account.token}":
                return JSONResponse({"id": APP_ID})
        raise Refusal(190, "The session has been invalidated")

    async def subscribed(self, request: Request) -> Response:
        account = self._by_waba(request)
        app = {
            "whatsapp_business_api_data": {"id": APP_ID, "name": "Zollstock", "link": "https://example.org"}
        }
        return JSONResponse({"data": [] if account.key in self.unsubscribed else [app]})

    async def subscribe(self, request: Request) -> Response:
        """Tell the firm of events from now on; with an address of its own, there (W/webhooks/override)."""
        account, body = self._by_waba(request), await request.json()
        uri, word = body.get("override_callback_uri", ""), body.get("verify_token", "")
        need(bool(uri) is bool(word), 100, "override_callback_uri and verify_token belong together")
        need(not uri or uri.startswith("https://"), 100, "override_callback_uri must be https")
        self.unsubscribed.discard(account.key)
        if uri:
            self.hooks[account.key] = uri
        return JSONResponse({"success": True})

    async def listed(self, request: Request) -> Response:
        """Answer one page of templates."""
        self._by_waba(request)
        limit = request.query_params.get("limit", "25")
        need(limit.isdigit() and 1 <= int(limit) <= PAGE_MAX, 100, "limit is out of range")
        after = request.query_params.get("after", "0")
        need(after.isdigit(), 100, "after is no cursor of ours")
        start, end = int(after), int(after) + int(limit)
        page: dict[str, Any] = {"data": [template.as_listed() for template in self.templates[start:end]]}
        page["paging"] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(self.templates):
            page["paging"]["next"] = str(request.url.include_query_params(after=end))
        return JSONResponse(page)

    def _by_waba(self, request: Request) -> Account:
        waba = request.path_params["waba_id"]
        mine = (one for one in self._world.accounts.values() if one.kind == "whatsapp")
        account = next((one for one in mine if waba_of(one) == waba), None)
        if account is None:
            raise Refusal(100, f"Object with ID '{waba}' does not exist")
        return self._account(request, account.own_id)
