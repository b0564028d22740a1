"""The pace of an account: never more than the limits in any second, never much less while something waits."""

import heapq
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.channels import CHANNELS
from server.channels.base import Paced
from server.domain.pace import Pace, Queue, Rate, each_second, taken, wait_s

MORNING = 1_795_000_000.0


@dataclass(slots=True)
class Drain:
    """What came of a queue: when each call left and to whom, and how often it was asked."""

    sent: list[tuple[float, int]] = field(default_factory=list)
    asked: int = 0

    @property
    def span_s(self) -> float:
        return self.sent[-1][0] - self.sent[0][0]

    def most_in(self, window_s: float, person: int | None = None) -> int:
        times = [at for at, to in self.sent if person in (None, to)]
        first, most = 0, 0
        for last, at in enumerate(times):
            while at - times[first] >= window_s:
                first += 1
            most = max(most, last - first + 1)
        return most


def drained(pace: Pace, people: int, each: int, *, step_s: float = 0.001) -> Drain:
    """Let a worker do what is due, one after the other, `step_s` for each look; to one person one after the other."""
    whole, pairs = 0.0, defaultdict[int, float](float)
    left, queue, drain = Counter({person: each for person in range(people)}), Queue(), Drain()
    due = [(MORNING, person, person) for person in range(people)]
    heapq.heapify(due)
    now, turn = MORNING, people
    while due:
        at, _, person = heapq.heappop(due)
        now, turn = max(now, at) + step_s, turn + 1
        drain.asked += 1
        wait = wait_s(whole, pace.whole, now)
        alone = wait_s(pairs[person], pace.pair, now) if pace.pair else 0.0
        if wait or alone:
            again = queue.again_s(pace.whole, wait, now) if wait >= alone else alone
            heapq.heappush(due, (now + again, turn, person))
            continue
        whole = taken(whole, pace.whole, now)
        if pace.pair:
            pairs[person] = taken(pairs[person], pace.pair, now)
        drain.sent.append((now, person))
        left[person] -= 1
        if left[person]:
            heapq.heappush(due, (now, turn, person))
    return drain


@pytest.mark.parametrize(
    ("pace", "a_second", "people", "each"),
    [
        (Pace(each_second(80), Rate(1 / 6, 45)), 80, 10_000, 1),
        (Pace(each_second(80), Rate(1 / 6, 45)), 80, 250, 40),
        (Pace(each_second(30), Rate(1.0, 3)), 30, 1_000, 10),
        (Pace(each_second(300)), 300, 10_000, 1),
    ],
)
def test_ten_thousand_drain_at_the_limit(pace: Pace, a_second: int, people: int, each: int) -> None:
    drain = drained(pace, people, each)
    assert len(drain.sent) == 10_000
    assert drain.most_in(1.0) <= a_second
    assert 10_000 / drain.span_s >= 0.9 * a_second
    assert drain.asked <= 4 * 10_000


def test_where_the_person_s_limit_is_the_stricter_one(people: int = 10) -> None:
    """Ten people take one a second each: a third of what the account may."""
    pace = Pace(each_second(30), Rate(1.0, 3))
    drain = drained(pace, people, 1_000)
    assert 10_000 / drain.span_s >= 0.9 * people
    assert all(drain.most_in(10.0, person) <= 10 + 3 for person in range(people))


@given(
    most=st.integers(1, 300),
    looks=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=300),
)
def test_no_second_has_more_than_it_may(most: int, looks: list[float]) -> None:
    """Whenever somebody looks: at most so many in any second (one more only where the limit is one)."""
    rate, ahead, now, last = each_second(most), 0.0, MORNING, deque[float]()
    for pause in looks:
        now += pause / most
        if wait_s(ahead, rate, now):
            continue
        ahead = taken(ahead, rate, now)
        last.append(now)
        while now - last[0] >= 1.0:
            last.popleft()
        assert len(last) <= max(most, 2)


@given(burst=st.floats(1.0, 50.0), per_s=st.floats(0.1, 300.0))
def test_after_a_pause_the_burst_goes_at_once(burst: float, per_s: float) -> None:
    rate, ahead, gone = Rate(per_s, burst), 0.0, 0
    while not wait_s(ahead, rate, MORNING):
        ahead, gone = taken(ahead, rate, MORNING), gone + 1
    assert int(burst + 1e-6) <= gone <= int(burst) + 1
    assert not wait_s(ahead, rate, MORNING + 1.001 * wait_s(ahead, rate, MORNING) + 1e-6)


@example(left_s=3e-7)
@given(left_s=st.floats(1e-7, 60.0))
def test_after_the_wait_it_may_go(left_s: float) -> None:
    """A moment has microseconds: less than one left over would be asked again and again."""
    rate, at = Rate(1.0, 3), datetime.fromtimestamp(MORNING, UTC)
    ahead = at.timestamp() + rate.slack_s + left_s
    wait = wait_s(ahead, rate, at.timestamp())
    assert left_s - 1e-6 <= wait <= left_s + 0.001
    assert wait_s(ahead, rate, (at + timedelta(seconds=wait)).timestamp()) == 0


def test_every_messenger_has_a_pace() -> None:
    assert all(isinstance(channel, Paced) for channel in CHANNELS)
