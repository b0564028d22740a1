"""An exported chat as a local file: a bare text, or a zip from anywhere, opened with suspicion.

Nothing is ever unpacked to the disk: names lead nowhere, only bytes are read, each up to what its limit allows.
Everything here blocks; callers run it in a thread.
"""

import errno
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from server.domain.errors import Invalid, TooLarge
from server.domain.imports.export import PICTURE_MAX, TEXT_MAX

ENTRIES_MAX = 20_000
# The list of entries is read into memory as a whole before anybody can count them (APPNOTE 6.3.10, §4.3.12, §4.3.16).
LIST_MAX = 5_000_000
UNPACKED_MAX = 2_000_000_000
RATIO_MAX = 200
SMALL = 1_000_000
_TAIL = 65_557
_END, _END_64, _PLACE_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENCRYPTED, _UTF8 = 0x1, 0x800
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


class Damaged(Exception):
    """A file in the archive cannot be read: it is broken or not what the list says."""


class ChatFile:
    """The chat's text and what lies beside it: `sizes` in bytes by bare name (NFC). To be closed."""

    def __init__(self, text: str, entries: dict[str, zipfile.ZipInfo], path: Path) -> None:
        self.text = text
        self.sizes = {name: entry.file_size for name, entry in entries.items()}
        self._entries = entries
        self._path = path
        self._archive: zipfile.ZipFile | None = None

    def read(self, name: str) -> bytes:
        """Return a file that lies beside the text. Raises Damaged, TooLarge("import.file_too_large")."""
        if self.sizes[name] > PICTURE_MAX:
            raise TooLarge("import.file_too_large", limit_mb=PICTURE_MAX // 1_000_000)
        with _distrusted():
            self._archive = self._archive or zipfile.ZipFile(self._path)
            return _unpack(self._archive, self._entries[name])

    def close(self) -> None:
        if self._archive:
            self._archive.close()


def open_chat(path: Path) -> ChatFile:
    """Read the text of an export and list its files. Raises Invalid with the reason, TooLarge."""
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] != b"PK":
        if path.stat().st_size > TEXT_MAX:
            raise TooLarge("import.text_too_large", limit_mb=TEXT_MAX // 1_000_000)
        return ChatFile(_decoded(path.read_bytes()), {}, path)
    try:
        with _distrusted():
            return _unpacked(path)
    except Damaged as damaged:
        raise Invalid("import.broken") from damaged


@contextmanager
def _distrusted() -> Iterator[None]:
    """Turn what a broken archive makes zipfile raise into Damaged; a failing disk stays what it is."""
    try:
        yield
    except _BROKEN as broken:
        raise Damaged(str(broken)) from broken
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # The list of entries leads to a place before the file's beginning.
        raise Damaged(str(error)) from error


def _unpacked(path: Path) -> ChatFile:
    with path.open("rb") as file:
        _check_list(file)
    with zipfile.ZipFile(path) as archive:
        # zipfile asks a name for its last sign, and a hostile one may be empty: `_bare_name` refuses it.
        entries = [entry for entry in archive.infolist() if not entry.filename or not entry.is_dir()]
        places = _checked(entries)
        text_name = _chat_of(list(places))
        text = _text_of(archive, places.pop(text_name))
    return ChatFile(text, places, path)


def _check_list(file: IO[bytes]) -> None:
    """Refuse a list of entries that is larger than any honest one, before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        raise Invalid("import.broken")
    number, list_size = struct.unpack("<HI", tail[place + 10 : place + 16])
    if tail[max(0, place - 20) : place].startswith(_PLACE_64):
        (far,) = struct.unpack("<Q", tail[place - 12 : place - 4])
        file.seek(min(far, size))
        record = file.read(56)
        if len(record) < 56 or not record.startswith(_END_64):
            raise Invalid("import.broken")
        number, list_size = struct.unpack("<QQ", record[32:48])
    if number > ENTRIES_MAX or list_size > LIST_MAX:
        raise TooLarge("import.too_many_files", limit=ENTRIES_MAX)


def _checked(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by bare name. Raises Invalid for what no phone makes."""
    if len(entries) > ENTRIES_MAX:
        raise TooLarge("import.too_many_files", limit=ENTRIES_MAX)
    if sum(entry.file_size for entry in entries) > UNPACKED_MAX:
        raise TooLarge("import.bomb")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _bare_name(entry)
        if name in found:
            raise Invalid("import.double_name", name=name[:100])
        if entry.flag_bits & _ENCRYPTED:
            raise Invalid("import.encrypted")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise Invalid("import.link", name=name[:100])
        if entry.file_size > SMALL and entry.file_size > RATIO_MAX * entry.compress_size:
            raise TooLarge("import.bomb")
        if entry.compress_type not in _PLAIN:
            raise Invalid("import.broken")
        found[name] = entry
    return found


def _bare_name(entry: zipfile.ZipInfo) -> str:
    """Return the last part of the name. Raises Invalid for a path that leads out, or signs no name has."""
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8:
        # Phones write UTF-8 without saying so; zipfile took it for cp437.
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = entry.orig_filename
    parts = name.replace("\\", "/").split("/")
    drive = len(parts[0]) == 2 and parts[0].endswith(":")
    if not parts[0] or drive or ".." in parts or any(sign < " " or sign == "\x7f" for sign in name):
        raise Invalid("import.bad_name")
    # Apple's own shadows of files; of our two, the one of the chat would be taken for a text.
    return unicodedata.normalize("NFC", parts[-1] if parts[0] != "__MACOSX" else f"__MACOSX/{parts[-1]}")


def _chat_of(names: list[str]) -> str:
    """Return which file is the chat: iOS calls it `_chat.txt`, Android `WhatsApp Chat mit ….txt`."""
    texts = [name for name in names if name.lower().endswith(".txt") and not name.startswith("__MACOSX")]
    likely = [name for name in texts if name == "_chat.txt"]
    likely += [name for name in texts if name.startswith("WhatsApp")]
    if not likely and len(texts) == 1:
        likely = texts
    if not likely:
        raise Invalid("import.no_chat")
    if len(likely) > 1:
        # Which of them would be brought in, and beside which pictures, nobody could see.
        raise Invalid("import.two_chats", first=likely[0][:100], second=likely[1][:100])
    return likely[0]


def _text_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    if entry.file_size > TEXT_MAX:
        raise TooLarge("import.text_too_large", limit_mb=TEXT_MAX // 1_000_000)
    return _decoded(_unpack(archive, entry))


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return an entry's bytes, no more than the list of entries promises; one that holds more fails its sum.

    `ZipFile.read` unpacks 2 GB at once before it looks at the promise (CPython 3.11, ZipExtFile._read1).
    """
    with archive.open(entry) as file:
        return file.read(entry.file_size + 1)


def _decoded(data: bytes) -> str:
    """Return the text: UTF-8 as phones write it, UTF-16 or Windows' own where somebody saved it anew."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
