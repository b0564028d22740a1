"""Threema's Gateway, its directory and its customers' apps: strict with the form, blind to the words, quick to forget.

An account's `token` is the API secret, its `secret` the firm's public key in hex ("" = basic mode): the Gateway never
learns the private one (gateway.threema.ch/en/developer/api, mid-2026).
"""

import re

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.domain.events import Status
from server.sandbox.platform import Endpoint, Refused, faulty, is_play
from server.sandbox.postman import Postman
from server.sandbox.threema.apps import BLOB_LIFE, ECHO, ThreemaApps
from server.sandbox.threema.box import (
    RECEIVED,
    Nonsense,
    Shown,
    directory_hash,
    open_box,
    receipt,
    shown,
    unlock,
)
from server.sandbox.world import Account, Bubble, File, Person, World

MAX_BLOB_BYTES = 20_000_000
MAX_BOX_BYTES = 4000
CREDITS = 1000
ABLE = "text,image,video,audio,file"
# A thumb can be put to any message end to end; the phone shows it as buttons.
THUMBS = (("👍", "👍"), ("👎", "👎"))


class Refusal(Refused):
    """A status is all the Gateway says."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status

    def answer(self) -> Response:
        return PlainTextResponse("", status_code=self.status)


class ThreemaPlatform(ThreemaApps):
    """`credits` (by account) and `able` (by id) may be set from outside."""

    def __init__(self, world: World, postman: Postman) -> None:
        super().__init__(world, postman)
        self._nonces: set[tuple[str, str]] = set()
        self.credits: dict[str, int] = {}
        self.able: dict[str, str] = {}
        self.routes = [
            Route("/threema/send_simple", self._faulty("messages", self._simple), methods=["POST"]),
            Route("/threema/send_e2e", self._faulty("messages", self._e2e), methods=["POST"]),
            Route(
                "/threema/upload_blob",
                self._faulty("media", self._upload),
                methods=["POST"],
                max_body_size=MAX_BLOB_BYTES + 100_000,
            ),
            Route("/threema/blobs/{id}", self._faulty("files", self._blob), methods=["GET"]),
            Route("/threema/lookup/{kind}/{id}", self._faulty("directory", self._lookup), methods=["GET"]),
            Route("/threema/pubkeys/{id}", self._faulty("directory", self._key), methods=["GET"]),
            Route("/threema/capabilities/{id}", self._faulty("directory", self._able), methods=["GET"]),
            Route("/threema/credits", self._faulty("directory", self._credits), methods=["GET"]),
        ]

    def _faulty(self, call: str, endpoint: Endpoint) -> Endpoint:
        # A refusal that certainly took nothing: 500 would leave that open.
        return faulty(self._world, f"threema.{call}", endpoint, lambda: Refusal(429))

    async def _simple(self, request: Request) -> Response:
        async with request.form(max_files=0) as form:
            account = self._account(form)
            fields = _fields(request, form, {"from", "secret", "text"}, {"to", "phone", "email"})
        need(not account.secret, 400)
        size = len(fields["text"].encode())
        need(size > 0, 400)
        need(size <= 3500, 413)
        names = [name for name in ("to", "phone", "email") if name in fields]
        need(len(names) == 1, 400)
        person = self._person(names[0], fields[names[0]])
        need(person is not None, 400 if names[0] == "to" else 404)
        self._pay(account)
        return await self._accept(account, person, Shown(fields["text"]))

    async def _e2e(self, request: Request) -> Response:
        async with request.form(max_files=0) as form:
            account = self._account(form)
            fields = _fields(request, form, {"from", "to", "nonce", "box", "secret"}, set())
        need(bool(account.secret), 400)
        need(re.fullmatch(r"[0-9a-f]{48}", fields["nonce"]) is not None, 400)
        need(re.fullmatch(r"([0-9a-f]{2}){17,}", fields["box"]) is not None, 400)
        need(len(fields["box"]) <= 2 * MAX_BOX_BYTES, 413)
        need(fields["to"] in self.keys, 400)
        need((fields["from"], fields["nonce"]) not in self._nonces, 400)
        self._nonces.add((fields["from"], fields["nonce"]))
        said = self._opened(account, fields)
        self._pay(account)
        person = self._world.person_named(self.kind, fields["to"])
        if fields["to"] == ECHO:
            self.tell(account, ECHO, 0x01, said.text.encode() or b"?")
        return await self._accept(account, person, said)

    def _opened(self, account: Account, fields: dict[str, str]) -> Shown:
        """Read the message as the customer's app does; one no app could show is a bug of the firm's."""
        box, nonce = bytes.fromhex(fields["box"]), bytes.fromhex(fields["nonce"])
        try:
            said = shown(*open_box(box, nonce, self.keys[fields["to"]], account.secret))
            if said.blob:
                need(said.blob in self.blobs, 400)
                data = unlock(self.blobs[said.blob].data, said.key)
                self.files[said.blob] = File(data, said.mime, self._world.now() + BLOB_LIFE)
        except Nonsense as error:
            raise Refusal(400) from error
        return said

    async def _accept(self, account: Account, person: Person | None, said: Shown) -> Response:
        """Bring the message to the phone, whose app says at once that it has come; to who blocks, it vanishes."""
        bubble = Bubble(
            id=self.bubble_id(),
            from_firm=True,
            at=self._world.now(),
            kind="image" if said.blob else "text",
            text=said.text,
            picture=said.blob,
            buttons=THUMBS if account.secret else (),
        )
        if person is not None and not person.blocked:
            self._world.say(account, person, bubble)
            bubble.status = Status.DELIVERED
            self.tell(account, self.id_of(person), 0x80, receipt(RECEIVED, bubble.id))
            if self._world.lucky(self._world.whims.early):
                await self._postman.carry()
        return PlainTextResponse(bubble.id)

    async def _upload(self, request: Request) -> Response:
        account = self._account(request.query_params)
        async with request.form(max_files=1, max_fields=1) as form:
            part = form.get("blob")
            data = b"" if part is None or isinstance(part, str) else await part.read()
        need(bool(data), 400)
        need(len(data) <= MAX_BLOB_BYTES, 413)
        self._pay(account)
        return PlainTextResponse(self.keep_blob(data))

    async def _blob(self, request: Request) -> Response:
        self._account(request.query_params)
        file = self.blobs.get(request.path_params["id"])
        need(file is not None and file.until >= self._world.now(), 404)
        assert file
        return Response(file.data, media_type="application/octet-stream")

    async def _credits(self, request: Request) -> Response:
        return PlainTextResponse(str(self._left(self._account(request.query_params))))

    async def _lookup(self, request: Request) -> Response:
        """Answer the id of a number or an address, plain or hashed."""
        self._account(request.query_params)
        kind, wanted = request.path_params["kind"], request.path_params["id"]
        need(kind in ("phone", "email", "phone_hash", "email_hash"), 404)
        person = self._person(kind, wanted)
        if person is None:
            raise Refusal(404)
        return PlainTextResponse(self.id_of(person))

    async def _key(self, request: Request) -> Response:
        account, wanted = self._account(request.query_params), request.path_params["id"]
        if wanted == account.own_id and account.secret:
            return PlainTextResponse(account.secret)
        need(wanted in self.keys, 404)
        return PlainTextResponse(bytes(self.keys[wanted].public_key).hex())

    async def _able(self, request: Request) -> Response:
        self._account(request.query_params)
        wanted = request.path_params["id"]
        need(wanted in self.keys, 404)
        return PlainTextResponse(self.able.get(wanted, ABLE))

    def _person(self, kind: str, wanted: str) -> Person | None:
        if kind == "to":
            return self._world.person_named(self.kind, wanted)
        by, _, hashed = kind.partition("_")
        for person in self._world.people.values():
            value = person.digits if by == "phone" else person.ids.get("email", "")
            if value and wanted == (directory_hash(by, value) if hashed else value):
                return person
        return None

    def _account(self, given: FormData | QueryParams) -> Account:
        """Return whose id and secret these are; a secret of the real Gateway is refused before anything is looked at."""
        own, secret = str(given.get("from", "")), str(given.get("secret", ""))
        mine = (one for one in self._world.accounts.values() if one.kind == self.kind)
        account = next((one for one in mine if one.own_id == own and one.token == secret), None)
        if account is None or not is_play(secret):
            raise Refusal(401)
        return account

    def _left(self, account: Account) -> int:
        return self.credits.setdefault(account.key, CREDITS)

    def _pay(self, account: Account) -> None:
        """Take a credit. Raises Refusal 402 when there is none."""
        need(self._left(account) > 0, 402)
        self.credits[account.key] -= 1


def need(holds: bool, status: int) -> None:
    """Raise the refusal unless it holds."""
    if not holds:
        raise Refusal(status)


def _fields(request: Request, form: FormData, wanted: set[str], may: set[str]) -> dict[str, str]:
    """Return the form's fields: all that are wanted, none twice, none of another kind."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    names = [name for name, _ in form.multi_items()]
    need(kind == "application/x-www-form-urlencoded", 400)
    need(len(names) == len(set(names)) and wanted <= set(names) <= wanted | may, 400)
    return {name: str(value) for name, value in form.items()}
