"""Writes exports as phones do: the other side of the parser, independent of it."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

ATTACHED = {"de": "Datei angehängt", "en": "file attached"}
ATTACHED_IOS = {"de": "Anhang", "en": "attached"}
OMITTED = {"de": "Medien ausgeschlossen", "en": "Media omitted"}
OMITTED_IOS = {"de": "Bild weggelassen", "en": "image omitted"}
EDITED = {"de": "Diese Nachricht wurde bearbeitet.", "en": "This message was edited"}
DELETED = {"de": "Diese Nachricht wurde gelöscht.", "en": "This message was deleted."}
NOTICE = {
    "de": "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Niemand außerhalb dieses Chats kann sie lesen.",
    "en": "Messages and calls are end-to-end encrypted. Only people in this chat can read them.",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a phone writes: `order` of day, month and year as the letters dmy, `half` the signs of twelve hours."""

    ios: bool = False
    lang: str = "de"
    order: str = "dmy"
    sep: str = "."
    long_year: bool = False
    padded: bool = True
    half: tuple[str, str] | None = None
    gap: str = " "
    comma: str = ","
    crlf: bool = False
    bom: bool = False

    def head(self, at: datetime) -> str:
        day = f"{at.day:02d}" if self.padded else str(at.day)
        month = f"{at.month:02d}" if self.padded else str(at.month)
        year = str(at.year) if self.long_year else f"{at.year % 100:02d}"
        date = self.sep.join({"d": day, "m": month, "y": year}[sign] for sign in self.order)
        hour, half = at.hour, ""
        if self.half:
            hour, half = at.hour % 12 or 12, self.gap + self.half[at.hour >= 12]
        seconds = f":{at.second:02d}" if self.ios else ""
        time = f"{hour if self.half else f'{hour:02d}'}:{at.minute:02d}{seconds}{half}"
        return f"[{date}{self.comma} {time}] " if self.ios else f"{date}{self.comma} {time} - "


@dataclass(frozen=True, slots=True)
class Wrote:
    """One message as it was said; `file` with text is a caption."""

    at: datetime
    name: str
    text: str = ""
    file: str = ""
    kind: str = "text"
    edited: bool = False


def body(form: Form, one: Wrote) -> str:
    mark = "\u200e"
    if one.kind == "deleted":
        return (mark if form.ios else "") + DELETED[form.lang]
    words = one.text
    if one.kind == "omitted":
        left_out = OMITTED_IOS[form.lang] if form.ios else f"<{OMITTED[form.lang]}>"
        words = _beside(form, one.text, mark + left_out if form.ios else left_out)
    elif one.file and form.ios:
        words = _beside(form, one.text, f"{mark}<{ATTACHED_IOS[form.lang]}: {one.file}>")
    elif one.file:
        words = _beside(form, one.text, f"{mark}{one.file} ({ATTACHED[form.lang]})")
    return f"{words} {mark}<{EDITED[form.lang]}>" if one.edited else words


def packed(text: str, files: Mapping[str, bytes]) -> bytes:
    """Return an archive as phones make it; the same for the same chat, whatever the clock shows."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {"WhatsApp Chat mit Petra.txt": text.encode(), **files}.items():
            entry = zipfile.ZipInfo(name, (2026, 9, 30, 12, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()


def _beside(form: Form, caption: str, named: str) -> str:
    if not caption:
        return named
    return f"{caption} {named}" if form.ios else f"{named}\n{caption}"


def written(form: Form, said: Sequence[Wrote], *, notice: bool = True) -> str:
    """Return the text of the export."""
    lines = []
    if notice:
        first = form.head(said[0].at)
        lines.append(first + (f"Petra: \u200e{NOTICE[form.lang]}" if form.ios else NOTICE[form.lang]))
    for one in said:
        mark = "\u200e" if form.ios and (one.file or one.kind != "text") else ""
        lines.append(f"{mark}{form.head(one.at)}{one.name}: {body(form, one)}")
    text = "\n".join(lines) + "\n"
    return ("\ufeff" if form.bom else "") + (text.replace("\n", "\r\n") if form.crlf else text)
