"""What a refusal of the Bot API makes of a call (Bot API 10.1; texts as in tdlib/telegram-bot-api, read mid-2026).

Telegram has no codes finer than HTTP's: inside 400 and 403 only its fixed descriptions tell one refusal from another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.channels.telegram.plan import Args
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import (
    MediaFix,
    Moved,
    OptedOut,
    Outcome,
    Permanent,
    Reauth,
    Throttled,
    Unclear,
)

LONGEST_WAIT_S = 86_400.0
BLOCKED = "bot was blocked by the user"
_DEAD = ("user is deactivated", "user not found")
_NEVER_STARTED = ("can't initiate conversation", "chat not found", "peer_id_invalid")
_MEDIA = (
    "photo_",
    "image_process_failed",
    "wrong file identifier",
    "wrong type of the web page content",
    "too big for a photo",
    "file is too big",
    "file must be non-empty",
    "wrong padding",
    "can't use file of type",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Telegram's own "no": `ok` false, with a code, words and perhaps parameters."""

    code: int
    words: str
    parameters: Args

    @property
    def after_s(self) -> float | None:
        seconds = self.parameters.get("retry_after")
        return min(float(seconds), LONGEST_WAIT_S) if type(seconds) is int and seconds >= 0 else None


def refusal_of(body: object) -> Refusal | None:
    """Return the refusal in an answer, None for anything that is none."""
    if (
        not isinstance(body, Mapping)
        or body.get("ok") is not False
        or type(body.get("error_code")) is not int
    ):
        return None
    parameters: Any = body.get("parameters")
    words = body.get("description")
    return Refusal(
        code=body["error_code"],
        words=words if isinstance(words, str) else "",
        parameters=parameters if isinstance(parameters, Mapping) else {},
    )


def outcome_of(refusal: Refusal) -> Outcome:
    """Return what an explicit refusal of a message means; what only may have failed is unclear."""
    detail, words = f"{refusal.code}: {refusal.words}"[:500], refusal.words.casefold()
    moved_to = refusal.parameters.get("migrate_to_chat_id")
    if refusal.code == 429:
        return Throttled(refusal.after_s, detail)
    if type(moved_to) is int and refusal.code < 500:
        return Moved(Identity(IdentityKind.CHAT, str(moved_to)), detail)
    if refusal.code in (401, 404, 421):
        return Reauth(detail, "telegram.token")
    if refusal.code >= 500 or refusal.code < 400:
        return Unclear(detail)
    if BLOCKED in words:
        return OptedOut(detail)
    if any(sign in words for sign in _DEAD):
        return Permanent("telegram.gone", detail)
    if any(sign in words for sign in _NEVER_STARTED):
        return Permanent("telegram.not_started", detail)
    if refusal.code == 413 or any(sign in words for sign in _MEDIA):
        return MediaFix(detail)
    code = {400: "payload.refused", 403: "recipient.unreachable"}.get(refusal.code, "platform.refused")
    return Permanent(code, detail)


def outcome_of_status(status: int, after_s: float | None) -> Outcome:
    """Return what a status without Telegram's own words means: something on the way said it, so no token is lost."""
    match status:
        case 413:
            return MediaFix("413")
        case 429:
            return Throttled(after_s, "429")
        case _:
            return Unclear(str(status))
