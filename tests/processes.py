"""Processes that tests take the power from, and the moment when they are gone."""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil

# Only a machine without a free core, or a disk that syncs just then, needs more than a moment.
PATIENCE_S = 60.0


def power_off(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL every one, and wait until none runs any more."""
    killed = list(processes)
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until_gone(killed)


def until_gone(processes: Sequence[psutil.Process]) -> None:
    """Wait for processes that were killed: what is still dying holds its files, locks and ports.

    Raises AssertionError with those that live on.
    """
    until = time.monotonic() + PATIENCE_S
    while left := [process for process in processes if _runs(process)]:
        assert time.monotonic() < until, left
        time.sleep(0.01)


def with_children(pid: int) -> list[psutil.Process]:
    """Return a process and everything it began, none where it has gone."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    return []


def _runs(process: psutil.Process) -> bool:
    """Whether it does; nobody may have asked yet how it ended."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
