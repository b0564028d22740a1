"""A page whose program did not come whole: it loads itself anew once, and says so where that was not enough."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route

from tests.browser.offline_server import JOB, Office
from tests.browser.phone import Phone as Chromium
from tests.browser.phone import take_away, wait_kept
from tests.browser.phones import Phone, engine_params, phone_of
from tests.browser.phones.seeing import wait, wait_text

MANY = 1_000
DEEP = "js/offline/have.js"  # imported by what main.js imports
HALF = "Diese Seite ist nicht vollständig geladen."
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
    assert office.world.opened.count("/jobs") == 2


def test_a_module_that_never_comes_is_said(browser: Phone, office: Office) -> None:
    """As long as it cannot be had a second load is no help; once it can, a tap is enough."""
    office.world.lacking[DEEP] = MANY
    browser.open(f"{office.url}/jobs")
    assert "Neu laden" in wait_text(browser, "main .banner", HALF)
    assert office.world.opened.count("/jobs") == 1
    office.world.lacking.clear()
    browser.click("main .banner a")
    wait(browser, RUNS, bool)


def test_a_module_nobody_can_run_is_not_tried_for_ever(phone: Chromium, office: Office) -> None:
    page = phone.open("about:blank")
    page.route(f"**/{DEEP}", lambda route: route.fulfill(content_type="text/html", body="<h1>WLAN</h1>"))
    page.goto(f"{office.url}/jobs")
    page.get_by_text(HALF).wait_for()
    page.wait_for_load_state("load")
    assert office.world.opened.count("/jobs") == 2


def test_without_network_the_page_that_was_kept_says_it(phone: Chromium, office: Office) -> None:
    """A module lies nowhere on the phone: what can be read stays."""
    page = phone.install("/jobs")
    page.goto("/jobs")
    wait_kept(page, "/jobs")
    take_away(page, DEEP)
    with office.away():
        page.goto("/jobs")
        page.get_by_text(HALF).wait_for()
        page.get_by_role("heading", name="Seite /jobs").wait_for()


def test_the_shell_says_that_it_is_not_whole(phone: Chromium, office: Office) -> None:
    """An address nobody kept, offline, and a module lies nowhere."""
    page = phone.install("/")
    take_away(page, DEEP)
    with office.away():
        page.goto("/befores")
        page.get_by_text(HALF).wait_for()


def test_what_was_typed_before_is_not_lost(phone: Chromium, office: Office) -> None:
    """On a slow line people write into a form long before the program is there, or not."""
    office.world.held[DEEP] = gate = threading.Event()
    office.world.lacking[DEEP] = 1
    page = phone.open("about:blank")
    page.goto(f"{office.url}/jobs/{JOB}", wait_until="commit")
    page.get_by_label("Notiz").fill("Fliesen fehlen")
    gate.set()
    page.get_by_text(HALF).wait_for()
    assert page.get_by_label("Notiz").input_value() == "Fliesen fehlen"
    assert office.world.opened.count(f"/jobs/{JOB}") == 1


def test_the_answer_to_a_form_is_not_asked_for_again(phone: Chromium, office: Office) -> None:
    """A second load would send the form a second time."""
    page = phone.open("about:blank")
    page.route("**/jobs", lambda route: posted(route))
    office.world.lacking[DEEP] = 1
    page.goto(f"{office.url}/jobs")
    page.get_by_text(HALF).wait_for()
    assert office.world.opened.count("/jobs") == 1


def posted(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(
        response=answer, body=answer.text().replace('whole.js" defer', 'whole.js" defer data-posted="yes"')
    )


def test_an_element_that_did_not_come_is_fetched_by_a_second_load(phone: Chromium, office: Office) -> None:
    """The program runs and lacks a part: the camera without its shutter."""
    page = phone.open("about:blank")
    office.world.lacking["js/elements/photo-capture.js"] = 1
    page.goto(f"{office.url}/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    assert office.world.opened.count("/capture") == 2
