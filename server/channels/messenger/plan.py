"""From a draft to Messenger's own words: which messages, in which order, with which limits.

Source: Messenger Platform, "Send a Message", "Quick Replies", "Button Template", changelog, read mid-2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from server.channels.base_plan import unfit
from server.domain.capabilities import Capabilities, window_open
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.choices import Choice, fit_buttons, numbered
from server.domain.identities import Identity, IdentityKind

WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)
CAPS = Capabilities(
    key="messenger",
    can_initiate="after_contact",
    window=WINDOW,
    human_window=HUMAN_WINDOW,
    buttons=13,
    button_title_max=20,
    choice_fallback="link",
    max_text=2000,
    text_unit="chars",
    max_caption=0,
    max_image_bytes=8_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    receipts=frozenset({"delivered", "read"}),
    inbound="webhook",
    echoes=True,
    costs=False,
)
# Without Meta's leave to answer for seven days there is a day, for humans and machines alike.
WITHOUT_AGENT = replace(CAPS, human_window=None)
# A button template stays on the screen after the tap, quick replies vanish: it is taken wherever it fits.
TEMPLATE_BUTTONS, TEMPLATE_TEXT = 3, 640
MAX_PAYLOAD = 1000
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tag:
    """A reason Meta accepts for writing after 24 hours; `ends` is when it stops (or stopped) being one."""

    ends: datetime | None


HUMAN_AGENT = "HUMAN_AGENT"
_SPRING_2026 = datetime(2026, 4, 27, tzinfo=UTC)
TAGS: Mapping[str, Tag] = {
    HUMAN_AGENT: Tag(ends=None),
    "CONFIRMED_EVENT_UPDATE": Tag(ends=_SPRING_2026),
    "ACCOUNT_UPDATE": Tag(ends=_SPRING_2026),
    "POST_PURCHASE_UPDATE": Tag(ends=_SPRING_2026),
}


def tag_lives(name: str, now: datetime) -> bool:
    """Return whether a tag is known and Meta still takes it (chatwoot#14674, erxes#9177: retired ones were sent on)."""
    tag = TAGS.get(name)
    return tag is not None and (tag.ends is None or now < tag.ends)


def refusal(draft: Draft, identity: Identity) -> Blocked | None:
    """Return why no form of this draft can leave, whatever the window."""
    if identity.kind is not IdentityKind.PSID or not identity.value:
        return Blocked("identity.unusable")
    if not draft.text.strip() and not draft.pictures:
        return Blocked("draft.empty")
    if draft.choices and not draft.text.strip():
        return Blocked("text.missing")
    return unfit(draft.pictures, CAPS.image_mimes, CAPS.max_image_bytes)


def grounds(now: datetime, window_until: datetime | None, *, human_agent: bool) -> Words | None:
    """Return the words by which Meta lets a message through at this moment, None when there are none.

    `window_until` is a day after the customer's last message; a human may answer for a week, if Meta has allowed
    the firm to (App Review), and no other tag is ever used.
    """
    if window_until is None:
        return None
    if window_open(now, window_until):
        return {"messaging_type": "RESPONSE"}
    if human_agent and tag_lives(HUMAN_AGENT, now) and window_open(now, window_until - WINDOW + HUMAN_WINDOW):
        return {"messaging_type": "MESSAGE_TAG", "tag": HUMAN_AGENT}
    return None


def steps(draft: Draft, identity: Identity, ground: Words) -> list[Step] | Blocked:
    """Return the messages in order: every picture for itself, for none carries words, then the words with their buttons."""
    said = _said(draft)
    if len(said[2]) > CAPS.max_text:
        return Blocked("text.too_long", {"limit": str(CAPS.max_text)})
    says: list[tuple[str, Words, str, Picture | None]] = [
        ("image", _image(), "", picture) for picture in draft.pictures
    ]
    if draft.text.strip():
        says.append((*said, None))
    return [
        _step(draft.intent_ids[place], kind, identity, ground, message, text, picture)
        for place, (kind, message, text, picture) in enumerate(says)
    ]


def with_media(call: Words, attachment_id: str) -> dict[str, Any]:
    """Return the call with the uploaded picture's id in the one place that waits for it."""
    return {**call, "message": {**call["message"], **_image(attachment_id)}}


def _said(draft: Draft) -> tuple[str, Words, str]:
    """Return (kind, message, words): as buttons where they fit, else with a numbered list and the answer link."""
    text, choices = draft.text, draft.choices
    fit = fit_buttons(choices, CAPS) and all(0 < len(choice.id) <= MAX_PAYLOAD for choice in choices)
    if choices and fit and len(choices) <= TEMPLATE_BUTTONS and len(text) <= TEMPLATE_TEXT:
        return "buttons", _buttons(text, choices), text
    if choices and fit:
        return "quick_replies", {"text": text, "quick_replies": _quick_replies(choices)}, text
    words = numbered(text, choices, draft.answer_link) if choices else text
    return "text", {"text": words}, words


def _step(
    intent: UUID,
    kind: str,
    identity: Identity,
    ground: Words,
    message: Words,
    text: str,
    picture: Picture | None,
) -> Step:
    # The metadata comes back in the echo, which may be quicker than the answer (chatwoot#12032, #13665).
    call = {
        "recipient": {"id": identity.value},
        **ground,
        "message": {**message, "metadata": str(intent)},
    }
    return Step(kind=kind, intent_id=intent, call=call, text=text, picture=picture)


def _image(attachment_id: str = "") -> Words:
    return {"attachment": {"type": "image", "payload": {"attachment_id": attachment_id}}}


def _buttons(text: str, choices: tuple[Choice, ...]) -> Words:
    buttons = [{"type": "postback", "title": choice.title, "payload": choice.id} for choice in choices]
    payload = {"template_type": "button", "text": text, "buttons": buttons}
    return {"attachment": {"type": "template", "payload": payload}}


def _quick_replies(choices: tuple[Choice, ...]) -> list[Words]:
    return [{"content_type": "text", "title": choice.title, "payload": choice.id} for choice in choices]
