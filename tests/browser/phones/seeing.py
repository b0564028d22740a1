"""What a test looks at on any phone, and how it waits for it."""

import time
from collections.abc import Callable
from typing import Any

from tests.browser.engine import META
from tests.browser.phone import CONTROLLED, ROWS
from tests.browser.phones import Phone, ScriptError

PATIENCE_S = 30.0
Row = dict[str, Any]
HOME = ("stored", "linked", "purgeable")

STANDING = """async () => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve, reject) => { open.onsuccess = () => resolve(open.result); open.onerror = () => reject(open.error); });
  const asked = db.transaction('items').objectStore('items').getAll();
  const items = await new Promise((resolve, reject) => { asked.onsuccess = () => resolve(asked.result); asked.onerror = () => reject(asked.error); });
  db.close();
  return items.map(({ id, owner, kind, job, state, error, offset, sha256, made_ms }) => ({ id, owner, kind, job, state, error, offset, sha256, made_ms }));
}"""
TEXT = "(css) => [...document.querySelectorAll(css)].map((one) => one.innerText).join('\\n')"
SENDER = """async () => Boolean(await import(document.querySelector('script[src*="js/main.js"]').src.replace('js/main.js', 'js/offline/upload.js')))"""
ONLINE = "() => { dispatchEvent(new Event('online')); }"


def wait(
    phone: Phone, function: str, right: Callable[[Any], object], *given: object, timeout_s: float = PATIENCE_S
) -> Any:
    """Ask the page until the answer is right, and return it. Raises AssertionError with the last answer.

    A page may go away and come back meanwhile.
    """
    until = time.monotonic() + timeout_s
    found: Any = None
    while time.monotonic() < until:
        try:
            found = phone.evaluate(function, *given)
            if right(found):
                return found
        except ScriptError as error:
            found = error
        time.sleep(0.05)
    raise AssertionError(f"{phone.engine}: {found}")


def wait_text(phone: Phone, css: str, words: str, *, timeout_s: float = PATIENCE_S) -> str:
    """Wait until words stand in an element."""
    found: str = wait(phone, TEXT, lambda text: bool(text) and words in text, css, timeout_s=timeout_s)
    return found


def standing(phone: Phone) -> list[Row]:
    """Return the items on the phone, oldest first, without a look at their bytes."""
    found: list[Row] = _asked(phone, STANDING)
    return found


def wait_standing(
    phone: Phone, right: Callable[[list[Row]], bool], *, timeout_s: float = PATIENCE_S
) -> list[Row]:
    """Wait until the items are as they should be."""
    found: list[Row] = wait(phone, STANDING, right, timeout_s=timeout_s)
    return found


def with_hashes(phone: Phone) -> list[Row]:
    """Return the items with `held`, the SHA-256 of the bytes that lie there now, or None."""
    found: list[Row] = _asked(phone, ROWS)
    return found


def all_home(found: list[Row]) -> bool:
    return all(row["state"] in HOME for row in found)


def unsent(found: list[Row], owner: str | None = None) -> int:
    """How many the phone owes, of everybody or of one owner."""
    return sum(row["state"] not in HOME for row in found if owner in (None, row["owner"]))


def go(phone: Phone) -> None:
    """Wake the phone as a returning network does."""
    _asked(phone, ONLINE)


def _asked(phone: Phone, function: str) -> Any:
    """Return what the page answers; one that makes way meanwhile leaves the answer to the next."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return phone.evaluate(function)
        except ScriptError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


def install(phone: Phone, url: str) -> None:
    """Open a page and wait until the service worker answers for it and the phone knows whose it is."""
    phone.open(url)
    if not phone.evaluate(CONTROLLED):
        phone.open(url)
    wait(phone, META, lambda session: session and session["actor"], ["session"])


def settle(phone: Phone) -> None:
    """Wait until the page has all it may ever ask for; a line cut before leaves half a program."""
    wait(phone, "() => document.readyState === 'complete' && !document.querySelector(':not(:defined)')", bool)
    wait(phone, SENDER, bool)
