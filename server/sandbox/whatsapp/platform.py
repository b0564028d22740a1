"""The Graph API as WhatsApp's Cloud API speaks it: strict in what it takes, honest in how it refuses."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.domain.events import Status, advance
from server.sandbox.platform import MAX_IMAGE_BYTES, Act, Endpoint, faulty, is_play
from server.sandbox.postman import Postman
from server.sandbox.whatsapp.admin import Admin
from server.sandbox.whatsapp.files import KEPT_OF_CUSTOMER, Store
from server.sandbox.whatsapp.hooks import envelope, message_value, signed, status_value, with_broken_item
from server.sandbox.whatsapp.life import Life
from server.sandbox.whatsapp.rules import Approved, Refusal, Said, addressee, need, only, said
from server.sandbox.world import Account, Bubble, Person, World

WINDOW = timedelta(hours=24)
PAIR_BURST, PAIR_EVERY_S = 45.0, 6.0


class WhatsappPlatform:
    """Meta's side of every conversation: accounts, templates, files; the customers' phones are the world's."""

    kind: ClassVar[str] = "whatsapp"

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self._store = Store(world, self._account)
        self.files = self._store.files
        self.admin = Admin(world, self._account)
        self.life = Life(world, self.admin, self._tell)
        self.routes = [
            Route("/graph/_files/{key}", self._faulty("files", self._store.file), methods=["GET"]),
            Route(
                "/graph/{version}/{number_id}/messages",
                self._faulty("messages", self._messages),
                methods=["POST"],
            ),
            Route(
                "/graph/{version}/{number_id}/media",
                self._faulty("media", self._store.upload),
                methods=["POST"],
                max_body_size=MAX_IMAGE_BYTES + 10_000,
            ),
            Route(
                "/graph/{version}/{waba_id}/message_templates",
                self._faulty("templates", self.admin.listed),
                methods=["GET"],
            ),
            Route(
                "/graph/{version}/{waba_id}/subscribed_apps",
                self._faulty("admin", self.admin.subscribed),
                methods=["GET"],
            ),
            Route(
                "/graph/{version}/{waba_id}/subscribed_apps",
                self._faulty("admin", self.admin.subscribe),
                methods=["POST"],
            ),
            Route("/graph/{version}/app", self._faulty("admin", self.admin.app), methods=["GET"]),
            Route("/graph/{version}/{media_id}", self._faulty("files", self._node), methods=["GET"]),
        ]

    @property
    def templates(self) -> list[Approved]:
        return self.admin.templates

    @property
    def acts(self) -> Sequence[Act]:
        return self.life.acts

    def act(self, account: Account, person: Person, name: str, word: str) -> None:
        """Let a person do on the phone's page what is no message."""
        self.life.act(account, person, name, word)

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer say something; a tap names the message it answers in `quoted`."""
        original = self._world.chat(account, person).find(bubble.quoted)
        self._world.say(account, person, bubble)
        value = message_value(
            account, person, bubble, self.files.get(bubble.picture), original.kind if original else ""
        )
        self._tell(account, value, carried=lambda: self._carried(bubble))

    def keep(self, data: bytes, mime: str) -> str:
        """Store a customer's file and return its media id."""
        return self._store.keep(data, mime, KEPT_OF_CUSTOMER)

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer look at the chat: everything delivered is read."""
        for bubble in self._world.chat(account, person).bubbles:
            if bubble.from_firm and bubble.status is Status.DELIVERED:
                self._status(account, person, bubble, Status.READ)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Block the firm or let it in again. Meta tells the firm nothing of it."""
        person.blocked = blocked
        self._world.touch()

    def bubble_id(self) -> str:
        return self._world.new_id("wamid.")

    def _faulty(self, call: str, endpoint: Endpoint) -> Endpoint:
        def ordered() -> Refusal:
            return Refusal(131000, "Something went wrong, by order of the test")

        return faulty(self._world, call, endpoint, ordered)

    async def _messages(self, request: Request) -> Response:
        account = self._account(request)
        call = await _object(request)
        if call.get("status") == "read":
            return self._mark_read(account, call)
        person = self._world.person(addressee(call))
        content = said(call, self.templates)
        quoted = str((call.get("context") or {}).get("message_id", ""))
        self._check_named(account, person, content, quoted)
        self._check_window(account, person, content)
        told_to_stop = person is not None and (account.key, person.key) in self.life.stopped
        need(
            not (told_to_stop and content.category == "MARKETING"),
            131050,
            "User has stopped marketing messages",
        )
        self._check_pair(account, person)
        bubble = Bubble(
            id=self._world.new_id("wamid."),
            from_firm=True,
            at=self._world.now(),
            kind=content.kind,
            text=content.text,
            picture=content.picture,
            buttons=content.buttons,
            quoted=quoted,
            opaque=str(call.get("biz_opaque_callback_data") or ""),
        )
        self._accept(account, person, bubble)
        if self._world.lucky(self._world.whims.early):
            await self._postman.carry()
        return JSONResponse(_taken(call, person, bubble))

    def _check_named(self, account: Account, person: Person | None, content: Said, quoted: str) -> None:
        """Refuse a picture or a quoted message that is not there."""
        there = not content.picture or self._store.alive(content.picture) is not None
        need(there, 131009, "Media id is unknown or expired")
        chat = self._world.chat(account, person) if person else None
        known = not quoted or (chat is not None and chat.find(quoted) is not None)
        need(known, 131009, "context message is unknown")

    def _accept(self, account: Account, person: Person | None, bubble: Bubble) -> None:
        """Bring the message to the phone; nobody there, or blocked, is told by a status only, as in life."""
        if person is None or person.blocked:
            value = status_value(account, person, bubble, Status.FAILED, self._world.now())
            self._tell(account, value)
            return
        self._world.say(account, person, bubble)
        self._status(account, person, bubble, Status.SENT)
        self._status(account, person, bubble, Status.DELIVERED)

    def _status(self, account: Account, person: Person, bubble: Bubble, status: Status) -> None:
        bubble.status = advance(bubble.status, status)
        self._world.touch()
        self._tell(account, status_value(account, person, bubble, status, self._world.now()))

    def _carried(self, bubble: Bubble) -> None:
        """Show the customer the second tick: the firm's server has taken his message."""
        bubble.status = advance(bubble.status, Status.DELIVERED)
        self._world.touch()

    def _tell(
        self,
        account: Account,
        value: dict[str, Any],
        field: str = "messages",
        carried: Callable[[], None] | None = None,
    ) -> None:
        """Send a webhook; a business account that told nobody to listen is not heard at all."""
        if account.key in self.admin.unsubscribed:
            return
        if self._world.lucky(self._world.whims.broken):
            value = with_broken_item(self._world, value)
        body = envelope(account, value, field, None if "metadata" in value else self._world.now())
        self._postman.post(account.hook_path, body, signed(account, body), carried)

    def _mark_read(self, account: Account, call: dict[str, Any]) -> Response:
        only(call, {"messaging_product", "status", "message_id", "typing_indicator"}, "message")
        for (account_key, _), chat in self._world.chats.items():
            found = chat.find(str(call.get("message_id")))
            if account_key == account.key and found and not found.from_firm:
                for bubble in chat.bubbles[: chat.bubbles.index(found) + 1]:
                    bubble.status = bubble.status if bubble.from_firm else Status.READ
                self._world.touch()
                return JSONResponse({"success": True})
        raise Refusal(100, "message_id is unknown")

    def _check_window(self, account: Account, person: Person | None, content: Said) -> None:
        if content.kind == "template":
            return
        last = self._world.chat(account, person).last_in_at if person else None
        is_open = last is not None and self._world.now() - last <= WINDOW
        need(is_open, 131047, "More than 24 hours have passed since the recipient last replied")

    def _check_pair(self, account: Account, person: Person | None) -> None:
        """Take one from the pair's bucket: 45 at once, then one every six seconds (W/throughput)."""
        if person is None:
            return
        chat, now = self._world.chat(account, person), self._world.now()
        passed_s = (now - (chat.filled_at or now)).total_seconds()
        chat.tokens = min(PAIR_BURST, chat.tokens + passed_s / PAIR_EVERY_S)
        chat.filled_at = now
        need(chat.tokens >= 1, 131056, "Too many messages to the same person in a short time")
        chat.tokens -= 1

    async def _node(self, request: Request) -> Response:
        """Answer for an id: a number of ours, else a file."""
        mine = (one for one in self._world.accounts.values() if one.kind == self.kind)
        number = next((one for one in mine if one.own_id == request.path_params["media_id"]), None)
        return await (self.admin.number(request, number) if number else self._store.media(request))

    def _account(self, request: Request, number_id: str | None = None) -> Account:
        """Return the account of the call; a token of the real platform is refused before anything is looked at."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        need(is_play(token), 190, "This sandbox takes no token without the word sandbox-")
        wanted = request.path_params["number_id"] if number_id is None else number_id
        mine = (one for one in self._world.accounts.values() if one.kind == self.kind)
        account = next((one for one in mine if one.own_id == wanted), None)
        if account is None:
            raise Refusal(100, f"Object with ID '{wanted}' does not exist")
        need(account.token == token, 190, "The session has been invalidated")
        return account


async def _object(request: Request) -> dict[str, Any]:
    try:
        call = json.loads(await request.body())
    except ValueError as error:
        raise Refusal(100, "The body is not JSON") from error
    if not isinstance(call, dict):
        raise Refusal(100, "The body is not an object")
    return call


def _taken(call: dict[str, Any], person: Person | None, bubble: Bubble) -> dict[str, Any]:
    address = str(call.get("to") or call["recipient"])
    contact = {"input": address}
    if person and "to" in call:
        contact["wa_id"] = person.digits
    message = {"id": bubble.id}
    if bubble.kind == "template":
        message["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}
