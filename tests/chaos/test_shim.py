"""The shim hits Python's and SQLite's calls alike, at the call it was told, and only below its folder."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.shim import Calls, Disk, compiler

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler for the LD_PRELOAD shim")

PYTHON = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
def step(name, work):
    try:
        work(); print(name, "ok")
    except OSError as error:
        print(name, error.errno)
handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
file = (folder / "a").open("xb", buffering=0)
step("write", lambda: file.write(b"x"))
step("writev", lambda: os.writev(file.fileno(), [b"x"]))
step("pwrite", lambda: os.pwrite(file.fileno(), b"x", 0))
step("truncate", lambda: file.truncate(1))
step("fallocate", lambda: os.posix_fallocate(file.fileno(), 0, 10))
step("fsync", lambda: os.fsync(file.fileno()))
step("fdatasync", lambda: os.fdatasync(file.fileno()))
step("link", lambda: (folder / "b").hardlink_to(folder / "a"))
step("rename", lambda: (folder / "b").rename(folder / "c"))
step("folder", lambda: os.fsync(handle))
step("open", lambda: (folder / "d").touch())
step("mkdir", lambda: (folder / "e").mkdir())
step("outside", lambda: (folder.parent / "outside").write_bytes(b"x"))
"""
SQLITE = """
import sys, pysqlite3
base = pysqlite3.connect(sys.argv[1] + "/x.db", isolation_level=None)
try:
    base.execute("PRAGMA journal_mode=WAL"); base.execute("PRAGMA synchronous=FULL")
    base.execute("CREATE TABLE IF NOT EXISTS t (x)"); base.execute("INSERT INTO t VALUES (1)")
    print("ok")
except pysqlite3.Error as error:
    print(error.sqlite_errorname)
"""
STEPS = ["write", "writev", "pwrite", "truncate", "fallocate", "fsync", "fdatasync", "link", "rename", "folder", "open", "mkdir"]  # fmt: skip


def run(disk: Disk, program: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env=disk.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    (tmp_path / "under").mkdir()
    return Disk(tmp_path, tmp_path / "under")


def test_nothing_armed_nothing_fails(disk: Disk, tmp_path: Path) -> None:
    assert run(disk, PYTHON, tmp_path / "under") == [f"{step} ok" for step in [*STEPS, "outside"]]
    assert run(disk, SQLITE, tmp_path / "under") == ["ok"]
    assert disk.control.python >= len(STEPS) and disk.control.sqlite > 5


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_each_call_of_python_can_be_the_one(disk: Disk, tmp_path: Path, number: int) -> None:
    disk.arm(errno.EIO, number + 2, lasting=False)  # the first creates the file
    said = run(disk, PYTHON, tmp_path / "under")
    assert said[number] == f"{STEPS[number]} {errno.EIO}"
    assert disk.mend() == 1
    later = [line for line in said[number + 1 :] if line.split()[0] != "rename"]  # no link, nothing to rename
    assert all(line.endswith(" ok") for line in later)


def test_from_the_kth_on_until_mended(disk: Disk, tmp_path: Path) -> None:
    disk.arm(errno.ENOSPC, 4)
    said = run(disk, PYTHON, tmp_path / "under")
    assert [line.split()[1] for line in said[:2]] == ["ok", "ok"]
    assert {line.split()[1] for line in said[2:-1]} <= {str(errno.ENOSPC), str(errno.ENOENT)}
    assert said[-1] == "outside ok"
    assert disk.mend() >= 9


def test_sqlite_meets_a_full_disk_and_a_failed_sync(disk: Disk, tmp_path: Path) -> None:
    assert run(disk, SQLITE, tmp_path / "under") == ["ok"]
    disk.arm(errno.ENOSPC, 9, calls=Calls.WRITE)  # eight make the -shm file
    assert run(disk, SQLITE, tmp_path / "under") == ["SQLITE_FULL"]
    disk.arm(errno.EIO, 1, calls=Calls.SYNC)
    assert run(disk, SQLITE, tmp_path / "under") == ["SQLITE_IOERR"]
    disk.mend()
    assert run(disk, SQLITE, tmp_path / "under") == ["ok"]
