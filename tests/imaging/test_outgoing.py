"""Nothing of the original file but its pixels may leave the firm."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from server.imaging.box import ImageBox
from server.imaging.outgoing import outgoing
from server.imaging.renditions import RENDITIONS
from tests.imaging.made import opened, pattern

# Markers a plain JPEG needs (ITU-T T.81 table B.1): image, tables, frame, scan, end; APP0 is JFIF's own.
_PLAIN = {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA, 0xD9}


class Canaries:
    """Words that must not come out, numbered as they are handed out."""

    def __init__(self) -> None:
        self.words: list[bytes] = []

    def next(self) -> str:
        self.words.append(f"CANARY{len(self.words):02d}".encode())
        return self.words[-1].decode()


def _exif(canaries: Canaries) -> Image.Exif:
    exif = Image.Exif()
    for tag in (
        0x010E,
        0x010F,
        0x0110,
        0x013B,
        0x8298,
        0x0131,
    ):  # Words, maker, model, artist, rights, software.
        exif[tag] = canaries.next()
    details = exif.get_ifd(0x8769)
    details[0x9286] = details[0xA420] = canaries.next()  # User comment, unique id.
    details[0x927C] = canaries.next().encode()  # Maker note.
    position = exif.get_ifd(0x8825)
    position[1], position[2], position[0x1D] = "N", (52.0, 31.0, 12.0), canaries.next()
    return exif


def _profile(canaries: Canaries) -> bytes:
    """Return sRGB with words in its tail, where an ICC text tag may lie."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + canaries.next().encode()
    return struct.pack(">I", len(profile)) + profile[4:]


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _jpeg(path: Path, canaries: Canaries) -> None:
    pattern((900, 600)).save(
        path,
        exif=_exif(canaries),
        icc_profile=_profile(canaries),
        comment=canaries.next(),
        xmp=f"<x:xmpmeta>{canaries.next()}</x:xmpmeta>".encode(),
    )
    iptc = (
        b"Photoshop 3.0\0"
        + b"8BIM\x04\x04\0\0\0\0\0\x0d\x1c\x02\x78\0\x08"
        + canaries.next().encode()
        + b"\0"
    )
    other = canaries.next().encode()
    data = path.read_bytes()
    data = data[:2] + _segment(0xED, iptc) + _segment(0xEC, other) + data[2:]
    path.write_bytes(data + b"....ftypmp42" + canaries.next().encode())


def _png(path: Path, canaries: Canaries) -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", canaries.next())
    words.add_itxt("XML:com.adobe.xmp", canaries.next(), zip=False)
    pattern((900, 600)).save(path, pnginfo=words, exif=_exif(canaries), icc_profile=_profile(canaries))


def _webp(path: Path, canaries: Canaries) -> None:
    xmp = canaries.next().encode()
    pattern((900, 600)).save(path, exif=_exif(canaries), icc_profile=_profile(canaries), xmp=xmp)


def _markers(data: bytes) -> list[int]:
    """Return the markers of a JPEG up to the scan, checking that nothing follows its end."""
    at, found = 2, [data[1]]
    while found[-1] != 0xDA:
        assert data[at] == 0xFF
        found.append(data[at + 1])
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    assert data.endswith(b"\xff\xd9") and data.count(b"\xff\xd9") == 1
    return [*found, 0xD9]


@pytest.mark.parametrize(("write", "suffix"), [(_jpeg, "jpg"), (_png, "png"), (_webp, "webp")])
async def test_no_canary_gets_out(box: ImageBox, tmp_path: Path, write: object, suffix: str) -> None:
    canaries = Canaries()
    source = tmp_path / f"{canaries.next()}.{suffix}"
    assert callable(write)
    write(source, canaries)
    held = source.name.encode() + source.read_bytes()
    inside = b"".join(_inflated(held))
    assert [word for word in canaries.words if word not in held + inside] == []
    rendered = await box.render(source, [*RENDITIONS, outgoing()])
    assert b"CANARY" not in repr(rendered.probe).encode()
    for picture in rendered.pictures.values():
        assert b"CANARY" not in picture.data
        assert set(_markers(picture.data)) == _PLAIN
        assert set(opened(picture).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


async def test_a_real_position_stays_here(box: ImageBox, shared: Path) -> None:
    rendered = await box.render(shared / "phone-iphone7-gps.heic", [outgoing()])
    picture = rendered.pictures["outgoing"]
    assert set(_markers(picture.data)) == _PLAIN
    assert len(picture.data) <= 5_000_000
    assert max(picture.width_px, picture.height_px) <= 2560


def test_seventeen_places_are_watched(tmp_path: Path) -> None:
    canaries = Canaries()
    canaries.next()
    _jpeg(tmp_path / "photo.jpg", canaries)
    _png(tmp_path / "photo.png", canaries)
    assert len(canaries.words) >= 17


def _inflated(data: bytes) -> list[bytes]:
    """Return what lies compressed in a PNG's iCCP chunk."""
    at = data.find(b"iCCP")
    return [zlib.decompressobj().decompress(data[data.index(b"\0\0", at) + 2 :])] if at >= 0 else []
