"""Objects as files below one folder, each one synced to the disk before it counts.

New content goes to `.tmp`, is synced, linked to its name (a link never replaces anything, unlike a rename),
and then the folder is synced. A crash leaves at most a nameless file in `.tmp`.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import FileIO
from pathlib import Path
from uuid import uuid4

from server.storage.base import (
    CHUNK_BYTES,
    PROBE,
    KeyTaken,
    NoSuchObject,
    StorageError,
    StorageFull,
    Stored,
    Unsynced,
    checked,
    in_thread,
    open_in_thread,
)

WRITE_BYTES = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Disk:
    """The storage of one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._temp = self._folder / ".tmp"
        self._durable: set[Path] = set()
        self._unsynced = False

    async def ready(self) -> None:
        self._trusted()
        await self.head(PROBE)

    async def put(self, key: str, data: bytes | AsyncIterator[bytes], *, content_type: str) -> Stored:
        target = self._path(key)
        with self._watched():
            if isinstance(data, bytes):
                return await in_thread(self._put_bytes, key, target, data)
            temp = await in_thread(self._new_temp)
            try:
                stored = await self._write_stream(key, temp, data)
                await in_thread(self._publish, temp, target, stored)
            finally:
                await in_thread(temp.unlink, missing_ok=True)
            return stored

    async def adopt(self, path: Path, key: str, *, sha256: str, size_bytes: int) -> Stored:
        stored = Stored(key, size_bytes, sha256)
        with self._watched():
            await in_thread(self._adopt, path, self._path(key), stored)
        return stored

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(key)
        file = await open_in_thread(_open, path, key, start)
        try:
            left = length if length is not None else (1 << 62)
            while left and (chunk := await in_thread(file.read, min(left, CHUNK_BYTES))):
                left -= len(chunk)
                yield chunk
        finally:
            file.close()

    async def head(self, key: str) -> Stored | None:
        return await in_thread(_measure, self._path(key), key)

    async def delete(self, key: str) -> None:
        with self._watched():
            await in_thread(_remove, self._path(key))

    async def list(self, prefix: str) -> AsyncIterator[str]:
        folder = self._path(prefix) if prefix else self._folder
        for key in await in_thread(lambda: sorted(self._keys(folder))):
            yield key

    async def url_for(self, key: str, *, ttl_s: int) -> str | None:
        return None

    def local_path(self, key: str) -> Path | None:
        return self._path(key)

    @asynccontextmanager
    async def open_local(self, key: str) -> AsyncIterator[Path]:
        path = self._path(key)
        if not await in_thread(path.is_file):
            raise NoSuchObject(key)
        yield path

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    def _keys(self, folder: Path) -> Iterator[str]:
        for parent, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (str((Path(parent) / name).relative_to(self._folder)) for name in files)

    def _trusted(self) -> None:
        if self._unsynced:
            raise Unsynced("a sync has failed earlier")

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Do nothing any more once a sync has failed, here or in a request that came first."""
        self._trusted()
        try:
            yield
        except Unsynced:
            self._unsynced = True
            raise
        self._trusted()

    def _new_temp(self) -> Path:
        with _foreign_failures():
            self._temp.mkdir(parents=True, exist_ok=True)
        return self._temp / uuid4().hex

    async def _write_stream(self, key: str, temp: Path, data: AsyncIterator[bytes]) -> Stored:
        digest = hashlib.sha256()
        with _foreign_failures():
            file = await open_in_thread(temp.open, "xb", buffering=0)
        try:
            chunks, waiting_bytes = list[bytes](), 0
            async for chunk in data:
                chunks.append(chunk)
                waiting_bytes += len(chunk)
                if waiting_bytes >= WRITE_BYTES:
                    await in_thread(_write, file, digest, chunks)
                    chunks, waiting_bytes = [], 0
            await in_thread(_write, file, digest, chunks)
            size_bytes = file.tell()
            await in_thread(_sync, file)
        finally:
            file.close()
        return Stored(key, size_bytes, digest.hexdigest())

    def _put_bytes(self, key: str, target: Path, data: bytes) -> Stored:
        temp = self._new_temp()
        digest = hashlib.sha256()
        try:
            with _foreign_failures(), temp.open("xb", buffering=0) as file:
                _write(file, digest, [data])
                _sync(file)
            stored = Stored(key, len(data), digest.hexdigest())
            self._publish(temp, target, stored)
        finally:
            temp.unlink(missing_ok=True)
        return stored

    def _adopt(self, path: Path, target: Path, stored: Stored) -> None:
        with _foreign_failures():
            with path.open("rb", buffering=0) as file:
                _sync(file)
            try:
                self._publish(path, target, stored)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._adopt_from_afar(path, target, stored)
            path.unlink(missing_ok=True)

    def _adopt_from_afar(self, path: Path, target: Path, stored: Stored) -> None:
        """The part lies on another file system: copy it over first."""
        temp = self._new_temp()
        try:
            with _foreign_failures():
                shutil.copyfile(path, temp)
            with temp.open("rb", buffering=0) as file:
                _sync(file)
            self._publish(temp, target, stored)
        finally:
            temp.unlink(missing_ok=True)

    def _publish(self, temp: Path, target: Path, stored: Stored) -> None:
        """Give the synced file its name for good; raises KeyTaken, or OSError EXDEV across file systems."""
        with _foreign_failures(passing={errno.EXDEV}):
            self._make_durable(target.parent)
            try:
                target.hardlink_to(temp)
            except FileExistsError:
                if _measure(target, stored.key) != stored:
                    raise KeyTaken(stored.key) from None
            sync_folder(target.parent)

    def _make_durable(self, folder: Path) -> None:
        """Create `folder` and sync every level of its way down once, whoever made it."""
        if folder in self._durable:
            if folder.is_dir():
                return
            self._durable.clear()
        folder.mkdir(parents=True, exist_ok=True)
        while folder != self._folder.parent:
            sync_folder(folder.parent)
            self._durable.add(folder)
            folder = folder.parent


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut; a file's own fsync does not (fsync(2), notes)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(handle)
    finally:
        os.close(handle)


def sync(handle: int) -> None:
    """Make what was written survive a power cut. Raises Unsynced, whatever the reason."""
    try:
        os.fsync(handle)
    except OSError as error:
        raise Unsynced(str(failure(error))) from error


@contextmanager
def _foreign_failures(*, passing: frozenset[int] | set[int] = frozenset()) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in passing:
            raise
        raise failure(error) from error


def failure(error: OSError) -> StorageError:
    """Return what an error of the file system means to the caller."""
    if error.errno in _FULL:
        return StorageFull("no room left on the disk")
    return StorageError(f"{error.strerror or error} ({errno.errorcode.get(error.errno or 0, '?')})")


def write_all(handle: int, data: bytes) -> None:
    """Write every byte of `data`, however many calls it takes; raises OSError after what fitted."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _write(file: FileIO, digest: "hashlib._Hash", chunks: list[bytes]) -> None:
    with _foreign_failures():
        for chunk in chunks:
            write_all(file.fileno(), chunk)
            digest.update(chunk)


def _sync(file: FileIO) -> None:
    sync(file.fileno())


def _open(path: Path, key: str, start: int) -> FileIO:
    with _foreign_failures():
        try:
            file = path.open("rb", buffering=0)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NoSuchObject(key) from None
        file.seek(start)
        return file


def _measure(path: Path, key: str) -> Stored | None:
    try:
        file = _open(path, key, 0)
    except NoSuchObject:
        return None
    with _foreign_failures(), file:
        digest = hashlib.file_digest(file, "sha256")
        return Stored(key, os.fstat(file.fileno()).st_size, digest.hexdigest())


def _remove(path: Path) -> None:
    with _foreign_failures():
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        sync_folder(path.parent)
