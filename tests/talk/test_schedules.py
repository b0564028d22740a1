"""For any schedule of faults: each intent at the customer at most once, each customer message here exactly once."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.actions import fates
from server.db import messages
from server.domain.messages import MessageState
from server.sandbox.world import HOSTILE, Fault, Whims
from tests.conftest import KINDS
from tests.full import full
from tests.talk.liars import SHARES, Count, brief_silence, count, dying, go_on, lied_to, say
from tests.talk.platforms import PLATFORMS, Line, line
from tests.talks import Firm

# Every platform on one database; on the other those that differ most, one that pushes and one that is asked.
ORDER = ("whatsapp", "signal", *sorted(PLATFORMS.keys() - {"whatsapp", "signal"}))
WAYS = [
    *(("sqlite", platform) for platform in ORDER),
    *(("postgres", platform) for platform in ORDER[: full(len(ORDER), else_=2)]),
]
everywhere = pytest.mark.parametrize(
    ("kind", "platform"), [way for way in WAYS if way[0] in KINDS], indirect=["kind"]
)
NASTY = Whims(duplicate=0.6, reorder=0.6, early=0.5, broken=0.3, delay_s=40.0)


@pytest.fixture(autouse=True)
def briefly() -> Iterator[None]:
    with brief_silence():
        yield


@everywhere
@given(
    faults=st.lists(st.sampled_from([None, None, *Fault]), max_size=8),
    deaths=st.lists(st.integers(1, 60), max_size=4, unique=True),
    whims=st.sampled_from([Whims(), HOSTILE, NASTY]),
    sends=st.integers(1, 3),
    pressed=st.booleans(),
)
@settings(
    max_examples=full(12, else_=2),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_schedule(
    firm: Firm,
    platform: str,
    faults: list[Fault | None],
    deaths: list[int],
    whims: Whims,
    sends: int,
    pressed: bool,
) -> None:
    """Refused, reset before and after, slow, 500 after, our death before and after each step, doubles, disorder."""
    firm.clock.go(hours=30)
    firm.sandbox.set_whims(Whims())
    firm.sandbox.world.faults.clear()
    way = await line(firm, platform)
    if way.hears:
        way.petra.write("Guten Tag")
    await firm.work()
    firm.sandbox.set_whims(whims)
    for fault in faults:
        if fault:
            firm.sandbox.set_fault(way.faults, fault)
    stamp = f"{firm.clock.at:%d%H}"
    words = [f"Hallo {stamp} {number}" for number in range(3)] if way.hears else []
    with dying(deaths, way.channel):
        intents = []
        for number in range(sends):
            intents.append(await say(firm, f"Nummer {stamp} {number}", way.channel))
            for word in words[number : number + 1]:
                way.petra.write(word)
            firm.clock.go(seconds=1)
        for word in words[sends:]:
            way.petra.write(word)
        await go_on(firm, hours=1)
    firm.sandbox.set_whims(Whims())
    await go_on(firm, hours=1)
    found = await count(firm, intents, words, way.petra)
    assert found.doubles == 0, found
    assert (found.stuck, found.lost) == ([], []), found
    assert found.heard == {word: 1 for word in words}, found
    assert found.cards == found.doubts, found
    if pressed:
        firm.sandbox.world.faults.clear()
        for card in await messages.in_doubt(firm.company_id):
            await fates.resolve(firm.office, card.id, arrived=False, at=firm.clock.at)
        await go_on(firm, hours=1)
        again = await count(firm, intents, words, way.petra)
        assert set(again.seen.values()) <= {1, 2}, again
        assert again.states[MessageState.UNCLEAR] == 0, again


@everywhere
async def test_a_provider_that_lies(firm: Firm, platform: str) -> None:
    """A share of the thousand, at every platform: no doubles, every doubt a card, none stuck."""
    sends = full(SHARES[platform], else_=10)
    found = await lied_to(firm, sends=sends, seed=11, kind=platform)
    assert (found.sent, found.doubles, found.stuck, found.lost) == (sends, 0, [], [])
    assert found.cards == found.doubts
    assert found.doubts > 0
    assert found.heard.total() == found.told == len(found.heard)


@everywhere
async def test_we_die_at_every_step(firm: Firm, platform: str) -> None:
    """Permitted and not told, before the call, after it, before the result, at the inbox: each moment by itself."""
    way = await line(firm, platform)
    with dying([], way.channel) as alive:
        await _said(firm, way, 0)
    moments = range(1, alive.moments + 1)
    assert len(moments) >= 8
    chosen = random.Random(platform).sample(moments, full(len(moments), else_=3))
    for moment in chosen:
        with dying([moment], way.channel) as ours:
            found = await _said(firm, way, moment)
        assert ours.moments >= moment
        assert (found.doubles, found.stuck, found.lost) == (0, [], []), moment
        assert found.cards == found.doubts, moment
        assert found.heard.total() == found.told == len(found.heard), moment


async def _said(firm: Firm, way: Line, number: int) -> Count:
    """Let one message go each way, and the world go on."""
    words = [f"Hallo Schritt {number}"] if way.hears else []
    intent = await say(firm, f"Schritt {number}", way.channel)
    for word in words:
        way.petra.write(word)
    await go_on(firm, hours=0.2)
    return await count(firm, [intent], words, way.petra)
