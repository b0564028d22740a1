"""What the service takes and what it refuses, as strict as its swagger and a little stricter than itself."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from server.sandbox.platform import Refused

# Of `api.SendMessageV2`: name → type. A name it does not know it would ignore; ours never sends one.
FIELDS: dict[str, type] = {
    "number": str,
    "recipients": list,
    "message": str,
    "base64_attachments": list,
    "quote_timestamp": int,
    "quote_author": str,
    "quote_message": str,
    "text_mode": str,
}
_FILE = re.compile(
    r"data:(?P<mime>[a-z]+/[a-z0-9.+-]+);filename=(?P<name>[^;,]+);base64,(?P<data>.*)", re.DOTALL
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Refusal(Refused):
    """The service says no in its one shape, a sentence."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status, self.body = status, {"error": error, **more}

    def answer(self) -> Response:
        return JSONResponse(self.body, status_code=self.status)


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that has passed; `files` are (bytes, type), `quoted` is author:timestamp."""

    number: str
    recipient: str
    message: str
    files: tuple[tuple[bytes, str], ...]
    quoted: str


def need(met: bool, error: str) -> None:
    if not met:
        raise Refusal(400, error)


def limited(number: str, token: str) -> Refusal:
    """Return the refusal that asks for a captcha."""
    sentence = (
        "Failed to send message due to rate limiting. Use the attached challenge tokens to lift the rate limit "
        "restrictions via the '/v1/accounts/{number}/rate-limit-challenge' endpoint."
    )
    return Refusal(429, sentence, challenge_tokens=[token], account=number)


def sending_of(body: bytes) -> Sending:
    call = _object(body)
    for name, value in call.items():
        kind = FIELDS.get(name)
        good = kind is not None and isinstance(value, kind) and not isinstance(value, bool)
        need(good, "Couldn't process request - invalid request")
    need({"number", "recipients", "message"} <= call.keys(), "Couldn't process request - invalid request")
    need(call["number"] != "", "Couldn't process request - please provide a valid number")
    need(len(call["recipients"]) == 1, "Couldn't process request - please provide at least one recipient")
    need(
        call.get("text_mode", "normal") in ("normal", "styled"), "Couldn't process request - invalid request"
    )
    recipient = str(call["recipients"][0])
    need(
        bool(re.fullmatch(r"\+[1-9][0-9]{5,14}", recipient) or _UUID.fullmatch(recipient)),
        "Invalid recipient type",
    )
    files = tuple(_file(one) for one in call.get("base64_attachments", []))
    need(
        bool(call["message"] or files),
        "Sending empty message is not allowed, either a message, attachment or sticker must be given.",
    )
    quoting = {"quote_timestamp", "quote_author"} & call.keys()
    need(len(quoting) in (0, 2), "Couldn't process request - a quote needs author and timestamp")
    quoted = f"{call['quote_author']}:{call['quote_timestamp']}" if quoting else ""
    return Sending(call["number"], recipient, call["message"], files, quoted)


def receipt_of(body: bytes) -> tuple[str, int]:
    """Return (recipient, timestamp) of `api.Receipt`."""
    call = _object(body)
    need(
        set(call) == {"receipt_type", "recipient", "timestamp"}, "Couldn't process request - invalid request"
    )
    need(
        call["receipt_type"] in ("read", "viewed"),
        "Couldn't process request - receipt type must be read or viewed",
    )
    need(
        isinstance(call["recipient"], str) and call["recipient"] != "",
        "Couldn't process request - recipient missing",
    )
    need(
        type(call["timestamp"]) is int and call["timestamp"] > 0,
        "Couldn't process request - timestamp missing",
    )
    return call["recipient"], call["timestamp"]


def _file(given: object) -> tuple[bytes, str]:
    match = _FILE.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise Refusal(400, "illegal base64 data at input byte 0")
    try:
        return base64.b64decode(match["data"], validate=True), match["mime"]
    except binascii.Error as error:
        raise Refusal(400, "illegal base64 data at input byte 0") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        call = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "Couldn't process request - invalid request") from error
    if not isinstance(call, dict):
        raise Refusal(400, "Couldn't process request - invalid request")
    return call
