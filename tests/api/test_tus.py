"""tus 1.0.0 by hand: every status and header the protocol names, and the receipt it does not."""

import asyncio
import base64
import hashlib
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.uploads import EXTENSIONS
from server.ids import new_id
from tests.api.conftest import World
from tests.sites import body_of, photo_bytes

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = TUS | {"Content-Type": "application/offset+octet-stream"}


def packed(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


async def create(
    client: httpx.AsyncClient, data: bytes, *, body: bytes = b"", **values: str
) -> httpx.Response:
    headers = (STREAM if body else TUS) | {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": packed(**values),
    }
    return await client.post("/sync/blobs/", headers=headers, content=body)


async def patch(
    client: httpx.AsyncClient, place: str, offset: int, data: bytes, **more: str
) -> httpx.Response:
    return await client.patch(place, headers=STREAM | {"Upload-Offset": str(offset)} | more, content=data)


async def head(client: httpx.AsyncClient, place: str) -> httpx.Response:
    return await client.head(place, headers=TUS)


def is_receipt(answer: httpx.Response, data: bytes) -> bool:
    body: dict[str, Any] = answer.json()
    expected = {"state": "stored", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return (
        body.keys() == {"id", "state", "size", "sha256", "rev", "stored_at"}
        and expected.items() <= body.items()
    )


async def test_options_say_what_is_spoken(world: World) -> None:
    async with world.client(None) as client:
        answer = await client.options("/sync/blobs/")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == ",".join(EXTENSIONS)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.headers["Tus-Max-Size"] == "100000000"


async def test_an_upload_from_creation_to_receipt(world: World) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        made = await create(client, data, filename="a.jpg", filetype="image/jpeg")
        place = made.headers["Location"]
        assert (made.status_code, made.headers["Upload-Offset"]) == (201, "0")
        assert made.headers["Upload-Expires"].endswith("GMT")
        half = await patch(client, place, 0, data[:1000])
        assert (half.status_code, half.headers["Upload-Offset"], half.content) == (204, "1000", b"")
        asked = await head(client, place)
        assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, "1000")
        assert (asked.headers["Upload-Length"], asked.headers["Cache-Control"]) == (
            str(len(data)),
            "no-store",
        )
        last = await patch(client, place, 1000, data[1000:])
        assert last.status_code == 200 and last.headers["Upload-Offset"] == str(len(data))
        assert is_receipt(last, data)
        after = await head(client, place)
        assert after.headers["Upload-Offset"] == after.headers["Upload-Length"] == str(len(data))
        shown = await client.get(f"/sync/items/{last.json()['id']}")
        assert last.json().items() <= shown.json().items()


async def test_creation_with_the_whole_upload_gives_the_receipt(world: World) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        made = await create(client, data, body=data)
        assert made.status_code == 201 and is_receipt(made, data)
        again = await create(client, data, id=made.json()["id"])
        assert again.status_code == 201 and again.json() == made.json()


async def test_the_same_creation_many_times_at_once_refuses_nobody_for_good(world: World) -> None:
    """A line may deliver a request twice; 409 would park the photo on the phone, 423 is tried again."""
    async with world.client(world.site.worker) as client:
        for _ in range(10):
            data, ident = photo_bytes(), str(new_id())
            words = {"id": ident, "filetype": "image/jpeg"}
            made = await asyncio.gather(*(create(client, data, body=data[:500], **words) for _ in range(6)))
            assert {answer.status_code for answer in made} <= {201, 423}
            standing = int((await head(client, f"/sync/blobs/{ident}")).headers["Upload-Offset"])
            last = await patch(client, f"/sync/blobs/{ident}", standing, data[standing:])
            assert is_receipt(last, data)


async def test_a_wrong_version_is_412(world: World) -> None:
    async with world.client(world.site.worker) as client:
        for headers in ({}, {"Tus-Resumable": "0.2.2"}):
            answer = await client.post("/sync/blobs/", headers=headers)
            assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
            assert answer.json()["error"]["code"] == "upload.version"


async def test_a_wrong_offset_type_or_header_keeps_everything_as_it_is(world: World) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        place = (await create(client, data)).headers["Location"]
        assert (await patch(client, place, 5, data)).status_code == 409
        wrong = TUS | {"Upload-Offset": "0", "Content-Type": "image/jpeg"}
        assert (await client.patch(place, headers=wrong, content=data)).status_code == 415
        assert (await client.patch(place, headers=STREAM, content=data)).status_code == 400
        assert (await patch(client, place, 0, data + b"x")).status_code == 413
        asked = await head(client, place)
        assert int(asked.headers["Upload-Offset"]) <= len(data)


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({}, 400, "Upload-Length"),
        ({"Upload-Length": "-1"}, 400, "Upload-Length"),
        ({"Upload-Length": "1e3"}, 400, "Upload-Length"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename ###"}, 400, "filename"),
        ({"Upload-Length": "5", "Upload-Metadata": "a YQ==,a YQ=="}, 400, "Upload-Metadata"),
        ({"Upload-Length": "5", "Upload-Metadata": packed(id="4")}, 422, "id"),
        ({"Upload-Length": "5", "Upload-Metadata": packed(sha256="abc")}, 422, "sha256"),
        ({"Upload-Length": "5", "Upload-Metadata": packed(filetype="image/svg+xml")}, 422, "mime"),
        ({"Upload-Length": "0"}, 422, "size"),
        ({"Upload-Length": "100000001"}, 413, "size"),
        ({"Upload-Defer-Length": "1"}, 400, "Upload-Defer-Length"),
    ],
)
async def test_what_cannot_begin_names_its_field(
    world: World, headers: dict[str, str], status: int, field: str
) -> None:
    async with world.client(world.site.worker) as client:
        answer = await client.post("/sync/blobs/", headers=TUS | headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (status, field)
    assert error["message"] and error["message"] != error["code"]
    assert answer.headers["Tus-Resumable"] == "1.0.0"


async def test_checksums_of_requests_and_of_the_file(world: World) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        sha256 = hashlib.sha256(data).hexdigest()
        place = (await create(client, data, sha256=sha256)).headers["Location"]
        good = base64.b64encode(hashlib.sha1(data[:1000]).digest()).decode()
        assert (
            await patch(client, place, 0, data[:1000], **{"Upload-Checksum": f"sha1 {good}"})
        ).status_code == 204
        bad = await patch(client, place, 1000, data[1000:], **{"Upload-Checksum": f"sha1 {good}"})
        assert bad.status_code == 460
        assert (await head(client, place)).headers["Upload-Offset"] == "1000"
        unknown = await patch(client, place, 1000, data[1000:], **{"Upload-Checksum": "md5 AAAA"})
        assert unknown.status_code == 400
        wrong = await patch(client, place, 1000, photo_bytes(seed=5)[1000:])
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (460, "upload.hash")
        assert (await head(client, place)).headers["Upload-Offset"] == "0"
        assert is_receipt(await patch(client, place, 0, data), data)


async def test_terminating_and_what_follows(world: World) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        place = (await create(client, data)).headers["Location"]
        gone = await client.delete(place, headers=TUS)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await head(client, place)).status_code == 404
        assert (await patch(client, place, 0, data)).status_code == 404
        ident = str(new_id())
        await client.put(f"/sync/items/{ident}", json=body_of(data))
        place = (await create(client, data, id=ident)).headers["Location"]
        await client.delete(place, headers=TUS)
        assert (await head(client, place)).status_code == 410
        assert is_receipt(await create(client, data, body=data, id=ident), data)
        assert (await client.delete(place, headers=TUS)).status_code == 409


async def test_another_person_sees_nothing(world: World) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        place = (await create(client, data)).headers["Location"]
    for other in (world.site.colleague, world.site.stranger, world.site.office):
        async with world.client(other) as client:
            assert (await head(client, place)).status_code == 404
            assert (await patch(client, place, 0, data)).status_code == 404
            assert (await client.delete(place, headers=TUS)).status_code == 404
    async with world.client(None) as client:
        assert (await client.head(place, headers=TUS)).status_code == 401


async def test_hostile_bytes_end_with_a_sentence(world: World) -> None:
    async with world.client(world.site.worker) as client:
        for content, code in ((b"<svg xmlns='x'/>", "photo.svg"), (b"<html></html>", "photo.html")):
            answer = await create(client, content, body=content, filetype="image/jpeg")
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(steps=st.lists(st.tuples(st.integers(-5, 3005), st.integers(0, 1500)), max_size=12))
async def test_any_schedule_of_slices_ends_in_the_right_file(
    world: World, steps: list[tuple[int, int]]
) -> None:
    data = photo_bytes()
    async with world.client(world.site.worker) as client:
        made = await create(client, data, sha256=hashlib.sha256(data).hexdigest())
        place, have = made.headers["Location"], 0
        for jump, length in steps:
            offset = have if jump < 0 else jump
            answer = await patch(client, place, offset, data[offset : offset + length])
            if have == len(data):
                assert answer.status_code == 200
            elif offset != have:
                assert answer.status_code == 409
            else:
                have = int(answer.headers["Upload-Offset"])
            assert int((await head(client, place)).headers["Upload-Offset"]) == have
        assert is_receipt(await patch(client, place, have, data[have:]), data)
