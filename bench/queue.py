"""Five hundred unsent things on the phone, four times slower than this machine: how soon the list stands there.

Chromium, the real server's page kept by the service worker, the server stopped: as in a cellar. The clock of the
list runs from the moment its element wakes until a frame shows the first screen of rows: reading 500 rows, drawing,
laying out. What comes before, the same for every page of ours, is said beside it; the rest of the rows follows bit
by bit. Memory is what the page's own heap holds after all rows are drawn and the list was scrolled to its end.
"""

import json
import math
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.demo import demo
from bench.phone import SLOWDOWN, busy_ms, slowed, watched
from tests.browser.phone import Phone
from tests.browser.unsent import fill

ITEMS = 500
OPENINGS = 9
BYTES = 40_000
# Of ten problems the list shows five until somebody asks for all.
FOLDED = 5

OPENED = """async () => {
  for (;;) {
    const [one] = performance.getEntriesByName('unsent-opened');
    if (one) return [one.duration, one.startTime + one.duration];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}"""
DRAWN = """async (items) => {
  while (document.querySelectorAll('.unsent-row').length < items) await new Promise((resolve) => setTimeout(resolve, 20));
  return performance.now();
}"""
SCROLLED = """async () => {
  const steps = document.documentElement.scrollHeight / innerHeight;
  for (let step = 0; step <= steps; step++) {
    scrollTo(0, step * innerHeight);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}"""


def main() -> None:
    """Fill a phone, open the list again and again, and print the lines."""
    with (
        tempfile.TemporaryDirectory(prefix="zollstock-queue-") as folder,
        sync_playwright() as playwright,
        demo() as (server, link),
    ):
        phone = Phone(playwright, Path(folder), server.url)
        phone.sign_in(link)
        page = phone.install("/unsent")
        page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
        page.goto("/unsent")
        server.stop()
        fill_phone(page)
        say(phone)
        phone.close()


def fill_phone(page: Page) -> None:
    """Photos of two days, a few words between them, and one problem in every fifty."""
    owner = str(page.locator("body").get_attribute("data-actor"))
    specs = [
        {"age_s": 60 + number * 300, "size": BYTES, "announced": number % 3 == 0}
        | ({"state": "needs-attention", "error": "receipt"} if number % 50 == 7 else {})
        | ({"kind": "note", "body": {"text": "Silikon erst am Donnerstag"}} if number % 20 == 3 else {})
        for number in reversed(range(ITEMS))
    ]
    fill(page, owner, specs)


def say(phone: Phone) -> None:
    opened, since_start, drawn = [], [], []
    for _ in range(OPENINGS):
        page = slowed(phone)
        page.goto("/unsent", wait_until="commit")
        duration, at = page.evaluate(OPENED)
        opened.append(float(duration))
        since_start.append(float(at))
        drawn.append(float(page.evaluate(DRAWN, ITEMS - FOLDED)))
        if len(opened) < OPENINGS:
            page.close()
    page.evaluate(SCROLLED)
    opened.sort()
    work = sorted(opening_work(phone) for _ in range(OPENINGS))
    details = [
        ("p95", f"{opened[math.ceil(0.95 * len(opened)) - 1]:.0f} ms"),
        ("slowest", f"{opened[-1]:.0f} ms"),
        ("from the start of the navigation, median", f"{statistics.median(since_start):.0f} ms"),
        ("all rows there, median", f"{statistics.median(drawn):.0f} ms"),
        (
            "the page's own thread works until the list stands there, not slowed, median",
            f"{statistics.median(work):.0f} ms",
        ),
        ("heap of the page, all rows seen", f"{heap_bytes(page) / 1e6:.0f} MB"),
    ]
    line = {
        "name": f"{ITEMS} items on the phone: list opens, median",
        "value": round(statistics.median(opened)),
        "unit": "ms",
        "goal": 200,
        "note": f"Chromium, CPU {SLOWDOWN} × slower, offline. {OPENINGS} openings, each in a new tab; from the list's waking until a frame shows its first screen of rows.",
        "details": details,
    }
    print(json.dumps(line), flush=True)


def opening_work(phone: Phone) -> float:
    """Return the milliseconds of processor time of the page's thread, from the navigation until the list stands there."""
    page = phone.open("about:blank")
    with watched(page) as thread:
        page.goto("/unsent", wait_until="commit")
        page.evaluate(OPENED)
        spent = busy_ms(thread)
    page.close()
    return spent


def heap_bytes(page: Page) -> float:
    cdp = page.context.new_cdp_session(page)
    cdp.send("HeapProfiler.collectGarbage")
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"])


if __name__ == "__main__":
    main()
