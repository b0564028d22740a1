"""What the service's refusals mean (S3: issues #258, #270, #482 of signal-cli-rest-api; signal-cli's own words).

signal-cli tells its reasons in English sentences only, so here, and nowhere else, the text decides. A sentence nobody
knows may belong to a message that has left: it is unclear.
"""

import re
from typing import Any

from server.domain.outcomes import (
    Accepted,
    MediaFix,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)

_CAPTCHA = re.compile(r"captcha|proof.?required|challenge.?token", re.IGNORECASE)
_LIMIT = re.compile(r"rate.?limit|too many requests|retry.?after|\b(413|429)\b", re.IGNORECASE)
_UNTRUSTED = re.compile(r"untrusted (identity|identities|recipient)|identity_failure", re.IGNORECASE)
_UNKNOWN = re.compile(r"unregistered|not registered", re.IGNORECASE)
_SIGNED_OUT = re.compile(
    r"authorization ?failed|not authorized|specified account does not exist|\b(401|403)\b", re.IGNORECASE
)
_MEDIA = re.compile(r"attachmentinvalid|illegal base64|base64 data does not exist", re.IGNORECASE)
_BUSY = re.compile(r"config file is in use|not registered with json-rpc|connection refused", re.IGNORECASE)
_OURS = re.compile(
    r"couldn't process request|please (provide|specify)|invalid (identifier|recipient)", re.IGNORECASE
)
_RESULTS: dict[str, Outcome] = {
    "UNREGISTERED_FAILURE": Permanent("recipient.unreachable", "UNREGISTERED_FAILURE"),
    "IDENTITY_FAILURE": Permanent("recipient.identity_changed", "IDENTITY_FAILURE"),
    "RATE_LIMIT_FAILURE": Throttled(None, "RATE_LIMIT_FAILURE"),
    "PROOF_REQUIRED_FAILURE": Paused("PROOF_REQUIRED_FAILURE", code="signal.captcha"),
}


def accepted(body: object, number: str) -> Outcome:
    """Return what a 201 says: taken under a time that is the message's name, or refused for the one recipient."""
    first: Any = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return Unclear("an answer without the message's time")
    errors = first.get("errors")
    failed = errors.get("recipients") if isinstance(errors, dict) else None
    if isinstance(failed, list) and failed:
        reason = str(failed[0].get("reason", "")) if isinstance(failed[0], dict) else ""
        return _RESULTS.get(reason, Unclear(f"201: {reason}"[:200]))
    timestamp = str(first.get("timestamp", ""))
    if re.fullmatch(r"[1-9][0-9]{0,15}", timestamp):
        return Accepted(f"{number}:{timestamp}")
    return Unclear("an answer without the message's time")


def refused(status: int, body: object, number: str) -> Outcome:
    """Return what another status says."""
    error = str(body.get("error", "")) if isinstance(body, dict) else ""
    detail = f"{status}: {error}"[:500]
    if status in (401, 403, 404):
        return Reauth(detail)
    if status == 429:
        return _limited(body, detail)
    if status != 400 or not error:
        return Unclear(detail)
    return _of_sentence(error, detail, number)


def _limited(body: object, detail: str) -> Outcome:
    """A limit with tokens is lifted by a human who solves a captcha, one without by time."""
    tokens = body.get("challenge_tokens") if isinstance(body, dict) else None
    token = (
        next((one for one in tokens if isinstance(one, str) and one), "") if isinstance(tokens, list) else ""
    )
    if token:
        return Paused(f"challenge_token {token}"[:250], code="signal.captcha")
    return Throttled(None, detail)


def _of_sentence(error: str, detail: str, number: str) -> Outcome:
    if _CAPTCHA.search(error):
        return Paused(detail, code="signal.captcha")
    if _BUSY.search(error):
        return Retry(None, detail)
    if _LIMIT.search(error):
        return Throttled(None, detail)
    if _UNTRUSTED.search(error):
        return Permanent("recipient.identity_changed", detail)
    if _SIGNED_OUT.search(error) or (_UNKNOWN.search(error) and number in error):
        return Reauth(detail)
    if _UNKNOWN.search(error):
        return Permanent("recipient.unreachable", detail)
    if _MEDIA.search(error):
        return MediaFix(detail)
    if _OURS.search(error):
        return Permanent("payload.refused", detail)
    return Unclear(detail)
