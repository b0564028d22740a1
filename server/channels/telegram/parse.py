"""From Telegram's updates to events: total, nothing raised and nothing lost (Bot API 10.1, types Update and Message)."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from server.channels.base_http import storable
from server.channels.telegram.plan import button_id_of, message_name
from server.domain.events import (
    NOT_TOLD,
    Change,
    Event,
    InboundMessage,
    Joined,
    MediaRef,
    MessageKind,
    OptOut,
    UnknownEvent,
)
from server.domain.identities import Identity, IdentityKind
from server.domain.media import file_name

UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What the bot asks to be told of."""
CALLBACK = "callback:"
_FILES = {
    # An animation comes with a document of the same file, for old programs.
    "animation": MessageKind.VIDEO,
    "document": MessageKind.DOCUMENT,
    "voice": MessageKind.AUDIO,
    "audio": MessageKind.AUDIO,
    "video": MessageKind.VIDEO,
    "video_note": MessageKind.VIDEO,
}
_MIMES = {"voice": "audio/ogg", "audio": "audio/mpeg", "video": "video/mp4", "video_note": "video/mp4", "animation": "video/mp4"}  # fmt: skip
# Things a customer may say for which we have no picture of our own; their name stands in for them.
_OTHERS = (
    "rich_message", "live_photo", "paid_media", "story", "poll", "dice", "game", "checklist", "gift", "unique_gift", "invoice",
)  # fmt: skip
_START = re.compile(r"/start(?:@\w+)?(?: +([A-Za-z0-9_-]{1,64}))?\s*")
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, IndexError)
Item = dict[str, Any]


def events(raw: bytes) -> Iterator[Event]:
    """Yield what one update tells; it tells one thing."""
    try:
        update = storable(json.loads(raw))
        number = _whole(update, "update_id")
    except (*_MALFORMED, RecursionError):
        yield _unknown("body", raw.decode("utf-8", "replace").replace("\0", ""))
        return
    key = f"update:{number}"
    topic = next((name for name in update if name != "update_id"), "empty")
    reader = _READERS.get(topic)
    try:
        event = reader(update[topic], key) if reader else None
    except _MALFORMED:
        event = None
    yield event or _unknown(topic, update, key)


def _message(item: Item, key: str) -> Event | None:
    sender, name = _person(item)
    foreign_id, at = _name(item), _when(item["date"])
    started = _START.fullmatch(_text(item, "text"))
    # A forwarded word was somebody else's key.
    if started and "forward_origin" not in item:
        return Joined(key=key, sender=sender, at=at, payload=started[1] or "", profile_name=name)
    content = _content(item)
    if content is None:
        return None
    kind, text, media = content
    return InboundMessage(
        foreign_id=foreign_id,
        sender=sender,
        sent_at=at,
        kind=kind,
        text=text,
        media=media,
        context_id=_name(item["reply_to_message"]) if "reply_to_message" in item else "",
        profile_name=name,
    )


def _edited(item: Item, key: str) -> Event | None:
    sender, _ = _person(item)
    content = _content(item)
    if content is None:
        return None
    at = _when(item.get("edit_date") or item["date"])
    return Change(key=key, foreign_id=_name(item), sender=sender, at=at, text=content[1])


def _tapped(item: Item, key: str) -> Event | None:
    """Return the answer by a button; Telegram tells no time of it, and no title but in the message it belongs to."""
    asked = item["message"]
    sender, name = _person({"chat": asked["chat"], "from": item["from"]})
    data, number = _text(item, "data", 64), _text(item, "id", 100)
    if not data or not number:
        raise ValueError("a tap without data is a game's")
    return InboundMessage(
        foreign_id=f"{CALLBACK}{number}",
        sender=sender,
        sent_at=NOT_TOLD,
        kind=MessageKind.BUTTON,
        text=_title(asked, data),
        button_id=button_id_of(data),
        context_id=_name(asked),
        profile_name=name,
    )


def _title(asked: Item, data: str) -> str:
    rows = (asked.get("reply_markup") or {}).get("inline_keyboard") or []
    titles = (button["text"] for row in rows for button in row if button.get("callback_data") == data)
    title = next(titles, "")
    return title if isinstance(title, str) else ""


def _member(item: Item, key: str) -> Event | None:
    """Return that a customer has blocked the bot or let it in again."""
    sender, _ = _person(item)
    status = item["new_chat_member"]["status"]
    if status not in ("kicked", "member"):
        return None
    return OptOut(key=key, sender=sender, at=_when(item["date"]), stopped=status == "kicked")


_READERS: dict[str, Callable[[Item, str], Event | None]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _tapped,
    "my_chat_member": _member,
}


def _person(item: Item) -> tuple[tuple[Identity, ...], str]:
    """Return who speaks in a private chat; raises ValueError for groups, channels and other bots.

    Known by his chat only: a username can go to somebody else.
    """
    chat, person = item["chat"], item["from"]
    if chat["type"] != "private" or person.get("is_bot"):
        raise ValueError("not a person's own chat")
    names = (_text(person, "first_name", 200), _text(person, "last_name", 200))
    profile = " ".join(part for part in names if part)[:200]
    return (Identity(IdentityKind.CHAT, str(_whole(chat, "id"))),), profile


def _content(item: Item) -> tuple[MessageKind, str, MediaRef | None] | None:
    """Return (kind, words, file) of a message, None when it is no message but news of the chat."""
    if "text" in item:
        return MessageKind.TEXT, _text(item, "text"), None
    caption = _text(item, "caption")
    if item.get("photo"):
        largest = max(item["photo"], key=lambda one: _whole(one, "width") * _whole(one, "height"))
        return MessageKind.IMAGE, caption, MediaRef(_text(largest, "file_id", 500), "image/jpeg")
    for name, kind in _FILES.items():
        if name in item:
            return kind, caption, _file(item[name], _MIMES.get(name, ""))
    if "sticker" in item:
        return MessageKind.STICKER, _text(item["sticker"], "emoji", 64), None
    if "venue" in item or "location" in item:
        return MessageKind.LOCATION, _place(item), None
    if "contact" in item:
        card = item["contact"]
        parts = [_text(card, name, 200) for name in ("first_name", "last_name", "phone_number")]
        return MessageKind.CONTACTS, " ".join(part for part in parts if part), None
    other = next((name for name in _OTHERS if name in item), None)
    return (MessageKind.OTHER, caption or other, None) if other else None


def _file(block: Item, mime: str) -> MediaRef:
    file_id = _text(block, "file_id", 500)
    if not file_id:
        raise ValueError("a file needs its id")
    told = _text(block, "mime_type", 1000).split(";")[0].strip()[:100]
    return MediaRef(id=file_id, mime=told or mime, name=file_name(block.get("file_name")))


def _place(item: Item) -> str:
    venue = item.get("venue") or {}
    where = venue.get("location") or item["location"]
    words = [
        _text(venue, "title"),
        _text(venue, "address"),
        f"{float(where['latitude'])}, {float(where['longitude'])}",
    ]
    return "\n".join(word for word in words if word)  # fmt: skip


def _name(item: Item) -> str:
    return message_name(_whole(item["chat"], "id"), _whole(item, "message_id"))


def _whole(block: Item, name: str) -> int:
    value = block[name]
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError(f"{name} is no whole number")
    return value


def _text(block: Item, name: str, limit: int = 5000) -> str:
    """Return a string field, "" when absent; raises ValueError for another type or a text no column holds."""
    value = block.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"{name} is not a text of {limit} characters")
    return value


def _when(seconds: Any) -> datetime:
    if type(seconds) is not int:
        raise ValueError("no Unix seconds")
    return datetime.fromtimestamp(seconds, UTC)


def _unknown(topic: str, item: object, key: str = "") -> UnknownEvent:
    """Return an event for what was not understood; without a number of its own its key is its fingerprint."""
    raw = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
    return UnknownEvent(
        key=key or f"unknown:{hashlib.sha256(raw.encode()).hexdigest()}", topic=topic[:64], raw=raw
    )
