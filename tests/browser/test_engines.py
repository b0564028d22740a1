"""The scenarios of offline-pwa.md §5.6 on the phone in three engines; the numbers in brackets are those of the list.

Chromium's own, finer ones are in test_offline.py. Each test has an office on a port of its own: another origin is
another storage, so one browser may serve a whole row of tests.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.offline_server import JOB, Office
from tests.browser.phones import Phone, engine_params, phone_of
from tests.browser.phones.seeing import (
    all_home,
    go,
    install,
    wait_standing,
    wait_text,
    with_hashes,
)
from tests.ports import free_port

GALLERY = "input[type=file][multiple]"


@pytest.fixture
def office() -> Iterator[Office]:
    standing = Office(free_port())
    standing.start()
    yield standing
    standing.stop()


@pytest.fixture(scope="module", params=engine_params())
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A running phone for all tests of one engine."""
    held = phone_of(request.param, tmp_path_factory.mktemp(request.param))
    held.start()
    yield held
    held.close()


@pytest.fixture
def phone(browser: Phone, office: Office) -> Phone:
    """The running phone; the office of this test is a new origin to it."""
    return browser


def pictures(folder: Path, number: int, size: int) -> list[Path]:
    """Write files that are all different. They need not be readable: the phone keeps what it cannot draw."""
    made = random.Random(f"{folder}{number}{size}")
    files = [folder / f"{number}-{size}-{place}.jpg" for place in range(number)]
    for file in files:
        file.write_bytes(b"\xff\xd8\xff\xe0" + made.randbytes(size))
    return files


def choose(phone: Phone, files: list[Path]) -> None:
    """Take files from the gallery and wait until all of them are safe."""
    wait_text(phone, ".capture-job-name", "")
    phone.give(GALLERY, files)
    wait_text(phone, ".capture-safe", f"✓ {len(files)} auf")


def test_photos_survive_a_dead_battery(phone: Phone, office: Office, tmp_path: Path) -> None:
    """(1) Cold start without a server, photos, SIGKILL, cold start again, then the network returns."""
    install(phone, f"{office.url}/capture?job={JOB}")
    phone.close()
    phone.start()
    with office.away():
        phone.open(f"{office.url}/capture?job={JOB}")
        choose(phone, pictures(tmp_path, 12, 20_000))
        phone.kill()
        phone.start()
        phone.open(f"{office.url}/unsent")
        wait_text(phone, "state-line", "12 noch auf dem Handy")
        kept = with_hashes(phone)
        assert len(kept) == 12
        assert [row["held"] for row in kept] == [row["sha256"] for row in kept]
        assert {row["job"] for row in kept} == {JOB}
    go(phone)
    wait_standing(phone, all_home)
    assert office.hashes() == sorted(row["sha256"] for row in kept)


def test_a_page_put_aside_holds_up_nobody(phone: Phone, office: Office, tmp_path: Path) -> None:
    """WebKit keeps the page for the back button together with its transactions; the next one must not wait for them."""
    install(phone, f"{office.url}/capture")
    for number in (1, 2, 3):
        phone.open(f"{office.url}/capture")
        choose(phone, pictures(tmp_path, number, 3_000))
        phone.open(f"{office.url}/unsent")
        wait_text(phone, "state-line", "Alles im Büro")
    phone.back()
    # Taken up again where it was put aside, or drawn anew: it works.
    wait_text(phone, ".capture-job-name", "")
    phone.give(GALLERY, pictures(tmp_path, 4, 5_000))
    wait_standing(phone, lambda rows: len(rows) == 10 and all_home(rows))
