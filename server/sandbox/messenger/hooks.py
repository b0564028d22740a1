"""Messenger's webhooks: what the platform tells the firm of a page (Webhook Events Reference, read mid-2026)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from server.sandbox.world import Account, Bubble, World

Item = dict[str, Any]
# The app behind the page's own inbox, as Meta names it in echoes of what was written there by hand.
PAGE_INBOX_APP = 263902037430900


def envelope(account: Account, items: Sequence[Any], at: datetime, *, channel: str = "messaging") -> bytes:
    """Return the body of a webhook: ASCII with escapes, as Meta writes it, so re-serialising breaks the signature."""
    entry = {"id": account.own_id, "time": ms(at), channel: list(items)}
    return json.dumps({"object": "page", "entry": [entry]}, ensure_ascii=True, separators=(",", ":")).encode()


def app_of(account: Account) -> str:
    """Return the id of the firm's Meta app."""
    return f"7{account.own_id}"


def message_item(account: Account, psid: str, bubble: Bubble, urls: Sequence[str], original: str) -> Item:
    """Return what tells of a customer's message; `original` is the kind of the message whose button was tapped."""
    frame = _from_person(account, psid, bubble.at)
    if bubble.kind == "button" and original == "buttons":
        return {**frame, "postback": {"mid": bubble.id, "title": bubble.text, "payload": bubble.tapped}}
    message: Item = {"mid": bubble.id}
    if bubble.text:
        message["text"] = bubble.text
    if bubble.kind == "button":
        message["quick_reply"] = {"payload": bubble.tapped}
    elif bubble.quoted:
        message["reply_to"] = {"mid": bubble.quoted}
    if urls:
        message["attachments"] = [{"type": "image", "payload": {"url": url}} for url in urls]
    return {**frame, "message": message}


def echo_item(account: Account, psid: str, bubble: Bubble, url: str) -> Item:
    """Return the copy of what the page said: ours brings its metadata, the inbox's brings none."""
    message: Item = {"mid": bubble.id, "is_echo": True, "app_id": PAGE_INBOX_APP}
    if bubble.opaque:
        message |= {"app_id": int(app_of(account)), "metadata": bubble.opaque}
    if bubble.kind == "buttons":
        buttons = [{"type": "postback", "title": title, "payload": key} for key, title in bubble.buttons]
        payload = {"template_type": "button", "text": bubble.text, "buttons": buttons}
        message["attachments"] = [{"type": "template", "title": bubble.text, "payload": payload}]
    elif url:
        message["attachments"] = [{"type": "image", "payload": {"url": url}}]
    else:
        message["text"] = bubble.text
    person = {"sender": {"id": account.own_id}, "recipient": {"id": psid}}
    return {**person, "timestamp": ms(bubble.at), "message": message}


def delivery_item(account: Account, psid: str, mids: Sequence[str], at: datetime) -> Item:
    return {**_from_person(account, psid, at), "delivery": {"mids": list(mids), "watermark": ms(at)}}


def read_item(account: Account, psid: str, at: datetime) -> Item:
    return {**_from_person(account, psid, at), "read": {"watermark": ms(at)}}


def referral_item(account: Account, psid: str, word: str, at: datetime) -> Item:
    referral = {"ref": word, "source": "SHORTLINK", "type": "OPEN_THREAD"}
    return {**_from_person(account, psid, at), "referral": referral}


def start_item(account: Account, psid: str, bubble: Bubble, word: str) -> Item:
    """Return what tells of a new customer's press on the start button, after a link with a word of ours."""
    referral = {"ref": word, "source": "SHORTLINK", "type": "OPEN_THREAD"}
    postback = {"mid": bubble.id, "title": bubble.text, "payload": bubble.tapped, "referral": referral}
    return {**_from_person(account, psid, bubble.at), "postback": postback}


def broken_item(world: World) -> Any:
    """Return an item nobody can read."""
    return world.chance.choice([{"message": {"mid": None}}, "?", {"delivery": {"watermark": []}}, {}])


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _from_person(account: Account, psid: str, at: datetime) -> Item:
    return {"sender": {"id": psid}, "recipient": {"id": account.own_id}, "timestamp": ms(at)}
