"""One server per SQLite data folder: a lock file that the kernel releases even after kill -9."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Held(Exception):
    """Another process works with this data folder."""


@contextmanager
def hold(data: Path) -> Iterator[None]:
    """Keep the data folder to this process. Raises Held when a server has it."""
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Held(str(data)) from None
        yield
    finally:
        os.close(descriptor)
