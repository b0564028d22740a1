"""The Graph API as WhatsApp's Cloud API speaks it: strict in what it takes, honest in how it refuses."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.domain.events import Status, advance
from server.sandbox.platform import MAX_IMAGE_BYTES, Endpoint, address, faulty, image_type, is_play
from server.sandbox.postman import Postman
from server.sandbox.whatsapp_hooks import envelope, message_value, signed, status_value, with_broken_item
from server.sandbox.whatsapp_rules import Approved, Refusal, Said, addressee, need, only, said
from server.sandbox.world import Account, Bubble, File, Person, World

WINDOW = timedelta(hours=24)
KEPT = timedelta(days=30)
KEPT_OF_CUSTOMER = timedelta(days=7)
URL_LIFE = timedelta(minutes=5)
PAIR_BURST, PAIR_EVERY_S = 45.0, 6.0


class WhatsappPlatform:
    """Meta's side of every conversation: accounts, templates, files; the customers' phones are the world's."""

    kind: ClassVar[str] = "whatsapp"

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self._urls: dict[str, tuple[str, File]] = {}
        self.files: dict[str, File] = {}
        self.templates: list[Approved] = []
        self.routes = [
            Route("/graph/_files/{key}", self._faulty("files", self._file), methods=["GET"]),
            Route(
                "/graph/{version}/{number_id}/messages",
                self._faulty("messages", self._messages),
                methods=["POST"],
            ),
            Route(
                "/graph/{version}/{number_id}/media",
                self._faulty("media", self._upload),
                methods=["POST"],
                max_body_size=MAX_IMAGE_BYTES + 10_000,
            ),
            Route("/graph/{version}/{media_id}", self._faulty("files", self._media), methods=["GET"]),
        ]

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer say something; a tap names the message it answers in `quoted`."""
        original = self._world.chat(account, person).find(bubble.quoted)
        self._world.say(account, person, bubble)
        value = message_value(
            account, person, bubble, self.files.get(bubble.picture), original.kind if original else ""
        )
        self._tell(account, value, lambda: self._carried(bubble))

    def keep(self, data: bytes, mime: str) -> str:
        """Store a customer's file and return its media id."""
        return self._keep(File(data, mime, self._world.now() + KEPT_OF_CUSTOMER))

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
        chat = self._world.chat(account, person) if person else None
        need(
            not content.picture or self._alive(content.picture) is not None,
            131009,
            "Media id is unknown or expired",
        )
        quoted = str((call.get("context") or {}).get("message_id", ""))
        need(
            not quoted or (chat is not None and chat.find(quoted) is not None),
            131009,
            "context message is unknown",
        )
        self._check_window(account, person, content)
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
        self, account: Account, value: dict[str, Any], carried: Callable[[], None] | None = None
    ) -> None:
        if self._world.lucky(self._world.whims.broken):
            value = with_broken_item(self._world, value)
        body = envelope(account, value)
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

    async def _upload(self, request: Request) -> Response:
        self._account(request)
        async with request.form(max_files=1, max_fields=4) as form:
            need(form.get("messaging_product") == "whatsapp", 100, "messaging_product must be whatsapp")
            part = form.get("file")
            if part is None or isinstance(part, str):
                raise Refusal(131008, "Parameter file is required")
            data = await part.read()
            need(form.get("type") == part.content_type, 131053, "type and the part's content type differ")
        mime = image_type(data)
        need(mime in ("image/jpeg", "image/png"), 131053, "Only image/jpeg and image/png are images here")
        need(mime == part.content_type, 131053, "The file is not what its type says")
        need(len(data) <= MAX_IMAGE_BYTES, 131053, "Image larger than 5 MB")
        return JSONResponse({"id": self._keep(File(data, mime, self._world.now() + KEPT))})

    async def _media(self, request: Request) -> Response:
        self._account(request, request.query_params.get("phone_number_id", ""))
        media_id = request.path_params["media_id"]
        file = self._alive(media_id)
        if file is None:
            raise Refusal(100, f"Object with ID '{media_id}' does not exist")
        key = self._world.new_id("f")
        life = replace(file, until=self._world.now() + URL_LIFE)
        self._urls[key] = (request.query_params["phone_number_id"], life)
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "url": address(request, f"/graph/_files/{key}"),
                "mime_type": file.mime,
                "sha256": hashlib.sha256(file.data).hexdigest(),
                "file_size": len(file.data),
                "id": media_id,
            }
        )

    async def _file(self, request: Request) -> Response:
        number_id, file = self._urls.get(request.path_params["key"], ("", None))
        if file is None or file.until < self._world.now():
            return Response(status_code=404)
        self._account(request, number_id)
        return Response(file.data, media_type=file.mime)

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

    def _keep(self, file: File) -> str:
        media_id = str(self._world.chance.randrange(10**14, 10**15))
        self.files[media_id] = file
        return media_id

    def _alive(self, media_id: str) -> File | None:
        file = self.files.get(media_id)
        return file if file and file.until >= self._world.now() else None


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
