"""Every kind of background work: its name, the action that does it, how often it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from server.actions.chores import forget_done
from server.services import Services

Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kind:
    """Work for one company; after `max_attempts` failures a human is asked."""

    action: Callable[[Services, UUID, Payload], Awaitable[None]]
    max_attempts: int = 10


@dataclass(frozen=True, slots=True)
class Chore:
    """Work for the whole installation, due every `every_s` seconds; twice does no harm."""

    action: Callable[[Services], Awaitable[object]]
    every_s: int


TASKS: dict[str, Kind] = {}

CHORES = {
    "tasks.forget": Chore(forget_done, every_s=6 * 3600),
}
