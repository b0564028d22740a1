"""How fast an account may send: token buckets whose whole state is one moment, in seconds since 1970.

That moment is when all that was sent would have gone out at an even pace (the generic cell rate algorithm, ITU-T I.371):
as long as it is not further ahead than the burst allows, the next call may go.
"""

from dataclasses import dataclass

# Seconds since 1970 in a double are rounded to a quarter of a millionth, at every call anew.
_GRAIN_S = 1e-4


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` calls a second in the long run, `burst` of them at once after a pause (at least 1)."""

    per_s: float
    burst: float = 1.0

    @property
    def gap_s(self) -> float:
        return 1.0 / self.per_s

    @property
    def slack_s(self) -> float:
        """Return how far ahead the bucket may be when the next call goes."""
        return (self.burst - 1.0) * self.gap_s + _GRAIN_S


@dataclass(frozen=True, slots=True)
class Pace:
    """An account's limits: over everybody, and towards one person (None = the platform knows none)."""

    whole: Rate
    pair: Rate | None = None


def each_second(most: int) -> Rate:
    """Return the fastest even pace that never has more than so many calls in any second, wherever it begins.

    A bucket lets its burst and a second's calls pass within one second, so the limit is parted between both.
    """
    return Rate(0.95 * most, max(1.0, 0.05 * most))


def wait_s(ahead_until: float, rate: Rate, at: float) -> float:
    """Return how long the next call must wait, 0 = it may go; after the wait it may, even as a moment in microseconds."""
    left_s = ahead_until - at - rate.slack_s
    return left_s + _GRAIN_S if left_s > 0.0 else 0.0


def taken(ahead_until: float, rate: Rate, at: float) -> float:
    """Return the state after a call that goes now."""
    return max(ahead_until, at) + rate.gap_s


class Queue:
    """When those come again who had to wait, of one account: one after the other, twice as fast as may be sent.

    Only a hint, so it lives in memory: whoever comes asks the bucket. Twice as fast, for others come between and take
    a place; who finds it taken goes to the end. So a long queue is asked about twice a message, and never stands still.
    """

    def __init__(self) -> None:
        self._until = 0.0

    def again_s(self, rate: Rate, wait: float, at: float) -> float:
        """Return in how many seconds to ask again, after a wait of at least so long."""
        self._until = max(self._until + rate.gap_s / 2, at + wait)
        return self._until - at
