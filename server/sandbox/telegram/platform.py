"""The Bot API as Telegram speaks it: strict in what it takes, and silent about whether anything was read."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.domain.events import Status
from server.sandbox.platform import Act, Endpoint, faulty, is_play
from server.sandbox.postman import Postman
from server.sandbox.telegram.door import Limits, arguments_of
from server.sandbox.telegram.files import Shelf
from server.sandbox.telegram.queue import Queue
from server.sandbox.telegram.receiving import Receiving
from server.sandbox.telegram.rules import (
    MAX_CAPTION,
    MAX_PHOTO_BYTES,
    MAX_TEXT,
    Refusal,
    TooMany,
    buttons_of,
    need,
    photo_of,
    words_of,
)
from server.sandbox.telegram.spec import Mismatch, checked
from server.sandbox.telegram.updates import Json, bot, callback_id, member, message, seconds, tap
from server.sandbox.world import Account, Bubble, File, Person, World

QUERY_LIFE = timedelta(minutes=1)
_CALLS = {"sendMessage": "telegram.messages", "sendPhoto": "telegram.messages", "getFile": "telegram.files", "getUpdates": "telegram.updates"}  # fmt: skip
Method = Callable[[Account, dict[str, Any]], Awaitable[object]]


class TelegramPlatform:
    """Telegram's side of every conversation. A bot may write only to who has pressed Start, and is not blocked."""

    kind: ClassVar[str] = "telegram"
    acts: ClassVar[tuple[Act, ...]] = (
        Act("start", "Start-Link öffnen", "Wort aus dem Link"),
        Act("edit", "Letzte eigene Nachricht ändern", "Neuer Text"),
    )

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self._receiving = Receiving(world, postman)
        self._started: set[tuple[str, str]] = set()
        self._limits = Limits()
        self._shelf = Shelf(world)
        self._taps: dict[str, Bubble] = {}
        self._messages = 0
        self.files: dict[str, File] = self._shelf.files
        self._methods: dict[str, Method] = {
            "getMe": self._get_me,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "answerCallbackQuery": self._answer_callback,
            "setWebhook": self._receiving.set_webhook,
            "deleteWebhook": self._receiving.delete_webhook,
            "getWebhookInfo": self._receiving.webhook_info,
            "getUpdates": self._receiving.get_updates,
            "getFile": self._get_file,
        }
        self._doors = {
            call: faulty(world, call, self._call, lambda: TooMany(3))
            for call in {*_CALLS.values(), "telegram.calls"}
        }
        self.routes = [
            Route("/telegram/file/bot{token}/{path:path}", self._download_door(), methods=["GET"]),
            Route(
                "/telegram/bot{token}/{method}",
                self._door,
                methods=["GET", "POST"],
                max_body_size=MAX_PHOTO_BYTES + 100_000,
            ),
        ]

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer say something; whoever has not pressed Start presses it first, for there is no other way in."""
        if (account.key, person.key) not in self._started and not bubble.text.startswith("/start"):
            start = Bubble(self.bubble_id(), from_firm=False, at=bubble.at, kind="text", text="/start", status=Status.SENT)  # fmt: skip
            self.say(account, person, start)
        self._started.add((account.key, person.key))
        self._world.say(account, person, bubble)
        number = self.number(person)
        asked = self._world.chat(account, person).find(bubble.quoted) if bubble.quoted else None
        if bubble.kind == "button" and asked:
            self._taps[callback_id(bubble)] = bubble
            topic = "callback_query"
            content = tap(account, person, number, bubble, self._json(account, person, asked))
        else:
            topic, content = "message", self._json(account, person, bubble, asked)
        self._tell(account, topic, content, lambda: self._carried(bubble))

    def start(self, account: Account, person: Person, word: str = "") -> Bubble:
        """Let the customer open the start link and press Start."""
        said = f"/start {word}".strip()
        bubble = Bubble(self.bubble_id(), from_firm=False, at=self._world.now(), kind="text", text=said, status=Status.SENT)  # fmt: skip
        self.say(account, person, bubble)
        return bubble

    def act(self, account: Account, person: Person, name: str, word: str) -> None:
        """Do what the tester tapped on the phone's page; without its word or a message nothing happens."""
        mine = [bubble for bubble in self._world.chat(account, person).bubbles if not bubble.from_firm]
        if name == "start" and word and not person.blocked:
            self.start(account, person, word)
        elif name == "edit" and word and mine and not person.blocked:
            self.edit(account, person, mine[-1], word)

    def edit(self, account: Account, person: Person, bubble: Bubble, text: str) -> None:
        """Let the customer change what he wrote."""
        bubble.text = text
        self._world.touch()
        content = {**self._json(account, person, bubble), "edit_date": seconds(self._world.now())}
        self._tell(account, "edited_message", content, lambda: None)

    def keep(self, data: bytes, mime: str) -> str:
        """Store a customer's file and return its file id."""
        return self._shelf.keep(data, mime)

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer look at the chat; the bot is told nothing of it."""
        for bubble in self._world.chat(account, person).bubbles:
            if bubble.from_firm and bubble.status is Status.DELIVERED:
                bubble.status = Status.READ
                self._world.touch()

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Block the bot or let it in again; Telegram tells it at once."""
        if person.blocked is blocked:
            return
        person.blocked = blocked
        self._world.touch()
        content = member(account, person, self.number(person), self._world.now(), blocked=blocked)
        self._tell(account, "my_chat_member", content, lambda: None)

    def bubble_id(self) -> str:
        self._messages += 1
        return str(self._messages)

    def number(self, person: Person) -> int:
        """Return the customer's number at Telegram, which is his chat's too."""
        if self.kind not in person.ids:
            person.ids[self.kind] = str(self._world.chance.randrange(10**8, 10**10))
        return int(person.ids[self.kind])

    def queue(self, account: Account) -> Queue:
        """Return what waits for the bot."""
        return self._receiving.of(account)

    def number_on(self, account: Account, first: int) -> None:
        """Let the names of messages and updates begin here: a restarted sandbox must not give one twice."""
        self._messages = max(self._messages, first)
        self.queue(account).next_number = first

    def knows(self, account: Account, person: Person) -> None:
        """Remember that somebody has pressed Start in an earlier run."""
        self._started.add((account.key, person.key))

    async def _door(self, request: Request) -> Response:
        call = _CALLS.get(request.path_params["method"], "telegram.calls")
        return await self._doors[call](request)

    async def _call(self, request: Request) -> Response:
        account, method = self._account(request), request.path_params["method"]
        if method not in self._methods:
            raise Refusal(404)
        try:
            args = checked(method, await arguments_of(request))
        except Mismatch as wrong:
            raise Refusal(400, str(wrong)) from None
        return JSONResponse({"ok": True, "result": await self._methods[method](account, args)})

    def _account(self, request: Request) -> Account:
        """Return the token's account; a token of the real platform is refused before anything is looked at."""
        token = request.path_params["token"]
        mine = (one for one in self._world.accounts.values() if one.kind == self.kind)
        account = next((one for one in mine if one.token == token), None) if is_play(token) else None
        if account is None:
            raise Refusal(401)
        return account

    async def _get_me(self, account: Account, args: dict[str, Any]) -> object:
        return {**bot(account), "can_join_groups": False, "can_read_all_group_messages": False}

    async def _send_message(self, account: Account, args: dict[str, Any]) -> object:
        text = words_of(args, "text", MAX_TEXT, "message text is empty", "message is too long")
        return await self._said(account, args, "text", text, b"")

    async def _send_photo(self, account: Account, args: dict[str, Any]) -> object:
        caption = words_of(args, "caption", MAX_CAPTION, "", "message caption is too long")
        need(isinstance(args["photo"], bytes), "wrong file identifier/HTTP URL specified")
        return await self._said(account, args, "image", caption, args["photo"])

    async def _said(
        self, account: Account, args: dict[str, Any], kind: str, text: str, photo: bytes
    ) -> object:
        person = self._addressee(account, args["chat_id"])
        buttons, mime = buttons_of(args), photo_of(photo) if photo or kind == "image" else ""
        chat, quoted = self._world.chat(account, person), ""
        if reply := args.get("reply_parameters"):
            quoted = str(reply["message_id"]) if chat.find(str(reply["message_id"])) else ""
            need(
                bool(quoted) or bool(reply.get("allow_sending_without_reply")),
                "message to be replied not found",
            )
        self._limits.take(account.key, person.key, self._world.now())
        bubble = Bubble(
            id=self.bubble_id(),
            from_firm=True,
            at=self._world.now(),
            kind="interactive" if buttons else kind,
            text=text,
            picture=self.keep(photo, mime) if photo else "",
            buttons=buttons,
            quoted=quoted,
            status=Status.DELIVERED,
        )
        self._world.say(account, person, bubble)
        if self._world.lucky(self._world.whims.early):
            await self._postman.carry()
        return self._json(account, person, bubble, chat.find(quoted) if quoted else None)

    def _addressee(self, account: Account, chat_id: object) -> Person:
        person = self._world.person_named(self.kind, str(chat_id))
        if person is None:
            raise Refusal(400, "chat not found")
        need((account.key, person.key) in self._started, "bot can't initiate conversation with a user", 403)
        need(not person.blocked, "bot was blocked by the user", 403)
        return person

    async def _answer_callback(self, account: Account, args: dict[str, Any]) -> object:
        bubble = self._taps.get(args["callback_query_id"])
        if bubble is None or self._world.now() - bubble.at > QUERY_LIFE:
            raise Refusal(400, "query is too old and response timeout expired or query ID is invalid")
        bubble.status = Status.READ
        self._world.touch()
        return True

    async def _get_file(self, account: Account, args: dict[str, Any]) -> object:
        return self._shelf.offer(account, args["file_id"])

    def _download_door(self) -> Endpoint:
        return faulty(self._world, "telegram.files", self._download, lambda: TooMany(3))

    async def _download(self, request: Request) -> Response:
        account = self._account(request)
        data = self._shelf.fetch(account, request.path_params["path"])
        return Response(data, media_type="application/octet-stream")

    def _tell(self, account: Account, topic: str, content: Json, taken: Callable[[], None]) -> None:
        queue = self.queue(account)
        if self._world.lucky(self._world.whims.broken):
            queue.put("poll", {"id": self._world.new_id("poll"), "question": 7}, lambda: None)
        queue.put(topic, content, taken)

    def _json(self, account: Account, person: Person, bubble: Bubble, quoted: Bubble | None = None) -> Json:
        return message(account, person, self.number(person), bubble, self.files.get(bubble.picture), quoted)  # fmt: skip

    def _carried(self, bubble: Bubble) -> None:
        """Show the customer his tick: Telegram's servers have it, and the firm has taken it."""
        if bubble.status is Status.SENT:
            bubble.status = Status.DELIVERED
            self._world.touch()
