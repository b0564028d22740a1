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

# A reply may be refused inside the window "in rare cases" (W/messages/send-messages, known issue): once more after this.
AGAIN_AFTER_S = 60.0
# "Restricted from messaging users in this country" (W/support/error-codes): true of this recipient, of nobody at home.
_ONE_COUNTRY = 130497
_THROTTLES = frozenset({4, 80007, 130429, 131056})
# The sentence of every reaction, and of the codes that have more to say.
_REASONS = {
    "retry_backoff": "message.too_late",
    "retry_pair_backoff_4^x": "message.too_late",
    "channel_reauth_stop": "account.token",
    "channel_permission_stop": "account.permission",
    "channel_pause_alert": "account.restricted",
    "use_template": "window.closed",
    "never_retry_recipient": "recipient.unreachable",
    "no_retry_before_24h": "recipient.later",
    "opt_out": "consent.withdrawn",
    "media_fix": "media.refused",
    "payload_bug_never_retry": "payload.refused",
    "template_fix": "template.refused",
    "identity_confirm": "recipient.identity_changed",
}
_REASONS_OF_CODES = {
    131045: "account.unregistered",
    368: "account.blocked",
    131031: "account.blocked",
    131042: "account.payment",
    131048: "account.spam",
    130497: "account.country",
    131021: "recipient.ourselves",
    131030: "recipient.test_list",
    131062: "recipient.needs_number",
    132000: "template.count",
    132001: "template.missing",
    132005: "template.too_long",
    132007: "template.policy",
    132012: "template.format",
    132015: "template.paused",
    132016: "template.disabled",
}


def reaction_of(code: int) -> str | None:
    """Return the name of the reaction to a code, None for a code nobody has told us about."""
    return next((name for name, codes in REACTIONS.items() if code in codes), None)


def sentence_of(code: int) -> str:
    """Return the name of the sentence that explains a code to the office (`templates/sentences/sending.txt`)."""
    return _REASONS_OF_CODES.get(code) or _REASONS.get(reaction_of(code) or "", "platform.refused")


def outcome_of(code: int, details: str, retry_after_s: float | None = None) -> Outcome:
    """Return what an explicit refusal means; an unknown code is refused for good and shown to a human."""
    detail, sentence = f"{code}: {details}"[:500], sentence_of(code)
    match reaction_of(code):
        case "retry_backoff" | "retry_pair_backoff_4^x":
            return Throttled(retry_after_s, detail) if code in _THROTTLES else Retry(retry_after_s, detail)
        case "channel_reauth_stop" | "channel_permission_stop":
            return Reauth(detail, sentence)
        case "channel_pause_alert" if code != _ONE_COUNTRY:
            return Paused(detail, sentence)
        case "use_template":
            return NeedsTemplate(detail, AGAIN_AFTER_S)
        case "opt_out":
            return OptedOut(detail)
        case "media_fix":
            return MediaFix(detail)
        case _:
            return Permanent(sentence, detail)


def health_of(code: int) -> str:
    """Return what an error told without a call makes of the account, in the words of `Health`, "" = nothing."""
    match outcome_of(code, ""):
        case Reauth():
            return "reauth"
        case Paused():
            return "paused"
        case _:
            return ""


def error_of(body: object) -> tuple[int, str] | None:
    """Return (code, details) of Meta's error object inside an answer or a status, None if there is none."""
    error: Any = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or type(error.get("code")) is not int:
        return None
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return error["code"], str(details or error.get("message") or error.get("title") or "")
