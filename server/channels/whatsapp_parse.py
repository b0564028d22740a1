"""From Meta's webhook to events: total, item by item, nothing raised and nothing lost (W/webhooks, read mid-2026)."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from server.channels.whatsapp_errors import error_of, outcome_of
from server.domain.channels import Identity, IdentityKind
from server.domain.events import (
    Event,
    HealthEvent,
    InboundMessage,
    MediaRef,
    MessageKind,
    OptOut,
    Status,
    StatusUpdate,
    UnknownEvent,
)

# A "played" voice message was certainly read.
_STATUS = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}
_MEDIA = {"image", "audio", "video", "document", "sticker"}
# They tell about a message or a person and are none themselves.
_NOT_MESSAGES = {"system", "edit", "revoke"}
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)
Item = dict[str, Any]
Reader = Callable[[Item], Event]


def events(raw: bytes, phone_number_id: str) -> Iterator[Event]:
    """Yield what a webhook's body tells; items for another number of the same firm come as unknown."""
    try:
        entries = list(_storable(json.loads(raw))["entry"])
    except (*_MALFORMED, RecursionError):
        yield unknown("body", raw.decode("utf-8", "replace").replace("\0", ""))
        return
    for entry in entries:
        try:
            account, changes = str(entry.get("id", "")), list(entry["changes"])
        except _MALFORMED:
            yield unknown("entry", entry)
            continue
        for change in changes:
            yield from _change(account, change, phone_number_id)


def unknown(topic: str, item: object, key: str = "") -> UnknownEvent:
    """Return an event for what was not understood; without an id of its own its key is its fingerprint."""
    raw = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
    print_of_raw = hashlib.sha256(raw.encode()).hexdigest()
    return UnknownEvent(key=(key or f"unknown:{print_of_raw}")[:300], topic=topic[:64], raw=raw)


def _storable(value: Any) -> Any:
    """Return the JSON without what no database takes: half surrogates and NUL in texts."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value


def _change(account: str, change: Item, phone_number_id: str) -> Iterator[Event]:
    try:
        topic, value = str(change["field"]), change["value"]
        number = (value.get("metadata") or {}).get("phone_number_id")
    except _MALFORMED:
        yield unknown("change", change)
        return
    if topic == "messages":
        readers = _readers(value) if number in (None, phone_number_id) else {}
        yield from _items(value, topic, readers)
    elif topic == "user_preferences":
        yield from _items(value, topic, {"user_preferences": _opt_out})
    elif topic.endswith("_update"):
        detail = json.dumps(value, ensure_ascii=False, sort_keys=True)
        fingerprint = hashlib.sha256(detail.encode()).hexdigest()
        yield HealthEvent(key=f"{topic[:64]}:{account[:64]}:{fingerprint}", topic=topic, detail=detail)
    else:
        yield unknown(topic, value)


def _readers(value: Item) -> dict[str, Reader]:
    contacts = value.get("contacts")
    known = (
        [contact for contact in contacts if isinstance(contact, dict)] if isinstance(contacts, list) else []
    )
    return {"messages": lambda item: _message(item, known), "statuses": _status}


def _items(value: Item, topic: str, readers: dict[str, Reader]) -> Iterator[Event]:
    """Yield one event for each item of every list in a value; one broken item spoils only itself."""
    found = False
    for name, items in value.items():
        if name in {"contacts", "metadata", "messaging_product"}:
            continue
        found = True
        for item in items if isinstance(items, list) else [items]:
            yield _read(item, readers.get(name), f"{topic}.{name}")
    if not found:
        yield unknown(topic, value)


def _read(item: Any, reader: Reader | None, topic: str) -> Event:
    if reader is None:
        return unknown(topic, item)
    try:
        return reader(item)
    except _MALFORMED:
        return unknown(topic, item)


def _message(item: Item, contacts: list[Item]) -> Event:
    kind, foreign_id = item["type"], _text(item, "id", limit=200)
    if not foreign_id or not isinstance(kind, str):
        raise ValueError("a message needs an id and a type")
    if kind in _NOT_MESSAGES:
        return unknown(f"messages.{kind}", item, key=foreign_id)
    contact = _contact_of(item, contacts)
    sender = _sender(item, contact)
    if not sender:
        raise ValueError("a message needs a sender")
    profile = contact.get("profile")
    kind_of, text, button_id, media = _content(item, kind)
    return InboundMessage(
        foreign_id=foreign_id,
        sender=sender,
        sent_at=_when(item["timestamp"]),
        kind=kind_of,
        text=text,
        button_id=button_id,
        media=media,
        context_id=_text(item.get("context") or {}, "id", limit=200),
        profile_name=_text(profile, "name", limit=200) if isinstance(profile, dict) else "",
    )


def _content(item: Item, kind: str) -> tuple[MessageKind, str, str, MediaRef | None]:
    """Return (kind, words, button id, file) of a message; what the platform cannot name keeps its type as words."""
    if kind == "text":
        return MessageKind.TEXT, str(item["text"]["body"]), "", None
    if kind == "button":
        return MessageKind.BUTTON, str(item["button"]["text"]), str(item["button"]["payload"]), None
    if kind == "interactive":
        reply = item["interactive"].get("button_reply") or item["interactive"]["list_reply"]
        return MessageKind.BUTTON, str(reply["title"]), str(reply["id"]), None
    if kind in _MEDIA:
        return MessageKind(kind), _text(item[kind], "caption"), "", _media(item[kind])
    if kind == "reaction":
        return MessageKind.REACTION, _text(item[kind], "emoji"), "", None
    if kind == "location":
        place = item[kind]
        words = [place.get("name"), place.get("address"), f"{place['latitude']}, {place['longitude']}"]
        return MessageKind.LOCATION, "\n".join(str(word) for word in words if word), "", None
    if kind == "contacts":
        names = [str((card.get("name") or {}).get("formatted_name", "")) for card in item[kind]]
        return MessageKind.CONTACTS, "\n".join(name for name in names if name), "", None
    return MessageKind.OTHER, kind[:64], "", None


def _media(block: Item) -> MediaRef:
    return MediaRef(
        id=str(block["id"]),
        mime=_text(block, "mime_type").split(";")[0].strip(),
        sha256=_text(block, "sha256"),
        name=_text(block, "filename", limit=255),
    )


def _contact_of(item: Item, contacts: list[Item]) -> Item:
    """Return the contact block of a message's sender: by either id, or the only one there is."""
    for contact in contacts:
        for mine, theirs in (("from", "wa_id"), ("from_user_id", "user_id")):
            if item.get(mine) and item.get(mine) == contact.get(theirs):
                return contact
    return contacts[0] if len(contacts) == 1 and not item.get("from") and not item.get("from_user_id") else {}


def _sender(item: Item, contact: Item) -> tuple[Identity, ...]:
    """Return everything that names the sender; since 2026 the phone number may be missing (W/business-scoped-user-ids)."""
    phone = _text(item, "from") or _text(contact, "wa_id")
    bsuid = _text(item, "from_user_id", limit=200) or _text(contact, "user_id", limit=200)
    found = []
    if phone.isascii() and phone.isdigit() and len(phone) <= 20:
        found.append(Identity(IdentityKind.PHONE, f"+{phone}"))
    if bsuid:
        found.append(Identity(IdentityKind.BSUID, bsuid))
    return tuple(found)


def _status(item: Item) -> Event:
    status, foreign_id = _STATUS[item["status"]], _text(item, "id", limit=200)
    if not foreign_id:
        raise ValueError("a status needs the id of its message")
    pricing: Any = item.get("pricing") or {}
    update = StatusUpdate(
        foreign_id=foreign_id,
        status=status,
        at=_when(item["timestamp"]),
        opaque=_text(item, "biz_opaque_callback_data", limit=512),
        category=_text(pricing, "category", limit=64),
        billable=pricing.get("billable") if isinstance(pricing.get("billable"), bool) else None,
    )
    return update if status is not Status.FAILED else _failed(update, item)


def _failed(update: StatusUpdate, item: Item) -> StatusUpdate:
    errors = item.get("errors")
    code, details = error_of({"error": errors[0]} if isinstance(errors, list) and errors else {}) or (-1, "")
    return replace(
        update,
        failure=outcome_of(code, details),
        error_code=str(code) if code >= 0 else "",
        error_detail=details[:500],
    )


def _opt_out(item: Item) -> Event:
    sender = _sender({"from": item.get("wa_id"), "from_user_id": item.get("user_id")}, {})
    if item["value"] not in ("stop", "resume") or not sender:
        raise ValueError("neither stop nor resume")
    at = _when(item["timestamp"])
    key = f"preference:{sender[0].value}:{item['value']}:{int(at.timestamp())}"
    return OptOut(key=key, sender=sender, at=at, stopped=item["value"] == "stop")


def _text(block: Any, name: str, limit: int = 5000) -> str:
    """Return a string field, "" when absent; raises ValueError for another type or a text no column holds."""
    value = block.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"{name} is not a text of {limit} characters")
    return value


def _when(seconds: Any) -> datetime:
    """Return the moment of Meta's Unix seconds, written as text."""
    return datetime.fromtimestamp(int(seconds), UTC)
