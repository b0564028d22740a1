"""The worker's phone in three engines, as real browsers with lasting profiles, behind one Protocol.

Chromium by Playwright, Firefox by its own Marionette, WebKit by WebKitWebDriver: each from the system's packages.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest


class NotHere(Exception):
    """This engine has no real way to do that; the message says what is missing."""


class Phone(Protocol):
    """One profile folder is one phone: after `kill` or `close`, `start` gives back what had been kept.

    A place is a CSS selector, or an XPath that begins with "//".
    """

    engine: str
    profile: Path

    def start(self) -> None:
        """Start the browser with one empty tab."""

    def open(self, url: str) -> None:
        """Go to a page in the tab in front. A page that cannot be loaded is no error here."""

    def tab(self, url: str) -> None:
        """Open a page in a new tab, which comes to the front."""

    def front(self, place: int) -> None:
        """Bring a tab to the front, counted from 0 in the order of opening."""

    def close_tab(self) -> None:
        """Close the tab in front; the first comes to the front."""

    def back(self) -> None:
        """Press the browser's back button."""

    def evaluate(self, function: str, *given: object) -> Any:
        """Call a JavaScript function (also an async one) in the page and return its answer as JSON.

        Raises ScriptError for what it threw, and when the page went away meanwhile.
        """

    def click(self, place: str) -> None:
        """Tap, as a finger would; questions of `confirm` are answered with yes."""

    def fill(self, place: str, text: str) -> None:
        """Type into an empty field."""

    def give(self, place: str, files: Sequence[Path]) -> None:
        """Choose files in an input."""

    def offline(self, on: bool) -> None:
        """Switch every connection off or on. Raises NotHere where the engine cannot."""

    def picture(self, to: Path) -> None:
        """Save what the screen shows as PNG."""

    def kill(self) -> None:
        """Take the battery out: SIGKILL to all processes of this phone and to no other."""

    def close(self) -> None:
        """End in order; nothing happens when it is off."""


class ScriptError(Exception):
    """What a page's function threw, or that its page is gone."""


ENGINES = ("chromium", "firefox", "webkit")


def engine_params(*names: str) -> list[Any]:
    """Return pytest parameters for engines, each with its marker and its words where it is missing."""
    return [pytest.param(name, marks=[pytest.mark.browser, *_marks(name)]) for name in names or ENGINES]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    missing = missing_of(name)
    skip = pytest.mark.skipif(missing is not None, reason=f"{name}: {missing}")
    return [skip] if name == "chromium" else [getattr(pytest.mark, name), skip]


def missing_of(name: str) -> str | None:
    """Say what the system lacks for an engine, or None."""
    from tests.browser.phones import chromium, firefox, webkit

    found: str | None = {"chromium": chromium, "firefox": firefox, "webkit": webkit}[name].missing()
    return found


def phone_of(name: str, profile: Path, **more: bool) -> Phone:
    """Return a phone that is off. `private=True`: a window that keeps nothing after its end."""
    from tests.browser.phones.chromium import ChromiumPhone
    from tests.browser.phones.firefox import FirefoxPhone
    from tests.browser.phones.webkit import WebKitPhone

    kinds: dict[str, type[ChromiumPhone] | type[FirefoxPhone] | type[WebKitPhone]] = {
        "chromium": ChromiumPhone,
        "firefox": FirefoxPhone,
        "webkit": WebKitPhone,
    }
    profile.mkdir(parents=True, exist_ok=True)
    return kinds[name](profile, **more)
