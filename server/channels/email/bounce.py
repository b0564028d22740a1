"""Mails about our mails: refusals, delays and receipts (RFC 3464, 3798), and refusals in nobody's format."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from server.channels.email.errors import enhanced, reason_of
from server.channels.email.mime import Mail, Part
from server.domain.events import Status, StatusUpdate
from server.domain.mail import intents_in, message_id
from server.domain.outcomes import Permanent

MAX_REPORT = 100_000
_POSTMASTERS = (
    "mailer-daemon",
    "postmaster",
    "mail-daemon",
    "maildaemon",
    "mailerdaemon",
    "mail-delivery-subsystem",
)
_SMTP_CODE = re.compile(r"(?<![\d.])(5[05]\d)(?=[ -])")
_ACTIONS = {
    "failed": Status.FAILED,
    # A server has it and goes on trying, or has passed it on: more is not known.
    "delayed": Status.SENT,
    "relayed": Status.SENT,
    "expanded": Status.SENT,
    "delivered": Status.DELIVERED,
}


def fates(mail: Mail, address: str, *, sender: str, at: datetime) -> list[StatusUpdate]:
    """Return what a mail says about mails of ours, nothing when it is not about any."""
    kind = mail.root.param("report-type").lower()
    if mail.root.type == "multipart/report" and kind == "delivery-status":
        return _delivery(mail, address, at)
    if mail.root.type == "multipart/report" and kind == "disposition-notification":
        return _disposition(mail, address, at)
    if sender.partition("@")[0].lower() in _POSTMASTERS:
        return _freehand(mail, address, at)
    return []


def _delivery(mail: Mail, address: str, at: datetime) -> list[StatusUpdate]:
    intents = _returned(mail, address)
    report = next((part for part in mail.root.walk() if part.type == "message/delivery-status"), None)
    groups = list(_groups(report)) if report else []
    told = next((group for group in groups if "action" in group), {})
    status = _ACTIONS.get(told.get("action", "").split(";")[0].split(" ")[0].lower())
    if status is None:
        return []
    words = told.get("diagnostic-code", "").partition(";")[2].strip() or told.get("status", "")
    code = enhanced(told.get("status", "")) or enhanced(words)
    return [_fate(intent, address, status, code, words, at) for intent in intents[:1]]


def _disposition(mail: Mail, address: str, at: datetime) -> list[StatusUpdate]:
    report = next(
        (part for part in mail.root.walk() if part.type == "message/disposition-notification"), None
    )
    told = next(iter(_groups(report)), {}) if report else {}
    shown = told.get("disposition", "").rpartition(";")[2].strip().lower()
    status = Status.READ if shown.startswith("displayed") else Status.DELIVERED
    intents = intents_in(told.get("original-message-id", ""), address)
    return [_fate(intent, address, status, "", "", at) for intent in intents[:1]]


def _freehand(mail: Mail, address: str, at: datetime) -> list[StatusUpdate]:
    """Read a refusal that is only words: believed when it names our mail and a code for good."""
    said = "\n".join(part.text()[:MAX_REPORT] for part in mail.root.walk() if part.type.startswith("text/"))
    intents = _returned(mail, address) or intents_in(said, address)
    code = _SMTP_CODE.search(said)
    status = enhanced(said)
    if not status.startswith("5") and code is None:
        return []
    words = said[said.find(code[0] if code else status) :].splitlines()[0]
    return [_fate(intent, address, Status.FAILED, status, words, at) for intent in intents[:1]]


def _returned(mail: Mail, address: str) -> list[UUID]:
    """Return which mail of ours came back with the report: its own head, never what it only refers to."""
    for part in mail.root.walk():
        if part.type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
            found = intents_in(Mail.of(part.data()[:MAX_REPORT]).root.get("message-id"), address)
            if found:
                return found
    # Some return our Message-ID only as what they answer.
    return intents_in(mail.root.get("in-reply-to") or mail.root.get("references"), address)


def _fate(intent: UUID, address: str, status: Status, code: str, words: str, at: datetime) -> StatusUpdate:
    failed = status is Status.FAILED
    smtp = _SMTP_CODE.search(words)
    # "Tried for days and gave up" says nothing against the address itself.
    gave_up = code.startswith("4")
    reason = "mail.not_delivered" if gave_up else reason_of(code, int(smtp[1]) if smtp else 0)
    detail = f"{code} {words}".strip()[:500]
    return StatusUpdate(
        foreign_id=message_id(intent, address),
        status=status,
        at=at,
        opaque=str(intent),
        failure=Permanent(reason, detail) if failed else None,
        error_code=code if failed else "",
        error_detail=detail if failed else "",
    )


def _groups(report: Part) -> Iterator[Mapping[str, str]]:
    """Yield the report's groups of fields, names in lower case (RFC 3464 2.1)."""
    text = report.text()[:MAX_REPORT].replace("\r\n", "\n")
    for block in re.split(r"\n\s*\n", text):
        unfolded = re.sub(r"\n[ \t]+", " ", block)
        pairs = (line.partition(":") for line in unfolded.splitlines() if ":" in line)
        group = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if group:
            yield group
