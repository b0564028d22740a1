"""The numbers beside the main ways: what waits for whom."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """`unreviewed` and `unsorted` are photos, `unread` messages, `questions_open` and `unclear` questions."""

    unreviewed: int = 0
    unsorted: int = 0
    late: int = 0
    """Photos that came after their job was closed and wait for review."""
    unread: int = 0
    unclear: int = 0
    questions_open: int = 0
