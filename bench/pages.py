"""What a page weighs on the wire, and what Lighthouse says of it on a phone.

A first visit is the worker's start page in a browser that has nothing yet: the document with its scripts, styles and
icons, headers included, as they travelled. Photos, and what the service worker fetches for offline work afterwards
or answers itself, are stated apart.
"""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import BrowserContext, Request, sync_playwright

from bench.demo import demo
from server.web.static import PACK

LIGHTHOUSE = Path(__file__).parent / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
QUIET_MS = 3000
ARGS = ["--no-sandbox", "--disable-gpu"]


@dataclass(slots=True)
class Traffic:
    """Bytes by address of what a page fetched, and of its photos."""

    page: Counter[str] = field(default_factory=Counter)
    photos: Counter[str] = field(default_factory=Counter)

    def add(self, request: Request) -> None:
        answer = request.response()
        if request.service_worker or (answer and answer.from_service_worker):
            return
        sizes, path = request.sizes(), urlsplit(request.url).path
        kind = self.photos if path.startswith("/photos/") else self.page
        kind[path] += sizes["responseBodySize"] + sizes["responseHeadersSize"]


def main() -> None:
    """Measure both on one demo server."""
    with demo() as (server, link):
        cookies, job = say_bytes(server.url, link)
        say_lighthouse("/login", f"{server.url}/login", "")
        for name, path in (("the worker's start page", "/"), ("a job", job), ("/unsent", "/unsent")):
            say_lighthouse(name, f"{server.url}{path}", cookies)


def say_bytes(url: str, link: str) -> tuple[str, str]:
    """Print what both visits weigh and return the worker's cookie and the address of a job."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        signing = browser.new_context(base_url=url)
        page = signing.new_page()
        page.goto(link)
        page.locator("main form button").click()
        job = page.get_by_text("Bad Müller").first.evaluate(
            "(name) => name.closest('a').getAttribute('href')"
        )
        cookies = signing.cookies()
        signing.close()
        fresh = browser.new_context(base_url=url, viewport={"width": 360, "height": 740}, is_mobile=True)
        fresh.add_cookies(cookies)  # type: ignore[arg-type]
        visit(fresh, kept_offline(url))
        browser.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies), str(job)


def visit(context: BrowserContext, offline: tuple[int, int]) -> None:
    """Print what the first page and the next one brought. `offline`: number and bytes of the files kept later on."""
    finished: list[Request] = []
    context.on("requestfinished", lambda request: finished.append(request))
    page = context.new_page()
    page.goto("/")
    page.wait_for_timeout(QUIET_MS)
    first = weighed(finished)
    finished.clear()
    page.get_by_text("Bad Müller").first.click()
    page.wait_for_url("**/jobs/*")
    page.wait_for_timeout(QUIET_MS)
    following = weighed(finished)
    details = [(f"`{shown(path)}`", f"{size / 1000:.1f} kB") for path, size in first.page.most_common(12)]
    rest = first.page.most_common()[12:]
    details += [
        (f"{len(rest)} more files", f"{sum(size for _, size in rest) / 1000:.1f} kB"),
        ("apart: photos", f"{first.photos.total() / 1000:.0f} kB"),
        (
            f"apart: kept for offline work afterwards, {offline[0]} files in one",
            f"{offline[1] / 1000:.0f} kB",
        ),
    ]
    note = "The worker's start page, empty cache; scripts, styles and icons included, compressed as they travelled."
    say("bytes of a first visit", first, 80, note, details)
    details = [(f"`{shown(path)}`", f"{size / 1000:.1f} kB") for path, size in following.page.most_common(5)]
    details.append(("apart: photos", f"{following.photos.total() / 1000:.0f} kB"))
    say("bytes of a following page", following, None, "From the start page to a job.", details)


def kept_offline(url: str) -> tuple[int, int]:
    """Return number and compressed bytes of the files in the pack that the service worker fetches when it is installed."""
    with httpx.Client(base_url=url) as client:
        [files] = set(re.findall(r"/static/v-[^/]+/", client.get("/offline").text))
        with client.stream("GET", f"{files}{PACK}") as answer:
            packed = sum(map(len, answer.iter_raw()))
        return len(json.loads(client.get(f"{files}{PACK}").content.partition(b"\n")[0])), packed


def weighed(finished: list[Request]) -> Traffic:
    traffic = Traffic()
    for request in finished:
        traffic.add(request)
    return traffic


def shown(path: str) -> str:
    """Leave out what changes from run to run: the version of static files, ids."""
    parts = path.split("/")
    return "/".join("…" if part.startswith("v-") or len(part) == 36 else part for part in parts)


def say(name: str, traffic: Traffic, goal: int | None, note: str, details: list[tuple[str, str]]) -> None:
    value = round(traffic.page.total() / 1000, 1)
    print(json.dumps({"name": name, "value": value, "unit": "kB", "goal": goal, "note": note, "details": details}), flush=True)  # fmt: skip


def say_lighthouse(name: str, url: str, cookie: str) -> None:
    """Run Lighthouse as it comes (mobile, simulated slow 4G, 4 × slower CPU) and print the lowest category."""
    words = [
        "node",
        str(LIGHTHOUSE),
        url,
        "--output=json",
        "--quiet",
        f"--only-categories={','.join(CATEGORIES)}",
    ]
    words += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    if cookie:
        words.append(f"--extra-headers={json.dumps({'Cookie': cookie})}")
    environment = os.environ | {"CHROME_PATH": shutil.which("chromium") or ""}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=100, check=False)
    line = {
        "name": f"Lighthouse mobile of {name}, lowest of {', '.join(CATEGORIES)}",
        "goal": 100,
        "at_least": True,
    }
    if done.returncode != 0:
        print(json.dumps(line | {"note": f"skipped: Lighthouse ended with {done.returncode}"}), flush=True)
        return
    result = json.loads(done.stdout)
    scores = {key: round(100 * (one["score"] or 0)) for key, one in result["categories"].items()}
    details = [(key, str(score)) for key, score in scores.items()]
    details += [
        (one["title"], one.get("displayValue") or "fails")
        for category in result["categories"].values()
        for reference in category["auditRefs"]
        if (one := result["audits"][reference["id"]])["score"] is not None
        and one["score"] < 0.9
        and reference["weight"] > 0
    ]
    print(json.dumps(line | {"value": min(scores.values()), "details": details}), flush=True)


if __name__ == "__main__":
    main()
