"""Upright, in the right colours, in the right size, from every format a phone sends."""

from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms

from server.domain.image_types import ImageType
from server.imaging import pixels
from server.imaging.box import ImageBox
from server.imaging.outgoing import outgoing
from server.imaging.renditions import RENDITIONS, ImageError, Rendition
from tests.imaging.made import BLUE, GREEN, GREY, RED, close_to, opened, pattern, quarters, saved

UPRIGHT = [RED, GREEN, BLUE, GREY]
WHITE = (255, 255, 255)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """Return the sRGB profile with red and blue exchanged: every colour shows whether it was applied."""
    return SRGB.replace(b"rXYZ", b"....", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"....", b"bXYZ", 1)


def exif(orientation: int, taken: str | None = None) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    if taken:
        made.get_ifd(0x8769)[0x9003] = taken
    return made


def turned_away(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a camera held that way stores it."""
    turn = pixels._TURNS.get(orientation)
    back = {
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    return image.transpose(back.get(turn, turn)) if turn is not None else image


@pytest.mark.parametrize("size", [(640, 480), (4400, 3300)])
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_eight_orientations(
    box: ImageBox, tmp_path: Path, orientation: int, size: tuple[int, int]
) -> None:
    source = saved(tmp_path / "photo.jpg", turned_away(pattern(size), orientation), exif=exif(orientation))
    rendered = await box.render(source, RENDITIONS)
    assert (rendered.probe.width_px, rendered.probe.height_px) == size
    for picture in rendered.pictures.values():
        assert close_to(quarters(opened(picture)), UPRIGHT)
        assert picture.width_px > picture.height_px
        assert not opened(picture).getexif()


def test_the_turns_are_those_of_the_standard() -> None:
    """EXIF 2.32, tag 0x0112: where the stored first row and column are seen; independent of our table."""
    corners = {1: "abcd", 2: "badc", 3: "dcba", 4: "cdab", 5: "acbd", 6: "cadb", 7: "dbca", 8: "bdac"}
    stored = Image.new("L", (2, 2))
    stored.putdata([ord(letter) for letter in "abcd"])
    for orientation, seen in corners.items():
        turn = pixels._TURNS.get(orientation)
        upright = stored.transpose(turn) if turn is not None else stored
        assert upright.tobytes().decode() == seen


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
async def test_every_format_turns_once(box: ImageBox, tmp_path: Path, kind: str) -> None:
    stored = turned_away(pattern(), 6)
    source = saved(tmp_path / "photo", stored, kind, exif=exif(6, "2024:11:03 07:41:09"), quality=90)
    rendered = await box.render(source, RENDITIONS)
    assert rendered.probe.type is ImageType(kind.lower())
    assert (rendered.probe.width_px, rendered.probe.height_px) == (640, 480)
    if kind != "AVIF":  # Pillow drops the date there when it writes the file.
        assert rendered.probe.taken_at == "2024-11-03T07:41:09"
    assert close_to(quarters(opened(rendered.pictures["thumb"])), UPRIGHT)


async def test_in_heif_the_container_turns_and_exif_does_not(box: ImageBox, tmp_path: Path) -> None:
    """pillow-heif writes EXIF but no irot: by ISO/IEC 23008-12 such a file is upright as it lies."""
    pillow_heif.register_heif_opener()
    source = saved(
        tmp_path / "photo.heic", pattern(), "HEIF", exif=exif(6, "2024:11:03 07:41:09"), quality=90
    )
    rendered = await box.render(source, RENDITIONS)
    assert rendered.probe.type is ImageType.HEIF
    assert (rendered.probe.width_px, rendered.probe.height_px) == (640, 480)
    assert rendered.probe.taken_at == "2024-11-03T07:41:09"
    assert close_to(quarters(opened(rendered.pictures["thumb"])), UPRIGHT)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("orient-3.jpg", (1800, 1200)),
        ("orient-6.jpg", (1800, 1200)),
        ("phone-samsung-j3-orient6.jpg", (1932, 2576)),
        ("phone-iphone7-gps.heic", (4032, 3024)),
    ],
)
async def test_real_photos(box: ImageBox, shared: Path, name: str, size: tuple[int, int]) -> None:
    rendered = await box.render(shared / name, RENDITIONS)
    assert (rendered.probe.width_px, rendered.probe.height_px) == size
    for rendition in RENDITIONS:
        picture = rendered.pictures[rendition.name]
        assert max(opened(picture).size) <= rendition.long_edge_px
        assert abs(picture.width_px / picture.height_px - size[0] / size[1]) < 0.01


async def test_real_orientations_agree(box: ImageBox, shared: Path) -> None:
    """The same landscape was stored both ways: both come out alike."""
    thumbs = [
        opened((await box.render(shared / name, RENDITIONS)).pictures["thumb"]).resize((8, 6))
        for name in ("orient-3.jpg", "orient-6.jpg")
    ]
    first, second = (thumb.tobytes() for thumb in thumbs)
    assert sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first) < 12


async def test_probe_alone_decodes_nothing(box: ImageBox, tmp_path: Path) -> None:
    source = saved(tmp_path / "photo.jpg", pattern(), exif=exif(8))
    source.write_bytes(source.read_bytes()[:2000])
    rendered = await box.render(source, [])
    assert (rendered.probe.width_px, rendered.probe.height_px, rendered.pictures) == (480, 640, {})


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16", "CMYK", "YCbCr"])
async def test_every_mode_comes_out_right(box: ImageBox, tmp_path: Path, mode: str) -> None:
    """The left half is dark grey, the right half is white or see-through, which is white too."""
    image = Image.new("RGBA", (900, 600), (255, 255, 255, 0 if mode in {"LA", "PA", "RGBA"} else 255))
    dark = 0 if mode == "1" else 64
    image.paste((dark, dark, dark, 255), (0, 0, 450, 600))
    if mode == "I;16":
        image = image.convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    elif mode == "PA":
        image = image.quantize(16, Image.Quantize.FASTOCTREE)
    else:
        image = image.convert("RGB").convert(mode) if mode not in {"LA", "RGBA"} else image.convert(mode)
    kind = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    rendered = await box.render(saved(tmp_path / "photo", image, kind), [Rendition("thumb", 400, 90)])
    seen = quarters(opened(rendered.pictures["thumb"]))
    assert close_to(seen, [(dark,) * 3, WHITE, (dark,) * 3, WHITE], off=6)


async def test_a_phone_that_writes_mpo(box: ImageBox, tmp_path: Path) -> None:
    source = saved(
        tmp_path / "photo.jpg", pattern(), "MPO", save_all=True, append_images=[pattern((320, 240))]
    )
    rendered = await box.render(source, RENDITIONS)
    assert rendered.probe.type is ImageType.JPEG
    assert close_to(quarters(opened(rendered.pictures["screen"])), UPRIGHT)


async def test_the_first_frame_only(box: ImageBox, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE)]
    source = saved(tmp_path / "photo", frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=95)
    rendered = await box.render(source, RENDITIONS)
    assert close_to(quarters(opened(rendered.pictures["thumb"])), [RED] * 4, off=20)


@pytest.mark.parametrize(
    ("profile", "seen"),
    [
        (swapped_profile(), (50, 100, 200)),
        (b"not a profile", (200, 100, 50)),
        (SRGB, (200, 100, 50)),
        (None, (200, 100, 50)),
    ],
)
async def test_colours_become_srgb(
    box: ImageBox, tmp_path: Path, profile: bytes | None, seen: tuple[int, int, int]
) -> None:
    flat = Image.new("RGB", (600, 400), (200, 100, 50))
    source = saved(tmp_path / "photo.jpg", flat, icc_profile=profile, quality=95, subsampling=0)
    picture = (await box.render(source, [outgoing()])).pictures["outgoing"]
    assert "icc_profile" not in opened(picture).info
    assert close_to(quarters(opened(picture)), [seen] * 4, off=4)


@pytest.mark.parametrize(
    ("size", "edge", "scaled"),
    [
        ((4032, 3024), 2048, (2016, 1512)),
        ((3024, 4032), 2048, (1512, 2016)),
        ((4001, 3001), 2048, (2001, 1501)),
        ((8160, 6120), 2048, (2040, 1530)),
        ((3264, 2448), 2048, (3264, 2448)),
        ((9000, 8), 400, (1125, 1)),
    ],
)
def test_the_decoder_itself_shrinks(
    tmp_path: Path, size: tuple[int, int], edge: int, scaled: tuple[int, int]
) -> None:
    with Image.open(saved(tmp_path / "photo.jpg", Image.new("RGB", size))) as image:
        pixels._draft(image, edge)
        assert image.size == scaled
        image.load()
        assert image.size == scaled


@pytest.mark.parametrize("long_edge", [401, 1000, 2049, 2170, 2500, 3264, 4032, 4096, 5000, 8160])
async def test_never_larger_and_hardly_smaller(box: ImageBox, tmp_path: Path, long_edge: int) -> None:
    source = saved(tmp_path / "photo.jpg", Image.new("RGB", (long_edge, long_edge // 2)))
    rendered = await box.render(source, RENDITIONS)
    for rendition in RENDITIONS:
        edge = rendered.pictures[rendition.name].width_px
        assert min(long_edge, rendition.long_edge_px * 15 // 16) <= edge <= rendition.long_edge_px


async def test_a_limit_in_bytes_holds(box: ImageBox, tmp_path: Path) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((1600, 1200), 90) for _ in range(3)])
    source = saved(tmp_path / "photo.jpg", noise, quality=95)
    for limit in (5_000_000, 300_000, 20_000):
        picture = (await box.render(source, [outgoing(max_bytes=limit)])).pictures["outgoing"]
        assert len(picture.data) <= limit
        assert max(opened(picture).size) > 100


async def test_a_file_that_is_not_there(box: ImageBox, tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        await box.render(tmp_path / "none.jpg", RENDITIONS)
