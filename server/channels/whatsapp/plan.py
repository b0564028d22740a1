"""From a draft to WhatsApp's own words: which messages, in which order, with which limits (W/messages, v23 schema)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from server.channels.base_plan import unfit
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.choices import MAX_CHOICES, Choice, fit_buttons, numbered
from server.domain.identities import Identity, IdentityKind

CAPS = Capabilities(
    key="whatsapp_cloud",
    can_initiate="template",
    window=timedelta(hours=24),
    human_window=None,
    buttons=MAX_CHOICES,
    button_title_max=20,
    choice_fallback="link",
    max_text=4096,
    text_unit="chars",
    max_caption=1024,
    max_image_bytes=5_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    receipts=frozenset({"delivered", "read"}),
    inbound="webhook",
    echoes=True,
    costs=True,
)
MAX_BUTTON_ID = 256
Blocks = Mapping[str, Any]


def refusal(draft: Draft, identity: Identity) -> Blocked | None:
    """Return why no form of this draft can leave, whatever the window."""
    if identity.kind not in (IdentityKind.PHONE, IdentityKind.BSUID):
        return Blocked("identity.unusable")
    if not (draft.text or draft.pictures or draft.values or draft.template):
        return Blocked("draft.empty")
    if draft.choices and not draft.text:
        return Blocked("text.missing")
    return unfit(draft.pictures, CAPS.image_mimes, CAPS.max_image_bytes)


def free_steps(draft: Draft, identity: Identity) -> list[Step] | Blocked:
    """Return the messages for an open window.

    The last picture carries the words (as caption, or as header above the buttons), so that the question stands last,
    next to the thumb, and costs no message of its own. Choices that do not fit buttons become a numbered list with
    the answer link; words too long for a caption follow as a text.
    """
    body, choices = draft.text, draft.choices
    if choices and not (fit_buttons(choices, CAPS) and len(body) <= CAPS.max_caption and _short_ids(choices)):
        body, choices = numbered(body, choices, draft.answer_link), ()
    if len(body) > CAPS.max_text:
        return Blocked("text.too_long", {"limit": str(CAPS.max_text)})
    pictures = list(draft.pictures)
    last = pictures.pop() if pictures and len(body) <= CAPS.max_caption else None
    says: list[tuple[str, Blocks, str, Picture | None]] = [
        ("image", _image(), "", shown) for shown in pictures
    ]
    if choices:
        says.append(("interactive", _buttons(body, choices, header=last is not None), body, last))
    elif last:
        says.append(("image", _image(body), body, last))
    elif body:
        says.append(("text", {"text": {"body": body, "preview_url": False}}, body, None))
    return [
        step_of(
            draft.intent_ids[place],
            kind,
            blocks,
            identity,
            text,
            picture,
            draft.quote if place == len(says) - 1 else None,
        )
        for place, (kind, blocks, text, picture) in enumerate(says)
    ]


def with_media(call: Blocks, media_id: str) -> dict[str, Any]:
    """Return the call with the uploaded picture's id in the one place that waits for it."""
    image = {"id": media_id}
    match call["type"]:
        case "image":
            return {**call, "image": {**call["image"], **image}}
        case "interactive":
            header = {"type": "image", "image": image}
            return {**call, "interactive": {**call["interactive"], "header": header}}
        case _:
            template = call["template"]
            top = {"type": "header", "parameters": [{"type": "image", "image": image}]}
            rest = [part for part in template["components"] if part["type"] != "header"]
            return {**call, "template": {**template, "components": [top, *rest]}}


def header_apart(call: Blocks) -> tuple[Blocks, Blocks] | None:
    """Return a question whose picture stands above its buttons as picture and question, None for every other call.

    The picture goes without our id: the question alone tells the fate of the message.
    """
    block: Any = call.get("interactive")
    if not isinstance(block, dict) or "header" not in block:
        return None
    shared = {
        name: call[name]
        for name in ("messaging_product", "recipient_type", "to", "recipient")
        if name in call
    }
    picture = {**shared, "type": "image", "image": block["header"]["image"]}
    bare = {name: part for name, part in block.items() if name != "header"}
    return picture, {**call, "interactive": bare}


def step_of(
    intent: UUID,
    kind: str,
    blocks: Blocks,
    identity: Identity,
    text: str,
    picture: Picture | None,
    quote: str | None,
) -> Step:
    """Return one call of the kind, addressed and with our id, that comes back with every status."""
    # A BSUID in "to" is answered with 200 and vanishes (chatwoot/chatwoot#15150); without "+" a number may be
    # read as one of the business's own country.
    address = "to" if identity.kind is IdentityKind.PHONE else "recipient"
    call: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        address: identity.value,
        "type": kind,
        "biz_opaque_callback_data": str(intent),
        **blocks,
    }
    if quote:
        call["context"] = {"message_id": quote}
    return Step(kind=kind, intent_id=intent, call=call, text=text, picture=picture)


def _image(caption: str = "") -> Blocks:
    return {"image": {"id": "", "caption": caption} if caption else {"id": ""}}


def _buttons(body: str, choices: tuple[Choice, ...], *, header: bool) -> Blocks:
    action = {
        "buttons": [
            {"type": "reply", "reply": {"id": choice.id, "title": choice.title}} for choice in choices
        ]
    }
    block: dict[str, Any] = {"type": "button", "body": {"text": body}, "action": action}
    if header:
        block["header"] = {"type": "image", "image": {"id": ""}}
    return {"interactive": block}


def _short_ids(choices: tuple[Choice, ...]) -> bool:
    return all(0 < len(choice.id) <= MAX_BUTTON_ID for choice in choices)
