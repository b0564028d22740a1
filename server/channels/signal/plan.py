"""From a draft to what `POST /v2/send` takes (S1: signal-cli-rest-api 0.99, swagger, read August 2026)."""

import re
from typing import Any

from server.channels.base_plan import unfit
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.choices import numbered
from server.domain.identities import Identity, IdentityKind

CAPS = Capabilities(
    key="signal",
    can_initiate="free",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="link",
    max_text=10_000,
    text_unit="chars",
    max_caption=10_000,
    # Signal itself takes about 100 MB; ours travel as base64 inside one JSON text.
    max_image_bytes=20_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    receipts=frozenset({"delivered", "read"}),
    inbound="websocket",
    echoes=True,
    costs=False,
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PHONE = re.compile(r"\+[1-9][0-9]{5,14}")
_FOREIGN = re.compile(r"(?P<author>[^:#]+):(?P<timestamp>[0-9]{1,16})(#[0-9]+)?")


def steps(draft: Draft, identity: Identity, number: str) -> list[Step] | Blocked:
    """Return the messages in order: each picture one, the last of them with the words; no buttons, so numbers and a link.

    One picture a message, not an album: each is its own row in the chronology, with its own receipts.
    """
    if not _reachable(identity):
        return Blocked("identity.unusable")
    if not draft.text and not draft.pictures:
        return Blocked("draft.empty")
    if draft.choices and not draft.text:
        return Blocked("text.missing")
    if blocked := unfit(draft.pictures, CAPS.image_mimes, CAPS.max_image_bytes):
        return blocked
    words = numbered(draft.text, draft.choices, draft.answer_link) if draft.choices else draft.text
    if len(words) > CAPS.max_text:
        return Blocked("text.too_long", {"limit": str(CAPS.max_text)})
    shown: list[Picture | None] = list(draft.pictures) or [None]
    last = len(shown) - 1
    return [
        Step(
            kind="image" if picture else "text",
            intent_id=draft.intent_ids[place],
            call=_call(
                number, identity, words if place == last else "", draft.quote if place == last else None
            ),
            text=words if place == last else "",
            picture=picture,
        )
        for place, picture in enumerate(shown)
    ]


def parted(foreign_id: str) -> tuple[str, int] | None:
    """Return (author, timestamp in ms) of a message's name, None when it is none of Signal's."""
    match = _FOREIGN.fullmatch(foreign_id)
    return (match["author"], int(match["timestamp"])) if match else None


def data_uri(picture: Picture, encoded: str) -> str:
    """Return a file as the service takes it; our names hold no `;` or `,`, what does is cut to be sure."""
    name = re.sub(r"[^\w.\-]", "_", picture.name)[:100]
    return f"data:{picture.mime};filename={name};base64,{encoded}"


def _reachable(identity: Identity) -> bool:
    match identity.kind:
        case IdentityKind.PHONE:
            return bool(PHONE.fullmatch(identity.value))
        case IdentityKind.UUID:
            return bool(_UUID.fullmatch(identity.value))
        case _:
            return False


def _call(number: str, identity: Identity, words: str, quote: str | None) -> dict[str, Any]:
    call: dict[str, Any] = {
        "number": number,
        "recipients": [identity.value],
        "message": words,
        # The installation's default may be "styled": then a customer would read our asterisks as bold.
        "text_mode": "normal",
    }
    quoted = parted(quote) if quote else None
    if quoted:
        call |= {"quote_author": quoted[0], "quote_timestamp": quoted[1], "quote_message": ""}
    return call
