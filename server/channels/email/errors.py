"""What a mail server's refusals mean, by where they were said (RFC 5321 4.2, RFC 3463; read 2026)."""

import re
from enum import StrEnum

from server.domain.outcomes import Outcome, Paused, Permanent, Reauth, Retry, Unclear


class Stage(StrEnum):
    """How far the talk had come; after `BODY` the server may have taken the mail."""

    GREETING = "greeting"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    BODY = "body"


_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# RFC 3463 subjects and details: whose fault it is.
_BY_ENHANCED = (
    (r"5\.1\.[0-46]|5\.1\.10|5\.2\.1", "mail.address_unknown"),
    (r"5\.2\.2", "mail.mailbox_full"),
    (r"5\.2\.3|5\.3\.4", "mail.too_large"),
    (r"5\.1\.[789]|5\.6\.\d+|5\.7\.\d+", "mail.policy"),
)
_BY_CODE = {550: "mail.address_unknown", 551: "mail.address_unknown", 553: "mail.address_unknown"}


def enhanced(text: str) -> str:
    """Return the enhanced status code in a server's words ("5.1.1"), "" without one."""
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def reason_of(status: str, code: int, stage: Stage = Stage.RECIPIENT) -> str:
    """Return the code of the sentence that says why a mail was refused for good.

    The enhanced code decides: 550 alone is said of unknown people and of spam alike.
    """
    for pattern, reason in _BY_ENHANCED:
        if re.fullmatch(pattern, status):
            return reason
    if code == 552:
        return "mail.mailbox_full" if stage is Stage.RECIPIENT else "mail.too_large"
    if stage is Stage.RECIPIENT and code in _BY_CODE:
        return _BY_CODE[code]
    return "mail.policy"


def outcome_of(code: int, text: str, stage: Stage) -> Outcome:
    """Return what an answer that is no yes makes of the mail."""
    detail = f"{code} {text}"[:500]
    if not 400 <= code <= 599 or (stage is Stage.BODY and code == 421):
        # Nonsense after the mail was handed over, or "I am closing" instead of an answer: it may have been taken.
        return Unclear(detail) if stage is Stage.BODY else Retry(detail=detail)
    if code < 500:
        return Retry(detail=detail)
    if code in (530, 534, 535) or (stage in (Stage.LOGIN, Stage.SENDER) and code != 552):
        return Reauth(detail)
    if stage is Stage.GREETING:
        return Paused(detail)
    return Permanent(reason_of(enhanced(text), code, stage), detail)
