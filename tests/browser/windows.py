"""One running Chromium for the windows of many tests, and a way out of one that no longer answers."""

import shutil
from contextlib import suppress
from threading import Timer
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, Error, Playwright

# Closing a window takes a tenth of a second; once Chromium was seen not to answer for ten minutes.
END_S = 30.0


class Windows:
    """Opens windows that share a browser and nothing else; a browser that died is begun again."""

    def __init__(self, playwright: Playwright, args: list[str]) -> None:
        self._playwright = playwright
        self._args = args
        self._browser: Browser | None = None

    def new_context(self, **shape: Any) -> BrowserContext:
        """Return a window of its own; `shape` as Playwright's."""
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=self._args
            )
        return self._browser.new_context(**shape)

    def close(self) -> None:
        if self._browser is not None:
            let_go(self._browser)


def let_go(what: Browser | BrowserContext) -> None:
    """Close it; a browser that does not say in time that it did loses its power instead."""
    patience = Timer(END_S, _end_all)
    patience.start()
    try:
        with suppress(Error):
            what.close()
    finally:
        patience.cancel()


def _end_all() -> None:
    """SIGKILL every Chromium that this process began; other workers' live on."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "chrom" in process.name():
                process.kill()
