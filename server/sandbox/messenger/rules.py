"""What Messenger's Send API takes and what it refuses, as strict as Meta's pages say (Send API, read mid-2026)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from server.sandbox.platform import Refused

WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)
RETIRED_AT = datetime(2026, 4, 27, tzinfo=UTC)
RETIRED = frozenset({"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"})
_TITLES = {
    4: "(#4) Application request limit reached",
    10: "(#10) Application does not have permission for this action",
    100: "(#100) Invalid parameter",
    190: "Error validating access token",
    551: "(#551) This person isn't available right now.",
    613: "(#613) Calls to this api have exceeded the rate limit.",
}
_STATUS = {190: 401, 10: 403, 613: 400}


class Refusal(Refused):
    """The platform says no, with a code and perhaps a subcode of its own."""

    def __init__(self, code: int, details: str = "", subcode: int = 0) -> None:
        super().__init__(details)
        self.code = code
        message = f"{_TITLES.get(code, f'(#{code})')} {details}".strip()
        self.body: dict[str, Any] = {
            "error": {
                "message": message,
                "type": "OAuthException",
                "code": code,
                "fbtrace_id": "SandboxTrace",
            }
        }
        if subcode:
            self.body["error"]["error_subcode"] = subcode

    def answer(self) -> Response:
        return JSONResponse(self.body, status_code=_STATUS.get(self.code, 400))


def outside() -> Refusal:
    return Refusal(10, "This message is sent outside of allowed window.", 2018278)


def unknown_person() -> Refusal:
    return Refusal(100, "No matching user found", 2018001)


def unavailable() -> Refusal:
    return Refusal(551, "", 1545041)


@dataclass(frozen=True, slots=True)
class Said:
    """A message that has passed: what the customer will see, and how long after his last word it may come."""

    kind: str
    text: str = ""
    attachment_id: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    metadata: str = ""
    within: timedelta = WINDOW


def addressee(call: Mapping[str, Any]) -> str:
    """Return the page-scoped id a message goes to."""
    recipient = block(call, "recipient")
    only(recipient, {"id"}, "recipient")
    return words(recipient, "id", 100)


def said(call: Mapping[str, Any], now: datetime, *, human_agent: bool) -> Said:
    """Return what a well-formed message says; raises Refusal for every other."""
    only(call, {"recipient", "messaging_type", "tag", "message"}, "message")
    within = _ground(call, now, human_agent=human_agent)
    message = block(call, "message")
    only(message, {"text", "attachment", "quick_replies", "metadata"}, "message")
    metadata = words(message, "metadata", 999) if "metadata" in message else ""
    need("text" in message or "attachment" in message, "text or attachment must be set")
    need(not ("text" in message and "attachment" in message), "text and attachment cannot both be set")
    if "attachment" in message:
        need("quick_replies" not in message, "this sandbox takes quick replies with text only")
        kind, text, attachment_id, buttons = _attachment(block(message, "attachment"))
        return Said(kind, text, attachment_id, buttons, metadata, within)
    text = words(message, "text", 2000)
    if "quick_replies" not in message:
        return Said("text", text, metadata=metadata, within=within)
    return Said("quick_replies", text, "", _quick_replies(message["quick_replies"]), metadata, within)


def _ground(call: Mapping[str, Any], now: datetime, *, human_agent: bool) -> timedelta:
    """Return how long after the customer's last word this message is allowed."""
    kind, tag = call.get("messaging_type"), call.get("tag")
    need(
        kind in ("RESPONSE", "UPDATE", "MESSAGE_TAG"),
        "messaging_type must be RESPONSE, UPDATE or MESSAGE_TAG",
    )
    need((kind == "MESSAGE_TAG") is (tag is not None), "tag goes with MESSAGE_TAG, and only with it")
    if tag is None:
        return WINDOW
    need(tag not in RETIRED or now < RETIRED_AT, f"The message tag {tag} is no longer supported")
    need(tag == "HUMAN_AGENT" or tag in RETIRED, "tag is not a message tag")
    if tag == "HUMAN_AGENT" and not human_agent:
        raise Refusal(10, "The HUMAN_AGENT feature must be reviewed and approved by Facebook")
    return HUMAN_WINDOW


def _attachment(attachment: Mapping[str, Any]) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
    only(attachment, {"type", "payload"}, "attachment")
    payload = block(attachment, "payload")
    if attachment.get("type") == "image":
        only(payload, {"attachment_id", "is_reusable"}, "payload")
        return "image", "", words(payload, "attachment_id", 64), ()
    need(attachment.get("type") == "template", "attachment type must be image or template")
    only(payload, {"template_type", "text", "buttons"}, "payload")
    need(payload.get("template_type") == "button", "template_type must be button")
    buttons = payload.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise Refusal(100, "1 to 3 buttons are allowed")
    return "buttons", words(payload, "text", 640), "", tuple(_button(one) for one in buttons)


def _button(button: Any) -> tuple[str, str]:
    need(isinstance(button, dict) and button.get("type") == "postback", "button type must be postback")
    only(button, {"type", "title", "payload"}, "button")
    return words(button, "payload", 1000), words(button, "title", 20)


def _quick_replies(replies: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(replies, list) or not 1 <= len(replies) <= 13:
        raise Refusal(100, "1 to 13 quick replies are allowed")
    pairs = []
    for reply in replies:
        need(isinstance(reply, dict) and reply.get("content_type") == "text", "content_type must be text")
        only(reply, {"content_type", "title", "payload"}, "quick_replies")
        pairs.append((words(reply, "payload", 1000), words(reply, "title", 20)))
    return tuple(pairs)


def need(holds: bool, details: str) -> None:
    if not holds:
        raise Refusal(100, details)


def only(content: Mapping[str, Any], allowed: set[str], where: str) -> None:
    extra = sorted(set(content) - allowed)
    need(not extra, f"Unexpected key {', '.join(extra)} on param {where}")


def block(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise Refusal(100, f"{name} must be an object")
    return value


def words(content: Mapping[str, Any], name: str, limit: int) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise Refusal(100, f"{name} must be a text of 1 to {limit} characters")
    return value
