"""The Graph API as Facebook Messenger speaks it: strict in what it takes, honest in how it refuses."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from server.domain.events import Status, advance
from server.sandbox.messenger.doors import OwnRoute, object_of
from server.sandbox.messenger.files import MAX_BYTES, Store
from server.sandbox.messenger.hooks import (
    app_of,
    delivery_item,
    echo_item,
    message_item,
    read_item,
    referral_item,
    start_item,
)
from server.sandbox.messenger.news import FIELDS, News
from server.sandbox.messenger.rules import (
    Refusal,
    addressee,
    block,
    need,
    only,
    outside,
    said,
    unavailable,
    unknown_person,
    words,
)
from server.sandbox.platform import Endpoint, faulty, is_play
from server.sandbox.postman import Postman
from server.sandbox.world import Account, Bubble, File, Person, World

URL_LIFE = timedelta(days=1)


class MessengerPlatform:
    """Meta's side of every page's conversation; `human_agent` are the keys of accounts with that permission."""

    kind: ClassVar[str] = "messenger"

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self.news = News(world, postman)
        self._store = Store(world)
        self.files = self._store.files
        self._start: dict[str, str] = {}
        self.human_agent: set[str] = set()
        page = "/graph/{version}/{page_id}"
        self.routes = [
            Route("/graph/_attachments/{name}", self._faulty("files", self._store.file), methods=["GET"]),
            OwnRoute("/graph/{version}/app", self._app, self._has_token, methods=["GET"]),
            self._door(page, "page", self._page),
            self._door(f"{page}/messages", "messages", self._messages, "POST"),
            self._door(f"{page}/message_attachments", "attachments", self._upload, "POST"),
            self._door(f"{page}/subscribed_apps", "subscribed_apps", self._apps, "GET", "POST", "DELETE"),
            self._door(f"{page}/messenger_profile", "messenger_profile", self._profile, "GET", "POST"),
        ]

    def psid(self, person: Person) -> str:
        """Return the page-scoped id of a person; it is given when it is first asked for."""
        return person.ids.setdefault(self.kind, str(self._world.chance.randrange(10**15, 10**16)))

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer say something; a picture's caption is a message of its own, for pictures carry none."""
        caption = ""
        if bubble.picture:
            caption, bubble.text = bubble.text, ""
        chat = self._world.chat(account, person)
        original = chat.find(bubble.quoted)
        self._world.say(account, person, bubble)
        urls = [self._store.url(bubble.picture)] if bubble.picture else []
        item = message_item(account, self.psid(person), bubble, urls, original.kind if original else "")
        field = "messaging_postbacks" if "postback" in item else "messages"
        self.news.tell(account, field, item, lambda: self._carried([bubble]))
        if caption:
            second = Bubble(self.bubble_id(), False, bubble.at, "text", caption, status=Status.SENT)
            self.say(account, person, second)

    def album(self, account: Account, person: Person, pictures: Iterable[str]) -> list[Bubble]:
        """Let the customer send several pictures as one message; the names are those `keep` gave."""
        mid, now, names = self.bubble_id(), self._world.now(), list(pictures)
        shown = [
            Bubble(mid if not place else f"{mid}#{place + 1}", False, now, "image", picture=name)
            for place, name in enumerate(names)
        ]
        for bubble in shown:
            bubble.status = Status.SENT
            self._world.say(account, person, bubble)
        urls = [self._store.url(name) for name in names]
        item = message_item(account, self.psid(person), shown[0], urls, "")
        self.news.tell(account, "messages", item, lambda: self._carried(shown))
        return shown

    def arrive(self, account: Account, person: Person, word: str) -> None:
        """Let the customer open the chat by the link m.me/<page>?ref=<word> ("m.me Links").

        Who is new presses the start button, if the page has one, which is his first word; who comes back opens the
        window again by coming.
        """
        chat, now = self._world.chat(account, person), self._world.now()
        if chat.bubbles:
            chat.last_in_at = now
            item = referral_item(account, self.psid(person), word, now)
            self.news.tell(account, "messaging_referrals", item)
        elif account.key in self._start:
            bubble = Bubble(
                self.bubble_id(), False, now, "button", "Los geht’s", tapped=self._start[account.key]
            )
            self._world.say(account, person, bubble)
            item = start_item(account, self.psid(person), bubble, word)
            self.news.tell(account, "messaging_postbacks", item, lambda: self._carried([bubble]))

    def by_hand(self, account: Account, person: Person, text: str) -> Bubble:
        """Let somebody of the firm answer in the page's own inbox, past us."""
        bubble = Bubble(self.bubble_id(), True, self._world.now(), "text", text, status=Status.SENT)
        self._accept(account, person, bubble)
        return bubble

    def keep(self, data: bytes, mime: str) -> str:
        """Store a customer's file and return its name."""
        return self._store.keep(File(data, mime, self._world.now() + URL_LIFE))

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer look at the chat: Meta tells one moment up to which everything is read."""
        fresh = [
            bubble
            for bubble in self._world.chat(account, person).bubbles
            if bubble.from_firm and bubble.status is Status.DELIVERED
        ]
        for bubble in fresh:
            bubble.status = Status.READ
        if fresh:
            self._world.touch()
            item = read_item(account, self.psid(person), self._world.now())
            self.news.tell(account, "message_reads", item)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Block the page or let it in again. Meta tells the firm nothing of it until it writes."""
        person.blocked = blocked
        self._world.touch()

    def bubble_id(self) -> str:
        return self._world.new_id("m_")

    def _door(self, path: str, call: str, endpoint: Endpoint, *methods: str) -> Route:
        return OwnRoute(
            path,
            self._faulty(call, endpoint),
            self._has_page,
            methods=list(methods) or ["GET"],
            max_body_size=MAX_BYTES + 10_000,
        )

    def _faulty(self, call: str, endpoint: Endpoint) -> Endpoint:
        def ordered() -> Refusal:
            return Refusal(613, "by order of the test")

        return faulty(self._world, f"{self.kind}.{call}", endpoint, ordered)

    def _has_page(self, scope: Scope, params: dict[str, Any]) -> bool:
        return any(one.own_id == params["page_id"] for one in self._mine())

    def _has_token(self, scope: Scope, params: dict[str, Any]) -> bool:
        token = Headers(scope=scope).get("authorization", "").removeprefix("Bearer ")
        return any(one.token == token for one in self._mine())

    def _mine(self) -> list[Account]:
        return [one for one in self._world.accounts.values() if one.kind == self.kind]

    def _account(self, request: Request) -> Account:
        """Return the account of the call; a token of the real platform is refused before anything is looked at."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not is_play(token):
            raise Refusal(190, "This sandbox takes no token without the word sandbox-")
        account = next(one for one in self._mine() if one.own_id == request.path_params["page_id"])
        if account.token != token:
            raise Refusal(190, "The session has been invalidated", 460)
        return account

    async def _upload(self, request: Request) -> Response:
        """Keep a picture for a message that is still to come."""
        self._account(request)
        return await self._store.upload(request)

    async def _app(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        account = next(one for one in self._mine() if one.token == token)
        return JSONResponse({"id": app_of(account)})

    async def _page(self, request: Request) -> Response:
        account = self._account(request)
        return JSONResponse({"id": account.own_id, "name": account.name})

    async def _apps(self, request: Request) -> Response:
        """Tell which apps listen to the page, or let the caller's listen or stop."""
        account = self._account(request)
        known = self.news.fields(account)
        if request.method == "GET":
            app = {"id": app_of(account), "name": "Zollstock", "subscribed_fields": sorted(known)}
            return JSONResponse({"data": [app] if known else []})
        if request.method == "DELETE":
            self.news.subscribe(account, set())
            return JSONResponse({"success": True})
        async with request.form() as form:
            wanted = set(filter(None, str(form.get("subscribed_fields", "")).split(",")))
        need(bool(wanted), "The parameter subscribed_fields is required.")
        need(wanted <= FIELDS, "Param subscribed_fields must be one of the known fields")
        self.news.subscribe(account, wanted)
        return JSONResponse({"success": True})

    async def _profile(self, request: Request) -> Response:
        """Tell or set the payload of the page's start button."""
        account = self._account(request)
        if request.method == "GET":
            payload = self._start.get(account.key)
            return JSONResponse({"data": [{"get_started": {"payload": payload}}] if payload else []})
        call = await object_of(request)
        only(call, {"get_started"}, "messenger_profile")
        self._start[account.key] = words(block(call, "get_started"), "payload", 1000)
        return JSONResponse({"result": "success"})

    async def _messages(self, request: Request) -> Response:
        account = self._account(request)
        call = await object_of(request)
        psid = addressee(call)
        content = said(call, self._world.now(), human_agent=account.key in self.human_agent)
        person = self._world.person_named(self.kind, psid)
        if person is None:
            raise unknown_person()
        if content.attachment_id:
            need(self._store.alive(content.attachment_id), "The attachment id is unknown or expired")
        last = self._world.chat(account, person).last_in_at
        if last is None or self._world.now() - last > content.within:
            raise outside()
        if person.blocked:
            raise unavailable()
        bubble = Bubble(
            id=self.bubble_id(),
            from_firm=True,
            at=self._world.now(),
            kind=content.kind,
            text=content.text,
            picture=content.attachment_id,
            buttons=content.buttons,
            opaque=content.metadata,
        )
        self._accept(account, person, bubble)
        if self._world.lucky(self._world.whims.early):
            await self._postman.carry()
        return JSONResponse({"recipient_id": psid, "message_id": bubble.id})

    def _accept(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Bring the message to the phone, and tell the firm of its echo and that it has arrived."""
        self._world.say(account, person, bubble)
        psid = self.psid(person)
        url = self._store.url(bubble.picture) if bubble.picture else ""
        self.news.tell(account, "message_echoes", echo_item(account, psid, bubble, url))
        bubble.status = advance(bubble.status, Status.DELIVERED)
        self._world.touch()
        item = delivery_item(account, psid, [bubble.id], bubble.at)
        self.news.tell(account, "message_deliveries", item)

    def _carried(self, bubbles: list[Bubble]) -> None:
        """Show the customer that the firm's server has taken his message."""
        for bubble in bubbles:
            bubble.status = advance(bubble.status, Status.DELIVERED)
        self._world.touch()
