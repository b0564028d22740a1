"""Ids made where the thing is born: UUID version 7 (RFC 9562 §5.7), sortable by time of birth."""

import os
import threading
import time
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
    milliseconds, rand = bits >> _RANDOM_BITS, bits & ((1 << _RANDOM_BITS) - 1)
    rand_a, rand_b = rand >> 62, rand & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def parse_id(text: str) -> UUID | None:
    """Return the id written in `text` in its canonical form, or None if it is not one."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
