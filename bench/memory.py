"""On the phone: how much memory the camera page takes while fifty photos of twelve megapixels go through it.

Chromium with a fake camera, the real server; the photos come through the gallery input, one 4000 × 3000 JPEG after the
other, while the viewfinder runs and the queue sends. The page's memory is what its scripts, its document and its array
buffers occupy (DevTools: Runtime.getHeapUsage), garbage not collected yet included; the highest of all samples counts.
Beside it stands what the whole process has for itself (USS): code, decoded pixels, copies on their way to the disk.
"""

import io
import json
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from PIL import Image
from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.demo import demo
from tests.browser.phone import Phone, rows

PHOTOS = 50
SIZE_PX = (4000, 3000)
GOAL_MB = 150
EVERY_MS = 40
LIMIT_S = 200
SCENE = Path("server/demo/photos/fliese-gesprungen.jpg")


@dataclass(slots=True)
class Samples:
    """What the page and its process had at each look, in bytes."""

    tools: CDPSession
    process: psutil.Process
    page: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)

    def look(self) -> None:
        heap = self.tools.send("Runtime.getHeapUsage")
        self.page.append(int(heap["usedSize"] + heap["embedderHeapUsedSize"] + heap["backingStorageSize"]))
        self.whole.append(self.process.memory_full_info().uss)


def renderer(profile: Path) -> psutil.Process:
    """Return the process of the phone's page: the largest one, the others are empty tabs."""
    found = [
        child
        for process in psutil.process_iter(["cmdline"])
        if any(str(profile) in word for word in process.info["cmdline"] or [])
        for child in process.children(recursive=True)
        if "--type=renderer" in child.cmdline()
    ]
    return max(found, key=lambda one: one.memory_full_info().uss)


def main() -> None:
    """Take the photos and print one line."""
    with (
        tempfile.TemporaryDirectory(prefix="zollstock-memory-") as folder,
        sync_playwright() as playwright,
        demo() as (server, link),
    ):
        files = photos(Path(folder))
        phone = Phone(playwright, Path(folder) / "phone", server.url)
        page = phone.sign_in(link)
        page.goto("/capture")
        page.locator(".capture-shutter:not([disabled])").wait_for()
        page.wait_for_timeout(2000)
        samples = Samples(page.context.new_cdp_session(page), renderer(phone.profile))
        samples.look()
        take(page, files, samples)
        say(samples, page, files)
        phone.close()


def photos(folder: Path) -> list[Path]:
    """Return different JPEGs of twelve megapixels, as heavy as a phone's."""
    scene = Image.open(SCENE).convert("RGB").resize(SIZE_PX)
    grain = Image.frombytes("L", SIZE_PX, random.Random(12).randbytes(SIZE_PX[0] * SIZE_PX[1]))
    made = io.BytesIO()
    Image.blend(scene, Image.merge("RGB", (grain, grain, grain)), 0.06).save(made, "JPEG", quality=95)
    files = [folder / f"{number:02d}.jpg" for number in range(PHOTOS)]
    for number, file in enumerate(files):
        file.write_bytes(made.getvalue() + bytes([number]))
    return files


def take(page: Page, files: list[Path], samples: Samples) -> None:
    """Hand all files over and look until the last one is safe."""
    page.locator("input[type=file][multiple]").set_input_files(files)
    last = page.locator(".capture-safe").get_by_text(f"✓ {len(files)} auf")
    until = time.monotonic() + LIMIT_S
    while last.count() == 0:
        assert time.monotonic() < until, "not all photos were kept"
        samples.look()
        page.wait_for_timeout(EVERY_MS)


def say(samples: Samples, page: Page, files: list[Path]) -> None:
    kept = [row for row in rows(page) if row["kind"] == "photo"]
    assert len(kept) == PHOTOS, "every photo is kept"
    details = [
        ("before the first photo", f"{samples.page[0] / 1e6:.0f} MB"),
        ("median meanwhile", f"{statistics.median(samples.page) / 1e6:.0f} MB"),
        (
            "whole process: before, median, most",
            ", ".join(
                f"{value / 1e6:.0f}"
                for value in (samples.whole[0], statistics.median(samples.whole), max(samples.whole))
            )
            + " MB",
        ),
        ("one photo", f"{SIZE_PX[0]} × {SIZE_PX[1]}, {files[0].stat().st_size / 1e6:.1f} MB"),
        ("samples", str(len(samples.page))),
    ]
    line = {
        "name": f"memory of the page while {PHOTOS} photos of 12 MP are taken, most",
        "value": round(max(samples.page) / 1e6),
        "unit": "MB",
        "goal": GOAL_MB,
        "note": "Chromium with a fake camera, viewfinder and sending included: scripts, document and array buffers.",
        "details": details,
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
