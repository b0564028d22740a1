"""What a message of WhatsApp says and who says it: words, buttons, files, names (W/webhooks/reference/messages)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from server.channels.base_meta import MALFORMED, text_of
from server.domain.events import MediaRef, MessageKind
from server.domain.identities import Identity, IdentityKind
from server.domain.media import file_name

# Instead of a media id: the customer's file never reached the platform, and this code says why (131052: over 100 MB).
NO_FILE = "error:"
_MEDIA = {"image", "audio", "video", "document", "sticker"}
_TOO_LARGE = 131052
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """The words, the tapped button and the file of a message."""

    kind: MessageKind
    text: str = ""
    button_id: str = ""
    media: MediaRef | None = None


def content_of(item: Item, kind: str) -> Content:
    """Return what a message says; what cannot be told keeps its type as words: somebody wrote, so somebody must look.

    Raises ValueError for a type that is no word.
    """
    if not isinstance(kind, str):
        raise ValueError("a message needs a type")
    if _TOO_LARGE in _codes(item):
        named = MessageKind(kind) if kind in _MEDIA else MessageKind.DOCUMENT
        return Content(named, media=MediaRef(f"{NO_FILE}{_TOO_LARGE}"))
    try:
        return _content(item, kind)
    except MALFORMED:
        return Content(MessageKind.OTHER, kind[:64])


def _content(item: Item, kind: str) -> Content:
    block: Any = item.get(kind)
    match kind:
        case "text":
            return Content(MessageKind.TEXT, str(block["body"]))
        case "button":
            return Content(MessageKind.BUTTON, str(block["text"]), str(block["payload"]))
        case "interactive":
            reply = block.get("button_reply") or block["list_reply"]
            return Content(MessageKind.BUTTON, str(reply["title"]), str(reply["id"]))
        case _ if kind in _MEDIA:
            return Content(MessageKind(kind), text_of(block, "caption"), media=_media(block))
        case "reaction":
            return Content(MessageKind.REACTION, text_of(block, "emoji"))
        case "location":
            words = [block.get("name"), block.get("address"), f"{block['latitude']}, {block['longitude']}"]
            return Content(MessageKind.LOCATION, _lines(words))
        case "contacts":
            return Content(MessageKind.CONTACTS, _lines([_card(card) for card in block]))
        case "order":
            rows = [f"{row['quantity']} × {row['product_retailer_id']}" for row in block["product_items"]]
            return Content(MessageKind.OTHER, _lines([*rows, text_of(block, "text")]))
        case _:
            return Content(MessageKind.OTHER, kind[:64])


def context_of(item: Item) -> str:
    """Return the id of the message this one is about: quoted, answered by a tap, or reacted to."""
    reaction = item.get("reaction")
    if item.get("type") == "reaction" and isinstance(reaction, dict):
        return text_of(reaction, "message_id", limit=200)
    return text_of(item.get("context") or {}, "id", limit=200)


def contact_of(item: Item, people: list[Item]) -> Item:
    """Return the contact block of a message's sender: by either id, or the only one there is."""
    for contact in people:
        for mine, theirs in (("from", "wa_id"), ("from_user_id", "user_id")):
            if item.get(mine) and item.get(mine) == contact.get(theirs):
                return contact
    return people[0] if len(people) == 1 and not item.get("from") and not item.get("from_user_id") else {}


def names(item: Item, contact: Item | None = None) -> tuple[Identity, ...]:
    """Return everything that names a person, the number first; since 2026 it may be missing, as may the id.

    Nothing but the number gets its plus, nothing is folded or trimmed (W/business-scoped-user-ids). A username can be
    given up and taken by somebody else, so it comes last and never names a person by itself.
    """
    contact = contact or {}
    phone = text_of(item, "from") or text_of(contact, "wa_id")
    bsuid = text_of(item, "from_user_id", limit=200) or text_of(contact, "user_id", limit=200)
    found = []
    if phone.isascii() and phone.isdigit() and len(phone) <= 20:
        found.append(Identity(IdentityKind.PHONE, f"+{phone}"))
    if bsuid:
        found.append(Identity(IdentityKind.BSUID, bsuid))
    profile = contact.get("profile")
    username = text_of(profile, "username", limit=200) if isinstance(profile, dict) else ""
    if found and username:
        found.append(Identity(IdentityKind.USERNAME, username))
    return tuple(found)


def name_of(contact: Item) -> str:
    """Return how the customer calls himself, "" when he does not say."""
    profile = contact.get("profile")
    if not isinstance(profile, dict):
        return ""
    return text_of(profile, "name", limit=200) or text_of(profile, "username", limit=200)


def when(seconds: Any) -> datetime:
    """Return the moment of Meta's Unix seconds, written as text."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _media(block: Item) -> MediaRef:
    return MediaRef(
        id=str(block["id"]),
        mime=text_of(block, "mime_type").split(";")[0].strip(),
        sha256=text_of(block, "sha256"),
        name=file_name(block.get("filename")),
    )


def _card(card: Item) -> str:
    """Return one contact card as a line: the name and its numbers."""
    numbers = [str(phone.get("phone") or phone.get("wa_id") or "") for phone in card.get("phones") or []]
    name = str((card.get("name") or {}).get("formatted_name") or "")
    return " · ".join(word for word in [name, *numbers] if word)


def _codes(item: Item) -> set[Any]:
    errors = item.get("errors")
    found = (
        [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )
    return {code for code in found if isinstance(code, int)}


def _lines(words: list[Any]) -> str:
    return "\n".join(str(word) for word in words if word)
