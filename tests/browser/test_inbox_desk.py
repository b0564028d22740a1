"""The shared inbox in Chromium on the real server: keys, the live counter, ready-made texts, one send by hand."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.phone import painted
from tests.proofs.server import client, founded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]


@dataclass(frozen=True, slots=True)
class Desk:
    page: Page
    threads: list[str]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Yield the office's desk with two people to write to; a script error or a CSP violation fails the test."""
    server, tokens = founded(tmp_path / "data", [("sabine", "office")])
    link = server.call("user", "link", "sabine")
    server.start()
    troubles: list[str] = []
    with client(server, tokens["sabine"]) as sabine, sync_playwright() as running:
        threads = [
            person(sabine, "Petra Müller", "0151 23456789"),
            person(sabine, "Kai Sommer", "0171 9988776"),
        ]
        sabine.post("/quick-replies", data={"title": "Gruß", "text": "{Anrede}, bis morgen!"})
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900}, locale="de-DE")
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(re.sub(r"https?://[^/]+", server.url, link.split()[-1]))
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        yield Desk(page, threads)
        browser.close()
    server.stop()
    assert troubles == []


def person(sabine: httpx.Client, name: str, phone: str) -> str:
    """Make a customer who agreed to WhatsApp, with one message that waits to be sent by hand; returns his thread."""
    body = {"name": name, "contacts": [{"name": name, "phone": phone}]}
    made = sabine.post("/api/v1/customers", json=body).raise_for_status().json()
    contact = made["contacts"][0]["id"]
    agreed = {"contact": contact, "channel": "whatsapp", "proof": "spoken", "proof_ref": "am Telefon, heute"}
    sabine.post("/api/v1/consents", json=agreed).raise_for_status()
    began = sabine.post(f"/contacts/{contact}/conversation")
    return began.headers["location"].partition("#")[0]


def test_keys_counter_texts_and_by_hand(desk: Desk) -> None:
    page = desk.page
    page.goto(desk.threads[0])
    page.wait_for_function(
        "() => !!customElements.get('inbox-desk') && !!customElements.get('message-composer')"
    )
    painted(page)
    page.keyboard.press("r")
    text = page.locator("#text")
    expect(text).to_be_focused()
    page.keyboard.type("Hallo")
    page.locator("summary", has_text="Textbaustein").click()
    page.locator("[data-insert]").click()
    expect(text).to_have_value("Hallo\n\nGuten Tag Petra Müller, bis morgen!")
    text.fill("x" * 2003)
    expect(page.locator("#text-rules")).to_have_text("3 zu lang für WhatsApp von Hand")
    expect(text).to_have_attribute("aria-invalid", "true")
    text.fill("Bis morgen!")
    page.locator(".composer .btn.send").click()
    expect(page.locator(".talk-said .btn.send")).to_have_attribute(
        "href", "https://wa.me/4915123456789?text=Bis%20morgen%21"
    )
    expect(page.locator(".talk-said")).to_have_count(1)
    page.locator("button[value=confirmed_by_worker]").click()
    expect(page.locator(".talk-said small")).to_contain_text("laut Mitarbeiter gesendet")
    page.goto("/messages?show=all")
    page.wait_for_function("() => !!customElements.get('inbox-desk')")
    painted(page)
    page.keyboard.press("j")
    expect(page.locator(".talk-row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".talk-name")).to_have_text("Petra Müller")
    page.wait_for_function("() => !!customElements.get('inbox-desk')")
    painted(page)
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#talk-help")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"{desk.threads[1]}?show=all")
    page.wait_for_function("() => !!customElements.get('inbox-desk')")
    painted(page)
    page.keyboard.press("j")
    expect(page.locator(".talk-row").first).to_be_focused()
    page.keyboard.press("e")  # one is in focus, another one is shown: nobody is done with
    page.keyboard.press("n")
    expect(page.locator(".talk-row").first).to_be_focused()
    expect(page.locator(".talk-name")).to_have_text("Kai Sommer")
