"""The words WhatsApp itself puts into an export, German and English, Android and iOS.

Collected from exports people reported: Pustur/whatsapp-chat-parser#260, sinky/whatsapp-chat-export-viewer#2,
mazen160/whatsapp-chat-parser#3, mrmelon54/WhatsAppExportViewer-v0#2, rodrigogs/whats-reader#78 (read 2026-11-26).
"""

import re
from dataclasses import dataclass

from server.domain.imports.export import LineKind

# Direction marks and the BOM: WhatsApp sets U+200E before its own words and wraps numbers in U+202A … U+202C.
MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
LRM = "\u200e"

_MORE = r"(?:\n(?P<text>.*))?"
_ATTACHED = re.compile(
    rf"{LRM}?(?P<name>[^\n/\\]{{1,250}}\.\w{{1,8}}) \((?:Datei angehängt|file attached)\){_MORE}", re.DOTALL
)
_ATTACHED_IOS = re.compile(
    rf"(?P<text>.*?)\s?{LRM}?<(?:Anhang|attached): (?P<name>[^\n/\\<>]{{1,250}})>", re.DOTALL
)
_OMITTED = re.compile(
    rf"{LRM}?<(?P<label>(?:Medien|Media) (?:ausgeschlossen|weggelassen|omitted))>{_MORE}", re.DOTALL
)
_WHAT = (
    "Bild|Video|Audio|GIF|Sticker|Dokument|Kontaktkarte|Videonachricht|Sprachnachricht"
    "|image|video|audio|sticker|document|Contact card|video note|voice message"
)
_OMITTED_IOS = re.compile(
    rf"(?:(?P<text>.*?)\s?{LRM}|)(?P<label>(?:{_WHAT}) (?:weggelassen|ausgelassen|omitted))", re.DOTALL
)
_EDITED = re.compile(rf"\s?{LRM}?<(?:Diese Nachricht wurde bearbeitet|This message was edited)\.?>$")
_DELETED = re.compile(
    r"Diese Nachricht wurde gelöscht\.?|Du hast diese Nachricht gelöscht\.?|This message was deleted\.?"
    r"|You deleted this message\.?|Diese Nachricht wurde vo[nm] Admin .{1,200} gelöscht\.?"
    r"|This message was deleted by admin .{1,200}"
)
_POLL = re.compile(r"(?:UMFRAGE|POLL):\n")
_PLACE = re.compile(
    r"(?:Standort|Location|location): https?://|Live-Standort wird geteilt|live location shared"
)
# The notice that every chat begins with; iOS puts it into the mouth of the other one, not always marked.
_NOTICE = re.compile(
    r"(?:Nachrichten und Anrufe sind|Messages and calls are|Messages to this (?:chat|group)).{0,80}"
    r"(?:Ende-zu-Ende-verschlüsselt|end-to-end encrypted|end-to-end encryption)",
    re.DOTALL,
)
_EVENT = re.compile(
    r"hinzugefügt|entfernt\b|verlassen\b|erstellt\b|geändert\b|beigetreten|Sicherheitsnummer|blockiert|selbstlöschend"
    r"|angepinnt|fixiert|neuer Kontakt|ist jetzt Admin|Einladungslink|"
    r"\b(?:added|removed|left|created|changed|joined|blocked|pinned|security code|disappearing messages|now an admin"
    r"|invite link|is a contact)\b"
)
_UNWANTED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True)
class Said:
    """What a message's words turned out to be; fields as in `Line`."""

    sender: str
    text: str
    kind: LineKind
    attachment: str = ""
    label: str = ""
    edited: bool = False


def read_body(body: str) -> Said:
    """Return who said what. `body`: everything behind the time, continued lines included."""
    first, broken, more = body.partition("\n")
    sender, colon, words = first.partition(": ")
    if not colon and first.endswith(":"):
        # An editor that trims line ends took the blank of a message that begins with a line break.
        sender, colon, words = first.partition(":")
    if not colon or _is_event(sender, body):
        return Said("", clean(body), LineKind.SYSTEM)
    words += broken + more
    marked = words.startswith(LRM)
    if _NOTICE.match(words.lstrip(MARKS)) or (marked and _is_of_the_app(words)):
        return Said("", clean(words), LineKind.SYSTEM)
    return _of(clean_name(sender), words)


def clean(text: str) -> str:
    """Return the text without marks at its ends and at the beginning of its lines, and without control signs."""
    lines = (line.strip(MARKS) for line in _printable(text).split("\n"))
    return "\n".join(lines).strip()


def clean_name(text: str) -> str:
    """Return a name as people read it; "~" stands before names that are not in the phone's address book."""
    bare = "".join(sign for sign in _printable(text) if sign not in MARKS).replace("\u202f", " ")
    return " ".join(bare.removeprefix("~").split())[:200]


def _of(sender: str, words: str) -> Said:
    words = words.rstrip()
    edited = _EDITED.search(words)
    words = words[: edited.start()] if edited else words
    plain = clean(words)
    if _DELETED.fullmatch(plain):
        return Said(sender, "", LineKind.DELETED, label=plain)
    if match := _ATTACHED.fullmatch(words) or _ATTACHED_IOS.fullmatch(words):
        name = clean(match["name"])
        kind = LineKind.CONTACT if name.lower().endswith(".vcf") else LineKind.MEDIA
        return Said(sender, clean(match["text"] or ""), kind, attachment=name, edited=bool(edited))
    if match := _OMITTED.fullmatch(words) or _OMITTED_IOS.fullmatch(words):
        label = match["label"]
        kind = LineKind.CONTACT if label.lower().startswith(("kontakt", "contact")) else LineKind.MEDIA
        return Said(sender, clean(match["text"] or ""), kind, label=label, edited=bool(edited))
    kind = (
        LineKind.POLL if _POLL.match(plain) else LineKind.LOCATION if _PLACE.match(plain) else LineKind.TEXT
    )
    return Said(sender, plain, kind, edited=bool(edited))


def _is_event(sender: str, body: str) -> bool:
    """Say whether the colon belongs to a group's name in a line of the app: `Petra changed … to "Bad: Fliesen"`."""
    quoted = any(sign in sender for sign in '„“”"«')
    return len(sender) > 200 or (quoted and _EVENT.search(body) is not None)


def _is_of_the_app(words: str) -> bool:
    plain = words.lstrip(MARKS)
    return not plain.startswith("<") and "\n" not in plain and _EVENT.search(plain) is not None


def _printable(text: str) -> str:
    """Drop what no database and no screen wants: control signs, half characters, signs that turn the line round."""
    return _UNWANTED.sub("", text)
