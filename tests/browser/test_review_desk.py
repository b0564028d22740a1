"""The office's desk in Chromium on the real server: keys, bulk, moving, a photo that arrives meanwhile, the way back."""

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from server.ids import new_id
from tests.browser.again import beginnings
from tests.browser.phone import painted
from tests.browser.windows import Windows, let_go
from tests.proofs.bringing import bring
from tests.proofs.server import ROOT, Server, client, found

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
PHOTOS = sorted((ROOT / "server" / "demo" / "photos").glob("*.jpg"))
# So that what lies a moment apart lies far apart, as on a computer that is held up.
SLOW_TIMERS = """() => {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (act, ms = 0, ...given) => setTimeout(act, ms + 1500, ...given);
}"""


def thumb(path: Path) -> str:
    """Return the small picture a phone sends ahead."""
    made = BytesIO()
    with Image.open(path) as picture:
        picture.thumbnail((160, 160))
        picture.save(made, "JPEG")
    return base64.b64encode(made.getvalue()).decode()


@dataclass(slots=True)
class Desk:
    page: Page
    ali: httpx.Client
    sabine: httpx.Client
    jobs: list[str]
    troubles: list[str]

    def shoot(self, number: int, job: int | None = 0) -> str:
        """Bring a photo the way Ali's phone does."""
        ident = str(new_id())
        place = self.jobs[job] if job is not None else None
        bring(
            self.ali,
            ident,
            PHOTOS[number].read_bytes(),
            "image/jpeg",
            job=place,
            thumb=thumb(PHOTOS[number]),
            captured_at=f"2026-11-23T10:{number:02d}:00+01:00",
        )
        return ident

    def tile(self, ident: str) -> Locator:
        return self.page.locator(f"#photo-{ident}")

    def review(self, ident: str) -> str:
        found: str = self.sabine.get(f"/api/v1/photos/{ident}").json()["review"]
        return found

    def key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def opened(self, ident: str) -> None:
        """Wait until the photo is open, the keys are heard and htmx knows what they press: before, it is the browser."""
        self.page.locator(f"review-desk:defined #open-{ident}[data-htmx-powered]").wait_for()
        painted(self.page)


@dataclass(frozen=True, slots=True)
class Firm:
    """A company of its own on the running server: each test has a desk that nobody has worked at."""

    ali: str
    sabine: str
    link: str


@pytest.fixture(scope="module")
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, list[Firm]]]:
    server, firms = Server(tmp_path_factory.mktemp("desk") / "data"), []
    for number in range(beginnings(request)):
        ali, sabine = f"ali{number}", f"sabine{number}"
        tokens = found(server, f"Prüf {number}", [(ali, "worker"), (sabine, "office")])
        firms.append(Firm(tokens[ali], tokens[sabine], server.call("user", "link", sabine)))
    server.start()
    yield server, firms
    server.stop()


@pytest.fixture
def desk(chromium: Windows, office: tuple[Server, list[Firm]]) -> Iterator[Desk]:
    server, firms = office
    firm = firms.pop()
    # What a worker has taken over Playwright neither sees nor holds up.
    context = chromium.new_context(
        base_url=server.url,
        viewport={"width": 1440, "height": 900},
        locale="de-DE",
        service_workers="block",
    )
    page = context.new_page()
    with client(server, firm.ali) as ali, client(server, firm.sabine) as sabine:
        jobs = [
            sabine.post("/api/v1/jobs", json={"title": title}).json()["id"]
            for title in ("Bad Müller", "Kita")
        ]
        made = Desk(page, ali, sabine, jobs, [])
        page.on("pageerror", lambda error: made.troubles.append(str(error)))
        page.on("console", lambda said: made.troubles.append(said.text) if said.type == "error" else None)
        page.goto(re.sub(r"https?://[^/]+", server.url, firm.link))
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/link/" not in url)
        yield made
    let_go(context)
    assert made.troubles == []


def test_release_by_key_goes_on_to_the_next(desk: Desk) -> None:
    photos = [desk.shoot(number) for number in range(3)]
    desk.page.goto("/reviews")
    desk.opened(photos[0])
    desk.key("j")
    desk.opened(photos[1])
    desk.key("k")
    desk.opened(photos[0])
    desk.key("f")
    desk.opened(photos[1])
    expect(desk.tile(photos[0])).to_have_attribute("data-review", "released")
    desk.page.get_by_label("Hinweis an").fill("näher heran")
    desk.page.locator("#desk-open button[value=retake]").click()
    desk.opened(photos[2])
    expect(desk.page.get_by_label("Hinweis an")).to_have_value("")
    desk.key("x")
    expect(desk.tile(photos[2])).to_have_attribute("data-review", "rejected")
    assert [desk.review(ident) for ident in photos] == ["released", "retake", "rejected"]
    assert desk.sabine.get(f"/api/v1/photos/{photos[1]}").json()["review_note"] == "näher heran"


def test_a_key_decides_only_about_the_photo_that_is_shown(desk: Desk) -> None:
    photos = [desk.shoot(number) for number in range(3)]
    held: list[Route] = []
    sent: list[str] = []
    desk.page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    desk.page.goto("/reviews")
    desk.opened(photos[0])
    desk.page.route(f"**/photos/_open/{photos[1]}", lambda one: held.append(one), times=1)
    with desk.page.expect_request(f"**/photos/_open/{photos[1]}"):
        desk.key("j", "f")
    expect(desk.tile(photos[1])).to_have_attribute("aria-current", "true")
    held[0].continue_()
    desk.opened(photos[1])
    assert [url for url in sent if url.endswith("/review")] == []
    desk.key("f")
    desk.opened(photos[2])
    assert [desk.review(ident) for ident in photos] == ["new", "released", "new"]


def test_whoever_goes_on_at_once_does_not_break_off_his_verdict(desk: Desk) -> None:
    photos = [desk.shoot(number) for number in range(3)]
    held: list[Route] = []
    broken: list[str] = []
    desk.page.on("requestfailed", lambda one: broken.append(one.url) if one.method == "POST" else None)
    desk.page.goto("/reviews")
    desk.opened(photos[0])
    desk.page.route(f"**/photos/{photos[0]}/review", lambda one: held.append(one), times=1)
    with desk.page.expect_request(f"**/photos/{photos[0]}/review"):
        desk.key("f", "j", "j", "f")
    expect(desk.tile(photos[2])).to_have_attribute("aria-current", "true")
    held[0].continue_()
    desk.opened(photos[2])
    assert broken == []
    assert [desk.review(ident) for ident in photos] == ["released", "new", "new"]


def test_bulk_and_moving(desk: Desk) -> None:
    photos = [desk.shoot(number) for number in range(3)]
    desk.page.goto(f"/reviews?job={desk.jobs[0]}")
    desk.opened(photos[0])
    desk.key("Space", "m")
    dialog = desk.page.locator("#desk-move")
    dialog.get_by_label("Auftrag suchen").fill("kita")
    expect(dialog.get_by_role("button", name="Bad Müller")).to_have_count(0)
    dialog.get_by_role("button", name="Kita").click()
    expect(desk.tile(photos[0])).to_have_count(0)
    expect(dialog).to_be_hidden()
    assert desk.sabine.get(f"/api/v1/photos/{photos[0]}").json()["job"] == desk.jobs[1]
    desk.key("a", "f")
    for ident in photos[1:]:
        expect(desk.tile(ident)).to_have_attribute("data-review", "released")
    expect(desk.page.locator(".photo-pick input:checked")).to_have_count(0)
    assert [desk.review(ident) for ident in photos] == ["new", "released", "released"]


def test_what_arrives_meanwhile_disturbs_nobody(desk: Desk) -> None:
    first = desk.shoot(0)
    with desk.page.expect_response("**/live"):
        desk.page.goto("/reviews")
    desk.opened(first)
    desk.key("Space")
    desk.page.get_by_label("Hinweis an").fill("bitte")
    second, loose = desk.shoot(1), desk.shoot(2, job=None)
    desk.tile(second).wait_for()
    expect(desk.page.locator("#arrival-unsorted .count")).to_have_text("1")
    expect(desk.tile(first).locator("input")).to_be_checked()
    expect(desk.page.get_by_label("Hinweis an")).to_be_focused()
    expect(desk.page.get_by_label("Hinweis an")).to_have_value("bitte")
    expect(desk.tile(first)).to_have_attribute("aria-current", "true")
    assert desk.review(loose) == "new"


def test_the_way_back(desk: Desk) -> None:
    ours, theirs = desk.shoot(0), desk.shoot(1, job=1)
    desk.page.goto(f"/reviews?job={desk.jobs[0]}")
    desk.opened(ours)
    desk.page.locator(f"#arrival-{desk.jobs[1]}").click()
    desk.tile(theirs).wait_for()
    desk.opened(theirs)
    expect(desk.page.locator(f"#arrival-{desk.jobs[1]}")).to_have_attribute("aria-current", "true")
    desk.page.go_back()
    desk.tile(ours).wait_for()
    desk.opened(ours)
    desk.key("f")
    expect(desk.tile(ours)).to_have_attribute("data-review", "released")


def test_a_list_that_comes_while_a_jobs_photos_come_leads_nowhere_else(desk: Desk) -> None:
    ours, theirs = desk.shoot(0), desk.shoot(1, job=1)
    desk.page.goto(f"/reviews?job={desk.jobs[0]}")
    desk.opened(ours)
    desk.page.evaluate(SLOW_TIMERS)
    desk.page.locator(f"#arrival-{desk.jobs[1]}").click()
    desk.tile(theirs).wait_for()
    with desk.page.expect_response("**/reviews/_list**"):
        desk.page.evaluate("document.body.dispatchEvent(new CustomEvent('live:questions'))")
    desk.opened(theirs)
    expect(desk.page).to_have_url(re.compile(f"/reviews.job={desk.jobs[1]}"))


def test_a_phone_shows_one_pane_a_page(desk: Desk) -> None:
    first, second = desk.shoot(0), desk.shoot(1)
    desk.page.set_viewport_size({"width": 360, "height": 740})
    desk.page.goto("/reviews")
    desk.page.locator(f"#arrival-{desk.jobs[0]}").click()
    desk.page.wait_for_url("**/reviews?job=*")
    desk.tile(first).locator("a").click()
    desk.page.wait_for_url(f"**/photos/{first}")
    desk.page.get_by_role("button", name="Freigeben").click()
    desk.page.wait_for_url(f"**/photos/{second}")
    desk.page.get_by_role("button", name="Ablehnen").click()
    desk.page.wait_for_url("**/reviews?job=*")
    assert [desk.review(ident) for ident in (first, second)] == ["released", "rejected"]


def test_a_jobs_file_with_list_and_photo_beside(desk: Desk) -> None:
    older, newer = desk.shoot(0), desk.shoot(1)
    place = f"/jobs/{desk.jobs[0]}"
    desk.page.goto(place)
    desk.opened(newer)
    expect(desk.tile(newer)).to_have_attribute("aria-current", "true")
    desk.key("j")
    desk.opened(older)
    expect(desk.page).to_have_url(re.compile(f"{place}.photo={older}"))
    desk.key("f")
    expect(desk.tile(older)).to_have_attribute("data-review", "released")
    desk.opened(newer)
    desk.key("m")
    expect(desk.page).to_have_url(re.compile(f"/reviews/moves.photo={newer}"))
    desk.page.goto(f"{place}?photo={older}")
    desk.opened(older)
    desk.page.locator("#desk-list").get_by_role("link", name="Kita").click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Kita")


def test_a_jobs_file_on_a_phone_is_alone(desk: Desk) -> None:
    photo = desk.shoot(0)
    desk.page.set_viewport_size({"width": 360, "height": 740})
    desk.page.goto(f"/jobs/{desk.jobs[0]}")
    expect(desk.page.locator("#desk-list")).to_be_hidden()
    expect(desk.page.locator("#desk-open")).to_be_hidden()
    desk.tile(photo).locator("a").click()
    expect(desk.page).to_have_url(re.compile(f"/photos/{photo}$"))
