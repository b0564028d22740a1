"""Every page in a real browser, light and dark: no CSP violation, no foreign request, nothing for axe to find.

Pages are found by following links from each role's start page, as people do. Axe looks at each page once with all
its rules; the page then turns dark where it stands, and only what depends on colours is looked at again.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from tests.browser.phone import ask
from tests.proofs import server as servers
from tests.proofs.server import ROOT, Server

AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
MOST_ALIKE = 1

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium from the system's packages"),
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci in tests/js (make test does it)"),
]
WATCH = """document.addEventListener('securitypolicyviolation', (e) => {
  console.error(`CSP ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`);
})"""
# Only violations are told apart node by node: writing down what is right as well took half of axe's time.
RUN_AXE = """async (runOnly) => (await axe.run(document, { runOnly, resultTypes: ['violations'] }))
  .violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`)"""
ALL_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# The elements come lazily; the page is there once each lives and nothing is drawn any more.
DRAWN = """async () => {
  const names = new Set([...document.querySelectorAll(':not(:defined)')].map((one) => one.localName));
  await Promise.all([...names].map((name) => customElements.whenDefined(name)));
  await new Promise((resolve) => {
    let quiet = setTimeout(resolve, 100);
    const again = () => { clearTimeout(quiet); quiet = setTimeout(resolve, 100); };
    new MutationObserver(again).observe(document, { subtree: true, childList: true, attributes: true });
    setTimeout(resolve, 2000);
  });
}"""
LENGTH = "() => Math.max(innerHeight, document.documentElement.scrollHeight + 200)"
LINKS = "() => [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"
# Files and doors out, not pages.
SKIP = re.compile(r"\.(svg|jpg|png|pdf|zip|vcf|csv)$|/original$|/document$|^/sandbox|^/sign-out|^/link/")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = servers.demo(tmp_path_factory.mktemp("pages") / "data")
    server.links = {  # the printed ones are for people; these are for each role's one browser
        login: server.call("user", "link", login).replace("http://localhost:8000", server.url)
        for login in ("ali", "sabine", "martin")
    }
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def doors(browser: Browser, demo: Server) -> dict[str, StorageState]:
    """Sign everybody in once and return what their browsers then hold."""
    held: dict[str, StorageState] = {}
    for login, link in demo.links.items():
        context = browser.new_context()
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.goto(link)
        if not held:  # the same page for all of them
            assert _axe(page) == []
        page.locator("main form button").first.click()
        page.wait_for_url(f"{demo.url}/")
        held[login] = context.storage_state()
        context.close()
    return held


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
            ],
        )
        yield opened
        opened.close()


def shape(path: str) -> str:
    """Return the address with ids and words taken out: pages of one shape are alike."""
    return re.sub(r"[0-9a-f-]{36}", "ID", path.split("?")[0]) + ("?" if "?" in path else "")


def crawl(context: BrowserContext, base: str, *, dark: bool) -> tuple[list[str], set[str]]:
    """Follow every link from the start page; returns what is wrong and the shapes of the pages seen."""
    context.add_init_script(WATCH)
    context.add_init_script(path=AXE)
    page, said = context.new_page(), list[str]()
    page.on(
        "console",
        lambda line: (
            said.append(line.text) if "Content Security" in line.text or "CSP" in line.text else None
        ),
    )
    page.on("pageerror", lambda error: said.append(f"script {error} on {page.url}"))
    page.on("request", lambda one: said.append(f"foreign {one.url}") if _foreign(one.url, base) else None)
    todo, seen, alike = ["/"], set[str](), dict[str, int]()
    while todo:
        path = todo.pop(0)
        if path in seen or alike.get(shape(path), 0) >= MOST_ALIKE:
            continue
        seen.add(path)
        alike[shape(path)] = alike.get(shape(path), 0) + 1
        answer = page.goto(base + path)
        ask(page, DRAWN)  # a page whose program did not come whole loads itself anew
        if answer is None or answer.status >= 400:
            said.append(f"{path}: {answer and answer.status}")
        said += [f"{path}: axe {one}" for one in _axe(page, dark=dark)]
        todo += [local for local in map(_local, ask(page, LINKS)) if local]
    return said, {shape(path) for path in seen}


def _local(href: str) -> str | None:
    target = urlsplit(href)
    if target.netloc or target.scheme or not target.path.startswith("/") or SKIP.search(target.path):
        return None
    return target.path + (f"?{target.query}" if target.query else "")


def _axe(page: Page, *, dark: bool = True) -> list[str]:
    """Return what axe finds, on a screen as long as the page: what only the bar covers can be scrolled free."""
    size = page.viewport_size or {"width": 360, "height": 740}
    page.set_viewport_size({"width": size["width"], "height": min(6000, ask(page, LENGTH))})
    found: list[str] = ask(page, RUN_AXE, ALL_RULES)
    if dark:
        page.emulate_media(color_scheme="dark")
        found += [f"dark {one}" for one in ask(page, RUN_AXE, COLOUR_RULES)]
        page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)
    return found


def _foreign(url: str, base: str) -> bool:
    return not url.startswith((base, "blob:", "about:"))


@pytest.mark.parametrize(
    ("login", "dark", "width", "height", "least"),
    [
        ("ali", True, 360, 740, 8),
        ("martin", True, 1440, 900, 14),
        ("sabine", False, 360, 740, 12),  # the boss's pages on a phone; their colours are the same
    ],
)
def test_every_page(
    browser: Browser,
    demo: Server,
    doors: dict[str, StorageState],
    login: str,
    dark: bool,
    width: int,
    height: int,
    least: int,
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light",
        locale="de-DE",
        reduced_motion="reduce",
        # Its files came anew with each of three contexts, a fifth of the whole crawl; it has tests of its own.
        service_workers="block",
        storage_state=doors[login],
    )
    said, shapes = crawl(context, demo.url, dark=dark)
    context.close()
    assert not said, "\n".join(dict.fromkeys(said))
    assert len(shapes) >= least, sorted(shapes)


def test_the_customers_phone(browser: Browser, demo: Server) -> None:
    """Every messenger of every customer, each in its own colours."""
    printed = Path(f"{demo.data}.log").read_text(encoding="utf-8")
    said: list[str] = []
    seen: set[str] = set()
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="light")
    context.add_init_script(path=AXE)
    page = context.new_page()
    for phone in dict.fromkeys(re.findall(r"\S+/sandbox/phone/\S+", printed)):
        page.goto(phone)
        app = page.locator(".sandbox-phone").get_attribute("data-app") or ""
        if app not in seen:
            seen.add(app)
            said += [f"{app}: {word}" for word in _axe(page)]
    context.close()
    assert said == []
    assert len(seen) == 6
