"""How workers share the tests: a file stays together, an engine's part of it too, and the longest begin first."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# In the order of their CPU seconds (26 Nov 2026); a long file at the end would leave a core without work.
LONGEST = (
    "tests/browser/test_pages.py",
    "tests/browser/test_engines_voyage.py",
    "tests/browser/test_offline.py",
    "tests/browser/test_capture.py",
    "tests/browser/test_engines.py",
    "tests/browser/test_offline_sync.py",
    "tests/browser/test_queue.py",
    "tests/browser/test_field.py",
    "tests/browser/test_engines_story.py",
    "tests/browser/test_offline_orders.py",
    "tests/browser/test_worker.py",
    "tests/browser/test_story.py",
    "tests/proofs/test_kill.py",
    "tests/proofs/test_stop.py",
    "tests/talk/test_schedules.py",
)
LONG = ("tests/browser/", "tests/proofs/", "tests/sandbox/test_demo.py", "tests/chaos/")
ENGINES = ("chromium", "firefox", "webkit")


class Spread(LoadScopeScheduling):  # type: ignore[misc]
    """One unit for each file, or for each engine of a file that runs in several."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        engine = next((name for name in ENGINES if f"[{name}" in test), "")
        return f"{file} {engine}".strip()


def spread(config: pytest.Config, log: Any) -> Spread:
    """Return the scheduler; it takes the units as `in_order` left them."""
    config.option.loadscopereorder = False
    return Spread(config, log)


def in_order(items: list[pytest.Item]) -> None:
    """Put the longest files first; within a file everything stays as it is."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    file = nodeid.partition("::")[0]
    if file in LONGEST:
        return LONGEST.index(file)
    return len(LONGEST) + (not file.startswith(LONG))
