"""Resumable uploads: nothing that came is lost, nobody writes twice, the hash is always that of the file."""

import asyncio
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from server.domain.uploads import Checksum
from server.ids import new_id
from server.storage.disk import Disk
from server.storage.parts import Parts
from tests.storage.test_contract import cut_off, pieces

LIMIT = 100_000_000


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path / "parts")


@pytest.fixture
async def upload_id(parts: Parts) -> UUID:
    fresh = new_id()
    await parts.create(fresh)
    return fresh


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_slices_add_up(parts: Parts, upload_id: UUID) -> None:
    slices = [os.urandom(size) for size in (0, 1, 999, 1 << 20, (3 << 20) + 5)]
    offset = 0
    for data in slices:
        chunks = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
        offset = await parts.append(upload_id, offset, pieces(*chunks), LIMIT)
        assert offset == await parts.size(upload_id)
    await parts.sync(upload_id)
    assert parts.path(upload_id).read_bytes() == b"".join(slices)
    assert await parts.digest(upload_id) == sha256(b"".join(slices))


async def test_create_again_keeps_the_bytes(parts: Parts, upload_id: UUID) -> None:
    await parts.append(upload_id, 0, pieces(b"half"), LIMIT)
    await parts.create(upload_id)
    assert await parts.size(upload_id) == 4


async def test_an_unknown_upload(parts: Parts) -> None:
    unknown = uuid4()
    assert await parts.size(unknown) is None
    with pytest.raises(NotFound, match=r"upload\.unknown"):
        await parts.append(unknown, 0, pieces(b"x"), LIMIT)
    with pytest.raises(NotFound, match=r"upload\.unknown"):
        await parts.digest(unknown)
    await parts.remove(unknown)


@pytest.mark.parametrize("offset", [0, 3, 5, 10**12])
async def test_a_wrong_offset_changes_nothing(parts: Parts, upload_id: UUID, offset: int) -> None:
    await parts.append(upload_id, 0, pieces(b"half"), LIMIT)
    with pytest.raises(Conflict, match=r"upload\.offset") as refused:
        await parts.append(upload_id, offset, pieces(b"other"), LIMIT)
    assert refused.value.values == {"offset": 4}
    assert parts.path(upload_id).read_bytes() == b"half"
    assert await parts.digest(upload_id) == sha256(b"half")


async def test_a_vanished_client_keeps_what_came(parts: Parts, upload_id: UUID) -> None:
    first = os.urandom(2_500_000)
    with pytest.raises(ConnectionResetError):
        await parts.append(upload_id, 0, cut_off(first[:1_500_000], first[1_500_000:]), LIMIT)
    assert await parts.size(upload_id) == len(first)
    assert await parts.append(upload_id, len(first), pieces(b"rest"), LIMIT) == len(first) + 4
    assert await parts.digest(upload_id) == sha256(first + b"rest")


async def test_more_than_announced(parts: Parts, upload_id: UUID) -> None:
    with pytest.raises(TooLarge, match=r"upload\.too_long"):
        await parts.append(upload_id, 0, pieces(b"1234567", b"890abc"), 10)
    assert parts.path(upload_id).read_bytes() == b"1234567890"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_checksum_per_request(parts: Parts, upload_id: UUID, algorithm: str) -> None:
    good = Checksum(algorithm, hashlib.new(algorithm, b"good").digest())
    assert await parts.append(upload_id, 0, pieces(b"go", b"od"), LIMIT, checksum=good) == 4
    with pytest.raises(Invalid, match=r"upload\.checksum"):
        await parts.append(upload_id, 4, pieces(b"evil" * 500_000), LIMIT, checksum=good)
    assert await parts.size(upload_id) == 4
    assert await parts.append(upload_id, 4, pieces(b"good"), LIMIT, checksum=good) == 8
    assert await parts.digest(upload_id) == sha256(b"goodgood")


async def test_the_hash_survives_a_restart_and_a_small_memory(tmp_path: Path) -> None:
    ids = [new_id() for _ in range(4)]
    parts = Parts(tmp_path, hashers=2)
    for upload_id in ids:
        await parts.create(upload_id)
        await parts.append(upload_id, 0, pieces(b"first"), LIMIT)
    for upload_id in ids:
        await parts.append(upload_id, 5, pieces(b"second"), LIMIT)
        assert await parts.digest(upload_id) == sha256(b"firstsecond")
    again = Parts(tmp_path)
    await again.append(ids[0], 11, pieces(b"third"), LIMIT)
    assert await again.digest(ids[0]) == sha256(b"firstsecondthird")


async def test_a_file_changed_behind_our_back_is_hashed_again(parts: Parts, upload_id: UUID) -> None:
    await parts.append(upload_id, 0, pieces(b"half"), LIMIT)
    with parts.path(upload_id).open("ab") as file:
        file.write(b"!")
    assert await parts.digest(upload_id) == sha256(b"half!")


async def test_a_newer_request_takes_over(parts: Parts, upload_id: UUID) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"old"
        begun.set()
        await asyncio.Event().wait()

    begun = asyncio.Event()
    older = asyncio.create_task(parts.append(upload_id, 0, stalled(), LIMIT))
    await begun.wait()
    await parts.take_over(upload_id)
    assert await parts.size(upload_id) == 3
    assert await parts.append(upload_id, 3, pieces(b" and new"), LIMIT) == 11
    with pytest.raises(Conflict, match=r"upload\.busy"):
        await older
    assert await parts.digest(upload_id) == sha256(b"old and new")


async def test_many_at_once_leave_one_whole_file(parts: Parts, upload_id: UUID) -> None:
    """Twenty requests for one id at once: each ends as written, busy or wrong offset; nothing is mixed."""

    async def slow(letter: bytes) -> AsyncIterator[bytes]:
        for _ in range(5):
            await asyncio.sleep(0)
            yield letter * 300_000

    letters = [bytes([65 + number]) for number in range(20)]
    answers = await asyncio.gather(
        *(parts.append(upload_id, 0, slow(letter), LIMIT) for letter in letters), return_exceptions=True
    )
    assert all(isinstance(answer, int | Conflict) for answer in answers)
    held = parts.path(upload_id).read_bytes()
    assert len(set(held)) <= 1
    assert await parts.digest(upload_id) == sha256(held)


async def test_a_cancelled_request_keeps_what_came_and_lets_go(parts: Parts, upload_id: UUID) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield bytes(300_000)
            if (await parts.size(upload_id) or 0) > 2_000_000:
                begun.set()

    begun = asyncio.Event()
    request = asyncio.create_task(parts.append(upload_id, 0, endless(), LIMIT))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    held = await parts.size(upload_id)
    assert held and held % 300_000 == 0
    assert await parts.append(upload_id, held, pieces(b"on"), LIMIT) == held + 2
    assert await parts.digest(upload_id) == sha256(bytes(held) + b"on")


async def test_another_process_holds_the_upload(parts: Parts, upload_id: UUID) -> None:
    with parts.path(upload_id).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match=r"upload\.busy"):
            await parts.append(upload_id, 0, pieces(b"x"), LIMIT)
    assert await parts.append(upload_id, 0, pieces(b"x"), LIMIT) == 1


async def test_a_reset_begins_again_and_spares_the_object(
    parts: Parts, upload_id: UUID, tmp_path: Path
) -> None:
    await parts.append(upload_id, 0, pieces(b"photo"), LIMIT)
    (tmp_path / "object").hardlink_to(parts.path(upload_id))  # As a crash in the middle of adopt leaves it.
    await parts.reset(upload_id)
    assert await parts.size(upload_id) == 0
    await parts.append(upload_id, 0, pieces(b"other"), LIMIT)
    assert await parts.digest(upload_id) == sha256(b"other")
    assert (tmp_path / "object").read_bytes() == b"photo"


async def test_from_the_first_byte_to_the_object(parts: Parts, upload_id: UUID, tmp_path: Path) -> None:
    data = os.urandom(2_000_000)
    await parts.append(upload_id, 0, pieces(data), LIMIT)
    digest = await parts.digest(upload_id)
    disk = Disk(tmp_path / "objects")
    await disk.adopt(parts.path(upload_id), "a/b.jpg", sha256=digest, size_bytes=len(data))
    assert await parts.size(upload_id) is None
    assert (tmp_path / "objects/a/b.jpg").read_bytes() == data


async def test_old_uploads_are_found(parts: Parts, upload_id: UUID) -> None:
    stale, moment = new_id(), datetime.now(UTC)
    await parts.create(stale)
    long_ago = (moment - timedelta(days=9)).timestamp()
    os.utime(parts.path(stale), (long_ago, long_ago))
    (parts.path(stale).parent / "notes.part").touch()
    assert await parts.older_than(moment - timedelta(days=7)) == [stale]


FILL = """
import asyncio, resource, signal, sys, uuid
from pathlib import Path
from server.storage.base import StorageFull
from server.storage.parts import Parts

async def chunks():
    for letter in b"abc":
        yield bytes([letter]) * 700_000

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    parts, upload = Parts(Path(sys.argv[1])), uuid.UUID(int=7)
    await parts.create(upload)
    try:
        await parts.append(upload, 0, chunks(), 10_000_000)
    except StorageFull:
        print(await parts.size(upload), await parts.digest(upload))

asyncio.run(main())
"""


def test_a_full_disk_keeps_what_fitted(tmp_path: Path) -> None:
    """A file size limit stops the write in the middle of a chunk, as a full disk does."""
    command = [sys.executable, "-c", FILL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expected = b"a" * 700_000 + b"b" * 300_000
    assert done.stdout.split() == ["1000000", sha256(expected)], done.stderr
