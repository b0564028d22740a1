"""What only a disk can get wrong: the order of sync and name, a full disk, another file system."""

import asyncio
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.storage.base import StorageError, StorageFull
from server.storage.disk import Disk, failure

WRITE = """
import asyncio, sys
from pathlib import Path
from server.storage.disk import Disk
if sys.argv[2] == "put":
    asyncio.run(Disk(Path(sys.argv[1])).put("a/b/c.jpg", b"photo" * 1000, content_type="image/jpeg"))
else:
    part = Path(sys.argv[1]) / "part"
    asyncio.run(Disk(Path(sys.argv[1])).adopt(part, "a/b/c.jpg", sha256="0" * 64, size_bytes=5000))
"""


def _traced(folder: Path, how: str) -> list[str]:
    """Return the system calls of one write, in order, with file handles replaced by names."""
    log = folder.parent / "trace"
    calls = "trace=openat,write,fsync,link,linkat,unlink,unlinkat,rename,close"
    command = [
        "strace",
        "-f",
        "-y",
        "-e",
        calls,
        "-o",
        str(log),
        sys.executable,
        "-c",
        WRITE,
        str(folder),
        how,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0 and "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    return [line for line in lines if str(folder) in line]


def _position(lines: list[str], pattern: str) -> int:
    return next(at for at, line in enumerate(lines) if re.search(pattern, line))


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace shows the order of system calls")
@pytest.mark.parametrize("how", ["put", "adopt"])
def test_synced_then_named_then_the_folder_synced(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "objects"
    folder.mkdir()
    (folder / "part").write_bytes(b"photo" * 1000)
    lines = _traced(folder, how)
    source = r"/\.tmp/\w+" if how == "put" else "/part"
    file_synced = _position(lines, rf"^fsync\(\d+<{folder}{source}>\)")
    named = _position(lines, rf'^link(at)?\(.*{source}".*"{folder}/a/b/c\.jpg"')
    folder_synced = max(at for at, line in enumerate(lines) if re.match(rf"fsync\(\d+<{folder}/a/b>\)", line))
    assert file_synced < named < folder_synced
    for parent in (folder, folder / "a"):
        assert _position(lines, rf"^fsync\(\d+<{parent}>\)") < named
    if how == "put":
        assert _position(lines, rf"^write\(\d+<{folder}{source}>") < file_synced
    else:
        assert folder_synced < _position(lines, r"^unlink(at)?\(.*/part")


async def test_folders_that_were_removed_come_back(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "objects")
    await disk.put("a/b/1.jpg", b"1", content_type="image/jpeg")
    shutil.rmtree(tmp_path / "objects")
    await disk.put("a/b/2.jpg", b"2", content_type="image/jpeg")
    assert (tmp_path / "objects/a/b/2.jpg").read_bytes() == b"2"


def test_what_a_failing_disk_means() -> None:
    assert isinstance(failure(OSError(errno.ENOSPC, "No space left on device")), StorageFull)
    assert isinstance(failure(OSError(errno.EDQUOT, "Disk quota exceeded")), StorageFull)
    other = failure(OSError(errno.EIO, "Input/output error"))
    assert isinstance(other, StorageError) and not isinstance(other, StorageFull)


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="/dev/shm is the other file system")
async def test_a_part_on_another_file_system_is_copied(tmp_path: Path) -> None:
    if Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:  # noqa: ASYNC240
        pytest.skip("both folders lie on one file system")
    data = os.urandom(50_000)
    part = Path("/dev/shm") / f"zollstock-test-{os.getpid()}"
    part.write_bytes(data)
    try:
        disk = Disk(tmp_path / "objects")
        sha256 = hashlib.sha256(data).hexdigest()
        await disk.adopt(part, "a/b.jpg", sha256=sha256, size_bytes=len(data))
        assert not part.exists()
        assert (tmp_path / "objects/a/b.jpg").read_bytes() == data
        assert list((tmp_path / "objects/.tmp").iterdir()) == []
    finally:
        part.unlink(missing_ok=True)


async def test_the_loop_stays_free_while_files_are_written(tmp_path: Path) -> None:
    """A task that only yields gets its turns during one big write: the work is done elsewhere."""
    turns = 0
    writing = asyncio.create_task(Disk(tmp_path).put("a.jpg", bytes(64 << 20), content_type="image/jpeg"))
    while not writing.done():
        await asyncio.sleep(0)
        turns += 1
    await writing
    assert turns > 100
