"""What the phone does before it says "safe", and what it does when its own storage lets it down. In Chromium."""

import shutil

import pytest
from playwright.sync_api import Page

from tests.browser.engine import keep, meta
from tests.browser.offline_server import USERS, Office
from tests.browser.phone import (
    Phone,
    all_stored,
    from_gallery,
    go,
    pictures,
    rows,
    wait_model,
    wait_rows,
    wait_so,
)
from tests.browser.unsent import static_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

# Runs in the page, on a connection of its own, as another window would.
ON_STORE = """([work, ...values]) => new Promise((resolve, reject) => {
  const open = indexedDB.open('zollstock');
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const tx = open.result.transaction(['items', 'bytes', 'meta'], 'readwrite');
    const works = {
      back: (id) => {
        const items = tx.objectStore('items');
        items.get(id).onsuccess = ({ target }) => items.put({ ...target.result, state: 'saving' });
      },
      lose: (id) => tx.objectStore('bytes').delete(id),
      spoil: (id) => tx.objectStore('bytes').put(new ArrayBuffer(5004), id),
    };
    works[work](...values);
    tx.oncomplete = () => { open.result.close(); resolve(); };
    tx.onabort = () => reject(tx.error);
  };
})"""

# A disk that keeps less, or something else, than it was given.
SHORT = """() => { const add = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function (value, key) {
    return add.call(this, this.name === 'bytes' ? value.slice(1) : value, ...(key === undefined ? [] : [key])); }; }"""
OTHER = SHORT.replace("value.slice(1)", "new ArrayBuffer(value.byteLength)")


def pick(page: Page, files: list[dict[str, object]]) -> None:
    page.locator("input[type=file][multiple]").set_input_files(files)  # type: ignore[arg-type]


@pytest.mark.parametrize(("disk", "code"), [(SHORT, "lost-bytes"), (OTHER, "bytes-changed")])
def test_what_the_disk_did_not_keep_is_no_tick(phone: Phone, office: Office, disk: str, code: str) -> None:
    """The photo is read back before the tick: another length or content is said, and its row stays."""
    page = phone.install("/capture")
    page.locator(".capture-job-name", has_text="Ohne").wait_for()
    page.evaluate(disk)
    pick(page, pictures(1, 5_000))
    page.get_by_text("Der Browser hat es nicht gespeichert").wait_for()
    (row,) = rows(page)
    assert (row["state"], row["error"]) == ("lost-bytes", code)
    assert page.locator(".capture-safe").inner_text() == ""
    go(page)
    page.wait_for_timeout(300)
    assert office.world.stored == {}


def test_a_page_that_died_before_reading_back(phone: Phone, office: Office) -> None:
    """Rows found in saving are read back then: a whole one is sent, a broken one is said."""
    page = phone.install("/capture")
    with office.away():
        from_gallery(page, pictures(3, 5_000))
        whole, lost, spoilt = (row["id"] for row in rows(page))
        for work, ident in [("lose", lost), ("spoil", spoilt)]:
            page.evaluate(ON_STORE, [work, ident])
        for ident in (whole, lost, spoilt):
            page.evaluate(ON_STORE, ["back", ident])
        page.goto("/unsent")
        page.locator(".unsent-row").nth(2).wait_for()
    page = phone.open("/unsent")
    go(page)
    found = wait_rows(
        page,
        lambda found: (
            found[0]["state"] in ("stored", "linked")
            and {row["state"] for row in found[1:]} == {"lost-bytes"}
        ),
    )
    assert [(row["state"], row["error"]) for row in found[1:]] == [
        ("lost-bytes", "lost-bytes"),
        ("lost-bytes", "bytes-changed"),
    ]


def test_an_old_database_is_taken_over(phone: Phone, office: Office) -> None:
    """Version 1, as the first release left it: its unsent rows are sent, nothing of it is lost."""
    page = phone.open("/nothing")
    page.evaluate(
        """async (owner) => {
          const bytes = new TextEncoder().encode('ein altes Foto').buffer;
          const hash = [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((x) => x.toString(16).padStart(2, '0')).join('');
          const common = { owner, job: null, captured_at: '2026-11-20T10:00:00+01:00', made_ms: 1795000000000, state: 'queued', announced: false,
            offset: 0, attempts: 0, restarts: 0, next_try: 0, error: null, acked_ms: null, acked_sha256: null, rev: null };
          const photo = { ...common, id: '019aa000-0000-7000-8000-00000000000a', kind: 'photo', sha256: hash, size: bytes.byteLength, mime: 'image/jpeg',
            body: { kind: 'photo', job: null, captured_at: common.captured_at, caption: '', sha256: hash, size: bytes.byteLength, mime: 'image/jpeg' } };
          const note = { ...common, id: '019aa000-0000-7000-8000-00000000000b', kind: 'note', sha256: null, size: 0, mime: null,
            body: { kind: 'note', job: null, captured_at: common.captured_at, text: 'alt' } };
          await new Promise((resolve) => {
            const open = indexedDB.open('zollstock', 1);
            open.onupgradeneeded = () => {
              const items = open.result.createObjectStore('items', { keyPath: 'id' });
              items.createIndex('owner', ['owner', 'id']);
              items.createIndex('state', ['owner', 'state']);
              for (const name of ['bytes', 'thumbs', 'readmodel', 'meta']) open.result.createObjectStore(name);
              open.result.createObjectStore('log', { autoIncrement: true });
            };
            open.onsuccess = () => {
              const tx = open.result.transaction(['items', 'bytes'], 'readwrite');
              tx.objectStore('items').add(photo);
              tx.objectStore('items').add(note);
              tx.objectStore('bytes').add(bytes, photo.id);
              tx.oncomplete = () => { open.result.close(); resolve(); };
            };
          });
        }""",
        USERS["ali"],
    )
    page.goto("/unsent")
    wait_rows(page, lambda found: len(found) == 2 and all_stored(found))
    assert list(office.world.stored.values()) == [b"ein altes Foto"]


def test_a_newer_database_still_opens(phone: Phone, office: Office) -> None:
    """A version that was taken back by the office left its database: its steps only added."""
    page = phone.install("/capture")
    page.locator(".capture-job-name", has_text="Ohne").wait_for()
    page.goto("/nothing")
    page.evaluate(
        """() => new Promise((resolve) => { const open = indexedDB.open('zollstock', 99);
          open.onupgradeneeded = () => open.result.createObjectStore('tomorrow');
          open.onsuccess = () => { open.result.close(); resolve(); }; })"""
    )
    page.goto("/capture")
    from_gallery(page, pictures(1, 5_000))
    wait_rows(page, all_stored)


def test_a_connection_lost_behind_our_back(phone: Phone, office: Office) -> None:
    """iOS closes it in the background; the next photo is kept all the same."""
    page = phone.install("/capture")
    page.evaluate(
        """() => { const open = IDBDatabase.prototype.transaction; globalThis.broken = 0; let uses = 0;
          IDBDatabase.prototype.transaction = function (...all) {
            uses += 1;
            if (uses === 4 || uses === 25) { globalThis.broken += 1; this.close(); }
            return open.apply(this, all); }; }"""
    )
    from_gallery(page, pictures(2, 5_000))
    wait_rows(page, all_stored)
    assert page.evaluate("globalThis.broken") > 0


# A window still fetches pictures of the list it knows while another one has kept a newer list.
TWO_LISTS = """async (base) => {
  const { read, write } = await import(`${base}js/offline/db.js`);
  const { refresh } = await import(`${base}js/offline/readmodel.js`);
  await refresh(); // the page's own look, which may still be under way
  const [key] = await read(['readmodel'], (tx) => tx.objectStore('readmodel').getAllKeys());
  const fetched_ms = Date.now(), put = (kept) => write(['readmodel'], (tx) => tx.objectStore('readmodel').put(kept, key));
  const { model } = await read(['readmodel'], (tx) => tx.objectStore('readmodel').get(key));
  const fetched = globalThis.fetch, asked = [];
  globalThis.fetch = async (...all) => {
    asked.push(all[0]);
    await put({ model: { ...model, jobs: [] }, fetched_ms: fetched_ms + 1, warm: false });
    return fetched(...all);
  };
  await put({ model, fetched_ms, warm: false });
  // Another of the page's may have begun before that list; the next one looks at it.
  for (let looks = 0; looks < 3 && asked.length === 0; looks += 1) await refresh();
  globalThis.fetch = fetched;
  return [asked.length, (await read(['readmodel'], (tx) => tx.objectStore('readmodel').get(key))).model.jobs.length];
}"""


def test_a_slow_window_puts_no_old_list_over_a_newer_one(phone: Phone, office: Office) -> None:
    page = phone.install("/capture")
    wait_model(page)
    asked, jobs = page.evaluate(TWO_LISTS, static_of(page))
    assert asked > 0 and jobs == 0


def test_the_browser_is_asked_to_keep_our_data(phone: Phone, office: Office) -> None:
    page = phone.install("/capture")
    page.evaluate("navigator.storage.persist = async () => true")
    from_gallery(page, pictures(1, 5_000))
    wait_so(page, lambda: meta(page, "persisted") is True)


def test_a_photo_whose_disk_filled_up_behind_it_is_safe_all_the_same(phone: Phone, office: Office) -> None:
    """Its bytes lie there; only "may be sent" found no room. Nobody takes it again, and it goes later."""
    page = phone.install("/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    page.evaluate(
        """() => { SyncManager.prototype.register = async () => {}; const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (value, ...key) {
            if (value?.state === 'queued' && value.size > 0) throw new DOMException('full', 'QuotaExceededError');
            return put.call(this, value, ...key); }; }"""
    )
    from_gallery(page, pictures(1, 3_000))
    keep(page, USERS["ali"], "note", caption="Silikon")
    go(page)
    wait_rows(page, lambda found: found[0]["state"] == "saving" and all_stored(found[1:]))
    page.goto("/unsent")
    wait_rows(page, lambda found: len(found) == 2 and all_stored(found))
