"""What can go wrong on the way between a phone and the server, one fault for each connection."""

import random
from dataclasses import dataclass

PORTAL_PAGE = b"<!doctype html><html lang=de><title>WLAN</title><h1>Willkommen im WLAN</h1><form>...</form>"


@dataclass(frozen=True, slots=True)
class Cut:
    """Both sides lose the line when so many bytes have passed; what came before byte n arrives."""

    up: int | None = None
    down: int | None = None


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Request number `turn` (from 0) is done by the server, but its answer never arrives and the line is cut."""

    turn: int = 0


@dataclass(frozen=True, slots=True)
class Stall:
    """After so many bytes up nothing moves for a while; the line stays open."""

    up: int = 0
    for_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Slow:
    """This connection alone carries so many bytes a second in each direction."""

    rate: float = 8_000.0


@dataclass(frozen=True, slots=True)
class Twice:
    """Request number `turn` reaches the server a second time on another connection: at once, or after its answer."""

    turn: int = 0
    late_s: float | None = None


@dataclass(frozen=True, slots=True)
class Portal:
    """A captive portal: each request is answered with 200 and a page, and never reaches the server."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The connection is closed before a byte."""


Fault = Cut | LoseAnswer | Stall | Slow | Twice | Portal | Refused


class Plan:
    """Chooses a fault for each new connection, the same series for the same seed.

    share: how many connections are hit, 0..1. bytes_up, turns: how far a connection gets on a good day, so that
    faults fall into it. stall_s: how long a stalled line stays still.
    """

    def __init__(
        self, seed: int, *, share: float, bytes_up: int, turns: int = 4, stall_s: float = 60.0
    ) -> None:
        self._chance = random.Random(seed)
        self._share, self._bytes_up, self._turns, self._stall_s = share, bytes_up, turns, stall_s
        self.counts: dict[str, int] = {}

    def __call__(self) -> Fault | None:
        fault = self._drawn() if self._chance.random() < self._share else None
        name = type(fault).__name__ if fault else "none"
        self.counts[name] = self.counts.get(name, 0) + 1
        return fault

    def _drawn(self) -> Fault:
        chance = self._chance
        turn = chance.randrange(self._turns)
        up = chance.randrange(self._bytes_up)
        faults: list[Fault] = [
            Cut(up=up),
            Cut(down=chance.randrange(400 * self._turns)),
            LoseAnswer(turn),
            Stall(up, self._stall_s),
            Slow(chance.uniform(8_000, 64_000)),
            Twice(turn),
            Twice(turn, late_s=chance.uniform(0, 0.2)),
            Portal(),
            Refused(),
        ]
        return chance.choice(faults)
