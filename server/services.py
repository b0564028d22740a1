"""What actions work with, built once at the start and passed as an argument."""

import asyncio
import hashlib
import hmac
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.db.connect import Database
from server.domain.pace import Queue
from server.imaging.box import ImageBox
from server.settings import Settings
from server.storage.base import Storage
from server.storage.parts import Parts

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Secrets:
    """The installation's key: derives tokens and seals what must not stand in the database in clear."""

    key: bytes

    def derive(self, label: str, *parts: str) -> bytes:
        """Return 32 bytes that only this installation can compute from these words."""
        return hmac.new(self.key, "\x1f".join([label, *parts]).encode(), hashlib.sha256).digest()

    def seal(self, clear: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.derive("seal")).encrypt(nonce, clear, None)

    def open(self, sealed: bytes) -> bytes:
        """Raises cryptography.exceptions.InvalidTag when the key is another one."""
        return AESGCM(self.derive("seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)


def read_secrets(path: Path) -> Secrets:
    """Read the key file; make it (0600) at the first start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
    key = path.read_bytes()
    if len(key) != 32:
        raise ValueError(f"{path} does not hold a key of 32 bytes")
    return Secrets(key)


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    storage: Storage
    parts: Parts
    images: ImageBox
    http: httpx.AsyncClient
    clock: Callable[[], datetime]
    secrets: Secrets
    queues: Mapping[UUID, Queue] = field(default_factory=lambda: defaultdict(Queue))
    """Of each account: when its waiting messages ask again."""
    doors: Mapping[UUID | None, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """Of each account: here its messages ask for permission, one after the other."""
