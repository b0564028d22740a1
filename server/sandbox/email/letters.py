"""The customers' own mails as their programs write them, and ours as they show them."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, parseaddr

from server.sandbox.email.smtp import MailRefused
from server.sandbox.world import Account, Bubble, File, Person


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail of the firm as the customer's program reads it; `pictures` are (bytes, mime)."""

    message_id: str
    reply_to: str
    subject: str
    text: str
    pictures: tuple[tuple[bytes, str], ...]
    automatic: bool
    raw: bytes


def read(account: Account, recipient: str, raw: bytes) -> Shown:
    """Return what a mail shows; raises MailRefused for one that breaks RFC 5322 or lies about its sender."""
    mail = message_from_bytes(raw, policy=default)
    for name in ("From", "To", "Date", "Message-ID", "Subject"):
        if len(mail.get_all(name, [])) != 1:
            raise MailRefused(f"550 5.6.0 Exactly one {name} is needed")
    if parseaddr(str(mail["From"]))[1].lower() != account.own_id.lower():
        raise MailRefused("550 5.7.1 From is not the user's own address")
    if parseaddr(str(mail["To"]))[1].lower() != recipient.lower():
        raise MailRefused("550 5.7.1 To is not the recipient")
    plain = mail.get_body(("plain",))
    if not isinstance(mail, EmailMessage) or plain is None or mail.get_body(("html",)) is None:
        raise MailRefused("550 5.6.0 Text and page are both wanted here")
    pictures = [(part.get_payload(decode=True), part.get_content_type()) for part in mail.iter_attachments()]
    return Shown(
        message_id=str(mail["Message-ID"]).strip(),
        reply_to=parseaddr(str(mail["Reply-To"] or mail["From"]))[1],
        subject=str(mail["Subject"]),
        text=str(plain.get_content()).replace("\r\n", "\n").strip(),
        pictures=tuple((data, mime) for data, mime in pictures if isinstance(data, bytes)),
        automatic=str(mail["Auto-Submitted"] or "no").lower() != "no",
        raw=raw,
    )


def answer(
    person: Person,
    bubble: Bubble,
    *,
    to: str,
    quoted: Shown | None,
    picture: File | None,
    at: datetime,
    subject: str = "",
    extra: dict[str, str] | None = None,
) -> bytes:
    """Return the customer's mail, with the history below his words as usual programs leave it."""
    mail = EmailMessage()
    mail["From"] = f'"{person.name}" <{address(person)}>'
    mail["To"] = to
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = bubble.id
    mail["Subject"] = subject or _subject(quoted)
    if quoted:
        mail["In-Reply-To"] = mail["References"] = quoted.message_id
    for name, value in (extra or {}).items():
        mail[name] = value
    mail.set_content(bubble.text + (_history(quoted, at) if quoted else ""))
    if picture:
        main, _, sub = picture.mime.partition("/")
        mail.add_attachment(picture.data, maintype=main, subtype=sub, filename=f"IMG_{at:%H%M%S}.{sub}")
    return received(mail.as_bytes(policy=default.clone(linesep="\r\n")), at)


def bounce(person: Person, shown: Shown, *, name: str, at: datetime, status: str, said: str) -> bytes:
    """Return the report of a mail server that took a mail and then could not deliver it (RFC 3464)."""
    edge = "report-42"
    head = shown.raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
    lines = [
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@provider.example>",
        f"To: {shown.reply_to}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{name}@provider.example>",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"',
        "",
        f"--{edge}",
        "Content-Type: text/plain",
        "",
        "Your message could not be delivered.",
        f"--{edge}",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; provider.example",
        "",
        f"Final-Recipient: rfc822; {address(person)}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {said}",
        "",
        f"--{edge}",
        "Content-Type: text/rfc822-headers",
        "",
        head,
        "",
        f"--{edge}--",
        "",
    ]
    return received("\r\n".join(lines).encode(), at)


def received(raw: bytes, at: datetime) -> bytes:
    """Return a mail with the trace of the server that took it."""
    return f"Received: by mx.sandbox.example; {format_datetime(at)}\r\n".encode() + raw


def address(person: Person) -> str:
    """Return the customer's own address, the same as long as he lives."""
    name = re.sub(r"[^a-z0-9]+", "", person.key.lower()) or "kunde"
    return person.ids.setdefault("email", f"{name}@kunde.example")


def _subject(quoted: Shown | None) -> str:
    if quoted is None:
        return "Nachricht vom Kunden"
    return quoted.subject if quoted.subject.startswith("Re: ") else f"Re: {quoted.subject}"


def _history(quoted: Shown, at: datetime) -> str:
    lines = "\n".join(f"> {line}".rstrip() for line in quoted.text.splitlines())
    return f"\n\nAm {at:%d.%m.%Y} um {at:%H:%M} schrieb der Betrieb:\n{lines}\n"
