"""On the phone, four times slower than this machine: from the shutter to safe, and from cold to a viewfinder offline.

Chromium with a fake camera, the real server, the CPU throttled by DevTools (which slows the page's main thread).
"Safe" is the tick: all bytes are on the disk of the phone. Cold is a new browser process with the server stopped;
the clock runs from the start of the navigation until the picture of the camera moves and the shutter can be pressed.
"""

import json
import math
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.demo import demo
from tests.browser.phone import Phone, rows, shoot

SLOWDOWN = 4
SHOTS = 30
STARTS = 7

TIMES = "() => performance.getEntriesByName('shutter-to-safe').map((one) => one.duration)"
SIZE = "() => { const v = document.querySelector('video'); return `${v.videoWidth} × ${v.videoHeight}`; }"
USABLE = """async () => {
  for (;;) {
    const shutter = document.querySelector('.capture-shutter'), video = document.querySelector('video');
    if (shutter && !shutter.disabled && video?.videoWidth && video.readyState >= 2) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}"""


def main() -> None:
    """Measure both and print a line each."""
    with (
        tempfile.TemporaryDirectory(prefix="zollstock-phone-") as folder,
        sync_playwright() as playwright,
        demo() as (server, link),
    ):
        phone = Phone(playwright, Path(folder), server.url)
        phone.sign_in(link)
        phone.install("/capture")
        phone.close()
        say_shots(phone)
        phone.close()
        server.stop()
        say_starts(phone)
        phone.close()


def say_shots(phone: Phone) -> None:
    page = slowed(phone)
    page.goto("/capture")
    shoot(page, SHOTS)
    times = sorted(page.evaluate(TIMES))
    assert len(times) == SHOTS, "one measure for each photo"
    size, sizes = page.evaluate(SIZE), [row["size"] for row in rows(page) if row["kind"] == "photo"]
    page.close()
    page = phone.open("/capture")
    with watched(page) as thread:
        before = busy_ms(thread)
        shoot(page, SHOTS)
        work = (busy_ms(thread) - before) / SHOTS
    details = [
        ("median", f"{statistics.median(times):.0f} ms"),
        ("slowest of all", f"{times[-1]:.0f} ms"),
        ("camera's picture", size),
        ("file, median", f"{statistics.median(sizes) / 1000:.0f} kB"),
        ("the page's own thread works a shot, not slowed, sending included", f"{work:.0f} ms"),
    ]
    say("from shutter to safe, p95", times[math.ceil(0.95 * len(times)) - 1], 300, details, f"{SHOTS} shots; sending goes on meanwhile. The viewfinder's frame is what is kept, at the size below.")  # fmt: skip


def say_starts(phone: Phone) -> None:
    times = []
    for _ in range(STARTS):
        page = slowed(phone)
        page.goto("/capture", wait_until="commit")
        times.append(float(page.evaluate(USABLE)))
        phone.close()
    details = [("fastest", f"{min(times):.0f} ms"), ("slowest", f"{max(times):.0f} ms")]
    say("cold offline start to viewfinder, median", statistics.median(times), 1000, details, f"{STARTS} starts, each in a new browser process; the server is stopped.")  # fmt: skip


@contextmanager
def watched(page: Page) -> Iterator[CDPSession]:
    """Yield a session that counts what the page's thread works, whatever else the machine does meanwhile."""
    thread = page.context.new_cdp_session(page)
    thread.send("Performance.enable", {"timeDomain": "threadTicks"})
    yield thread
    thread.detach()


def busy_ms(thread: CDPSession) -> float:
    """Return the milliseconds of processor time the page's thread has spent on tasks so far."""
    found = thread.send("Performance.getMetrics")["metrics"]
    return next(1000 * float(one["value"]) for one in found if one["name"] == "TaskDuration")


def slowed(phone: Phone) -> Page:
    """Return an empty page in a throttled tab."""
    page = phone.open("about:blank")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    return page


def say(name: str, value: float, goal: int, details: list[tuple[str, str]], note: str) -> None:
    note = f"Chromium with a fake camera, CPU {SLOWDOWN} × slower. {note}"
    line = {"name": name, "value": round(value), "unit": "ms", "goal": goal, "note": note, "details": details}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
