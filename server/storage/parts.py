"""The staging area of resumable uploads: one growing file per upload, on this machine's disk.

The length of the file is the offset; there is no second record that could disagree with it.
"""

import asyncio
import fcntl
import hashlib
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from uuid import UUID

from server.domain.errors import Conflict, Invalid, NotFound, TooLarge
from server.domain.uploads import Checksum
from server.ids import parse_id
from server.storage.base import in_thread, open_in_thread, settled, started
from server.storage.disk import WRITE_BYTES, failure, sync, sync_folder, write_all

_SUFFIX = ".part"
_CHUNKS_AT_ONCE = 512


@dataclass(slots=True)
class _Writer:
    """One request that is appending: its task, the open file, the running hashes, what waits to be written."""

    file: FileIO
    size_bytes: int
    limit_bytes: int
    whole: "hashlib._Hash | None"
    request: "hashlib._Hash | None"
    waiting: list[bytes] = field(default_factory=list)
    waiting_bytes: int = 0
    too_long: bool = False

    def take(self, chunk: bytes) -> bool:
        """Keep `chunk` for the next hop to a thread; returns whether that is due."""
        room = self.limit_bytes - self.size_bytes - self.waiting_bytes
        if len(chunk) > room:
            self.too_long, chunk = True, chunk[:room]
        self.waiting.append(chunk)
        self.waiting_bytes += len(chunk)
        return self.too_long or self.waiting_bytes >= WRITE_BYTES or len(self.waiting) >= _CHUNKS_AT_ONCE

    def swap(self) -> list[bytes]:
        chunks, self.waiting, self.waiting_bytes = self.waiting, [], 0
        return chunks

    def differs(self, checksum: Checksum) -> bool:
        return self.request is None or self.request.digest() != checksum.digest

    def write(self, chunks: list[bytes]) -> None:
        try:
            for chunk in chunks:
                write_all(self.file.fileno(), chunk)
                self.size_bytes += len(chunk)
                if self.whole:
                    self.whole.update(chunk)
                if self.request:
                    self.request.update(chunk)
        except OSError as error:
            self.whole = None  # Part of a chunk may lie in the file: hash from the file next time.
            raise failure(error) from error


class Parts:
    """Uploads that are not finished, below one folder.

    One writer per id: a newer `append` takes over, as half-open mobile connections would hold an id for minutes.
    """

    def __init__(self, folder: Path, *, hashers: int = 64) -> None:
        self._folder = folder
        self._hashers: OrderedDict[UUID, tuple[int, hashlib._Hash]] = OrderedDict()
        self._hashers_kept = hashers
        self._writing: dict[UUID, asyncio.Task[int]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, upload_id: UUID) -> Path:
        """Return where the bytes lie."""
        return self._folder / f"{upload_id}{_SUFFIX}"

    async def create(self, upload_id: UUID) -> None:
        """Begin an upload with no bytes; a known one stays as it is."""
        await in_thread(_touch, self.path(upload_id))

    async def size(self, upload_id: UUID) -> int | None:
        """Return how many bytes lie here, or None for an unknown upload."""
        return await in_thread(_size, self.path(upload_id))

    async def append(
        self,
        upload_id: UUID,
        offset: int,
        chunks: AsyncIterator[bytes],
        limit: int,
        *,
        checksum: Checksum | None = None,
    ) -> int:
        """Append what `chunks` yields and return the new offset.

        Whatever ends it early, the bytes that came stay – but for a wrong checksum, which takes this request's
        bytes back, also of one that is cut off with its last byte here. Raises NotFound "upload.unknown", Conflict
        "upload.offset" or "upload.busy" (a newer request has taken over, or another process writes), TooLarge
        "upload.too_long" beyond `limit` bytes in all, Invalid "upload.checksum", StorageFull, and whatever `chunks`
        raises.
        """
        await self.take_over(upload_id)
        task = asyncio.ensure_future(self._append(upload_id, offset, chunks, limit, checksum))
        self._writing[upload_id] = task
        try:
            return await task
        except asyncio.CancelledError:
            if _was_cancelled():
                await _stopped(task)
                raise
            raise Conflict("upload.busy") from None
        finally:
            if self._writing.get(upload_id) is task:
                del self._writing[upload_id]

    async def take_over(self, upload_id: UUID) -> None:
        """Stop the request that is appending, if any; returns when its bytes are in the file."""
        while (task := self._writing.get(upload_id)) and not task.done():
            await _stopped(task)

    async def take_over_all(self) -> None:
        """Stop every request that is appending; the server ends, and a slow phone would hold it up for minutes."""
        for upload_id in list(self._writing):
            await self.take_over(upload_id)

    async def digest(self, upload_id: UUID) -> str:
        """Return the SHA-256 of the bytes so far in hex; reads the file only when no running hash is at hand."""
        size_bytes = await self.size(upload_id)
        known = self._hashers.get(upload_id)
        if known is None or known[0] != size_bytes:
            known = await in_thread(_hash_file, self.path(upload_id))
            self._keep(upload_id, *known)
        return known[1].hexdigest()

    async def sync(self, upload_id: UUID) -> None:
        """Make the bytes so far survive a power cut."""
        await in_thread(_sync, self.path(upload_id))

    async def reset(self, upload_id: UUID) -> None:
        """Begin again with no bytes, in a new file: the old one may be an object's already."""
        await self.remove(upload_id)
        await self.create(upload_id)

    async def remove(self, upload_id: UUID) -> None:
        """Forget the upload; nothing happens when it is gone already."""
        await self.take_over(upload_id)
        self._hashers.pop(upload_id, None)
        await in_thread(self.path(upload_id).unlink, missing_ok=True)

    async def older_than(self, moment: datetime) -> list[UUID]:
        """Return the uploads that received nothing since `moment`."""
        return await in_thread(_idle_since, self._folder, moment)

    def _keep(self, upload_id: UUID, offset: int, hasher: "hashlib._Hash | None") -> None:
        if hasher is None:
            return
        self._hashers[upload_id] = (offset, hasher)
        self._hashers.move_to_end(upload_id)
        while len(self._hashers) > self._hashers_kept:
            self._hashers.popitem(last=False)

    async def _append(
        self,
        upload_id: UUID,
        offset: int,
        chunks: AsyncIterator[bytes],
        limit: int,
        checksum: Checksum | None,
    ) -> int:
        file = await open_in_thread(_open_at, self.path(upload_id), offset)
        with file:
            known, hasher = self._hashers.pop(upload_id, (0, hashlib.sha256()))
            whole = hasher if known == offset else None
            before = whole.copy() if whole else None
            request = hashlib.new(checksum.algorithm) if checksum else None
            writer = _Writer(file, offset, limit, whole, request)
            ended = False
            try:
                await _receive(writer, chunks)
                ended = True
            finally:
                self._keep(upload_id, writer.size_bytes, writer.whole)
                # Cut off with nothing to come it is judged, too: whoever asks next may make it an original.
                if (ended or writer.size_bytes == limit) and checksum and writer.differs(checksum):
                    await in_thread(_cut_back, file, offset)
                    self._keep(upload_id, offset, before)
                    raise Invalid("upload.checksum")
            if writer.too_long:
                raise TooLarge("upload.too_long", limit_bytes=limit)
            return writer.size_bytes


async def _receive(writer: _Writer, chunks: AsyncIterator[bytes]) -> None:
    """Write and hash one load in a thread while the next one comes in; what came is written whatever happens."""
    running: asyncio.Future[None] | None = None
    try:
        async for chunk in chunks:
            if writer.take(chunk):
                if running:
                    await asyncio.shield(running)
                running = started(writer.write, writer.swap())
            if writer.too_long:
                break
    finally:
        if running:
            await settled(running)
        if writer.waiting:
            await settled(started(writer.write, writer.swap()))


def _was_cancelled() -> bool:
    """Tell whether it is the current task that is being cancelled, not one it waits for."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


async def _stopped(task: "asyncio.Task[int]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _touch(path: Path) -> None:
    try:
        path.touch(exist_ok=True)
    except OSError as error:
        raise failure(error) from error


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _open_at(path: Path, offset: int) -> FileIO:
    """Open for appending with the lock held; it falls with the file. Raises NotFound, Conflict."""
    try:
        file = FileIO(os.open(path, os.O_WRONLY | os.O_APPEND), "w")
    except FileNotFoundError:
        raise NotFound("upload.unknown") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if (size_bytes := os.fstat(file.fileno()).st_size) != offset:
            raise Conflict("upload.offset", offset=size_bytes)
    except BaseException as error:
        file.close()
        if isinstance(error, BlockingIOError):
            raise Conflict("upload.busy") from None
        raise
    return file


def _hash_file(path: Path) -> "tuple[int, hashlib._Hash]":
    try:
        with path.open("rb", buffering=0) as file:
            hasher = hashlib.file_digest(file, "sha256")
            return file.tell(), hasher
    except FileNotFoundError:
        raise NotFound("upload.unknown") from None


def _cut_back(file: FileIO, offset: int) -> None:
    try:
        file.truncate(offset)
    except OSError as error:
        raise failure(error) from error


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            sync(handle)
        finally:
            os.close(handle)
        sync_folder(path.parent)
    except OSError as error:
        raise failure(error) from error


def _idle_since(folder: Path, moment: datetime) -> list[UUID]:
    found = []
    for path in folder.glob(f"*{_SUFFIX}"):
        upload_id = parse_id(path.stem)
        if upload_id and datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
            found.append(upload_id)
    return found
