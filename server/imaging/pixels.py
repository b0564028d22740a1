"""From a file to small clean JPEGs. Only the child imports this: it is where hostile bytes meet the decoders."""

import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pillow_heif
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from server.domain.image_types import HEAD_BYTES, ImageType, sniff
from server.imaging.renditions import ImageError, Picture, Probe, Rendered, Rendition

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")
MAX_PIXELS = 215_000_000
_SHORTFALL = 16  # A decoder's own size is taken when it misses the wanted edge by no more than 1/16.
_WHITE = (255, 255, 255, 255)
_LOWEST_QUALITY = 50
_SRGB = ImageCms.createProfile("sRGB")
_TAKEN = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d:\d\d:\d\d)")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def prepare() -> None:
    """Load the decoders once and switch Pillow's own pixel limit off: ours is checked before any decoding."""
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    pillow_heif.register_heif_opener(thumbnails=False)
    Image.init()


def render(source: Path, renditions: list[Rendition]) -> Rendered:
    """Return the probe of `source` and every rendition of it; raises ImageError."""
    try:
        with Image.open(source, formats=FORMATS) as image:
            probe = _probe(source, image)
            wanted = sorted(renditions, key=lambda rendition: -rendition.long_edge_px)
            return Rendered(probe, dict(_pictures(image, wanted)))
    except (UnidentifiedImageError, OSError, ValueError, EOFError, SyntaxError, MemoryError) as error:
        raise _named(error) from error


def _named(error: BaseException) -> ImageError:
    """Give a decoder's complaint one of our codes; the wording is all that tells cut-off from broken."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or "memory" in text.lower():
        return ImageError("image.memory", text)
    cut = re.search(
        r"truncated|end of file|eof|unexpected end|broken data stream|no more data", text, re.IGNORECASE
    )
    return ImageError("image.truncated" if cut else "image.undecodable", text)


def _probe(source: Path, image: Image.Image) -> Probe:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError("image.too_many_pixels", f"{width} x {height}")
    with source.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES))
    if kind is None:
        raise ImageError("image.undecodable", "unknown magic bytes")
    if kind in {ImageType.HEIF, ImageType.AVIF} and _is_cut(source):
        raise ImageError("image.truncated", "a box reaches beyond the end of the file")
    if _orientation(image) >= 5:
        width, height = height, width
    return Probe(width, height, kind, _taken_at(image))


def _is_cut(source: Path) -> bool:
    """Walk the outer boxes (ISO/IEC 14496-12 §4.2): libheif paints missing tiles green without a word."""
    at, end = 0, source.stat().st_size
    with source.open("rb") as file:
        while at < end:
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4])
            size = int.from_bytes(head[8:16]) if size == 1 else size
            if size == 0:  # The last box reaches to the end, wherever that is.
                return False
            if size < 8:
                return at == 0  # Something else follows the picture: a trailer, not a cut.
            at += size
    return at > end


def _pictures(image: Image.Image, renditions: list[Rendition]) -> Iterator[tuple[str, Picture]]:
    """Make the largest from the file and each smaller one from the pixels of the one before."""
    turn = _TURNS.get(_orientation(image))
    upright: Image.Image | None = None
    for rendition in renditions:
        if upright is None:
            upright = _clean(_decoded(image, rendition.long_edge_px))
            upright = upright.transpose(turn) if turn is not None else upright
        else:
            upright = _shrunk(upright, rendition.long_edge_px)
        yield rendition.name, _fitting(upright, rendition)


def _orientation(image: Image.Image) -> int:
    """Return the turn still to be done. HEIF is turned by libheif already; its EXIF value must not count again."""
    if image.format == "HEIF":
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (
        SyntaxError,
        ValueError,
        KeyError,
        TypeError,
        OSError,
    ):  # Broken EXIF is no reason for no picture.
        return 1
    return value if value in _TURNS else 1


def _taken_at(image: Image.Image) -> str | None:
    try:
        exif = image.getexif()
        taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        found = _TAKEN.match(str(taken or exif.get(ExifTags.Base.DateTime)))
    except (SyntaxError, ValueError, KeyError, TypeError, OSError):
        return None
    return "{}-{}-{}T{}".format(*found.groups()) if found else None


def _decoded(image: Image.Image, long_edge_px: int) -> Image.Image:
    """Load the first frame, scaled by the decoder where it can, in a mode that resizes well."""
    if image.format in {"JPEG", "MPO"}:
        _draft(image, long_edge_px)
    image.load()
    return _shrunk(_resizable(image), long_edge_px)


def _draft(image: Image.Image, long_edge_px: int) -> None:
    """Let libjpeg decode at 1/2, 1/4 or 1/8.

    Pillow wants a size in the image's own, unturned proportion and rounds down (JpegImageFile.draft).
    """
    width, height = image.size
    for scale in (8, 4, 2):
        if max(width, height) >= scale * _least(long_edge_px):
            image.draft(None, (max(1, width // scale), max(1, height // scale)))
            return


def _least(long_edge_px: int) -> int:
    return long_edge_px - long_edge_px // _SHORTFALL


def _resizable(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow's own conversion would clip instead of scale.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.convert("L") if image.mode == "1" else image


def _shrunk(image: Image.Image, long_edge_px: int) -> Image.Image:
    long_edge = max(image.size)
    if long_edge <= long_edge_px:
        return image
    factor = -(-long_edge // long_edge_px)
    if -(-long_edge // factor) >= _least(long_edge_px):
        return image.reduce(factor)
    width, height = (max(1, round(side * long_edge_px / long_edge)) for side in image.size)
    return image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=1.0)


def _clean(image: Image.Image) -> Image.Image:
    """Return 8-bit sRGB on white that knows nothing of the file it came from."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        front = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", front.size, _WHITE), front).convert("RGB")
    image = _in_srgb(image, profile) if profile else image
    image = image if image.mode == "RGB" else image.convert("RGB")
    image.info = {}
    return image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert from an embedded profile; a broken or unfitting one counts as none."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "RGB" and _is_srgb(source):
            return image
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Tell by the name and the colour of its primaries, as converting costs more than all the rest."""
    inside, ours = profile.profile, ImageCms.ImageCmsProfile(_SRGB).profile
    pairs = [
        (inside.red_colorant, ours.red_colorant),
        (inside.green_colorant, ours.green_colorant),
        (inside.blue_colorant, ours.blue_colorant),
    ]
    near = all(a and b and max(abs(x - y) for x, y in zip(a[0], b[0], strict=True)) < 0.003 for a, b in pairs)
    return near and "sRGB" in (inside.profile_description or "")


def _fitting(image: Image.Image, rendition: Rendition) -> Picture:
    """Encode; while it is too heavy, lower the quality, then the size."""
    quality = rendition.quality
    while True:
        data = _jpeg(image, quality)
        if rendition.max_bytes is None or len(data) <= rendition.max_bytes or max(image.size) <= 64:
            return Picture(*image.size, data)
        if quality > _LOWEST_QUALITY:
            quality = max(_LOWEST_QUALITY, quality - 12)
        else:
            quality = rendition.quality
            image = image.resize([max(1, side * 3 // 4) for side in image.size], Image.Resampling.HAMMING)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """Encode as baseline JPEG with 4:2:0 chroma: the fastest to make, and every phone shows it."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return file.getvalue()
