"""The whole job in Chromium on the real server: pair, install, no server, shoot, dead battery, home again, and on."""

import hashlib
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from tests.browser.phone import Phone, painted, rows, shoot, wait_kept, wait_model, wait_rows, wait_so
from tests.proofs.server import ROOT, Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
REAL = ROOT.parent / "shared" / "photos"


def way_in(server: Server, who: str) -> str:
    """Return the newest sign-in link the demo printed for the office ("Büro") or the worker ("Monteur")."""
    printed = (server.data.parent / f"{server.data.name}.log").read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"{who}:\s+(\S+/link/\S+)", printed)
    return found[-1]


def stored(server: Server) -> dict[str, str]:
    """Return id → SHA-256 of every photo file as it lies on the server's disk."""
    with closing(sqlite3.connect(server.data / "zollstock.db")) as base:
        kept = base.execute("SELECT id, storage_key FROM photo WHERE storage_key IS NOT NULL").fetchall()
    return {
        ident: hashlib.sha256((server.data / "photos" / key).read_bytes()).hexdigest() for ident, key in kept
    }


def all_home(found: list[dict[str, object]]) -> bool:
    return all(row["state"] in ("stored", "linked") for row in found)


def test_from_the_shutter_to_the_office(playwright: Playwright, tmp_path: Path, demo: Server) -> None:
    phone = Phone(playwright, tmp_path / "phone", demo.url)
    page = phone.sign_in(way_in(demo, "Monteur"))
    page.get_by_text("Bad Müller").first.wait_for()
    job = page.get_by_role("link", name=re.compile("Bad Müller")).first.get_attribute("href")
    assert job
    wait_model(phone.install(job))
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
        page.locator(".capture-safe").get_by_text(f"✓ {len(files)} auf").wait_for(timeout=60_000)
        wait_rows(page, lambda found: len(found) == 12 + len(files) and all_home(found), timeout_s=60)
        expected = {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        assert expected <= set(stored(demo).values())
    phone.close()
    assert phone.troubles == []


def signed_in(playwright: Playwright, link: str, *, width: int = 1440, height: int = 900) -> Page:
    """Return a desk browser after its one-time link."""
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
    )
    page = browser.new_context(viewport={"width": width, "height": height}, locale="de-DE").new_page()
    page.goto(link)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: "/link/" not in url)
    return page


def test_from_the_question_to_the_customers_answer(
    playwright: Playwright, tmp_path: Path, demo: Server
) -> None:
    """The worker asks, also without a network; the office sees and sends; the customer taps; the job knows."""
    phone = Phone(playwright, tmp_path / "phone", demo.url)
    page = phone.sign_in(way_in(demo, "Monteur"))
    page.get_by_text("Bad Müller").first.wait_for()
    job = page.get_by_role("link", name=re.compile("Bad Müller")).first.get_attribute("href")
    assert job
    ask = f"/questions/new?job={job.rsplit('/', 1)[1]}"
    wait_model(phone.install(job))
    wait_kept(phone.open(ask), ask)
    phone.close()

    demo.kill()
    page = phone.open(ask)
    page.locator("[name=text]").fill("Sollen wir die Nische fliesen oder streichen?")
    for place, words in enumerate(("Fliesen", "Streichen", "Bitte anrufen")):
        page.locator("[name=choices]").nth(place).fill(words)
    page.locator("[name=photos]").first.check(force=True)
    page.locator("main form button.send, main form button.primary").last.click()
    page.wait_for_url(f"**{job}")
    (kept,) = wait_rows(page, lambda found: [row["kind"] for row in found] == ["question"])
    assert kept["state"] == "queued"
    demo.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_rows(page, all_home, timeout_s=30)
    phone.close()

    desk = signed_in(playwright, way_in(demo, "Büro"))
    desk.goto(f"{demo.url}/questions/{kept['id']}")
    desk.get_by_role("button", name=re.compile("Freigeben und senden")).click()
    printed = (demo.data.parent / "data.log").read_text(encoding="utf-8")
    handset = re.findall(r"(\S+/sandbox/phone/\S+)\s+\(Petra Müller\)", printed)[-1]
    customer = desk.context.new_page()
    customer.goto(handset)
    customer.get_by_role("button", name="Streichen").click(timeout=60_000)
    desk.goto(f"{demo.url}{job}")
    card = desk.locator(f"#question-{kept['id']}")

    def answered() -> bool:
        desk.reload()
        return "beantwortet" in card.inner_text()

    wait_so(desk, answered)
    assert card.locator(".answer, .ask-answer").or_(card.get_by_text("Streichen")).count() > 1
    assert phone.troubles == []


def test_the_office_releases_with_one_key(playwright: Playwright, demo: Server) -> None:
    desk = signed_in(playwright, way_in(demo, "Büro"))
    desk.goto(f"{demo.url}/reviews")
    desk.locator("review-desk:defined #desk-open [data-photo]").wait_for()
    painted(desk)
    with closing(sqlite3.connect(demo.data / "zollstock.db")) as base:

        def released() -> int:
            return int(base.execute("SELECT COUNT(*) FROM photo WHERE review = 'released'").fetchone()[0])

        before = released()
        desk.keyboard.press("f")
        wait_so(desk, lambda: released() == before + 1)
