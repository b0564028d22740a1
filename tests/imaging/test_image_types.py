"""Magic bytes, and what is refused at the door."""

import pytest

from server.domain.image_types import HEAD_BYTES, ImageType, refusal, sniff


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    box = major + bytes(4) + b"".join(compatible)
    return (len(box) + 8).to_bytes(4) + b"ftyp" + box + b"....meta"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0....JFIF", ImageType.JPEG),
        (b"\x89PNG\r\n\x1a\n....IHDR", ImageType.PNG),
        (b"RIFF....WEBPVP8 ", ImageType.WEBP),
        *((ftyp(brand, b"mif1"), ImageType.HEIF) for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc")),
        (ftyp(b"mif1", b"mif1", b"heic"), ImageType.HEIF),
        (ftyp(b"msf1", b"hevc"), ImageType.HEIF),
        (ftyp(b"avif", b"mif1"), ImageType.AVIF),
        (ftyp(b"mif1", b"avif", b"miaf"), ImageType.AVIF),
        (ftyp(b"isom", b"mp41"), None),
        (ftyp(b"qt  "), None),
        (b"RIFF....WAVE", None),
        (b"II*\0", None),
        (b"", None),
    ],
)
def test_the_type_comes_from_the_bytes(head: bytes, kind: ImageType | None) -> None:
    assert sniff(head) is kind


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "photo.svg"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- x --><SVG>", "photo.svg"),
        (b"\n<!DOCTYPE HTML><p>", "photo.html"),
        (b"<script>alert(1)</script>", "photo.html"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "photo.eps"),
        (b"\xc5\xd0\xd3\xc6....", "photo.eps"),
        (b"%PDF-1.7", "photo.pdf"),
        (b"junk before\n%PDF-1.4", "photo.pdf"),
        (b"PK\x03\x04....", "photo.not_an_image"),
        (b"GIF89a", "photo.not_an_image"),
        (b"<note>only text</note>", "photo.not_an_image"),
        (ftyp(b"isom"), "photo.not_an_image"),
        (b"\0" * HEAD_BYTES, "photo.not_an_image"),
        (b"\xff\xd8\xff<html><script>", None),
    ],
)
def test_the_door(head: bytes, code: str | None) -> None:
    assert refusal(head, len(head)) == code


def test_nothing_is_not_a_photo() -> None:
    assert refusal(b"", 0) == "photo.empty"


def test_names_for_the_outside() -> None:
    assert [kind.mime for kind in ImageType] == [
        "image/jpeg", "image/png", "image/webp", "image/heic", "image/avif"
    ]  # fmt: skip
    assert [kind.suffix for kind in ImageType] == ["jpg", "png", "webp", "heic", "avif"]
