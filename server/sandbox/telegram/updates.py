"""What the bot is told, and how its own messages come back: JSON as the Bot API writes it (types Update, Message)."""

import zlib
from datetime import datetime
from typing import Any

from server.sandbox.world import Account, Bubble, File, Person

Json = dict[str, Any]


def user(person: Person, number: int) -> Json:
    """Return the customer as Telegram shows him to bots: no phone number, ever."""
    first, _, last = person.name.partition(" ")
    return {"id": number, "is_bot": False, "first_name": first, **({"last_name": last} if last else {}), "language_code": "de"}  # fmt: skip


def bot(account: Account) -> Json:
    return {
        "id": bot_id(account),
        "is_bot": True,
        "first_name": account.name,
        "username": account.display.removeprefix("@"),
    }


def bot_id(account: Account) -> int:
    """Return the number before the colon of the bot's token."""
    number = account.token.partition(":")[0]
    return int(number) if number.isdecimal() else zlib.crc32(account.key.encode())


def chat(person: Person, number: int) -> Json:
    return {"type": "private", **{name: value for name, value in user(person, number).items() if name in ("id", "first_name", "last_name")}}  # fmt: skip


def message(
    account: Account, person: Person, number: int, bubble: Bubble, file: File | None, quoted: Bubble | None
) -> Json:
    """Return one message of the chat, the bot's or the customer's, without the one it answers in full."""
    sender = bot(account) if bubble.from_firm else user(person, number)
    item: Json = {
        "message_id": int(bubble.id),
        "from": sender,
        "chat": chat(person, number),
        "date": seconds(bubble.at),
    }
    if quoted:
        item["reply_to_message"] = message(account, person, number, quoted, None, None)
    if bubble.picture:
        item["photo"] = sizes(bubble.picture, file)
        if bubble.text:
            item["caption"] = bubble.text
    else:
        item["text"] = bubble.text
        if bubble.text.startswith("/start"):
            item["entities"] = [{"offset": 0, "length": 6, "type": "bot_command"}]
    if bubble.buttons:
        item["reply_markup"] = {
            "inline_keyboard": [[{"text": title, "callback_data": data}] for data, title in bubble.buttons]
        }
    return item


def sizes(file_id: str, file: File | None) -> list[Json]:
    """Return a photo's sizes, the smallest first as Telegram does; only the largest is the whole photo."""
    size = len(file.data) if file else 1000
    small = {"file_id": f"{file_id}s", "file_unique_id": f"U{file_id[-12:]}s", "width": 90, "height": 67}
    large = {"file_id": file_id, "file_unique_id": f"U{file_id[-12:]}", "width": 1280, "height": 960}
    return [{**small, "file_size": 1200}, {**large, "file_size": size}]


def tap(account: Account, person: Person, number: int, bubble: Bubble, asked: Json) -> Json:
    """Return a callback_query: who tapped, under which message, with which data; no time is told."""
    return {
        "id": callback_id(bubble),
        "from": user(person, number),
        "message": asked,
        "chat_instance": str(zlib.crc32(f"{account.key}:{person.key}".encode())),
        "data": bubble.tapped,
    }


def callback_id(bubble: Bubble) -> str:
    return f"42000000000{int(bubble.id):08d}"


def member(account: Account, person: Person, number: int, at: datetime, *, blocked: bool) -> Json:
    """Return a ChatMemberUpdated: the customer has blocked the bot or let it in again."""
    inside: Json = {"user": bot(account), "status": "member"}
    outside: Json = {"user": bot(account), "status": "kicked", "until_date": 0}
    return {
        "chat": chat(person, number),
        "from": user(person, number),
        "date": seconds(at),
        "old_chat_member": inside if blocked else outside,
        "new_chat_member": outside if blocked else inside,
    }


def seconds(at: datetime) -> int:
    return int(at.timestamp())
