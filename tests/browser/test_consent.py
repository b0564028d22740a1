"""Consent at the customer's door in Chromium on the real server: two taps, and a finger on the glass."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.phone import controlled, wait_model, wait_so
from tests.browser.windows import Windows, let_go
from tests.proofs.server import client, founded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]


@dataclass(slots=True)
class Door:
    """A worker's phone at the door of a customer, and the office's view of the ledger."""

    page: Page
    office: httpx.Client
    job: str
    contact: str
    troubles: list[str]

    def ledger(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.office.get(f"/api/v1/consents?contact={self.contact}").json()[
            "items"
        ]
        return found


@pytest.fixture
def door(chromium: Windows, tmp_path: Path) -> Iterator[Door]:
    server, tokens = founded(tmp_path / "data", [("ali", "worker"), ("sabine", "office")])
    link = server.call("user", "link", "ali")
    server.start()
    context = chromium.new_context(
        base_url=server.url, viewport={"width": 360, "height": 740}, has_touch=True, locale="de-DE"
    )
    page = context.new_page()
    with client(server, tokens["sabine"]) as office:
        person = {"name": "Petra Müller", "phone": "0151 23456789"}
        customer = office.post(
            "/api/v1/customers", json={"name": "Familie Müller", "contacts": [person]}
        ).json()
        contact = customer["contacts"][0]["id"]
        given = {"title": "Bad Müller", "customer": customer["id"], "contact": contact}
        job = office.post("/api/v1/jobs", json=given).json()["id"]
        made = Door(page, office, job, contact, [])
        page.on("pageerror", lambda error: made.troubles.append(str(error)))
        page.on(
            "console",
            lambda said: made.troubles.append(said.text) if "Content Security" in said.text else None,
        )
        page.goto(re.sub(r"https?://[^/]+", server.url, link.split()[-1]))
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        page.goto(f"/jobs/{job}")
        yield made
    let_go(context)
    server.stop()
    assert made.troubles == []


def test_two_taps_with_network_then_signed_and_taken_back_without(door: Door) -> None:
    page = door.page
    page.get_by_role("link", name="Einwilligung").tap()
    page.locator("offline-form:defined").wait_for()
    page.get_by_role("button", name="Ja, einverstanden").tap()
    page.wait_for_url("**/consents?job=*")
    [line] = wait_for(door, 1)
    assert (line["verb"], line["channel"], line["proof"]) == ("granted", "whatsapp", "spoken")
    assert "ali" in line["proof_ref"].casefold()

    controlled(page)
    wait_model(page)
    page.context.set_offline(True)
    page.goto(f"/jobs/{door.job}")
    page.get_by_role("link", name="Einwilligung").tap()
    page.get_by_role("link", name="Referenz").tap()
    shown = page.locator(".consent-words").inner_text()
    assert "als Referenz zeigen" in shown
    sign = page.get_by_role("button", name="Mit Unterschrift festhalten")
    expect(sign).to_be_disabled()
    pad = page.locator(".sign-pad")
    draw(page, pad)
    expect(sign).to_be_enabled()
    page.get_by_role("button", name="Neu anfangen").tap()
    expect(sign).to_be_disabled()
    draw(page, pad)
    sign.tap()
    page.wait_for_url("**/consents?job=*")
    card = page.locator("kept-consents .consent", has_text="als Referenz zeigen")
    expect(card).to_contain_text("noch auf diesem Handy, gilt noch nicht")
    page.locator("offline-form:defined").first.wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="Alles widerrufen").tap()
    expect(page.locator("kept-consents .consent.withdrawn")).to_contain_text("noch auf diesem Handy")
    assert len(door.ledger()) == 1

    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    known = wait_for(door, 5)
    [signed] = [one for one in known if one["proof"] == "signature"]
    assert (signed["purpose"], signed["wording"]) == ("reference", shown)
    picture = page.request.get(f"/contacts/{door.contact}/consents/{signed['id']}/signature.png")
    assert picture.status == 200 and picture.body().startswith(b"\x89PNG")
    # Ink is on it: an empty pad of this size is packed to far less.
    assert len(picture.body()) > 1500
    wait_so(page, lambda: from_office(page, f"/contacts/{door.contact}/consents?job={door.job}"))
    expect(page.locator("#now-whatsapp")).to_contain_text("nichts senden")


def from_office(page: Page, path: str) -> bool:
    """Open a page, and return whether the office drew it: where it takes three seconds, what the phone has is shown."""
    page.goto(path)
    return page.locator("offline-shell, body[data-stored-at]").count() == 0


def draw(page: Page, pad: Locator) -> None:
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box and box["width"] > 300
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for place, steps in (((0.4, 0.2), 6), ((0.6, 0.5), 6), ((0.9, 0.3), 6)):
        page.mouse.move(box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"], steps=steps)
    page.mouse.up()


def wait_for(door: Door, count: int) -> list[dict[str, str]]:
    """Return the ledger once it has so many lines."""
    wait_so(door.page, lambda: len(door.ledger()) >= count)
    return door.ledger()
