"""The webhooks of the Cloud API: what the platform tells the firm, signed like Meta signs (W/webhooks)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.domain.events import Status
from server.sandbox.world import Account, Bubble, File, Person, World

Value = dict[str, Any]
UNDELIVERABLE = (131026, "Message undeliverable")


def envelope(account: Account, value: Value) -> bytes:
    """Return the body of a webhook: ASCII with escapes, as Meta writes it, so re-serialising breaks the signature."""
    change = {"field": "messages", "value": value}
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": f"9{account.own_id}", "changes": [change]}],
    }
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()


def signed(account: Account, body: bytes) -> Mapping[str, str]:
    """Return the headers of a webhook."""
    mac = hmac.new(account.secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={mac}"}


def message_value(
    account: Account, person: Person, bubble: Bubble, file: File | None, original: str
) -> Value:
    """Return what tells of a customer's message; `original` is the kind of the message whose button was tapped."""
    item: Value = {"id": bubble.id, "timestamp": _seconds(bubble.at), "from_user_id": person.bsuid}
    contact: Value = {"profile": {"name": person.name}, "user_id": person.bsuid}
    if not person.hides_number:
        item["from"] = contact["wa_id"] = person.digits
    if bubble.quoted:
        item["context"] = {"from": account.display.removeprefix("+"), "id": bubble.quoted}
    return {
        **_head(account),
        "contacts": [contact],
        "messages": [{**item, **_content(bubble, file, original)}],
    }


def status_value(
    account: Account, person: Person | None, bubble: Bubble, status: Status, at: datetime
) -> Value:
    """Return what tells of the fate of one of the firm's messages."""
    item: Value = {"id": bubble.id, "status": status.value, "timestamp": _seconds(at), "recipient_id": "0"}
    if person:
        item["recipient_user_id"] = person.bsuid
        item["recipient_id"] = person.bsuid if person.hides_number else person.digits
    if bubble.opaque:
        item["biz_opaque_callback_data"] = bubble.opaque
    if status is Status.FAILED:
        code, title = UNDELIVERABLE
        item["errors"] = [{"code": code, "title": title, "message": title, "error_data": {"details": title}}]
    else:
        category = "utility" if bubble.kind == "template" else "service"
        item["pricing"] = {"billable": True, "pricing_model": "PMP", "category": category}
    return {**_head(account), "statuses": [item]}


def with_broken_item(world: World, value: Value) -> Value:
    """Return the value with one item in front that nobody can read."""
    name = "messages" if "messages" in value else "statuses"
    broken = world.chance.choice([{"id": None}, "?", {"type": "image", "id": 7, "image": []}, {}])
    return {**value, name: [broken, *value[name]]}


def _head(account: Account) -> Value:
    number = account.display.removeprefix("+")
    metadata = {"display_phone_number": number, "phone_number_id": account.own_id}
    return {"messaging_product": "whatsapp", "metadata": metadata}


def _content(bubble: Bubble, file: File | None, original: str) -> Value:
    if bubble.kind == "image" and file:
        digest = base64.b64encode(hashlib.sha256(file.data).digest()).decode()
        image = {"id": bubble.picture, "mime_type": file.mime, "sha256": digest}
        return {"type": "image", "image": {**image, "caption": bubble.text} if bubble.text else image}
    if bubble.kind == "button" and original == "template":
        return {"type": "button", "button": {"payload": bubble.tapped, "text": bubble.text}}
    if bubble.kind == "button":
        reply = {"id": bubble.tapped, "title": bubble.text}
        return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    return {"type": "text", "text": {"body": bubble.text}}


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
