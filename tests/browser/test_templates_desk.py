"""A template in the composer, in Chromium on the real server: filled while it is read, kept when it is refused."""

import asyncio
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from server.actions import channels
from server.app import open_services
from server.clock import now
from server.db import companies, templates
from server.db.unit import atomic
from server.domain.accounts import Account
from server.domain.channels import Template
from server.domain.users import system
from server.settings import from_environment
from tests.browser.test_inbox_desk import person
from tests.proofs.server import client, founded
from tests.talks import TYPED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
VISIT = Template("termin", body="Guten Tag {{name}}, wir kommen am {{tag}}.", variables=2, state="APPROVED")
NOBODY = "http://127.0.0.1:9"


async def connect(data: Path) -> None:
    """Give the firm WhatsApp and one approved template; nobody answers at the other end."""
    async with open_services(from_environment({"ZOLLSTOCK_GRAPH_BASE": NOBODY}, data=data)) as services:
        company = await companies.by_name_or_id("Prüf GmbH")
        assert company
        actor = system(company.id)
        account = await channels.set_up(services, actor, "whatsapp", label="", typed=TYPED, at=now())
        await keep(account, [VISIT])


@atomic
async def keep(account: Account, found: Sequence[Template]) -> None:
    await templates.set_synced(account.company_id, account.id, found, at=now())


@pytest.fixture
def thread(tmp_path: Path) -> Iterator[Page]:
    """Yield the thread with a customer who agreed and has never written; a script error fails the test."""
    server, tokens = founded(tmp_path / "data", [("sabine", "office")], GRAPH_BASE=NOBODY)
    asyncio.run(connect(tmp_path / "data"))
    link = server.call("user", "link", "sabine")
    server.start()
    troubles: list[str] = []
    with client(server, tokens["sabine"]) as sabine, sync_playwright() as running:
        place = person(sabine, "Petra Müller", "0151 23456789")
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900}, locale="de-DE")
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(re.sub(r"https?://[^/]+", server.url, link.split()[-1]))
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        page.goto(place)
        yield page
        browser.close()
    server.stop()
    assert troubles == []


def test_filled_while_it_is_read_and_kept_when_refused(thread: Page) -> None:
    page, offer = thread, thread.locator("[data-offer]")
    page.wait_for_function("() => !!customElements.get('message-composer')")
    expect(page.locator("[data-preview]")).to_have_count(0)
    expect(offer.locator(".bubble")).to_have_text("Guten Tag Petra Müller, wir kommen am Tag.")
    page.locator("#text").fill("Eigene Worte")
    offer.get_by_label("Tag").fill("Dienstag,   <b>8 Uhr</b>")
    expect(offer.locator(".bubble")).to_have_text(
        "Guten Tag Petra Müller, wir kommen am Dienstag, <b>8 Uhr</b>."
    )
    offer.get_by_label("Tag").fill("")
    offer.locator(".btn.send").click()
    expect(page.locator(".composer .banner.bad")).to_contain_text("fehlt oder passt nicht")
    expect(offer.locator(".field-error")).to_contain_text("„Tag“ ist noch leer.")
    expect(page.locator("#text")).to_have_value("Eigene Worte")
    page.locator("summary", has_text="Alle Wege").click()
    # What is hidden to the eye must not make the desk longer than the screen.
    assert page.evaluate("() => document.documentElement.scrollHeight - innerHeight") <= 0
    offer.get_by_label("Tag").fill("Dienstag")
    offer.get_by_label("Tag").press("Enter")  # shows how it reads, sends nothing
    expect(offer.locator(".bubble")).to_have_text("Guten Tag Petra Müller, wir kommen am Dienstag.")
    expect(page.locator(".talk-said")).to_have_count(0)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    offer.locator(".btn.send").click()
    expect(page.locator(".talk-said")).to_contain_text("Guten Tag Petra Müller, wir kommen am Dienstag.")
