"""Chromium from the system's packages, by Playwright."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Dialog, Error, Page, Playwright, sync_playwright

from tests.browser.phone import ARGS
from tests.browser.phone import Phone as Driven
from tests.browser.phones import ScriptError


def missing() -> str | None:
    return None if shutil.which("chromium") else "needs chromium from the system's packages"


class ChromiumPhone:
    """The phone of tests/browser/phone.py behind the Protocol. `private`: a window in memory only."""

    engine = "chromium"

    def __init__(self, profile: Path, *, private: bool = False) -> None:
        self.profile = profile
        self._private = private
        self._playwright: Playwright | None = None
        self._driven: Driven | None = None
        self._tabs: list[Page] = []
        self._place = 0

    @property
    def page(self) -> Page:
        """The tab in front, for what only Chromium can do."""
        return self._tabs[self._place]

    def start(self) -> None:
        # The driver is no part of the phone: it outlives a dead battery.
        self._playwright = self._playwright or sync_playwright().start()
        self._driven = Driven(self._playwright, self.profile, "")
        if self._private:
            browser = self._playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
            self._driven.context = browser.new_context(viewport={"width": 360, "height": 740}, locale="de-DE")
        self._tabs, self._place = [self._heard(self._driven.open("about:blank"))], 0

    def open(self, url: str) -> None:
        with suppress(Error):
            self.page.goto(url)

    def tab(self, url: str) -> None:
        assert self._driven is not None and self._driven.context is not None
        self._tabs.append(self._heard(self._driven.context.new_page()))
        self._place = len(self._tabs) - 1
        self.open(url)

    def front(self, place: int) -> None:
        self._place = place
        self.page.bring_to_front()

    def close_tab(self) -> None:
        self._tabs.pop(self._place).close()
        self.front(0)

    def back(self) -> None:
        self.page.go_back()

    def evaluate(self, function: str, *given: object) -> Any:
        try:
            return self.page.evaluate(f"(given) => ({function})(...given)", list(given))
        except Error as error:
            raise ScriptError(str(error)) from error

    def click(self, place: str) -> None:
        self.page.locator(place).first.click()

    def fill(self, place: str, text: str) -> None:
        self.page.locator(place).fill(text)

    def give(self, place: str, files: Sequence[Path]) -> None:
        self.page.locator(place).set_input_files(list(files))

    def offline(self, on: bool) -> None:
        self.page.context.set_offline(on)

    def picture(self, to: Path) -> None:
        self.page.screenshot(path=to)

    def kill(self) -> None:
        assert self._driven is not None
        self._driven.kill()
        self._driven, self._tabs = None, []

    def close(self) -> None:
        if self._driven is not None:
            self._driven.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._playwright, self._driven, self._tabs = None, None, []

    def _heard(self, page: Page) -> Page:
        def yes(dialog: Dialog) -> None:
            dialog.accept()

        page.on("dialog", yes)
        return page
