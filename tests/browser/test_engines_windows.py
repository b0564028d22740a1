"""Windows that are not as they should be: private ones, and browsers without a service worker."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.offline_server import Office
from tests.browser.phones import Phone, engine_params, phone_of
from tests.browser.phones.seeing import (
    all_home,
    go,
    settle,
    standing,
    unsent,
    wait_standing,
    wait_text,
    with_hashes,
)

PATIENCE_S = 90.0
GALLERY = "input[type=file][multiple]"
SILENT_BLOBS = """() => new Promise((resolve) => { const open = indexedDB.open('trial', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('all');
  open.onsuccess = () => { const tx = open.result.transaction('all', 'readwrite');
    tx.objectStore('all').put(new Blob(['x']), 1);
    tx.oncomplete = () => resolve('kept'); tx.onabort = () => resolve('refused'); };
  setTimeout(() => resolve('hangs'), 3000); })"""


@contextmanager
def switched_on(phone: Phone) -> Iterator[Phone]:
    phone.start()
    try:
        yield phone
    finally:
        phone.close()


def photos(folder: Path, number: int) -> list[Path]:
    files = [folder / f"{place}.jpg" for place in range(number)]
    for place, file in enumerate(files):
        file.write_bytes(b"\xff\xd8\xff\xe0" + bytes([place]) * 3_000)
    return files


@pytest.mark.parametrize("engine", engine_params("firefox", "webkit"))
def test_a_private_window_is_said_at_once(engine: str, office: Office, tmp_path: Path) -> None:
    """(11) Within three seconds; what is taken all the same is kept while the window is open, and sent."""
    with switched_on(phone_of(engine, tmp_path / "phone", private=True)) as phone:
        phone.open(f"{office.url}/capture")
        began = time.monotonic()
        wait_text(phone, "storage-banner", "vergisst beim Schließen alles")
        print(f"{engine}: banner {time.monotonic() - began:.1f} s after the page")
        phone.give(GALLERY, photos(tmp_path, 3))
        wait_standing(phone, lambda rows: len(rows) == 3 and all_home(rows))
        assert [row["held"] for row in with_hashes(phone)] == [row["sha256"] for row in with_hashes(phone)]
        assert len(office.world.stored) == 3


@pytest.mark.parametrize("engine", engine_params("webkit"))
def test_why_bytes_are_never_kept_as_blobs(engine: str, office: Office, tmp_path: Path) -> None:
    """WebKit's private windows refuse a Blob, or never answer (WebKit bug 156347)."""
    with switched_on(phone_of(engine, tmp_path / "phone", private=True)) as phone:
        phone.open(f"{office.url}/nothing")
        assert phone.evaluate(SILENT_BLOBS) in ("refused", "hangs")


@pytest.mark.parametrize("engine", engine_params("chromium"))
def test_a_private_window_of_chromium_keeps_while_it_is_open(
    engine: str, office: Office, tmp_path: Path
) -> None:
    """It cannot be told from a normal one; nothing is lost as long as it stands."""
    with switched_on(phone_of(engine, tmp_path / "phone", private=True)) as phone:
        phone.open(f"{office.url}/capture")
        wait_text(phone, ".capture-job-name", "")
        settle(phone)
        with office.away():
            phone.give(GALLERY, photos(tmp_path, 3))
            wait_standing(phone, lambda rows: len(rows) == 3 and unsent(rows) == 3)
        until = time.monotonic() + PATIENCE_S
        while not all_home(standing(phone)):
            assert time.monotonic() < until, standing(phone)
            go(phone)
            time.sleep(0.2)
        assert len(office.world.stored) == 3


@pytest.mark.parametrize("engine", engine_params("firefox"))
def test_without_a_worker_an_open_page_still_shoots(engine: str, office: Office, tmp_path: Path) -> None:
    """The page was opened, the server goes: photos are kept and counted, and go home later; also after a SIGKILL."""
    from tests.browser.phones.firefox import FirefoxPhone

    (profile := tmp_path / "phone").mkdir()
    with switched_on(FirefoxPhone(profile, workers=False)) as phone:
        phone.open(f"{office.url}/capture")
        wait_text(phone, ".capture-job-name", "")
        wait_text(phone, "main", "öffnet Zollstock ohne Netz nicht")
        settle(phone)
        with office.away():
            phone.give(GALLERY, photos(tmp_path, 4))
            wait_standing(phone, lambda rows: len(rows) == 4)
            wait_text(phone, "state-line", "4 noch auf dem Handy")
            phone.kill()
        phone.start()
        phone.open(f"{office.url}/unsent")
        wait_standing(phone, lambda rows: len(rows) == 4 and all_home(rows))
        assert len(office.world.stored) == 4
