"""Takes the README's screenshots from the running demo, so that they stay true: make screenshots."""

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.proofs.server import Server  # noqa: E402

TARGET = ROOT / "docs" / "screenshots"
CAMERA = ROOT / "server" / "demo" / "photos" / "bad-fliesen-wand.jpg"
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
DESK = {"viewport": {"width": 1440, "height": 900}}


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", command="demo")
        server.start()
        try:
            with sync_playwright() as running:
                take(running, server, Path(folder))
        finally:
            server.kill()


def take(running: Playwright, server: Server, folder: Path) -> None:
    browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=camera(folder))
    phone = signed_in(browser, way_in(server, "Monteur"), **PHONE)
    phone.get_by_text("Bad Müller").first.wait_for()
    job = phone.get_by_role("link", name=re.compile("Bad Müller")).first.get_attribute("href") or ""
    shoot(phone, "phone-today")
    phone.goto(f"{server.url}{job}")
    shoot(phone, "phone-job")
    phone.goto(f"{server.url}/capture?job={job.rsplit('/', 1)[1]}")
    phone.locator(".capture-shutter:not([disabled])").click()
    phone.get_by_text("auf dem Handy gesichert").first.wait_for()
    shoot(phone, "phone-capture")
    hold_back(phone)
    phone.get_by_text("auf dem Handy gesichert").first.wait_for()
    phone.goto(f"{server.url}/unsent")
    phone.locator(".unsent-row").nth(2).wait_for()
    shoot(phone, "phone-unsent")
    desk = signed_in(browser, way_in(server, "Büro"), **DESK)
    desk.goto(f"{server.url}/reviews")
    shoot(desk, "desk-review")
    desk.goto(f"{server.url}{job}")
    shoot(desk, "desk-job")
    desk.goto(f"{server.url}/devices")
    shoot(desk, "desk-phones")
    desk.goto(f"{server.url}/messages")
    desk.get_by_role("link", name=re.compile("Lena Hoffmann")).first.click()
    desk.wait_for_load_state("networkidle")
    shoot(desk, "desk-inbox")
    customer = browser.new_context(locale="de-DE", color_scheme="light", **PHONE).new_page()  # type: ignore[arg-type]
    customer.goto(handset(server, "Jonas Schröder"))
    shoot(customer, "phone-customer")
    browser.close()


def hold_back(phone: Page) -> None:
    """Shoot three more photos that cannot leave: what a cellar looks like."""
    phone.context.set_offline(True)
    for number in range(2, 5):
        phone.locator(".capture-shutter:not([disabled])").click()
        phone.get_by_text(f"✓ {number} auf dem Handy gesichert").wait_for()


def camera(folder: Path) -> list[str]:
    """Return the arguments that put a building site before the lens."""
    film = folder / "site.mjpeg"
    frame = io.BytesIO()
    with Image.open(CAMERA) as picture:
        picture.convert("RGB").resize((960, 1280)).save(frame, "JPEG", quality=90, progressive=False)
    film.write_bytes(frame.getvalue() * 30)
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]


def signed_in(browser: Browser, link: str, **options: object) -> Page:
    page = browser.new_context(locale="de-DE", color_scheme="light", **options).new_page()  # type: ignore[arg-type]
    page.goto(link)
    page.locator("main form button").first.click()
    page.wait_for_load_state("networkidle")
    return page


def way_in(server: Server, who: str) -> str:
    printed = server.data.with_suffix(".log").read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"{who}:\s+(\S+/link/\S+)", printed)
    return found[-1]


def handset(server: Server, who: str) -> str:
    printed = server.data.with_suffix(".log").read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"(\S+/sandbox/phone/\S+)\s+\({who}\)", printed)
    return found[-1]


def shoot(page: Page, name: str) -> None:
    page.wait_for_timeout(1200)
    path = TARGET / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(192, dither=Image.Dither.FLOYDSTEINBERG)
    small.save(path, optimize=True)
    print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    main()
