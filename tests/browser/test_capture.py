"""The camera page in Chromium with its fake camera: hands, keys, phases, light and zoom, black pictures."""

import re
import shutil
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.domain.photos import TAGS_MAX, check_tags
from tests.browser.engine import meta
from tests.browser.offline_server import JOB, USERS, Office
from tests.browser.phone import Phone, painted, rows, shoot, wait_kept, wait_model, wait_rows, wait_so

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

# What the fake camera lacks: a light, a zoom, a focus. The page reads and sets them like any phone's.
GIFTED = """(() => {
  const can = MediaStreamTrack.prototype.getCapabilities, apply = MediaStreamTrack.prototype.applyConstraints;
  globalThis.asked = [];
  MediaStreamTrack.prototype.getCapabilities = function () {
    return { ...can.call(this), torch: true, zoom: { min: 1, max: 5, step: 0.1 }, focusMode: ['single-shot', 'continuous'] };
  };
  MediaStreamTrack.prototype.applyConstraints = function (wanted) {
    globalThis.asked.push(...(wanted.advanced ?? []));
    return Promise.resolve();
  };
})()"""
CHOSEN = "() => document.querySelector('input[name=phase]:checked')?.value ?? null"

BLACK = """() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  canvas.getContext('2d').fillRect(0, 0, 64, 48);
  const video = document.querySelector('video');
  video.srcObject = canvas.captureStream(10);
  return new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }));
}"""

# The middle of each edge is the element's own.
UNCOVERED = """(element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect(), x = (left + right) / 2, y = (top + bottom) / 2;
  return [[x, top + 4], [x, bottom - 4], [left + 4, y], [right - 4, y]].every(([x, y]) => element.contains(document.elementFromPoint(x, y)));
}"""


def camera(phone: Phone, path: str = f"/capture?job={JOB}", *, gifts: str = "") -> Page:
    """Open the camera page and wait until it can shoot."""
    page = phone.open("about:blank")
    if gifts:
        page.add_init_script(gifts)
    page.goto(path)
    ready(page)
    return page


def ready(page: Page) -> None:
    """Wait until the camera page can shoot and hears keys and fingers."""
    page.locator(".capture-shutter:not([disabled])").wait_for()
    painted(page)


def touch(page: Page, *steps: list[tuple[float, float]]) -> None:
    """Put fingers on the picture, move them step by step and lift them; places are parts of its width and height.

    However late they come here, for the page 20 ms lie between two steps: a tap that took half a second is none.
    """
    box = page.locator(".capture-view").bounding_box()
    assert box
    hand = page.context.new_cdp_session(page)
    began = time.time()
    for number, fingers in enumerate([*steps, []]):
        kind = "touchStart" if number == 0 else "touchMove" if fingers else "touchEnd"
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": finger}
            for finger, (x, y) in enumerate(fingers)
        ]
        event = {"type": kind, "touchPoints": points, "timestamp": began + number * 0.02}
        hand.send("Input.dispatchTouchEvent", event)


def swipe(page: Page, start: float, end: float) -> None:
    touch(page, [(start, 0.5)], [((start + end) / 2, 0.5)], [(end, 0.5)])


def test_a_swipe_over_the_picture_walks_through_the_phases(phone: Phone) -> None:
    """Left is the next one; none lies between the last and the first; the word stands over the picture."""
    page = camera(phone, gifts=GIFTED)
    seen = []
    for _ in range(6):
        swipe(page, 0.8, 0.3)
        seen.append(page.evaluate(CHOSEN))
    assert seen == ["before", "during", "after", "defect", "concealed", None]
    swipe(page, 0.2, 0.7)
    assert page.evaluate(CHOSEN) == "concealed"
    assert page.locator(".capture-word").inner_text() == "verdeckt"
    assert page.evaluate("() => asked.some((one) => 'pointsOfInterest' in one)") is False
    page.locator(".capture-shutter").click()
    (row,) = wait_rows(page, lambda found: len(found) == 1)
    assert row["body"]["phase"] == "concealed"


def test_keys_press_the_shutter_and_change_the_phase(phone: Phone) -> None:
    """Side keys where the browser hands them over, Enter, Space; a held key shoots once."""
    page = camera(phone)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(CHOSEN) == "before"
    for key in ("AudioVolumeUp", "AudioVolumeDown", "Camera", "Enter", " "):
        page.locator(".capture-shutter:not([disabled])").wait_for()
        page.evaluate(
            "(key) => dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true, bubbles: true }))",
            key,
        )
        page.evaluate("(key) => dispatchEvent(new KeyboardEvent('keydown', { key, repeat: true }))", key)
    wait_rows(page, lambda found: len(found) == 5)
    page.locator(".capture-done", has_text="Fertig").wait_for()
    assert len(wait_rows(page, lambda found: len(found) == 5)) == 5


def test_enter_on_a_button_is_the_buttons(phone: Phone) -> None:
    page = camera(phone)
    page.get_by_role("button", name="Raster").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Raster").get_attribute("aria-pressed") == "false"
    assert wait_rows(page, lambda found: True) == []


def test_the_grid_is_remembered(phone: Phone) -> None:
    page = camera(phone)
    page.locator(".capture-grid").wait_for(state="visible")
    page.get_by_role("button", name="Raster").click()
    page.locator(".capture-grid").wait_for(state="hidden")
    wait_so(page, lambda: "grid" in (meta(page, "camera") or {}))
    page.reload()
    page.locator(".capture-shutter:not([disabled])").wait_for()
    expect(page.get_by_role("button", name="Raster")).to_have_attribute("aria-pressed", "false")


def test_light_zoom_and_focus_stand_where_the_camera_has_them(phone: Phone) -> None:
    """Buttons ask the track for what its capabilities name; a pinch zooms on from where it stands."""
    page = camera(phone, gifts=GIFTED)
    page.get_by_role("button", name="Licht").click()
    page.get_by_role("button", name="Zoom 2-fach").click()
    assert last_asked(page, "zoom") == {"torch": True, "zoom": 2}
    touch(page, [(0.4, 0.4), (0.6, 0.4)], [(0.35, 0.4), (0.65, 0.4)], [(0.3, 0.4), (0.7, 0.4)])
    assert last_asked(page, "zoom")["zoom"] == pytest.approx(4, abs=0.1)
    touch(page, [(0.25, 0.5)])
    focus = last_asked(page, "pointsOfInterest")
    assert focus["focusMode"] == "single-shot"
    assert focus["pointsOfInterest"][0]["y"] == pytest.approx(0.5, abs=0.01)
    assert page.evaluate(CHOSEN) is None


def last_asked(page: Page, name: str) -> dict[str, Any]:
    """Return the newest set of abilities asked of the track that names this one."""
    asked = "(name) => asked.filter((one) => name in one)"
    wait_so(page, lambda: page.evaluate(asked, name))
    page.wait_for_timeout(50)
    last: list[dict[str, Any]] = page.evaluate(asked, name)
    return last[-1]


def test_without_light_and_zoom_there_are_no_buttons(phone: Phone) -> None:
    page = camera(phone)
    assert page.get_by_role("button", name="Licht").count() == 0
    assert page.get_by_role("button", name="Zoom 2-fach").count() == 0


def test_a_stream_the_system_ended_opens_again(phone: Phone) -> None:
    page = camera(phone)
    page.evaluate("""() => {
      const [track] = document.querySelector('video').srcObject.getVideoTracks();
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }""")
    page.get_by_text("Das Handy hat die Kamera weggenommen").wait_for()
    shoot(page, 1)


def test_a_black_picture_after_the_background_is_noticed(phone: Phone) -> None:
    """IOS calls the stream live and shows nothing; only a look at the pixels tells."""
    page = camera(phone)
    page.evaluate(BLACK)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("Das Bild war schwarz").wait_for()
    shoot(page, 1)


def test_a_press_into_the_black_picture_waits_for_a_fresh_one(phone: Phone) -> None:
    """Back from another app the finger is faster than the camera: what is kept is what the camera sees then."""
    page = camera(phone, gifts="delete globalThis.ImageCapture")  # as on an iPhone
    page.evaluate(BLACK)
    page.evaluate("""() => {
      document.dispatchEvent(new Event('visibilitychange'));
      document.querySelector('.capture-shutter').click();
    }""")
    page.get_by_text("✓ 1 auf dem Handy gesichert").wait_for()
    (row,) = rows(page)
    assert (row["body"]["kind"], row["size"] > 10_000) == ("photo", True), "a black picture is small"


def test_a_clip_ends_after_a_minute_and_goes_the_way_of_photos(phone: Phone, office: Office) -> None:
    """The clock of the page is the test's; the recorder records for real."""
    page = phone.open("about:blank")
    page.clock.install()
    page.add_init_script(RECORDER)
    page.goto(f"/capture?job={JOB}")
    ready(page)
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Video").click()
    page.get_by_role("button", name="Aufnahme beginnen").click()
    page.get_by_role("timer").wait_for()
    assert page.locator(".capture-done").get_attribute("aria-disabled") == ""
    wait_so(page, lambda: recorded(page) > 20_000)
    page.clock.fast_forward(60_000)
    page.get_by_text("✓ 1 auf dem Handy gesichert").wait_for()
    page.clock.resume()
    (row,) = wait_rows(page, home)
    assert (row["kind"], row["job"], row["body"]["phase"]) == ("video", JOB, "before")
    assert row["body"]["duration_ms"] == 60_000
    assert row["mime"] in ("video/mp4", "video/webm")
    assert len(office.world.stored[row["id"]]) == row["size"] > 10_000
    assert page.evaluate(PLAYS, office.world.stored[row["id"]].hex()) is True
    page.get_by_role("button", name="Aufnahme beginnen").wait_for()


# What the recorder has made so far no page shows: asked, it hands over a slice, as it does every five seconds.
RECORDER = """(() => {
  globalThis.MediaRecorder = class extends MediaRecorder {
    constructor(...given) {
      super(...given);
      globalThis.recorder = Object.assign(this, { bytes: 0 });
      this.addEventListener('dataavailable', ({ data }) => { this.bytes += data.size; });
    }
  };
})()"""


def recorded(page: Page) -> int:
    """Return how many bytes there are of the clip under way: one that is ended before its first is none."""
    bytes_so_far: int = page.evaluate(
        "() => { if (recorder.state === 'recording') recorder.requestData(); return recorder.bytes; }"
    )
    return bytes_so_far


PLAYS = """async (hex) => {
  const bytes = Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
  const video = Object.assign(document.createElement('video'), { muted: true, src: URL.createObjectURL(new Blob([bytes])) });
  return new Promise((resolve) => { video.oncanplay = () => resolve(video.videoWidth > 0); video.onerror = () => resolve(video.error.message); });
}"""
HIDDEN = """() => {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def home(found: list[dict[str, Any]]) -> bool:
    return bool(found) and all(row["state"] in ("stored", "linked") for row in found)


def test_a_clip_ends_with_the_same_shutter_and_when_the_page_hides(phone: Phone) -> None:
    page = camera(phone, gifts=RECORDER)
    page.get_by_role("button", name="Video").click()
    page.get_by_role("button", name="Aufnahme beginnen").click()
    page.get_by_role("timer").wait_for()
    wait_so(page, lambda: recorded(page))
    page.get_by_role("button", name="Aufnahme beenden").click()
    page.get_by_text("✓ 1 auf dem Handy gesichert").wait_for()
    page.get_by_role("button", name="Aufnahme beginnen").click()
    page.get_by_role("timer").wait_for()
    wait_so(page, lambda: recorded(page))
    page.evaluate(HIDDEN)
    page.get_by_text("✓ 2 auf dem Handy gesichert").wait_for()
    found = wait_rows(page, lambda found: len(found) == 2)
    assert all(0 < row["body"]["duration_ms"] < 60_000 for row in found)


# The head of a recording and its slices, as they lie on the disk.
HELD = """() => new Promise((done) => { const open = indexedDB.open('zollstock'); open.onsuccess = () => {
  const asked = open.result.transaction('meta').objectStore('meta').count(IDBKeyRange.bound('recording/', 'recording/~'));
  asked.onsuccess = () => { open.result.close(); done(asked.result); }; }; })"""


def test_a_clip_survives_a_dead_battery(lasting_phone: Phone) -> None:
    """What had been recorded until a few seconds before is there at the next start."""
    page = camera(lasting_phone)
    page.get_by_role("button", name="Video").click()
    began = time.monotonic()
    page.get_by_role("button", name="Aufnahme beginnen").click()
    wait_so(page, lambda: page.evaluate(HELD) > 1)
    lasting_phone.kill()
    took_ms = (time.monotonic() - began) * 1000
    page = lasting_phone.open("/capture")
    page.get_by_text("Eine unterbrochene Aufnahme wurde gerettet.").wait_for()
    (row,) = wait_rows(page, home)
    assert (row["kind"], row["job"]) == ("video", JOB)
    assert 4_000 < row["body"]["duration_ms"] < took_ms
    page.reload()
    page.locator(".capture-shutter:not([disabled])").wait_for()
    assert len(wait_rows(page, home)) == 1


# The microphone gives its first sound a while after the recording began; until then it would be empty.
SOUNDING = re.compile(r"Aufnahme läuft, noch 2:(?!59)")


def test_a_voice_note_on_the_camera_page(phone: Phone, office: Office) -> None:
    page = camera(phone)
    page.get_by_role("button", name="Sprache").click()
    page.get_by_role("button", name="Sprachnotiz aufnehmen").click()
    page.get_by_text(SOUNDING).wait_for()
    page.get_by_role("button", name="Beenden und sichern").click()
    page.get_by_text("✓ Sprachnotiz auf dem Handy gesichert").wait_for()
    (row,) = wait_rows(page, home)
    assert (row["kind"], row["job"]) == ("voice", JOB)
    assert row["mime"].startswith("audio/")
    assert 1_000 < row["body"]["duration_ms"] < 60_000
    assert len(office.world.stored[row["id"]]) == row["size"]
    page.keyboard.press("Escape")
    page.get_by_text("✓ 1 auf dem Handy gesichert").wait_for()


BEGUN = """([owner, id]) => new Promise((resolve) => { const open = indexedDB.open('zollstock'); open.onsuccess = () => {
  const tx = open.result.transaction('meta', 'readwrite'), meta = tx.objectStore('meta');
  meta.put({ owner, kind: 'voice', job: null, captured_at: '2026-11-24T10:42:07.120+01:00', fields: {}, mime: 'audio/mp4', thumb: null }, `recording/${id}`);
  meta.put({ bytes: new ArrayBuffer(700), ms: 5000 }, `recording/${id}/0001`);
  tx.oncomplete = () => { open.result.close(); resolve(); }; }; })"""


# As Chromium does it: the transaction with the bytes ends with the disk's error.
FULL = """{ const { commit } = IDBTransaction.prototype;
  IDBTransaction.prototype.commit = function () {
    if (!this.objectStoreNames.contains('bytes') || sessionStorage.getItem('room')) return commit.call(this);
    Object.defineProperty(this, 'error', { value: new DOMException('full', 'QuotaExceededError') });
    return this.abort();
  }; }"""


def test_a_recording_that_finds_no_room_says_so_and_stops_no_other(phone: Phone) -> None:
    """Its page died and the disk is full: it stays, the camera says what it needs, and with room it is whole."""
    page = phone.install("/")
    wait_model(page)
    page.evaluate(BEGUN, [USERS["ali"], BEFORE])
    page.evaluate(BEGUN.replace("10:42:07", "10:43:07"), [USERS["ali"], BEFORE[:-1] + "2"])
    page.add_init_script(FULL)
    page.goto("/capture")
    page.get_by_text("2 unterbrochene Aufnahmen brauchen mehr Platz auf dem Handy.").wait_for()
    assert rows(page) == []
    page.evaluate("sessionStorage.setItem('room', 'yes')")
    page.reload()
    page.get_by_text("gerettet").wait_for()
    wait_rows(page, lambda found: [row["size"] for row in found] == [700, 700])


def test_a_voice_note_outlives_the_form_and_the_page_it_stands_on(phone: Phone, office: Office) -> None:
    """Sending the form beside it ends and keeps it, its last seconds included; what a dying page left any page makes whole."""
    page = phone.install("/")
    wait_model(page)
    page.evaluate(BEGUN, [USERS["ali"], BEFORE])
    page.reload()
    (row,) = wait_rows(page, home)
    assert (row["kind"], row["size"]) == ("voice", 700)
    with office.away():
        page.goto(f"/notes/new?job={JOB}")
        page.get_by_role("button", name="Sprachnotiz aufnehmen").click()
        page.get_by_text(SOUNDING).wait_for()
        page.get_by_label("Notiz", exact=True).fill("Fuge")
        page.get_by_role("button", name="Notiz sichern").click()
        page.wait_for_url(f"**/jobs/{JOB}")
        made = [(row["kind"], row["job"]) for row in rows(page)[1:]]
        assert sorted(made) == [("note", JOB), ("voice", JOB)]


def test_nobody_is_recorded_who_left_before_the_microphone_came(phone: Phone) -> None:
    page = camera(phone)
    page.evaluate(
        """() => { const media = navigator.mediaDevices, get = media.getUserMedia.bind(media);
          media.getUserMedia = async (wanted) => { globalThis.asked = true; await new Promise((go) => (globalThis.allow = go)); return (globalThis.stream = await get(wanted)); }; }"""
    )
    page.get_by_role("button", name="Sprache").click()
    page.get_by_role("button", name="Sprachnotiz aufnehmen").click()
    page.keyboard.press("Escape")
    page.evaluate("allow()")
    page.evaluate(
        "async () => { while (!globalThis.stream?.getTracks().every((one) => one.readyState === 'ended')) await new Promise((go) => setTimeout(go, 50)); }"
    )
    assert rows(page) == []
    page.get_by_role("button", name="Sprache").click()
    page.get_by_text("Bis zu 3 Minuten").wait_for()


SILENT = """navigator.mediaDevices.getUserMedia = async () => {
  const sound = new AudioContext(), to = sound.createMediaStreamDestination(); await sound.suspend(); return to.stream; }"""


def test_a_note_without_a_sound_is_said_where_the_finger_is(phone: Phone) -> None:
    """Ended before the microphone gave anything: the camera page's own words stand behind the sheet."""
    page = camera(phone)
    page.evaluate(SILENT)
    page.get_by_role("button", name="Sprache").click()
    page.get_by_role("button", name="Sprachnotiz aufnehmen").click()
    page.get_by_text("Aufnahme läuft, noch").wait_for()
    page.get_by_role("button", name="Beenden und sichern").click()
    page.locator("voice-note", has_text="Die Aufnahme ist leer. Bitte noch einmal aufnehmen.").wait_for()
    page.get_by_role("button", name="Sprachnotiz aufnehmen").wait_for()
    assert rows(page) == []


BEFORE = "019aa000-0000-7000-8000-0000000000b1"


def with_model(office: Office, **more: Any) -> None:
    """Let the read model say more about the first job, and name a photo from before."""
    first, *others = office.world.jobs()
    before = {
        "id": BEFORE,
        "job": JOB,
        "thumb": f"/photos/{BEFORE}/renditions/thumb",
        "captured_at": "2026-11-20T10:00:00Z",
        "caption": "Wand am Fenster",
    }
    office.world.model = {"jobs": [first | more, *others], "befores": [before]}


def test_an_after_is_taken_over_its_before_without_network(lasting_phone: Phone, office: Office) -> None:
    """The list leads to the camera with the photo laid over; the shot is its pair; the list forgets it."""
    with_model(office)
    page = lasting_phone.install("/jobs")
    page.goto("/jobs")
    wait_kept(page, f"/photos/{BEFORE}/renditions/screen")
    lasting_phone.close()
    with office.away():
        page = lasting_phone.open("/befores")
        page.locator("missing-afters .job-row").click()
        page.locator(".capture-ghost").wait_for(state="visible")
        page.locator(".capture-job-name", has_text="Bad Müller").wait_for()
        slider = page.get_by_role("slider", name="Deckkraft des Vorher-Fotos")
        slider.fill("80")
        assert page.locator(".capture-ghost").evaluate("(layer) => layer.style.opacity") == "0.8"
        page.locator(".capture-shutter:not([disabled])").click()
        (row,) = wait_rows(page, lambda found: len(found) == 1)
        assert (row["body"]["pair_of"], row["body"]["phase"], row["job"]) == (BEFORE, "after", JOB)
        page.locator(".capture-ghost").wait_for(state="visible")
        swipe(page, 0.8, 0.3)
        page.locator(".capture-ghost").wait_for(state="hidden")
        page.goto("/befores")
        page.get_by_text("Zu jedem Vorher-Foto gibt es ein Nachher.").wait_for()


def test_a_before_of_this_phone_is_offered_at_once(phone: Phone) -> None:
    """Shot a minute ago, not sent yet: it can be laid over all the same."""
    page = camera(phone)
    page.locator("label", has_text="vorher").click()
    page.locator(".capture-shutter").click()
    page.get_by_text("✓ 1 auf dem Handy gesichert").wait_for()
    page.get_by_role("button", name="Vorher-Foto darüberlegen").click()
    page.locator(
        "dialog .job-row"
    ).tap()  # a click ends where it began; the list is drawn anew while it is sent
    page.locator(".capture-ghost").wait_for(state="visible")
    assert page.evaluate(CHOSEN) == "after"
    page.locator(".capture-shutter:not([disabled])").click()
    first, second = wait_rows(page, lambda found: len(found) == 2)
    assert second["body"]["pair_of"] == first["id"]
    page.get_by_role("button", name="Vorher-Foto wegnehmen").click()
    page.locator(".capture-ghost").wait_for(state="hidden")
    page.locator(".capture-shutter:not([disabled])").click()
    assert "pair_of" not in wait_rows(page, lambda found: len(found) == 3)[2]["body"]


def test_only_what_is_taken_over_a_before_is_its_after(phone: Phone) -> None:
    """Neither a voice note beside it nor a photo of another job: the place would count as done and leave the list."""
    page = phone.install(f"/capture?job={JOB}")
    wait_model(page)
    page.locator("label", has_text="vorher").click()
    shoot(page, 1)
    page.get_by_role("button", name="Vorher-Foto darüberlegen").click()
    page.locator(
        "dialog .job-row"
    ).tap()  # a click ends where it began; the list is drawn anew while it is sent
    page.locator(".capture-ghost").wait_for(state="visible")
    page.get_by_role("button", name="Sprache").click()
    page.get_by_role("button", name="Sprachnotiz aufnehmen").click()
    page.get_by_text(SOUNDING).wait_for()
    page.get_by_role("button", name="Beenden und sichern").click()
    page.get_by_text("✓ Sprachnotiz auf dem Handy gesichert").wait_for()
    page.keyboard.press("Escape")
    page.locator("input[type=file][multiple]").evaluate(GIVE, 1)
    wait_rows(page, lambda found: len(found) == 3)
    page.locator(".capture-job").click()
    page.locator(".chooser-row", has_text="Kita").click()
    page.locator(".capture-ghost").wait_for(state="hidden")
    page.locator(".capture-shutter:not([disabled])").click()
    found = wait_rows(page, lambda found: len(found) == 4)
    assert [row["body"].get("pair_of") for row in found] == [None] * 4


# Chromium on Linux reads no codes; the page only ever asks the detector what stands in the picture.
DETECTOR = """(() => {
  globalThis.BarcodeDetector = class {
    static getSupportedFormats() { return Promise.resolve(['qr_code']); }
    detect() { return Promise.resolve(globalThis.seen ? [{ rawValue: globalThis.seen }] : []); }
  };
})()"""


def test_a_sticker_in_the_picture_chooses_its_job(phone: Phone, office: Office) -> None:
    """Offline, by the read model; somebody else's code gets a sentence."""
    with_model(office, sticker="abc123")
    page = phone.install("/jobs")
    wait_model(page)
    page = camera(phone, "/capture", gifts=DETECTOR)
    with office.away():
        page.evaluate("() => { globalThis.seen = 'https://example.org/q/abc123'; }")
        scan(page)
        page.get_by_text("Das ist kein Auftrags-Aufkleber").wait_for()
        assert page.locator(".capture-job-name").inner_text() == "Ohne Auftrag"
        page.evaluate("() => { globalThis.seen = null; }")
        scan(page)
        page.get_by_text("Aufkleber in den Rahmen halten").wait_for()
        page.evaluate("() => { globalThis.seen = location.origin + '/q/abc123'; }")
        page.locator(".capture-job-name", has_text="Bad Müller").wait_for()
    page.reload()
    page.locator(".capture-job-name", has_text="Bad Müller").wait_for()


def scan(page: Page) -> None:
    page.get_by_role("button", name="Mehr").click()
    page.get_by_role("button", name="Aufkleber scannen").click()


def test_a_browser_that_reads_no_codes_says_what_to_do(phone: Phone) -> None:
    page = camera(phone)
    scan(page)
    page.get_by_text("Mit der Kamera-App des Handys auf den Aufkleber halten").wait_for()


def test_the_nearest_job_is_one_tap_away(phone: Phone, office: Office) -> None:
    """Only with the company's switch; computed here; shooting without the tap is an answer, too."""
    office.world.position = True
    with_model(office, place={"lat": 50.94, "lon": 6.96})
    page = phone.install("/jobs")
    wait_model(page)
    assert phone.context is not None
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"latitude": 50.9409, "longitude": 6.96})
    page = camera(phone, "/capture")
    offer = page.get_by_role("button", name="100 m: Bad Müller, Fliesen")
    offer.wait_for()
    assert page.locator(".capture-job-name").inner_text() == "Ohne Auftrag"
    offer.click()
    page.locator(".capture-job-name", has_text="Bad Müller").wait_for()
    offer.wait_for(state="hidden")
    page.locator(".capture-shutter:not([disabled])").click()
    (row,) = wait_rows(page, lambda found: len(found) == 1)
    assert row["job"] == JOB
    assert row["body"]["position"]["lat"] == pytest.approx(50.9409)


def test_a_file_chosen_at_once_still_goes_to_the_job_of_the_address(phone: Phone) -> None:
    """The gallery's answer may come before the job is known (found by the test of 300 captures)."""
    page = phone.open("about:blank")
    page.goto(f"/capture?job={JOB}", wait_until="commit")
    page.locator("input[type=file][multiple]").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + b"x" * 4000}
    )
    (row,) = wait_rows(page, lambda found: len(found) == 1)
    assert row["job"] == JOB


# A phone takes its time over each photo.
SLOWLY = """() => { const digest = crypto.subtle.digest;
  crypto.subtle.digest = async (...given) => { await new Promise((go) => setTimeout(go, 100)); return digest.apply(crypto.subtle, given); }; }"""
# One photo is read, and then the phone is busy with something else.
STUCK = """() => { const read = Blob.prototype.arrayBuffer; let left = 1;
  Blob.prototype.arrayBuffer = function () { return left-- > 0 ? read.call(this) : new Promise(() => {}); }; }"""
# What was chosen in the gallery, made yesterday. Playwright's own files are of this moment.
GIVE = """(input, count) => { const held = new DataTransfer();
  for (let n = 1; n <= count; n += 1) held.items.add(new File([new Uint8Array(3000).fill(n)], `${n}.jpg`, { type: 'image/jpeg', lastModified: Date.UTC(2026, 10, 20, 9, n) }));
  input.files = held.files; input.dispatchEvent(new Event('change')); }"""


def test_photos_of_the_gallery_stay_with_their_job_and_time(phone: Phone, office: Office) -> None:
    """Another job is chosen while they are being saved; the page thrown out behind the camera app comes back to that one."""
    office.world.position = True
    page = phone.install(f"/capture?job={JOB}")
    wait_model(page)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 50.94, "longitude": 6.96})
    page.locator(".capture-job-name", has_text="Bad Müller").wait_for()
    page.evaluate(SLOWLY)
    page.locator("input[type=file][multiple]").evaluate(GIVE, 5)
    page.locator(".capture-job").click()
    page.locator(".chooser-row", has_text="Kita").tap()  # drawn anew as soon as the phone knows where it is
    page.locator(".capture-job-name", has_text="Kita").wait_for()
    found = wait_rows(page, lambda found: len(found) == 5)
    assert {row["job"] for row in found} == {JOB}
    taken = [row["captured_at"] for row in found]
    assert len(set(taken)) == 5 and all(moment.startswith("2026-11-20T") for moment in taken)
    assert {row["body"]["position"] for row in found} == {None}
    page.reload()
    page.locator(".capture-job-name", has_text="Kita").wait_for()
    page.locator(".capture-job").click()
    page.get_by_role("button", name="Ohne Auftrag").click()
    wait_so(page, lambda: meta(page, "last-job") is None)
    page.reload()
    page.locator(".capture-job-name", has_text="Ohne Auftrag").wait_for()
    page.evaluate(STUCK)
    page.locator("input[type=file][multiple]").evaluate(GIVE, 9)
    wait_rows(page, lambda found: len(found) == 6)
    page.goto("/unsent")
    page.goto("/capture")
    page.get_by_text("bevor alle gewählten Fotos gesichert waren").wait_for()


def test_what_could_not_be_kept_stays_said_beside_what_was(phone: Phone) -> None:
    """An empty file among good ones: the ticks of those after it wiped its word away."""
    page = camera(phone)
    good = {"mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + b"x" * 4000}
    files: list[Any] = [
        {**good, "name": "1.jpg"},
        {**good, "name": "2.jpg", "buffer": b""},
        {**good, "name": "3.jpg"},
    ]
    page.locator("input[type=file][multiple]").set_input_files(files)
    expect(page.locator(".capture-safe")).to_have_text("✓ 2 auf dem Handy gesichert · 1 nicht")
    expect(page.locator(".capture-notice")).to_have_text(
        "Die Aufnahme ist leer. Bitte noch einmal aufnehmen."
    )
    page.locator(".capture-shutter").click()
    expect(page.locator(".capture-safe")).to_have_text("✓ 3 auf dem Handy gesichert · 1 nicht")
    expect(page.locator(".capture-notice")).to_be_hidden()


def test_no_photo_is_held_up_by_its_tags(phone: Phone) -> None:
    """What the office would refuse cannot be typed: every photo with it would have waited for good."""
    page = camera(phone)
    page.get_by_role("button", name="Worte").click()
    tags = page.locator("#capture-tags")
    tags.press_sequentially("Bad, Leitung ")
    expect(tags).to_have_value("Bad, Leitung ")
    tags.press_sequentially("links neben dem Fenster zum Hof, Rohr")
    expect(tags).to_have_value("Bad, Leitung links neben dem Fenster zum Hof, Rohr")
    tags.fill(", ".join(["👷🏽" * 30, *(f"Stichwort {n}" for n in range(30))]))
    page.keyboard.press("Escape")
    page.locator(".capture-shutter").click()
    (row,) = wait_rows(page, lambda found: len(found) == 1)
    taken = row["body"]["tags"]
    assert taken == list(check_tags(taken)) and len(taken) == TAGS_MAX and taken[1] == "Stichwort 0"


def test_two_taps_make_one_job(phone: Phone) -> None:
    page = camera(phone)
    page.locator(".capture-job").click()
    page.get_by_text("Neuer Auftrag").click()
    page.get_by_label("Name des Auftrags").fill("Küche Lang")
    page.get_by_role("button", name="Anlegen und wählen").dblclick()
    page.locator(".capture-job-name", has_text="Küche Lang").wait_for()
    shoot(page, 1)
    assert [row["kind"] for row in rows(page)] == ["job", "photo"]


def test_the_name_of_a_job_is_learnt_a_moment_later(phone: Phone) -> None:
    """The first page of this phone is the camera of a job: nobody has told it any names yet."""
    page = camera(phone)
    page.locator(".capture-job-name", has_text="Bad Müller, Fliesen").wait_for()
    page.goto("/capture")
    page.locator(".capture-job-name", has_text="Bad Müller, Fliesen").wait_for()


def test_of_jobs_with_one_name_the_number_says_which_is_chosen(phone: Phone, office: Office) -> None:
    first, second = office.world.jobs()
    office.world.model = {"jobs": [first, second | {"title": first["title"]}]}
    page = phone.install("/")
    wait_model(page)
    page.goto(f"/capture?job={JOB}")
    name = page.locator(".capture-job-name")
    expect(name).to_have_text("2026-118 · Bad Müller, Fliesen")
    page.locator(".capture-job").click()
    page.locator(".chooser-row", has_text="2026-121").click()
    expect(name).to_have_text("2026-121 · Bad Müller, Fliesen")


def test_fifty_jobs_of_one_name_are_found_by_their_numbers(phone: Phone, office: Office) -> None:
    """The sheet shows thirty and says that there are more."""
    first = office.world.jobs()[0]
    many = [
        first | {"id": f"{JOB[:-2]}{n:02x}", "number": f"2026-{n:03d}", "title": "Reparatur"}
        for n in range(50)
    ]
    office.world.model = {"jobs": many}
    page = phone.install("/")
    wait_model(page)
    page.goto("/capture")
    page.locator(".capture-job").click()
    expect(page.locator(".chooser-row")).to_have_count(30)
    page.get_by_text("und 20 weitere").wait_for()
    page.get_by_label("Auftrag suchen").fill("2026-047")
    expect(page.locator(".chooser-row")).to_have_count(1)
    page.locator(".chooser-row").click()
    expect(page.locator(".capture-job-name")).to_have_text("2026-047 · Reparatur")


def test_full_resolution_is_the_cameras_own_photo_and_remembered(phone: Phone) -> None:
    """The fake camera gives its own photos as PNG, so they can be told from the viewfinder's frames."""
    page = camera(phone)
    page.locator(".capture-shutter").click()
    page.get_by_text("✓ 1 auf dem Handy gesichert").wait_for()
    page.get_by_role("button", name="Mehr").click()
    page.get_by_label("Volle Auflösung").check()
    page.keyboard.press("Escape")
    # Nobody reloads within the milliseconds that keeping the choice takes; this test could.
    wait_so(page, lambda: (meta(page, "camera") or {}).get("quality") == "full")
    page.reload()
    page.locator(".capture-shutter:not([disabled])").click()
    first, second = wait_rows(page, lambda found: len(found) == 2)
    assert (first["mime"], second["mime"]) == ("image/jpeg", "image/png")


def test_without_a_camera_the_phones_own_takes_its_place(phone: Phone) -> None:
    """Refused or missing: the way to photos stays one tap."""
    page = phone.open("about:blank")
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(f"/capture?job={JOB}")
    page.get_by_text("Keine Kamera in der Seite").wait_for()
    page.locator(".capture-tool", has_text="Handykamera").wait_for(state="visible")
    page.get_by_role("button", name="Video").wait_for(state="hidden")
    page.locator("#capture-phone").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + b"x" * 4000}
    )
    (row,) = wait_rows(page, lambda found: len(found) == 1)
    assert row["job"] == JOB


def test_a_window_that_forgets_says_so_beside_what_the_camera_says(phone: Phone) -> None:
    """Neither covers the other: elementFromPoint is what the eye and the finger meet."""
    page = phone.open("about:blank")
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));"
        "StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'))"
    )
    page.goto("/capture")
    for words in ("Keine Kamera in der Seite", "Dieses Fenster vergisst beim Schließen alles"):
        page.get_by_text(words).wait_for()
    for place in (".capture-notice", "storage-banner .banner", ".capture-round:not([hidden])"):
        assert page.locator(place).first.evaluate(UNCOVERED), place


def test_the_tick_is_felt(phone: Phone) -> None:
    """A short vibration comes with the tick, not with the press."""
    page = camera(
        phone,
        gifts="Navigator.prototype.vibrate = (ms) => (globalThis.felt = [...(globalThis.felt ?? []), ms], true)",
    )
    shoot(page, 2)
    wait_so(page, lambda: page.evaluate("() => felt") == [30, 30])


def test_dictated_words_come_into_the_caption(phone: Phone) -> None:
    """Before anybody speaks, the sheet says where the voice goes; offline there is no such button."""
    page = camera(phone, gifts=DICTATION)
    page.get_by_role("button", name="Worte").click()
    page.get_by_text("schickt die Stimme dafür an seinen Hersteller, nicht an Zollstock").wait_for()
    page.locator("#capture-caption").fill("Wand")
    page.get_by_role("button", name="Diktieren").click()
    page.get_by_text("Bitte sprechen.").wait_for()
    page.get_by_role("button", name="Diktat beenden").click()
    page.get_by_role("button", name="Diktieren").wait_for()
    assert page.locator("#capture-caption").input_value() == "Wand am Fenster feucht"
    page.locator("#capture-caption").fill("W" * 1_990)
    page.get_by_role("button", name="Diktieren").click()
    page.get_by_role("button", name="Diktat beenden").click()
    assert page.locator("#capture-caption").input_value() == "W" * 1_990 + " am Fenste"
    page.keyboard.press("Escape")
    page.evaluate("() => Object.defineProperty(navigator, 'onLine', { value: false, configurable: true })")
    page.get_by_role("button", name="Worte").click()
    page.locator("#capture-tags").wait_for()
    page.get_by_role("button", name="Diktieren").wait_for(state="hidden")


# The browser's ear: it hears one sentence at once.
DICTATION = """globalThis.SpeechRecognition = globalThis.webkitSpeechRecognition = class {
  start() {
    const result = Object.assign([{ transcript: ' am Fenster feucht' }], { isFinal: true });
    this.onresult({ results: [result], resultIndex: 0 });
  }
  stop() { this.onend(); }
}"""
