"""Keyset pages: stable under inserts, same cost on page 1 and page 1,000."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

LIMIT_MAX = 200
LIMIT_DEFAULT = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` is the cursor of the following page or None at the end."""

    items: Sequence[T]
    next: str | None = None


def cut(rows: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> Page[T]:
    """Make a page of rows read with `limit + 1`; `cursor_of(row)` names the last shown row."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(shown, cursor_of(shown[-1]) if more else None)
