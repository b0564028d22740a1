"""Objects in an S3 bucket, by obstore.

The hash travels as metadata `sha256`. Small objects are written create-only; above `CREATE_BYTES` obstore would
hold the whole body in memory for that, so there the fresh id in the key and a look beforehand must do.
Unfinished multipart uploads are left to a lifecycle rule of the bucket.
"""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from server.storage.base import (
    CHUNK_BYTES,
    PROBE,
    KeyTaken,
    NoSuchObject,
    StorageError,
    Stored,
    checked,
    in_thread,
)

if TYPE_CHECKING:
    from obstore.store import S3Config

CREATE_BYTES = 16 * 1024 * 1024
_OCTETS = "application/octet-stream"


class S3:
    """A bucket, or the part of it below a prefix.

    `url`: `s3://bucket/prefix?endpoint=https://…&region=…`; credentials come from the environment (AWS_…).
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        config: S3Config = {"region": options.get("region", "eu-central-1")}
        config["checksum_algorithm"] = "SHA256"  # The server checks what arrived.
        if endpoint := options.get("endpoint"):
            config["endpoint"] = endpoint
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=config,
            client_options={"allow_http": str(endpoint).startswith("http://")},
        )

    async def ready(self) -> None:
        await self.head(PROBE)

    async def put(self, key: str, data: bytes | AsyncIterator[bytes], *, content_type: str) -> Stored:
        checked(key)
        if isinstance(data, bytes):
            stored = Stored(key, len(data), hashlib.sha256(data).hexdigest())
            return await self._send(stored, data, content_type)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "body")
            stored = await _spool(key, path, data)
            return await self._send(stored, path, content_type)

    async def adopt(self, path: Path, key: str, *, sha256: str, size_bytes: int) -> Stored:
        stored = await self._send(Stored(checked(key), size_bytes, sha256), path, _OCTETS)
        await in_thread(path.unlink, missing_ok=True)
        return stored

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        checked(key)
        if length == 0:
            return
        with _foreign_failures(key):
            found = await self._head(key)
            if start >= found.size_bytes:
                return
            end = found.size_bytes if length is None else min(start + length, found.size_bytes)
            answer = await obstore.get_async(self._store, key, options={"range": (start, end)})
            async for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    async def head(self, key: str) -> Stored | None:
        try:
            with _foreign_failures(checked(key)):
                return await self._head(key)
        except NoSuchObject:
            return None

    async def delete(self, key: str) -> None:
        try:
            with _foreign_failures(checked(key)):
                await obstore.delete_async(self._store, key)
        except NoSuchObject:
            return

    async def list(self, prefix: str) -> AsyncIterator[str]:
        folder = checked(prefix) if prefix else None
        with _foreign_failures(prefix):
            async for page in obstore.list(self._store, folder):
                for found in page:
                    yield found["path"]

    async def url_for(self, key: str, *, ttl_s: int) -> str | None:
        with _foreign_failures(checked(key)):
            return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=ttl_s))

    def local_path(self, key: str) -> Path | None:
        checked(key)
        return None

    @asynccontextmanager
    async def open_local(self, key: str) -> AsyncIterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "object")
            await _spool(key, path, self.get(key))
            yield path

    async def _head(self, key: str) -> Stored:
        answer = await obstore.get_async(self._store, key, options={"head": True})
        return Stored(key, answer.meta["size"], str(answer.attributes.get("sha256", "")))

    async def _send(self, stored: Stored, body: bytes | Path, content_type: str) -> Stored:
        found = await self.head(stored.key)
        if found is None:
            found = await self._create(stored, body, content_type)
        if found != stored:
            raise KeyTaken(stored.key)
        return stored

    async def _create(self, stored: Stored, body: bytes | Path, content_type: str) -> Stored | None:
        """Write the object and return it, or what another writer has put there in the meantime."""
        small = stored.size_bytes <= CREATE_BYTES
        try:
            with _foreign_failures(stored.key, passing=AlreadyExistsError):
                await obstore.put_async(
                    self._store,
                    stored.key,
                    body,
                    attributes={"Content-Type": content_type, "sha256": stored.sha256},
                    mode="create" if small else "overwrite",
                )
        except AlreadyExistsError:
            return await self.head(stored.key)
        return stored


async def _spool(key: str, path: Path, data: AsyncIterator[bytes]) -> Stored:
    digest = hashlib.sha256()
    with path.open("xb") as file:
        async for chunk in data:
            await in_thread(file.write, chunk)
            digest.update(chunk)
        return Stored(key, file.tell(), digest.hexdigest())


@contextmanager
def _foreign_failures(key: str, *, passing: type[BaseException] | tuple[()] = ()) -> Iterator[None]:
    try:
        yield
    except passing:
        raise
    except FileNotFoundError:
        raise NoSuchObject(key) from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageError(str(error), permanent=True) from error
    except (BaseError, OSError) as error:
        raise StorageError(str(error)) from error
