"""What every place for files can do, and how it fails."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
PROBE = "ready/probe"
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it lies in the storage; `sha256` in hex."""

    key: str
    size_bytes: int
    sha256: str


class StorageError(Exception):
    """The storage could not do it; `permanent` when trying again cannot help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class StorageFull(StorageError):
    """No room left on the disk; what was written before stays."""


class Unsynced(StorageError):
    """A sync has failed, so nothing here can be called safe until the server is started again.

    The kernel tells of a failed sync once and may have dropped the pages: a second sync that succeeds proves nothing
    (PostgreSQL, "fsyncgate", 2018; fsync(2), EIO).
    """


class NoSuchObject(StorageError):
    """Nothing lies under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key}", permanent=True)


class KeyTaken(StorageError):
    """Other content lies under this key already, and objects never change."""

    def __init__(self, key: str) -> None:
        super().__init__(f"other content is stored as {key}", permanent=True)


class BadKey(StorageError):
    """The key could leave the storage or name nothing."""

    def __init__(self, key: str) -> None:
        super().__init__(f"not a storage key: {key!r}", permanent=True)


class Storage(Protocol):
    """Write-once objects under keys `<company>/<yyyy>/<mm>/<uuid>[.<rendition>].<ext>`.

    Writing equal content to a taken key is success, other content raises KeyTaken.
    Every method raises BadKey for a key that `checked` refuses, and StorageError when the engine fails.
    """

    async def ready(self) -> None:
        """Return if objects can be stored. Raises StorageError, Unsynced since a sync has failed."""

    async def put(self, key: str, data: bytes | AsyncIterator[bytes], *, content_type: str) -> Stored:
        """Store `data`; after the return it survives a power cut."""

    async def adopt(self, path: Path, key: str, *, sha256: str, size_bytes: int) -> Stored:
        """Make the finished, verified local file at `path` the object; the file is gone afterwards."""

    def get(self, key: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` on, at most `length`; raises NoSuchObject at the first step."""

    async def head(self, key: str) -> Stored | None:
        """Return size and hash, or None; the disk reads the whole file, so this also proves it whole."""

    async def delete(self, key: str) -> None:
        """Remove the object; nothing happens when it is gone already."""

    def list(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys below the folder `prefix` ("" for all) in order."""

    async def url_for(self, key: str, *, ttl_s: int) -> str | None:
        """Return an address that gives the object for `ttl_s` seconds, or None if this engine has none."""

    def local_path(self, key: str) -> Path | None:
        """Return where the object lies as a local file, or None if this engine has none."""

    def open_local(self, key: str) -> AbstractAsyncContextManager[Path]:
        """Give a local file to read while the context is open; never write to it."""


def checked(key: str) -> str:
    """Return `key`, or raise BadKey: no traversal, no hidden or empty segment, no NUL, plain ASCII."""
    if len(key) > 512 or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise BadKey(key)
    return key


async def missing(storage: Storage, keys: Sequence[str]) -> set[str]:
    """Return which of these objects are not there, as far as a look without the network tells: a bucket's never are.

    Raises StorageError where the disk gives no answer: that is not absence.
    """
    paths = {key: path for key in keys if (path := storage.local_path(key))}
    try:
        return await in_thread(lambda: {key for key, path in paths.items() if not path.is_file()})
    except OSError as error:
        raise StorageError(str(error)) from error


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in a thread; a cancelled caller leaves only after the thread has let go of its files."""
    running = started(work, *args, **kwargs)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(settled(running), return_exceptions=True)
        raise


async def open_in_thread(work: Callable[P, FileIO], *args: P.args, **kwargs: P.kwargs) -> FileIO:
    """Open a file in a thread; a cancelled caller leaves none open."""
    files: list[FileIO] = []
    try:
        await in_thread(lambda: files.append(work(*args, **kwargs)))
    except BaseException:
        for file in files:
            file.close()
        raise
    return files[0]


def started(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """Start `work` in a thread now; the caller awaits the end by `settled` or a shield."""
    return asyncio.get_running_loop().run_in_executor(None, partial(work, *args, **kwargs))


async def settled(running: "asyncio.Future[T]") -> T:
    """Return what a started thread returns or raises, even when the caller is cancelled meanwhile."""
    while not running.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([running])
    return running.result()
