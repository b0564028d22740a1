"""What one Messenger message holds: words, files, stickers, links; each file becomes a message of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from server.channels.base_meta import MALFORMED, text_of
from server.domain.events import MediaRef, MessageKind

MAX_URL = 4000
_FILES = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
    "file": MessageKind.DOCUMENT,
    "sticker": MessageKind.STICKER,
}
Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One file, or words without one."""

    kind: MessageKind
    text: str = ""
    media: MediaRef | None = None


def parts_of(message: Block) -> list[Part]:
    """Return the parts in their order, at least one; the message's words stand with the first.

    One broken attachment is named and spoils nothing else.
    """
    words = text_of(message, "text", limit=20_000)
    given = message.get("attachments") or []
    blocks = [block for block in given if isinstance(block, dict)] if isinstance(given, list) else []
    parts = [part for block in _once(blocks) if (part := _part(block, words)) is not None]
    if not parts:
        return [Part(MessageKind.TEXT, words) if words else Part(MessageKind.OTHER, "unsupported")]
    if words:
        parts[0] = replace(parts[0], text="\n".join(filter(None, (words, parts[0].text))))
    return parts


def _once(blocks: list[Block]) -> Iterator[Block]:
    """Yield the attachments without a sticker's second face: until 30 August 2026 it came as image and as sticker."""
    stickers = any(block.get("type") == "sticker" for block in blocks)
    for block in blocks:
        if not (stickers and block.get("type") == "image" and _payload(block).get("sticker_id")):
            yield block


def _part(block: Block, words: str) -> Part | None:
    """Return what an attachment shows, None for the preview of a link that stands in the words."""
    kind = block.get("type")
    try:
        if isinstance(kind, str) and kind in _FILES:
            return _file(kind, _payload(block))
        if kind == "location":
            return Part(MessageKind.LOCATION, _place(block))
        if kind == "template":
            payload = _payload(block)
            text = text_of(payload, "text") or _lines(block)
            return Part(MessageKind.TEXT if text else MessageKind.OTHER, text or "template")
        if kind == "fallback" and words:
            return None
        text = _lines(block)
    except MALFORMED:
        return Part(MessageKind.OTHER, str(kind)[:64])
    link = kind == "fallback" and bool(text)
    return Part(MessageKind.TEXT if link else MessageKind.OTHER, text or str(kind)[:64])


def _file(kind: str, payload: Block) -> Part:
    """Return a file by its address, which is all there is: Meta tells neither type nor hash."""
    sticker = kind == "sticker" or bool(payload.get("sticker_id"))
    url = text_of(payload, "url", limit=MAX_URL)
    if not url.startswith(("https://", "http://")):
        return Part(MessageKind.STICKER if sticker else MessageKind.OTHER, "" if sticker else kind)
    name = unquote(urlsplit(url).path.rpartition("/")[2])[:255] if kind == "file" else ""
    return Part(MessageKind.STICKER if sticker else _FILES[kind], media=MediaRef(id=url, name=name))


def _place(block: Block) -> str:
    spot = _payload(block)["coordinates"]
    return "\n".join(filter(None, (text_of(block, "title"), f"{spot['lat']}, {spot['long']}")))


def _lines(block: Block) -> str:
    """Return the title and the address of something shared."""
    payload = _payload(block)
    title = text_of(block, "title") or text_of(payload, "title")
    url = text_of(block, "url") or text_of(payload, "url")
    return "\n".join(filter(None, (title, url)))


def _payload(block: Block) -> Block:
    payload = block.get("payload")
    return payload if isinstance(payload, dict) else {}
