"""From signal-cli's envelopes to events: total, item by item, nothing raised (S2: swagger `data.Message`, August 2026).

A message's name is `author:timestamp`, the author's UUID if told, else his number; a message of ours has our number
for author. Own words beside an envelope stand under `zollstock`: long texts that were fetched, or a gap in the line.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from server.channels.base_http import storable
from server.channels.signal.content import (
    Item,
    author_of,
    identities,
    names_under,
    parts_of,
    sender_of,
    stamp_of,
    text_of,
    time_of,
)
from server.domain.events import (
    Change,
    Echo,
    Event,
    Gap,
    HealthEvent,
    InboundMessage,
    Status,
    StatusUpdate,
    UnknownEvent,
    edit_key,
)
from server.domain.identities import Identity, IdentityKind

BELIEVED_BEFORE, BELIEVED_AFTER = timedelta(days=7), timedelta(minutes=5)
LONG_TEXT = "text/x-signal-plain"
OWN = "zollstock"
_HEAD = {
    "source", "sourceNumber", "sourceUuid", "sourceName", "sourceDevice",
    "timestamp", "serverReceivedTimestamp", "serverDeliveredTimestamp",
}  # fmt: skip
# They tell nothing of the conversation.
_QUIET = {"typingMessage", "storyMessage"}
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)


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
        yield HealthEvent(unknown("", item).key, "signal.untrusted", f"{author_of(envelope)}: {detail}"[:300])
        return
    at = time_of(envelope["timestamp"])
    key = f"gap:{envelope.get('sourceUuid')}:{envelope['timestamp']}"
    number = envelope.get("sourceNumber") or envelope.get("source")
    yield Gap(key, at, at, detail, identities(number, envelope.get("sourceUuid")))


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
    author, at = author_of(envelope), time_of(data["timestamp"])
    name = f"{author}:{data['timestamp']}"
    if data.get("groupInfo"):
        yield unknown("signal.group", item)
    elif data.get("remoteDelete"):
        target = f"{author}:{stamp_of(data['remoteDelete']['timestamp'])}"
        yield Change(f"{name}:deleted", target, sender_of(envelope), at, None)
    else:
        yield from _messages(envelope, data, texts, number)


def _messages(envelope: Item, data: Item, texts: Mapping[str, str], number: str) -> Iterator[InboundMessage]:
    """Yield a message: one event for each of its files, the first with the words."""
    author, sender, at = author_of(envelope), sender_of(envelope), _written(envelope, data)
    for place, (kind, text, media) in enumerate(parts_of(data, texts), 1):
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


def _written(envelope: Item, data: Item) -> datetime:
    """Return when a message was written: its name is a time by the sender's own clock, which may stand anywhere.

    Believed as far as Signal's server, which tells when it came, finds it likely.
    """
    wrote, came = time_of(data["timestamp"]), envelope.get("serverReceivedTimestamp")
    if type(came) is not int or came <= 0:
        return wrote
    received = time_of(came)
    return wrote if received - BELIEVED_BEFORE <= wrote <= received + BELIEVED_AFTER else received


def _context(envelope: Item, data: Item, number: str) -> str:
    """Return the message this one quotes or reacts to; in a talk of two, who is not the sender is us."""
    quote, reaction = data.get("quote"), data.get("reaction")
    if reaction:
        who, stamp = names_under(reaction, "targetAuthor"), reaction["targetSentTimestamp"]
    elif quote:
        who, stamp = names_under(quote, "author"), quote["id"]
    else:
        return ""
    his = who & {envelope.get("sourceUuid"), envelope.get("sourceNumber"), envelope.get("source")}
    return f"{author_of(envelope) if his else number}:{stamp_of(stamp)}"


def _edit(item: Item, envelope: Item, edit: Item, texts: Mapping[str, str]) -> Iterator[Event]:
    data = edit["dataMessage"]
    if data.get("groupInfo"):
        yield unknown("signal.group", item)
        return
    author = author_of(envelope)
    target = f"{author}:{stamp_of(edit['targetSentTimestamp'])}"
    at = time_of(data["timestamp"])
    key = edit_key(f"{author}:{data['timestamp']}")
    yield Change(key, target, sender_of(envelope), at, text_of(data, texts))


def _receipts(item: Item, receipt: Item, number: str) -> Iterator[Event]:
    """Yield the fate of every message a receipt names; who has viewed a picture has read."""
    read = receipt.get("isRead") is True or receipt.get("isViewed") is True
    if not read and receipt.get("isDelivery") is not True:
        yield unknown("signal.receipt", item)
        return
    at, status = time_of(receipt["when"]), Status.READ if read else Status.DELIVERED
    for stamp in receipt["timestamps"]:
        yield StatusUpdate(f"{number}:{stamp_of(stamp)}", status, at)


def _sync(item: Item, sync: Item, texts: Mapping[str, str], number: str) -> Iterator[Event]:
    """Yield what the firm wrote by hand on another device of the same account."""
    sent = sync.get("sentMessage")
    if not sent:
        return  # what was read or blocked on the other device is no news for the conversation
    to = identities(sent.get("destinationNumber") or sent.get("destination"), sent.get("destinationUuid"))
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
    for place, (kind, text, media) in enumerate(parts_of(sent, texts), 1):
        name = f"{number}:{stamp_of(sent['timestamp'])}" + (f"#{place}" if place > 1 else "")
        yield Echo(name, to, time_of(sent["timestamp"]), kind, text, media, "", _echoed(sent, to, number))


def _changed_by_hand(
    sent: Item, changed: Item, to: tuple[Identity, ...], texts: Mapping[str, str], number: str
) -> Change:
    """Return what the firm's own phone changed or took back; the sender is the one it was written to."""
    data = changed["dataMessage"] if changed else sent
    stamp = changed["targetSentTimestamp"] if changed else sent["remoteDelete"]["timestamp"]
    at, text = time_of(data["timestamp"]), text_of(data, texts) if changed else None
    return Change(
        f"{number}:{stamp_of(data['timestamp'])}:change", f"{number}:{stamp_of(stamp)}", to, at, text
    )


def _echoed(sent: Item, to: tuple[Identity, ...], number: str) -> str:
    quote = sent.get("quote")
    if not quote:
        return ""
    theirs = names_under(quote, "author") & {one.value for one in to}
    named = next((one.value for one in to if one.kind is IdentityKind.UUID), to[0].value)
    return f"{named if theirs else number}:{stamp_of(quote['id'])}"
