"""The scenarios of offline-pwa.md §5.6 in Firefox and WebKit; the numbers in brackets are those of the list.

Chromium's own, finer ones are in test_offline.py; (6), (7), (8), (9), (12) and (14) are chapters of voyage.py.
Each test has an office on a port of its own: another origin is another storage, so one browser may serve a whole row.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.offline_server import JOB, Office
from tests.browser.phones import Phone, engine_params, phone_of
from tests.browser.phones.seeing import (
    all_home,
    go,
    install,
    standing,
    wait,
    wait_standing,
    wait_text,
    with_hashes,
)
from tests.browser.voyage import PATIENCE_S, TEN_YEARS_MS

GALLERY = "input[type=file][multiple]"


@pytest.fixture(scope="module", params=engine_params("firefox", "webkit"))
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


def test_bad_answers_lose_nothing_and_stop_nobody(phone: Phone, office: Office, tmp_path: Path) -> None:
    """(3) 503, 429 with a time, then a session that ended in the middle: the photos stay, new ones are taken."""
    install(phone, f"{office.url}/capture")
    ended: list[tuple[int, dict[str, str]]] = [(401, {})] * 200
    office.world.answers = [(503, {}), (429, {"Retry-After": "3600"}), *ended]
    choose(phone, pictures(tmp_path, 2, 9_000))
    until_true(phone, lambda: len(office.world.answers) < len(ended))
    wait_standing(phone, lambda rows: {row["state"] for row in rows} == {"paused-login"})
    phone.give(GALLERY, pictures(tmp_path, 1, 3_000))
    wait_standing(phone, lambda rows: len(rows) == 3)
    wait_text(phone, "state-line", "3 noch auf dem Handy · Anmeldung nötig")
    office.world.answers.clear()
    until_true(phone, lambda: len(office.world.stored) == 3)
    wait_standing(phone, all_home)


CONTACT = "019aa000-0000-7000-8000-0000000000c1"
COUNT = """(store) => new Promise((resolve) => { const open = indexedDB.open('zollstock'); open.onsuccess = () => {
  const asked = open.result.transaction(store).objectStore(store).count(); asked.onsuccess = () => { open.result.close(); resolve(asked.result); }; }; })"""
WORDS = {
    "version": "2026-11",
    "reference": "Die Firma Muster darf Fotos als Referenz zeigen.",
    "partners": [],
    "channels": [{"kind": "whatsapp", "name": "WhatsApp", "service": "Nachrichten an {number}.", "advertising": "Werbung.", "instead": "diese Nummer"}],
}  # fmt: skip
# A finger on the glass; a made pointer cannot be captured.
SIGN = """() => {
  const pad = document.querySelector('.sign-pad'), box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {};
  for (const [place, kind] of ['pointerdown', 'pointermove', 'pointermove', 'pointerup'].entries()) {
    pad.dispatchEvent(new PointerEvent(kind, { pointerId: 7, button: 0, bubbles: true, clientX: box.x + 30 + 60 * place, clientY: box.y + 20 + 25 * (place % 2) }));
  }
}"""


def test_consents_said_signed_and_taken_back_in_the_cellar(phone: Phone, office: Office) -> None:
    """Each stands on the phone as what does not count yet, and comes with its words, and with its ink or not at all."""
    one, two = office.world.jobs()
    person = {"id": CONTACT, "name": "Petra Müller", "phone": "0151 23456789"}
    office.world.model = {"jobs": [one | {"contact": person}, two], "consents": WORDS}
    install(phone, f"{office.url}/")
    wait(phone, COUNT, lambda count: count == 1, "readmodel")
    asking = f"{office.url}/contacts/{CONTACT}/consents/new?job={JOB}"
    with office.away():
        for path, button in ((asking, "spoken"), (f"{asking}&purpose=reference", "signature")):
            phone.open(path)
            wait_text(phone, "offline-form:defined .consent-words", "")
            if button == "signature":
                wait(phone, "() => customElements.get('sign-glass') !== undefined", bool)
                phone.evaluate(SIGN)
            phone.click(f"button[value={button}]")
            wait_text(phone, "kept-consents .tag", "eingewilligt")
        wait_text(phone, "kept-consents", "Nachrichten an 0151 23456789.")
        wait(phone, "() => customElements.get('offline-form') !== undefined", bool)
        phone.click("//button[contains(., 'Alles widerrufen')]")
        wait_text(phone, "kept-consents .consent.withdrawn", "noch auf diesem Handy")
    until_true(phone, lambda: len(office.world.items) == 3)
    wait_standing(phone, lambda rows: len(rows) == 3 and all_home(rows))
    said = sorted((item["verb"], item["proof"]) for item in office.world.items.values())
    assert said == [("granted", "signature"), ("granted", "spoken"), ("withdrawn", "spoken")]
    [ink] = office.world.stored.values()
    assert ink.startswith(b"\x89PNG") and len(ink) > 1_000


def until_true(phone: Phone, right: Callable[[], bool]) -> None:
    """Wake the phone until something is so at the office."""
    until = time.monotonic() + PATIENCE_S
    while not right():
        assert time.monotonic() < until, (phone.engine, standing(phone))
        go(phone)
        time.sleep(0.1)


def test_a_receipt_with_another_hash_frees_nothing(phone: Phone, office: Office, tmp_path: Path) -> None:
    """(4) The server says stored, but not our bytes."""
    office.world.wrong_receipts = True
    install(phone, f"{office.url}/capture")
    choose(phone, pictures(tmp_path, 1, 5_000))
    wait_standing(phone, lambda rows: [row["state"] for row in rows] == ["needs-attention"])
    (row,) = with_hashes(phone)
    assert (row["error"], row["held"]) == ("receipt", row["sha256"])
    office.world.wrong_receipts = False
    phone.open(f"{office.url}/unsent")
    wait_text(phone, "main", "Jetzt senden")
    phone.click("//main//button[contains(., 'Jetzt senden')]")
    wait_standing(phone, all_home)


TITLES = """() => new Promise((resolve, reject) => { const open = indexedDB.open('zollstock'); open.onerror = () => reject(open.error); open.onsuccess = () => {
  const asked = open.result.transaction('readmodel').objectStore('readmodel').getAll();
  asked.onsuccess = () => { open.result.close(); resolve(asked.result.flatMap(({ model }) => model.jobs.map(({ title }) => title))); }; }; })"""


def test_a_job_renamed_meanwhile_or_gone(phone: Phone, office: Office, tmp_path: Path) -> None:
    """(5) The phone shows the new name after the sync; photos of a job that is gone arrive all the same."""
    install(phone, f"{office.url}/jobs/{JOB}")
    phone.open(f"{office.url}/capture?job={JOB}")
    wait_text(phone, ".capture-job-name", "Bad Müller")
    with office.away():
        choose(phone, pictures(tmp_path, 2, 4_000))
        office.world.renamed = "Bad Maier, Fliesen"
    office.world.clock_ms = 2 * 60_000
    phone.open(f"{office.url}/capture?job={JOB}")
    wait_standing(phone, all_home)
    assert {item["job"] for item in office.world.items.values()} == {JOB}
    wait(phone, TITLES, lambda titles: "Bad Maier, Fliesen" in titles)
    with office.away():
        phone.open(f"{office.url}/capture")
        wait_text(phone, ".capture-job-name", "Bad Maier")
        choose(phone, pictures(tmp_path, 1, 5_000))
        office.world.jobs = lambda: []  # type: ignore[method-assign]
    go(phone)
    wait_standing(phone, lambda rows: len(rows) == 3 and all_home(rows))
    assert len(office.world.stored) == 3


def test_a_clock_once_ahead_keeps_no_old_list(phone: Phone, office: Office) -> None:
    """The list fetched in 2036 is not "fresh" until then."""
    office.world.clock_ms = TEN_YEARS_MS
    install(phone, f"{office.url}/capture?job={JOB}")
    wait(phone, COUNT, lambda count: count == 1, "readmodel")
    office.world.clock_ms, office.world.renamed = 0, "Bad Maier, Fliesen"
    before = len(office.world.seen)
    phone.open(f"{office.url}/capture?job={JOB}")
    until_true(phone, lambda: ("GET", "/sync/read-model") in office.world.seen[before:])


def test_the_sign_in_page_is_never_kept(phone: Phone, office: Office) -> None:
    """(10) A redirect to the sign-in page must not be kept as a job."""
    install(phone, f"{office.url}/jobs")
    office.world.user = None
    phone.open(f"{office.url}/jobs/{JOB}")
    wait_text(phone, "h1", "Anmelden")
    time.sleep(0.3)
    kept = phone.evaluate(
        "async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((one) => one.url)))).flat()"
    )
    assert not [url for url in kept if url.startswith(office.url) and ("login" in url or JOB in url)]


def test_a_poisoned_item_stops_nobody(phone: Phone, office: Office, tmp_path: Path) -> None:
    """(13) The first of the queue is refused for good; the others arrive, and it says why."""
    office.world.poisoned = {"Gift"}
    install(phone, f"{office.url}/capture")
    wait_text(phone, ".capture-job-name", "")
    caption = "(words) => { document.querySelector('#capture-caption').value = words; }"
    with office.away():
        for words, number in (("Gift", 1), ("", 3)):
            phone.evaluate(caption, words)
            phone.give(GALLERY, pictures(tmp_path, number, 4_000 + number))
            wait_standing(phone, lambda rows, number=number: len(rows) == (1 if number == 1 else 4))  # type: ignore[misc]
    until_true(phone, lambda: len(office.world.stored) == 3)
    rows = wait_standing(phone, lambda rows: rows[0]["state"] == "needs-attention" and all_home(rows[1:]))
    assert rows[0]["error"] == "item.type"
    phone.open(f"{office.url}/unsent")
    wait_text(phone, "main", "Das Büro nimmt es so nicht an")
    wait_text(phone, "state-line", "1 Problem")
