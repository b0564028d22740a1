"""From Meta's webhook to events: total, item by item, nothing raised and nothing lost (W/webhooks, read mid-2026)."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.channels.base_http import storable
from server.channels.base_meta import MALFORMED, TOPIC_MAX, text_of, unknown
from server.channels.whatsapp.account import account_error, is_about, is_news, news
from server.channels.whatsapp.content import (
    Item,
    contact_of,
    content_of,
    context_of,
    name_of,
    names,
    when,
)
from server.channels.whatsapp.errors import error_of, outcome_of
from server.domain.events import (
    ELSEWHERE,
    Change,
    Echo,
    Event,
    InboundMessage,
    OptOut,
    Renamed,
    Status,
    StatusUpdate,
)
from server.domain.identities import Identity

# A "played" voice message was certainly read.
_STATUS = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}
# Somebody opened the chat and has said nothing yet.
_NOT_MESSAGES = {"request_welcome"}
_NUMBER_CHANGES = {"user_changed_number", "customer_changed_number"}
Reader = Callable[[Item], Event]


@dataclass(frozen=True, slots=True)
class Ours:
    """Which events are this account's: its number, and its business account where that was typed ("" = any)."""

    phone_number_id: str
    waba_id: str = ""


def events(raw: bytes, ours: Ours) -> Iterator[Event]:
    """Yield what a webhook's body tells; items for another number of the same firm come as unknown."""
    try:
        entries = list(storable(json.loads(raw))["entry"])
    except (*MALFORMED, RecursionError):
        yield unknown("body", raw.decode("utf-8", "replace").replace("\0", ""))
        return
    for entry in entries:
        try:
            account, at, changes = (
                str(entry.get("id", "")),
                str(entry.get("time", "")),
                list(entry["changes"]),
            )
        except MALFORMED:
            yield unknown("entry", entry)
            continue
        for change in changes:
            yield from _change(account, at, change, ours)


def _change(account: str, at: str, change: Item, ours: Ours) -> Iterator[Event]:
    """Yield what one change tells. Its field decides what it is: news of the account name no number at all."""
    try:
        topic, value = str(change["field"]), change["value"]
        number = (value.get("metadata") or {}).get("phone_number_id")
    except MALFORMED:
        yield unknown("change", change)
        return
    if is_news(topic):
        about_us = is_about(value, account, ours.waba_id)
        yield news(topic, value, account, at) if about_us else unknown(topic, value)
        return
    if number in (None, ours.phone_number_id):
        yield from _items(value, topic, _readers(topic, value, f"{account}:{at}"))
    else:
        yield from _items(value, topic, {}, ELSEWHERE)


def _readers(topic: str, value: Item, source: str) -> Mapping[str, Reader]:
    """Return what reads the items of a field, by the name of their list."""
    contacts = value.get("contacts")
    people = (
        [contact for contact in contacts if isinstance(contact, dict)] if isinstance(contacts, list) else []
    )
    match topic:
        case "messages":
            return {
                "messages": lambda item: _message(item, people),
                "statuses": _status,
                "errors": lambda item: account_error(item, source),
            }
        case "smb_message_echoes":
            return {"message_echoes": lambda item: _echo(item, people)}
        case "user_preferences":
            return {"user_preferences": _opt_out}
        case _:
            return {}


def _items(value: Item, topic: str, readers: Mapping[str, Reader], end: str = "") -> Iterator[Event]:
    """Yield one event for each item of every list in a value; one broken item spoils only itself."""
    found = False
    for name, items in value.items():
        if name in {"contacts", "metadata", "messaging_product"}:
            continue
        found = True
        for item in items if isinstance(items, list) else [items]:
            yield _read(item, readers.get(name), f"{topic}.{name}"[: TOPIC_MAX - len(end)] + end)
    if not found:
        yield unknown(topic, value)


def _read(item: Any, reader: Reader | None, topic: str) -> Event:
    if reader is None:
        return unknown(topic, item)
    try:
        return reader(item)
    except MALFORMED:
        return unknown(topic, item)


def _message(item: Item, people: list[Item]) -> Event:
    kind, foreign_id = _head(item)
    if kind in _NOT_MESSAGES:
        return unknown(f"messages.{kind}", item, key=foreign_id)
    if item.get("group_id"):
        # Said to several people: it opens nobody's window and withdraws nobody's word (W/webhooks/reference/messages/group).
        return unknown("messages.group", item, key=foreign_id)
    if kind == "system":
        return _renamed(item, foreign_id)
    contact = contact_of(item, people)
    sender = names(item, contact)
    if not sender:
        raise ValueError("a message needs a sender")
    if kind in ("edit", "revoke"):
        return _changed(item, kind, foreign_id, sender)
    said = content_of(item, kind)
    return InboundMessage(
        foreign_id=foreign_id,
        sender=sender,
        sent_at=when(item["timestamp"]),
        kind=said.kind,
        text=said.text,
        button_id=said.button_id,
        media=said.media,
        context_id=context_of(item),
        profile_name=name_of(contact),
    )


def _echo(item: Item, people: list[Item]) -> Event:
    """Return what the firm said, changed or took back with the phone app of the same number (W/smb_message_echoes)."""
    kind, foreign_id = _head(item)
    if item.get("group_id"):
        return unknown("echoes.group", item, key=f"{foreign_id}:echo")
    addressee = {"from": item.get("to"), "from_user_id": item.get("to_user_id")}
    to = names(addressee, contact_of(addressee, people))
    if not to:
        raise ValueError("an echo needs somebody it went to")
    if kind in ("edit", "revoke"):
        return _changed(item, kind, foreign_id, to)
    said = content_of(item, kind)
    return Echo(
        foreign_id=foreign_id,
        to=to,
        sent_at=when(item["timestamp"]),
        kind=said.kind,
        text=said.text,
        media=said.media,
        opaque=text_of(item, "biz_opaque_callback_data", limit=512),
        context_id=context_of(item),
    )


def _changed(item: Item, kind: str, foreign_id: str, sender: tuple[Identity, ...]) -> Event:
    """Return that a message was written anew or taken back; `foreign_id` is the news, not the message."""
    original = text_of(item[kind], "original_message_id", limit=200)
    if not original:
        raise ValueError("a change needs the message it is about")
    text = None
    if kind == "edit":
        now = item[kind]["message"]
        text = content_of(now, now["type"]).text
    return Change(key=foreign_id, foreign_id=original, sender=sender, at=when(item["timestamp"]), text=text)


def _renamed(item: Item, foreign_id: str) -> Event:
    """Return that a person has a new number or business-scoped id there (W/webhooks/reference/messages/system).

    Which of the ids come depends on what Meta may share: the number may be missing on either side.
    """
    news = item["system"]
    if news["type"] not in {*_NUMBER_CHANGES, "user_changed_user_id"}:
        return unknown("messages.system", item, key=foreign_id)
    old = names(
        {"from": item.get("from"), "from_user_id": news.get("previous_user_id") or item.get("from_user_id")}
    )
    new = names({"from": news.get("new_wa_id") or news.get("wa_id"), "from_user_id": news.get("user_id")})
    if not old or not new:
        raise ValueError("a change needs the old name and the new one")
    return Renamed(key=foreign_id, old=old, new=new, at=when(item["timestamp"]))


def _head(item: Item) -> tuple[str, str]:
    """Return (type, id) of a message."""
    kind, foreign_id = item["type"], text_of(item, "id", limit=200)
    if not foreign_id or not isinstance(kind, str):
        raise ValueError("a message needs an id and a type")
    return kind, foreign_id


def _status(item: Item) -> Event:
    status, foreign_id = _STATUS[item["status"]], text_of(item, "id", limit=200)
    if not foreign_id:
        raise ValueError("a status needs the id of its message")
    pricing: Any = item.get("pricing") or {}
    update = StatusUpdate(
        foreign_id=foreign_id,
        status=status,
        at=when(item["timestamp"]),
        opaque=text_of(item, "biz_opaque_callback_data", limit=512),
        category=text_of(pricing, "category", limit=64),
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
    sender = names({"from": item.get("wa_id"), "from_user_id": item.get("user_id")})
    if item["value"] not in ("stop", "resume") or not sender:
        raise ValueError("neither stop nor resume")
    at = when(item["timestamp"])
    key = f"preference:{sender[0].value}:{item['value']}:{int(at.timestamp())}"
    return OptOut(key=key, sender=sender, at=at, stopped=item["value"] == "stop")
