"""The queue as its owner sees it: every item with its reason and its way out, on a real phone's browser."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, sync_playwright

from tests.browser.offline_server import JOB, USERS, Office
from tests.browser.phone import Phone, rows
from tests.browser.unsent import fill
from tests.ports import free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

HOUR_S = 3600
OWNER = USERS["ali"]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # Not for the whole session: its loop would be in the way of the asynchronous tests.
    with sync_playwright() as running:
        yield running


@pytest.fixture
def office() -> Iterator[Office]:
    standing = Office(free_port())
    standing.start()
    yield standing
    standing.stop()


@pytest.fixture
def phone(playwright: Playwright, tmp_path: Path, office: Office) -> Iterator[Phone]:
    held = Phone(playwright, tmp_path / "profile", office.url)
    yield held
    held.close()
    assert held.troubles == []


def unsent(phone: Phone, specs: list[dict[str, Any]]) -> Page:
    """Open the list offline, on a phone that holds all this."""
    page = phone.install("/unsent")
    page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
    fill(page, OWNER, specs)
    page.reload()
    page.locator("unsent-list h1, .unsent-row, .unsent-kept:not([hidden]), .empty:visible").first.wait_for()
    return page


def saved(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_all_of_it_leaves_as_one_archive_without_a_network(
    phone: Phone, office: Office, tmp_path: Path
) -> None:
    """Names say date, time, job, phase and counter; every hash matches; what is lost stands in the list."""
    office.world.renamed = "Bad/Müller: *Fliesen*"
    specs: list[dict[str, Any]] = [
        {"job": JOB, "body": {"phase": "before", "caption": "Wand\nlinks"}},
        {"job": JOB, "body": {"phase": "before", "caption": "Wand\nlinks"}},
        {"kind": "note", "body": {"text": "Silikon erst am Donnerstag"}},
        {"gone": True},
    ]
    page = unsent(phone, specs)
    with office.away():
        path = saved(page, "Alles als ZIP sichern", tmp_path)
        page.locator(".unsent-said", has_text=f"Gesichert als {path.name}").wait_for()
    kept = rows(page)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        content = json.loads(archive.read("inhalt.json"))["items"]
        names = [name for name in archive.namelist() if not name.startswith("inhalt.")]
        assert names == [one["file"] for one in content if one["file"]]
        for row, one in zip(kept, content, strict=True):
            assert (one["id"], one["sha256"], one["captured_at"]) == (
                row["id"],
                row["sha256"],
                row["captured_at"],
            )
            if row["held"]:
                assert (
                    hashlib.sha256(archive.read(one["file"])).hexdigest() == row["held"] == one["sha256_here"]
                )
        assert names[0].endswith("_2026-118-Bad-Müller-Fliesen_vorher_001.jpg")
        assert names[0][:10] == kept[0]["captured_at"][:10]
        assert "Silikon" in archive.read(names[2]).decode()
        assert content[0]["body"]["caption"] == "Wand\nlinks"
        lines = archive.read("inhalt.txt").decode().splitlines()
        assert len(lines) == 4
        assert lines[3].startswith("Datei fehlt")
    assert [row["state"] for row in rows(page)] == [row["state"] for row in kept]
