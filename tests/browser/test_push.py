"""Reminders in Chromium: what the worker shows for a push, and the switch that asks only when it is tapped."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, Playwright, expect

from tests.browser.again import beginnings
from tests.browser.engine import set_meta
from tests.browser.phone import ask, controlled, wait_so
from tests.browser.windows import let_go
from tests.proofs.server import Server, founded
from tests.push_service import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({ title, body, tag, data }) => ({ title, body, tag, data }))"""
# The worker answers pages a moment before it is fully there; a push in between would be lost.
THERE = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  if (active.state !== 'activated') await new Promise((resolve) => active.addEventListener('statechange', resolve, { once: true }));
}"""
# A note without a word: the office refuses it, so it stays here and needs its owner.
HELD = """async () => {
  const from = (name) => import(document.querySelector('script[type=module]').src.replace('main.js', `offline/${name}.js`));
  const [{ enqueue }, { activeSession }] = [await from('outbox'), await from('session')];
  const owner = (await activeSession()).actor;
  await enqueue({ owner, kind: 'note', job: null, captured_at: '2026-11-24T10:42:00+01:00', fields: { text: '' } });
}"""
# Chromium here has no push service of its own: the browser's side of a subscription is played, ours is not.
PLAYED = """(given) => {
  let held = null;
  const make = (options) => ({ ...given, options, toJSON: () => given, unsubscribe: async () => { held = null; return true; } });
  PushManager.prototype.subscribe = async (options) => (held = make({ applicationServerKey: options.applicationServerKey.buffer }));
  PushManager.prototype.getSubscription = async () => held;
  globalThis.asked = 0;
  Notification.requestPermission = async () => { globalThis.asked += 1; return 'granted'; };
}"""


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made, _ = founded(tmp_path_factory.mktemp("push") / "data", [("ali", "worker")])
    made.links = {str(place): made.call("user", "link", "ali") for place in range(beginnings(request))}
    made.start()
    yield made
    made.kill()


@pytest.fixture
def context(playwright: Playwright, server: Server, tmp_path: Path) -> Iterator[BrowserContext]:
    opened = playwright.chromium.launch_persistent_context(
        tmp_path / "profile",
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox", "--disable-gpu"],
        base_url=server.url,
        viewport={"width": 360, "height": 740},
        locale="de-DE",
    )
    yield opened
    let_go(opened)


def signed_in(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(f"{server.url}/link/{server.links.popitem()[1].rsplit('/', 1)[1]}")
    page.locator("main form button").first.click()
    page.wait_for_url(f"{server.url}/")
    return page


def pusher(context: BrowserContext, page: Page, origin: str) -> Any:
    """Return what hands the worker a push as the browser's push service would."""
    controlled(page)
    page.evaluate(THERE)
    cdp: CDPSession = context.new_cdp_session(page)
    found: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    wait_so(page, lambda: found)
    return lambda data: cdp.send(
        "ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": found[-1], "data": data}
    )


def pushed(page: Page, push: Any, data: str, arrived: str) -> None:
    """Push until the page says that it arrived: of a worker that just began some pushes never reach it."""
    for _ in range(30):
        push(data)
        for _ in range(10):
            page.wait_for_timeout(100)
            if ask(page, arrived):
                return
    raise AssertionError(page.evaluate(SHOWN))


def wait_shown(page: Page, count: int) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []

    def right() -> bool:
        shown[:] = ask(page, SHOWN)
        return len(shown) == count

    wait_so(page, right)
    return shown


def test_the_worker_shows_the_words_and_leads_to_the_list(context: BrowserContext, server: Server) -> None:
    context.grant_permissions(["notifications"], origin=server.url)
    page = signed_in(context, server)
    push = pusher(context, page, server.url)
    page.evaluate(HELD)
    said = {
        "title": "Zollstock",
        "body": "7 Fotos noch nicht gesendet, bitte öffnen",
        "url": "/unsent",
        "badge": 7,
    }
    pushed(page, push, json.dumps(said), f"async () => (await ({SHOWN})()).length === 1")
    [shown] = wait_shown(page, 1)
    assert (shown["title"], shown["body"], shown["data"]) == (said["title"], said["body"], {"url": "/unsent"})
    newer_words = json.dumps(said | {"body": "8 Fotos noch nicht gesendet, bitte öffnen"})
    pushed(page, push, newer_words, f"async () => (await ({SHOWN})())[0]?.body.startsWith('8')")
    [newer] = wait_shown(page, 1)
    assert newer["body"].startswith("8 Fotos")
    tap(context)
    page.wait_for_url(f"{server.url}/unsent")
    assert wait_shown(page, 0) == []


@pytest.mark.parametrize("data", ["", "no json", '{"url": "https://evil.example/"}', "[]"])
def test_whatever_comes_is_shown_plainly_and_leads_nowhere_else(
    context: BrowserContext, server: Server, data: str
) -> None:
    context.grant_permissions(["notifications"], origin=server.url)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    page.evaluate("() => navigator.serviceWorker.register('/service-worker.js')")
    push = pusher(context, page, server.url)
    pushed(page, push, data, f"async () => (await ({SHOWN})()).length === 1")
    [shown] = wait_shown(page, 1)
    assert (shown["title"], shown["body"]) == ("Zollstock", "Bitte Zollstock öffnen.")
    tap(context)
    page.wait_for_timeout(500)
    assert all(one.url.startswith(server.url) for one in context.pages if one.url != "about:blank")


def test_a_phone_that_has_sent_everything_takes_the_reminder_back(
    context: BrowserContext, server: Server
) -> None:
    context.grant_permissions(["notifications"], origin=server.url)
    page = signed_in(context, server)
    page.evaluate("""() => { globalThis.seen = []; navigator.serviceWorker.ready.then((one) => setInterval(async () => {
      for (const { body } of await one.getNotifications()) seen.push(body); }, 5)); }""")
    said = json.dumps({"title": "Zollstock", "body": "1 Foto", "url": "/unsent", "badge": 1})
    pushed(page, pusher(context, page, server.url), said, "() => seen.includes('1 Foto')")
    assert wait_shown(page, 0) == []


def test_the_switch_asks_only_when_tapped_and_keeps_both_sides_equal(
    context: BrowserContext, server: Server
) -> None:
    context.grant_permissions(["notifications"], origin=server.url)
    context.add_init_script(f"({PLAYED})({json.dumps(Browser('phone', b'').subscription)})")
    page = signed_in(context, server)
    page.goto("/account")
    toggle, box = page.locator("push-toggle"), page.get_by_label("Erinnern, wenn Fotos liegen bleiben")
    expect(box).not_to_be_checked()
    assert page.evaluate("() => asked") == 0
    with page.expect_response("**/push/subscription") as told:
        box.check()
    assert (told.value.status, told.value.request.method) == (204, "PUT")
    expect(toggle).to_have_attribute("data-standing", "on")
    expect(box).to_be_checked()
    assert page.evaluate("() => asked") == 1
    # Whoever signs in on this phone after him is not reminded of hers: the switch must not say so.
    set_meta(page, "push-owner", "somebody else")
    page.evaluate("() => document.querySelector('push-toggle').replaceWith(document.createElement('push-toggle'))")  # fmt: skip
    expect(toggle).to_have_attribute("data-standing", "off")
    with page.expect_response("**/push/subscription"):
        box.check()
    expect(toggle).to_have_attribute("data-standing", "on")
    with page.expect_response("**/push/subscription") as told:
        box.uncheck()
    assert (told.value.status, told.value.request.method) == (204, "DELETE")
    expect(toggle).to_have_attribute("data-standing", "off")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("delete globalThis.PushManager", "Dieser Browser kann nicht erinnern"),
        ("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })", "im Browser für diese Seite abgeschaltet"),
        ("delete globalThis.PushManager; Object.defineProperty(navigator, 'userAgent', { get: () => 'iPhone' })",
         "nur die App auf dem Startbildschirm"),
        ("delete globalThis.PushManager; Object.defineProperties(navigator, { userAgent: { get: () => 'Macintosh' }, maxTouchPoints: { get: () => 5 } })",
         "nur die App auf dem Startbildschirm"),
    ],
)  # fmt: skip
def test_a_browser_that_cannot_says_so(
    context: BrowserContext, server: Server, script: str, words: str
) -> None:
    context.add_init_script(script)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    page.evaluate("""async () => {
      const base = document.querySelector('link[rel=stylesheet]').href.replace('css/app.css', '');
      await import(`${base}js/elements/push-toggle.js`);
      document.querySelector('main').append(document.createElement('push-toggle'));
    }""")
    expect(page.locator("push-toggle")).to_contain_text(words)
    expect(page.locator("push-toggle input")).to_have_count(0)


def tap(context: BrowserContext) -> None:
    """Tap the notification: the browser's own doing, which only the worker can be told of here."""
    context.service_workers[0].evaluate("""async () => {
      const [notification] = await registration.getNotifications();
      const event = new NotificationEvent('notificationclick', { notification });
      dispatchEvent(event);
    }""")
