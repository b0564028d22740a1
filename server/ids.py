"""Ids made where the thing is born: UUID version 7 (RFC 9562 §5.7), sortable by time of birth."""

import hashlib
import os
import threading
import time
from datetime import datetime
from uuid import UUID

_RANDOM_BITS = 74
_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Return a UUIDv7 greater than every one this process made before, even when the clock steps back."""
    global _last
    fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(10)) >> 6
    with _lock:
        _last = fresh if fresh > _last else _last + 1
        bits = _last
    return _version_7(bits >> _RANDOM_BITS, bits & ((1 << _RANDOM_BITS) - 1))


def named_id(at: datetime, *names: str) -> UUID:
    """Return the one UUIDv7 of this moment and these names: what comes twice under it is there once."""
    digest = hashlib.sha256("\n".join(names).encode()).digest()
    return _version_7(int(at.timestamp() * 1000), int.from_bytes(digest[:10]) >> 6)


def _version_7(milliseconds: int, rand: int) -> UUID:
    rand_a, rand_b = rand >> 62, rand & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def parse_id(text: str) -> UUID | None:
    """Return the id written in `text` in its canonical form, or None if it is not one."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
