"""What every storage engine promises."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from server.storage.base import BadKey, KeyTaken, NoSuchObject, Storage, Stored
from server.storage.disk import Disk

KEY = "firma/2026/11/018f.jpg"


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


async def cut_off(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise ConnectionResetError("the phone went into the cellar")


async def read(storage: Storage, key: str, *, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in storage.get(key, start=start, length=length)])


async def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [key async for key in storage.list(prefix)]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def stored(key: str, data: bytes) -> Stored:
    return Stored(key, len(data), hashlib.sha256(data).hexdigest())


async def test_bytes_come_back_as_they_went(storage: Storage) -> None:
    data = os.urandom(300_000)
    assert await storage.put(KEY, data, content_type="image/jpeg") == stored(KEY, data)
    assert await read(storage, KEY) == data
    assert await storage.head(KEY) == stored(KEY, data)


async def test_a_stream_is_hashed_on_its_way(storage: Storage) -> None:
    chunks = [os.urandom(700_000) for _ in range(4)] + [b"", b"end"]
    answer = await storage.put(KEY, pieces(*chunks), content_type="image/jpeg")
    assert answer == stored(KEY, b"".join(chunks))
    assert await read(storage, KEY) == b"".join(chunks)


async def test_an_empty_object(storage: Storage) -> None:
    assert await storage.put(KEY, b"", content_type="text/plain") == stored(KEY, b"")
    assert await read(storage, KEY) == b""


async def test_an_object_of_many_parts(storage: Storage) -> None:
    data = os.urandom(1 << 20) * 18
    assert await storage.put(KEY, data, content_type="image/jpeg") == stored(KEY, data)
    assert await storage.head(KEY) == stored(KEY, data)
    with pytest.raises(KeyTaken):
        await storage.put(KEY, data[:-1], content_type="image/jpeg")
    assert await read(storage, KEY) == data


@pytest.mark.parametrize(
    ("start", "length"), [(0, 10), (5, None), (999, 1), (999, 50), (1000, None), (3, 0), (2000, 5)]
)
async def test_a_part_of_an_object(storage: Storage, start: int, length: int | None) -> None:
    data = os.urandom(1000)
    await storage.put(KEY, data, content_type="image/jpeg")
    end = None if length is None else start + length
    assert await read(storage, KEY, start=start, length=length) == data[start:end]


async def test_equal_content_again_is_success(storage: Storage) -> None:
    await storage.put(KEY, b"a photo", content_type="image/jpeg")
    assert await storage.put(KEY, b"a photo", content_type="image/jpeg") == stored(KEY, b"a photo")
    assert await storage.put(KEY, pieces(b"a ", b"photo"), content_type="x/y") == stored(KEY, b"a photo")


async def test_other_content_is_refused(storage: Storage) -> None:
    await storage.put(KEY, b"a photo", content_type="image/jpeg")
    with pytest.raises(KeyTaken) as refused:
        await storage.put(KEY, b"another", content_type="image/jpeg")
    assert refused.value.permanent
    assert await read(storage, KEY) == b"a photo"


async def test_nothing_there(storage: Storage) -> None:
    assert await storage.head(KEY) is None
    with pytest.raises(NoSuchObject):
        await read(storage, KEY)
    with pytest.raises(NoSuchObject):
        async with storage.open_local(KEY):
            pass
    await storage.delete(KEY)


async def test_deleted_is_gone(storage: Storage) -> None:
    await storage.put(KEY, b"a photo", content_type="image/jpeg")
    await storage.delete(KEY)
    assert await storage.head(KEY) is None
    assert await keys(storage) == []


async def test_a_list_stays_inside_its_folder(storage: Storage) -> None:
    for key in ("a/2026/11/2.jpg", "a/2026/11/1.thumb.jpg", "a/2026/12/3.jpg", "ab/2026/11/4.jpg"):
        await storage.put(key, key.encode(), content_type="image/jpeg")
    assert await keys(storage, "a/2026/11") == ["a/2026/11/1.thumb.jpg", "a/2026/11/2.jpg"]
    assert await keys(storage, "a") == ["a/2026/11/1.thumb.jpg", "a/2026/11/2.jpg", "a/2026/12/3.jpg"]
    assert len(await keys(storage)) == 4
    assert await keys(storage, "nobody") == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "a//b",
        "a/",
        "../a",
        "a/../b",
        "a/./b",
        "a/.tmp/b",
        "a\0b",
        "a\\b",
        "ä.jpg",
        "a b",
        "x" * 600,
    ],
)
async def test_a_key_cannot_leave(storage: Storage, key: str) -> None:
    with pytest.raises(BadKey):
        await storage.put(key, b"x", content_type="image/jpeg")
    with pytest.raises(BadKey):
        await read(storage, key)
    with pytest.raises(BadKey):
        await storage.delete(key)


async def test_a_finished_part_becomes_the_object(storage: Storage, tmp_path: Path) -> None:
    part, data = tmp_path / "part", os.urandom(100_000)
    for _ in range(2):  # The second time is the one after a crash before the part was removed.
        part.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        assert await storage.adopt(part, KEY, sha256=sha256, size_bytes=len(data)) == stored(KEY, data)
        assert not part.exists()
        assert await read(storage, KEY) == data


async def test_another_part_does_not_replace_the_object(storage: Storage, tmp_path: Path) -> None:
    await storage.put(KEY, b"a photo", content_type="image/jpeg")
    part = tmp_path / "part"
    part.write_bytes(b"another")
    with pytest.raises(KeyTaken):
        sha256 = hashlib.sha256(b"another").hexdigest()
        await storage.adopt(part, KEY, sha256=sha256, size_bytes=7)
    assert part.read_bytes() == b"another"
    assert await read(storage, KEY) == b"a photo"


async def test_a_local_file_for_the_renderer(storage: Storage) -> None:
    await storage.put(KEY, b"a photo", content_type="image/jpeg")
    async with storage.open_local(KEY) as path:
        assert path.read_bytes() == b"a photo"
    local = storage.local_path(KEY)
    assert (local is None) != isinstance(storage, Disk)
    assert local is None or local.read_bytes() == b"a photo"


async def test_an_address_gives_the_object(storage: Storage) -> None:
    await storage.put(KEY, b"a photo", content_type="image/jpeg")
    address = await storage.url_for(KEY, ttl_s=60)
    if address is None:
        assert isinstance(storage, Disk)
        return
    async with httpx.AsyncClient() as client:
        assert (await client.get(address)).content == b"a photo"


async def test_a_cut_stream_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        await storage.put(KEY, cut_off(os.urandom(2_000_000)), content_type="image/jpeg")
    assert await storage.head(KEY) is None
    assert files_below(tmp_path) == []


async def test_a_cancelled_stream_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield bytes(400_000)
            begun.set()

    begun = asyncio.Event()
    writing = asyncio.create_task(storage.put(KEY, endless(), content_type="image/jpeg"))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await storage.head(KEY) is None
    assert files_below(tmp_path) == []


async def test_two_writers_and_one_winner(storage: Storage) -> None:
    """500 races on the disk, fewer over HTTP: one content wins, the loser is told, nothing is mixed."""
    for _ in range(500 if isinstance(storage, Disk) else 25):
        key = f"firma/2026/11/{uuid4()}.jpg"
        answers = await asyncio.gather(
            storage.put(key, b"red", content_type="image/jpeg"),
            storage.put(key, pieces(b"bl", b"ue"), content_type="image/jpeg"),
            return_exceptions=True,
        )
        won = [answer for answer in answers if isinstance(answer, Stored)]
        assert [await storage.head(key)] == won
        assert sum(isinstance(answer, KeyTaken) for answer in answers) == 1
