"""The field app on a worker's phone: what is near, what has no job, what is noted; in Chromium, mostly offline."""

import shutil
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.domain.jobs import JobDraft
from server.domain.questions import CHOICE_MAX, TEXT_MAX
from tests.browser.offline_server import JOB, OTHER_JOB, USERS, Office
from tests.browser.phone import (
    Phone,
    all_stored,
    from_gallery,
    go,
    painted,
    pictures,
    rows,
    shoot,
    wait_kept,
    wait_model,
    wait_rows,
)
from tests.browser.unsent import fill

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
COLOGNE = {"lat": 50.9375, "lon": 6.9603}
PHOTO = "019aa000-0000-7000-8000-0000000000b{n}"


def use(page: Page, office: Office, module: str, code: str, given: object = None) -> Any:
    """Return what `code`, a function of (module, given), answers for one of the phone's modules."""
    url = office.assets.url(f"js/{module}")
    return page.evaluate(f"async (given) => ({code})(await import('{url}'), given)", given)


def unsorted(number: int) -> list[dict[str, str]]:
    """Return photos of the office's unsorted pile, one an hour."""
    return [
        {
            "id": PHOTO.format(n=n),
            "thumb": f"/photos/{PHOTO.format(n=n)}/renditions/thumb",
            "captured_at": f"2026-11-24T0{n}:00:00Z",
            "medium": "image",
        }
        for n in range(number)
    ]


def test_groups_are_cut_by_half_an_hour_or_by_a_jump(phone: Phone, office: Office) -> None:
    page = phone.open("/")
    minute, here = 60_000, COLOGNE
    there = {"lat": 50.95, "lon": 6.9603}
    cases: list[tuple[list[tuple[float, object]], list[int]]] = [
        ([], []),
        ([(0, None)], [1]),
        ([(0, None), (30, None), (60, None)], [3]),
        ([(0, None), (30.1, None)], [1, 1]),
        ([(60, None), (0, None), (29, None)], [2, 1]),
        ([(0, here), (1, None), (2, there)], [2, 1]),
        ([(0, here), (1, {"lat": 50.9376, "lon": 6.9603}), (2, here)], [3]),
        ([(0, None), (1, there), (2, None), (3, there)], [4]),
    ]
    for photos, sizes in cases:
        given = [{"at": at * minute, "position": position} for at, position in photos]
        groups = use(page, office, "offline/groups.js", "(m, photos) => m.groupsOf(photos)", given)
        assert [len(group) for group in groups] == sizes, photos


def test_nearest_is_counted_on_the_phone(phone: Phone, office: Office) -> None:
    page = phone.open("/")
    jobs = [
        {"id": "far", "place": {"lat": 52.52, "lon": 13.405}},
        {"id": "cathedral", "place": {"lat": 50.9413, "lon": 6.9583}},
        {"id": "nowhere", "place": None},
        {"id": "bonn", "place": {"lat": 50.7374, "lon": 7.0982}},
    ]
    near = use(page, office, "offline/nearness.js", "(m, g) => m.nearest(g.fix, g.jobs)", {"fix": COLOGNE, "jobs": jobs})  # fmt: skip
    assert [one["job"]["id"] for one in near] == ["cathedral", "bonn"]
    assert near[0]["metres"] == pytest.approx(445, abs=10) and near[1]["metres"] == pytest.approx(
        24_300, abs=300
    )
    assert use(page, office, "offline/nearness.js", "(m, g) => m.nearest(null, g)", jobs) == []
    words = use(page, office, "offline/nearness.js", "(m, all) => all.map(m.distance)", [12, 444, 949, 3_440, 24_300])  # fmt: skip
    assert words == ["hier", "440 m", "950 m", "3,4 km", "24 km"]


def test_a_voice_note_among_them_is_no_photo(phone: Phone, office: Office) -> None:
    voice, photo = unsorted(2)
    office.world.model = {"unsorted": [{**voice, "medium": "audio"}, photo]}
    page = phone.install("/")
    wait_model(page)
    with office.away():
        page.goto("/")
        page.get_by_role("link", name="2 Aufnahmen ohne Auftrag").click()
        page.locator(".sorter-group").nth(1).wait_for()
        page.get_by_text("2 Aufnahmen ohne Auftrag", exact=False).first.wait_for()
        assert sorted(page.locator(".sorter-group h2").all_inner_texts()) == ["1 Aufnahme", "1 Foto"]


def test_jobs_of_one_name_are_told_apart_where_photos_are_sorted(phone: Phone, office: Office) -> None:
    """Filed with the other one of that name, a photo would go to the other one's customer."""
    first, second = office.world.jobs()
    office.world.model = {
        "jobs": [first, second | {"title": first["title"]}],
        "unsorted": unsorted(1),
    }
    page = phone.install("/")
    wait_model(page)
    with office.away():
        page.goto("/sort")
        page.locator(".sorter-job").nth(1).wait_for()
        assert sorted(page.locator(".sorter-title").all_inner_texts()) == [
            "2026-118 · Bad Müller, Fliesen",
            "2026-121 · Bad Müller, Fliesen",
        ]


def test_what_nobody_can_be_said_to_have_written_stays_on_the_page(phone: Phone, office: Office) -> None:
    """Signed out or locked meanwhile, without network: the words stay, and what to do is said."""
    page = phone.install("/")
    wait_model(page)
    with office.away():
        page.goto(f"/notes/new?job={JOB}")
        page.get_by_label("Notiz", exact=True).fill("Fuge")
        use(page, office, "offline/session.js", "(m) => m.lock()")
        page.get_by_role("button", name="Notiz sichern").click()
        page.get_by_text("mit Netz in einem zweiten Fenster anmelden").wait_for()
        assert page.get_by_label("Notiz", exact=True).input_value() == "Fuge"
        assert rows(page) == []


def test_the_end_of_the_day_is_sorted_offline_with_two_taps_and_a_swipe(
    lasting_phone: Phone, office: Office
) -> None:
    """Photos without a job, some on this phone only, find their job; taking back works until it has left."""
    office.world.model = {"unsorted": unsorted(2)}
    page = lasting_phone.install("/")
    page.locator("state-line").get_by_text("Alles im Büro").wait_for()
    wait_kept(page, "/offline")
    wait_model(page)
    lasting_phone.close()
    with office.away():
        page = lasting_phone.open("/capture")
        from_gallery(page, pictures(3, 9_000))
        page = lasting_phone.open("/")
        page.get_by_role("link", name="5 Fotos ohne Auftrag").click()
        groups = page.locator(".sorter-group")
        groups.nth(2).wait_for()
        assert groups.first.get_by_role("heading").inner_text() == "3 Fotos"
        groups.first.get_by_role("button", name="Bad Müller").click()
        page.get_by_text("3 Fotos bei Bad Müller").wait_for()
        expect(groups).to_have_count(2)
        page.get_by_role("button", name="Rückgängig").click()
        groups.nth(2).wait_for()
        groups.first.get_by_role("button", name="Bad Müller").click()
        page.get_by_text("3 Fotos bei Bad Müller").wait_for()
        expect(groups).to_have_count(2)  # the word comes before the list without them
        swipe(page, groups.first)
        page.get_by_text("1 Foto bei").wait_for()
        expect(groups).to_have_count(1)
        groups.first.get_by_role("button", name="Anderer Auftrag").click()
        page.locator("job-chooser dialog").get_by_role("button", name="Heizung Kita").click()
        page.get_by_text("Feierabend!").wait_for()
        page.get_by_text("5 Fotos einsortiert").wait_for()
        kept = [row for row in rows(page) if row["kind"] == "filing"]
        assert [len(row["body"]["refs"]) for row in kept] == [3, 1, 1]
        # On the page of the job they stand at once.
        page = lasting_phone.open(f"/jobs/{JOB}")
        page.locator("job-photos .photo-card").nth(2).wait_for()
    go(page)
    wait_rows(page, all_stored)
    filings = [item for item in office.world.items.values() if item["kind"] == "filing"]
    filed = [(item["job"], len(item["refs"])) for item in filings]
    assert len(filed) == 3 and {(JOB, 3), (OTHER_JOB, 1)} <= set(filed)
    assert lasting_phone.open("/sort").get_by_text("Feierabend!").inner_text() == "Feierabend!"


def test_a_question_takes_along_the_photo_just_taken(phone: Phone, office: Office) -> None:
    """In the cellar: shoot, ask about it; of the same form the photo of another job cannot be chosen."""
    page = phone.install("/")
    wait_model(page)
    with office.away():
        for job in (JOB, OTHER_JOB):
            page.goto(f"/capture?job={job}")
            shoot(page, 1)
        page.goto(f"/questions/new?job={JOB}")
        page.get_by_label("Frage an den Kunden").fill("Soll der Riss verspachtelt werden?")
        page.locator("own-photos input").check()
        page.get_by_role("button", name="Rückfrage sichern").click()
        page.wait_for_url(f"**/jobs/{JOB}")
        photo, other, question = rows(page)
        assert (photo["job"], other["job"], question["body"]["refs"]) == (JOB, OTHER_JOB, [photo["id"]])
        page.goto(f"/questions/new?photos={other['id']}")
        page.get_by_label("Auftrag").select_option(OTHER_JOB)
        expect(page.locator("own-photos input")).to_be_checked()
    go(page)
    wait_rows(page, all_stored)
    assert [item["kind"] for item in office.world.items.values()] == ["photo", "photo", "question"]


def test_forms_in_the_cellar_take_no_more_than_the_office(phone: Phone, office: Office) -> None:
    """What is typed beyond it would come back hours later as a problem."""
    page = phone.install("/")
    wait_model(page)
    with office.away():
        page.goto(f"/questions/new?job={JOB}")
        expect(page.get_by_label("Frage an den Kunden")).to_have_attribute("maxlength", str(TEXT_MAX))
        expect(page.get_by_label("Antwort 1")).to_have_attribute("maxlength", str(CHOICE_MAX))
        page.goto("/jobs/new")
        longest = {label: page.get_by_label(label).get_attribute("maxlength") for label in ("Name des Auftrags", "Straße", "Ort")}  # fmt: skip
        title, street, city = (int(most or 0) for most in longest.values())
        JobDraft("x" * title, street="x" * street, city="x" * city).checked()


def test_on_the_page_of_a_job_what_has_no_words_is_named(phone: Phone, office: Office) -> None:
    page = phone.install("/")
    wait_model(page)
    with office.away():
        fill(page, USERS["ali"], [{"kind": "voice", "job": JOB, "thumb": False}])
        page.goto(f"/jobs/{JOB}")
        expect(page.locator("job-photos .pending-words [data-slot=text]")).to_have_text("Sprachnotiz")


# Before anything could come of the first tap: later the second meets whatever stands there by then.
TWICE = "(button) => { button.click(); button.click(); }"


def test_two_taps_file_once_and_are_taken_back_once(phone: Phone, office: Office) -> None:
    """A glove taps twice: what is taken back is back, and the page says so and nothing else."""
    page = phone.install("/capture")
    wait_model(page)
    wait_kept(page, "/offline")
    with office.away():  # what has left cannot be taken back
        from_gallery(page, pictures(2, 3_000))
        page.goto("/sort")
        page.locator(".sorter-job").first.evaluate(TWICE)
        page.get_by_text("Feierabend!").wait_for()
        assert [row["kind"] for row in rows(page)].count("filing") == 1
        page.get_by_role("button", name="Rückgängig").evaluate(TWICE)
        page.locator(".sorter-group").get_by_role("heading", name="2 Fotos").wait_for()
        expect(page.locator(".sorter-said")).to_have_text("Zurückgenommen.")
        assert [row["kind"] for row in rows(page)] == ["photo", "photo"]


# A sender that says without pause how far it is; the second begins with the word that something is filed.
BUSY = """() => { const all = new BroadcastChannel('outbox'), busy = setInterval(() => all.postMessage(null), 10);
  document.querySelector('.sorter-said').addEventListener('click', () => clearInterval(busy), { once: true }); }"""
BUSY_THEN = """() => new MutationObserver((_, seen) => {
  const all = new BroadcastChannel('outbox');
  setInterval(() => all.postMessage(null), 10);
  seen.disconnect();
}).observe(document.querySelector('.sorter-said'), { childList: true })"""


def test_what_is_sent_meanwhile_takes_no_group_from_under_the_finger(phone: Phone, office: Office) -> None:
    """Nor does it hold the tap that files again what has just been taken back."""
    page = phone.install("/capture")
    wait_model(page)
    wait_kept(page, "/offline")
    with office.away():
        from_gallery(page, pictures(2, 3_000))
        page.goto("/sort")
        group = page.locator(".sorter-group")
        group.wait_for()
        for sender in (BUSY, BUSY_THEN):
            page.evaluate(sender)
            swipe(page, group, rest_ms=200)
            page.get_by_text("2 Fotos bei Bad Müller").wait_for()
            page.get_by_role("button", name="Rückgängig").click()
            page.get_by_text("Zurückgenommen.").wait_for()
            group.wait_for()
        swipe(page, group)
        page.get_by_text("2 Fotos bei Bad Müller").wait_for()


def swipe(page: Page, card: Any, *, rest_ms: int = 0) -> None:
    """Draw a finger over a card to the right, and let it rest on the way."""
    while (box := card.locator(".sorter-strip").bounding_box()) is None:  # drawn anew at this moment
        page.wait_for_timeout(50)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 20, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, y, steps=3)
    page.wait_for_timeout(rest_ms)
    page.mouse.move(box["x"] + 200, y, steps=3)
    page.mouse.up()


def test_pages_without_network_say_how_old_they_are(lasting_phone: Phone, office: Office) -> None:
    wait_model(lasting_phone.install("/jobs"))
    lasting_phone.close()
    with office.away():
        for path in ("/jobs", "/notes/new", f"/jobs/{JOB}", "/calls/new", "/questions/new"):
            page = lasting_phone.open(path)
            page.locator("state-line").get_by_text("Stand ").wait_for()
            expect(page.locator("state-line"), path).to_contain_text("offline")
        page.goto("/notes/new")
        page.goto("/jobs")
        page.go_back()
        page.get_by_role("heading", name="Notiz").wait_for()


def test_a_sticker_opens_the_camera_of_its_job_without_network(lasting_phone: Phone, office: Office) -> None:
    jobs = office.world.jobs()
    jobs[0]["sticker"] = "st1cker"
    office.world.model = {"jobs": jobs}
    wait_model(lasting_phone.install("/"))
    lasting_phone.close()
    with office.away():
        page = lasting_phone.open("/q/st1cker")
        page.wait_for_url(f"**/capture?job={JOB}")
        page.locator(".capture-job").get_by_text("Bad Müller").wait_for()


def test_near_jobs_come_first_only_where_the_company_allows(phone: Phone, office: Office) -> None:
    """Without the switch nobody is asked; with it a button asks, and then the phone orders by itself."""
    jobs = office.world.jobs()
    jobs[0]["place"], jobs[1]["place"] = {"lat": 50.7374, "lon": 7.0982}, {"lat": 50.9376, "lon": 6.9605}
    office.world.model = {"jobs": jobs}
    page = phone.install("/capture")
    wait_model(page)
    assert phone.context
    phone.context.set_geolocation({"latitude": COLOGNE["lat"], "longitude": COLOGNE["lon"]})
    with office.away():
        page = phone.open("/jobs?q=")
        page.locator(".job-row").nth(1).wait_for()
        expect(page.locator("near-jobs")).to_be_hidden()
    office.world.position = True
    page = phone.open("/capture")
    page.locator(".capture-shutter:not([disabled])").wait_for()
    with office.away():
        page = phone.open("/jobs?x")
        page.get_by_role("button", name="Aufträge in der Nähe zeigen").wait_for()
        phone.context.grant_permissions(["geolocation"])
        page.get_by_role("button", name="Aufträge in der Nähe zeigen").click()
        rows_near = page.locator("near-jobs .job-row")
        rows_near.nth(1).wait_for()
        assert "Heizung Kita" in rows_near.first.inner_text() and "hier" in rows_near.first.inner_text()
        page = phone.open("/capture")
        page.locator(".capture-job").click()
        first = page.locator(".chooser-row").first
        first.get_by_text("hier").wait_for()
        assert "Heizung Kita" in first.inner_text()
        page.get_by_label("Auftrag suchen").fill("müller")
        expect(page.locator(".chooser-row")).to_have_count(1)
    # What is counted here stays here: nothing of the fix was sent.
    assert "50.9375" not in str(office.world.items) + str(office.world.states)


def test_questions_and_a_photo_can_be_looked_at_without_network(phone: Phone, office: Office) -> None:
    jobs = office.world.jobs()
    jobs[0]["questions"] = [
        {
            "id": "q1",
            "text": "Fugen hell?",
            "state": "answered",
            "choices": ["Hell", "Dunkel"],
            "answer": "Hell",
        },
        {"id": "q2", "text": "Sockel?", "state": "waiting_release", "choices": [], "answer": None},
    ]
    office.world.model = {"jobs": jobs}
    wait_model(phone.install("/"))
    with office.away():
        page = phone.open("/questions")
        page.get_by_text("wartet auf Freigabe").wait_for()
        assert page.locator(".choice.picked").inner_text() == "Hell"
        page.get_by_role("link", name="Bad Müller").first.click()
        page.locator(".photo-card a").first.click()
        page.get_by_text("Ohne Netz nur klein.").wait_for()
        page.get_by_role("link", name="Zurück").click()
        page.get_by_role("heading", name="Bad Müller").wait_for()
        page.goto("/search?q=kita")
        page.locator(".job-row").wait_for()
        expect(page.locator(".job-row")).to_have_count(1)


def test_the_sorter_goes_by_keyboard(phone: Phone, office: Office) -> None:
    """Enter files the group, and the next group has the focus; the end has a way home."""
    office.world.model = {"unsorted": unsorted(2)}
    page = phone.install("/")
    wait_model(page)
    page.goto("/sort")
    page.locator(".sorter-group").nth(1).wait_for()
    painted(page)
    page.locator(".sorter-job").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sorter-group")).to_have_count(1)
    expect(page.locator(".sorter-job").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".sorter-end .btn").first).to_be_focused()


def test_two_hundred_loose_photos_open_as_groups(phone: Phone, office: Office) -> None:
    """As many as the read model brings; each group reads the phone's rows once, not for itself."""
    office.world.model = {
        "unsorted": [
            {
                "id": f"019aa000-0000-7000-8000-{n:012x}",
                "thumb": f"/photos/019aa000-0000-7000-8000-{n:012x}/renditions/thumb",
                "captured_at": f"2026-11-{1 + n // 20:02d}T{8 + n % 20 // 5:02d}:{n % 5:02d}:00Z",
                "medium": "image",
            }
            for n in range(200)
        ]
    }
    page = phone.install("/")
    wait_model(page)
    page.goto("/sort")
    page.get_by_text("200 Fotos ohne Auftrag").wait_for()
    expect(page.locator(".sorter-group")).to_have_count(40)
