"""From a mail's bytes to events: total, pure, and slow to believe (RFC 5322, 3834; messaging-channels.md §7)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.channels.email.bounce import fates
from server.channels.email.heads import (
    addresses_in,
    answered,
    identities,
    is_automatic,
    is_verified,
    message_id_of,
    name_of,
    sender_of,
    tokens_of,
    when,
)
from server.channels.email.mime import MAX_LINE, Mail, Part, decoded
from server.channels.email.plan import clean, one_line
from server.channels.email.words import CUT, cut, new_words, page_text, whole_words
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
from server.domain.identities import Identity, IdentityKind
from server.domain.mail import (
    intent_of_token,
    intents_in,
    message_id,
)
from server.domain.media import file_name

# More pictures than anybody sends in one mail; what is left out is said in its text.
MAX_FILES, MAX_WORDS = 60, 1_000_000
# Pictures that belong to a signature: shown inside the page and no larger than this.
MAX_ORNAMENT_BYTES = 20_000
MAX_RAW_SHOWN = 20_000
_AGAIN = re.compile(r"(?:\s*(?:re|aw|antw|wg|fwd?)\s*(?:\[\d+\])?:)+\s*", re.I)
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
    at, sender = when(root), sender_of(root)
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
    own_id = message_id_of(root)
    subject = clean(one_line(decoded(root.get("subject")[:MAX_LINE])))[:300]
    words, files = _content(root)
    new = cut(new_words(words))
    forwarded = (
        f"Weitergeleitet:\n{cut(whole_words(words))}" if not new and not files and words.strip() else ""
    )
    # A mail that says everything in its subject: "STOP".
    text = new or forwarded or ("" if files else _AGAIN.sub("", subject))
    short = mail.cut or len(files) > MAX_FILES or bool(root.get("x-zollstock-cut"))
    return _Letter(
        foreign_id=f"{own_id or '<>'}{fingerprint}",
        own_id=own_id,
        senders=identities(sender),
        name=name_of(root),
        at=at,
        subject=subject,
        text=f"{text}\n{CUT}".strip() if short else text,
        files=tuple(files[:MAX_FILES]),
        automatic=is_automatic(root, sender, address),
        verified=is_verified(root, sender, address),
    )


def _said(letter: _Letter, root: Part, address: str) -> Iterator[Event]:
    """Yield the fate its answer proves, a withdrawal among other words, then the message with each of its files."""
    tokens = tokens_of(root, address)
    intent = answered(root, address) or next(filter(None, map(intent_of_token, tokens)), None)
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
    to = tuple(Identity(IdentityKind.EMAIL, one) for one in addresses_in(root.all("to"))[:1])
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
    name = file_name(one_line(part.name)) or named.get(mime, "")
    return MediaRef(part.path, mime[:100], hashlib.sha256(data).hexdigest(), name)


def _kind(file: MediaRef) -> MessageKind:
    return _MEDIA.get(file.mime.partition("/")[0], MessageKind.DOCUMENT)


def _fingerprint(raw: bytes, root: Part) -> str:
    """Return 24 hex digits of what stays the same whichever way a mail comes: who, when, what."""
    digest = hashlib.sha256()
    for name in ("message-id", "from", "date", "subject"):
        digest.update(root.get(name).encode() + b"\0")
    digest.update(memoryview(raw)[root.start :])
    return digest.hexdigest()[:24]


def _unknown(topic: str, raw: bytes, fingerprint: str) -> UnknownEvent:
    shown = clean(raw[:MAX_RAW_SHOWN].decode("utf-8", "replace"))
    return UnknownEvent(key=f"unknown:{fingerprint}", topic=topic, raw=shown)
