"""A platform that lies and a firm that dies: schedules of faults, and the count of what the customer has on his screen.

Shared by the property test (tests/talk/test_schedules.py) and `make chaos` in full size.
"""

import random
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

from server.actions import inbox, outbox, permissions, speech, speech_steps
from server.actions import messages as sending
from server.actions.channels import kind_of
from server.db import messages
from server.db import tasks as table
from server.db.tables import AttemptRow, MessageRow
from server.domain.messages import MessageState
from server.domain.speeches import Speech
from server.ids import new_id
from server.sandbox.customer import Customer
from server.sandbox.email import smtp as email_smtp
from server.sandbox.world import Fault, Whims
from tests.talk.platforms import PLATFORMS, line
from tests.talks import Firm

# Where we may die: before and after every step between a task's claim and its end.
STEPS: tuple[tuple[ModuleType, str], ...] = (
    (speech_steps, "_plan"),
    (permissions, "permit"),
    (sending, "_record"),
    (inbox, "_take"),
    (inbox, "_finish"),
)
SETTLED = {"accepted", "sent", "delivered", "read", "failed", "stopped", "unclear"}
ARRIVED = {"sent", "delivered", "read"}
STUCK = timedelta(minutes=10)
# Statuses come late, so that nothing resolves a doubt before a careless sender would have sent again.
LATE = Whims(duplicate=0.3, reorder=0.4, delay_s=200.0)


# Of a thousand messages, how many go by which platform.
SHARES = {kind: len(range(place, 1000, len(PLATFORMS))) for place, kind in enumerate(sorted(PLATFORMS))}


class Died(BaseException):
    """The process is gone; nothing after this line happens."""


@dataclass(slots=True)
class Deaths:
    """Counts the moments at which the process may end and ends it at those that were ordered."""

    at: frozenset[int]
    moments: int = 0

    def moment(self) -> None:
        self.moments += 1
        if self.moments in self.at:
            raise Died


@contextmanager
def dying(at: Sequence[int], kind: str = "whatsapp") -> Iterator[Deaths]:
    """Let the process die at these moments, counted over every step before and after it, the call itself included."""
    deaths = Deaths(frozenset(at))
    steps: tuple[tuple[ModuleType | type, str], ...] = (*STEPS, (kind_of(kind), "send"))
    originals = [(room, name, getattr(room, name)) for room, name in steps]

    def around(original: Any) -> Any:
        async def step(*args: Any, **kwargs: Any) -> Any:
            deaths.moment()
            done = await original(*args, **kwargs)
            deaths.moment()
            return done

        return step

    for room, name, original in originals:
        setattr(room, name, around(original))
    try:
        yield deaths
    finally:
        for room, name, original in originals:
            setattr(room, name, original)


@dataclass(slots=True)
class Count:
    """What came of the sends: at the customer, by state, what stood still for too long, what only we think arrived."""

    sent: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    told: int = 0
    stuck: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubts: int = 0
    cards: int = 0

    def add(self, other: "Count") -> None:
        """Count another firm's, whose words may be the same."""
        mark = f"{len(self.seen)}:"
        self.sent, self.told = self.sent + other.sent, self.told + other.told
        self.seen.update({mark + text: times for text, times in other.seen.items()})
        self.heard.update({mark + text: times for text, times in other.heard.items()})
        self.states.update(other.states)
        self.stuck += other.stuck
        self.lost += other.lost
        self.doubts, self.cards = self.doubts + other.doubts, self.cards + other.cards

    @property
    def doubles(self) -> int:
        return sum(count - 1 for count in self.seen.values() if count > 1)


async def go_on(firm: Firm, *, hours: float) -> None:
    """Work until nothing is due any more; whoever died is followed by another a minute later."""
    end = firm.clock.at + timedelta(hours=hours)
    while True:
        left = max(0.0, (end - firm.clock.at).total_seconds() / 3600)
        try:
            await firm.work(hours=left)
        except Died:
            firm.clock.go(seconds=61)
            await table.reap(at=firm.clock.at + timedelta(hours=1))
            continue
        if firm.sandbox.postman.waiting:
            await firm.sandbox.advance(60)
            continue
        if firm.clock.at >= end:
            return
        firm.clock.at = min(end, firm.clock.at + timedelta(minutes=1))
        await watched(firm)


async def watched(firm: Firm) -> None:
    """Do the minute's chore; it may die, too."""
    try:
        await outbox.watch(firm.services)
    except Died:
        return


async def say(firm: Firm, text: str, channel: str = "whatsapp") -> UUID:
    """Write one message; the caller may die after the commit and press again: the intent is the same."""
    intent = new_id()
    for _ in range(2):
        try:
            await speech.say(
                firm.office,
                Speech(intent=intent, contact_id=firm.contact.id, channel=channel, text=text),
                at=firm.clock.at,
            )
        except Died:
            continue
    return intent


async def count(
    firm: Firm, intents: Sequence[UUID], words: Sequence[str], petra: Customer | None = None
) -> Count:
    """Return what the customer has, what our rows say, and whether each of his messages is here once."""
    rows = await MessageRow.filter(direction="out", run_id__in=list(intents))
    found = Count(sent=len(intents), told=len(words))
    texts = {row.text for row in rows}
    screen = (petra or firm.petra).bubbles
    found.seen.update(bubble.text for bubble in screen if bubble.from_firm and bubble.text in texts)
    found.states.update(row.state for row in rows)
    heard = await MessageRow.filter(direction="in", text__in=list(words))
    found.heard.update(row.text for row in heard)
    found.stuck = [str(row.id) for row in rows if row.state not in SETTLED]
    found.lost = [row.text for row in rows if row.state in ARRIVED and not found.seen[row.text]]
    doubted = [row for row in rows if row.state == MessageState.UNCLEAR]
    begun = {row.message_id: row.started_at for row in await AttemptRow.all().order_by("started_at")}
    found.stuck += [str(row.id) for row in doubted if row.changed_at - begun[row.id] > STUCK]
    found.doubts = len(doubted)
    found.cards = len([one for one in await messages.in_doubt(firm.company_id) if one.run_id in set(intents)])
    return found


@contextmanager
def brief_silence() -> Iterator[None]:
    """Let a mail server that falls silent do so for a moment only."""
    before, email_smtp.SILENCE_S = email_smtp.SILENCE_S, 0.01
    try:
        yield
    finally:
        email_smtp.SILENCE_S = before


async def lied_to(firm: Firm, *, sends: int, seed: int, batch: int = 20, kind: str = "whatsapp") -> Count:
    """Send so many messages to a platform where every second call goes wrong in some way."""
    chance = random.Random(seed)
    intents: list[UUID] = []
    way = await line(firm, kind)
    firm.sandbox.set_whims(LATE)
    for start in range(0, sends, batch):
        if way.hears:
            way.petra.write(f"Hallo {start}")
        await firm.work()
        orders = firm.sandbox.world.faults.setdefault(way.faults, deque())
        for _ in range(batch):
            orders.append(chance.choice(list(Fault)) if chance.random() < 0.5 else None)
        for number in range(start, min(sends, start + batch)):
            intents.append(await say(firm, f"Nummer {number}", way.channel))
            firm.clock.go(seconds=7)
        await go_on(firm, hours=0.2)
    await go_on(firm, hours=2)
    words = [f"Hallo {start}" for start in range(0, sends, batch)] if way.hears else []
    return await count(firm, intents, words, way.petra)
