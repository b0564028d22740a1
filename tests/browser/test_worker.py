"""The service worker: what it lets through, keeps, takes from other apps, and how it goes; in Chromium."""

import hashlib
import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.engine import meta
from tests.browser.offline_server import JOB, Office
from tests.browser.phone import (
    Phone,
    all_stored,
    ask,
    controlled,
    from_gallery,
    go,
    pictures,
    rows,
    shoot,
    take_away,
    wait_kept,
    wait_rows,
    wait_so,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

# What Android does when somebody shares to us: a form posted as a navigation.
SHARE = """async (files) => {
  const form = Object.assign(document.createElement('form'), { method: 'post', action: '/share', enctype: 'multipart/form-data' });
  const input = Object.assign(document.createElement('input'), { type: 'file', name: 'files', multiple: true });
  const text = Object.assign(document.createElement('textarea'), { name: 'text', value: files.text });
  const transfer = new DataTransfer();
  for (const one of files.files) {
    const bytes = Uint8Array.from(atob(one.base64), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], one.name, { type: one.type, lastModified: 1795600000000 }));
  }
  input.files = transfer.files;
  form.append(input, text);
  document.body.append(form);
  form.submit();
}"""
JPEG_OF_PAGE = """async () => {
  const canvas = new OffscreenCanvas(640, 480);
  const pen = canvas.getContext('2d');
  pen.fillStyle = 'teal';
  pen.fillRect(0, 0, 640, 480);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""

UPDATE_BREAKS = """async () => { const found = await navigator.serviceWorker.getRegistration(); await found.update().catch(() => {});
  while (found.installing) await new Promise((resolve) => setTimeout(resolve, 50)); }"""


def share(page: Page, files: list[dict[str, str]], text: str = "") -> None:
    with page.expect_navigation():
        page.evaluate(SHARE, {"files": files, "text": text})


def personal(page: Page) -> list[str]:
    """Return the names of caches that hold somebody's pages or pictures."""
    names: list[str] = ask(page, "caches.keys()")
    return [name for name in names if name.startswith(("pages-", "thumbs-"))]


def test_what_another_app_shares_is_kept_before_it_is_answered(phone: Phone, office: Office) -> None:
    """Without network: photo with its thumb, video, voice note; a file that is none of these is named."""
    page = phone.install("/")
    jpeg = page.evaluate(JPEG_OF_PAGE)
    other = "AAAAGGZ0eXBtcDQy"
    files = [
        {"name": "IMG-1.jpg", "type": "image/jpeg", "base64": jpeg},
        {"name": "VID-2.mp4", "type": "video/mp4", "base64": other},
        {"name": "PTT-3.opus", "type": "audio/ogg; codecs=opus", "base64": other},
        {"name": "IMG-4.HEIC", "type": "", "base64": other},
        {"name": "Plan.pdf", "type": "application/pdf", "base64": other},
    ]
    with office.away():
        share(page, files, "Fuge im Bad")
        page.get_by_text("4 Dateien sind auf dem Handy gesichert.").wait_for()
        page.get_by_text("1 Datei wurde nicht gesichert.").wait_for()
        kept = rows(page)
        assert [(row["kind"], row["mime"]) for row in kept] == [
            ("photo", "image/jpeg"),
            ("video", "video/mp4"),
            ("voice", "audio/ogg"),
            ("photo", "image/heic"),
        ]
        assert {row["body"]["caption"] for row in kept} == {"Fuge im Bad"} and {
            row["job"] for row in kept
        } == {None}
        assert [row["held"] for row in kept] == [row["sha256"] for row in kept]
        expect(page.locator(".sorter-strip img")).to_have_count(1)
    go(page)
    wait_rows(page, all_stored)
    assert len(office.world.stored) == 4


def test_shared_words_become_a_note(phone: Phone, office: Office) -> None:
    page = phone.install("/")
    with office.away():
        share(page, [], "Schlüssel liegt\nbeim Nachbarn")
        assert page.locator("textarea[name=text]").input_value() == "Schlüssel liegt\nbeim Nachbarn"
        # Cut in the middle of an emoji it was no address, and nothing came.
        share(page, [], "a" * 1_999 + "👍 und mehr")
        assert page.locator("textarea[name=text]").input_value() == "a" * 1_999 + "👍"


def test_what_another_app_shares_in_vain_is_said(phone: Phone, office: Office) -> None:
    """A clip larger than the memory cannot even be read: no bare error of the browser."""
    page = phone.install("/")
    wait_kept(page, "/offline")
    assert phone.context is not None
    (worker,) = phone.context.service_workers
    worker.evaluate("() => { Request.prototype.formData = async () => { throw new RangeError('memory'); }; }")
    with office.away():
        share(page, [{"name": "VID-2.mp4", "type": "video/mp4", "base64": "AAAAGGZ0eXBtcDQy"}])
        page.get_by_text("1 Datei wurde nicht gesichert. Der Browser hat es nicht gespeichert.").wait_for()
        assert rows(page) == []


def test_sharing_while_signed_out_keeps_nothing_and_says_so(phone: Phone, office: Office) -> None:
    page = phone.install("/")
    with office.away():
        page.goto("/unsent")
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("heading", name="Abgemeldet").wait_for()
        share(page, [{"name": "a.jpg", "type": "image/jpeg", "base64": "/9j/4A=="}])
        page.get_by_text("Erst anmelden, dann noch einmal teilen").wait_for()
        assert rows(page) == []


def test_the_kill_switch_takes_the_worker_and_leaves_the_photos(phone: Phone, office: Office) -> None:
    """Three photos wait; the worker goes with its caches; the photos stay, arrive, and a later worker comes back."""
    page = phone.install("/capture")
    files = pictures(3, 9_000)
    with office.away():
        from_gallery(page, files)
    office.world.worker_off = True
    page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    page.evaluate(
        "async () => { while (await navigator.serviceWorker.getRegistration()) await new Promise((r) => setTimeout(r, 50)); }"
    )
    assert page.locator(".capture-shutter").count() == 1, "the camera page was not reloaded"
    assert page.evaluate("caches.keys()") == []
    assert [row["held"] for row in rows(page)] == [row["sha256"] for row in rows(page)] and len(
        rows(page)
    ) == 3
    page = phone.open("/unsent")
    go(page)
    wait_rows(page, all_stored)
    wanted = sorted(hashlib.sha256(file["buffer"]).hexdigest() for file in files)  # type: ignore[arg-type]
    assert sorted(hashlib.sha256(data).hexdigest() for data in office.world.stored.values()) == wanted
    office.world.worker_off = False
    page = phone.open("/")
    controlled(page)
    wait_kept(page, "/offline")


def test_a_late_page_of_the_one_before_is_not_kept(phone: Phone, office: Office) -> None:
    """Ali's page was four seconds under way; Bea signed in meanwhile: nothing of his comes back to this phone."""
    first = phone.install("/")
    office.world.late = {"/jobs": 4.5}
    first.evaluate("() => { location.href = '/jobs'; }")
    wait_so(first, lambda: not office.world.late)  # drawn for him, and under way
    office.world.user, office.world.cache_key = "bea", "k2"
    second = phone.open("/")
    second.locator("state-line").get_by_text("Alles im Büro").wait_for()
    second.wait_for_timeout(6_000)
    assert [name for name in personal(second) if name.endswith("-k1")] == []
    session = second.evaluate(
        """() => new Promise((done) => { const open = indexedDB.open('zollstock'); open.onsuccess = () => {
          const q = open.result.transaction('meta').objectStore('meta').get('session');
          q.onsuccess = () => { open.result.close(); done(q.result); }; }; })"""
    )
    assert session["cacheKey"] == "k2" and not session["locked"]


def test_pages_that_come_after_signing_out_are_not_kept(phone: Phone, office: Office) -> None:
    """Signed out without network while the server still thinks otherwise: its next page leaves nothing behind."""
    page = phone.install("/")
    with office.away():
        page.goto("/unsent")
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("heading", name="Abgemeldet").wait_for()
    office.world.keeps_in = True
    page.goto("/jobs")
    page.wait_for_timeout(500)
    assert personal(page) == []


def test_no_banner_over_a_half_filled_form_and_no_reload(phone: Phone, office: Office) -> None:
    page = phone.install(f"/jobs/{JOB}")
    page.get_by_label("Notiz").fill("Die Fuge im")
    office.world.worker_note = "// newer"
    page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    page.evaluate(
        "async () => { while (!(await navigator.serviceWorker.getRegistration()).waiting) await new Promise((r) => setTimeout(r, 50)); }"
    )
    page.wait_for_timeout(300)
    assert page.locator(".update-banner").count() == 0
    page.get_by_label("Notiz").fill("")
    page.locator(".update-banner").wait_for()
    page.get_by_label("Notiz").fill("Die Fuge im Bad")
    page.get_by_role("button", name="Neu laden").click()
    page.get_by_text("Erst fertig machen").wait_for()
    assert page.get_by_label("Notiz").input_value() == "Die Fuge im Bad"
    page.get_by_label("Notiz").fill("")
    with page.expect_navigation():
        page.get_by_role("button", name="Neu laden").click()


def test_what_must_pass_by_the_worker_passes(phone: Phone, office: Office) -> None:
    """Row one of the rules, and for comparison one of the others: a page that the worker answers."""
    page = phone.install("/")
    page.reload()
    answered: dict[str, bool] = {}
    page.on("response", lambda one: answered.update({urlsplit(one.url).path: one.from_service_worker}))
    page.evaluate(
        """async (icon) => {
          const ways = [['/sync/have', { method: 'POST', body: '{"ids": []}' }], ['/login', {}], ['/service-worker.js', {}], ['/link/token', {}],
            ['/sign-out', { method: 'POST', redirect: 'manual' }], [icon, { headers: { Range: 'bytes=0-1' } }], ['/live', { headers: { Accept: 'text/event-stream' } }]];
          for (const [path, options] of ways) await fetch(path, options).catch(() => null);
        }""",
        office.assets.url("icons/favicon.svg"),
    )
    asked = {
        "/sync/have",
        "/login",
        "/service-worker.js",
        "/link/token",
        "/live",
        office.assets.url("icons/favicon.svg"),
    }
    wait_so(page, lambda: asked <= answered.keys())
    assert {path for path in asked if answered.get(path)} == set()
    page.evaluate("(path) => fetch(path)", office.assets.url("css/app.css"))
    wait_so(page, lambda: answered.get(office.assets.url("css/app.css")))
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((c) => c.keys())))).then((all) => all.flat().map((r) => new URL(r.url).pathname))"
    )
    assert not [
        path for path in kept if path.startswith(("/sync", "/login", "/service-worker", "/live", "/link"))
    ]


METAS = """() => new Promise((done) => { const open = indexedDB.open('zollstock'); open.onsuccess = () => {
  const store = (name) => open.result.transaction(name).objectStore(name);
  const keys = store('meta').getAllKeys();
  keys.onsuccess = () => { const models = store('readmodel').count(); models.onsuccess = () => { open.result.close(); done([keys.result, models.result]); }; }; }; })"""


@pytest.mark.parametrize("way", ["sign-out", "other user"])
def test_leaving_wipes_what_could_be_read_and_only_that(phone: Phone, office: Office, way: str) -> None:
    """Pages, pictures, read model and the name of the job last chosen go; unsent photos and settings stay."""
    page = phone.install(f"/capture?job={JOB}")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    wait_so(page, lambda: meta(page, "device"))  # from its first call, which comes after the camera
    phone.open("/jobs").close()
    with office.away():
        from_gallery(page, pictures(2, 4_000))
        if way == "sign-out":
            page.goto("/unsent")
            page.get_by_role("button", name="Abmelden").click()
            page.get_by_role("button", name="Abmelden und behalten").click()
            page.get_by_role("heading", name="Abgemeldet").wait_for()
    if way == "other user":
        office.world.user, office.world.cache_key = "bea", "k2"
        page = phone.open("/")
        page.locator("state-line").get_by_text("Alles im Büro").wait_for()
    wait_so(page, lambda: "last-job" not in ask(page, METAS)[0])
    keys, models = ask(page, METAS)
    wait_so(page, lambda: not [name for name in personal(page) if name.endswith("-k1")])
    assert {"device", "session"} <= set(keys)
    assert models == 0 or way == "other user"
    kept = rows(page)
    assert len(kept) == 2 and [row["held"] for row in kept] == [row["sha256"] for row in kept]
    assert [name for name in page.evaluate("caches.keys()") if name.startswith("static-")]


def test_half_a_new_version_does_not_shut_the_camera(phone: Phone, office: Office) -> None:
    """The office was renewed, the line broke while the worker fetched the new files, and then the cellar: the page kept last names scripts nobody has, so the old version opens."""
    page = phone.install("/capture")
    office.renew()
    office.world.breaks_at = 0.5
    page.goto("/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    page.evaluate(UPDATE_BREAKS)
    # A phone short of room gives up its HTTP cache first; it may hold what the page itself had loaded.
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    with office.away():
        page.goto("/capture")
        shoot(page, 1)


def test_another_worker_of_the_same_files_that_broke_off_takes_nothing_away(
    phone: Phone, office: Office
) -> None:
    """Only the worker's own script is new, and the line breaks while it fetches: the one before lives on the same files."""
    page = phone.install("/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    office.world.worker_note = "// newer"
    office.world.breaks_at = 0.5
    page.evaluate(UPDATE_BREAKS)
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    with office.away():
        page.goto("/capture")
        shoot(page, 1)


def test_a_window_of_a_release_that_is_gone_offers_the_new_one(phone: Phone, office: Office) -> None:
    """Two releases went by and the browser cleared its stores: a module of today in a page of before is nobody's code."""
    page = phone.install("/")
    office.renew()
    page.evaluate("caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name))))")
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.evaluate(
        """async () => { document.body.append(document.createElement('dictated-text'));
          const { wakeElements } = await import(document.querySelector('script[src*="js/main.js"]').src.replace('main.js', 'lib/elements.js'));
          wakeElements(); }"""
    )
    page.locator(".update-banner").wait_for()
    assert page.evaluate("customElements.get('dictated-text') === undefined")
    with page.expect_navigation():
        page.get_by_role("button", name="Neu laden").click()
    assert page.locator("body").get_attribute("data-version") == office.assets.version


def test_an_install_that_was_killed_pushes_out_no_whole_version(phone: Phone, office: Office) -> None:
    """The empty cache of a browser killed while installing is the newest before this one, and it is worth nothing."""
    page = phone.install("/")
    first = f"static-{office.assets.version}"
    page.evaluate("caches.open('static-000000000bad')")
    office.renew()
    page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())")
    page.locator(".update-banner").wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="Neu laden").click()
    wanted = [first, f"static-{office.assets.version}"]
    wait_so(page, lambda: [one for one in ask(page, "caches.keys()") if one.startswith("static-")] == wanted)


HANGS = r"""
const right = caches.match.bind(caches);
caches.match = (asked, ...more) => (/\/(js|css)\//.test(asked.url) ? new Promise(() => {}) : right(asked, ...more));"""


def test_the_program_comes_out_of_the_cache_without_the_worker(phone: Phone, office: Office) -> None:
    """Chromium ends a worker it takes for idle in the middle of its answers; what it was asked for then failed."""
    office.world.worker_note = HANGS
    page = phone.install("/capture")
    with office.away():
        page.goto("/capture")
        shoot(page, 1)


def test_a_file_that_lies_nowhere_comes_from_the_network(phone: Phone, office: Office) -> None:
    page = phone.install("/capture")
    take_away(page, "js/elements/photo-capture.js")
    page.goto("/capture")
    shoot(page, 1)
