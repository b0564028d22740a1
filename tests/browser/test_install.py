"""The iPhone's way in: who is told to go to the home screen, and when not yet. Chromium under other names."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.engine import meta
from tests.browser.offline_server import Office
from tests.browser.phone import ARGS, from_gallery, pictures, wait_so

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
IPAD = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
INSTAGRAM = IPHONE.replace("Version/18.6 ", "").replace("Safari/604.1", "Instagram 397.0")
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
HINT = "iOS löscht nach 7 Tagen"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        yield opened
        opened.close()


def tab(browser: Browser, office: Office, agent: str, path: str, *, installed: bool = False) -> Page:
    """Return a page as this browser would show it; touch decides between an iPad and a Mac."""
    context = browser.new_context(user_agent=agent, has_touch=agent != IPAD or installed or None, base_url=office.url, viewport={"width": 390, "height": 844})  # fmt: skip
    if installed:
        context.add_init_script("Object.defineProperty(navigator, 'standalone', { value: true })")
    page = context.new_page()
    page.goto(path)
    page.locator("state-line").get_by_text("Alles im Büro").wait_for()
    return page


@pytest.mark.parametrize("agent", [IPHONE, INSTAGRAM])
@pytest.mark.parametrize("path", ["/", "/jobs", "/unsent", "/sort"])
def test_every_page_of_an_iphone_browser_warns(
    browser: Browser, office: Office, agent: str, path: str
) -> None:
    page = tab(browser, office, agent, path)
    expect(page.locator("install-hint")).to_contain_text(HINT)
    page.context.close()


@pytest.mark.parametrize(("agent", "installed"), [(IPHONE, True), (PIXEL, False), (IPAD, False)])
def test_nobody_else_is_warned(browser: Browser, office: Office, agent: str, installed: bool) -> None:
    page = tab(browser, office, agent, "/", installed=installed)
    # It lives on every page and is woken together with the hint, where there is one.
    page.locator("storage-banner:defined").wait_for(state="attached")
    expect(page.locator("install-hint:not(:defined)")).to_have_count(0)
    page.wait_for_timeout(100)
    assert page.get_by_text(HINT).count() == 0
    page.context.close()


def test_an_ipad_is_known_by_its_fingers(browser: Browser, office: Office) -> None:
    page = tab(browser, office, PIXEL, "/")
    url = office.assets.url("js/lib/installed.js")
    asked = [[IPHONE, 5], [IPAD, 5], [IPAD, 0], [PIXEL, 5]]
    told = page.evaluate(f"async (all) => {{ const m = await import('{url}'); return all.map((one) => m.onIos(...one)); }}", asked)  # fmt: skip
    assert told == [True, True, False, False]
    page.context.close()


def test_an_ipad_that_calls_itself_a_mac_gets_the_ipads_guide(browser: Browser, office: Office) -> None:
    """Only its fingers tell; the server was told of a Mac and showed another browser's steps."""
    for agent, on in [(IPAD, "safari"), (IPAD.replace("Version/18.6", "CriOS/142.0"), "ios_browser")]:
        page = tab(browser, office, agent, "/")
        page.add_init_script("Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 })")
        page.goto("/install")
        page.wait_for_url(f"**/install?on={on}")
        page.context.close()


def test_who_still_holds_photos_sends_first(browser: Browser, office: Office) -> None:
    """The app on the home screen would not see them."""
    page = tab(browser, office, IPHONE, "/unsent")
    page.goto("/capture")
    with office.away():
        from_gallery(page, pictures(2, 4_000))
        # By itself it comes back in an hour, once a page has lived to note that.
        office.world.answers = [(429, {"Retry-After": "3600"})] * 99
    page.goto("/install")
    wait_so(page, lambda: (meta(page, "hold") or {}).get("reason") == "busy")
    office.world.answers.clear()
    page.get_by_text("Erst senden: 2 Einträge liegen noch in diesem Browser.").wait_for()
    page.get_by_role("button", name="Jetzt senden").click()
    page.get_by_text("Erst senden").wait_for(state="detached")
    page.context.close()


def test_an_installed_start_has_nothing_to_do(browser: Browser, office: Office) -> None:
    page = tab(browser, office, IPHONE, "/", installed=True)
    page.goto("/install")
    page.get_by_text("Zollstock läuft schon vom Startbildschirm").wait_for()
    page.context.close()
