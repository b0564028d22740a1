"""Videos, voice notes and the phone's previews: kept, played, never drawn and never sent to a customer."""

from io import BytesIO
from uuid import UUID

import pytest

from server.actions import drafts, questions, releases, renditions, sweep, sync
from server.actions.sync import Origin
from server.db import photos, tasks
from server.db import renditions as drawings
from server.domain.errors import Invalid
from server.domain.items import SyncQuestion
from server.domain.media import Medium
from server.domain.photos import Decode, PhotoState
from server.domain.questions import QuestionDraft
from server.domain.sync import read_item
from server.ids import new_id
from tests.api.conftest import World
from tests.imaging.made import pattern
from tests.imaging.test_image_types import ftyp
from tests.sites import AT, JPEG, THUMB, body_of, brought, photo_bytes, photo_item

MP4 = ftyp(b"isom", b"mp41") + bytes(2_000)
VOICE = b"\x1aE\xdf\xa3....webm" + bytes(900)
SEEN = JPEG + b"screen" * 1000


async def clip(world: World, kind: str = "video", data: bytes = MP4, mime: str = "video/mp4") -> UUID:
    job = str(world.site.job)
    return await brought(world.site, data, kind=kind, mime=mime, duration_ms=23_000, job=job, thumb=THUMB)


async def test_a_video_is_kept_and_nothing_is_drawn_of_it(world: World) -> None:
    ident = await clip(world)
    photo = await photos.by_id(world.site.worker.company_id, ident)
    assert photo and photo.state is PhotoState.STORED and photo.decode is Decode.NONE
    assert (photo.medium, photo.mime, photo.duration_ms) == (Medium.VIDEO, "video/mp4", 23_000)
    assert await tasks.claim("fence", at=AT, lease_s=60, limit=10) == []
    async with world.client(world.site.colleague) as client:
        whole = await client.get(f"/photos/{ident}/clip")
        part = await client.get(f"/photos/{ident}/clip", headers={"Range": "bytes=0-99"})
        poster = await client.get(f"/photos/{ident}/renditions/screen")
        listed = (await client.get("/api/v1/photos")).json()["items"][0]
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, MP4, "video/mp4")
    assert (part.status_code, part.content) == (206, MP4[:100])
    assert part.headers["x-content-type-options"] == "nosniff"
    assert part.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert poster.content.endswith(b"thumb\xff\xd9")
    assert (listed["medium"], listed["duration_ms"]) == ("video", 23_000)
    async with world.client(world.site.stranger) as client:
        assert (await client.get(f"/photos/{ident}/clip")).status_code == 404


async def test_a_voice_note_and_its_receipt(world: World) -> None:
    ident = await clip(world, "voice", VOICE, "audio/webm;codecs=opus")
    async with world.client(world.site.worker) as client:
        view = (await client.get(f"/sync/items/{ident}")).json()
        have = (await client.post("/sync/have", json={"ids": [str(ident)]})).json()["items"][str(ident)]
        played = await client.get(f"/photos/{ident}/clip")
        page = await client.get(f"/photos/{ident}")
        job = await client.get(f"/jobs/{world.site.job}")
    assert (view["kind"], view["state"], view["mime"], have["state"]) == (
        "voice",
        "stored",
        "audio/webm",
        "stored",
    )
    assert played.headers["content-type"] == "audio/webm"
    for shown in (page.text, job.text):
        assert '<audio controls preload="none"' in shown and "0:23" in shown


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "video", "duration_ms": 70_000}, "duration_ms", "clip.too_long"),
        ({"kind": "video", "size": 100_000_001}, "size", "photo.too_large"),
        ({"kind": "voice", "size": 60_000_000}, "size", "photo.too_large"),
        ({"kind": "photo", "duration_ms": 5}, "duration_ms", "item.unknown_field"),
    ],
)
async def test_what_is_too_much_is_refused_by_field(
    world: World, changes: dict[str, object], field: str, code: str
) -> None:
    async with world.client(world.site.worker) as client:
        answer = await client.put(f"/sync/items/{new_id()}", json=body_of(MP4) | changes)
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == (code, field) and len(error["message"]) > 10


async def test_a_clip_of_other_bytes_is_named_and_its_reason_kept(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        await brought(world.site, b"PK\x03\x04" + bytes(500), kind="video", mime="video/mp4")
    assert refused.value.code == "clip.not_a_clip"


async def test_a_clip_does_not_go_to_a_customer(world: World) -> None:
    ident, job = await clip(world), world.site.job
    with pytest.raises(Invalid) as refused:
        await drafts.ask(
            world.site.office, job, QuestionDraft("So?", [], [ident]), question_id=new_id(), at=AT
        )
    assert refused.value.code == "question.clip"
    body = {"kind": "question", "job": str(job), "captured_at": "2026-11-24T10:42:00Z", "text": "So?"}
    item = read_item(new_id(), body | {"refs": [str(ident)]})
    assert isinstance(item, SyncQuestion)
    asked = await drafts.accept(world.site.worker, item, job_id=job, at=AT)
    with pytest.raises(Invalid) as refused:
        await releases.release(world.site.office, asked, photos_too=True, at=AT)
    assert refused.value.code == "question.clip"
    assert not await questions.photos_still_released(asked)


async def test_a_preview_stands_for_an_original_that_follows(world: World) -> None:
    data, ident = photo_bytes(), new_id()
    async with world.client(world.site.worker) as client:
        await client.put(f"/sync/items/{ident}", json=body_of(data, thumb=THUMB, job=str(world.site.job)))
        path, kind = f"/sync/items/{ident}/preview", {"Content-Type": "image/jpeg"}
        first = await client.put(path, content=SEEN, headers=kind)
        again = await client.put(path, content=SEEN, headers=kind)
        shown = await client.get(f"/photos/{ident}/renditions/screen")
        thumb = await client.get(f"/photos/{ident}/renditions/thumb")
        html = await client.put(path, content=b"<html>", headers=kind)
        large = await client.put(path, content=JPEG + bytes(260_000), headers=kind)
    assert (first.status_code, again.status_code) == (204, 204)
    assert shown.content == SEEN and shown.headers["cache-control"] == "private, no-cache"
    assert thumb.content.endswith(b"thumb\xff\xd9")
    assert (html.status_code, large.status_code) == (422, 413)
    for other in (world.site.colleague, world.site.office, world.site.stranger):
        async with world.client(other) as client:
            refused = await client.put(path, content=SEEN, headers=kind)
            assert refused.status_code == 404
    async with world.client(world.site.office, Accept="text/html") as client:
        for place in (f"/jobs/{world.site.job}", f"/reviews?job={world.site.job}", f"/photos/{ident}"):
            page = (await client.get(place)).text
            assert "Original folgt" in page and f"/photos/{ident}/renditions/" in page


async def test_our_own_picture_takes_the_previews_place(world: World) -> None:
    drawing, ident, site = BytesIO(), new_id(), world.site
    pattern().save(drawing, "JPEG")
    data = drawing.getvalue()
    await sync.put_item(site.worker, photo_item(data, ident), Origin(), at=AT)
    await renditions.add_preview(site.services, site.worker, ident, SEEN)
    preview = await drawings.by_name(site.worker.company_id, ident, "preview")
    assert preview and (await sweep.sweep(site.services)).strays == ()
    await brought(site, data, item_id=ident)
    await renditions.render(site.services, site.worker.company_id, {"photo": str(ident)})
    drawn = await drawings.of_photo(site.worker.company_id, ident)
    assert [one.name for one in drawn] == ["screen", "thumb"]
    assert await site.services.storage.head(preview.storage_key) is None
    await renditions.add_preview(site.services, site.worker, ident, SEEN)
    assert len(await drawings.of_photo(site.worker.company_id, ident)) == 2
    assert await sweep.sweep(site.services) == sweep.Sweep()
