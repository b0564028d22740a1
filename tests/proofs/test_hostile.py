"""Hostile files through the real door: kept with pictures, kept without and named, or refused with a sentence.

The server answers others all the while.
"""

import io
import itertools
import random
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from server.ids import new_id
from tests.imaging.made import huge_webp, pattern, png_header
from tests.proofs import bringing
from tests.proofs.server import Server, client, founded

pytestmark = pytest.mark.slow
PATIENCE_S = 90
CODES = {
    "image.too_many_pixels",
    "image.truncated",
    "image.undecodable",
    "image.memory",
    "image.time",
    "image.crashed",
}


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def polyglot() -> bytes:
    """Return a whole JPEG that is also a web page and a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    page = b"<!doctype html><script>alert(document.cookie)</script>"
    return encoded(pattern(), comment=page) + page + out.getvalue()


def huge_jpeg() -> bytes:
    """Return 200 megapixels of one grey, the most that is drawn."""
    return encoded(Image.new("L", (16_000, 12_500), 128), quality=30)


JPEG = encoded(pattern())
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>Foto</title><script>alert(1)</script>"
# name → bytes, declared type, the codes that may be said; what ends well says none.
DRAWN: dict[str, tuple[bytes, str]] = {
    "200 megapixels": (huge_jpeg(), "image/jpeg"),
    "polyglot": (polyglot(), "image/jpeg"),
    "PNG that says it is a JPEG": (encoded(pattern(), "PNG"), "image/jpeg"),
    "JPEG that says it is a WebP": (JPEG, "image/webp"),
    "one pixel": (encoded(Image.new("RGB", (1, 1))), "image/jpeg"),
    "one line": (encoded(Image.new("RGB", (20_000, 1))), "image/jpeg"),
}
KEPT: dict[str, tuple[bytes, str]] = {
    "PNG bomb, header only": (png_header(50_000, 50_000), "image/png"),
    "PNG that lies about its size": (png_header(3_000, 3_000), "image/png"),
    "huge WebP": (huge_webp(), "image/webp"),
    "truncated JPEG": (JPEG[: len(JPEG) // 2], "image/jpeg"),
    "JPEG head and noise": (JPEG[:25] + random.Random(1).randbytes(50_000), "image/jpeg"),
    "HEIC head and noise": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + random.Random(2).randbytes(50_000), "image/heic"),
    "AVIF head and noise": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + random.Random(3).randbytes(50_000), "image/avif"),
}  # fmt: skip
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "SVG": (SVG, "image/jpeg", "photo.svg"),
    "SVG that says so": (SVG, "image/svg+xml", "photo.type"),
    "HTML": (HTML, "image/png", "photo.html"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/jpeg", "photo.eps"),
    "PDF": (b"%PDF-1.7\n", "image/jpeg", "photo.pdf"),
    "nothing": (b"", "image/jpeg", "photo.empty"),
    "zeros": (bytes(100_000), "image/jpeg", "photo.not_an_image"),
    "noise": (random.Random(4).randbytes(100_000), "image/jpeg", "photo.not_an_image"),
    "ZIP": (b"PK\x03\x04" + bytes(2_000), "image/webp", "photo.not_an_image"),
    "program": (b"\x7fELF" + bytes(2_000), "application/x-executable", "photo.not_an_image"),
}


@dataclass(slots=True)
class Visitor:
    """Somebody who goes on working: asks for health and pages in turn until told to stop."""

    server: Server
    token: str
    over: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[str, int]] = field(default_factory=list)

    def work(self) -> None:
        with client(self.server, self.token) as http:
            for path in itertools.cycle(("/healthz", "/jobs", "/readyz")):
                if self.over.wait(0.02):
                    return
                self.answers.append((path, http.get(path, headers={"Accept": "text/html"}).status_code))


@pytest.fixture
def visited(tmp_path: Path) -> Iterator[tuple[httpx.Client, Visitor]]:
    """Yield the office's client of a running server, and the visitor who is on it."""
    server, tokens = founded(tmp_path / "data", [("sabine", "office")])
    server.start()
    visitor = Visitor(server, tokens["sabine"])
    thread = threading.Thread(target=visitor.work)
    thread.start()
    try:
        with client(server, tokens["sabine"]) as http:
            yield http, visitor
    finally:
        visitor.over.set()
        thread.join(timeout=30)
        server.kill()


def test_each_ends_in_one_of_three_ways_while_others_work(
    visited: tuple[httpx.Client, Visitor], capsys: pytest.CaptureFixture[str]
) -> None:
    http, visitor = visited
    brought = {}
    for name, (data, mime) in (DRAWN | KEPT).items():
        brought[name] = str(new_id())
        receipt = bringing.bring(http, brought[name], data, mime)
        assert (receipt["state"], receipt["size"]) == ("stored", len(data)), name
    for name, (data, mime, code) in REFUSED.items():
        refused(http, name, data, mime, code)
    for name, ident in brought.items():
        photo = looked_at(http, ident)
        if name in DRAWN:
            assert (photo["decode"], photo["decode_code"]) == ("done", ""), (name, photo["decode_code"])
        else:
            assert photo["decode"] == "failed" and photo["decode_code"] in CODES, (name, photo["decode_code"])
        served(http, ident, (DRAWN | KEPT)[name][0], pictures=name in DRAWN)
    # The next honest photo is drawn: no child is stuck, no queue is blocked.
    ident = str(new_id())
    bringing.bring(http, ident, encoded(pattern()), "image/jpeg")
    assert looked_at(http, ident)["decode"] == "done"
    wrong = [answer for answer in visitor.answers if answer[1] != 200]
    assert wrong == []
    assert len(visitor.answers) > len(brought) + len(REFUSED)
    with capsys.disabled():
        print(
            f"\n{len(brought) + len(REFUSED)} hostile files, {len(visitor.answers)} answers to others, all good"
        )


def refused(http: httpx.Client, name: str, data: bytes, mime: str, code: str) -> None:
    """Bring it until somebody says no: a code, a sentence, a status that ends the trying; nothing is kept."""
    ident = str(new_id())
    answer = bringing.announce(http, ident, data, mime)
    if answer.is_success:
        answer = bringing.begin(http, ident, data, mime)
    if answer.is_success:
        answer = bringing.send(http, ident, data)
    assert answer.status_code in (413, 415, 422), (name, answer.status_code, answer.text)
    error = answer.json()["error"]
    assert error["code"] == code, (name, error)
    assert len(error["message"]) > 15 and error["message"].endswith("."), (name, error)
    assert http.get(f"/photos/{ident}/original").status_code == 404
    assert http.get(f"/sync/items/{ident}").json().get("state") != "stored"


def looked_at(http: httpx.Client, ident: str) -> dict[str, Any]:
    """Return the photo once somebody has tried to draw it."""
    for _ in range(PATIENCE_S * 10):
        photo: dict[str, Any] = http.get(f"/api/v1/photos/{ident}").json()
        if photo["decode"] != "waiting":
            return photo
        time.sleep(0.1)
    raise AssertionError(f"{ident} was never looked at")


def served(http: httpx.Client, ident: str, data: bytes, *, pictures: bool) -> None:
    """The original comes back byte for byte, as a picture and nothing else, whatever it could be taken for."""
    original = http.get(f"/photos/{ident}/original")
    assert original.content == data
    assert original.headers["content-type"].startswith("image/")
    assert original.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in original.headers["content-security-policy"]
    thumb = http.get(f"/photos/{ident}/renditions/thumb")
    assert thumb.status_code == (200 if pictures else 404)
    if pictures:
        assert Image.open(io.BytesIO(thumb.content)).format == "JPEG"
        assert b"<script" not in thumb.content
