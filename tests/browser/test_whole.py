"""A page whose program did not come whole: it loads itself anew once, and says so where that was not enough."""

import threading

from playwright.sync_api import Route

from tests.browser.offline_server import JOB, Office
from tests.browser.phone import Phone, take_away, wait_kept

DEEP = "js/offline/have.js"  # imported by what main.js imports
HALF = "Diese Seite ist nicht vollständig geladen."


def test_a_module_nobody_can_run_is_not_tried_for_ever(phone: Phone, office: Office) -> None:
    page = phone.open("about:blank")
    page.route(f"**/{DEEP}", lambda route: route.fulfill(content_type="text/html", body="<h1>WLAN</h1>"))
    page.goto(f"{office.url}/jobs")
    page.get_by_text(HALF).wait_for()
    page.wait_for_load_state("load")
    assert office.world.opened.count("/jobs") == 2


def test_without_network_the_page_that_was_kept_says_it(phone: Phone, office: Office) -> None:
    """A module lies nowhere on the phone: what can be read stays."""
    page = phone.install("/jobs")
    page.goto("/jobs")
    wait_kept(page, "/jobs")
    take_away(page, DEEP)
    with office.away():
        page.goto("/jobs")
        page.get_by_text(HALF).wait_for()
        page.get_by_role("heading", name="Seite /jobs").wait_for()


def test_the_shell_says_that_it_is_not_whole(phone: Phone, office: Office) -> None:
    """An address nobody kept, offline, and a module lies nowhere."""
    page = phone.install("/")
    take_away(page, DEEP)
    with office.away():
        page.goto("/befores")
        page.get_by_text(HALF).wait_for()


def test_what_was_typed_before_is_not_lost(phone: Phone, office: Office) -> None:
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


def test_the_answer_to_a_form_is_not_asked_for_again(phone: Phone, office: Office) -> None:
    """A second load would send the form a second time."""
    page = phone.open("about:blank")
    page.route("**/jobs", lambda route: posted(route))
    office.world.lacking[DEEP] = 1
    page.goto(f"{office.url}/jobs")
    page.get_by_text(HALF).wait_for()
    assert office.world.opened.count("/jobs") == 1


def posted(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace('whole.js"', 'whole.js" data-posted="yes"'))


def test_an_element_that_did_not_come_is_fetched_by_a_second_load(phone: Phone, office: Office) -> None:
    """The program runs and lacks a part: the camera without its shutter."""
    page = phone.open("about:blank")
    office.world.lacking["js/elements/photo-capture.js"] = 1
    page.goto(f"{office.url}/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    assert office.world.opened.count("/capture") <= 2
