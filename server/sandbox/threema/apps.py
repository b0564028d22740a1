"""The customers' Threema apps, and the Gateway's callbacks that tell the firm what they say."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from nacl.public import Box, PrivateKey, PublicKey

from server.domain.events import Status, advance
from server.sandbox.postman import Postman
from server.sandbox.threema.box import DOWN, READ, UP, file_message, lock, receipt, seal, signed
from server.sandbox.world import Account, Bubble, File, Person, World

BLOB_LIFE = timedelta(days=14)
TRIES, EVERY_S = 4, 300.0
ECHO = "ECHOECHO"
_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ23456789"


class ThreemaApps:
    """Every customer's id, key pair and app.

    `lost` counts the callbacks thrown away by account, `losses` says when they were born.
    """

    kind: ClassVar[str] = "threema"

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self._postman = postman
        self.keys: dict[str, PrivateKey] = {ECHO: PrivateKey(bytes(range(32)))}
        self.blobs: dict[str, File] = {}
        self.files: dict[str, File] = {}
        self.lost: Counter[str] = Counter()
        self.losses: list[tuple[str, datetime]] = []

    def id_of(self, person: Person) -> str:
        """Return the person's Threema id; it is made when first asked for, and its key from it: the same for ever."""
        if self.kind not in person.ids:
            person.ids[self.kind] = "".join(self._world.chance.choice(_ALPHABET) for _ in range(8))
        own = person.ids[self.kind]
        if own not in self.keys:
            self.keys[own] = PrivateKey(hashlib.sha256(f"sandbox {own}".encode()).digest())
        return own

    def swap_key(self, person: Person) -> None:
        """Let the directory tell another key for the same id: what must never happen in life."""
        self.keys[self.id_of(person)] = PrivateKey(self._world.chance.randbytes(32))

    def lock_for(self, account: Account, person: Person, data: bytes, nonce: bytes) -> str:
        """Store a picture as the old apps did, in a box between the two, and return its blob's name."""
        box = Box(self.keys[self.id_of(person)], PublicKey(bytes.fromhex(account.secret)))
        return self.keep_blob(box.encrypt(data, nonce).ciphertext)

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Let the customer write, send a photo, or put a thumb to the message in `quoted`."""
        self._world.say(account, person, bubble)

        def carried() -> None:
            bubble.status = advance(bubble.status, Status.DELIVERED)
            self._world.touch()

        if bubble.kind == "button":
            thumb = receipt(UP if bubble.tapped == "👍" else DOWN, bubble.quoted)
            self.tell(account, self.id_of(person), 0x80, thumb, bubble.id, carried)
        elif bubble.kind == "image":
            file, key = self.files[bubble.picture], self._world.chance.randbytes(32)
            blob = self.keep_blob(lock(file.data, key))
            told = file_message(blob, key, file.mime, len(file.data), bubble.text)
            self.tell(account, self.id_of(person), 0x17, told, bubble.id, carried)
        else:
            quote = f"> quote #{bubble.quoted}\n\n" if bubble.quoted else ""
            self.tell(account, self.id_of(person), 0x01, (quote + bubble.text).encode(), bubble.id, carried)

    def keep(self, data: bytes, mime: str) -> str:
        name = self._world.chance.randbytes(16).hex()
        self.files[name] = File(data, mime, self._world.now() + BLOB_LIFE)
        return name

    def keep_blob(self, blob: bytes) -> str:
        """Store what only its key can open."""
        name = self._world.chance.randbytes(16).hex()
        self.blobs[name] = File(blob, "application/octet-stream", self._world.now() + BLOB_LIFE)
        return name

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer look: one receipt for everything he had not read."""
        unread = [
            bubble
            for bubble in self._world.chat(account, person).bubbles
            if bubble.from_firm and bubble.status is Status.DELIVERED
        ]
        for bubble in unread:
            bubble.status = Status.READ
        if unread and account.secret:
            self._world.touch()
            told = receipt(READ, *(bubble.id for bubble in unread))
            self.tell(account, self.id_of(person), 0x80, told)

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Block the firm or let it in again. Nobody is told; the messages vanish."""
        person.blocked = blocked
        self._world.touch()

    def bubble_id(self) -> str:
        return self._world.chance.randbytes(8).hex()

    def tell(
        self,
        account: Account,
        sender: str,
        kind: int,
        payload: bytes,
        message_id: str = "",
        carried: Callable[[], None] | None = None,
    ) -> None:
        """Seal a message of an app for the firm and call it back; in basic mode it goes nowhere."""
        if not account.secret:
            return
        chance = self._world.chance
        nonce, padding = chance.randbytes(24), chance.randrange(1, 256)
        box = seal(kind, payload, nonce, self.keys[sender], account.secret, padding)
        if self._world.lucky(self._world.whims.broken):
            self.call_back(account, sender, self.bubble_id(), chance.randbytes(24), chance.randbytes(60))
        self.call_back(account, sender, message_id or self.bubble_id(), nonce, box, carried)

    def call_back(
        self,
        account: Account,
        sender: str,
        message_id: str,
        nonce: bytes,
        box: bytes,
        carried: Callable[[], None] | None = None,
    ) -> None:
        """Post a callback: signed, tried four times in a quarter of an hour, then thrown away and counted."""
        person = self._world.person_named(self.kind, sender)
        born = self._world.now()
        fields = {
            "from": sender,
            "to": account.own_id,
            "messageId": message_id,
            "date": str(int(born.timestamp())),
            "nonce": nonce.hex(),
            "box": box.hex(),
            "nickname": person.name if person else sender,
        }

        def again(status: int, tries: int, age: timedelta) -> float | None:
            if tries + 1 < TRIES:
                return EVERY_S
            self.lost[account.key] += 1
            self.losses.append((account.key, born))
            return None

        body = urlencode(signed(fields, account.token)).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        self._postman.post(account.hook_path, body, headers, carried, again=again)
