"""What one of signal-cli's messages says: its words and files, who wrote it, and when (S2: swagger `data.Message`).

`texts`: long texts that were fetched, by the id of their file.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from server.channels.signal.plan import PHONE
from server.domain.events import MediaRef, MessageKind
from server.domain.identities import Identity, IdentityKind
from server.domain.media import file_name

Item = dict[str, Any]


def parts_of(data: Item, texts: Mapping[str, str]) -> list[tuple[MessageKind, str, MediaRef | None]]:
    """Return (kind, text, file) of each event a message is told in; none for one that says nothing."""
    if data.get("reaction"):
        emoji = "" if data["reaction"].get("isRemove") else str(data["reaction"].get("emoji") or "")
        return [(MessageKind.REACTION, emoji, None)]
    text = text_of(data, texts)
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
    return kind, MediaRef(file["id"], mime, "", file_name(file.get("filename")))


def text_of(data: Item, texts: Mapping[str, str]) -> str:
    """Return the words, the fetched ones where the envelope holds only their beginning."""
    for file in data.get("attachments") or []:
        if isinstance(file, dict) and file.get("id") in texts:
            return str(texts[file["id"]])
    return str(data.get("message") or "")


def _names(contacts: list[Item]) -> str:
    named = [one.get("name") or {} for one in contacts]
    return ", ".join(
        " ".join(str(name[part]) for part in ("given", "family") if name.get(part)) for name in named
    )


def author_of(envelope: Item) -> str:
    """Return by which name a sender's messages go. Raises KeyError when there is none."""
    for name in ("sourceUuid", "sourceNumber", "source"):
        if isinstance(envelope.get(name), str) and 0 < len(envelope[name]) <= 100:
            return str(envelope[name])
    raise KeyError("source")


def sender_of(envelope: Item) -> tuple[Identity, ...]:
    """Return the sender's names; the number may be missing, he hides it. Raises KeyError without any."""
    found = identities(envelope.get("sourceNumber") or envelope.get("source"), envelope.get("sourceUuid"))
    if not found:
        raise KeyError("source")
    return found


def identities(phone: object, uuid: object) -> tuple[Identity, ...]:
    """Return the names of a person, none for what is neither number nor id."""
    names = []
    if isinstance(phone, str) and PHONE.fullmatch(phone):
        names.append(Identity(IdentityKind.PHONE, phone))
    if isinstance(uuid, str) and 0 < len(uuid) <= 100:
        names.append(Identity(IdentityKind.UUID, uuid))
    return tuple(names)


def stamp_of(value: object) -> int:
    """Return a time in ms as platforms name messages by it. Raises ValueError."""
    if type(value) is not int or not 0 < value < 10**16:
        raise ValueError("no timestamp")
    return value


def time_of(value: object) -> datetime:
    """Return a time in ms as a moment. Raises ValueError."""
    return datetime.fromtimestamp(stamp_of(value) / 1000, UTC)


def names_under(item: Item, name: str) -> set[str | None]:
    """Return the names a field and its two companions (`…Uuid`, `…Number`) give."""
    return {item.get(end) for end in (name, f"{name}Uuid", f"{name}Number")} - {None, ""}
