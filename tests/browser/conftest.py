"""A phone in Chromium beside a stand-in for the server, for every test that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.browser.offline_server import Office
from tests.browser.phone import ARGS, PATIENCE_S, Phone
from tests.browser.windows import Windows
from tests.ports import free_port
from tests.proofs import server as servers
from tests.proofs.server import Server

HERE = Path(__file__).parent

# Of itself it gives up after five seconds, everything else of Playwright after thirty.
expect.set_options(timeout=1000 * PATIENCE_S)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests may be run once more: those of a real browser, and only where a run allows any (Makefile)."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # Not for the whole session: its loop would be in the way of the asynchronous tests.
    with sync_playwright() as running:
        yield running


@pytest.fixture
def office() -> Iterator[Office]:
    standing = Office(free_port())
    standing.start()
    yield standing
    standing.stop()


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Windows]:
    """One running browser for all phones of a module that nobody switches off."""
    windows = Windows(playwright, ARGS)
    yield windows
    windows.close()


@pytest.fixture
def phone(playwright: Playwright, chromium: Windows, tmp_path: Path, office: Office) -> Iterator[Phone]:
    """A phone of the stand-in's firm; any script error or CSP violation on it fails the test."""
    held = Phone(playwright, tmp_path / "profile", office.url, browser=chromium)
    yield held
    held.close()
    assert held.troubles == []


@pytest.fixture
def lasting_phone(playwright: Playwright, tmp_path: Path, office: Office) -> Iterator[Phone]:
    """The same with a browser and a profile of its own: it may be switched off and lose its power."""
    held = Phone(playwright, tmp_path / "profile", office.url)
    yield held
    held.close()
    assert held.troubles == []


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Server]:
    """The demo company on the real server."""
    server = servers.demo(tmp_path / "data")
    server.start()
    yield server
    server.kill()
