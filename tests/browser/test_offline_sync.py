"""How the phone sends: what first, what never, and what it makes of a server that is not as it should be. Chromium."""

import shutil
from threading import Event

import pytest
from playwright.sync_api import Page

from tests.browser.engine import call, keep, meta, set_meta, until_reported
from tests.browser.offline_server import JOB, OTHER_JOB, USERS, Office
from tests.browser.phone import (
    Phone,
    all_stored,
    from_gallery,
    go,
    go_until,
    pictures,
    rows,
    wait_rows,
    wait_so,
)
from tests.browser.unsent import static_of
from tests.browser.windows import Windows, let_go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

ALI = USERS["ali"]
TEN_YEARS_MS = 3650 * 86400_000


BEGIN = "(module) => void import(module).then((sender) => sender.drain({ forced: true }))"


def ready(phone: Phone) -> Page:
    """Return a page that stands still, with the engine loaded."""
    page = phone.install("/capture")
    page.locator(".capture-job-name", has_text="Ohne").wait_for()
    return page


def asked(office: Office, method: str) -> list[str]:
    return [path for verb, path in office.world.seen if verb == method]


def test_everything_is_seen_before_the_first_original_goes(phone: Phone, office: Office) -> None:
    """Three stages: descriptions with thumbs of all, the previews of what is asked about, originals."""
    page = ready(phone)
    with office.away():
        ids = [keep(page, ALI, "photo", width=1700) for _ in range(3)]
        keep(page, ALI, "question", job=JOB, refs=[ids[1]], choices=[])
    go(page)
    wait_rows(page, lambda found: len(found) == 4 and all_stored(found), timeout_s=60)
    order = [path for verb, path, _ in office.world.log if verb in ("PUT", "POST", "PATCH")]
    described = [
        n for n, path in enumerate(order) if path.startswith("/sync/items/") and "preview" not in path
    ]
    previews = [n for n, path in enumerate(order) if path.endswith("/preview")]
    blobs = [n for n, path in enumerate(order) if path.startswith("/sync/blobs/")]
    assert len(described) == 4 and len(previews) == 1
    assert max(described) < previews[0] < min(blobs)
    assert list(office.world.previews) == [ids[1]]
    assert office.world.slices[0][0] == ids[1]


# A record of the database whose file is gone or cannot be read (Chromium keeps large values in files of their own).
UNREADABLE = """([id, name]) => { const get = IDBObjectStore.prototype.get;
  IDBObjectStore.prototype.get = function (key) {
    if (this.name === 'bytes' && key === id) return Promise.reject(new DOMException('Data lost due to missing file.', name));
    return get.call(this, key); }; }"""


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [("NotReadableError", "needs-attention", "unreadable"), ("DataError", "queued", "storage")],
)
def test_a_record_the_disk_does_not_give_out_stops_nobody(
    phone: Phone, office: Office, name: str, state: str, code: str
) -> None:
    """The oldest of three: the others arrive, it is said, and the archive of all holds what can be read."""
    phone.open("/nothing")
    assert phone.context is not None
    phone.context.add_init_script("SyncManager.prototype.register = async () => {};")
    page = ready(phone)
    with office.away():
        ids = [keep(page, ALI, "photo", width=1700) for _ in range(3)]
        keep(page, ALI, "question", job=JOB, refs=ids[:1], choices=[])
        page.evaluate(UNREADABLE, [ids[0], name])
    go(page)
    found = wait_rows(page, lambda found: all_stored(found[1:]) and found[0]["error"] == code)
    assert found[0]["state"] == state and sorted(office.world.stored) == sorted(ids[1:])
    with office.away():
        page.goto("/unsent")
        page.evaluate(UNREADABLE, [ids[0], name])
        with page.expect_download():
            page.get_by_role("button", name="Alles als ZIP sichern").click()
        page.get_by_text("1 Datei fehlt und steht nur in der Liste.").wait_for()


def test_a_phone_that_cannot_draw_sends_the_original_all_the_same(phone: Phone, office: Office) -> None:
    """No memory for a preview: without it the question waits for the original, and nothing waits for the preview."""
    phone.open("/nothing")
    assert phone.context is not None
    phone.context.add_init_script("SyncManager.prototype.register = async () => {};")
    page = ready(phone)
    with office.away():
        photo = keep(page, ALI, "photo", width=1700)
        keep(page, ALI, "question", job=JOB, refs=[photo], choices=[])
        page.evaluate(
            "() => { OffscreenCanvas.prototype.convertToBlob = async () => { throw new DOMException('no', 'EncodingError'); }; }"
        )
    go(page)
    wait_rows(page, all_stored)
    assert office.world.previews == {} and list(office.world.stored) == [photo]


def test_a_note_does_not_wait_for_a_long_upload(phone: Phone, office: Office) -> None:
    """What is made while an original is on its way goes between two of its slices."""
    page = ready(phone)
    slices = office.world.held["PATCH"] = Event()
    from_gallery(page, pictures(1, 2_500_000))
    wait_rows(page, lambda found: found[0]["offset"] > 0)
    keep(page, ALI, "note", job=JOB)
    slices.set()
    wait_rows(page, lambda found: all_stored(found) and len(found) == 2, timeout_s=60)
    order = [path for _, path, _ in office.world.log]
    blobs = [n for n, path in enumerate(order) if path.startswith("/sync/blobs/")]
    note = order.index(f"/sync/items/{rows(page)[1]['id']}")
    assert blobs[0] < note < blobs[-1]


def test_a_page_that_is_not_there_goes_on_sending(phone: Phone, office: Office) -> None:
    """Whoever lingers on "Hier ist nichts" must not hold the photos up; nothing else of us stands there."""
    page = ready(phone)
    with office.away():
        from_gallery(page, pictures(2, 5_000))
        wait_rows(page, lambda found: len(found) == 2)
        page.goto("/nothing")
    # However often it was tried in vain: what counts is that this page tries at all.
    set_meta(page, "hold", None)
    page.goto("/jobs/gone-since")
    page.get_by_text("Hier ist nichts").wait_for()
    wait_rows(page, all_stored)


def test_originals_wait_for_wifi_and_the_button_sends_them(phone: Phone, office: Office) -> None:
    """On a mobile line only descriptions and thumbs go, until somebody presses the button."""
    phone.open("/nothing")
    assert phone.context is not None
    phone.context.add_init_script(
        """Object.defineProperty(navigator, 'connection', { value: Object.assign(new EventTarget(), { type: 'cellular' }) });
        SyncManager.prototype.register = async () => {};
        navigator.wakeLock.request = async (kind) => { globalThis.awake = kind; return { release: async () => { globalThis.awake = 'slept'; } }; };"""
    )
    page = ready(phone)
    call(page, "prefs", "writePrefs", {"wifi_only": True})
    from_gallery(page, pictures(2, 5_000))
    wait_rows(page, lambda found: [row["error"] for row in found] == ["wifi", "wifi"])
    assert len(office.world.items) == 2 and not asked(office, "POST").count("/sync/blobs/")
    go(page)
    page.wait_for_timeout(300)
    assert office.world.stored == {}
    page.goto("/unsent")
    page.get_by_text("Die Aufnahme wartet auf WLAN").first.wait_for()
    page.get_by_role("button", name="Jetzt senden").click()
    wait_rows(page, all_stored)
    wait_so(page, lambda: page.evaluate("globalThis.awake") == "slept")


def test_what_was_asked_while_the_worker_sends_stays_asked(phone: Phone, office: Office) -> None:
    """ "Jetzt senden" on a costly line, and another window holds the lock: the next round sends, whoever starts it."""
    phone.open("/nothing")
    assert phone.context is not None
    phone.context.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { type: 'cellular', saveData: true } }); SyncManager.prototype.register = async () => {};"
    )
    page = ready(phone)
    keep(page, ALI, "photo", width=40)
    call(page, "upload", "drain")
    assert [row["error"] for row in rows(page)] == ["wifi"]
    page.evaluate(
        "() => void navigator.locks.request('outbox', () => new Promise((go) => (globalThis.free = go)))"
    )
    # The five seconds a window waits for the lock.
    page.evaluate(
        "() => { const set = setTimeout; globalThis.setTimeout = (act, ms) => set(act, ms === 5000 ? 50 : ms); globalThis.patient = () => { globalThis.setTimeout = set; }; }"
    )
    set_meta(page, "beat", page.evaluate("Date.now()"))
    assert call(page, "upload", "drain", {"human": True}) == "running"
    page.evaluate("() => { patient(); free(); }")
    call(page, "upload", "drain")
    assert len(office.world.stored) == 1


def test_what_its_owner_took_back_does_not_go(phone: Phone, office: Office) -> None:
    """Thrown away while a round is under way: not sent. A filing that is under way cannot be taken back any more."""
    page = ready(phone)
    with office.away():
        notes = [keep(page, ALI, "note", caption=str(number)) for number in range(8)]
        filing = keep(page, ALI, "filing", job=JOB, refs=["019aa000-0000-7000-8000-0000000000f1"])
    # Six go abreast: all but the first note stand still before the last one's turn.
    others, last = Event(), Event()
    office.world.held = {f"/sync/items/{note}": others for note in notes[1:7]}
    office.world.held[f"/sync/items/{filing}"] = last
    page.evaluate(BEGIN, office.assets.url("js/offline/upload.js"))
    wait_rows(page, lambda found: found[0]["announced"])
    call(page, "outbox", "remove", ALI, notes[-1])
    others.set()
    wait_rows(page, lambda found: found[-1]["state"] == "sending")
    assert call(page, "unsorted", "takeBack", [filing]) is False
    last.set()
    found = wait_rows(page, all_stored)
    assert len(found) == 8 and {row["id"] for row in found} == office.world.items.keys()


def test_photos_are_filed_after_they_are_known(phone: Phone, office: Office) -> None:
    page = ready(phone)
    with office.away():
        photo = keep(page, ALI, "photo", width=200)
        keep(page, ALI, "filing", job=JOB, refs=[photo])
        keep(page, ALI, "video", text="ein Film", duration_ms=4000)
    go(page)
    wait_rows(page, lambda found: len(found) == 3 and all_stored(found))
    # Two go at once on a quick line: which of these is first says nothing.
    first, second, last = (item["kind"] for item in office.world.items.values())
    assert {first, second} == {"photo", "video"} and last == "filing"


def test_a_merged_job_is_followed(phone: Phone, office: Office) -> None:
    page = ready(phone)
    office.world.merged = {JOB: OTHER_JOB}
    keep(page, ALI, "photo", job=JOB, width=200)
    go(page)
    (row,) = wait_rows(page, all_stored)
    assert (row["job"], row["body"]["job"]) == (OTHER_JOB, JOB)


def test_a_server_from_last_year(phone: Phone, office: Office) -> None:
    """It knows neither videos nor previews nor orders: what it does not take waits with its own sentence."""
    office.world.old = True
    page = ready(phone)
    with office.away():
        photo = keep(page, ALI, "photo", width=1700)
        keep(page, ALI, "question", job=JOB, refs=[photo], choices=[])
        keep(page, ALI, "video", text="ein Film", duration_ms=4000)
    go(page)
    found = wait_rows(page, lambda found: all_stored(found[:2]) and found[2]["state"] == "needs-attention")
    assert (found[2]["error"], found[2]["held"]) == ("item.word", found[2]["sha256"])
    page.goto("/unsent")
    page.get_by_text("Der Server kennt diese Art Eintrag noch nicht").wait_for()


def test_somebody_elses_refusal_parks_nothing(phone: Phone, office: Office) -> None:
    """A 404 or 403 that is not ours is a portal's or a proxy's word about the line, not about a photo."""
    page = ready(phone)
    office.world.answers = [(404, {}), (403, {}), (400, {})]
    from_gallery(page, pictures(1, 5_000))
    for left in (2, 1, 0):
        go(page)
        wait_rows(page, lambda found, left=left: len(office.world.answers) <= left)  # type: ignore[misc]
        assert rows(page)[0]["state"] != "needs-attention"
    go(page)
    wait_rows(page, all_stored)


def test_a_receipt_that_is_not_ready_is_waited_for(phone: Phone, office: Office) -> None:
    page = ready(phone)
    office.world.unfinished = True
    from_gallery(page, pictures(1, 5_000))
    (row,) = wait_rows(page, lambda found: found[0]["error"] == "unfinished")
    assert (row["state"], row["held"]) == ("queued", row["sha256"])
    office.world.unfinished = False
    go(page)
    wait_rows(page, all_stored)


def test_a_blocked_users_things_wait_with_their_reason(phone: Phone, office: Office) -> None:
    page = ready(phone)
    # A phone that has still to report is let in again by that, and its words are gone.
    until_reported(page, office)
    office.world.disabled = True
    from_gallery(page, pictures(2, 5_000))
    found = wait_rows(page, lambda found: {row["state"] for row in found} == {"needs-attention"})
    assert {row["error"] for row in found} == {"forbidden"}
    office.world.disabled = False
    page.goto("/unsent")
    page.get_by_text("Das Büro hat den Zugang gesperrt").first.wait_for()
    page.get_by_role("button", name="Jetzt senden").click()
    wait_rows(page, all_stored)


@pytest.mark.parametrize("jump_ms", [-TEN_YEARS_MS, TEN_YEARS_MS])
def test_a_clock_ten_years_off_delays_nothing(phone: Phone, office: Office, jump_ms: int) -> None:
    """Waiting times made before the clock jumped are none; order, sending and ages go on."""
    page = ready(phone)
    with office.away():
        from_gallery(page, pictures(1, 5_000))
        page.wait_for_timeout(200)
    set_meta(
        page, "hold", {"failures": 3, "until": page.evaluate("Date.now()") + TEN_YEARS_MS, "reason": "busy"}
    )
    set_meta(page, "beat", page.evaluate("Date.now()") + TEN_YEARS_MS)
    page.evaluate("(ms) => { const now = Date.now; Date.now = () => now() + ms; }", jump_ms)
    page.locator("input[type=file][multiple]").set_input_files(pictures(3, 6_000)[1:])  # type: ignore[arg-type]
    found = wait_rows(page, lambda found: len(found) == 3 and all_stored(found))
    assert [row["size"] for row in found] == [5_004, 6_004, 6_004]


def test_the_office_hears_how_a_phone_is(phone: Phone, office: Office) -> None:
    """A phone with nothing unsent reports once and then rests; one that sends reports what is left and why."""
    page = ready(phone)
    until_reported(page, office)
    first, heard = office.world.states[0], len(office.world.states)
    assert (first["unsent"], first["oldest"], first["holds"]) == (0, None, [])
    assert first["version"] and first["storage"]["works"] and first["storage"]["installed"] is False
    page.reload()
    page.locator(".capture-job-name").wait_for()
    page.wait_for_timeout(300)
    assert len(office.world.states) == heard
    office.world.poisoned = {"Gift"}
    keep(page, ALI, "photo", width=200, caption="Gift")
    go(page)
    wait_rows(page, lambda found: found[0]["state"] == "needs-attention" and len(office.world.states) > heard)
    told = office.world.states[-1]
    assert (told["unsent"], told["problems"]) == (1, 1)
    assert [(one["name"], one["state"], one["error"]) for one in told["holds"]] == [
        ("Gift", "needs-attention", "item.type")
    ]


def test_what_the_office_lost_is_sent_again(phone: Phone, office: Office) -> None:
    """A backup was played back there: before a copy goes here, the server is asked once more."""
    page = ready(phone)
    from_gallery(page, pictures(1, 5_000))
    wait_rows(page, all_stored)
    go(page)
    wait_rows(page, lambda found: found[0]["state"] == "linked")
    office.world.stored.clear()
    office.world.blobs.clear()
    office.world.items.clear()
    call(page, "prefs", "writePrefs", {"keep_days": 0})
    go(page)
    # With nothing to be kept a day, the copy may go as soon as the later word of the server is there.
    arrived = ("stored", "linked", "purgeable")
    wait_rows(page, lambda found: bool(office.world.stored) and found[0]["state"] in arrived)
    go(page)
    (row,) = wait_rows(page, lambda found: found[0]["state"] == "purgeable")
    assert row["held"] is None and len(office.world.stored) == 1


def test_a_browser_without_channels_and_locks(phone: Phone, office: Office) -> None:
    """Safari before 15.4: a window hears only itself, and the server's idempotence stands in for the lock."""
    phone.open("/nothing")
    assert phone.context is not None
    phone.context.add_init_script(
        "delete globalThis.BroadcastChannel; Object.defineProperty(navigator, 'locks', { value: undefined }); delete ServiceWorkerRegistration.prototype.sync;"
    )
    page = ready(phone)
    from_gallery(page, pictures(2, 5_000))
    wait_rows(page, all_stored)
    page.locator("header state-line", has_text="Alles im Büro").wait_for()


def test_a_line_that_breaks_is_tried_again_by_itself(phone: Phone, office: Office) -> None:
    """Nobody presses anything: the page waits as long as it must and goes on where the server stands."""
    page = ready(phone)
    office.world.cut_every = [120_000, 60_000, 200_000, 1_000]
    files = pictures(1, 900_000)
    from_gallery(page, files)
    wait_rows(page, all_stored, timeout_s=60)
    assert list(office.world.stored.values()) == [files[0]["buffer"]]
    assert not any(office.world.cuts.values())


def test_slices_follow_the_line(phone: Phone, office: Office) -> None:
    """A slice takes seconds on any line, and a slow line that moves is not taken for a dead one."""
    page = ready(phone)
    assert call(page, "line", "sliceSize") == 256 * 1024
    # 32 kbit/s of a line nobody knows yet: its first slice may take its time.
    assert call(page, "line", "patienceFor", 256 * 1024) > 256 * 1024 / 4_000 * 1000
    call(page, "line", "broke")
    assert call(page, "line", "sliceSize") == 128 * 1024
    for size, bytes_per_s, most in [(128 * 1024, 16_000, 192), (1024 * 1024, 1_250_000, 1024)]:
        for _ in range(8):
            call(page, "line", "arrived", size, size / bytes_per_s * 1000)
        found = call(page, "line", "sliceSize")
        assert found <= most * 1024 and found / bytes_per_s < 3
        assert call(page, "line", "patienceFor", found) > 4 * found / bytes_per_s * 1000
    assert call(page, "line", "width") == 2
    for _ in range(8):
        call(page, "line", "arrived", 1024 * 1024, 1024 * 1024 / 2_000 * 1000)
    assert call(page, "line", "sliceSize") == 16 * 1024 and call(page, "line", "width") == 1


def test_a_user_who_is_let_in_again_sends_by_himself(phone: Phone, office: Office) -> None:
    page = ready(phone)
    office.world.disabled = True
    from_gallery(page, pictures(1, 5_000))
    wait_rows(page, lambda found: found[0]["state"] == "needs-attention")
    office.world.disabled = False
    set_meta(page, "reported_ms", 0)
    page.reload()
    wait_rows(page, lambda found: found[0]["state"] != "needs-attention")
    go(page)
    wait_rows(page, all_stored)


@pytest.mark.parametrize("code", ["storage.full", "internal"])
def test_an_ailing_server_is_named_and_tried_again(phone: Phone, office: Office, code: str) -> None:
    page = ready(phone)
    office.world.ails = [code] * 100
    from_gallery(page, pictures(1, 5_000))
    error = "storage.full" if code == "storage.full" else "server"
    wait_rows(page, lambda found: found[0]["error"] == error and found[0]["attempts"] > 0)
    office.world.ails = []
    wait_rows(page, all_stored)


@pytest.mark.parametrize("broken", [False, True], ids=["loaded", "failed-once"])
def test_a_first_visit_that_loses_the_network(chromium: Windows, office: Office, broken: bool) -> None:
    """No worker yet, and the network goes before the first photo: the same page sends it when the network is back."""
    page = chromium.new_context(base_url=office.url, service_workers="block").new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    for module in ("upload", "recordings") if broken else ():
        page.route(f"**/offline/{module}.js", lambda route: route.abort())
    page.goto("/capture")
    page.locator(".capture-job-name", has_text="Ohne Auftrag").wait_for()
    if broken:
        go_until(page, lambda: office.world.states)
    until_reported(page, office)
    with office.away():
        from_gallery(page, pictures(1, 5_000))
    go(page)
    wait_rows(page, all_stored)
    assert troubles == []
    let_go(page.context)


def test_the_office_hears_what_was_removed_after_it_was_announced(phone: Phone, office: Office) -> None:
    """The description went, the bytes did not: removed on the phone, nobody waits for it; one unknown is nobody's news."""
    page = ready(phone)
    with office.away():
        gone, unknown = (keep(page, ALI, "photo", width=640) for _ in range(2))
        office.world.items[gone] = {"kind": "photo"}
        call(page, "outbox", "change", gone, {"announced": True})
        call(page, "outbox", "remove", ALI, gone)
        call(page, "outbox", "remove", ALI, unknown)
    # Nothing else is left on this phone, and still somebody has to say it.
    go(page)
    wait_so(page, lambda: not office.world.items and not meta(page, "withdrawn"))
    assert asked(office, "DELETE") == [f"/sync/items/{gone}"]


# Another window removes a second photo at the very moment this one strikes off the first.
IN_BETWEEN = """async ([base, owner, first, second]) => {
  const { oweWithdrawal, tellWithdrawn } = await import(`${base}js/offline/withdrawn.js`);
  await oweWithdrawal({ owner, id: first });
  const real = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode, ...rest) {
    if (mode === 'readwrite') {
      IDBDatabase.prototype.transaction = real;
      const meta = real.call(this, ['meta'], 'readwrite').objectStore('meta');
      meta.get('withdrawn').onsuccess = ({ target }) => meta.put([...target.result, { owner, id: second }], 'withdrawn');
    }
    return real.call(this, stores, mode, ...rest);
  };
  await tellWithdrawn(owner, owner);
  return new Promise((resolve) => {
    indexedDB.open('zollstock').onsuccess = ({ target }) => {
      target.result.transaction('meta').objectStore('meta').get('withdrawn').onsuccess = (got) => resolve(got.target.result);
    };
  });
}"""


def test_a_photo_removed_while_another_removal_is_told_is_told_too(phone: Phone, office: Office) -> None:
    page = ready(phone)
    until_reported(page, office)
    first, second = (f"019aa000-0000-7000-8000-0000000000e{n}" for n in (1, 2))
    assert page.evaluate(IN_BETWEEN, [static_of(page), ALI, first, second]) == [{"owner": ALI, "id": second}]


def test_the_office_hears_what_was_removed_while_its_description_was_on_its_way(
    phone: Phone, office: Office
) -> None:
    """The only photo of the phone: it is told although nothing else is left to send."""
    page = ready(phone)
    gone = keep(page, ALI, "photo", width=640)
    described = office.world.held["PUT"] = Event()
    go(page)
    wait_so(page, lambda: f"/sync/items/{gone}" in asked(office, "PUT"))
    call(page, "outbox", "remove", ALI, gone)
    assert not office.world.items
    described.set()
    wait_so(page, lambda: f"/sync/items/{gone}" in asked(office, "DELETE") and not office.world.items)
    wait_so(page, lambda: not meta(page, "withdrawn"))
    assert not office.world.stored
