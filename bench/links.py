"""Bad links: the real page in Chromium, the real server, and tests/chaos/proxy.py as the link between them.

Rates count what passes the link in TCP payload; headers of TCP/IP, slow start and loss are not emulated. Delays are
round trips. "The office sees" is asked beside the link, by the office's own API.

- 128 kbit/s, 300 ms: when the office has the thumbs of all photos, against the time the originals alone would take,
  computed from their bytes and the link's rate (hours, so not waited for).
- 10 Mbit/s, 100 ms: original bytes a second from the first to the last receipt, against one plain TCP stream through
  the same proxy in the same run.
- 1 Mbit/s, 100 ms, every connection cut every 20 s: what passed the link upwards and is neither byte of an original
  nor of a thumb (headers and questions count as waste, too).
"""

import json
import os
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Page, Playwright, sync_playwright

from bench.renditions import camera_photos
from tests.browser.phone import Phone, go
from tests.chaos.proxy import Link, Proxy
from tests.proofs.server import client, founded

SLOW = Link(up=16_000, down=16_000, delay_s=0.15)
FAST = Link(up=1_250_000, down=1_250_000, delay_s=0.05)
SHAKY = Link(up=125_000, down=125_000, delay_s=0.05)
THUMBS, FAST_PHOTOS, SHAKY_PHOTOS = 100, 200, 12
CUT_EVERY_S = 20.0
STREAM = 40_000_000
TWELVE_MP, THREE_MP = (4032, 3024), (2016, 1512)
WAIT_S = 290


@dataclass(slots=True)
class World:
    """One phone with photos in its queue, the office, and the link, which is down until `link` is called."""

    proxy: Proxy
    office: httpx.Client
    page: Page
    bytes_needed: int
    data: Path

    def link(self, link: Link) -> float:
        """Bring the network back with these properties; returns the moment."""
        self.proxy.bytes = {"up": 0, "down": 0}
        self.proxy.link, self.proxy.shut = link, False
        go(self.page)
        return time.monotonic()

    def wait(self, count: int, *, stored: bool) -> float:
        """Return the moment when the office sees so many thumbs, or has so many originals."""
        for _ in range(WAIT_S * 5):
            if self.seen(stored=stored) >= count:
                return time.monotonic()
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{self.seen(stored=stored)} of {count} after {WAIT_S} s")

    def seen(self, *, stored: bool) -> int:
        found, path = 0, "/api/v1/photos?limit=200"
        while path:
            answer = self.office.get(path).json()
            found += sum(
                one["state"] == "stored" if stored else bool(one["renditions"]) for one in answer["items"]
            )
            path = answer["next"] and f"/api/v1/photos?limit=200&cursor={answer['next']}"
        return found


@contextmanager
def world(playwright: Playwright, count: int, size: tuple[int, int]) -> Iterator[World]:
    """Found a company, sign a phone in, take its network away and let it keep `count` photos."""
    with tempfile.TemporaryDirectory(prefix="zollstock-links-") as name:
        folder = Path(name)
        photos = taken(folder, count, size)
        server, tokens = founded(folder / "data", [("sabine", "office"), ("ali", "worker")])
        link = re.search(r"/link/\S+", server.run("user", "link", "ali"))
        assert link
        server.start()
        try:
            with Proxy(server.port) as proxy, client(server, tokens["sabine"]) as office:
                phone = Phone(playwright, folder / "profile", proxy.url)
                phone.sign_in(link[0])
                page = phone.install("/capture")
                proxy.shut = True
                proxy.cut()
                page.locator("input[type=file][multiple]").set_input_files(photos)
                page.locator(".capture-safe").get_by_text(f"✓ {count} auf").wait_for(timeout=WAIT_S * 1000)
                needed = sum(photo.stat().st_size for photo in photos)
                yield World(proxy, office, page, needed, folder / "data")
                phone.close()
        finally:
            server.kill()


def taken(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Return photos of a camera, each with other bytes: some behind the picture's end, which no reader minds."""
    originals = [path.read_bytes() for path in camera_photos(folder, size)]
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(originals[number % len(originals)] + os.urandom(16))
    return paths


def main() -> None:
    """Measure all three and print a line each."""
    with sync_playwright() as playwright:
        say_slow(playwright)
        say_fast(playwright)
        say_shaky(playwright)


def say_slow(playwright: Playwright) -> None:
    with world(playwright, THUMBS, TWELVE_MP) as here:
        began = here.link(SLOW)
        took = here.wait(THUMBS, stored=False) - began
        sent = here.proxy.bytes["up"]
    assert SLOW.up
    alone = here.bytes_needed / SLOW.up
    details = [
        ("all thumbs at the office", f"{took:.0f} s"),
        ("originals alone, computed", f"{alone / 3600:.1f} h ({here.bytes_needed / 1e6:.0f} MB)"),
        ("bytes up until then", f"{sent / 1e3:.0f} kB"),
    ]
    print(json.dumps({"name": f"all of {THUMBS} photos at the office on 128 kbit/s, 300 ms, vs their originals alone", "ratio": round(alone / took, 1), "goal": 100, "note": "The page in Chromium behind an emulated link; photos of 12 MP.", "details": details}), flush=True)  # fmt: skip


def say_fast(playwright: Playwright) -> None:
    with world(playwright, FAST_PHOTOS, THREE_MP) as here:
        plain = streamed(here.proxy, FAST)
        began = here.link(FAST)
        took = here.wait(FAST_PHOTOS, stored=True) - began
    ours = here.bytes_needed / took
    details = [
        ("ours", f"{ours * 8 / 1e6:.2f} Mbit/s ({here.bytes_needed / 1e6:.0f} MB in {took:.0f} s)"),
        ("plain stream", f"{plain * 8 / 1e6:.2f} Mbit/s ({STREAM / 1e6:.0f} MB)"),
    ]
    print(json.dumps({"name": f"sync of {FAST_PHOTOS} photos on 10 Mbit/s, 100 ms, vs a plain stream", "ratio": round(ours / plain, 3), "goal": 0.92, "note": "Photos of 3 MP and 1 MB, so that the run stays short: larger ones cost fewer round trips a byte. Only bytes of originals count as ours. Chromium behind an emulated link.", "details": details}), flush=True)  # fmt: skip


def streamed(proxy: Proxy, link: Link) -> float:
    """Return the bytes a second of one plain stream through the same proxy."""
    target, shut = proxy.target_port, proxy.shut
    with socket.create_server(("127.0.0.1", 0)) as sink:
        thread = threading.Thread(target=swallow, args=(sink,), daemon=True)
        thread.start()
        proxy.target_port, proxy.shut, proxy.link = sink.getsockname()[1], False, link
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", proxy.port)) as line:
            line.sendall(bytes(STREAM))
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1) == b"k"
        took = time.monotonic() - began
        thread.join()
    proxy.target_port, proxy.shut = target, shut
    return STREAM / took


def swallow(sink: socket.socket) -> None:
    line, _ = sink.accept()
    with line:
        while line.recv(1 << 16):
            pass
        line.sendall(b"k")


def say_shaky(playwright: Playwright) -> None:
    with world(playwright, SHAKY_PHOTOS, THREE_MP) as here:
        over = threading.Event()
        cuts: list[float] = []
        thread = threading.Thread(target=cutting, args=(here.proxy, over, cuts))
        began = here.link(SHAKY)
        thread.start()
        took = here.wait(SHAKY_PHOTOS, stored=True) - began
        over.set()
        thread.join()
        sent = here.proxy.bytes["up"]
        thumbs = sum(4 * -(-size // 3) for size in thumb_sizes(here.page))  # they travel in base64
    wasted = 100 * (sent - here.bytes_needed - thumbs) / sent
    details = [
        ("bytes up", f"{sent / 1e6:.2f} MB"),
        ("of originals and thumbs", f"{(here.bytes_needed + thumbs) / 1e6:.2f} MB"),
        ("cuts", len(cuts)),
        ("time", f"{took:.0f} s; the link alone needs {here.bytes_needed / 125_000:.0f} s"),
    ]
    print(json.dumps({"name": f"wasted bytes of {SHAKY_PHOTOS} photos on 1 Mbit/s with a cut every {CUT_EVERY_S:.0f} s", "value": round(wasted, 1), "unit": "%", "goal": 5, "note": "Photos of 3 MP and 1 MB; whatever passed the link and is no byte of an original or a thumb is waste, headers too. Chromium behind an emulated link of 100 ms.", "details": details}), flush=True)  # fmt: skip


def cutting(proxy: Proxy, over: threading.Event, cuts: list[float]) -> None:
    while not over.wait(CUT_EVERY_S):
        proxy.cut()
        cuts.append(time.monotonic())


def thumb_sizes(page: Page) -> list[int]:
    """Return the size of each thumb on the phone."""
    found: list[int] = page.evaluate(
        """async () => {
          const open = indexedDB.open('zollstock');
          const db = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
          const q = db.transaction('thumbs').objectStore('thumbs').getAll();
          const all = await new Promise((resolve) => { q.onsuccess = () => resolve(q.result); });
          db.close();
          return all.map((one) => one.byteLength);
        }"""
    )
    return found


if __name__ == "__main__":
    main()
