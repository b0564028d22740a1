"""What empties a phone: the office's order, the browser itself, a full disk. And what nothing of it may touch."""

import shutil

import pytest
from playwright.sync_api import Page, expect

from tests.browser.engine import keep, meta, until_reported
from tests.browser.offline_server import USERS, Office
from tests.browser.phone import (
    Phone,
    all_stored,
    ask,
    from_gallery,
    go,
    go_until,
    pictures,
    rows,
    wait_rows,
    wait_so,
)
from tests.browser.windows import Windows, let_go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

CACHES = "caches.keys().then((names) => names.filter((name) => !name.startsWith('static-')))"


def ready(phone: Phone, office: Office) -> Page:
    """Return the camera of a phone the office has heard of."""
    page = phone.install("/capture")
    page.locator(".capture-job-name", has_text="Ohne").wait_for()
    until_reported(page, office)
    return page


def until_obeyed(page: Page, office: Office) -> None:
    wait_so(page, lambda: office.world.obeyed)
    page.get_by_role("heading", name="Anmelden").wait_for()


def is_empty(page: Page, device: str) -> bool:
    return rows(page) == [] and ask(page, CACHES) == [] and meta(page, "device") == device


def test_an_order_to_wipe_empties_everything_at_once(phone: Phone, office: Office) -> None:
    """Unsent things too: somebody at the office typed a word for it. The phone's name stays, and the office hears of it."""
    page = ready(phone, office)
    with office.away():
        from_gallery(page, pictures(2, 5_000))
        office.world.order = "wipe"
    device = office.world.states[0]["device"]
    go(page)
    until_obeyed(page, office)
    assert office.world.obeyed == [device]
    assert is_empty(page, device) and office.world.stored == {}
    wait_so(page, lambda: ask(page, "navigator.serviceWorker.getRegistration().then((found) => found?.active?.state ?? 'none')") in ("none", "activated"))  # fmt: skip


@pytest.mark.parametrize("signed_out", [False, True], ids=["session-ended", "signed-out-here"])
def test_a_phone_without_a_session_hears_the_order(phone: Phone, office: Office, signed_out: bool) -> None:
    """Its sessions were ended with the order: the 401 carries it, and a phone signed out long ago asks for it."""
    page = ready(phone, office)
    with office.away():
        from_gallery(page, pictures(1, 5_000))
        office.world.user = None
    device = office.world.states[0]["device"]
    if signed_out:
        page.goto("/login")
        wait_so(page, lambda: meta(page, "session")["locked"])
    office.world.order = "wipe"
    # The sign-in page asks of itself as well: a phone that was still hearing of no order has not asked again.
    go_until(page, lambda: office.world.obeyed)
    until_obeyed(page, office)
    assert is_empty(page, device)


def test_an_order_told_while_the_answer_is_lost(phone: Phone, office: Office) -> None:
    """Wiped, but the office does not know yet: it is told at the next contact, before anything else."""
    page = ready(phone, office)
    keep(page, USERS["ali"], "note", text_of="x")
    page.evaluate(
        """() => { const real = globalThis.fetch; globalThis.fetch = (path, ...rest) => (
          String(path).endsWith('/sync/obeyed') ? Promise.reject(new TypeError('cut')) : real(path, ...rest)); }"""
    )
    office.world.order = "wipe"
    go(page)
    page.get_by_role("heading", name="Anmelden").wait_for()
    until_obeyed(page, office)
    wait_so(page, lambda: not meta(page, "obeyed-owed"))


def test_first_send_then_wipe_waits_for_the_last_receipt(phone: Phone, office: Office) -> None:
    """What could be read goes at once, what is unsent is sent; the wipe comes after the later word of the server."""
    page = ready(phone, office)
    page.goto("/jobs")
    page.goto("/capture")
    with office.away():
        from_gallery(page, pictures(2, 5_000))
        office.world.wrong_receipts = True
        office.world.order = "send_then_wipe"
    device = office.world.states[0]["device"]
    go(page)
    wait_rows(page, lambda found: {row["state"] for row in found} == {"needs-attention"})
    wait_so(page, lambda: ask(page, CACHES) == [])
    assert office.world.obeyed == []
    office.world.wrong_receipts = False
    page.goto("/unsent")
    page.get_by_role("button", name="Jetzt senden").click()
    until_obeyed(page, office)
    assert is_empty(page, device) and len(office.world.stored) == 2


def test_first_send_then_wipe_spares_another_persons_things(phone: Phone, office: Office) -> None:
    page = ready(phone, office)
    with office.away():
        from_gallery(page, pictures(1, 5_000))
        office.world.user, office.world.cache_key = "bea", "k2"
        office.world.order = "send_then_wipe"
    page = ready(phone, office)
    keep(page, USERS["bea"], "note")
    go(page)
    wait_rows(
        page, lambda found: {row["state"] for row in found if row["kind"] == "note"} <= {"stored", "linked"}
    )
    go(page)
    page.wait_for_timeout(500)
    assert office.world.obeyed == []
    assert [row["held"] is not None for row in rows(page) if row["kind"] == "photo"] == [True]


def test_an_order_taken_back_is_forgotten(phone: Phone, office: Office) -> None:
    page = ready(phone, office)
    office.world.order = "send_then_wipe"
    office.world.wrong_receipts = True
    from_gallery(page, pictures(1, 5_000))
    wait_rows(page, lambda found: found[0]["state"] == "needs-attention")
    wait_so(page, lambda: meta(page, "order") == "send_then_wipe")
    office.world.order = None
    keep(page, USERS["ali"], "note")
    go(page)
    wait_rows(page, lambda found: found[1]["state"] in ("stored", "linked"))
    wait_so(page, lambda: meta(page, "order") is None)


def test_a_browser_that_emptied_the_database_is_found_out(phone: Phone, office: Office) -> None:
    """The twin of the canary stands outside: it says that something is gone and how much, and keeps the phone's name."""
    page = ready(phone, office)
    with office.away():
        from_gallery(page, pictures(2, 5_000))
        twin = "localStorage.getItem('zollstock-canary') ?? ''"
        wait_so(page, lambda: '"unsent":2' in page.evaluate(twin))
        device = meta(page, "device")
        page.goto("about:blank")
    page = phone.open("/nothing")
    page.evaluate("new Promise((resolve) => { const gone = indexedDB.deleteDatabase('zollstock'); gone.onsuccess = resolve; })")  # fmt: skip
    page = phone.open("/unsent")
    page.get_by_text("Der Browser hat den Speicher dieses Handys geleert").wait_for()
    assert "2 Einträge waren noch nicht im Büro" in page.locator("storage-banner").inner_text()
    assert meta(page, "device") == device
    page.get_by_role("button", name="Gelesen").click()
    wait_so(page, lambda: not meta(page, "wiped"))
    page.reload()
    page.locator("unsent-list .empty, unsent-list .unsent-list").first.wait_for(state="attached")
    page.wait_for_timeout(300)
    expect(page.locator("storage-banner")).to_have_text("")


def test_a_full_disk_gives_up_copies_before_it_refuses(chromium: Windows, office: Office) -> None:
    """Pages kept for the cellar and photos the office has make room; unsent ones never do."""
    page = chromium.new_context(base_url=office.url, service_workers="block").new_page()
    page.goto("/nothing")
    limit = {"origin": office.url, "quotaSize": 6_000_000}
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", limit)
    page.goto("/capture")
    page.locator(".capture-job-name", has_text="Ohne Auftrag").wait_for()
    from_gallery(page, pictures(2, 1_000_000))
    wait_rows(page, all_stored)
    go(page)
    wait_rows(page, lambda found: {row["state"] for row in found} == {"linked"})
    page.evaluate(
        "caches.open('pages-k1').then((cache) => cache.put('/old', new Response(new ArrayBuffer(1_500_000))))"
    )
    office.world.portal = True
    page.locator("input[type=file][multiple]").set_input_files(pictures(8, 1_000_000)[2:])  # type: ignore[arg-type]
    page.get_by_text("Der Speicher des Handys ist voll").wait_for(timeout=30_000)
    page.locator(".capture-done", has_text="Fertig").wait_for()
    found = rows(page)
    unsent = [row for row in found if row["state"] == "queued"]
    assert [row["held"] for row in unsent] == [row["sha256"] for row in unsent]
    assert [row["held"] for row in found[:2]] == [None, None]
    assert not page.evaluate("caches.has('pages-k1')")
    assert len(unsent) > 2, "more than fitted beside what the office had"
    let_go(page.context)


def test_a_disk_too_full_for_a_single_row_still_sends(chromium: Windows, office: Office) -> None:
    """Other apps filled the phone: no row can be changed any more, but everything arrives, and then there is room."""
    page = chromium.new_context(base_url=office.url, service_workers="block").new_page()
    page.goto("/capture")
    page.locator(".capture-job-name", has_text="Ohne Auftrag").wait_for()
    until_reported(page, office)
    with office.away():
        from_gallery(page, pictures(3, 1_000_000))
    # Every write fails, deletions do not: as Chromium does on a disk without room.
    page.evaluate(
        """() => { globalThis.full = true; const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (...all) {
            if (globalThis.full) { this.transaction.abort(); throw new DOMException('full', 'QuotaExceededError'); }
            return put.apply(this, all); };
          const gone = IDBObjectStore.prototype.delete;
          IDBObjectStore.prototype.delete = function (...all) {
            if (this.name === 'bytes') globalThis.full = false;
            return gone.apply(this, all); }; }"""
    )
    for _ in range(100):
        go(page)
        page.wait_for_timeout(200)
        if len(office.world.stored) == 3:
            break
    wait_so(page, lambda: len(office.world.stored) == 3)
    go(page)
    wait_rows(page, lambda found: {row["state"] for row in found} <= {"stored", "linked"})
    let_go(page.context)


def test_an_older_window_in_the_way_is_said(phone: Phone, office: Office) -> None:
    """A window that does not let go of the old database holds the new version up."""
    page = phone.open("/nothing")
    page.evaluate(
        """() => new Promise((resolve) => { const open = indexedDB.open('zollstock', 1);
          open.onupgradeneeded = () => {
            const items = open.result.createObjectStore('items', { keyPath: 'id' });
            items.createIndex('owner', ['owner', 'id']);
            items.createIndex('state', ['owner', 'state']);
            for (const name of ['bytes', 'thumbs', 'readmodel', 'meta']) open.result.createObjectStore(name);
            open.result.createObjectStore('log', { autoIncrement: true });
          };
          open.onsuccess = () => { globalThis.held = open.result; resolve(); }; })"""
    )
    other = phone.open("/capture")
    words = other.get_by_text("Zollstock ist noch in einem älteren Fenster offen")
    words.wait_for()
    # Longer than the look whether this window keeps anything, which must not put its own words there.
    other.wait_for_timeout(3_500)
    assert words.is_visible()
    page.close()
    words.wait_for(state="detached")
    from_gallery(other, pictures(1, 5_000))
    wait_rows(other, all_stored)
    phone.troubles.clear()


def test_a_window_lets_a_newer_one_in(phone: Phone, office: Office) -> None:
    page = ready(phone, office)
    other = phone.open("/nothing")
    assert (
        other.evaluate(
            """() => new Promise((resolve) => { const open = indexedDB.open('zollstock', 99);
          open.onsuccess = () => { open.result.close(); resolve('open'); };
          setTimeout(() => resolve('blocked'), 60_000); })"""
        )
        == "open"
    )
    from_gallery(page, pictures(1, 5_000))
    wait_rows(page, all_stored)
