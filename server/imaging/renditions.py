"""The copies of a photo that we make, and what comes back. Plain types: parent and child both import this."""

from dataclasses import dataclass

from server.domain.image_types import ImageType


@dataclass(frozen=True, slots=True)
class Rendition:
    """A JPEG to make: sRGB, upright, white behind transparency, no metadata, never larger than the photo.

    `long_edge_px` is the most; up to 1/16 less is taken when the decoder can give that size by itself.
    `max_bytes`: quality, then size, go down until the file fits.
    """

    name: str
    long_edge_px: int
    quality: int
    max_bytes: int | None = None


# Qualities that make up for what the decoder's own half size loses against a long filter (bench/renditions.py).
RENDITIONS = (Rendition("screen", 2048, 86), Rendition("thumb", 400, 84))


@dataclass(frozen=True, slots=True)
class Probe:
    """What the file says about itself: size once upright, type, and when it was taken.

    `taken_at` is the camera's wall clock ("2024-11-03T07:41:09") without a zone: for information only.
    """

    width_px: int
    height_px: int
    type: ImageType
    taken_at: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """One finished JPEG."""

    width_px: int
    height_px: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """The answer to one photo: what it is, and the pictures by the name of their rendition."""

    probe: Probe
    pictures: dict[str, Picture]


class ImageError(Exception):
    """The photo could not be rendered; the photo itself stays kept.

    `code`: "image.too_many_pixels", "image.truncated", "image.undecodable", "image.time", "image.memory",
    "image.crashed" (the child died), "image.stopped" (the server is stopping). `again` when a second try can help.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.again = code in {"image.crashed", "image.stopped"}
