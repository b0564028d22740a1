"""Five hundred unsent things on the phone, four times slower than this machine: how soon the list stands there.

Chromium, the real server's page kept by the service worker, the server stopped: as in a cellar. The clock runs from
the start of the navigation until the screen is full of rows and a frame has been drawn with them; the rest of the
rows follows bit by bit. Memory is what the page's own heap holds after all rows are drawn and the list was scrolled
to its end.
"""

import json
import math
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.demo import demo
from bench.phone import SLOWDOWN, slowed
from tests.browser.phone import Phone
from tests.browser.unsent import fill

ITEMS = 500
OPENINGS = 9
BYTES = 40_000

# Counted at the next frame, so the rows are on the screen, not only in the document.
OPENED = """async () => {
  const full = () => [...document.querySelectorAll('.unsent-row')].filter((row) => row.getBoundingClientRect().top < innerHeight).length;
  while (!full() || document.querySelector('.unsent-list').lastElementChild.getBoundingClientRect().bottom < innerHeight) {
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now();
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
        page = phone.open(link)
        page.locator("main form button").click()
        page.get_by_text("Bad Müller").first.wait_for()
        page = phone.install("/unsent")
        page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
        page.goto("/unsent")
        server.stop()
        job = page.evaluate("() => null")
        fill_phone(page, job)
        say(phone)
        phone.close()


def fill_phone(page: Page, job: str | None) -> None:
    """Photos of two days, a few words between them, and one problem in every fifty."""
    owner = str(page.locator("body").get_attribute("data-actor"))
    specs = [
        {"age_s": 60 + number * 300, "size": BYTES, "job": job, "announced": number % 3 == 0}
        | ({"state": "needs-attention", "error": "receipt"} if number % 50 == 7 else {})
        | ({"kind": "note", "body": {"text": "Silikon erst am Donnerstag"}} if number % 20 == 3 else {})
        for number in reversed(range(ITEMS))
    ]
    fill(page, owner, specs)


def say(phone: Phone) -> None:
    opened, drawn = [], []
    for _ in range(OPENINGS):
        page = slowed(phone)
        page.goto("/unsent", wait_until="commit")
        opened.append(float(page.evaluate(OPENED)))
        drawn.append(float(page.evaluate(DRAWN, ITEMS - 5)))
        if len(opened) < OPENINGS:
            page.close()
    page.evaluate(SCROLLED)
    opened.sort()
    details = [
        ("median", f"{statistics.median(opened):.0f} ms"),
        ("slowest", f"{opened[-1]:.0f} ms"),
        ("all rows drawn, median", f"{statistics.median(drawn):.0f} ms"),
        ("heap of the page, all seen", f"{heap_bytes(page) / 1e6:.0f} MB"),
    ]
    line = {
        "name": f"{ITEMS} items: list opens, p95",
        "value": round(opened[math.ceil(0.95 * len(opened)) - 1]),
        "unit": "ms",
        "goal": 200,
        "note": f"Chromium, CPU {SLOWDOWN} × slower, offline. {OPENINGS} openings from a kept page; from the start of the navigation until a screen of rows is drawn.",
        "details": details,
    }
    print(json.dumps(line), flush=True)


def heap_bytes(page: Page) -> float:
    cdp = page.context.new_cdp_session(page)
    cdp.send("HeapProfiler.collectGarbage")
    return float(cdp.send("Runtime.getHeapUsage")["usedSize"])


if __name__ == "__main__":
    main()
