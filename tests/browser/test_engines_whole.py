"""A page whose program did not come whole, in three engines; Chromium's own, finer ones are in test_whole.py."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.browser.offline_server import Office
from tests.browser.phones import Phone, engine_params, phone_of
from tests.browser.phones.seeing import wait, wait_text
from tests.browser.test_whole import DEEP, HALF

MANY = 1_000
RUNS = "() => Boolean(document.querySelector('storage-banner'))"


@pytest.fixture(scope="module", params=engine_params())
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A running phone for all tests of one engine; the office of each test is a new origin to it."""
    held = phone_of(request.param, tmp_path_factory.mktemp(request.param))
    held.start()
    yield held
    held.close()


@pytest.mark.parametrize("file", [DEEP, "js/main.js"])
def test_a_module_that_did_not_come_once_is_fetched_by_a_second_load(
    browser: Phone, office: Office, file: str
) -> None:
    office.world.lacking[file] = 1
    browser.open(f"{office.url}/jobs")
    wait(browser, RUNS, bool)
    # Firefox may ask again by itself, when the preload had failed before the program wanted the module.
    assert office.world.opened.count("/jobs") <= 2


def test_one_that_failed_before_whole_js_came_is_fetched_as_well(browser: Phone, office: Office) -> None:
    """Firefox tells of it at once, and whoever is not there yet hears nothing."""
    world = office.world
    world.lacking["js/main.js"] = 1
    world.held["js/whole.js"] = gate = threading.Event()

    def release() -> None:
        while world.lacking["js/main.js"]:
            time.sleep(0.02)
        gate.set()

    threading.Thread(target=release, daemon=True).start()
    browser.open(f"{office.url}/jobs")
    wait(browser, RUNS, bool)


def test_a_module_that_never_comes_is_said(browser: Phone, office: Office) -> None:
    """As long as it cannot be had a second load is no help; once it can, a tap is enough."""
    office.world.lacking[DEEP] = MANY
    browser.open(f"{office.url}/jobs")
    assert "Neu laden" in wait_text(browser, "main .banner", HALF)
    assert office.world.opened.count("/jobs") == 1
    office.world.lacking.clear()
    browser.click("main .banner a")
    wait(browser, RUNS, bool)
