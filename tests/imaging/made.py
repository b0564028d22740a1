"""Pictures made for the tests: an asymmetrical pattern, files that lie, and readers of what came out."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from server.imaging.renditions import Picture

RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 200, 30), (30, 30, 220), (128, 128, 128)


def pattern(size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Return red, green, blue and grey quarters: top left, top right, bottom left, bottom right."""
    width, height = size[0] // 2, size[1] // 2
    image = Image.new("RGB", size, GREY)
    image.paste(RED, (0, 0, width, height))
    image.paste(GREEN, (width, 0, 2 * width, height))
    image.paste(BLUE, (0, height, width, 2 * height))
    return image


def saved(path: Path, image: Image.Image, kind: str = "JPEG", **options: Any) -> Path:
    image.save(path, kind, **options)
    return path


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert image.format == "JPEG" and image.mode == "RGB"
    assert image.size == (picture.width_px, picture.height_px)
    return image


def quarters(image: Image.Image) -> list[tuple[int, int, int]]:
    """Return the colours in the middles of the four quarters, in reading order."""
    rgb, (width, height) = image.convert("RGB"), image.size
    spots = [(1, 1), (3, 1), (1, 3), (3, 3)]
    return [rgb.getpixel((x * width // 4, y * height // 4)) for x, y in spots]  # type: ignore[misc]


def close_to(seen: list[tuple[int, int, int]], wanted: list[tuple[int, int, int]], off: int = 12) -> bool:
    return all(
        abs(a - b) <= off for s, w in zip(seen, wanted, strict=True) for a, b in zip(s, w, strict=True)
    )


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that announces a size and holds almost nothing."""
    return _png(width, height, 2, zlib.compress(bytes(1000)))


def transparent_png(width: int, height: int) -> bytes:
    """Return a whole, see-through PNG without ever holding its pixels."""
    squeeze, row = zlib.compressobj(1), bytes(1 + 4 * width)
    return _png(width, height, 6, b"".join([squeeze.compress(row) for _ in range(height)]) + squeeze.flush())


def _png(width: int, height: int, colours: int, data: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def huge_webp(width: int = 16_383, height: int = 16_383) -> bytes:
    """Return a lossless WebP header of the largest size, 38 bytes in all."""
    bits = (width - 1) | (height - 1) << 14
    body = b"\x2f" + bits.to_bytes(4, "little") + b"\x88\x88\x08" + bytes(10)
    return (
        b"RIFF"
        + (12 + len(body)).to_bytes(4, "little")
        + b"WEBPVP8L"
        + len(body).to_bytes(4, "little")
        + body
    )
