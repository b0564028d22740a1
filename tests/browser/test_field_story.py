"""A day in the field on the real server: in by code, photos without a job, sorted in the cellar, a call noted."""

import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Playwright

from tests.browser.phone import Phone, all_stored, from_gallery, go, wait_model, wait_rows, wait_so
from tests.browser.test_story import signed_in, way_in
from tests.proofs.server import ROOT, Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
PHOTOS = sorted((ROOT / "server" / "demo" / "photos").glob("*.jpg"))[:4]


def code_of(desk: Page, base: str) -> str:
    """Let the office pair Ali's phone and read the code from its screen."""
    desk.goto(f"{base}/users")
    desk.get_by_role("link", name=re.compile("Ali")).first.click()
    desk.get_by_role("button", name="Handy koppeln").first.click()
    return desk.locator(".big-code").inner_text()


def placed(server: Server) -> list[str]:
    """Return the title of the job of each photo a worker brought today, '' for none; customers send some too."""
    with closing(sqlite3.connect(server.data / "zollstock.db")) as base:
        rows = base.execute(
            "SELECT COALESCE(j.title, '') FROM photo p LEFT JOIN job j ON j.id = p.job_id"
            " WHERE p.author_id IS NOT NULL ORDER BY p.id DESC LIMIT 4"
        )
        return [title for (title,) in rows]


def left(page: Page) -> bool:
    """Wake the phone, and return whether the shell made way: not for a page that takes three seconds, nor for another window's sending."""
    go(page)
    with suppress(Error):
        page.locator("offline-shell").wait_for(state="detached", timeout=8_000)
    return page.locator("offline-shell").count() == 0


def test_in_by_code_sorted_offline_and_at_the_office(
    playwright: Playwright, tmp_path: Path, demo: Server
) -> None:
    desk = signed_in(playwright, way_in(demo, "Büro"))
    code = code_of(desk, demo.url)
    phone = Phone(playwright, tmp_path / "phone", demo.url)
    page = phone.open("/login")
    page.get_by_role("textbox", name="Code vom Büro").fill(code.lower())
    page.get_by_role("button", name="Mit Code anmelden").click()
    page.get_by_text("Bad Müller").first.wait_for()
    phone.install("/sort").get_by_text("Feierabend!").wait_for()
    wait_model(phone.install("/"))
    phone.close()

    demo.stop()
    page = phone.open("/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    files: list[dict[str, object]] = [
        {"name": one.name, "mimeType": "image/jpeg", "buffer": one.read_bytes()} for one in PHOTOS
    ]
    from_gallery(page, files)
    page = phone.open("/sort")
    page.get_by_role("button", name=re.compile("Bad Müller")).first.click()
    page.get_by_text("4 Fotos bei Bad Müller").wait_for()
    page.goto("/jobs")
    page.get_by_role("link", name=re.compile("Bad Müller")).first.click()
    page.get_by_role("link", name="Telefonnotiz").click()
    page.get_by_role("radio", name="ruft zurück").check()
    page.get_by_label("Was wurde besprochen?").fill("Fliesen kommen Montag")
    page.get_by_role("button", name="Telefonnotiz sichern").click()
    page.get_by_text("Fliesen kommen Montag").wait_for()

    demo.start()
    go(page)
    wait_rows(page, all_stored, timeout_s=60)
    wait_so(page, lambda: left(page))  # its page comes again once all is sent
    assert set(placed(demo)) == {"Bad Müller, Fliesen und Dusche"}
    page.goto("/jobs")
    page.get_by_role("link", name=re.compile("Bad Müller")).first.click()
    page.get_by_text("Ruft zurück. Fliesen kommen Montag").first.wait_for()
    phone.close()
    assert phone.troubles == []
