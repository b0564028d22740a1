"""Background work as plain values: what is due, how often it is tried again, what a human must look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

LONGEST_PAUSE = timedelta(hours=1)


class TaskState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class Later(Exception):
    """Raised by an action: not now, not a failure; try again after `after_s` seconds."""

    def __init__(self, after_s: float, reason: str = "") -> None:
        super().__init__(reason)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Task:
    id: UUID
    company_id: UUID | None
    kind: str
    payload: Mapping[str, object]
    attempts: int
    fence: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ended for its worker; `run_at` is when it is due again."""

    task: Task
    state: TaskState
    at: datetime
    run_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Work that failed as often as it may; `error` is what the last try said, for whoever mends it."""

    id: UUID
    kind: str
    payload: Mapping[str, object]
    error: str
    attempts: int
    at: datetime


def retry_at(at: datetime, attempts: int, jitter: float) -> datetime:
    """Return when to try again after `attempts` failures; `jitter` in 0..1 spreads by ± 50 %."""
    pause = min(LONGEST_PAUSE, timedelta(seconds=2.0 ** min(attempts, 20)))
    return at + pause * (0.5 + jitter)
