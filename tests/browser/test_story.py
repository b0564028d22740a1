"""The whole job in Chromium on the real server: pair, install, no server, shoot, dead battery, home again, and on."""

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.browser.phone import Phone, rows, shoot, wait_rows
from tests.proofs.server import ROOT, Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
REAL = ROOT.parent / "shared" / "photos"
PORT = 8720


@pytest.fixture
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", PORT, command="demo")
    server.start()
    yield server
    server.kill()


def way_in(server: Server, who: str) -> str:
    """Return the newest sign-in link the demo printed for the office ("Büro") or the worker ("Monteur")."""
    printed = (server.data.parent / f"{server.data.name}.log").read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"{who}:\s+(\S+/link/\S+)", printed)
    return found[-1]


def stored(server: Server) -> dict[str, str]:
    """Return id → SHA-256 of every photo file as it lies on the server's disk."""
    with closing(sqlite3.connect(server.data / "zollstock.db")) as base:
        kept = base.execute("SELECT id, storage_key FROM photo WHERE storage_key IS NOT NULL").fetchall()
    return {ident: hashlib.sha256((server.data / "photos" / key).read_bytes()).hexdigest() for ident, key in kept}


def all_home(found: list[dict[str, object]]) -> bool:
    return all(row["state"] in ("stored", "linked") for row in found)


def test_from_the_shutter_to_the_office(playwright: Playwright, tmp_path: Path, demo: Server) -> None:
    phone = Phone(playwright, tmp_path / "phone", demo.url)
    page = phone.open(way_in(demo, "Monteur"))
    page.locator("main form button").click()
    page.get_by_text("Bad Müller").first.wait_for()
    job = page.get_by_role("link", name=re.compile("Bad Müller")).first.get_attribute("href")
    assert job
    phone.install(job)
    phone.close()

    demo.kill()
    page = phone.open("/")
    page.get_by_text("Bad Müller").first.wait_for()
    page = phone.open(f"/capture?job={job.rsplit('/', 1)[1]}")
    shoot(page, 12)
    phone.kill()
    page = phone.open("/unsent")
    page.locator(".unsent-row").nth(11).wait_for()
    kept = rows(page)
    assert [row["held"] for row in kept] == [row["sha256"] for row in kept]
    assert len({row["sha256"] for row in kept}) == 12

    before = stored(demo)
    demo.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_rows(page, all_home, timeout_s=60)
    arrived = {ident: sha for ident, sha in stored(demo).items() if ident not in before}
    assert arrived == {row["id"]: row["sha256"] for row in kept}

    if REAL.exists():
        files = sorted(REAL.glob("*.jpg")) + sorted(REAL.glob("*.heic"))
        page = phone.open("/capture")
        page.locator("input[type=file][multiple]").set_input_files(files)
        page.locator(".capture-safe").get_by_text(f"✓ {len(files)} auf").wait_for(timeout=20_000)
        wait_rows(page, lambda found: len(found) == 12 + len(files) and all_home(found), timeout_s=60)
        expected = {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        assert expected <= set(stored(demo).values())
    phone.close()
    assert phone.troubles == []
