"""Messenger's error codes as data, and what each makes of a call.

Source: Messenger Platform, "Common Error Codes" and changelog (10/1893063, 25 June 2026); branch on code and subcode,
never on text. A key of one number holds for the subcodes that have no line of their own, but for `ALONE`.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from server.channels.base_http import body_of, retry_after
from server.domain.outcomes import (
    NeedsTemplate,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)

Code = tuple[int, int | None]
REACTIONS: Mapping[str, frozenset[Code]] = {
    "window_closed": frozenset({(10, 2018278)}),
    "recipient_unavailable": frozenset({(551, None), (100, 2018001)}),
    "channel_reauth_stop": frozenset({(190, None)}),
    "channel_permission_stop": frozenset({(10, None), (200, None)}),
    "channel_pause_alert": frozenset({(368, None), (10, 1893063)}),
    "payload_bug_never_retry": frozenset({(100, None)}),
    "retry_backoff": frozenset({(2, None), (4, None), (613, None)}),
    # Meta's pages name it a refusal to this person, its own text a permission of the app: nothing is concluded from it.
    "need_consent": frozenset({(230, None)}),
    # "Received invalid JSON reply … The messages are all sent successfully, but the endpoint returns an error."
    "perhaps_taken": frozenset({(1, None)}),
}
# Too many meanings: one of their subcodes that nobody has told us about must not stop the whole account.
ALONE = frozenset({10, 200})
PERMISSION = frozenset({10, 200})
_THROTTLES = frozenset({4, 613})
_REASONS = {
    "recipient_unavailable": "recipient.unreachable",
    "payload_bug_never_retry": "payload.refused",
    "need_consent": "recipient.consent_missing",
}


def reaction_of(code: int, subcode: int | None = None) -> str | None:
    """Return the name of the reaction to a code, None for one nobody has told us about."""
    exact = next((name for name, codes in REACTIONS.items() if (code, subcode) in codes), None)
    if exact or subcode is None or code in ALONE:
        return exact
    return next((name for name, codes in REACTIONS.items() if (code, None) in codes), None)


def outcome_of(
    code: int, subcode: int | None = None, message: str = "", retry_after_s: float | None = None
) -> Outcome:
    """Return what an explicit refusal means; an unknown code is refused for good and shown to a human."""
    number = f"{code}/{subcode}" if subcode else str(code)
    detail = f"{number}: {message}"[:500]
    match reaction_of(code, subcode):
        case "retry_backoff":
            return Throttled(retry_after_s, detail) if code in _THROTTLES else Retry(retry_after_s, detail)
        case "channel_reauth_stop" | "channel_permission_stop":
            return Reauth(detail)
        case "channel_pause_alert":
            return Paused(detail)
        case "window_closed":
            return NeedsTemplate(detail)
        case "perhaps_taken":
            return Unclear(detail)
        case reaction:
            return Permanent(_REASONS.get(reaction or "", "platform.refused"), detail)


def error_of(body: object) -> tuple[int, int | None, str] | None:
    """Return (code, subcode, message) of Meta's error object inside an answer, None if there is none."""
    error: Any = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or type(error.get("code")) is not int:
        return None
    subcode = error.get("error_subcode")
    return (
        error["code"],
        subcode if type(subcode) is int and subcode else None,
        str(error.get("message") or ""),
    )


def refused(answer: httpx.Response, *, tagged: bool = False) -> Outcome:
    """Return what a status that is no success says: only Meta's own error object, or 401 and 429, is a refusal.

    Without Meta's permission to answer for seven days only that is refused, not the page.
    """
    after_s = retry_after(answer)
    error = error_of(body_of(answer))
    if error and answer.status_code >= 500 and reaction_of(*error[:2]) is None:
        return Unclear(f"{answer.status_code}: {error[0]}")
    if error:
        outcome = outcome_of(*error, retry_after_s=after_s)
        if tagged and error[0] in PERMISSION and isinstance(outcome, Reauth):
            return NeedsTemplate(outcome.detail)
        return outcome
    if answer.status_code == 401:
        return Reauth("401")
    if answer.status_code == 429:
        return Throttled(after_s, "429")
    return Unclear(str(answer.status_code))
