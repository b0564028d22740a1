"""Renditions per CPU-second against sharp, at equal sizes and no lower quality.

Ours are made through the whole ImageBox, pipes and limits included; the CPU counted is the child's, after a first
warm photo, as for sharp. Quality is PSNR against two references made from the original: Lanczos, which is sharp's
own filter, and the plain mean of each area. sharp encodes at 80, its default. Of sharp's ways the fastest counts,
"lean" being those without its second pass over the Huffman codes. Run: `npm ci` in bench/sharp, then
`python -m bench.renditions`.
"""

import asyncio
import json
import math
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageOps, ImageStat

from server.imaging.box import ImageBox
from server.imaging.renditions import RENDITIONS, Rendered

HERE = Path(__file__).parent
GOAL = 1.3
ROUNDS = 5
WAYS = ("separate", "cloned", "chained", "separate-lean", "cloned-lean", "chained-lean")
SHARP_QUALITY = 80
REFERENCES = {"Lanczos": Image.Resampling.LANCZOS, "area": Image.Resampling.BOX}
# Most phones; then two sizes of which no half, quarter or eighth lies near 2048.
CAMERAS = {"12 MP": (4032, 3024), "8 MP": (3264, 2448), "16 MP": (4624, 3468)}


@dataclass(frozen=True, slots=True)
class Made:
    """What one program made: CPU seconds, number of pictures, PSNR in dB by rendition and reference, bytes (means)."""

    cpu_s: float
    pictures: int
    psnr: dict[str, float]
    size_bytes: dict[str, int]

    @property
    def rate(self) -> float:
        return self.pictures / self.cpu_s


def run() -> dict[str, Any]:
    """Return the result as one row of docs/benchmarks.md, or a row that says why there is none."""
    name = "renditions per CPU-second vs sharp"
    if shutil.which("node") is None or not (HERE / "sharp/node_modules/sharp").is_dir():
        return {
            "name": name,
            "ratio": None,
            "goal": GOAL,
            "note": "node or bench/sharp/node_modules is missing",
        }
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            label: _compare(camera_photos(Path(folder), size), Path(folder))
            for label, size in CAMERAS.items()
        }
        others = sorted((HERE.parent.parent / "shared/photos").glob("*.jpg"))
        if others:
            rows["real files, 0.1 to 5 MP"] = _compare(others, Path(folder))
    return {
        "name": name,
        "ratio": rows["12 MP"]["ratio"],
        "goal": GOAL,
        "unit": "renditions/CPU-s",
        "rows": rows,
    }


def _compare(photos: list[Path], folder: Path) -> dict[str, Any]:
    ours = _ours(photos, folder)
    edges = [max(_open(folder / f"ours/{at}.screen.jpg").size) for at in range(len(photos))]
    peers = {way: _theirs(way, photos, max(edges), folder) for way in WAYS}
    best = max(peers, key=lambda way: peers[way].rate)
    default = max((way for way in WAYS if "-" not in way), key=lambda way: peers[way].rate)
    return {
        "ratio": round(ours.rate / peers[best].rate, 2),
        "ratio_to_default_coding": round(ours.rate / peers[default].rate, 2),
        "screen_edges_px": sorted(set(edges)),
        "ours": _shown(ours),
        "best": best,
        "sharp": {way: _shown(made) for way, made in peers.items()},
    }


def _shown(made: Made) -> dict[str, Any]:
    psnr = {name: round(value, 2) for name, value in made.psnr.items()}
    return {"rate": round(made.rate, 1), "psnr_db": psnr, "bytes": made.size_bytes}


def _ours(photos: list[Path], folder: Path) -> Made:
    cpu_s, rendered = asyncio.run(_through_the_box(photos))
    out = folder / "ours"
    out.mkdir(exist_ok=True)
    for at, answer in enumerate(rendered[: len(photos)]):
        for name, picture in answer.pictures.items():
            (out / f"{at}.{name}.jpg").write_bytes(picture.data)
    return _judged(cpu_s, len(rendered) * len(RENDITIONS), photos, out)


async def _through_the_box(photos: list[Path]) -> tuple[float, list[Rendered]]:
    box = ImageBox()
    try:
        for photo in photos:
            await box.render(photo, RENDITIONS)
        before = _cpu_s(box.pids()[0])
        rendered = [await box.render(photo, RENDITIONS) for _ in range(ROUNDS) for photo in photos]
        return _cpu_s(box.pids()[0]) - before, rendered
    finally:
        await box.close()


def _cpu_s(pid: int) -> float:
    """Return user and system seconds of a process (proc(5), stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _theirs(way: str, photos: list[Path], edge_px: int, folder: Path) -> Made:
    out = folder / way
    out.mkdir(exist_ok=True)
    words = [way, str(ROUNDS), str(SHARP_QUALITY), str(out), str(edge_px), *map(str, photos)]
    done = subprocess.run(
        ["node", "renditions.mjs", *words], cwd=HERE / "sharp", check=True, capture_output=True, timeout=300
    )
    answer = json.loads(done.stdout)
    return _judged(answer["cpu_s"], answer["pictures"], photos, out)


def _judged(cpu_s: float, pictures: int, photos: list[Path], out: Path) -> Made:
    psnr, size_bytes = {}, {}
    for name in (rendition.name for rendition in RENDITIONS):
        files = [out / f"{at}.{name}.jpg" for at in range(len(photos))]
        for reference, how in REFERENCES.items():
            pairs = zip(photos, files, strict=True)
            psnr[f"{name}, {reference}"] = sum(_psnr(photo, file, how) for photo, file in pairs) / len(files)
        size_bytes[name] = sum(file.stat().st_size for file in files) // len(files)
    return Made(cpu_s, pictures, psnr, size_bytes)


def _psnr(photo: Path, file: Path, how: Image.Resampling) -> float:
    """Compare with the original, turned and resized from all its pixels."""
    made = _open(file)
    upright = ImageOps.exif_transpose(_open(photo)).convert("RGB")
    reference = upright.resize(made.size, how)
    spread = ImageStat.Stat(ImageChops.difference(reference, made.convert("RGB")))
    return 10 * math.log10(255**2 * sum(spread.count) / sum(spread.sum2))


def _open(path: Path) -> Image.Image:
    image = Image.open(path)
    image.load()
    return image


def camera_photos(folder: Path, size: tuple[int, int]) -> list[Path]:
    """Make photos with edges, gradients, fine texture and sensor noise, one of them turned."""
    paths = []
    for number, turned in enumerate((1, 1, 6)):
        plain = Image.effect_mandelbrot(size, (-1.2 + number / 4, -0.6, 0.2 + number / 4, 0.6), 100)
        grain = Image.effect_noise(size, 6)
        light = Image.radial_gradient("L").resize(size)
        channels = [
            ImageChops.add(ImageChops.blend(plain, light, share), grain, 1, -128) for share in (0.3, 0.5, 0.7)
        ]
        exif = Image.Exif()
        exif[0x0112] = turned
        path = folder / f"camera-{number}.jpg"
        Image.merge("RGB", channels).save(path, quality=92, subsampling="4:2:0", exif=exif)
        paths.append(path)
    return paths


if __name__ == "__main__":
    print(json.dumps(run()))
