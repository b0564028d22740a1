"""From a mail's bytes to events: total, pure, and slow to believe (RFC 5322, 3834; messaging-channels.md §7)."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from server.channels.email_bounce import fates
from server.channels.email_mime import MAX_LINE, Mail, Part, addresses, decoded
from server.channels.email_plan import clean, one_line
from server.channels.email_words import CUT, cut, new_words, page_text, whole_words
from server.domain.channels import Identity, IdentityKind
from server.domain.consents import is_stop
from server.domain.events import (
    Echo,
    Event,
    InboundMessage,
    MediaRef,
    MessageKind,
    OptOut,
    Status,
    StatusUpdate,
    UnknownEvent,
)
from server.domain.mail import (
    ascii_address,
    intent_of_token,
    intents_in,
    message_id,
    plus_token,
)

MAX_FILES, MAX_WORDS = 30, 1_000_000
# Pictures that belong to a signature: shown inside the page and no larger than this.
MAX_ORNAMENT_BYTES = 20_000
MAX_RAW_SHOWN = 20_000
# Whoever takes the smaller of this and his own clock has the time of arrival.
UNDATED = datetime(9999, 12, 31, tzinfo=UTC)
_BELIEVED_BEFORE, _BELIEVED_AFTER = timedelta(days=7), timedelta(minutes=5)
_AGAIN = re.compile(r"(?:\s*(?:re|aw|antw|wg|fwd?)\s*(?:\[\d+\])?:)+\s*", re.I)
_MACHINES = ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply")
_MACHINE_SUBJECT = re.compile(
    r"(automatische antwort|automatic reply|out of office|abwesenheits?(notiz|meldung|assistent)|auto(matische )?-?reply"
    r"|undelivered mail|undeliverable|unzustellbar|mail delivery failed)",
    re.I,
)
_MACHINE_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "list-id",
    "x-loop",
)
_SENT_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_MEDIA = {"image": MessageKind.IMAGE, "audio": MessageKind.AUDIO, "video": MessageKind.VIDEO}
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail read: everything but which event it becomes."""

    foreign_id: str
    own_id: str
    senders: tuple[Identity, ...]
    name: str
    at: datetime
    subject: str
    text: str
    files: tuple[MediaRef, ...]
    automatic: bool
    verified: bool


def events(raw: bytes, address: str) -> list[Event]:
    """Return what a mail tells. An empty body is only a place in the folder, and tells nothing."""
    if not raw.strip():
        return []
    mail = Mail.of(raw)
    root, fingerprint = mail.root, _fingerprint(raw, mail.root)
    at, sender = _when(root), _sender(root)
    told = fates(mail, address, sender=sender, at=at)
    if told:
        return list(told)
    if not sender:
        return [_unknown("mail.no_sender", raw, fingerprint)]
    if root.type == "multipart/report":
        return [_unknown("mail.report", raw, fingerprint)]
    letter = _letter(mail, sender, fingerprint, address, at)
    ours = intents_in(letter.own_id, address)
    if ours and sender.lower() == address.lower():
        return [_copy(letter, root, ours[0], address)]
    return list(_said(letter, root, address))


def _letter(mail: Mail, sender: str, fingerprint: str, address: str, at: datetime) -> _Letter:
    root = mail.root
    own_id = _message_id(root)
    subject = clean(one_line(decoded(root.get("subject")[:MAX_LINE])))[:300]
    words, files = _content(root)
    new = cut(new_words(words))
    forwarded = (
        f"Weitergeleitet:\n{cut(whole_words(words))}" if not new and not files and words.strip() else ""
    )
    # A mail that says everything in its subject: "STOP".
    text = new or forwarded or ("" if files else _AGAIN.sub("", subject))
    short = mail.cut or bool(root.get("x-zollstock-cut"))
    return _Letter(
        foreign_id=f"{own_id or '<>'}{fingerprint}",
        own_id=own_id,
        senders=_identities(sender),
        name=_name(root),
        at=at,
        subject=subject,
        text=f"{text}\n{CUT}".strip() if short else text,
        files=tuple(files[:MAX_FILES]),
        automatic=_is_automatic(root, sender, address),
        verified=_is_verified(root, sender, address),
    )


def _said(letter: _Letter, root: Part, address: str) -> Iterator[Event]:
    """Yield the fate its answer proves, a withdrawal among other words, then the message with each of its files."""
    tokens = _tokens(root, address)
    intent = _answered(root, address) or next(filter(None, map(intent_of_token, tokens)), None)
    context = message_id(intent, address) if intent else ""
    if intent and not letter.automatic:
        # Who answers a mail has got it: this clears up one in doubt.
        yield StatusUpdate(context, Status.DELIVERED, letter.at, opaque=str(intent))
    if not is_stop(letter.text) and _stops(letter):
        said = f"{letter.subject}\n{letter.text}".strip()[:500]
        yield OptOut(f"{letter.foreign_id}:stop", letter.senders, letter.at, stopped=True, said=said)
    first = InboundMessage(
        foreign_id=letter.foreign_id,
        sender=letter.senders,
        sent_at=letter.at,
        kind=MessageKind.TEXT,
        text=letter.text,
        context_id=context,
        profile_name=letter.name,
        subject=letter.subject,
        token=next((token for token in tokens if intent_of_token(token) is None), ""),
        automatic=letter.automatic,
        verified=letter.verified,
    )
    for place, file in enumerate(letter.files, 1):
        shown = first if place == 1 else replace(first, foreign_id=f"{first.foreign_id}#{place}", text="")
        yield replace(shown, kind=_kind(file), media=file)
    if not letter.files:
        yield first


def _stops(letter: _Letter) -> bool:
    """Say whether the first new line, or the subject alone, is a word of withdrawal."""
    first = next((line for line in letter.text.splitlines() if line.strip()), "")
    return is_stop(first) or is_stop(letter.subject)


def _copy(letter: _Letter, root: Part, intent: UUID, address: str) -> Event:
    """Return the trace of our own mail that came back to us; its words are in our rows already."""
    to = tuple(Identity(IdentityKind.EMAIL, one) for one in _addresses(root.all("to"))[:1])
    return Echo(message_id(intent, address), to, letter.at, MessageKind.TEXT, opaque=str(intent))


def _content(root: Part) -> tuple[str, list[MediaRef]]:
    """Return (words with their history, files) of a mail."""
    words: list[str] = []
    files: list[MediaRef] = []
    _collect(root, words, files, related=False)
    return clean("\n".join(words)[:MAX_WORDS]), files


def _collect(part: Part, words: list[str], files: list[MediaRef], *, related: bool) -> None:
    if part.type == "multipart/alternative" and part.parts:
        _choose(part, words, files)
    elif part.parts:
        for one in part.parts:
            _collect(one, words, files, related=related or part.type == "multipart/related")
    elif part.type in ("text/plain", "text/html") and not part.attached and not part.name:
        words.append(_leaf_text(part))
    elif part.type.startswith("multipart/"):
        words.append(part.text())
    elif file := _file(part, related=related):
        files.append(file)


def _choose(part: Part, words: list[str], files: list[MediaRef]) -> None:
    """Take the plain words of an alternative, the page's where there are none; files from all of them."""
    versions = []
    for one in part.parts:
        mine: list[str] = []
        _collect(one, mine, files, related=False)
        said = "\n".join(mine)
        if said.strip():
            versions.append((one.type != "text/plain", said))
    if versions:
        words.append(min(versions, key=lambda version: version[0])[1])


def _leaf_text(part: Part) -> str:
    text = part.text().replace("\r\n", "\n")
    return page_text(text) if part.type == "text/html" else text


def _file(part: Part, *, related: bool) -> MediaRef | None:
    data = part.data()
    mime = next((mime for magic, mime in _MAGIC if data.startswith(magic)), part.type)
    ornament = related or (bool(part.get("content-id")) and not part.attached)
    if not data or (ornament and mime.startswith("image/") and len(data) <= MAX_ORNAMENT_BYTES):
        return None
    named = {
        "text/calendar": "Termin.ics",
        "message/rfc822": "Nachricht.eml",
        "application/ms-tnef": "winmail.dat",
    }
    name = one_line(part.name) or named.get(mime, "")
    return MediaRef(part.path, mime[:100], hashlib.sha256(data).hexdigest(), name)


def _kind(file: MediaRef) -> MessageKind:
    return _MEDIA.get(file.mime.partition("/")[0], MessageKind.DOCUMENT)


def _answered(root: Part, address: str) -> UUID | None:
    """Return which of our mails this one answers: the nearest of ours in its thread, never by subject."""
    direct = intents_in(root.get("in-reply-to")[: 4 * MAX_LINE], address)
    chain = intents_in(root.get("references")[: 8 * MAX_LINE], address)
    return direct[0] if direct else chain[-1] if chain else None


def _tokens(root: Part, address: str) -> list[str]:
    reached = (one for header in _SENT_TO for one in _addresses(root.all(header)[:5]))
    return [token for token in (plus_token(address, one) for one in reached) if token]


def _is_automatic(root: Part, sender: str, address: str) -> bool:
    """Say whether a machine wrote this, or may have: then nothing answers it (RFC 3834 2)."""
    submitted = root.get("auto-submitted").partition(";")[0].strip().lower()
    suppress = root.get("x-auto-response-suppress").strip().lower()
    local = sender.partition("@")[0].lower()
    return (
        submitted not in ("", "no")
        or suppress not in ("", "none")
        or root.get("precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(root.get(name) for name in _MACHINE_HEADERS)
        or root.get("return-path").replace(" ", "") == "<>"
        or local.startswith(_MACHINES)
        or _is_own(sender, address)
        or bool(intents_in(_message_id(root), address))
        or _MACHINE_SUBJECT.match(decoded(root.get("subject")[:MAX_LINE])) is not None
    )


def _is_own(sender: str, address: str) -> bool:
    return sender.lower() == address.lower() or bool(plus_token(address, sender))


def _is_verified(root: Part, sender: str, address: str) -> bool:
    """Say whether nothing speaks against the sender (RFC 8601).

    Only a "fail" counts: a "pass" could have been written by anybody, and a forged "fail" harms but its writer.
    """
    verdicts = root.all("authentication-results")
    return not any("dmarc=fail" in verdict.lower() for verdict in verdicts) and not _is_own(sender, address)


def _identities(sender: str) -> tuple[Identity, ...]:
    """Return the address as written, and in lower case where that differs: people type it in either way."""
    names = dict.fromkeys((sender, sender.lower()))
    return tuple(Identity(IdentityKind.EMAIL, name) for name in names)


def _sender(root: Part) -> str:
    """Return the one address of From, "" when there is none or nobody can tell which."""
    found = _addresses(root.all("from")[:2])
    return found[0] if len(found) == 1 else ""


def _name(root: Part) -> str:
    pairs = addresses(root.get("from"))
    return clean(one_line(decoded(pairs[0][0])))[:200] if len(pairs) == 1 else ""


def _addresses(values: Sequence[str]) -> list[str]:
    """Return the addresses that can be ones; what is written in encoded words is never one (RFC 2047 5)."""
    written = (ascii_address(address) for value in values for _, address in addresses(value))
    return [address for address in written if address]


def _message_id(root: Part) -> str:
    found = re.search(r"<[!-;=?-~]{1,150}>", root.get("message-id")[:MAX_LINE])
    return found[0] if found else ""


def _fingerprint(raw: bytes, root: Part) -> str:
    """Return 24 hex digits of what stays the same whichever way a mail comes: who, when, what."""
    digest = hashlib.sha256()
    for name in ("message-id", "from", "date", "subject"):
        digest.update(root.get(name).encode() + b"\0")
    digest.update(memoryview(raw)[root.start :])
    return digest.hexdigest()[:24]


def _when(root: Part) -> datetime:
    """Return when it was written, if the server that received it finds that likely; else when it came."""
    came = _moment(root.get("received").rpartition(";")[2])
    wrote = _moment(root.get("date"))
    if came and wrote:
        return wrote if came - _BELIEVED_BEFORE <= wrote <= came + _BELIEVED_AFTER else came
    return came or wrote or UNDATED


def _moment(text: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(text.strip()[:200])
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


def _unknown(topic: str, raw: bytes, fingerprint: str) -> UnknownEvent:
    shown = clean(raw[:MAX_RAW_SHOWN].decode("utf-8", "replace"))
    return UnknownEvent(key=f"unknown:{fingerprint}", topic=topic, raw=shown)
