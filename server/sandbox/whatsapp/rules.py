"""What the Graph API takes and what it refuses, as strict as Meta's pages say (W/messages, W/templates, v23 schema)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from server.sandbox.platform import Refused

_HTTP_STATUS = {190: 401, 131000: 500, 131056: 400}
_TITLES = {
    100: "(#100) Invalid parameter",
    190: "Error validating access token",
    131000: "(#131000) Something went wrong",
    131008: "(#131008) Required parameter is missing",
    131009: "(#131009) Parameter value is not valid",
    131047: "(#131047) Re-engagement message",
    131050: "(#131050) User has stopped marketing messages",
    131053: "(#131053) Media upload error",
    131056: "(#131056) (Business Account, Consumer Account) pair rate limit hit",
    132000: "(#132000) Number of parameters does not match the expected number of params",
    132001: "(#132001) Template name does not exist in the translation",
    132012: "(#132012) Parameter format does not match format in the created template",
    132015: "(#132015) Template is paused",
    132016: "(#132016) Template is disabled",
}
_COMMON = {
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "biz_opaque_callback_data",
    "context",
}
_FREE = {"text", "image", "interactive"}


class Refusal(Refused):
    """The platform says no, with a code of its own."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.status = _HTTP_STATUS.get(code, 400)
        self.body = {
            "error": {
                "message": _TITLES.get(code, f"(#{code})"),
                "type": "OAuthException",
                "code": code,
                "error_data": {"messaging_product": "whatsapp", "details": details},
                "fbtrace_id": "SandboxTrace",
            }
        }

    def answer(self) -> Response:
        return JSONResponse(self.body, status_code=self.status)


@dataclass(frozen=True, slots=True)
class Approved:
    """A template as the platform keeps it; `text` has {{1}} … or {{name}} … for its variables."""

    name: str
    language: str
    text: str
    header_image: bool = False
    buttons: tuple[str, ...] = ()
    state: str = "APPROVED"
    quality: str = "GREEN"
    category: str = "UTILITY"
    reason: str = "NONE"

    @property
    def variables(self) -> list[str]:
        """Return the names of the variables, each once, in the order in which they stand."""
        return list(dict.fromkeys(re.findall(r"\{\{(\w+)\}\}", self.text)))

    @property
    def named(self) -> bool:
        return any(not name.isdigit() for name in self.variables)

    def as_listed(self) -> dict[str, Any]:
        """Return the template as `GET /message_templates` lists it."""
        parts: list[dict[str, Any]] = [{"type": "BODY", "text": self.text}]
        if self.header_image:
            parts.insert(0, {"type": "HEADER", "format": "IMAGE"})
        if self.buttons:
            rows = [{"type": "QUICK_REPLY", "text": title} for title in self.buttons]
            parts.append({"type": "BUTTONS", "buttons": rows})
        return {
            "id": str(sum(self.name.encode())),
            "name": self.name,
            "language": self.language,
            "status": self.state,
            "category": self.category,
            "rejected_reason": self.reason,
            "parameter_format": "NAMED" if self.named else "POSITIONAL",
            "quality_score": {"score": self.quality, "date": 0},
            "components": parts,
        }


@dataclass(frozen=True, slots=True)
class Said:
    """A message that has passed: what the customer will see."""

    kind: str
    text: str = ""
    picture: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    category: str = ""


def addressee(call: Mapping[str, Any]) -> str:
    """Return the number or the business-scoped id a message goes to; if both are given the number wins."""
    need(call.get("messaging_product") == "whatsapp", 100, "messaging_product must be whatsapp")
    need(call.get("recipient_type") == "individual", 131009, "recipient_type must be individual")
    to, recipient = call.get("to"), call.get("recipient")
    need(to is not None or recipient is not None, 131008, "Parameter to or recipient is required")
    if to is not None:
        need(
            bool(re.fullmatch(r"\+[1-9]\d{6,14}", words(call, "to", 40))),
            131009,
            "to must be E.164 with its plus",
        )
        return str(to)
    known = re.fullmatch(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", words(call, "recipient", 150))
    need(known is not None, 131009, "recipient must be a business-scoped id")
    return str(recipient)


def said(call: Mapping[str, Any], templates: Sequence[Approved]) -> Said:
    """Return what a well-formed message says; raises Refusal for every other."""
    kind = call.get("type")
    need(kind is not None, 131008, "Parameter type is required")
    need(kind in _FREE | {"template"}, 131009, "type is not one this number may send")
    only(call, _COMMON | {str(kind)}, "message")
    if call.get("biz_opaque_callback_data") is not None:
        words(call, "biz_opaque_callback_data", 512)
    content = block(call, str(kind))
    match kind:
        case "text":
            only(content, {"body", "preview_url"}, "text")
            return Said("text", words(content, "body", 4096))
        case "image":
            only(content, {"id", "caption"}, "image")
            caption = words(content, "caption", 1024) if "caption" in content else ""
            return Said("image", caption, words(content, "id", 64))
        case "interactive":
            return _interactive(content)
        case _:
            return _template(content, templates)


def _interactive(content: Mapping[str, Any]) -> Said:
    need(content.get("type") == "button", 131009, "interactive type must be button")
    only(content, {"type", "header", "body", "footer", "action"}, "interactive")
    buttons = block(content, "action").get("buttons")
    need(isinstance(buttons, list) and 1 <= len(buttons) <= 3, 131009, "1 to 3 buttons are allowed")
    pairs = []
    for button in buttons or []:
        need(isinstance(button, dict) and button.get("type") == "reply", 131009, "button type must be reply")
        reply = block(button, "reply")
        pairs.append((words(reply, "id", 256), words(reply, "title", 20)))
    need(len({pair[0] for pair in pairs}) == len(pairs), 131009, "Button ids must be unique")
    need(len({pair[1] for pair in pairs}) == len(pairs), 131009, "Button titles must be unique")
    picture = ""
    if "header" in content:
        header = block(content, "header")
        need(header.get("type") == "image", 131009, "header type must be image")
        picture = words(block(header, "image"), "id", 64)
    if "footer" in content:
        words(block(content, "footer"), "text", 60)
    return Said("interactive", words(block(content, "body"), "text", 1024), picture, tuple(pairs))


def _template(content: Mapping[str, Any], templates: Sequence[Approved]) -> Said:
    language = block(content, "language")
    need(language.get("policy") == "deterministic", 131009, "language policy must be deterministic")
    name, code = words(content, "name", 512), words(language, "code", 10)
    known = next((one for one in templates if (one.name, one.language) == (name, code)), None)
    if known is None or known.state in ("PENDING", "REJECTED"):
        raise Refusal(132001, f"template name ({name}) does not exist in {code}")
    need(known.state != "DISABLED", 132016, "template is disabled")
    need(known.state == "APPROVED", 132015, f"template is {known.state}")
    components = content.get("components", [])
    need(isinstance(components, list), 100, "components must be a list")
    parts: dict[str, list[Mapping[str, Any]]] = {"header": [], "body": [], "button": []}
    for part in components:
        need(isinstance(part, dict) and part.get("type") in parts, 131009, "unknown component")
        parts[part["type"]].append(part)
    text = _fill(known, parts["body"])
    picture, replies = _header(known, parts["header"]), _quick_replies(known, parts["button"])
    return Said("template", text, picture, replies, known.category)


def _fill(known: Approved, bodies: list[Mapping[str, Any]]) -> str:
    given = bodies[0].get("parameters", []) if bodies else []
    fits = isinstance(given, list) and len(bodies) <= 1 and len(given) == len(known.variables)
    need(fits, 132000, f"expected {len(known.variables)} body parameters")
    by_name: dict[str, str] = {}
    for place, parameter in enumerate(given, 1):
        need(parameter.get("type") == "text", 132012, "body parameters must be text")
        name = words(parameter, "parameter_name", 60) if known.named else str(place)
        need(name in known.variables, 132012, f"parameter {name} is not in the template")
        by_name[name] = words(parameter, "text", 1024)
        need(
            not re.search(r"[\n\t]| {5}", by_name[name]),
            132012,
            "no new-line, tab or run of blanks in a parameter",
        )
    need(len(by_name) == len(known.variables), 132000, "a parameter is missing")
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: by_name[found[1]], known.text)
    need(len(text) <= 1024, 132005 if known.variables else 131009, "translated text too long")
    return text


def _header(known: Approved, headers: list[Mapping[str, Any]]) -> str:
    need(bool(headers) == known.header_image, 132012, "header does not match the template")
    if not headers:
        return ""
    parameters = headers[0].get("parameters")
    need(isinstance(parameters, list) and len(parameters) == 1, 132000, "expected 1 header parameter")
    parameter = headers[0]["parameters"][0]
    need(isinstance(parameter, dict) and parameter.get("type") == "image", 132012, "header must be an image")
    return words(block(parameter, "image"), "id", 64)


def _quick_replies(known: Approved, buttons: list[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    payloads = {place: title for place, title in enumerate(known.buttons)}
    for button in buttons:
        need(button.get("sub_type") == "quick_reply", 131009, "button sub_type must be quick_reply")
        index = str(button.get("index"))
        need(index.isdigit() and int(index) in payloads, 132000, "button index is not in the template")
        parameters = button.get("parameters")
        need(isinstance(parameters, list) and len(parameters) == 1, 132000, "expected 1 button parameter")
        need(button["parameters"][0].get("type") == "payload", 132012, "button parameter must be a payload")
        payloads[int(index)] = words(button["parameters"][0], "payload", 256)
    return tuple((payloads[place], title) for place, title in enumerate(known.buttons))


def need(holds: bool, code: int, details: str) -> None:
    if not holds:
        raise Refusal(code, details)


def only(content: Mapping[str, Any], allowed: set[str], where: str) -> None:
    extra = sorted(set(content) - allowed)
    need(not extra, 100, f"Unexpected key {', '.join(extra)} on param {where}")


def block(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    need(value is not None, 131008, f"Parameter {name} is required")
    if not isinstance(value, dict):
        raise Refusal(100, f"{name} must be an object")
    return value


def words(content: Mapping[str, Any], name: str, limit: int) -> str:
    value = content.get(name)
    need(value is not None, 131008, f"Parameter {name} is required")
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise Refusal(131009, f"{name} must be a text of 1 to {limit} characters")
    return value
