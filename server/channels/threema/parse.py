"""From Threema's callback to events: opened with our private key and the sender's kept public one, total.

Source: gateway.threema.ch/en/developer/api (callback) and /e2e (container, types), read mid-2026.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import server.channels.threema.crypto as crypto
from server.channels.threema.plan import THREEMA_ID
from server.domain.choices import THUMBS
from server.domain.events import (
    Event,
    InboundMessage,
    MediaRef,
    MessageKind,
    Status,
    StatusUpdate,
    UnknownEvent,
)
from server.domain.identities import Fact, Identity, IdentityKind
from server.domain.media import file_name

MAX_BOX_BYTES = 8000
MAX_FIELDS = 20
# An app puts one thumb at a time; each becomes a message in the inbox.
MAX_THUMBS = 8
BLOB = r"[0-9a-fA-F]{32}"
# An answer by quoting begins so in the apps; the id is the quoted message's.
_QUOTE = re.compile(r"> quote #([0-9a-f]{16})\r?\n\r?\n?", re.IGNORECASE)
_GROUP = {*range(0x41, 0x53), 0x81, 0x83}
_KINDS = {"image": MessageKind.IMAGE, "video": MessageKind.VIDEO, "audio": MessageKind.AUDIO}
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)


@dataclass(frozen=True, slots=True)
class Letter:
    """A callback's fields, each of the right shape. `repr` shows no content."""

    sender: str
    to: str
    message_id: str
    sent_at: datetime
    nonce: bytes
    box: bytes
    nickname: str

    @property
    def key(self) -> str:
        return f"{self.sender}:{self.message_id}"

    def __repr__(self) -> str:
        return f"Letter({self.key})"


def form(raw: bytes) -> dict[str, str]:
    """Return the fields of a callback. Raises ValueError for what is no form or names a field twice."""
    pairs = parse_qsl(
        raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=MAX_FIELDS
    )
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field comes twice")
    return fields


def letter(raw: bytes) -> Letter:
    """Return a callback's fields in their types. Raises ValueError and its like."""
    fields = form(raw)
    sender, message_id = fields["from"], fields["messageId"].lower()
    nonce, box = fields["nonce"], fields["box"]
    if not THREEMA_ID.fullmatch(sender) or not re.fullmatch(r"[0-9a-f]{16}", message_id):
        raise ValueError("sender or message id")
    if not re.fullmatch(r"[0-9a-fA-F]{48}", nonce) or not re.fullmatch(r"([0-9a-fA-F]{2})+", box):
        raise ValueError("nonce or box")
    if len(box) > 2 * MAX_BOX_BYTES or not re.fullmatch(r"[0-9]{1,12}", fields["date"]):
        raise ValueError("length or date")
    return Letter(
        sender=sender,
        to=fields["to"],
        message_id=message_id,
        sent_at=datetime.fromtimestamp(int(fields["date"]), UTC),
        nonce=bytes.fromhex(nonce),
        box=bytes.fromhex(box),
        nickname=_clean(fields.get("nickname", ""))[:200],
    )


def key_fact(threema_id: str) -> Fact:
    """Return the fact that is a person's public key (hex)."""
    return Fact(f"key:{threema_id}", about=threema_id)


def needs(raw: bytes) -> list[Fact]:
    """Return what must be known to read a callback: the sender's key, and that its nonce is this message's own."""
    try:
        post = letter(raw)
    except _MALFORMED:
        return []
    return [key_fact(post.sender), Fact(f"nonce:{post.nonce.hex()}", about=post.sender, value=post.key)]


def events(raw: bytes, own_id: str, private: bytes, facts: Mapping[str, str]) -> Iterator[Event]:
    """Yield what a callback tells. Refused (kept, not understood): another's, not openable, a nonce used before."""
    try:
        post = letter(raw)
    except _MALFORMED:
        yield _refused("body", raw)
        return
    if post.to != own_id:
        yield _refused("foreign", raw)
        return
    if facts.get(f"nonce:{post.nonce.hex()}") != post.key:
        yield _refused("nonce", raw)
        return
    try:
        public = bytes.fromhex(facts.get(f"key:{post.sender}", ""))
        kind, payload = crypto.opened(crypto.unseal(post.box, post.nonce, private=private, public=public))
    except _MALFORMED:
        yield _refused("unreadable", raw)
        return
    try:
        yield from list(_read(post, kind, payload))
    except _MALFORMED:
        yield _unknown(post, kind, payload)


def _read(post: Letter, kind: int, payload: bytes) -> Iterator[Event]:
    match kind:
        case crypto.TEXT:
            context, text = _quoted(_clean(payload.decode("utf-8", "replace")))
            yield _message(post, MessageKind.TEXT, text, context_id=context)
        case crypto.LOCATION:
            yield _message(post, MessageKind.LOCATION, _clean(payload.decode("utf-8", "replace")))
        case crypto.FILE:
            yield _file(post, json.loads(payload))
        case crypto.RECEIPT:
            yield from _receipt(post, payload)
        case crypto.IMAGE | crypto.VIDEO | crypto.AUDIO:
            yield _legacy(post, kind, payload)
        case _:
            yield _unknown(post, kind, payload)


def _file(post: Letter, told: dict[str, Any]) -> Event:
    blob, key, mime = told["b"], told["k"], _text(told, "m", 1000).split(";")[0].strip().lower()[:100]
    if not re.fullmatch(BLOB, blob) or not re.fullmatch(r"[0-9a-fA-F]{64}", key):
        raise ValueError("blob or key")
    kind = _KINDS.get(mime.partition("/")[0], MessageKind.DOCUMENT)
    if told.get("j") == 2 and kind is MessageKind.IMAGE:
        kind = MessageKind.STICKER
    media = MediaRef(id=f"{blob.lower()}:{key.lower()}", mime=mime, name=file_name(told.get("n")))
    return _message(post, kind, _text(told, "d", 8000), media=media)


def _legacy(post: Letter, kind: int, payload: bytes) -> Event:
    """Return a picture, clip or voice message of the old kind; an old picture's key is the box of two people."""
    if kind == crypto.IMAGE:
        _exactly(payload, 44)
        media = MediaRef(f"{payload[:16].hex()}:{payload[20:].hex()}:{post.sender}", "image/jpeg")
        return _message(post, MessageKind.IMAGE, media=media)
    if kind == crypto.VIDEO:
        _exactly(payload, 74)
        media = MediaRef(f"{payload[2:18].hex()}:{payload[42:].hex()}", "video/mp4")
        return _message(post, MessageKind.VIDEO, media=media)
    _exactly(payload, 54)
    media = MediaRef(f"{payload[2:18].hex()}:{payload[22:].hex()}", "audio/aac")
    return _message(post, MessageKind.AUDIO, media=media)


def _receipt(post: Letter, payload: bytes) -> Iterator[Event]:
    """Yield one event for each message named: 1 received, 2 read, 3 thumb up, 4 thumb down."""
    state, ids = payload[0], [payload[at : at + 8].hex() for at in range(1, len(payload), 8)]
    if state not in (1, 2, 3, 4) or not ids or len(ids[-1]) != 16:
        raise ValueError("not a receipt")
    if state > 2 and len(ids) > MAX_THUMBS:
        raise ValueError("a flood of thumbs")
    for place, named in enumerate(ids, 1):
        if state <= 2:
            yield StatusUpdate(named, Status.DELIVERED if state == 1 else Status.READ, post.sent_at)
        else:
            yield _message(post, MessageKind.REACTION, THUMBS[state - 3], context_id=named, place=place)


def _message(
    post: Letter,
    kind: MessageKind,
    text: str = "",
    *,
    media: MediaRef | None = None,
    context_id: str = "",
    place: int = 1,
) -> InboundMessage:
    return InboundMessage(
        foreign_id=post.key if place == 1 else f"{post.key}#{place}",
        sender=(Identity(IdentityKind.THREEMA, post.sender),),
        sent_at=post.sent_at,
        kind=kind,
        text=text,
        media=media,
        context_id=context_id,
        profile_name=post.nickname,
    )


def _unknown(post: Letter, kind: int, payload: bytes) -> UnknownEvent:
    """Return what was opened and not understood, or is not meant for us alone (groups)."""
    told = {
        "from": post.sender,
        "messageId": post.message_id,
        "type": f"{kind:02x}",
        "payload": payload.hex(),
    }
    topic = "threema.group" if kind in _GROUP else f"threema.{kind:02x}"
    return UnknownEvent(key=post.key, topic=topic, raw=json.dumps(told, sort_keys=True))


def _refused(why: str, raw: bytes) -> UnknownEvent:
    """Return what must not be believed; its key is its fingerprint, so that it takes no true message's place."""
    words = raw.decode("ascii", "replace").replace("\0", "")
    return UnknownEvent(f"unknown:{hashlib.sha256(raw).hexdigest()}", f"threema.{why}", words)


def _quoted(text: str) -> tuple[str, str]:
    """Return (quoted message's id, the words without the quote)."""
    found = _QUOTE.match(text)
    return (found[1].lower(), text[found.end() :]) if found else ("", text)


def _text(told: dict[str, Any], name: str, limit: int) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(name)
    return _clean(value)


def _clean(text: str) -> str:
    """Return the text without what no database takes: half surrogates and NUL."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _exactly(payload: bytes, length: int) -> None:
    if len(payload) != length:
        raise crypto.Unreadable("length")
