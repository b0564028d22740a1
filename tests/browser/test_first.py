"""What comes first on the phone: the first screen of a long list, and the photo in hand before all sending.

What is counted here are rows, reads and whose thread works; how long it takes is for the benchmarks to say.
"""

import shutil
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.offline_server import JOB, USERS, Office
from tests.browser.phone import Phone, all_stored, shoot, wait_rows
from tests.browser.unsent import fill

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

# Notes which stores are read, and takes a picture of that at the moment the list counts as open.
WATCHED = """(() => {
  const { transaction } = IDBDatabase.prototype, { measure } = Performance.prototype, { toBlob } = HTMLCanvasElement.prototype;
  globalThis.reads = [];
  globalThis.encoded = 0;
  IDBDatabase.prototype.transaction = function (stores, mode = 'readonly', ...rest) {
    reads.push({ stores: [stores].flat(), mode, durability: rest[0]?.durability ?? null });
    return transaction.call(this, stores, mode, ...rest);
  };
  Performance.prototype.measure = function (name, ...rest) {
    if (name === 'unsent-opened') globalThis.opened = { rows: document.querySelectorAll('.unsent-row').length, reads: [...reads], at: performance.now() };
    return measure.call(this, name, ...rest);
  };
  globalThis.Worker = class extends Worker {
    constructor(...how) {
      super(...how);
      this.addEventListener('message', ({ data }) => { globalThis.beside ||= data.ready; });
    }
  };
  HTMLCanvasElement.prototype.toBlob = function (...how) {
    encoded += 1;
    return toBlob.apply(this, how);
  };
})()"""
ALL_OF_IT = ["meta", "items", "bytes", "readmodel"]
PATIENCE_MS = 3000
NO_WORKER = "delete globalThis.OffscreenCanvas"


def test_a_long_list_opens_with_its_first_screen_and_one_read(phone: Phone, office: Office) -> None:
    """Six rows of sixty, no picture among what was read, nothing else asked the disk; then all rows, in order."""
    page = phone.install("/unsent")
    page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
    with office.away():
        problems: list[dict[str, Any]] = [{"state": "needs-attention", "error": "receipt"}] * 2
        made = fill(page, USERS["ali"], [*problems, *({"age_s": 60} for _ in range(58))])
        page.close()
        page = phone.open("about:blank")
        page.add_init_script(WATCHED)
        page.goto("/unsent")
        page.locator(".unsent-row").nth(59).wait_for(state="attached")
        opened = page.evaluate("globalThis.opened")
        assert opened["rows"] == 6
        held = [read["stores"] for read in opened["reads"] if {"items", "bytes"} & set(read["stores"])]
        assert held.count(ALL_OF_IT) == 1
        assert not any("thumbs" in read for read in held)
        # Counting and sending wait for the list, but not for ever.
        assert held == [ALL_OF_IT] or opened["at"] > PATIENCE_MS
        ids = page.evaluate("[...document.querySelectorAll('.unsent-row')].map((row) => row.dataset.id)")
        assert ids == [row["id"] for row in made]
        page.locator("state-line", has_text="60 noch auf dem Handy").wait_for()
        page.locator(".unsent-picture > img").first.wait_for()


def taking(phone: Phone, *scripts: str) -> Page:
    phone.install("/capture").close()
    page = phone.open("about:blank")
    for script in scripts:
        page.add_init_script(script)
    page.goto(f"/capture?job={JOB}")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    return page


def test_photos_are_drawn_beside_the_page_and_kept_strictly(phone: Phone) -> None:
    """The page itself compresses nothing; bytes go to the disk with strict durability and are read back each time."""
    page = taking(phone, WATCHED)
    page.wait_for_function("() => globalThis.beside")
    page.evaluate("() => { encoded = 0; reads.length = 0; }")
    shoot(page, 3)
    assert page.evaluate("encoded") == 0
    reads = page.evaluate("reads")
    written = [read for read in reads if "bytes" in read["stores"] and read["mode"] == "readwrite"]
    assert [read["durability"] for read in written] == ["strict"] * 3
    assert sum(read["stores"] == ["bytes"] and read["mode"] == "readonly" for read in reads) >= 3
    found = wait_rows(page, lambda rows: len(rows) == 3 and all_stored(rows))
    assert all(row["held"] == row["sha256"] for row in found)
    expect(page.locator(".capture-strip img")).to_have_count(3)


def test_without_such_a_worker_the_page_draws_itself(phone: Phone) -> None:
    page = taking(phone, WATCHED, NO_WORKER)
    shoot(page, 2)
    assert page.evaluate("encoded") >= 2
    found = wait_rows(page, lambda rows: len(rows) == 2)
    assert all(row["held"] == row["sha256"] for row in found)
