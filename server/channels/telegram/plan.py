"""From a draft to Telegram's own words: which calls, in which order, with which limits (Bot API 10.1, 11 June 2026)."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.channels.base_plan import unfit
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.choices import Choice, fit_buttons, numbered
from server.domain.identities import Identity, IdentityKind

CAPS = Capabilities(
    key="telegram",
    can_initiate="after_contact",
    window=None,
    human_window=None,
    # An inline keyboard has no limit worth naming; one button a row shows about 40 letters on a narrow phone.
    buttons=100,
    button_title_max=40,
    choice_fallback="link",
    max_text=4096,
    text_unit="chars",
    max_caption=1024,
    max_image_bytes=10_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    receipts=frozenset(),
    inbound="webhook",
    echoes=False,
    costs=False,
)
MAX_CALLBACK_BYTES = 64
START_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
BOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_QUESTION = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(.*)", re.DOTALL)
_CHAT = re.compile(r"-?[1-9][0-9]{0,18}")
_SHORT, _PLAIN = "~", "="
_UUID_LETTERS = 22
Args = Mapping[str, Any]


def start_link(bot_name: str, word: str) -> str:
    """Return the link by which a customer opens the chat and brings the one-time word along (core.telegram.org/bots/features).

    Raises ValueError for a word Telegram would not carry: 1 to 64 of A-Z, a-z, 0-9, _ and -.
    """
    if not START_WORD.fullmatch(word) or not BOT_NAME.fullmatch(bot_name):
        raise ValueError("a start link needs a bot's name and a word of 1 to 64 of A-Za-z0-9_-")
    return f"https://t.me/{bot_name}?start={word}"


def button_data(button_id: str) -> str:
    """Return a button's id as `callback_data`: the question's UUID in 22 letters, for Telegram takes 64 bytes only.

    `button_id_of` undoes it; whatever is no question's button keeps its words.
    """
    named = _QUESTION.fullmatch(button_id)
    if named is None:
        return _PLAIN + button_id
    letters = base64.urlsafe_b64encode(UUID(named[1]).bytes).decode().rstrip("=")
    return f"{_SHORT}{letters}{named[2]}"


def button_id_of(data: str) -> str:
    """Return the button's id that `button_data` has made shorter; data we never made comes back as it is."""
    if data.startswith(_PLAIN):
        return data[1:]
    letters, rest = data[1 : 1 + _UUID_LETTERS], data[1 + _UUID_LETTERS :]
    if data.startswith(_SHORT) and len(letters) == _UUID_LETTERS:
        try:
            name = f"{UUID(bytes=base64.b64decode(letters + '==', altchars=b'-_', validate=True))}:{rest}"
        except (binascii.Error, ValueError):
            return data
        # Spare bits in the last letter would let two data mean one button.
        return name if button_data(name) == data else data
    return data


def message_name(chat_id: int, message_id: int) -> str:
    """Return the id a message has with us: Telegram numbers messages inside their chat only."""
    return f"{chat_id}:{message_id}"


def refusal(draft: Draft, identity: Identity) -> Blocked | None:
    """Return why no form of this draft can leave."""
    if identity.kind is not IdentityKind.CHAT or not _CHAT.fullmatch(identity.value):
        return Blocked("identity.unusable")
    if not draft.text.strip() and not draft.pictures:
        return Blocked("draft.empty")
    if draft.choices and not draft.text.strip():
        return Blocked("text.missing")
    return unfit(draft.pictures, CAPS.image_mimes, CAPS.max_image_bytes)


def steps(draft: Draft, identity: Identity) -> list[Step] | Blocked:
    """Return the calls in order.

    The last picture carries the words and the buttons, so that the question stands last, next to the thumb. Choices
    that make no buttons become a numbered list with the answer link; words too long for a caption follow as a text.
    """
    body, choices = draft.text.strip(), draft.choices
    if choices and not _fit(choices):
        body, choices = numbered(body, choices, draft.answer_link), ()
    if size(body) > CAPS.max_text:
        return Blocked("text.too_long", {"limit": str(CAPS.max_text)})
    pictures = list(draft.pictures)
    last = pictures.pop() if pictures and size(body) <= CAPS.max_caption else None
    says: list[tuple[str, Args, str, Picture | None]] = [("sendPhoto", {}, "", shown) for shown in pictures]
    if last:
        says.append(("sendPhoto", {"caption": body} if body else {}, body, last))
    elif body:
        # The answer link is for the customer, not for a crawler.
        says.append(
            ("sendMessage", {"text": body, "link_preview_options": {"is_disabled": True}}, body, None)
        )
    extra = {**_keyboard(choices), **_reply(draft.quote, identity)}
    return [
        _step(draft.intent_ids[place], method, identity, args, text, picture, extra if place == len(says) - 1 else {})
        for place, (method, args, text, picture) in enumerate(says)
    ]  # fmt: skip


def size(text: str) -> int:
    """Return the length in UTF-16 units: Telegram counts characters or these (its own offsets do), never less than ours."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _step(
    intent: UUID, method: str, identity: Identity, args: Args, text: str, picture: Picture | None, extra: Args
) -> Step:
    call = {"method": method, "args": {"chat_id": int(identity.value), **args, **extra}}
    return Step(kind="image" if picture else "text", intent_id=intent, call=call, text=text, picture=picture)


def _fit(choices: Sequence[Choice]) -> bool:
    data = [button_data(choice.id) for choice in choices]
    return (
        fit_buttons(choices, CAPS)
        and all(choice.title.strip() for choice in choices)
        and len(set(data)) == len(data)
        and all(choice.id and len(one.encode()) <= MAX_CALLBACK_BYTES for choice, one in zip(choices, data, strict=True))
    )  # fmt: skip


def _keyboard(choices: Sequence[Choice]) -> Args:
    rows = [[{"text": choice.title, "callback_data": button_data(choice.id)}] for choice in choices]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _reply(quote: str | None, identity: Identity) -> Args:
    """Return what makes it an answer; the quoted message may be gone by now, which must not stop ours."""
    chat, _, number = (quote or "").rpartition(":")
    if chat != identity.value or not number.isascii() or not number.isdigit():
        return {}
    return {"reply_parameters": {"message_id": int(number), "allow_sending_without_reply": True}}
