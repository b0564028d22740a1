"""What a file is, judged by its first bytes: the mime type a client declares is never trusted.

Nothing here looks further than `HEAD_BYTES`; a caller that holds less of a longer file may get a wrong answer.
"""

from enum import StrEnum

HEAD_BYTES = 4096
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_GENERIC_BRANDS = {b"mif1", b"msf1", b"mif2", b"miaf"}
_HTML_TAGS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<meta")
_EPS_MAGIC = (b"%!ps", b"\xc5\xd0\xd3\xc6")


class ImageType(StrEnum):
    """The formats that are kept as photos; the value is what the database stores."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    HEIF = "heif"
    AVIF = "avif"

    @property
    def mime(self) -> str:
        """The content type we answer with. HEIF from phones is HEIC (ISO/IEC 23008-12 annex B)."""
        return "image/heic" if self is ImageType.HEIF else f"image/{self.value}"

    @property
    def suffix(self) -> str:
        """The end of a file name, without the dot."""
        return {ImageType.JPEG: "jpg", ImageType.HEIF: "heic"}.get(self, self.value)


def sniff(head: bytes) -> ImageType | None:
    """Return the type that the magic bytes of `head` announce, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return ImageType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageType.WEBP
    return _sniff_brands(head) if head[4:8] == b"ftyp" else None


def refusal(head: bytes, size_bytes: int) -> str | None:
    """Return the code for what must be refused at the door, or None for a photo that is kept."""
    if size_bytes == 0:
        return "photo.empty"
    if sniff(head):
        return None
    text = head[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_EPS_MAGIC):
        return "photo.eps"
    if b"%pdf-" in text[:1024]:  # Readers take a PDF that begins late (ISO 32000-1 annex H.3).
        return "photo.pdf"
    return _markup(text) or "photo.not_an_image"


def _sniff_brands(head: bytes) -> ImageType | None:
    """Read the ftyp box of ISO/IEC 14496-12 §4.3: major brand, version, then compatible brands."""
    box = head[: min(int.from_bytes(head[:4]), HEAD_BYTES)]
    major = box[8:12]
    brands = {box[at : at + 4] for at in range(16, len(box) - 3, 4)} if major in _GENERIC_BRANDS else {major}
    if brands & _AVIF_BRANDS:
        return ImageType.AVIF
    return ImageType.HEIF if brands & _HEIC_BRANDS or major in _GENERIC_BRANDS else None


def _markup(text: bytes) -> str | None:
    if not text.startswith(b"<"):
        return None
    if b"<svg" in text:
        return "photo.svg"
    return "photo.html" if any(tag in text for tag in _HTML_TAGS) else None
