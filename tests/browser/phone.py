"""A worker's phone for browser tests: Chromium with a lasting profile, a fake camera and a hard off switch.

Works against any server; only what is done on the phone stands here.
"""

import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, Error, Page, Playwright

from tests.browser.windows import Windows, let_go
from tests.processes import power_off, with_children

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
# Only a machine without a free core needs more than a few seconds.
PATIENCE_S = 30.0
# What Playwright says of a script whose page is gone.
GONE = ("context was destroyed", "because of a navigation", "Cannot find context")
LOCKS = ("SingletonLock", "SingletonCookie", "SingletonSocket")

ROWS = """async () => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve, reject) => { open.onsuccess = () => resolve(open.result); open.onerror = () => reject(open.error); });
  const tx = db.transaction(['items', 'bytes']);
  const all = (store, what) => new Promise((resolve) => { const q = tx.objectStore(store)[what](); q.onsuccess = () => resolve(q.result); });
  const [items, ids, bytes] = [await all('items', 'getAll'), await all('bytes', 'getAllKeys'), await all('bytes', 'getAll')];
  db.close();
  const hex = async (b) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', b))].map((x) => x.toString(16).padStart(2, '0')).join('');
  const held = new Map(await Promise.all(ids.map(async (id, i) => [id, await hex(bytes[i])])));
  return items.map((item) => ({ ...item, held: held.get(item.id) ?? null }));
}"""

# The same without a look at the bytes: hashing all of them ten times a second would keep the phone busy.
STATES = """async () => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve, reject) => { open.onsuccess = () => resolve(open.result); open.onerror = () => reject(open.error); });
  const items = await new Promise((resolve) => { const q = db.transaction('items').objectStore('items').getAll(); q.onsuccess = () => resolve(q.result); });
  db.close();
  return items;
}"""

MODELS = """async () => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
  const q = db.transaction('readmodel').objectStore('readmodel').count();
  const count = await new Promise((resolve) => { q.onsuccess = () => resolve(q.result); });
  db.close();
  return count;
}"""

TAKE_AWAY = """async (file) => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const { url } of await cache.keys()) if (url.endsWith(file)) await cache.delete(url);
  }
}"""

# Not wait_for_function: it evaluates strings in the page, which the CSP forbids. A page that was on its way while the
# worker took over is nobody's: Chromium gives it no worker before it is loaded anew.
CONTROLLED = """() => Promise.race([
  new Promise((_, reject) => setTimeout(() => reject(new Error('no worker is installed')), 60000)),
  navigator.serviceWorker.ready.then(async ({ active }) => {
    while (active.state !== 'activated') await new Promise((again) => setTimeout(again, 20));
    return Boolean(navigator.serviceWorker.controller);
  })])"""

# In the cellar a phone that has not kept who uses it asks for a sign-in.
SIGNED_IN = """async () => {
  const main = document.querySelector('script[src*="js/main.js"]').src;
  const { currentSession } = await import(main.replace('js/main.js', 'js/offline/session.js'));
  return Boolean((await currentSession())?.actor);
}"""


class Phone:
    """One profile folder is one phone; `open` may be called again after `kill` or `close`.

    With a `browser` it is a window of that one, which forgets everything at its end and begins three times as fast.
    """

    def __init__(
        self, playwright: Playwright, profile: Path, base_url: str, *, browser: Windows | None = None
    ) -> None:
        self._playwright = playwright
        self._browser = browser
        self.profile = profile
        self.base_url = base_url
        self.context: BrowserContext | None = None
        self.troubles: list[str] = []

    def open(self, path: str = "/", *, dark: bool = False) -> Page:
        """Start the browser if it is off, and open a page in a new tab."""
        if self.context is None:
            shape: dict[str, Any] = {
                "base_url": self.base_url,
                "viewport": {"width": 360, "height": 740},
                "device_scale_factor": 2,
                "has_touch": True,
                "is_mobile": True,
                "locale": "de-DE",
                "color_scheme": "dark" if dark else "light",
            }
            self.context = (
                self._browser.new_context(**shape)
                if self._browser
                else self._playwright.chromium.launch_persistent_context(
                    self.profile, executable_path=shutil.which("chromium"), args=ARGS, **shape
                )
            )
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda said: self.troubles.append(said.text) if "Content Security" in said.text else None,
        )
        page.goto(path)
        return page

    def sign_in(self, link: str) -> Page:
        """Open a one-time link and take it; returns the page it leads to."""
        page = self.open(link)
        page.locator("main form button").click()
        page.wait_for_url(lambda url: "/link/" not in url)
        return page

    def install(self, path: str = "/") -> Page:
        """Open a page and wait until the service worker answers for it and the phone knows whose it is."""
        page = self.open(path)
        controlled(page)
        wait_so(page, lambda: ask(page, SIGNED_IN))
        return page

    def close(self) -> None:
        if self.context is not None:
            let_go(self.context)
            self.context = None

    def kill(self) -> None:
        """Take the battery out: SIGKILL to every process of this phone, and only of this one."""
        assert self._browser is None, "a window without a profile does not come back: take `lasting_phone`"
        named = (
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if any(str(self.profile) in word for word in process.info["cmdline"] or [])
        )
        power_off({process for pid in named for process in with_children(pid)})
        with suppress(Error):
            self.close()
        self.context = None
        for name in LOCKS:
            (self.profile / name).unlink(missing_ok=True)


def controlled(page: Page) -> None:
    """Wait until the service worker answers for a page."""
    if not page.evaluate(CONTROLLED):
        page.reload()


def ask(page: Page, function: str, given: Any = None) -> Any:
    """Return what a function answers that only looks: where its page makes way for the next, that one is asked.

    The shell does so for the real page once the network is back, a form that was kept for its job, a wiped phone for
    the sign-in page.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return page.evaluate(function, given)
        except Error as error:
            if time.monotonic() > until or not any(word in str(error) for word in GONE):
                raise
        page.wait_for_load_state("domcontentloaded")


def painted(page: Page) -> None:
    """Wait until a page hears keys: Chromium drops what is pressed before it has shown anything of it."""
    page.evaluate(
        "() => new Promise((done) => new PerformanceObserver(done).observe({ type: 'paint', buffered: true }))"
    )


def wait_so(page: Page, wanted: Callable[[], Any]) -> Any:
    """Return what `wanted` answers as soon as it is something, while the page goes on.

    Raises AssertionError with its last answer.
    """
    until = time.monotonic() + PATIENCE_S
    while not (found := wanted()):
        assert time.monotonic() < until, found
        page.wait_for_timeout(50)
    return found


def rows(page: Page) -> list[dict[str, Any]]:
    """Return every item on the phone; `held` is the SHA-256 of the bytes that lie there, or None."""
    found: list[dict[str, Any]] = ask(page, ROWS)
    return found


def wait_rows(
    page: Page, wanted: Callable[[list[dict[str, Any]]], bool], *, timeout_s: float = PATIENCE_S
) -> list[dict[str, Any]]:
    """Return the rows as soon as they are as wanted, which `held` has no part in.

    Raises AssertionError with what stands there instead.
    """
    found: list[dict[str, Any]] = []
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        # The shell makes way for the real page once the network is back.
        with suppress(Error):
            found = page.evaluate(STATES)
            if wanted(found) and wanted(found := rows(page)):
                return found
        page.wait_for_timeout(50)
    raise AssertionError([(row["kind"], row["state"], row["error"], row["offset"]) for row in found])


def wait_model(page: Page) -> None:
    """Wait until the phone keeps what the office told."""
    wait_so(page, lambda: ask(page, MODELS))


def wait_kept(page: Page, path: str) -> None:
    """Wait until the phone keeps the page of an address, or its picture."""
    wait_so(page, lambda: ask(page, "async (path) => Boolean(await caches.match(path))", path))


def take_away(page: Page, file: str) -> None:
    """Take a static file out of every cache of the phone; the HTTP cache may hold what the page itself had loaded."""
    ask(page, TAKE_AWAY, file)
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")


def shoot(page: Page, count: int) -> None:
    """Press the shutter and wait for the tick each time."""
    safe = page.locator(".capture-safe")
    for number in range(1, count + 1):
        page.locator(".capture-shutter:not([disabled])").click()
        safe.get_by_text(f"✓ {number} auf dem Handy gesichert").wait_for()


def pictures(number: int, size: int) -> list[dict[str, object]]:
    """Return files that are all different. They need not be readable: the phone keeps what it cannot draw."""
    made = random.Random(number)
    return [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + made.randbytes(size)}
        for n in range(number)
    ]


def from_gallery(page: Page, files: list[dict[str, object]]) -> None:
    """Choose files on the capture page and wait for the tick."""
    page.locator("input[type=file][multiple]").set_input_files(files)  # type: ignore[arg-type]
    page.locator(".capture-safe").get_by_text(f"✓ {len(files)} auf").wait_for()


def go(page: Page) -> None:
    """Wake the phone as a returning network does."""
    ask(page, "() => { dispatchEvent(new Event('online')); }")


def go_until(page: Page, wanted: Callable[[], Any]) -> None:
    """Wake the phone as a network does that comes and goes, until it is as wanted.

    Once may be too early: a call that was under way before counts for the one that was asked for.
    """

    def so() -> Any:
        found = wanted()
        if not found:
            go(page)
        return found

    wait_so(page, so)


def all_stored(found: list[dict[str, Any]]) -> bool:
    """Whether the office has everything."""
    return all(row["state"] in ("stored", "linked") for row in found)
