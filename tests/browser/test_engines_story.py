"""One day at the real server in each engine: sign in, cellar, SIGKILL, home again; and no page wider than the phone."""

import hashlib
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.phone import CONTROLLED
from tests.browser.phones import engine_params, phone_of
from tests.browser.phones.seeing import all_home, go, standing, wait, wait_standing, wait_text
from tests.browser.test_story import stored, way_in
from tests.proofs.server import demo

GALLERY = "input[type=file][multiple]"
JOB = "() => [...document.querySelectorAll('a')].map((one) => one.getAttribute('href')).find((to) => /^\\/jobs\\/[0-9a-f-]{36}$/.test(to ?? ''))"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PATIENCE_S = 60


@pytest.mark.slow
@pytest.mark.parametrize("engine", engine_params("firefox", "webkit"))
def test_from_the_cellar_to_the_office(engine: str, tmp_path: Path) -> None:
    server = demo(tmp_path / "data")
    server.start()
    phone = phone_of(engine, tmp_path / "phone")
    phone.start()
    files = [tmp_path / f"{place}.jpg" for place in range(6)]
    for place, file in enumerate(files):
        Image.new("RGB", (800, 600), (40 * place, 90, 120)).save(file)
    try:
        phone.open(way_in(server, "Monteur"))
        phone.click("main form button")
        job = wait(phone, JOB, bool)
        phone.evaluate(CONTROLLED)
        ident = job.rsplit("/", 1)[1]
        for path in ("/", "/jobs", job, f"/notes/new?job={ident}", f"/questions/new?job={ident}", "/unsent"):
            phone.open(server.url + path)
            wait_text(phone, "h1", "")
            assert phone.evaluate(WIDER) <= 0, path
        before = stored(server)
        server.kill()
        phone.kill()
        phone.start()
        phone.open(f"{server.url}/capture?job={ident}")
        wait_text(phone, ".capture-job-name", "")
        phone.give(GALLERY, files)
        wait_text(phone, "state-line", "6 noch auf dem Handy")
        phone.kill()
        server.start()
        phone.start()
        phone.open(f"{server.url}/unsent")
        wait_standing(phone, lambda rows: len(rows) == 6)
        until = time.monotonic() + PATIENCE_S
        while not all_home(standing(phone)) and time.monotonic() < until:
            go(phone)
            time.sleep(0.3)
        fresh = {ident: sha for ident, sha in stored(server).items() if ident not in before}
        assert sorted(fresh.values()) == sorted(
            hashlib.sha256(file.read_bytes()).hexdigest() for file in files
        )
        wait_text(phone, "state-line", "Alles im Büro")
    finally:
        phone.close()
        server.kill()
