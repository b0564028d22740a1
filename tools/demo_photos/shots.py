"""The list of pictures: every scene function registers itself here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: how to build it and how the phone saw it."""

    name: str
    build: Callable[[], None]
    upright: bool
    exposure: float
    cast: tuple[float, float, float]
    noise: float


SHOTS: dict[str, Shot] = {}

WARM, COOL, GREEN, PLAIN = (1.04, 1.0, 0.93), (0.96, 1.0, 1.05), (0.98, 1.02, 0.97), (1.01, 1.0, 0.98)


def shot(
    name: str,
    *,
    upright: bool = False,
    exposure: float = 0.0,
    cast: tuple[float, float, float] = PLAIN,
    noise: float = 4.0,
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register the decorated function as the scene of picture `name`."""

    def register(build: Callable[[], None]) -> Callable[[], None]:
        SHOTS[name] = Shot(name, build, upright, exposure, cast, noise)
        return build

    return register
