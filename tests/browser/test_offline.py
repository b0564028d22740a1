"""The phone keeps what it is given: the scenarios of offline-pwa.md §5.6, one test each, in Chromium.

The numbers in brackets are those of the list there. (5) is the server's, (11) needs WebKit.
"""

import hashlib
import shutil
from functools import partial
from threading import Event
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from server.web import static
from tests.browser.engine import call, meta, until_reported
from tests.browser.offline_server import JOB, USERS, Office
from tests.browser.phone import (
    MODELS,
    Phone,
    all_stored,
    ask,
    from_gallery,
    go,
    go_until,
    pictures,
    rows,
    shoot,
    wait_kept,
    wait_model,
    wait_rows,
    wait_so,
)
from tests.browser.windows import Windows, let_go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]


def hashes(office: Office) -> list[str]:
    return sorted(hashlib.sha256(data).hexdigest() for data in office.world.stored.values())


def test_twelve_photos_survive_a_dead_battery(lasting_phone: Phone, office: Office) -> None:
    """(1) Cold start without a server, twelve shots, SIGKILL, cold start again, then the network returns."""
    lasting_phone.install(f"/capture?job={JOB}").locator(".capture-shutter:not([disabled])").wait_for()
    lasting_phone.close()
    with office.away():
        shoot(lasting_phone.open(f"/capture?job={JOB}"), 12)
        lasting_phone.kill()
        page = lasting_phone.open("/unsent")
        page.locator(".unsent-row").nth(11).wait_for()
        kept = rows(page)
        assert len(kept) == 12
        assert [row["held"] for row in kept] == [row["sha256"] for row in kept]
        assert {row["job"] for row in kept} == {JOB}
        expect(page.locator("state-line")).to_contain_text("12 noch auf dem Handy")
    go(page)
    wait_rows(page, all_stored)
    assert hashes(office) == sorted(row["sha256"] for row in kept)


def arrived(office: Office, number: int) -> bool:
    return len(office.world.stored) >= number


def test_each_upload_cut_twice_arrives_once(phone: Phone, office: Office) -> None:
    """(2) The line breaks in the middle of two requests of every upload."""
    office.world.cut_every = [90_000, 40_000]
    page = phone.install("/capture")
    files = pictures(12, 500_000)
    from_gallery(page, files)
    for number in range(1, 13):
        go_until(page, partial(arrived, office, number))
    wait_rows(page, all_stored)
    assert hashes(office) == sorted(hashlib.sha256(file["buffer"]).hexdigest() for file in files)  # type: ignore[arg-type]
    assert not any(office.world.cuts[ident] for ident in office.world.stored)


def test_a_bad_server_loses_nothing_and_stops_nobody(phone: Phone, office: Office) -> None:
    """(3) 503, then 429 with a time, then a session that ended in the middle."""
    ended: list[tuple[int, dict[str, str]]] = [(401, {})] * 200
    office.world.answers = [(503, {}), (429, {"Retry-After": "3600"}), *ended]
    page = phone.install("/capture")
    with office.away():
        from_gallery(page, pictures(2, 9_000))
    while len(office.world.answers) >= len(ended):
        left = len(office.world.answers)
        go(page)
        wait_rows(page, lambda found, left=left: len(found) == 2 and len(office.world.answers) < left)  # type: ignore[misc]
    office.world.user = None
    wait_rows(page, lambda found: {row["state"] for row in found} == {"paused-login"})
    shoot_more = page.locator(".capture-shutter:not([disabled])")
    shoot_more.click()
    wait_rows(page, lambda found: len(found) == 3)
    page.locator(".capture .state-line", has_text="Anmeldung nötig").wait_for()
    office.world.user = "ali"
    office.world.answers.clear()
    go(page)
    wait_rows(page, all_stored)
    assert len(office.world.stored) == 3


def test_a_receipt_with_another_hash_frees_nothing(phone: Phone, office: Office) -> None:
    """(4) The server says stored, but not our bytes."""
    office.world.wrong_receipts = True
    page = phone.install("/capture")
    from_gallery(page, pictures(1, 5_000))
    (row,) = wait_rows(page, lambda found: found[0]["state"] == "needs-attention")
    assert (row["error"], row["held"]) == ("receipt", row["sha256"])
    office.world.wrong_receipts = False
    page.goto("/unsent")
    page.get_by_role("button", name="Senden", exact=True).click()
    wait_rows(page, all_stored)


def test_a_captive_portal_is_no_receipt(phone: Phone, office: Office) -> None:
    """Every answer is 200 with somebody else's page."""
    office.world.portal = True
    page = phone.install("/capture")
    from_gallery(page, pictures(1, 5_000))
    go(page)
    page.goto("/unsent")
    page.get_by_text("Das WLAN verlangt erst eine Anmeldung").wait_for()
    assert [row["state"] for row in rows(page)] == ["queued"]
    office.world.portal = False
    page.get_by_role("button", name="Jetzt senden").click()
    wait_rows(page, all_stored)


def test_two_windows_and_the_worker_send_each_slice_once(phone: Phone, office: Office) -> None:
    """(6) All three drain at the same moment."""
    first = phone.install("/capture")
    second = phone.open("/unsent")
    with office.away():
        from_gallery(first, pictures(4, 700_000))
    office.world.delay_s = 0.05
    assert phone.context is not None
    fire_sync(first, office.url)
    go(first)
    go(second)
    wait_rows(first, all_stored)
    assert len(office.world.slices) == len(set(office.world.slices))
    assert len(office.world.stored) == 4


def fire_sync(page: Page, origin: str) -> None:
    """Let the browser's Background Sync happen now."""
    found: list[str] = []
    cdp = page.context.new_cdp_session(page)
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(one["registrationId"] for one in told["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    wait_so(page, lambda: found)
    told = {"origin": origin, "registrationId": found[0], "tag": "outbox", "lastChance": False}
    cdp.send("ServiceWorker.dispatchSyncEvent", told)


def test_the_worker_alone_sends(phone: Phone, office: Office) -> None:
    """The bonus: no window asks, the browser's sync event does."""
    page = phone.install("/capture")
    with office.away():
        from_gallery(page, pictures(2, 300_000))
        page.goto("about:blank")
    assert phone.context is not None
    watcher = phone.context.new_page()
    watcher.goto("/nothing")
    fire_sync(watcher, office.url)
    wait_so(watcher, lambda: len(office.world.stored) == 2)


def test_a_full_phone_keeps_what_it_has(chromium: Windows, office: Office) -> None:
    """(7) The disk is full at some photo: the ones before stay, the person is told."""
    page = chromium.new_context(base_url=office.url).new_page()
    # Whatever is only noticed because time was up would never be noticed here.
    page.add_init_script(
        "const set = setTimeout; globalThis.setTimeout = (act, ms, ...given) => set(ms >= 10_000 ? () => {} : act, ms, ...given);"
    )
    # The limit counts only for a storage that is not open yet.
    page.goto("/nothing")
    limit = {"origin": office.url, "quotaSize": 4_500_000}
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", limit)
    page.goto("/capture")
    page.locator(".capture-job-name", has_text="Ohne Auftrag").wait_for()
    office.world.portal = True
    page.locator("input[type=file][multiple]").set_input_files(pictures(8, 1_000_000))  # type: ignore[arg-type]
    page.get_by_text("Der Speicher des Handys ist voll").wait_for()
    page.locator(".capture-done", has_text="Fertig").wait_for()
    kept = rows(page)
    assert 1 <= len(kept) < 8
    assert [row["held"] for row in kept] == [row["sha256"] for row in kept]
    let_go(page.context)


def test_the_next_user_sees_and_sends_nothing_of_the_last(phone: Phone, office: Office) -> None:
    """(8) Sign out with unsent photos, sign in as somebody else, then as the first again."""
    page = phone.install("/capture")
    page.goto("/jobs")
    with office.away():
        page.goto("/capture")
        from_gallery(page, pictures(2, 5_000))
        office.world.user, office.world.cache_key = "bea", "k2"
    page.goto("/unsent")
    page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
    go(page)
    page.wait_for_timeout(300)
    assert office.world.stored == {}
    assert {row["owner"] for row in rows(page)} == {USERS["ali"]}
    wait_so(page, lambda: "pages-k1" not in ask(page, "caches.keys()"))
    assert ask(page, "caches.keys()")
    wait_so(page, lambda: any(one["others"] for one in office.world.states))
    said = next(one for one in office.world.states if one["others"])
    assert (said["unsent"], said["others"], said["holds"]) == (0, 2, []) and said["oldest"]
    office.world.user, office.world.cache_key = "ali", "k3"
    page.goto("/unsent")
    wait_rows(page, all_stored)


def test_a_worker_that_hears_late_of_a_sign_in_takes_nothing_away(phone: Phone, office: Office) -> None:
    """Page and worker both take over a sign-in: the slower one must not wipe what the other has brought since."""
    page = phone.install("/jobs")
    wait_model(page)
    until_reported(page, office)
    session = meta(page, "session")
    call(page, "session", "adopt", {**session, "actor": None}, {**session, "cacheKey": "k0"})
    assert ask(page, MODELS) == 1 and meta(page, "reported_ms") and meta(page, "session") == session


@pytest.mark.parametrize("kept", ["pages-k1", "thumbs-k1"])
def test_what_comes_while_somebody_signs_out_is_not_kept(phone: Phone, office: Office, kept: str) -> None:
    """Page and picture were allowed to be kept when they began to come, and are not any more when they are here."""
    page = phone.install("/jobs")
    assert phone.context is not None
    (worker,) = phone.context.service_workers
    worker.evaluate(
        """(kept) => { const { open } = CacheStorage.prototype, { put } = Cache.prototype;
        CacheStorage.prototype.open = async function (name) {
          if (name === kept) await new Promise((go) => { globalThis.goOn = go; });
          return open.call(this, name); };
        Cache.prototype.put = async function (...all) { await put.apply(this, all); globalThis.written = true; }; }""",
        kept,
    )
    page.evaluate(
        "(thumb) => { void fetch(thumb); }", "/photos/019aa000-0000-7000-8000-0000000000f9/renditions/thumb"
    )
    page.goto("/jobs")
    wait_so(page, lambda: worker.evaluate("'goOn' in globalThis"))
    call(page, "session", "lock")
    worker.evaluate("() => { globalThis.written = false; goOn(); }")
    wait_so(page, lambda: worker.evaluate("globalThis.written"))
    wait_so(page, lambda: kept not in ask(page, "caches.keys()"))


def test_signing_out_offline_wipes_what_could_be_read(phone: Phone, office: Office) -> None:
    page = phone.install("/jobs")
    page.goto("/jobs")
    with office.away():
        phone.open("/capture").close()
        page.goto("/unsent")
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("heading", name="Abgemeldet").wait_for()
        page = phone.open("/jobs")
        page.get_by_role("heading", name="Abgemeldet").wait_for()
    assert not [name for name in ask(page, "caches.keys()") if name.startswith(("pages-", "thumbs-"))]


def test_a_new_sign_in_is_not_ended_by_the_sign_out_of_the_last(phone: Phone, office: Office) -> None:
    """Signed out in the cellar, and then came a new link: it would be used up, and nobody signed in."""
    page = phone.install("/unsent")
    page.get_by_role("button", name="Abmelden").wait_for()
    with office.away():
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("heading", name="Abgemeldet").wait_for()
    office.world.cache_key = "k2"
    page.goto("/jobs")
    page.locator("state-line").get_by_text("Alles im Büro").wait_for()
    assert office.world.user == "ali" and urlsplit(page.url).path == "/jobs"


def test_no_update_while_somebody_photographs(phone: Phone, office: Office) -> None:
    """(9) A new worker waits; the banner comes only once the camera is put down."""
    page = phone.install("/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    other = phone.open("/jobs")
    office.world.worker_note = "// newer"
    other.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    other.wait_for_timeout(1000)
    assert other.locator(".update-banner").count() == 0
    page.close()
    other.locator(".update-banner").wait_for()
    with other.expect_navigation():
        other.get_by_role("button", name="Neu laden").click()


def test_an_update_under_way_before_the_page_listens_is_offered(phone: Phone, office: Office) -> None:
    """On a slow phone the browser finds the new worker before the page's scripts are there to hear of it."""
    phone.install("/jobs").close()
    page = phone.open("about:blank")
    page.add_init_script(
        """{ const register = ServiceWorkerContainer.prototype.register;
        ServiceWorkerContainer.prototype.register = async function (...how) {
          const found = await register.apply(this, how);
          const heard = new Promise((done) => found.addEventListener('updatefound', done, { once: true }));
          await Promise.all([found.update(), heard]);
          setTimeout(() => { globalThis.listens = true; });
          return found;
        }; }"""
    )
    office.world.worker_note = "// newer"
    pack = office.world.held[static.PACK] = Event()
    page.goto("/jobs")
    wait_so(page, lambda: page.evaluate("globalThis.listens"))
    pack.set()
    page.locator(".update-banner").wait_for()


def test_the_sign_in_page_is_never_kept(phone: Phone, office: Office) -> None:
    """(10) A redirect to the sign-in page must not be kept as a job."""
    page = phone.install("/jobs")
    office.world.user = None
    page.goto(f"/jobs/{JOB}")
    page.get_by_role("heading", name="Anmelden").wait_for()
    page.wait_for_timeout(200)
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((c) => c.keys())))).then((all) => all.flat().map((r) => r.url))"
    )
    assert not [url for url in kept if "login" in url or JOB in url]


def test_order_survives_a_clock_that_steps_back(phone: Phone) -> None:
    """(12) Three hours back between two photos, and a restart of the page."""
    page = phone.install("/capture")
    files = pictures(3, 4_000)
    from_gallery(page, files[:1])
    page.reload()
    page.evaluate("{ const now = Date.now; Date.now = () => now() - 3 * 3600_000; }")
    from_gallery(page, files[1:])
    found = rows(page)
    assert [row["sha256"] for row in found] == [hashlib.sha256(file["buffer"]).hexdigest() for file in files]  # type: ignore[arg-type]
    assert found[1]["made_ms"] < found[0]["made_ms"]


def test_a_poisoned_item_stops_nobody(phone: Phone, office: Office) -> None:
    """(13) The first of the queue is refused for good; the others arrive, and it says why."""
    office.world.poisoned = {"Gift"}
    page = phone.install("/capture")
    page.locator("#capture-caption").wait_for(state="attached")
    with office.away():
        page.evaluate("document.querySelector('#capture-caption').value = 'Gift'")
        from_gallery(page, pictures(1, 4_000))
        page.evaluate("document.querySelector('#capture-caption').value = ''")
        page.locator("input[type=file][multiple]").set_input_files(pictures(3, 5_000))  # type: ignore[arg-type]
        wait_rows(page, lambda found: len(found) == 4)
    go(page)
    found = wait_rows(page, lambda found: sum(row["state"] in ("stored", "linked") for row in found) == 3)
    assert (found[0]["state"], found[0]["error"]) == ("needs-attention", "item.type")
    page.goto("/unsent")
    page.get_by_text("Das Büro nimmt es so nicht an").wait_for()
    expect(page.locator("state-line")).to_contain_text("1 Problem")


def test_back_without_network_shows_the_page_of_that_address(phone: Phone, office: Office) -> None:
    """(14) And a page that was never opened comes from the phone's own database."""
    page = phone.install("/")
    page.goto("/jobs")
    page.goto("/capture")
    wait_kept(page, "/jobs")
    wait_model(page)
    with office.away():
        page.go_back()
        page.get_by_role("heading", name="Seite /jobs").wait_for()
        # Back may come out of the browser's memory; asked for anew, the kept page says how old it is.
        page.goto("/jobs")
        page.locator("state-line", has_text="Stand ").wait_for()
        page.goto(f"/jobs/{JOB}")
        page.get_by_role("heading", name="Bad Müller, Fliesen").wait_for()
        assert "Lindenstr. 14" in page.locator("main").inner_text()


def test_questions_notes_and_new_jobs_work_offline(phone: Phone, office: Office) -> None:
    """Kept first, sent later, in the order job, words, question."""
    page = phone.install("/jobs")
    wait_model(page)
    with office.away():
        page.goto(f"/questions/new?job={JOB}")
        page.get_by_label("Frage an den Kunden").fill("Welche Fuge?")
        page.get_by_label("Antwort 1").fill("Hellgrau")
        page.get_by_role("button", name="Rückfrage sichern").click()
        page.locator(".pending-words", has_text="Welche Fuge?").wait_for()
        page.goto(f"/notes/new?job={JOB}")
        page.get_by_label("Notiz").fill("Silikon erst am Donnerstag")
        page.get_by_role("button", name="Notiz sichern").click()
        page.locator(".pending-words", has_text="Silikon").wait_for()
        page.goto("/capture")
        page.locator(".capture-job").click()
        page.locator(".chooser summary").click()
        page.get_by_label("Name des Auftrags").fill("Dachrinne Schmitz")
        page.get_by_role("button", name="Anlegen und wählen").click()
        page.locator(".capture-job-name", has_text="Dachrinne Schmitz").wait_for()
        shoot(page, 1)
    go(page)
    found = wait_rows(page, lambda found: len(found) == 4 and all_stored(found))
    sent = list(office.world.items.values())
    assert [item["kind"] for item in sent] == ["job", "photo", "note", "question"]
    assert sent[1]["job"] == next(row["id"] for row in found if row["kind"] == "job")
    assert (sent[3]["text"], sent[3]["choices"], sent[3]["job"]) == ("Welche Fuge?", ["Hellgrau"], JOB)


LAST_TIME = """async () => {
  const main = document.querySelector('script[src*="js/main.js"]').src;
  return (await import(main.replace('main.js', 'elements/capture/pickers.js'))).wordAboutLastTime();
}"""


def test_an_interrupted_system_camera_is_admitted(lasting_phone: Phone) -> None:
    """The browser died behind the phone's own camera: say so instead of pretending."""
    page = lasting_phone.install("/capture")
    page.locator(".capture-job-name", has_text="Ohne").wait_for()
    with page.expect_file_chooser():
        page.locator("input[capture]").evaluate("(input) => input.click()")
    wait_so(page, lambda: meta(page, "capture-open"))
    # Where the page is slow, it asks about the last time after the first tap: that is not the last time.
    assert page.evaluate(LAST_TIME) is None and meta(page, "capture-open")
    lasting_phone.kill()
    page = lasting_phone.open("/capture")
    page.get_by_text("Die Handykamera war offen").wait_for()


def test_an_empty_file_is_refused_with_a_sentence(phone: Phone) -> None:
    page = phone.install("/capture")
    page.locator("input[type=file][multiple]").set_input_files(
        {"name": "leer.jpg", "mimeType": "image/jpeg", "buffer": b""}
    )
    page.get_by_text("Die Aufnahme ist leer").wait_for()
    assert rows(page) == []


def test_a_damaged_upload_starts_again_and_then_asks_for_help(phone: Phone, office: Office) -> None:
    """460 once is the line; twice, a human looks. The bytes stay either way."""
    office.world.damaged = 1
    page = phone.install("/capture")
    from_gallery(page, pictures(1, 400_000))
    wait_rows(page, lambda found: found[0]["restarts"] == 1)
    go(page)
    wait_rows(page, all_stored)
    office.world.damaged = 2
    page.locator("input[type=file][multiple]").set_input_files(pictures(2, 300_000)[1:])  # type: ignore[arg-type]
    wait_rows(page, lambda found: len(found) == 2 and found[1]["restarts"] >= 1)
    go(page)
    row = wait_rows(page, lambda found: found[-1]["state"] == "needs-attention")[-1]
    assert (row["error"], row["restarts"], row["held"]) == ("hash", 2, row["sha256"])
    page.goto("/unsent")
    page.get_by_text("Die Aufnahme kam zweimal beschädigt an").wait_for()


def test_a_forgotten_upload_is_made_again(phone: Phone, office: Office) -> None:
    office.world.forgets = [404, 410]
    page = phone.install("/capture")
    from_gallery(page, pictures(1, 3_000_000))
    wait_rows(page, all_stored)
    (ident,) = office.world.stored
    assert office.world.forgets == []
    assert office.world.slices.count((ident, 0)) == 3


def test_a_phone_too_old_keeps_its_queue_and_asks_for_the_update(phone: Phone, office: Office) -> None:
    office.world.answers = [(426, {})] * 9
    page = phone.install("/capture")
    from_gallery(page, pictures(2, 5_000))
    page.goto("/unsent")
    page.get_by_text("Zollstock ist veraltet. Seite neu laden").wait_for()
    assert [row["state"] for row in rows(page)] == ["queued", "queued"]
    office.world.answers = []
    page.get_by_role("button", name="Jetzt senden").click()
    wait_rows(page, all_stored)


def test_bytes_go_a_week_after_a_confirmed_receipt(phone: Phone, office: Office) -> None:
    """Not by the receipt, not by the later word of the server, but by both and seven days."""
    page = phone.install("/capture")
    from_gallery(page, pictures(1, 5_000))
    wait_rows(page, all_stored)
    go(page)
    wait_rows(page, lambda found: found[0]["state"] == "linked")
    # The phone's own clock frees nothing, however far it jumps: only the server's counts.
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 3650 * 86400_000; }")
    office.world.ahead_s = 6.9 * 86400
    from_gallery_again(page, pictures(2, 6_000)[1:])
    assert rows(page)[0]["held"]
    office.world.ahead_s = 7.1 * 86400
    go(page)
    found = wait_rows(page, lambda found: found[0]["state"] == "purgeable")
    assert found[0]["held"] is None


def from_gallery_again(page: Page, files: list[dict[str, object]]) -> None:
    """Keep more and wait until all of it is stored: a whole drain, with its purge, has gone by."""
    held = len(rows(page))
    page.locator("input[type=file][multiple]").set_input_files(files)  # type: ignore[arg-type]
    wait_rows(page, lambda found: len(found) == held + len(files) and all_stored(found))
    go(page)
    wait_rows(page, lambda found: {row["state"] for row in found} == {"linked"})


def test_lost_bytes_are_said_loudly(phone: Phone, office: Office) -> None:
    """The browser threw the bytes of one photo away: its row stays as a reminder, the other arrives."""
    page = phone.install("/capture")
    with office.away():
        from_gallery(page, pictures(2, 5_000))
        lost = rows(page)[0]["id"]
        page.evaluate(
            """(id) => new Promise((resolve) => { const open = indexedDB.open('zollstock'); open.onsuccess = () => {
              const tx = open.result.transaction('bytes', 'readwrite'); tx.objectStore('bytes').delete(id);
              tx.oncomplete = () => { open.result.close(); resolve(); }; }; })""",
            lost,
        )
    go(page)
    found = wait_rows(page, lambda found: [row["state"] for row in found] in (["lost-bytes", "stored"], ["lost-bytes", "linked"]))  # fmt: skip
    assert list(office.world.stored) == [found[1]["id"]]
    page.goto("/unsent")
    page.get_by_text("Der Browser hat die Aufnahme verloren").wait_for()
    expect(page.locator("state-line")).to_contain_text("1 Problem")


def test_what_the_office_deleted_waits_for_its_owner(phone: Phone, office: Office) -> None:
    """A tombstone wins over the upload, but only a human throws the bytes away."""
    page = phone.install("/capture")
    with office.away():
        from_gallery(page, pictures(1, 5_000))
        office.world.tombstones = {rows(page)[0]["id"]}
    go(page)
    (row,) = wait_rows(page, lambda found: found[0]["state"] == "needs-attention")
    assert (row["error"], row["held"]) == ("tombstone", row["sha256"])
    page.goto("/unsent")
    page.get_by_text("Im Büro gelöscht, bevor es ankam").wait_for()
    page.get_by_role("button", name="Entfernen").click()
    page.get_by_label("Zum Bestätigen").fill("weg")
    page.get_by_role("button", name="Endgültig entfernen").click()
    page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
    assert office.world.stored == {}


def test_what_the_office_took_back_from_the_trash_comes_by_itself(phone: Phone, office: Office) -> None:
    """There it "waits for the phone again", whose owner has nothing to do for it."""
    page = phone.install("/capture")
    with office.away():
        from_gallery(page, pictures(2, 5_000))
        kept, taken_back = (row["id"] for row in rows(page))
        office.world.tombstones = {kept, taken_back}
    go(page)
    wait_rows(page, lambda found: all(row["state"] == "needs-attention" for row in found))
    office.world.tombstones.remove(taken_back)
    office.world.items[taken_back] = {"kind": "photo", **rows(page)[1]["body"]}
    call(page, "report", "report", USERS["ali"], call(page, "session", "deviceId"))
    go(page)
    found = wait_rows(page, lambda found: found[1]["state"] in ("stored", "linked"))
    assert (found[0]["state"], found[0]["error"]) == ("needs-attention", "tombstone")


@pytest.mark.parametrize(
    "broken",
    [
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }",
        "IDBFactory.prototype.open = () => Object.setPrototypeOf(new EventTarget(), IDBOpenDBRequest.prototype)",
        "IDBObjectStore.prototype.put = () => { throw new DOMException('no', 'DataCloneError'); }",
    ],
    ids=["refused", "silent", "read-only"],
)
def test_a_browser_that_keeps_nothing_is_said_at_once(phone: Phone, broken: str) -> None:
    """(11) As a private window may do: nobody may photograph for an hour into nothing."""
    phone.open("/nothing")
    assert phone.context is not None
    phone.context.add_init_script(broken)
    page = phone.open("/capture")
    page.get_by_text("Dieses Fenster kann keine Fotos sichern").wait_for()
    assert page.locator("storage-banner").evaluate(
        "(box) => box.contains(document.elementFromPoint(180, box.getBoundingClientRect().y + 20))"
    )
    assert page.locator(".capture-shutter").is_disabled()
    # Everything else stumbles over the same storage, each in its own words; once the page is gone, nothing more does.
    page.goto("about:blank")
    phone.troubles.clear()


def test_where_nothing_can_be_kept_forms_and_signing_out_still_go(phone: Phone) -> None:
    """A dead storage makes no dead button: the form goes its plain way, and the server signs out."""
    phone.open("/nothing")
    assert phone.context is not None
    # Without a worker: what one has taken over Playwright does not see.
    phone.context.add_init_script("""IDBFactory.prototype.open = () => { throw new DOMException('gone', 'UnknownError'); };
        delete Navigator.prototype.serviceWorker;""")
    page = phone.open(f"/jobs/{JOB}")
    page.locator("storage-banner .banner").wait_for()
    page.get_by_label("Notiz").fill("Fuge im Bad")
    page.route("**/notes", lambda route: route.fulfill(body="da"))
    with page.expect_request("**/notes") as asked:
        page.get_by_role("button", name="Notiz sichern").click()
    assert "Fuge+im+Bad" in (asked.value.post_data or "")
    page.wait_for_url("**/notes")
    page.goto("/unsent")
    page.locator("storage-banner .banner").wait_for()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<form method=post action=/sign-out><button>Abmelden</button></form>')")  # fmt: skip
    page.get_by_role("button", name="Abmelden").click()
    page.wait_for_url("**/login")
    # Everything else stumbles over the same storage, each in its own words.
    page.goto("about:blank")
    phone.troubles.clear()


def test_a_new_job_is_made_and_listed_offline(phone: Phone, office: Office) -> None:
    page = phone.install("/jobs")
    with office.away():
        page.goto("/jobs/new")
        page.get_by_label("Name des Auftrags").fill("Carport Lehmann")
        page.get_by_role("button", name="Auftrag anlegen").click()
        page.get_by_role("heading", name="Carport Lehmann").wait_for()
        page.goto("/notes/new")
        page.get_by_label("Auftrag").select_option(label="Carport Lehmann")
        page.get_by_label("Notiz").fill("Pfosten morsch")
        page.get_by_role("button", name="Notiz sichern").click()
        page.locator(".pending-words", has_text="Pfosten morsch").wait_for()
    go(page)
    wait_rows(page, lambda found: len(found) == 2 and all_stored(found))
    job, note = office.world.items.values()
    assert (job["title"], note["text"]) == ("Carport Lehmann", "Pfosten morsch")


def test_the_page_of_a_job_the_office_does_not_have_yet(phone: Phone, office: Office) -> None:
    """With a slow network the page is asked for before the job has arrived."""
    page = phone.install("/jobs")
    with office.away():
        page.goto("/jobs/new")
        page.get_by_label("Name des Auftrags").fill("Carport Lehmann")
        page.get_by_role("button", name="Auftrag anlegen").click()
        page.get_by_role("heading", name="Carport Lehmann").wait_for()
        address = page.url
    page.goto("/jobs")
    page.goto(address)
    page.get_by_role("heading", name="Carport Lehmann").wait_for()


def test_two_taps_keep_a_note_once(phone: Phone, office: Office) -> None:
    page = phone.install("/jobs")
    wait_model(page)
    with office.away():
        page.goto(f"/notes/new?job={JOB}")
        page.get_by_label("Notiz").fill("Silikon erst am Donnerstag")
        page.evaluate("for (const _ of [1, 2]) document.querySelector('offline-form form').requestSubmit()")
        page.locator(".pending-words", has_text="Silikon").wait_for()
        assert len(rows(page)) == 1


def test_a_form_sent_before_its_element_lives_is_kept(phone: Phone, office: Office) -> None:
    """A quick thumb on a slow phone: the browser alone would post into nothing, and the words would be gone."""
    wait_model(phone.install("/jobs"))
    page = phone.open("about:blank")
    page.add_init_script(
        "{ const define = customElements.define; customElements.define = function (name, ...rest) {"
        " if (name === 'offline-form') setTimeout(() => define.call(this, name, ...rest), 1500);"
        " else define.call(this, name, ...rest); }; }"
    )
    with office.away():
        page.goto(f"/notes/new?job={JOB}")
        page.get_by_label("Notiz").fill("Silikon erst am Donnerstag")
        page.evaluate("document.querySelector('offline-form form').requestSubmit()")
        page.locator(".pending-words", has_text="Silikon").wait_for()
        assert [row["state"] for row in rows(page)] == ["queued"]
