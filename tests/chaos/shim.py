"""Failing disks: shim.c compiled, and the handle that arms and disarms it while the program runs."""

import ctypes
import mmap
import os
import shutil
import subprocess
from enum import IntFlag
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


class Calls(IntFlag):
    """Kinds of calls that can fail; opening counts when it may create a file."""

    WRITE = 1
    SYNC = 2
    NAME = 4
    CREATE = 8
    SIZE = 16
    ALL = 31


class Control(ctypes.Structure):
    """The mapped struct of shim.c."""

    _fields_ = (
        ("error", ctypes.c_int32),
        ("kinds", ctypes.c_int32),
        ("lasting", ctypes.c_int32),
        ("python", ctypes.c_int32),
        ("sqlite", ctypes.c_int32),
        ("at", ctypes.c_int64),
        ("seen", ctypes.c_int64),
        ("failed", ctypes.c_int64),
    )


def compiler() -> str | None:
    """Return the system's C compiler, None where there is none; whoever needs the shim then skips and says so."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


class Disk:
    """The fault for everything below `under`, in every program started with `environment`."""

    def __init__(self, folder: Path, under: Path) -> None:
        self._library, self._path = folder / "shim.so", folder / "shim.control"
        command = [str(compiler()), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(self._library)]
        subprocess.run([*command, str(SOURCE), "-ldl"], check=True, capture_output=True)
        self._path.write_bytes(bytes(mmap.PAGESIZE))
        with self._path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.control = Control.from_buffer(self._map)
        self.environment = {
            "LD_PRELOAD": str(self._library),
            "CHAOS_CONTROL": str(self._path),
            "CHAOS_UNDER": os.path.realpath(under),
        }

    def arm(self, error: int, at: int, *, calls: Calls = Calls.ALL, lasting: bool = True) -> None:
        """From the `at`-th call on (counted from now, 1 is the next) each one fails; or only that one."""
        self.control.error = 0
        self.control.kinds, self.control.lasting, self.control.at = int(calls), int(lasting), at
        self.control.seen = self.control.failed = 0
        self.control.error = error

    def mend(self) -> int:
        """Let all calls pass again; returns how many failed."""
        self.control.error = 0
        return int(self.control.failed)
