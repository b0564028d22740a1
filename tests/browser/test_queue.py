"""The queue as its owner sees it: every item with its reason and its way out, on a real phone's browser."""

import hashlib
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.engine import call
from tests.browser.offline_server import JOB, USERS, Office
from tests.browser.phone import Phone, go, rows, wait_model, wait_rows, wait_so
from tests.browser.test_pages import ALL_RULES, AXE, COLOUR_RULES, RUN_AXE
from tests.browser.unsent import fill
from tests.browser.windows import Windows, let_go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]

HOUR_S = 3600
OWNER = USERS["ali"]

ALL_ITEMS = """async (work) => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
  const items = db.transaction('items', 'readwrite').objectStore('items');
  const rows = await new Promise((resolve) => { const all = items.getAll(); all.onsuccess = () => resolve(all.result); });
  for (const row of rows) items.put({ ...row, ...work });
  await new Promise((resolve) => { items.transaction.oncomplete = resolve; });
  db.close();
}"""
EVERY_STATE: list[dict[str, Any]] = [
    {"age_s": 5 * HOUR_S, "job": JOB, "announced": True},
    {"state": "needs-attention", "error": "receipt"},
    {"state": "lost-bytes", "error": "lost-bytes", "gone": True},
    {"kind": "question", "job": JOB, "body": {"text": "Welche Fuge?"}},
    {"kind": "video", "state": "paused-login", "error": "login"},
    {"kind": "voice", "thumb": False},
    {"kind": "job", "body": {"title": "Dachrinne Schmitz"}},
    {"state": "linked", "acked_ms": 1_780_000_000_000},
]
PREFS = """async () => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
  const prefs = db.transaction('meta').objectStore('meta').get('prefs');
  await new Promise((resolve) => { prefs.onsuccess = resolve; });
  db.close();
  return prefs.result;
}"""


@contextmanager
def cellar(phone: Phone, office: Office, specs: list[dict[str, Any]]) -> Iterator[Page]:
    """The list without a network, on a phone that holds all this; the network returns afterwards."""
    page = phone.install("/unsent")
    page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
    wait_model(page)
    with office.away():
        fill(page, OWNER, specs)
        page.goto("/unsent")
        page.locator(".unsent-row, .unsent-kept:not([hidden])").first.wait_for()
        yield page


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
    with cellar(phone, office, specs) as page:
        kept = rows(page)
        path = saved(page, "Alles als ZIP sichern", tmp_path)
        page.locator(".unsent-said", has_text=f"Gesichert als {path.name}").wait_for()
        assert [row["state"] for row in rows(page)] == [row["state"] for row in kept]
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


def test_copies_end_as_a_phone_opens_them(phone: Phone) -> None:
    page = phone.install("/unsent")
    types = {"image/jpeg": "jpg", "audio/x-m4a": "m4a", "audio/ogg;codecs=opus": "ogg", "image/gif": "gif", "video/3gpp": "3gpp",
             "video/quicktime": "mov", "application/octet-stream": "bin", "": "bin"}  # fmt: skip
    item = {
        "kind": "photo",
        "captured_at": "2026-11-23T10:42:07+01:00",
        "job": None,
        "size": 1,
        "body": {"phase": None},
    }
    for mime, ending in types.items():
        assert call(page, "files", "fileName", item | {"mime": mime}, None, 1).endswith(f"_001.{ending}")


def test_problems_stand_first_and_never_hide_the_others(phone: Phone, office: Office) -> None:
    """A long list of problems folds up; each says why and what helps."""
    with cellar(
        phone,
        office,
        [{"state": "needs-attention", "error": "photo.svg"} for _ in range(8)]
        + [{"gone": True}, {"job": JOB}, {"kind": "note", "body": {"text": "Silikon"}}],
    ) as page:
        expect(page.locator(".unsent-row")).to_have_count(7)
        page.get_by_text("Diese Datei ist kein Foto, das der Server kennt.").first.wait_for()
        page.get_by_role("button", name="Alle 9 zeigen").click()
        page.locator(".unsent-row").nth(10).wait_for()
        expect(page.get_by_text("Der Browser hat die Aufnahme verloren.")).to_have_count(1)
        expect(page.locator("state-line")).to_contain_text("9 Probleme")


def test_chosen_items_are_sent_and_the_others_wait(phone: Phone, office: Office, tmp_path: Path) -> None:
    """By keyboard: choose, see count and size, save copies, send."""
    later = {"attempts": 3, "error": "server", "size": 40_000}
    with cellar(
        phone, office, [later, later, {**later, "state": "needs-attention", "error": "receipt"}]
    ) as page:
        page.evaluate(ALL_ITEMS, {"next_try": time.time() * 1000 + 250_000})
        page.get_by_label("Alle wählen").check()
        page.get_by_text("3 gewählt · 120 kB").wait_for()
        page.get_by_label("Alle wählen").uncheck()
        expect(page.get_by_role("region", name="Gewählte")).to_be_hidden()
        boxes = page.locator(".unsent-box")
        for box in (0, 1):
            boxes.nth(box).press("Space")
        bar = page.get_by_role("region", name="Gewählte")
        bar.get_by_text("2 gewählt · 80 kB").wait_for()
        path = saved(page, "Kopien sichern", tmp_path)
        with zipfile.ZipFile(path) as archive:
            assert len(archive.namelist()) == 4
    bar.get_by_role("button", name="Senden").click()
    found = wait_rows(page, lambda found: sum(row["state"] in ("stored", "linked") for row in found) == 2)
    assert len(office.world.stored) == 2
    assert [row["state"] for row in found].count("queued") == 1
    page.get_by_role("region", name="Gewählte").wait_for(state="hidden")


def test_removing_takes_a_typed_word_and_shows_what_goes(phone: Phone, office: Office) -> None:
    with cellar(phone, office, [{"job": JOB}]) as page:
        page.locator(".unsent-open").click()
        page.locator("dialog").get_by_role("button", name="Entfernen").click()
        page.locator("dialog img").wait_for()
        remove = page.get_by_role("button", name="Endgültig entfernen")
        page.get_by_label("Zum Bestätigen").fill("we")
        expect(remove).to_be_disabled()
        page.keyboard.press("Escape")
        assert len(rows(page)) == 1
        page.locator(".unsent-open").click()
        page.locator("dialog").get_by_role("button", name="Entfernen").click()
        page.get_by_label("Zum Bestätigen").fill(" Weg ")
        remove.click()
        page.get_by_text("Auf diesem Handy wartet nichts").wait_for()
    assert rows(page) == []


def test_what_waits_for_hours_is_an_alarm_on_every_page(phone: Phone, office: Office) -> None:
    with cellar(phone, office, [{"age_s": 5 * HOUR_S}, {"age_s": 60}]) as page:
        page.get_by_text("Nicht gesendet seit 5 Stunden").wait_for()
        page.goto("/jobs")
        alarm = page.locator(".late-banner")
        alarm.get_by_text("2 Einträge warten auf dem Handy, der älteste seit 5 Stunden").wait_for()
        line = page.locator("state-line")
        expect(line).to_have_attribute("data-state", "late")
        expect(line).to_contain_text("2 noch auf dem Handy seit 5 Stunden")
        alarm.get_by_role("link", name="Ansehen").click()
        page.locator(".unsent-row").first.wait_for()
    go(page)
    wait_rows(page, lambda found: all(row["state"] in ("stored", "linked") for row in found))
    page.locator("state-line", has_text="Alles im Büro").wait_for()
    expect(page.locator(".late-banner")).to_have_count(0)


def test_a_clock_that_was_ahead_hides_no_alarm(phone: Phone, office: Office) -> None:
    """The oldest thing says of itself that it is of 2036; the one after it has waited for five hours."""
    parked = {"state": "needs-attention", "error": "receipt"}
    ahead = {**parked, "age_s": -10 * 365 * 24 * HOUR_S}
    with cellar(phone, office, [ahead, {**parked, "age_s": 5 * HOUR_S}]) as page:
        page.goto("/jobs")
        page.locator(".late-banner").get_by_text("der älteste seit 5 Stunden").wait_for()
    call(page, "report", "report", OWNER, call(page, "session", "deviceId"))
    told = datetime.fromisoformat(office.world.states[-1]["oldest"])
    assert timedelta(hours=4) < datetime.now(UTC) - told < timedelta(hours=6)


def test_what_holds_everything_up_is_said_where_the_page_is_open(phone: Phone, office: Office) -> None:
    """No row changes when the line turns out to be another one's, or the server busy: the open list says it all the same."""
    with cellar(phone, office, [{}]) as page:
        page.get_by_text("Kein Netz. Alles bleibt auf dem Handy").wait_for()
        office.world.portal = True
    go(page)
    page.get_by_text("Das WLAN verlangt erst eine Anmeldung").wait_for()
    office.world.portal, office.world.answers = False, [(429, {"Retry-After": "600"})] * 20
    go(page)
    page.get_by_text("Der Server hat viel zu tun").wait_for()


def test_sent_photos_say_when_they_leave_the_phone(phone: Phone, office: Office) -> None:
    """The rule is visible, and follows the setting of this phone."""
    with cellar(phone, office, [{"state": "linked", "age_s": HOUR_S, "acked_ms": 1_780_000_000_000}]) as page:
        page.evaluate(ALL_ITEMS, {"acked_ms": time.time() * 1000})
        page.goto("/unsent#settings")
        page.get_by_label("30 Tage").check(force=True)
        wait_so(page, lambda: (page.evaluate(PREFS) or {}).get("keep_days") == 30)
        page.locator(".unsent-kept > summary").click()
        page.get_by_text("Gesendete Fotos bleiben noch 30 Tage auf dem Handy").wait_for()
        page.get_by_text("vom Handy entfernt").wait_for()
        page.get_by_label("Originale nur im WLAN").check()
        wait_so(page, lambda: page.evaluate(PREFS) == {"wifi_only": True, "keep_days": 30})
        page.get_by_text("Speicher geschützt").wait_for()
        page.get_by_text(
            "Hier gehen auch die Originale immer"
        ).wait_for()  # Chromium at a desk tells no Wi-Fi


def test_progress_is_said_in_words(phone: Phone, office: Office) -> None:
    """More photos than segments share them; who does not see the rule hears it."""
    with cellar(
        phone,
        office,
        [{"state": "linked", "acked_ms": time.time() * 1000} for _ in range(30)]
        + [{"age_s": 30} for _ in range(10)],
    ) as page:
        rule = page.get_by_role("progressbar", name="Fotos im Büro")
        expect(rule).to_have_attribute("aria-valuetext", "30 von 40 Fotos sicher im Büro")
        expect(rule.locator("i")).to_have_count(24)
        expect(rule.locator("i.done")).to_have_count(18)
        fill(page, OWNER, [{"kind": "voice"}, {"kind": "note", "body": {"text": "Silikon"}}])
        page.goto("/unsent")
        expect(rule).to_have_attribute("aria-valuetext", "30 von 41 Aufnahmen sicher im Büro")


def test_signing_out_asks_what_becomes_of_unsent_things(phone: Phone, office: Office) -> None:
    """Kept for the next sign-in unless their owner types the word; without it nothing happens."""
    with cellar(phone, office, [{}, {}]) as page:
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("button", name="Löschen und abmelden").click()
        page.get_by_text("2 Einträge gingen verloren").wait_for()
        page.get_by_role("button", name="Behalten", exact=True).click()
        page.wait_for_timeout(200)
        assert len(rows(page)) == 2
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("button", name="Abmelden und behalten").click()
        page.get_by_role("heading", name="Abgemeldet").wait_for()
        assert len(rows(page)) == 2


def test_signing_out_without_its_question_keeps_everything(chromium: Windows, office: Office) -> None:
    """A first visit in the cellar, no worker yet: the dialog does not come, and he leaves all the same."""
    page = chromium.new_context(base_url=office.url, service_workers="block").new_page()
    page.goto("/unsent")
    page.locator("unsent-list:defined").wait_for()
    page.route("**/sign-out-dialog.js", lambda route: route.abort())
    office.world.portal = True
    fill(page, USERS["ali"], [{}, {}])
    page.get_by_role("button", name="Abmelden").click()
    page.wait_for_url("**/login")
    assert len(rows(page)) == 2
    assert call(page, "session", "activeSession") is None
    let_go(page.context)


def test_signing_out_throws_away_what_its_owner_types_away(phone: Phone, office: Office) -> None:
    with cellar(phone, office, [{}, {"kind": "note", "body": {"text": "Silikon"}}]) as page:
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("button", name="Löschen und abmelden").click()
        page.get_by_label("Zum Bestätigen").fill("weg")
        page.get_by_role("button", name="Endgültig entfernen").click()
        page.get_by_role("heading", name="Abgemeldet").wait_for()
        assert rows(page) == []


def test_an_archive_beyond_its_format_is_refused(phone: Phone, office: Office) -> None:
    """Without ZIP64 a ZIP holds 65,535 files and 4 GB: more is said, not written wrong."""
    page = phone.install("/unsent")
    base = page.locator("script[src*='main.js']").first.get_attribute("src")
    assert base
    tried = page.evaluate(
        """async (module) => {
          const { ZipWriter, ZipTooLarge, MAX_ZIP_FILES } = await import(module);
          const zip = new ZipWriter();
          const add = (count) => { for (let n = 0; n < count; n++) zip.add('a', new Uint8Array(1), '2026-11-23T10:42:07'); };
          add(MAX_ZIP_FILES);
          try { add(1); } catch (error) { return error instanceof ZipTooLarge; }
        }""",
        base.replace("js/main.js", "js/lib/zip.js"),
    )
    assert tried is True


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci in tests/js (make test does it)")
def test_axe_finds_nothing_in_any_state(phone: Phone, office: Office) -> None:
    """The list and one item of it, by day with all rules, by night with those for colours."""
    with cellar(phone, office, EVERY_STATE) as page:
        page.locator(".unsent-row").nth(6).wait_for()
        page.locator(".unsent-kept > summary").click()
        page.locator("#settings > summary").click()
        page.locator(".unsent-box").first.check()
        page.get_by_text("Speicher geschützt").wait_for()
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(RUN_AXE, ALL_RULES) == []
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(RUN_AXE, COLOUR_RULES) == []
        page.locator(".unsent-open").first.click()
        page.locator("dialog").wait_for()
        assert page.evaluate(RUN_AXE, COLOUR_RULES) == []
        page.emulate_media(color_scheme="light")
        assert page.evaluate(RUN_AXE, ALL_RULES) == []


# What a phone has and this browser lacks: a sheet that takes files, and a number at the app's icon.
SHEET = """
  window.given = [];
  window.sheet = 'taken';
  navigator.canShare = ({ files }) => files.every((file) => !file.name.endsWith('.zip'));
  navigator.share = async ({ files }) => {
    if (window.sheet !== 'taken') throw new DOMException('', window.sheet);
    window.given.push(files.map((file) => [file.name, file.type, file.size]));
  };
  navigator.setAppBadge = async (count) => { window.badge = count; };
  navigator.clearAppBadge = async () => { window.badge = 0; };
"""


def test_a_phone_gets_copies_by_its_share_sheet(phone: Phone, office: Office) -> None:
    """Few at once as pictures; given up or asked too late, it says so and offers another tap."""
    phone.open("about:blank")
    assert phone.context is not None
    phone.context.add_init_script(SHEET)
    with cellar(phone, office, [{"job": JOB, "size": 2000}, {"size": 3000}]) as page:
        page.get_by_label("Alle wählen").check()
        keep = page.get_by_role("button", name="Kopien sichern")
        keep.click()
        page.get_by_text("2 Kopien gesichert.").wait_for()
        ((one, other),) = page.evaluate("window.given")
        assert one[0].endswith("_001.jpg")
        assert other[0].endswith("_Ohne-Auftrag_002.jpg")
        assert [one[1:], other[1:]] == [["image/jpeg", 2000], ["image/jpeg", 3000]]
        page.evaluate("() => { window.sheet = 'AbortError'; }")
        keep.click()
        page.get_by_text("Nicht gesichert: abgebrochen.").wait_for()
        page.evaluate("() => { window.sheet = 'NotAllowedError'; }")
        keep.click()
        again = page.get_by_role("button", name="Kopien weitergeben")
        again.wait_for()
        page.evaluate("() => { window.sheet = 'taken'; }")
        again.click()
        page.get_by_text("2 Kopien gesichert.").wait_for()
        expect(again).to_be_hidden()
        assert len(page.evaluate("window.given")) == 2
        assert len(rows(page)) == 2


def test_the_icon_says_how_much_waits(phone: Phone, office: Office) -> None:
    phone.open("about:blank")
    assert phone.context is not None
    phone.context.add_init_script(SHEET)
    with cellar(phone, office, [{}, {}, {"kind": "note", "body": {"text": "Silikon"}}]) as page:
        page.locator("state-line", has_text="3 noch auf dem Handy").wait_for()
        wait_so(page, lambda: page.evaluate("window.badge") == 3)
    go(page)
    page.locator("state-line", has_text="Alles im Büro").wait_for()
    page.wait_for_function("() => window.badge === 0")  # the shell gives way to the real page meanwhile
