"""Meta's error codes as data, and what each makes of a call.

Source: W/support/error-codes and the business's own refusals, read mid-2026; branch on code, never on text.
"""

from collections.abc import Mapping
from typing import Any

from server.domain.outcomes import (
    MediaFix,
    NeedsTemplate,
    OptedOut,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
)

REACTIONS: Mapping[str, frozenset[int]] = {
    "retry_backoff": frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131057, 133016, 135000}),
    "retry_pair_backoff_4^x": frozenset({131056}),
    "channel_reauth_stop": frozenset({0, 190, 131005, 131045}),
    "channel_permission_stop": frozenset({3, 10, *range(200, 300)}),
    "channel_pause_alert": frozenset({368, 131031, 131042, 131048, 130497, 131064}),
    "use_template": frozenset({131047}),
    "never_retry_recipient": frozenset({131026, 131021, 131030, 131062}),
    "no_retry_before_24h": frozenset({131049, 130472}),
    "opt_out": frozenset({131050}),
    "media_fix": frozenset({131052, 131053}),
    "payload_bug_never_retry": frozenset({100, 131008, 131009, 131051}),
    "template_fix": frozenset(
        {132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069}
    ),
    "identity_confirm": frozenset({137000}),
}

_THROTTLES = frozenset({4, 80007, 130429, 131056})
_REASONS = {
    "never_retry_recipient": "recipient.unreachable",
    "no_retry_before_24h": "recipient.later",
    "payload_bug_never_retry": "payload.refused",
    "template_fix": "template.refused",
    "identity_confirm": "recipient.identity_changed",
}


def reaction_of(code: int) -> str | None:
    """Return the name of the reaction to a code, None for a code nobody has told us about."""
    return next((name for name, codes in REACTIONS.items() if code in codes), None)


def outcome_of(code: int, details: str, retry_after_s: float | None = None) -> Outcome:
    """Return what an explicit refusal means; an unknown code is refused for good and shown to a human."""
    detail = f"{code}: {details}"[:500]
    match reaction_of(code):
        case "retry_backoff" | "retry_pair_backoff_4^x":
            return Throttled(retry_after_s, detail) if code in _THROTTLES else Retry(retry_after_s, detail)
        case "channel_reauth_stop" | "channel_permission_stop":
            return Reauth(detail)
        case "channel_pause_alert":
            return Paused(detail)
        case "use_template":
            return NeedsTemplate(detail)
        case "opt_out":
            return OptedOut(detail)
        case "media_fix":
            return MediaFix(detail)
        case reaction:
            return Permanent(_REASONS.get(reaction or "", "platform.refused"), detail)


def error_of(body: object) -> tuple[int, str] | None:
    """Return (code, details) of Meta's error object inside an answer or a status, None if there is none."""
    error: Any = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or type(error.get("code")) is not int:
        return None
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return error["code"], str(details or error.get("message") or error.get("title") or "")
