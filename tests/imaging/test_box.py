"""Hostile and broken files: a clear code, and the next photo works."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from server.imaging.box import ImageBox
from server.imaging.renditions import RENDITIONS, ImageError
from tests.imaging.made import huge_webp, opened, pattern, png_header, saved, transparent_png


def jpeg(image: Image.Image | None = None) -> bytes:
    file = io.BytesIO()
    (image or pattern()).save(file, "JPEG")
    return file.getvalue()


async def code_of(box: ImageBox, path: Path) -> str:
    with pytest.raises(ImageError) as refused:
        await box.render(path, RENDITIONS)
    return refused.value.code


async def works(box: ImageBox, folder: Path) -> bool:
    rendered = await box.render(saved(folder / "good.jpg", pattern()), RENDITIONS)
    return opened(rendered.pictures["thumb"]).size == (400, 300)


FILES = {
    "empty": (b"", {"image.undecodable"}),
    "zeros": (bytes(100_000), {"image.undecodable"}),
    "png bomb": (png_header(50_000, 50_000), {"image.too_many_pixels"}),
    "png lies": (png_header(3_000, 3_000), {"image.truncated", "image.undecodable"}),
    "huge webp": (huge_webp(), {"image.too_many_pixels", "image.memory", "image.undecodable"}),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", {"image.undecodable"}),
    "zip": (b"PK\x03\x04" + bytes(2000), {"image.undecodable"}),
    "tiff": (b"II*\0" + bytes(2000), {"image.undecodable"}),
    "html": (b"<html><script>", {"image.undecodable"}),
    "cut jpeg": (jpeg()[:-2000], {"image.truncated"}),
    "jpeg head": (jpeg()[:25], {"image.truncated", "image.undecodable"}),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_bad_file_gets_a_code_and_the_child_lives(box: ImageBox, tmp_path: Path, name: str) -> None:
    data, codes = FILES[name]
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    assert await code_of(box, path) in codes
    assert await works(box, tmp_path)


async def test_a_cut_heic(box: ImageBox, tmp_path: Path, shared: Path) -> None:
    path = tmp_path / "photo.heic"
    path.write_bytes((shared / "phone-iphone7-gps.heic").read_bytes()[:-1])
    assert await code_of(box, path) == "image.truncated"
    assert await works(box, tmp_path)


async def test_a_polyglot_is_only_a_picture(box: ImageBox, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg() + b"<html><script>alert(1)</script></html>")
    rendered = await box.render(path, RENDITIONS)
    assert all(b"<script>" not in picture.data for picture in rendered.pictures.values())


async def test_two_hundred_megapixels(box: ImageBox, tmp_path: Path) -> None:
    """A real phone takes such photos: JPEG works within the memory limit, as libjpeg decodes small."""
    path = saved(tmp_path / "photo.jpg", Image.new("L", (16_320, 12_240), 90))
    rendered = await box.render(path, RENDITIONS)
    assert max(opened(rendered.pictures["screen"]).size) <= 2048


async def test_too_much_for_the_memory(box: ImageBox, tmp_path: Path) -> None:
    """208 MP of transparent PNG need 832 MB decoded, and shrinking them needs a second copy."""
    path = tmp_path / "photo.png"
    path.write_bytes(transparent_png(16_000, 13_000))
    assert await code_of(box, path) == "image.memory"
    assert await works(box, tmp_path)


async def test_killed_at_work_then_the_next_works(box: ImageBox, tmp_path: Path) -> None:
    heavy = saved(tmp_path / "heavy.jpg", Image.effect_noise((6000, 5000), 60), quality=95)
    assert await works(box, tmp_path)
    (pid,) = box.pids()
    working = asyncio.create_task(box.render(heavy, RENDITIONS))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ImageError, match=r"image\.crashed") as crash:
        await working
    assert crash.value.again
    assert await works(box, tmp_path)
    assert pid not in box.pids()


async def test_too_slow(tmp_path: Path) -> None:
    """A stopped child stands for one that never ends."""
    box = ImageBox(timeout_s=0.2)
    fifo = tmp_path / "photo.jpg"
    os.mkfifo(fifo)  # Opening it blocks for ever.
    assert await code_of(box, fifo) == "image.time"
    await box.close()


async def test_out_of_cpu_time(box: ImageBox, tmp_path: Path) -> None:
    assert await works(box, tmp_path)
    (pid,) = box.pids()
    working = asyncio.create_task(code_of(box, saved(tmp_path / "photo.jpg", pattern((5000, 4000)))))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGXCPU)
    assert await working == "image.time"
    assert await works(box, tmp_path)


async def test_a_cancelled_caller_leaves_no_mixed_answers(box: ImageBox, tmp_path: Path) -> None:
    heavy = saved(tmp_path / "heavy.jpg", pattern((4000, 3000)))
    assert await works(box, tmp_path)
    for _ in range(3):
        working = asyncio.create_task(box.render(heavy, RENDITIONS))
        await asyncio.sleep(0.01)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert await works(box, tmp_path)


async def test_eight_bombs_and_a_heart_that_beats(box: ImageBox, tmp_path: Path) -> None:
    bombs = []
    for number in range(8):
        bombs.append(tmp_path / f"{number}.webp")
        bombs[-1].write_bytes(huge_webp(16_000, 13_000) if number % 2 else png_header(14_000, 14_000))
    beats, done = 0, asyncio.Event()

    async def heart() -> None:
        nonlocal beats
        while not done.is_set():
            await asyncio.sleep(0)
            beats += 1

    beating = asyncio.create_task(heart())
    answers = await asyncio.gather(*(box.render(bomb, RENDITIONS) for bomb in bombs), return_exceptions=True)
    done.set()
    await beating
    assert all(isinstance(answer, ImageError) for answer in answers)
    assert beats > 8 * 10
    assert await works(box, tmp_path)


async def test_a_child_is_replaced_after_its_share(tmp_path: Path) -> None:
    box = ImageBox(photos_per_child=2)
    pids = []
    for _ in range(4):
        await works(box, tmp_path)
        pids += box.pids()
    assert len(set(pids)) >= 2
    await box.close()


async def test_closed_means_stopped(tmp_path: Path) -> None:
    box = ImageBox()
    assert await works(box, tmp_path)
    working = asyncio.create_task(code_of(box, saved(tmp_path / "a.jpg", pattern((4000, 3000)))))
    await asyncio.sleep(0)
    await box.close()
    assert await working == "image.stopped"
    assert await code_of(box, tmp_path / "a.jpg") == "image.stopped"
    assert box.pids() == []


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="/proc shows the limits of a process")
async def test_the_limits_hold_and_nothing_is_inherited(box: ImageBox, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        await works(box, tmp_path)
        process = Path(f"/proc/{box.pids()[0]}")
        limits = (process / "limits").read_text()
        held = [str(handle.readlink()) for handle in (process / "fd").iterdir()]
    assert "1200000000" in limits.split("Max address space")[1].splitlines()[0]
    assert not any("secret" in name for name in held)
    assert all(name.startswith(("pipe:", "/dev/null", "socket:")) for name in held), held
    environment = (process / "environ").read_bytes()
    assert {line.split(b"=")[0] for line in environment.split(b"\0") if line} == {
        b"PYTHONPATH", b"LANG", b"MALLOC_ARENA_MAX"
    }  # fmt: skip


ORPHAN = """
import asyncio, os, sys
from pathlib import Path
from server.imaging.box import ImageBox
async def main():
    box = ImageBox()
    await box.render(Path(sys.argv[1]), [])
    print(*box.pids(), flush=True)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    photo = saved(tmp_path / "photo.jpg", pattern())
    done = subprocess.run([sys.executable, "-c", ORPHAN, str(photo)], capture_output=True, timeout=60)
    child = int(done.stdout)
    for _ in range(200):
        if not _runs(child):
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its parent")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False
