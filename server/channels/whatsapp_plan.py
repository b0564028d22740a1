"""From a draft to WhatsApp's own words: which messages, in which order, with which limits (W/messages, v23 schema)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from server.domain.channels import (
    MAX_CHOICES,
    Blocked,
    Capabilities,
    Choice,
    Draft,
    Identity,
    IdentityKind,
    Picture,
    Step,
    Template,
    fit_buttons,
    numbered,
)

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
# Meta counts the whole body; the rest is left to the template's own words.
MAX_PARAMETER = 900
MAX_BUTTON_ID = 256
Blocks = Mapping[str, Any]


def refusal(draft: Draft, identity: Identity) -> Blocked | None:
    """Return why no form of this draft can leave, whatever the window."""
    if identity.kind not in (IdentityKind.PHONE, IdentityKind.BSUID):
        return Blocked("identity.unusable")
    if not draft.text and not draft.pictures:
        return Blocked("draft.empty")
    if draft.choices and not draft.text:
        return Blocked("text.missing")
    for picture in draft.pictures:
        if picture.mime not in CAPS.image_mimes:
            return Blocked("picture.kind", {"name": picture.name})
        if picture.size_bytes > CAPS.max_image_bytes:
            return Blocked("picture.too_large", {"name": picture.name, "limit_mb": "5"})
    return None


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
        _step(
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


def template_step(draft: Draft, identity: Identity, template: Template | None) -> list[Step] | Blocked:
    """Return the one message allowed outside the window, or say that it is closed.

    The template's body has one variable: the question. Its buttons are fixed by Meta's approval, so they answer only
    when they read exactly like the choices; otherwise the choices stand in the text, with the answer link.
    A template with a picture needs one; pictures that have no place in it are seen behind the answer link only.
    """
    if template is None or not template.approved:
        return Blocked("window.closed")
    if template.header_image and not draft.pictures:
        return Blocked("window.closed", {"template": template.name})
    hidden = len(draft.pictures) - template.header_image
    if hidden > 0 and not draft.answer_link:
        return Blocked("window.closed", {"template": template.name})
    titles = tuple(choice.title.casefold() for choice in draft.choices)
    match = bool(titles) and titles == tuple(title.casefold() for title in template.button_titles)
    choices = () if match else draft.choices
    link = draft.answer_link if choices or hidden > 0 else None
    words = _one_line(numbered(draft.text, choices, link))
    if not words:
        return Blocked("text.missing")
    if len(words) > MAX_PARAMETER:
        return Blocked("text.too_long", {"limit": str(MAX_PARAMETER)})
    components: list[Blocks] = [{"type": "body", "parameters": [{"type": "text", "text": words}]}]
    if template.header_image:
        components.insert(0, {"type": "header", "parameters": [{"type": "image", "image": {"id": ""}}]})
    if match:
        components += [_quick_reply(place, choice) for place, choice in enumerate(draft.choices)]
    blocks = {
        "template": {
            "name": template.name,
            "language": {"policy": "deterministic", "code": template.language},
            "components": components,
        }
    }
    picture = draft.pictures[0] if template.header_image else None
    return [_step(draft.intent_ids[0], "template", blocks, identity, words, picture, None)]


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


def _step(
    intent: UUID,
    kind: str,
    blocks: Blocks,
    identity: Identity,
    text: str,
    picture: Picture | None,
    quote: str | None,
) -> Step:
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


def _quick_reply(place: int, choice: Choice) -> Blocks:
    return {
        "type": "button",
        "sub_type": "quick_reply",
        "index": str(place),
        "parameters": [{"type": "payload", "payload": choice.id}],
    }


def _short_ids(choices: tuple[Choice, ...]) -> bool:
    return all(0 < len(choice.id) <= MAX_BUTTON_ID for choice in choices)


def _one_line(text: str) -> str:
    """Return the text as Meta takes it in a variable: no line break, no tab, no run of blanks."""
    return re.sub(r"\s+", " ", re.sub(r"\s*\n\s*", " · ", text)).strip()
