"""Originals and pictures: whose they are, byte for byte, in ranges, and nothing that runs in a browser."""

import hashlib
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.actions import renditions, sync, uploads
from server.actions.sync import Origin
from server.db import photos
from server.db import renditions as drawings
from server.domain.photos import Decode
from tests.api.conftest import World
from tests.sites import AT, THUMB, metadata_of, photo_bytes, photo_item, pieces

SHARED = Path(__file__).parents[3] / "shared" / "photos"


async def stored(world: World, data: bytes, **changes: Any) -> UUID:
    item = photo_item(data, **changes)
    services, actor = world.site.services, world.site.worker
    await sync.put_item(actor, item, Origin(), at=AT)
    await uploads.begin(services, actor, metadata_of(item), size_bytes=len(data), at=AT)
    await uploads.append(services, actor, item.id, pieces(data, 65536), offset=0, checksum=None, at=AT)
    return item.id


async def test_the_original_is_a_download_for_office_and_author(world: World) -> None:
    data = photo_bytes()
    ident = await stored(world, data, job=str(world.site.job))
    async with world.client(world.site.office) as client:
        answer = await client.get(f"/photos/{ident}/original")
    assert answer.content == data
    assert answer.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="foto-20261124-104200-')
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for actor, status in (
        (world.site.worker, 200),
        (world.site.colleague, 403),
        (world.site.stranger, 404),
        (None, 401),
    ):
        async with world.client(actor, Accept="application/json") as client:
            assert (await client.get(f"/api/v1/photos/{ident}/original")).status_code == status


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=2990-", 206, 2990, 3000),
        ("bytes=-5", 206, 2995, 3000),
        ("bytes=10-99999", 206, 10, 3000),
        ("bytes=0-", 200, 0, 3000),
        ("bytes=1-2,5-6", 200, 0, 3000),
        ("lines=1-2", 200, 0, 3000),
        ("bytes=3000-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=9-2", 416, 0, 0),
    ],
)
async def test_ranges(world: World, asked: str, status: int, start: int, end: int) -> None:
    data = photo_bytes()
    ident = await stored(world, data)
    async with world.client(world.site.worker, Range=asked) as client:
        answer = await client.get(f"/photos/{ident}/original")
        assert (answer.status_code, answer.content) == (status, data[start:end])
        if status == 206:
            assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/3000"
        stale = await client.get(f"/photos/{ident}/original", headers={"If-Range": '"other"'})
        assert (stale.status_code, stale.content) == (200, data)


async def test_a_browser_that_has_it_gets_304(world: World) -> None:
    data = photo_bytes()
    ident = await stored(world, data)
    async with world.client(world.site.worker) as client:
        etag = (await client.get(f"/photos/{ident}/original")).headers["ETag"]
        again = await client.get(f"/photos/{ident}/original", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_phones_preview_stands_in_until_ours_is_drawn(world: World) -> None:
    ident = await stored(world, photo_bytes(), thumb=THUMB)
    async with world.client(world.site.worker) as client:
        for name in ("thumb", "screen"):
            answer = await client.get(f"/photos/{ident}/renditions/{name}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-cache")
            assert "X-Offline" not in answer.headers
        assert (await client.get(f"/photos/{ident}/renditions/huge")).status_code == 404
        missing = await client.get(f"/api/v1/photos/{ident}/renditions/huge")
    assert missing.json()["error"]["code"] == "photo.no_rendition"


async def test_a_photo_that_cannot_be_drawn_is_kept_and_named(world: World) -> None:
    ident = await stored(world, photo_bytes(), thumb=THUMB)
    company_id = world.site.worker.company_id
    await renditions.render(world.site.services, company_id, {"photo": str(ident)})
    photo = await photos.by_id(company_id, ident)
    assert photo and photo.decode is Decode.FAILED and photo.decode_code.startswith("image.")
    async with world.client(world.site.worker) as client:
        assert (await client.get(f"/photos/{ident}/original")).content == photo_bytes()
        assert (await client.get(f"/photos/{ident}/renditions/thumb")).status_code == 200


async def test_renditions_are_drawn_upright_and_kept_for_ever(world: World) -> None:
    source = SHARED / "orient-6.jpg"
    if not source.exists():
        pytest.skip("../shared/photos is not here")
    ident = await stored(world, source.read_bytes(), thumb=THUMB)
    company_id = world.site.worker.company_id
    for _ in range(2):
        await renditions.render(world.site.services, company_id, {"photo": str(ident)})
    photo = await photos.by_id(company_id, ident)
    assert photo and photo.decode is Decode.DONE and photo.width and photo.height
    made = await drawings.of_photo(company_id, ident)
    assert [one.name for one in made] == ["screen", "thumb"]
    assert (made[0].width > made[0].height) == (photo.width > photo.height)
    assert await drawings.preview(company_id, ident) is None
    async with world.client(world.site.worker) as client:
        thumb = await client.get(f"/photos/{ident}/renditions/thumb")
        screen = await client.get(f"/photos/{ident}/renditions/screen")
    assert hashlib.sha256(thumb.content).hexdigest() == made[1].sha256
    assert thumb.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    for kept in (thumb, screen):  # the screen size lies over the camera when the photo after is taken
        assert kept.headers["X-Offline"] == "ok" and kept.headers["X-Offline-User"]


async def test_the_app_shell_names_this_versions_files(world: World) -> None:
    async with world.client(None) as client:
        worker = await client.get("/service-worker.js")
        manifest = await client.get("/manifest.webmanifest")
        shell = await client.get("/offline")
        assert "__VERSION__" not in worker.text
        assert worker.headers["Cache-Control"] == "no-cache" and worker.headers["Content-Encoding"] == "gzip"
        again = await client.get("/service-worker.js", headers={"If-None-Match": worker.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert manifest.headers["Content-Type"].startswith("application/manifest+json")
        assert [one["name"] for one in manifest.json()["shortcuts"]] == ["Foto", "Aufträge", "Einsortieren"]
        for icon in manifest.json()["icons"]:
            assert (await client.get(icon["src"])).status_code == 200
        script = re.findall(r'src="(/static/v-[^"]+[.]js)"', shell.text)[0]
        older = re.sub(r"/v-[0-9a-f]+/", "/v-000000000000/", script)
        gone = await client.get(older)
        assert (gone.status_code, gone.headers["Cache-Control"]) == (410, "no-store")
        assert (await client.get(script)).status_code == 200
        assert (await client.get(re.sub(r"/js/.*", "/offline.pack", older))).status_code == 410
        style = await client.get("/static/v-000000000000/css/app.css")
        assert (style.status_code, style.headers["Cache-Control"]) == (200, "no-cache")
    assert shell.status_code == 200 and "offline-shell" in shell.text


async def test_a_page_shows_a_blank_where_no_picture_is_yet(world: World) -> None:
    """An announced photo stands on the desk; its missing thumb was a 404 in every browser's console."""
    item = photo_item(photo_bytes(), job=str(world.site.job))
    await sync.put_item(world.site.worker, item, Origin(), at=AT)
    async with world.client(world.site.office) as client:
        page = await client.get(f"/photos/{item.id}/renditions/thumb")
        program = await client.get(f"/api/v1/photos/{item.id}/renditions/thumb")
    assert (page.status_code, page.headers["content-type"]) == (200, "image/svg+xml")
    assert (page.headers["cache-control"], page.headers["content-security-policy"]) == (
        "no-store",
        "default-src 'none'; sandbox",
    )
    assert program.status_code == 404
