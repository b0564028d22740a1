"""signal-cli-rest-api 0.99 with Signal behind it: strict in what it takes, and everything it tells, it tells once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from server.domain.events import Status, advance
from server.sandbox.platform import Act, Endpoint, faulty
from server.sandbox.postman import Postman
from server.sandbox.signal.container import Container
from server.sandbox.signal.envelopes import data, envelope, receipt, sent_by_hand
from server.sandbox.signal.outlet import Outlet
from server.sandbox.signal.rules import Refusal, Sending, limited, need, receipt_of, sending_of
from server.sandbox.world import Account, Bubble, File, Person, World

MAX_BODY = 120_000_000
LONG_TEXT, SHORT_TEXT_BYTES = "text/x-signal-plain", 2000

ACTS = (
    Act("react", "👍 auf das Letzte"),
    Act("revoke", "Letzte eigene Nachricht löschen"),
    Act("edit", "Letzte eigene Nachricht ändern", "Neuer Text"),
    Act("type", "Tippen"),
    Act("key", "Neues Handy, neue Sicherheitsnummer"),
)


class SignalPlatform:
    """Numbers in one container; `outlet` is how it tells what comes, `container` what else it answers."""

    kind: ClassVar[str] = "signal"

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._last_ms = 0
        self.files: dict[str, File] = {}
        self.outlet = Outlet(world)
        self.container = Container(self.outlet, self._mine, self._person)
        self.routes = [
            Route("/signal/v1/about", self.container.about),
            Route("/signal/v1/accounts", self.container.accounts),
            Route(
                "/signal/v2/send",
                self._faulty("messages", self._send),
                methods=["POST"],
                max_body_size=MAX_BODY,
            ),
            Route("/signal/v1/receipts/{number}", self._faulty("receipts", self._receipt), methods=["POST"]),
            Route("/signal/v1/receive/{number}", self._faulty("receive", self._receive), methods=["GET"]),
            WebSocketRoute("/signal/v1/receive/{number}", self._listen),
            Route("/signal/v1/attachments/{name}", self._faulty("files", self._file), methods=["GET"]),
            Route("/signal/v1/search/{number}", self.container.search, methods=["GET"]),
            Route("/signal/v1/identities/{number}/trust/{person}", self.container.trust, methods=["PUT"]),
            Route(
                "/signal/v1/accounts/{number}/rate-limit-challenge", self.container.captcha, methods=["POST"]
            ),
        ]

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer say something; the quoted bubble's name is its author and its time."""
        stamp = bubble.id.rpartition(":")[2]
        bubble.id = f"{self.name_of(person)}:{stamp}"
        self._world.say(account, person, bubble)
        self._say(account, person, bubble, [bubble.picture] if bubble.picture else [])

    def _say(self, account: Account, person: Person, bubble: Bubble, names: list[str]) -> None:
        """Tell of a message; a long text comes as a file, with its beginning in the message."""
        said, whole = bubble, bubble.text.encode()
        if len(whole) > SHORT_TEXT_BYTES:
            said = replace(bubble, text=whole[:SHORT_TEXT_BYTES].decode(errors="ignore"))
            names = [self.keep(whole, LONG_TEXT), *names]
        told = data(account, said, [(name, self.files[name]) for name in names])
        stamp = bubble.id.rpartition(":")[2]
        self.outlet.tell(account, envelope(account, person, self.name_of(person), stamp, told))

    @property
    def acts(self) -> Sequence[Act]:
        return ACTS

    def act(self, account: Account, person: Person, name: str, word: str) -> None:
        """Let a person do on the phone's page what is no message."""
        bubbles = self._world.chat(account, person).bubbles
        firms = [bubble for bubble in bubbles if bubble.from_firm]
        own = [bubble for bubble in bubbles if not bubble.from_firm and bubble.kind != "reaction"]
        match name:
            case "react" if firms:
                self.react(account, person, firms[-1], "👍")
            case "revoke" if own:
                self.retract(account, person, own[-1])
            case "edit" if own and word:
                self.edit(account, person, own[-1], word)
            case "type":
                self.type(account, person)
            case "key":
                self.container.untrusted.add(person.key)

    def react(self, account: Account, person: Person, to: Bubble, emoji: str) -> Bubble:
        """Let the customer put an emoji at a message."""
        bubble = self._own_bubble("reaction", text=emoji, quoted=to.id)
        self.say(account, person, bubble)
        return bubble

    def send_files(self, account: Account, person: Person, text: str, *names: str) -> str:
        """Let the customer send several files at once, by their names in `files`; returns the message's name."""
        bubble = self._own_bubble("image", text=text)
        bubble.id = f"{self.name_of(person)}:{bubble.id}"
        self._say(account, person, bubble, list(names))
        return bubble.id

    def edit(self, account: Account, person: Person, bubble: Bubble, text: str) -> None:
        """Let the customer change what he wrote."""
        target, bubble.text = int(bubble.id.rpartition(":")[2]), text
        stamp = self.bubble_id()
        changed = {"targetSentTimestamp": target, "dataMessage": {"timestamp": int(stamp), "message": text}}
        told = {"editMessage": changed}
        self.outlet.tell(account, envelope(account, person, self.name_of(person), stamp, told))
        self._world.touch()

    def retract(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer take a message back."""
        target, stamp = int(bubble.id.rpartition(":")[2]), self.bubble_id()
        told = {
            "dataMessage": {"timestamp": int(stamp), "message": None, "remoteDelete": {"timestamp": target}}
        }
        self.outlet.tell(account, envelope(account, person, self.name_of(person), stamp, told))

    def type(self, account: Account, person: Person) -> None:
        """Let the customer begin to type."""
        stamp = self.bubble_id()
        told = {"typingMessage": {"action": "STARTED", "timestamp": int(stamp)}}
        self.outlet.tell(account, envelope(account, person, self.name_of(person), stamp, told))

    def by_hand(self, account: Account, person: Person, text: str) -> Bubble:
        """Let somebody of the firm write from the phone that has the same account."""
        stamp = self.bubble_id()
        bubble = Bubble(
            f"{account.display}:{stamp}", True, self._world.now(), "text", text, status=Status.DELIVERED
        )
        self._world.say(account, person, bubble)
        self.outlet.tell(account, sent_by_hand(account, person, self.name_of(person), stamp, text))
        return bubble

    def keep(self, data: bytes, mime: str) -> str:
        """Store a customer's file in the container and return its name there."""
        ending = {"image/jpeg": ".jpg", "image/png": ".png"}.get(mime, "")
        name = self._world.new_id("") + ending
        self.files[name] = File(data, mime, self._world.now().replace(year=9999))
        return name

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer look at the chat: one receipt names everything that became read."""
        unread = [
            bubble
            for bubble in self._world.chat(account, person).bubbles
            if bubble.from_firm and bubble.status is Status.DELIVERED
        ]
        if unread:
            self._confirm(account, person, unread, Status.READ)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Block the firm or let it in again. Signal tells nobody."""
        person.blocked = blocked
        self._world.touch()

    def bubble_id(self) -> str:
        """Return the time in ms that names the next message; no two are alike."""
        self._last_ms = max(self._last_ms + 1, int(self._world.now().timestamp() * 1000))
        return str(self._last_ms)

    def name_of(self, person: Person) -> str:
        """Return the UUID Signal knows the person by."""
        digits = f"{self._world.chance.getrandbits(128):032x}" if "signal" not in person.ids else ""
        return person.ids.setdefault(
            "signal", f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        )

    def _own_bubble(self, kind: str, text: str, quoted: str = "") -> Bubble:
        return Bubble(
            self.bubble_id(), False, self._world.now(), kind, text, quoted=quoted, status=Status.SENT
        )

    def _faulty(self, call: str, endpoint: Endpoint) -> Endpoint:
        def ordered() -> Refusal:
            return Refusal(400, "Failed to send message: [413] Rate Limit Exceeded (RateLimitException)")

        return faulty(self._world, f"signal.{call}", endpoint, ordered)

    async def _send(self, request: Request) -> Response:
        sending = sending_of(await request.body())
        account = self._account(sending.number)
        need(account is not None, "Specified account does not exist")
        assert account is not None
        if self.container.challenge:
            return limited(account.display, self.container.challenge).answer()
        person = self._person(sending.recipient)
        if person is None or person.key in self.container.unregistered:
            raise Refusal(400, f'Unregistered user "{sending.recipient}"')
        need(
            person.key not in self.container.untrusted,
            f'Failed to send message: Untrusted Identity for "{sending.recipient}"',
        )
        stamp = self.bubble_id()
        if not person.blocked:
            self._bring(account, person, stamp, sending)
        return JSONResponse({"timestamp": stamp}, status_code=201)

    def _bring(self, account: Account, person: Person, stamp: str, sending: Sending) -> None:
        picture = self.keep(sending.files[0][0], sending.files[0][1]) if sending.files else ""
        bubble = Bubble(
            id=f"{account.display}:{stamp}",
            from_firm=True,
            at=self._world.now(),
            kind="image" if picture else "text",
            text=sending.message,
            picture=picture,
            quoted=sending.quoted,
        )
        self._world.say(account, person, bubble)
        self._confirm(account, person, [bubble], Status.DELIVERED)

    def _confirm(self, account: Account, person: Person, bubbles: list[Bubble], status: Status) -> None:
        for bubble in bubbles:
            bubble.status = advance(bubble.status, status)
        self._world.touch()
        stamps = [int(bubble.id.rpartition(":")[2]) for bubble in bubbles]
        when = self.bubble_id()
        told = receipt(when, stamps, read=status is Status.READ)
        self.outlet.tell(account, envelope(account, person, self.name_of(person), when, told))

    async def _receipt(self, request: Request) -> Response:
        account = self._account(request.path_params["number"])
        need(account is not None, "Specified account does not exist")
        assert account is not None
        recipient, stamp = receipt_of(await request.body())
        person = self._person(recipient)
        need(person is not None, "Invalid recipient")
        assert person is not None
        found = self._world.chat(account, person).find(f"{self.name_of(person)}:{stamp}")
        if found:  # Signal itself asks nothing about the time a receipt names
            found.status = Status.READ
            self._world.touch()
        return Response(status_code=204)

    async def _receive(self, request: Request) -> Response:
        if self.outlet.mode == "json-rpc":
            raise Refusal(400, "websocket: the client is not using the websocket protocol")
        timeout = request.query_params.get("timeout", "1")
        need(timeout.isdigit(), "Couldn't process request - timeout needs to be numeric!")
        account = self._account(request.path_params["number"])
        need(account is not None, f"User {request.path_params['number']} is not registered.")
        assert account is not None
        # Received is acknowledged: whatever becomes of this answer, it is told no second time.
        return Response(f"[{','.join(self.outlet.take(account))}]", media_type="text/plain")

    async def _listen(self, socket: WebSocket) -> None:
        await self.outlet.listen(socket, self._account(socket.path_params["number"]))

    async def _file(self, request: Request) -> Response:
        file = self.files.get(request.path_params["name"])
        if file is None:
            raise Refusal(404, "No attachment with that name found")
        return Response(file.data, media_type=file.mime)

    def _mine(self) -> list[Account]:
        return [one for one in self._world.accounts.values() if one.kind == self.kind]

    def _account(self, number: str) -> Account | None:
        return next((one for one in self._mine() if one.display == number), None)

    def _person(self, name: str) -> Person | None:
        if name.startswith("+"):
            return self._world.person(name)
        return self._world.person_named(self.kind, name)
