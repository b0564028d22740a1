"""Consent at the customer's door in Chromium on the real server: two taps, and a finger on the glass."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as running:
        yield running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@pytest.fixture
def door(chromium: Browser, tmp_path: Path) -> Iterator[Door]:
    server, tokens = founded(tmp_path / "data", [("ali", "worker"), ("sabine", "office")])
    link = server.run("user", "link", "ali")
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
        page.on("console", lambda said: made.troubles.append(said.text) if said.type == "error" else None)
        page.goto(re.sub(r"https?://[^/]+", server.url, link.split()[-1]))
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        page.goto(f"/jobs/{job}")
        yield made
    context.close()
    server.stop()
    assert made.troubles == []


def test_two_taps_then_a_signature(door: Door) -> None:
    page = door.page
    page.get_by_role("link", name="Einwilligung").tap()
    page.get_by_role("button", name="Kunde hat zugestimmt").tap()
    page.wait_for_url(f"**/jobs/{door.job}")
    [line] = door.ledger()
    assert (line["verb"], line["channel"], line["proof"]) == ("granted", "whatsapp", "spoken")
    assert "ali" in line["proof_ref"].casefold()

    page.get_by_role("link", name="Einwilligung", exact=True).tap()
    sign = page.get_by_role("button", name="Mit Unterschrift festhalten")
    expect(sign).to_be_disabled()
    pad = page.locator(".sign-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box and box["width"] > 300
    for place, steps in (((0.1, 0.5), 1), ((0.4, 0.2), 6), ((0.6, 0.8), 6), ((0.9, 0.4), 6)):
        page.mouse.move(box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"], steps=steps)
        page.mouse.down()
    page.mouse.up()
    expect(sign).to_be_enabled()
    page.get_by_role("button", name="Neu anfangen").tap()
    expect(sign).to_be_disabled()
    page.mouse.move(box["x"] + 30, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 60, steps=8)
    page.mouse.up()
    sign.tap()
    page.wait_for_url(f"**/jobs/{door.job}")
    signed = door.ledger()[0]
    assert signed["proof"] == "signature"
    picture = page.request.get(f"/contacts/{door.contact}/consents/{signed['id']}/signature.png")
    assert picture.status == 200 and picture.body().startswith(b"\x89PNG")
    # Ink is on it: an empty pad of this size is packed to far less.
    assert len(picture.body()) > 1500
