"""From Messenger's webhook to events: total, item by item, nothing raised and nothing lost.

Source: Messenger Platform, "Webhook Events Reference", changelog of 1 June 2026 (stickers), read mid-2026.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from server.channels.base_http import storable
from server.channels.base_meta import MALFORMED, text_of, unknown
from server.channels.messenger.parts import parts_of
from server.domain.events import (
    ELSEWHERE,
    Change,
    Echo,
    Event,
    HealthEvent,
    InboundMessage,
    Joined,
    MessageKind,
    Status,
    StatusUpdate,
    Watermark,
)
from server.domain.identities import Identity, IdentityKind

# Leaves room for "#2" and ":delivered" in the columns that hold ids and keys.
MAX_ID = 180
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As milliseconds this is 1973, as seconds the year 5138.
_SECONDS = 100_000_000_000
# "warning" changes nothing yet; a block stops every send of the page.
_HEALTH = {"block": "paused", "unblock": "ok", "warning": ""}
Item = dict[str, Any]
Reader = Callable[[Item, str], list[Event]]


def events(raw: bytes, page_id: str) -> Iterator[Event]:
    """Yield what a webhook's body tells; items for another page of the same app come as unknown."""
    try:
        entries = list(storable(json.loads(raw))["entry"])
    except (*MALFORMED, RecursionError):
        yield unknown("body", raw.decode("utf-8", "replace").replace("\0", ""))
        return
    for entry in entries:
        if not isinstance(entry, dict) or not any(
            name in entry for name in ("messaging", "standby", "changes")
        ):
            yield unknown("entry", entry)
            continue
        mine = entry.get("id") == page_id
        # In "standby" another app of the firm has the conversation; what the customer says is meant for the firm all the same.
        for name in ("messaging", "standby"):
            for item in _list(entry.get(name, [])):
                yield from _read(item, page_id) if mine else [unknown(f"{name}{ELSEWHERE}", item)]
        for change in _list(entry.get("changes", [])):
            yield from _change(change, page_id) if mine else [unknown(f"changes{ELSEWHERE}", change)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _change(change: Any, page_id: str) -> list[Event]:
    """Return what a change holds: Meta's own examples show messages in this frame, too."""
    value = change.get("value") if isinstance(change, dict) else None
    told = isinstance(value, dict) and any(name in value for name in _READERS) and "recipient" in value
    return _read(value, page_id) if told else [unknown("changes", change)]


def _read(item: Any, page_id: str) -> list[Event]:
    topic = next((name for name in _READERS if isinstance(item, dict) and name in item), "")
    if not topic:
        return [unknown(_topic(item), item)]
    try:
        return _READERS[topic](item, page_id)
    except MALFORMED:
        return [unknown(topic, item)]


def _topic(item: Any) -> str:
    """Return what an item calls itself: the one name that is not its frame."""
    frame = {"sender", "recipient", "timestamp"}
    names = sorted(set(item) - frame) if isinstance(item, dict) else []
    return names[0] if names else "item"


def _message(item: Item, page_id: str) -> list[Event]:
    message = item["message"]
    mid = _id(message, "mid")
    if message.get("is_echo") is True:
        return _echo(item, mid, page_id)
    sender, at = _sender(item, page_id), _when(item["timestamp"])
    if message.get("is_deleted") is True:
        return [Change(key=f"{mid}:deleted", foreign_id=mid, sender=sender, at=at, text=None)]
    payload = text_of(message.get("quick_reply") or {}, "payload")
    context = text_of(message.get("reply_to") or {}, "mid", limit=MAX_ID)
    found: list[Event] = _joined(message.get("referral"), f"{mid}:ref", sender, at)
    for place, part in enumerate(parts_of(message)):
        found.append(
            InboundMessage(
                foreign_id=_numbered(mid, place),
                sender=sender,
                sent_at=at,
                kind=MessageKind.BUTTON if payload and not place else part.kind,
                text=part.text,
                button_id="" if place else payload,
                media=part.media,
                context_id=context,
            )
        )
    return found


def _echo(item: Item, mid: str, page_id: str) -> list[Event]:
    """Return what the firm said: by us (its metadata is our intent id) or by hand in the page's inbox."""
    message, at = item["message"], _when(item["timestamp"])
    if item["sender"]["id"] != page_id:
        raise ValueError("an echo comes from the page")
    to = (_psid(item["recipient"]),)
    opaque = _intent(message.get("metadata"))
    context = text_of(message.get("reply_to") or {}, "mid", limit=MAX_ID)
    parts = parts_of(message)
    # One intent is one message, whatever Meta hangs onto it.
    shown = parts[:1] if opaque else parts
    return [
        Echo(
            foreign_id=_numbered(mid, place),
            to=to,
            sent_at=at,
            kind=part.kind,
            text=part.text,
            media=part.media,
            opaque=opaque,
            context_id=context,
        )
        for place, part in enumerate(shown)
    ]


def _postback(item: Item, page_id: str) -> list[Event]:
    """Return a tap on a button that stays; in standby its payload is missing, on old pages its id."""
    postback, at = item["postback"], _when(item["timestamp"])
    sender = _sender(item, page_id)
    payload = text_of(postback, "payload")
    mid = _id(postback, "mid") if postback.get("mid") else _made("postback", sender, at, payload)
    said = InboundMessage(
        foreign_id=mid,
        sender=sender,
        sent_at=at,
        kind=MessageKind.BUTTON,
        text=text_of(postback, "title"),
        button_id=payload,
    )
    return [*_joined(postback.get("referral"), f"{mid}:ref", sender, at), said]


def _referral(item: Item, page_id: str) -> list[Event]:
    sender, at = _sender(item, page_id), _when(item["timestamp"])
    word = text_of(item["referral"], "ref")
    found = _joined(item["referral"], _made("ref", sender, at, word), sender, at)
    return found or [unknown("referral", item)]


def _joined(referral: Any, key: str, sender: tuple[Identity, ...], at: datetime) -> list[Event]:
    """Return that somebody came by a link with a word of ours; one without tells nothing."""
    word = referral.get("ref") if isinstance(referral, dict) else None
    if not isinstance(word, str) or not word:
        return []
    return [Joined(key=key, sender=sender, at=at, payload=word[:2000])]


def _reaction(item: Item, page_id: str) -> list[Event]:
    """Return a reaction; taken back it has no sign."""
    reaction, at = item["reaction"], _when(item["timestamp"])
    sender, mid = _sender(item, page_id), _id(reaction, "mid")
    sign = text_of(reaction, "emoji", limit=64) or text_of(reaction, "reaction", limit=64)
    gone = reaction["action"] == "unreact"
    return [
        InboundMessage(
            foreign_id=_made("reaction", sender, at, f"{mid}:{reaction['action']}"),
            sender=sender,
            sent_at=at,
            kind=MessageKind.REACTION,
            text="" if gone else sign,
            context_id=mid,
        )
    ]


def _edit(item: Item, page_id: str) -> list[Event]:
    edit, at = item["message_edit"], _when(item["timestamp"])
    mid = _id(edit, "mid")
    if not isinstance(edit["text"], str):
        raise ValueError("an edit has a text")
    return [
        Change(
            key=f"{mid}:edit:{int(edit['num_edit'])}"[:300],
            foreign_id=mid,
            sender=_sender(item, page_id),
            at=at,
            text=edit["text"],
        )
    ]


def _delivery(item: Item, page_id: str) -> list[Event]:
    """Return that everything up to a moment has arrived, and the messages it names one by one."""
    delivery, sender = item["delivery"], _sender(item, page_id)
    upto = _when(delivery["watermark"])
    named: list[Event] = [
        StatusUpdate(foreign_id=mid, status=Status.DELIVERED, at=upto)
        if isinstance(mid, str) and 0 < len(mid) <= MAX_ID
        else unknown("delivery.mids", mid)
        for mid in _list(delivery.get("mids") or [])
    ]
    return [*named, _watermark(sender, Status.DELIVERED, upto)]


def _seen(item: Item, page_id: str) -> list[Event]:
    return [_watermark(_sender(item, page_id), Status.READ, _when(item["read"]["watermark"]))]


def _watermark(sender: tuple[Identity, ...], status: Status, upto: datetime) -> Watermark:
    return Watermark(key=f"{sender[0].value}:{status}:{_ms(upto)}", sender=sender, status=status, upto=upto)


def _policy(item: Item, page_id: str) -> list[Event]:
    """Return that Meta warns, stops or frees the page; it names no person."""
    action = item["policy_enforcement"]["action"]
    detail = json.dumps(item["policy_enforcement"], ensure_ascii=False, sort_keys=True)
    key = f"policy:{page_id}:{_ms(_when(item['timestamp']))}:{action}"[:300]
    return [HealthEvent(key=key, topic="policy_enforcement", detail=detail, health=_HEALTH[action])]


_READERS: dict[str, Reader] = {
    "message": _message,
    "postback": _postback,
    "referral": _referral,
    "reaction": _reaction,
    "message_edit": _edit,
    "delivery": _delivery,
    "read": _seen,
    "policy_enforcement": _policy,
}


def _sender(item: Item, page_id: str) -> tuple[Identity, ...]:
    person = _psid(item["sender"])
    if person.value == page_id:
        raise ValueError("the page does not write to itself")
    return (person,)


def _psid(block: Any) -> Identity:
    return Identity(IdentityKind.PSID, _id(block, "id"))


def _id(block: Any, name: str) -> str:
    value = text_of(block, name, limit=MAX_ID)
    if not value:
        raise ValueError(f"{name} is missing")
    return value


def _numbered(mid: str, place: int) -> str:
    return mid if place == 0 else f"{mid}#{place + 1}"


def _made(topic: str, sender: tuple[Identity, ...], at: datetime, content: str) -> str:
    """Return an id for what has none: the same for the same thing told twice."""
    fingerprint = hashlib.sha256(f"{sender[0].value}:{content}".encode()).hexdigest()[:32]
    return f"{topic}:{_ms(at)}:{fingerprint}"


def _intent(metadata: Any) -> str:
    """Return our intent id; another tool's own metadata is nothing to us."""
    try:
        return str(UUID(metadata))
    except MALFORMED:
        return ""


def _when(moment: Any) -> datetime:
    """Return the moment of Unix milliseconds; a few of Meta's examples count seconds."""
    number = int(moment)
    return _EPOCH + (timedelta(seconds=number) if abs(number) < _SECONDS else timedelta(milliseconds=number))


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
