"""Archives from anywhere: an honest one is read, a hostile one ends in its sentence, and nothing is unpacked."""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from server.domain.errors import Invalid
from server.storage.exports import Damaged, open_chat
from server.web.words import sentences

TEXT = "01.09.26, 10:00 - Petra: Hallo\n"


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes | str], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def flagged(data: bytes, bits: int) -> bytes:
    """Set flag bits of every entry, in its own header and in the list."""
    changed = bytearray(data)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(sign)
        while at >= 0:
            changed[at + place] |= bits
            at = data.find(sign, at + 4)
    return bytes(changed)


def linked() -> bytes:
    link = zipfile.ZipInfo("IMG-1.jpg")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped(("_chat.txt", TEXT), (link, "/etc/passwd"))


def renamed(old: str, new: str) -> bytes:
    """Return an archive with a name no library would write."""
    assert len(old) == len(new)
    return zipped(("_chat.txt", TEXT), (old, b"x")).replace(old.encode(), new.encode())


def lying() -> bytes:
    """The list says a few bytes, the text is longer."""
    data = bytearray(zipped(("_chat.txt", TEXT * 50)))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 31)
    return bytes(data)


def long_list() -> bytes:
    """The end says the list of entries is huge."""
    data = bytearray(zipped(("_chat.txt", TEXT)))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = struct.pack("<I", 4_000_000_000)
    return bytes(data)


def broken_crc() -> bytes:
    return zipped(("_chat.txt", TEXT), packed=zipfile.ZIP_STORED).replace(b"Petra", b"Pedro", 1)


def many(number: int) -> bytes:
    return zipped(*((f"{one}.jpg", b"") for one in range(number)), packed=zipfile.ZIP_STORED)


def twice() -> bytes:
    return zipped(("_chat.txt", TEXT), ("a/IMG-1.jpg", b"1"), ("b/IMG-1.jpg", b"2"))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "way up": (lambda: zipped(("_chat.txt", TEXT), ("../../etc/cron.d/x", b"x")), "import.bad_name"),
    "way up, of Windows": (
        lambda: zipped(("_chat.txt", TEXT), ("a\\..\\..\\x.jpg", b"x")),
        "import.bad_name",
    ),
    "absolute": (lambda: zipped(("_chat.txt", TEXT), ("/etc/passwd", b"x")), "import.bad_name"),
    "drive": (lambda: zipped(("_chat.txt", TEXT), ("C:\\x.jpg", b"x")), "import.bad_name"),
    "zero sign": (lambda: renamed("ab.jpg", "a\x00.jpg"), "import.bad_name"),
    "no name": (lambda: renamed("ab.jpg", "\x00\x00.jpg"), "import.bad_name"),
    "control sign": (lambda: renamed("ab.jpg", "a\x1b.jpg"), "import.bad_name"),
    "two of a name": (twice, "import.double_name"),
    "two chats": (lambda: zipped(("_chat.txt", TEXT), ("x/_chat.txt", TEXT)), "import.double_name"),
    "two chats of two phones": (
        lambda: zipped(("WhatsApp Chat mit Petra.txt", TEXT), ("WhatsApp Chat mit Ali.txt", TEXT)),
        "import.two_chats",
    ),
    "link": (linked, "import.link"),
    "password": (lambda: flagged(zipped(("_chat.txt", TEXT)), 1), "import.encrypted"),
    "broken sum": (broken_crc, "import.broken"),
    "lying size": (lying, "import.broken"),
    "cut short": (lambda: zipped(("_chat.txt", TEXT))[:-30], "import.broken"),
    "no list": (lambda: b"PK\x03\x04" + b"\x00" * 200, "import.broken"),
    "huge list": (long_list, "import.too_many_files"),
    "too many": (lambda: many(20_001), "import.too_many_files"),
    "bomb": (lambda: zipped(("_chat.txt", TEXT), ("a.jpg", b"\0" * 3_000_000)), "import.bomb"),
    "bomb in the text": (lambda: zipped(("_chat.txt", b"\n" * 3_000_000)), "import.bomb"),
    "strange packing": (lambda: zipped(("_chat.txt", TEXT), packed=zipfile.ZIP_LZMA), "import.broken"),
    "zip in a zip": (lambda: zipped(("chat.zip", zipped(("_chat.txt", TEXT)))), "import.no_chat"),
    "empty": (lambda: zipped(), "import.no_chat"),
    "only texts of others": (lambda: zipped(("a.txt", "x"), ("b.txt", "x")), "import.no_chat"),
    "shadow of a Mac": (lambda: zipped(("__MACOSX/._chat.txt", "x")), "import.no_chat"),
}


@pytest.mark.parametrize(("make", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_ends_in_a_sentence(make: Callable[[], bytes], code: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.zip"
    path.write_bytes(make())
    with pytest.raises(Invalid) as refused:
        open_chat(path)
    assert refused.value.code == code and code in sentences()
    assert [one.name for one in tmp_path.iterdir()] == ["chat.zip"]


def test_no_more_is_unpacked_than_the_list_promises(tmp_path: Path) -> None:
    """20 MB behind a promise of 31 bytes; what a server has no memory for ends it, and every phone's upload with it."""
    data = bytearray(zipped(("_chat.txt", TEXT), ("IMG-1.jpg", b"\0" * 20_000_000)))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 31)
    path = tmp_path / "chat.zip"
    path.write_bytes(data)
    chat = open_chat(path)
    tracemalloc.start()
    try:
        with pytest.raises(Damaged):
            chat.read("IMG-1.jpg")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
        chat.close()


def test_every_cut_and_many_flipped_bits_end_in_a_sentence_or_a_chat(tmp_path: Path) -> None:
    whole, path = zipped(("_chat.txt", TEXT), ("IMG-1.jpg", b"\xff\xd8\xff" * 20)), tmp_path / "chat.zip"
    tried = [whole[:size] for size in range(len(whole))]
    tried += [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(len(whole))]
    refused = 0
    for data in tried:
        path.write_bytes(data)
        try:
            chat = open_chat(path)
        except Invalid:
            refused += 1
            continue
        for name in chat.sizes:
            try:
                chat.read(name)
            except Damaged:
                refused += 1
        chat.close()
    assert refused > len(whole)


def test_an_honest_archive_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chat.zip"
    # Phones write names in UTF-8 without the flag that says so.
    name = "Bad-Müller.jpg"
    mojibake = name.encode().decode("cp437")
    data = zipped(("WhatsApp Chat mit Petra.txt", TEXT), ("notiz.txt", "x"), ("plain.jpg", b"1"))
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(mojibake, b"bild")
    raw = out.getvalue().replace(mojibake.encode(), name.encode().ljust(len(mojibake.encode()), b"_"))
    path.write_bytes(flagged_off(raw))
    chat = open_chat(path)
    assert chat.text == TEXT and {"notiz.txt", "plain.jpg"} < chat.sizes.keys()
    unsaid = next(one for one in chat.sizes if one.startswith("Bad"))
    assert unsaid.startswith(name) and chat.read(unsaid) == b"bild"
    chat.close()


def flagged_off(data: bytes) -> bytes:
    changed = bytearray(data)
    for sign, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = data.find(sign)
        while at >= 0:
            changed[at + place] &= 0xF7
            at = data.find(sign, at + 4)
    return bytes(changed)


def test_a_bare_text_is_read_in_what_editors_make_of_it(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        path.write_text("01.09.26, 10:00 - Müller: Grüße\n", encoding=encoding)
        assert open_chat(path).text.removeprefix("\ufeff") == "01.09.26, 10:00 - Müller: Grüße\n"
    path.write_bytes(b"x" * 20_000_001)
    with pytest.raises(Invalid) as refused:
        open_chat(path)
    assert refused.value.code == "import.text_too_large"
