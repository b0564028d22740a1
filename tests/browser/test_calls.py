"""A call from the cellar: dialled, come back, noted in a few taps without network, and brought when there is one."""

import shutil
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.engine import meta
from tests.browser.offline_server import JOB, Office
from tests.browser.phone import Phone, all_stored, go, rows, wait_model, wait_rows, wait_so

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

CONTACT = {"id": "019aa000-0000-7000-8000-0000000000c1", "name": "Petra Müller", "phone": "+4915123456789"}
QUESTION = {
    "id": "019aa000-0000-7000-8000-0000000000d1",
    "text": "Welche Fuge?",
    "state": "sent",
    "choices": ["Weiß", "Grau & matt"],
    "answer": None,
}
# The browser here has no telephone: the number is tapped, nothing is dialled.
DIAL = "(link) => { addEventListener('click', (event) => event.preventDefault(), { once: true }); link.click(); }"


def known(office: Office) -> None:
    first, second = office.world.jobs()
    office.world.model["jobs"] = [{**first, "contact": CONTACT, "questions": [QUESTION]}, second]


def dial(page: Page) -> None:
    page.evaluate("() => customElements.whenDefined('call-way').then(() => true)")
    page.locator("a[href^='tel:']").evaluate(DIAL)


def test_a_call_is_noted_in_four_taps_without_network(lasting_phone: Phone, office: Office) -> None:
    """The offer outlives the page and the app; it is gone once the note is kept."""
    known(office)
    wait_model(lasting_phone.install("/"))
    lasting_phone.close()
    with office.away():
        page = lasting_phone.open(f"/jobs/{JOB}")
        dial(page)
        page.get_by_text("Mit Petra Müller telefoniert?").wait_for()
        lasting_phone.close()
        page = lasting_phone.open("/")
        page.locator(".after-call").get_by_role("link", name="nicht erreicht").click()
        page.get_by_role("heading", name="Telefonnotiz").wait_for()
        expect(page.get_by_label("nicht erreicht")).to_be_checked()
        page.get_by_label("in 3 Tagen").check(force=True)
        page.get_by_role("button", name="Telefonnotiz sichern").click()
        page.wait_for_url(f"**/jobs/{JOB}")
        page.locator("call-way").wait_for()
        assert page.locator(".after-call").count() == 0
        [kept] = rows(page)
    go(page)
    wait_rows(page, all_stored)
    day = datetime.fromisoformat(kept["captured_at"]).date() + timedelta(days=3)
    said: dict[str, Any] = office.world.items[kept["id"]]
    assert {name: said[name] for name in ("kind", "job", "outcome", "contact", "follow_up", "direction")} == {
        "kind": "call",
        "job": JOB,
        "outcome": "missed",
        "contact": CONTACT["id"],
        "follow_up": day.isoformat(),
        "direction": "out",
    }
    assert said["text"] == f"Nicht erreicht. Wieder anrufen am {day:%d.%m.%Y}."


def test_a_second_call_leaves_the_note_of_the_first_waiting(phone: Phone, office: Office) -> None:
    known(office)
    wait_model(phone.install("/"))
    with office.away():
        page = phone.open(f"/jobs/{JOB}")
        dial(page)
        page.get_by_text("Mit Petra Müller telefoniert?").wait_for()
        page.locator("call-way").evaluate(
            "(way) => { way.setAttribute('name', 'Herr Blitz'); way.removeAttribute('contact'); }"
        )
        dial(page)
        page.get_by_text("Mit Herr Blitz telefoniert?").wait_for()
        first = page.locator(".after-call", has_text="Petra Müller")
        first.get_by_role("link", name="Mailbox").click()
        page.get_by_role("button", name="Telefonnotiz sichern").click()
        page.wait_for_url(f"**/jobs/{JOB}")
        page.get_by_text("Mit Herr Blitz telefoniert?").wait_for()
        assert page.locator(".after-call").count() == 1


def test_an_answer_given_on_the_phone_and_an_offer_refused(phone: Phone, office: Office) -> None:
    known(office)
    wait_model(phone.install("/"))
    with office.away():
        page = phone.open(f"/calls/new?job={JOB}&question={QUESTION['id']}&outcome=reached")
        page.get_by_label("Grau & matt").check(force=True)
        page.get_by_label("Was wurde besprochen?").fill("Silikon auch")
        page.get_by_role("button", name="Telefonnotiz sichern").click()
        page.wait_for_url(f"**/jobs/{JOB}")
        [kept] = rows(page)
        body = kept["body"]
        assert (body["question"], body["choice"]) == (QUESTION["id"], "c2")
        assert body["text"] == "Erreicht. Antwort: Grau & matt. Silikon auch"
        dial(page)
        page.get_by_role("button", name="Keine Notiz").click()
        page.locator(".after-call").wait_for(state="detached")
        page.goto("/")
        page.locator("call-way").wait_for(state="attached")
        page.wait_for_timeout(300)
        assert page.locator(".after-call").count() == 0


def test_dialled_above_its_note_it_is_offered_elsewhere_only(phone: Phone, office: Office) -> None:
    """On the note's own page the form is there already; who leaves it without a note finds the offer."""
    known(office)
    wait_model(phone.install("/"))
    with office.away():
        page = phone.open(f"/calls/new?job={JOB}&question={QUESTION['id']}")
        dial(page)
        wait_so(page, lambda: meta(page, "called"))
        assert page.locator(".after-call").count() == 0
        page.goto("/")
        page.get_by_text("Mit Petra Müller telefoniert?").wait_for()
        note = page.locator(".after-call").get_by_role("link", name="ruft zurück").get_attribute("href")
        assert note and f"question={QUESTION['id']}" in note and f"contact={CONTACT['id']}" in note
