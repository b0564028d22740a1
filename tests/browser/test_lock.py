"""A phone that the office locks, in Chromium on the real server (T4): it sends first or forgets at once, as it was told."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.phone import Phone, wait_so
from tests.browser.test_push import pusher
from tests.proofs.server import Server, client, founded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
]
FROM = "const from = (name) => import(document.querySelector('script[type=module]').src.replace('main.js', `offline/${name}.js`));"
WRITE = f"""async (text) => {{
  {FROM}
  const [{{ enqueue }}, {{ activeSession }}] = [await from('outbox'), await from('session')];
  await enqueue({{ owner: (await activeSession()).actor, kind: 'note', job: null,
    captured_at: '2026-11-24T10:42:00+01:00', fields: {{ text }} }});
}}"""
SEND = f"""async () => {{ {FROM} return (await from('send-now')).sendNow(); }}"""
LEFT = """async () => {
  const open = indexedDB.open('zollstock');
  const db = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
  const count = (name) => new Promise((resolve) => { const q = db.transaction(name).objectStore(name).count(); q.onsuccess = () => resolve(q.result); });
  const rows = {};
  for (const name of db.objectStoreNames) if (name !== 'meta' && name !== 'log') rows[name] = await count(name);
  db.close();
  const kept = (await caches.keys()).filter((name) => !name.startsWith('static-'));
  return [Object.values(rows).reduce((sum, one) => sum + one, 0), kept.length];
}"""


@dataclass(slots=True)
class Scene:
    server: Server
    phone: Phone
    page: Page
    sabine: httpx.Client

    @property
    def device(self) -> dict[str, Any]:
        [found] = self.sabine.get("/api/v1/devices").json()["items"]
        return dict(found)

    def order(self, what: str, word: str) -> None:
        path = f"/devices/{self.device['id']}/order"
        assert self.sabine.post(path, data={"order": what, "word": word}).status_code == 303

    def cut(self, *, offline: bool) -> None:
        assert self.phone.context
        self.phone.context.set_offline(offline)

    def until(self, wanted: Any) -> None:
        """Wait for what the office sees to become so."""
        wait_so(self.page, lambda: wanted(self.device))


@pytest.fixture
def scene(playwright: Playwright, tmp_path: Path) -> Iterator[Scene]:
    server, tokens = founded(tmp_path / "data", [("ali", "worker"), ("sabine", "office")])
    link = server.call("user", "link", "ali").rsplit("/", 1)[1]
    server.start()
    with client(server, tokens["sabine"]) as sabine:
        phone = Phone(playwright, tmp_path / "phone", server.url)
        page = phone.open(f"/link/{link}")
        page.locator("main form button").first.click()
        page.wait_for_url(f"{server.url}/")
        page.evaluate(WRITE, "schon im Büro")
        page.evaluate(SEND)
        made = Scene(server, phone, page, sabine)
        wait_so(page, lambda: sabine.get("/api/v1/devices").json()["items"])
        yield made
        phone.close()
    server.kill()


def test_a_stolen_phone_forgets_everything_at_its_next_contact(scene: Scene) -> None:
    scene.cut(offline=True)
    scene.page.evaluate(WRITE, "nie gesendet")
    scene.order("wipe", "LÖSCHEN")
    assert scene.page.evaluate(LEFT)[0] > 0
    scene.cut(offline=False)
    scene.until(lambda device: device["obeyed_at"])
    page = scene.phone.open("/")
    expect(page).to_have_url(f"{scene.server.url}/login?next=/")
    assert page.evaluate(LEFT) == [0, 0]


def test_a_leavers_phone_sends_what_it_holds_and_then_forgets(scene: Scene) -> None:
    scene.cut(offline=True)
    scene.page.evaluate(WRITE, "kommt noch an")
    scene.order("send_then_wipe", "SPERREN")
    assert scene.phone.context
    # Asked beside the browser: on the screen it stands only until the phone has sent and forgotten.
    locked = scene.phone.context.request.get("/jobs")
    assert "Dieses Handy wurde vom Büro gesperrt" in locked.text()
    scene.cut(offline=False)
    scene.phone.open("/jobs")
    scene.until(lambda device: device["obeyed_at"])
    page = scene.phone.open("/")
    expect(page).to_have_url(f"{scene.server.url}/login?next=/")
    assert page.evaluate(LEFT) == [0, 0]
    inbox = scene.sabine.get("/reviews").text + scene.sabine.get("/logbook").text
    assert inbox.count("schrieb eine Notiz") >= 2


def test_a_push_wakes_a_closed_app_to_its_order(scene: Scene) -> None:
    context = scene.phone.context
    assert context
    context.grant_permissions(["notifications"], origin=scene.server.url)
    push = pusher(context, scene.page, scene.server.url)
    scene.order("wipe", "LÖSCHEN")
    scene.page.goto("about:blank")

    def obeyed() -> bool:
        push("{}")  # of a worker that just began some never reach it
        scene.page.wait_for_timeout(500)
        return bool(scene.device["obeyed_at"])

    wait_so(scene.page, obeyed)
