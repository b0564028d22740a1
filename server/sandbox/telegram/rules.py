"""What the Bot API refuses, in its own words (tdlib/telegram-bot-api Client.cpp and TDLib, read mid-2026)."""

import struct
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from server.sandbox.platform import Refused, image_type

MAX_TEXT, MAX_CAPTION = 4096, 1024
MAX_CALLBACK_BYTES = 64
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_SIDES, MAX_RATIO = 10_000, 20
_PREFIX = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


class Refusal(Refused):
    """The platform says no: `{"ok": false, "error_code", "description", "parameters"}` under the same HTTP status."""

    def __init__(self, code: int, words: str = "", **parameters: int) -> None:
        super().__init__(words)
        self.code = code
        self.body: dict[str, Any] = {
            "ok": False,
            "error_code": code,
            "description": ": ".join(part for part in (_PREFIX[code], words) if part),
        }
        if parameters:
            self.body["parameters"] = parameters

    def answer(self) -> Response:
        return JSONResponse(self.body, status_code=self.code)


class TooMany(Refusal):
    """429: wait so many seconds, said in the body and in the header."""

    def __init__(self, after_s: int) -> None:
        super().__init__(400)
        self.after_s = after_s
        self.code = 429
        self.body = {
            "ok": False,
            "error_code": 429,
            "description": f"Too Many Requests: retry after {after_s}",
            "parameters": {"retry_after": after_s},
        }

    def answer(self) -> Response:
        return JSONResponse(self.body, status_code=429, headers={"retry-after": str(self.after_s)})


def need(holds: bool, words: str, code: int = 400) -> None:
    if not holds:
        raise Refusal(code, words)


def words_of(args: Mapping[str, Any], name: str, limit: int, empty: str, too_long: str) -> str:
    """Return a text as Telegram keeps it: trimmed; counted in UTF-16 units."""
    text = str(args.get(name, "")).strip()
    need(bool(text) or not empty, empty)
    need(len(text.encode("utf-16-le", "surrogatepass")) // 2 <= limit, too_long)
    return text


def buttons_of(args: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the inline keyboard as (callback_data, title), row by row."""
    rows = (args.get("reply_markup") or {}).get("inline_keyboard", [])
    found = []
    for button in [button for row in rows for button in row]:
        need(bool(button["text"].strip()), "can't parse inline keyboard button: Text is empty")
        data = button.get("callback_data")
        need(
            bool(data),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        )
        need(1 <= len(data.encode()) <= MAX_CALLBACK_BYTES, "BUTTON_DATA_INVALID")
        found.append((data, button["text"]))
    return tuple(found)


def photo_of(data: bytes) -> str:
    """Return the MIME type of a photo that Telegram would take."""
    need(bool(data), "file must be non-empty")
    size = (
        f"file of size {len(data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
    )
    need(len(data) <= MAX_PHOTO_BYTES, size)
    mime = image_type(data)
    need(bool(mime), "IMAGE_PROCESS_FAILED")
    sides = _sides(data)
    if sides:
        long, short = max(sides), max(1, min(sides))
        need(sum(sides) <= MAX_SIDES and long / short <= MAX_RATIO, "PHOTO_INVALID_DIMENSIONS")
    return mime


def _sides(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a PNG or JPEG, None where its head does not tell."""
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        if data[at + 1] in {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
