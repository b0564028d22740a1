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


def envelope(account: Account, value: Value, field: str = "messages", at: datetime | None = None) -> bytes:
    """Return the body of a webhook: ASCII with escapes, as Meta writes it, so re-serialising breaks the signature.

    `at` is the time of an entry that names no number.
    """
    change = {"field": field, "value": value}
    entry: Value = {"id": f"9{account.own_id}", "changes": [change]}
    if at is not None:
        entry["time"] = int(at.timestamp())
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()


def signed(account: Account, body: bytes) -> Mapping[str, str]:
    """Return the headers of a webhook."""
    mac = hmac.new(account.secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={mac}"}


def message_value(
    account: Account, person: Person, bubble: Bubble, file: File | None, original: str
) -> Value:
    """Return what tells of a customer's message; `original` is the kind of the message whose button was tapped."""
    item: Value = {"id": bubble.id, "timestamp": seconds(bubble.at)}
    if bubble.quoted:
        item["context"] = {"from": account.display.removeprefix("+"), "id": bubble.quoted}
    return customer_value(account, person, {**item, **_content(bubble, file, original)})


def customer_value(account: Account, person: Person, item: Value) -> Value:
    """Return what tells of anything a customer did; his number only where he shows it."""
    sender = {"from_user_id": person.bsuid}
    if not person.hides_number:
        sender["from"] = person.digits
    return {**head(account), "contacts": [person_block(person)], "messages": [{**sender, **item}]}


def person_block(person: Person) -> Value:
    """Return the contact block of a person."""
    profile = {"name": person.name}
    if username := person.ids.get("whatsapp.username"):
        profile["username"] = username
    shown = {} if person.hides_number else {"wa_id": person.digits}
    return {"profile": profile, "user_id": person.bsuid, **shown}


def status_value(
    account: Account, person: Person | None, bubble: Bubble, status: Status, at: datetime
) -> Value:
    """Return what tells of the fate of one of the firm's messages."""
    item: Value = {"id": bubble.id, "status": status.value, "timestamp": seconds(at), "recipient_id": "0"}
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
    return {**head(account), "statuses": [item]}


def with_broken_item(world: World, value: Value) -> Value:
    """Return the value with one item in front that nobody can read; what has no list stays as it is."""
    name = next((name for name in ("messages", "statuses", "message_echoes") if name in value), "")
    if not name:
        return value
    broken = world.chance.choice([{"id": None}, "?", {"type": "image", "id": 7, "image": []}, {}])
    return {**value, name: [broken, *value[name]]}


def head(account: Account) -> Value:
    """Return what stands at the top of everything about a number."""
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


def seconds(at: datetime) -> str:
    """Return a moment as Meta writes it inside messages."""
    return str(int(at.timestamp()))
