"""A mail's tree of parts, read out of its bytes: linear in time, limited in depth and number, never raising (RFC 2045–2047).

Not the standard library's parser: its time grows with depth times length, and it recurses.
"""

import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value

MAX_DEPTH, MAX_PARTS, MAX_HEAD_BYTES, MAX_LINE = 12, 250, 256_000, 2_000
MAX_MARKS, MAX_TEXT_BYTES = 5_000, 400_000
_HIGH = bytes(range(0x80, 0x100))
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(set(range(256)) - set(_LETTERS))
_BLANK = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, LookupError, MessageError)
# Only plain tables: idna and punycode are text encodings too, and quadratic.
_CHARSETS = re.compile(
    r"utf-?(8|16|32)(-[bl]e)?|utf-7|ascii|iso(8859|2022).*|cp\d+|koi8.*|mac-.*|gb.*|big5.*|shift_jis.*|euc.*|hz"
)
_OFTEN_WRONG = {"", "ascii", "iso8859-1", "iso8859-15", "cp1252"}


class MimeError(Exception):
    """There is no such part in the mail."""


@dataclass(slots=True)
class Part:
    """One node; `path` names it for good, for the same bytes always have the same tree."""

    path: str
    raw: bytes
    start: int
    end: int
    headers: list[tuple[str, str]]
    parts: list["Part"] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return a header's first value, unfolded, "" without one."""
        return next((value for known, value in self.headers if known == name), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    @property
    def type(self) -> str:
        """Return the content type in lower case, text/plain where it is missing or nonsense."""
        return _message("content-type", self.get("content-type")).get_content_type()

    def param(self, name: str, header: str = "content-type") -> str:
        try:
            value = _message(header, self.get(header)).get_param(name, "", header)
            return decoded(collapse_rfc2231_value(value or ""))
        except _MALFORMED:
            return ""

    @property
    def name(self) -> str:
        """Return the file's name as the sender wrote it, without any path, "" without one."""
        name = self.param("filename", "content-disposition") or self.param("name")
        return re.sub(r"[\x00-\x1f\x7f/\\]+", "_", name).strip(" ._")[:200]

    @property
    def attached(self) -> bool:
        return self.get("content-disposition").strip().lower().startswith("attachment")

    def data(self) -> bytes:
        """Return the part's content, decoded as far as it can be."""
        body = self.raw[self.start : self.end]
        match self.get("content-transfer-encoding").strip().lower():
            case "base64":
                return _base64(body)
            case "quoted-printable":
                return binascii.a2b_qp(body)
            case _:
                return body

    def text(self) -> str:
        """Return the content as text, its first 400 kB, up to the end of a line where there is one."""
        data = self.data()
        if len(data) > MAX_TEXT_BYTES:
            line_end = data.rfind(b"\n", 0, MAX_TEXT_BYTES)
            # No half letter at the end: it would speak against the charset of all the others.
            data = data[:line_end] if line_end > 0 else data[:MAX_TEXT_BYTES].rstrip(_HIGH)
        return to_text(data, self.param("charset"))

    def walk(self) -> Iterator["Part"]:
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Mail:
    """The whole tree; `cut` = it has more than is shown here."""

    root: Part
    cut: bool

    @staticmethod
    def of(raw: bytes) -> "Mail":
        reader = _Reader(raw)
        root = reader.read("0", 0, len(raw), depth=0)
        return Mail(root, reader.cut)

    def part(self, path: str) -> Part:
        """Return the part of that name. Raises MimeError."""
        found = next((part for part in self.root.walk() if part.path == path), None)
        if found is None:
            raise MimeError(f"no part {path[:40]}")
        return found


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._left, self._marks = MAX_PARTS, MAX_MARKS
        self.cut = False

    def read(self, path: str, start: int, end: int, *, depth: int) -> Part:
        head_end, body = self._split(start, end)
        part = Part(path, self._raw, body, end, _headers(self._raw[start:head_end]))
        if part.type.startswith("multipart/") and (boundary := part.param("boundary")):
            if depth >= MAX_DEPTH:
                self.cut = True
                return part
            for place, (first, last) in enumerate(self._between(boundary, body, end), 1):
                if self._left <= 0:
                    self.cut = True
                    break
                self._left -= 1
                part.parts.append(self.read(f"{path}.{place}", first, last, depth=depth + 1))
        return part

    def _split(self, start: int, end: int) -> tuple[int, int]:
        """Return where the header block ends and the body begins."""
        for line_end in (b"\n", b"\r\n"):
            if self._raw.startswith(line_end, start, end):
                return start, start + len(line_end)
        blank = _BLANK.search(self._raw, start, min(end, start + MAX_HEAD_BYTES))
        if blank:
            return blank.start(), blank.end()
        cut = min(end, start + MAX_HEAD_BYTES)
        return cut, cut

    def _between(self, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield (start, end) of what stands between the delimiter lines; a missing last one is forgiven."""
        mark, raw, at, open_at = b"--" + boundary.encode(), self._raw, start, -1
        while (found := raw.find(mark, at, end)) >= 0:
            self._marks -= 1
            if self._marks < 0:
                self.cut = True
                break
            at = found + len(mark)
            line_end = raw.find(b"\n", at, end)
            line_end = end if line_end < 0 else line_end
            rest = raw[at : min(line_end, at + MAX_LINE)].strip()
            if (found > start and raw[found - 1 : found] != b"\n") or rest not in (b"", b"--"):
                continue
            if open_at >= 0:
                last = found - (2 if raw[found - 2 : found - 1] == b"\r" else 1)
                yield open_at, max(open_at, last)
            if rest == b"--":
                return
            open_at = at = min(line_end + 1, end)
        if open_at >= 0:
            yield open_at, end


def to_text(data: bytes, charset: str) -> str:
    """Return bytes as text: by the charset they claim if it is one and fits, else as UTF-8, else as Windows wrote it.

    Claims of ASCII and Latin-1 are often wrong, so UTF-8 is tried before them: by chance nothing else reads as UTF-8.
    """
    name = _charset(charset)
    for attempt in ("utf-8", name) if name in _OFTEN_WRONG else (name, "utf-8"):
        try:
            return data.decode("cp1252" if attempt == "iso8859-1" else attempt or "cp1252")
        except (UnicodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


def decoded(value: str) -> str:
    """Return a header's words with their encoded words read (RFC 2047); what is broken stays as it is."""
    if "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except _MALFORMED:
        return value
    return "".join(part if isinstance(part, str) else to_text(part, charset or "") for part, charset in parts)


def addresses(value: str) -> list[tuple[str, str]]:
    """Return (name, address) of each mailbox in a header, as they are written (RFC 5322 3.4).

    One pass over its characters. Two addresses where one belongs are two: nobody may choose which counts.
    """
    found: list[tuple[str, str]] = []
    words, inside, comment, quoted, escaped, had = "", "", 0, False, False, False

    def close() -> None:
        if had or words.strip():
            found.append((words.strip(), inside.strip()) if had else ("", words.strip()))

    angle = False
    for letter in value[:MAX_LINE] + ",":
        if escaped:
            escaped, words = False, words + letter if quoted and not comment else words
        elif letter == "\\" and (quoted or comment):
            escaped = True
        elif quoted:
            quoted, words = letter != '"', words if letter == '"' else words + letter
        elif comment:
            comment += {"(": 1, ")": -1}.get(letter, 0)
        elif angle:
            angle, inside = letter != ">", inside if letter == ">" else inside + letter
        elif letter in '"(':
            quoted, comment = letter == '"', int(letter == "(")
        elif letter in "<,;":
            if had or letter != "<":
                close()
                words, inside, had = "", "", False
            angle = had = letter == "<"
        elif letter == ":":
            words = ""  # The name of a group.
        else:
            words += letter
    return found


def _charset(claimed: str) -> str:
    try:
        name = codecs.lookup(claimed.strip().strip("'\"")[:40]).name if claimed else ""
    except (LookupError, ValueError, UnicodeError):
        return ""
    return name if _CHARSETS.fullmatch(name) else ""


def _headers(block: bytes) -> list[tuple[str, str]]:
    """Return (name in lower case, value) in their order; a line that is no header is left out."""
    found: list[tuple[str, bytes]] = []
    for line in block.splitlines():
        if line[:1] in (b" ", b"\t") and found:
            name, value = found[-1]
            if len(value) < 8 * MAX_LINE:
                found[-1] = (name, value + b" " + line.strip())
            continue
        match = _NAME.match(line)
        if match:
            found.append((match[1].decode("ascii").lower(), line[match.end() :].strip()))
    return [(name, _storable(to_text(value, ""))) for name, value in found]


def _storable(text: str) -> str:
    return text.replace("\0", "")


def _message(header: str, value: str) -> Message:
    made = Message()
    made[header] = re.sub(r"[\r\n]", " ", value[:MAX_LINE])
    return made


def _base64(body: bytes) -> bytes:
    """Return what can be read of base64: foreign characters are skipped, a cut end is left out."""
    letters = body.translate(None, _NO_BASE64)
    return binascii.a2b_base64(letters[: len(letters) // 4 * 4] + _tail(letters))


def _tail(letters: bytes) -> bytes:
    rest = letters[len(letters) // 4 * 4 :]
    return b"" if len(rest) < 2 else rest + b"=" * (4 - len(rest))
