"""From signal-cli's envelopes to events: total, item by item, nothing raised (S2: swagger `data.Message`, August 2026).

A message's name is `author:timestamp`, the author's UUID if told, else his number; a message of ours has our number
for author. Own words beside an envelope stand under `zollstock`: long texts that were fetched, or a gap in the line.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from server.channels.base_http import storable
from server.channels.signal_plan import PHONE
from server.domain.channels import Identity, IdentityKind
from server.domain.events import (
    Change,
    Echo,
    Event,
    Gap,
    HealthEvent,
    InboundMessage,
    MediaRef,
    MessageKind,
    Status,
    StatusUpdate,
    UnknownEvent,
)

LONG_TEXT = "text/x-signal-plain"
OWN = "zollstock"
_HEAD = {
    "source", "sourceNumber", "sourceUuid", "sourceName", "sourceDevice",
    "timestamp", "serverReceivedTimestamp", "serverDeliveredTimestamp",
}  # fmt: skip
# They tell nothing of the conversation.
_QUIET = {"typingMessage", "storyMessage"}
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)
Item = dict[str, Any]


def events(raw: bytes, number: str) -> Iterator[Event]:
    """Yield what one envelope, or a list of them, tells about the account of this number."""
    try:
        body = storable(json.loads(raw))
    except _MALFORMED:
        yield unknown("signal.body", raw.decode("utf-8", "replace").replace("\0", ""))
        return
    for item in body if isinstance(body, list) else [body]:
        try:
            yield from list(_item(item, number))
        except _MALFORMED:
            yield unknown("signal.broken", item)


def gap(since: datetime, until: datetime, detail: str) -> bytes:
    """Return the raw event that says: what came between these moments was told to nobody."""
    told = {"since": since.isoformat(), "until": until.isoformat(), "detail": detail}
    return json.dumps({OWN: {"gap": told}}).encode()


def noise(item: object) -> bool:
    """Say whether an envelope is not worth a row: somebody types, or a story."""
    envelope = item.get("envelope") if isinstance(item, dict) and "exception" not in item else None
    if not isinstance(envelope, dict):
        return False
    said = {name for name, value in envelope.items() if name not in _HEAD and value is not None}
    return bool(said) and said <= _QUIET


def long_texts(item: object) -> Iterator[str]:
    """Yield the ids of the files an envelope's text has to be fetched from (tactilenews/100eyes#1337)."""
    envelope = item.get("envelope") if isinstance(item, dict) else None
    for said in _bodies(envelope):
        files = said.get("attachments")
        for file in files if isinstance(files, list) else []:
            if (
                isinstance(file, dict)
                and file.get("contentType") == LONG_TEXT
                and isinstance(file.get("id"), str)
            ):
                yield file["id"]


def unknown(topic: str, item: object) -> UnknownEvent:
    """Return an event for what was not understood; its key is its fingerprint."""
    raw = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
    return UnknownEvent(f"unknown:{hashlib.sha256(raw.encode()).hexdigest()}", topic[:64], raw)


def _bodies(envelope: object) -> Iterator[Item]:
    """Yield the places of an envelope where words and files may stand."""
    if not isinstance(envelope, dict):
        return
    sync, edit = envelope.get("syncMessage"), envelope.get("editMessage")
    for said in (
        envelope.get("dataMessage"),
        sync.get("sentMessage") if isinstance(sync, dict) else None,
        edit.get("dataMessage") if isinstance(edit, dict) else None,
    ):
        if isinstance(said, dict):
            yield said


def _item(item: Item, number: str) -> Iterator[Event]:
    ours = item.get(OWN) or {}
    if "gap" in ours:
        told = ours["gap"]
        since, until = datetime.fromisoformat(told["since"]), datetime.fromisoformat(told["until"])
        yield Gap(f"gap:{told['since']}", since, until, str(told["detail"]))
    elif "envelope" not in item and "error" in item:
        detail = str(item["error"])[:300]
        yield HealthEvent(unknown("", item).key, "signal.receive", detail)
    elif item.get("account") not in (None, number):
        yield unknown("signal.other_account", item)
    elif item.get("exception"):
        yield from _undecryptable(item)
    else:
        yield from _envelope(item, ours.get("texts") or {}, number)


def _undecryptable(item: Item) -> Iterator[Event]:
    """Something came that signal-cli could not open: a new key of the customer, or a message that is lost."""
    error, envelope = item["exception"], item["envelope"]
    detail = f"{error.get('type', '')}: {error.get('message', '')}"[:300]
    if "Untrusted" in detail:
        yield HealthEvent(unknown("", item).key, "signal.untrusted", f"{_author(envelope)}: {detail}"[:300])
        return
    at = _time(envelope["timestamp"])
    yield Gap(f"gap:{envelope.get('sourceUuid')}:{envelope['timestamp']}", at, at, detail)


def _envelope(item: Item, texts: Mapping[str, str], number: str) -> Iterator[Event]:
    envelope = item["envelope"]
    said = {name: value for name, value in envelope.items() if name not in _HEAD and value is not None}
    for name, value in said.items():
        match name:
            case "dataMessage" if number not in (envelope.get("sourceNumber"), envelope.get("source")):
                yield from _data(item, envelope, value, texts, number)
            case "editMessage":
                yield from _edit(item, envelope, value, texts)
            case "receiptMessage":
                yield from _receipts(item, value, number)
            case "syncMessage":
                yield from _sync(item, value, texts, number)
            case _ if name not in _QUIET:
                yield unknown(f"signal.{name}", item)


def _data(item: Item, envelope: Item, data: Item, texts: Mapping[str, str], number: str) -> Iterator[Event]:
    author, at = _author(envelope), _time(data["timestamp"])
    name = f"{author}:{data['timestamp']}"
    if data.get("groupInfo"):
        yield unknown("signal.group", item)
    elif data.get("remoteDelete"):
        target = f"{author}:{_stamp(data['remoteDelete']['timestamp'])}"
        yield Change(f"{name}:deleted", target, _sender(envelope), at, None)
    else:
        yield from _messages(envelope, data, texts, number)


def _messages(envelope: Item, data: Item, texts: Mapping[str, str], number: str) -> Iterator[InboundMessage]:
    """Yield a message: one event for each of its files, the first with the words."""
    author, sender, at = _author(envelope), _sender(envelope), _time(data["timestamp"])
    for place, (kind, text, media) in enumerate(_parts(data, texts), 1):
        yield InboundMessage(
            foreign_id=f"{author}:{data['timestamp']}" + (f"#{place}" if place > 1 else ""),
            sender=sender,
            sent_at=at,
            kind=kind,
            text=text,
            media=media,
            context_id=_context(envelope, data, number),
            profile_name=str(envelope.get("sourceName") or "")[:200],
        )


def _parts(data: Item, texts: Mapping[str, str]) -> list[tuple[MessageKind, str, MediaRef | None]]:
    """Return (kind, text, file) of each event a message is told in; none for one that says nothing."""
    if data.get("reaction"):
        emoji = "" if data["reaction"].get("isRemove") else str(data["reaction"].get("emoji") or "")
        return [(MessageKind.REACTION, emoji, None)]
    text = _text(data, texts)
    if data.get("sticker"):
        return [(MessageKind.STICKER, text, None)]
    if data.get("contacts"):
        return [(MessageKind.CONTACTS, text or _names(data["contacts"]), None)]
    if data.get("pollCreate"):
        return [(MessageKind.OTHER, str(data["pollCreate"].get("question") or ""), None)]
    if data.get("viewOnce"):  # shown once is what the customer wished: kept nowhere
        return [(MessageKind.OTHER, text, None)]
    files = [_file(file, texts) for file in data.get("attachments") or []]
    shown = [(kind, "", media) for kind, media in filter(None, files)]
    if shown:
        return [(shown[0][0], text, shown[0][2]), *shown[1:]]
    if text:
        return [(MessageKind.TEXT, text, None)]
    known = {"timestamp", "message", "expiresInSeconds", "isExpirationUpdate", "viewOnce", "attachments"}
    rest = sorted(name for name, value in data.items() if value and name not in known)
    return [(MessageKind.OTHER, rest[0], None)] if rest else []


def _file(file: object, texts: Mapping[str, str]) -> tuple[MessageKind, MediaRef | None] | None:
    """Return one file of a message, None for a long text that already stands in it."""
    if not isinstance(file, dict) or not isinstance(file.get("id"), str) or not file["id"]:
        return MessageKind.OTHER, None
    if file["id"] in texts:
        return None
    mime = str(file.get("contentType") or "")
    family = mime.partition("/")[0]
    kind = MessageKind(family) if family in ("image", "audio", "video") else MessageKind.DOCUMENT
    return kind, MediaRef(file["id"], mime, "", str(file.get("filename") or "")[:200])


def _text(data: Item, texts: Mapping[str, str]) -> str:
    for file in data.get("attachments") or []:
        if isinstance(file, dict) and file.get("id") in texts:
            return str(texts[file["id"]])
    return str(data.get("message") or "")


def _names(contacts: list[Item]) -> str:
    named = [one.get("name") or {} for one in contacts]
    return ", ".join(
        " ".join(str(name[part]) for part in ("given", "family") if name.get(part)) for name in named
    )


def _context(envelope: Item, data: Item, number: str) -> str:
    """Return the message this one quotes or reacts to; in a talk of two, who is not the sender is us."""
    quote, reaction = data.get("quote"), data.get("reaction")
    if reaction:
        who, stamp = _of(reaction, "targetAuthor"), reaction["targetSentTimestamp"]
    elif quote:
        who, stamp = _of(quote, "author"), quote["id"]
    else:
        return ""
    his = who & {envelope.get("sourceUuid"), envelope.get("sourceNumber"), envelope.get("source")}
    return f"{_author(envelope) if his else number}:{_stamp(stamp)}"


def _of(item: Item, name: str) -> set[str | None]:
    return {item.get(end) for end in (name, f"{name}Uuid", f"{name}Number")} - {None, ""}


def _edit(item: Item, envelope: Item, edit: Item, texts: Mapping[str, str]) -> Iterator[Event]:
    data = edit["dataMessage"]
    if data.get("groupInfo"):
        yield unknown("signal.group", item)
        return
    author = _author(envelope)
    target = f"{author}:{_stamp(edit['targetSentTimestamp'])}"
    at = _time(data["timestamp"])
    yield Change(f"{author}:{data['timestamp']}:edit", target, _sender(envelope), at, _text(data, texts))


def _receipts(item: Item, receipt: Item, number: str) -> Iterator[Event]:
    """Yield the fate of every message a receipt names; who has viewed a picture has read."""
    read = receipt.get("isRead") is True or receipt.get("isViewed") is True
    if not read and receipt.get("isDelivery") is not True:
        yield unknown("signal.receipt", item)
        return
    at, status = _time(receipt["when"]), Status.READ if read else Status.DELIVERED
    for stamp in receipt["timestamps"]:
        yield StatusUpdate(f"{number}:{_stamp(stamp)}", status, at)


def _sync(item: Item, sync: Item, texts: Mapping[str, str], number: str) -> Iterator[Event]:
    """Yield what the firm wrote by hand on another device of the same account."""
    sent = sync.get("sentMessage")
    if not sent:
        return  # what was read or blocked on the other device is no news for the conversation
    to = _person(sent.get("destinationNumber") or sent.get("destination"), sent.get("destinationUuid"))
    changed = sent.get("editMessage") or {}
    if (
        any((one or {}).get("groupInfo") for one in (sent, changed.get("dataMessage")))
        or sent.get("reaction")
        or not to
    ):
        yield unknown("signal.sync", item)
        return
    if changed or sent.get("remoteDelete"):
        yield _changed_by_hand(sent, changed, to, texts, number)
        return
    if any(one.value == number for one in to):
        return
    for place, (kind, text, media) in enumerate(_parts(sent, texts), 1):
        name = f"{number}:{_stamp(sent['timestamp'])}" + (f"#{place}" if place > 1 else "")
        yield Echo(name, to, _time(sent["timestamp"]), kind, text, media, "", _echoed(sent, to, number))


def _changed_by_hand(
    sent: Item, changed: Item, to: tuple[Identity, ...], texts: Mapping[str, str], number: str
) -> Change:
    """Return what the firm's own phone changed or took back; the sender is the one it was written to."""
    data = changed["dataMessage"] if changed else sent
    stamp = changed["targetSentTimestamp"] if changed else sent["remoteDelete"]["timestamp"]
    at, text = _time(data["timestamp"]), _text(data, texts) if changed else None
    return Change(f"{number}:{_stamp(data['timestamp'])}:change", f"{number}:{_stamp(stamp)}", to, at, text)


def _echoed(sent: Item, to: tuple[Identity, ...], number: str) -> str:
    quote = sent.get("quote")
    if not quote:
        return ""
    theirs = _of(quote, "author") & {one.value for one in to}
    named = next((one.value for one in to if one.kind is IdentityKind.UUID), to[0].value)
    return f"{named if theirs else number}:{_stamp(quote['id'])}"


def _author(envelope: Item) -> str:
    """Return by which name a sender's messages go. Raises KeyError when there is none."""
    for name in ("sourceUuid", "sourceNumber", "source"):
        if isinstance(envelope.get(name), str) and 0 < len(envelope[name]) <= 100:
            return str(envelope[name])
    raise KeyError("source")


def _sender(envelope: Item) -> tuple[Identity, ...]:
    """Return the sender's names; the number may be missing, he hides it. Raises KeyError without any."""
    found = _person(envelope.get("sourceNumber") or envelope.get("source"), envelope.get("sourceUuid"))
    if not found:
        raise KeyError("source")
    return found


def _person(phone: object, uuid: object) -> tuple[Identity, ...]:
    names = []
    if isinstance(phone, str) and PHONE.fullmatch(phone):
        names.append(Identity(IdentityKind.PHONE, phone))
    if isinstance(uuid, str) and 0 < len(uuid) <= 100:
        names.append(Identity(IdentityKind.UUID, uuid))
    return tuple(names)


def _stamp(value: object) -> int:
    """Return a time in ms as platforms name messages by it. Raises ValueError."""
    if type(value) is not int or not 0 < value < 10**16:
        raise ValueError("no timestamp")
    return value


def _time(value: object) -> datetime:
    return datetime.fromtimestamp(_stamp(value) / 1000, UTC)
