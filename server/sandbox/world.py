"""The small world behind the sandbox: a clock that can be turned, people with phones, chats, faults and whims."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.events import Status


class Fault(StrEnum):
    """What may go wrong with one call. The names say whether the platform had taken it by then."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    SLOW_BEFORE = "slow_before"
    SLOW_AFTER = "slow_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    GARBAGE_AFTER = "garbage_after"


@dataclass(frozen=True, slots=True)
class Whims:
    """How nasty the platform's webhooks are: chances 0..1, and the longest delay. The default is polite."""

    duplicate: float = 0.0
    reorder: float = 0.0
    early: float = 0.0
    broken: float = 0.0
    delay_s: float = 0.0


HOSTILE = Whims(duplicate=0.3, reorder=0.4, early=0.3, broken=0.2, delay_s=20.0)


@dataclass(slots=True)
class Person:
    """A customer with a phone. With `hides_number` he is known by his business-scoped id only.

    `ids` are his names at the platforms, by kind of account; each platform gives its own. `apps` are the kinds he
    uses, the one he likes best first; none named = all of them.
    """

    key: str
    name: str
    phone: str
    bsuid: str
    hides_number: bool = False
    blocked: bool = False
    ids: dict[str, str] = field(default_factory=dict)
    apps: tuple[str, ...] = ()

    @property
    def digits(self) -> str:
        return self.phone.removeprefix("+")


@dataclass(frozen=True, slots=True)
class Account:
    """The firm's own number, page or address at a platform; `hook_path` is where its webhooks go.

    `own_id` is the platform's name for it, `display` what people see, `secret` what signs webhooks.
    """

    key: str
    kind: str
    name: str
    own_id: str
    display: str
    token: str
    secret: str
    hook_path: str


@dataclass(slots=True)
class Bubble:
    """One message as the customer sees it; `picture` is a media id, `buttons` are (id, title)."""

    id: str
    from_firm: bool
    at: datetime
    kind: str
    text: str = ""
    picture: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    tapped: str = ""
    quoted: str = ""
    opaque: str = ""
    subject: str = ""
    status: Status = Status.ACCEPTED


@dataclass(slots=True)
class Chat:
    """What one person and one account have said to each other, and the bucket of the pair limit."""

    bubbles: list[Bubble] = field(default_factory=list)
    last_in_at: datetime | None = None
    tokens: float = 45.0
    filled_at: datetime | None = None

    def find(self, bubble_id: str) -> Bubble | None:
        return next((bubble for bubble in self.bubbles if bubble.id == bubble_id), None)


@dataclass(slots=True)
class File:
    """Bytes at the platform, gone at `until`."""

    data: bytes
    mime: str
    until: datetime


class World:
    """All state of the sandbox. Nothing here knows HTTP or a platform's words.

    `address` is where the firm reaches the sandbox: webhooks that carry links to files build them from it.
    """

    def __init__(self, clock: Callable[[], datetime], seed: int) -> None:
        self._clock = clock
        self._ahead = timedelta()
        self._made = 0
        self.chance = random.Random(seed)
        self.whims = Whims()
        self.people: dict[str, Person] = {}
        self.accounts: dict[str, Account] = {}
        self.chats: dict[tuple[str, str], Chat] = {}
        # What goes wrong with the next calls of a kind; None is one that goes well.
        self.faults: dict[str, deque[Fault | None]] = {}
        self.version = 0
        self.address = "http://sandbox"

    def now(self) -> datetime:
        return self._clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """Turn the clock forward; it never goes back."""
        self._ahead += timedelta(seconds=max(0.0, seconds))

    def add_person(
        self, key: str, name: str, phone: str, *, hides_number: bool = False, apps: tuple[str, ...] = ()
    ) -> Person:
        """Give somebody a phone, or a new name and number to the phone that is already there."""
        old = self.people.get(key)
        bsuid = old.bsuid if old else f"DE.{self.chance.randrange(10**19, 10**20)}"
        blocked, ids = (old.blocked, old.ids) if old else (False, {})
        person = Person(key, name, phone, bsuid, hides_number, blocked, ids, apps)
        self.people[key] = person
        self.touch()
        return person

    def person(self, key: str) -> Person | None:
        """Return who has the key, the phone's digits or the business-scoped id."""
        wanted = key.removeprefix("+")
        found = self.people.get(key)
        return found or next((one for one in self.people.values() if wanted in (one.digits, one.bsuid)), None)

    def person_named(self, kind: str, name: str) -> Person | None:
        """Return whom a platform calls so."""
        return next((one for one in self.people.values() if one.ids.get(kind) == name), None)

    def chat(self, account: Account, person: Person) -> Chat:
        return self.chats.setdefault((account.key, person.key), Chat())

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Put a bubble on the customer's screen; one of his own opens the window."""
        chat = self.chat(account, person)
        chat.bubbles.append(bubble)
        if not bubble.from_firm:
            chat.last_in_at = bubble.at
        self.touch()

    def touch(self) -> None:
        """Note that what a phone shows has changed."""
        self.version += 1

    def new_id(self, prefix: str) -> str:
        """Return an id of the platform's kind, the same in every run with the same seed."""
        self._made += 1
        return f"{prefix}{self.chance.getrandbits(64):016X}{self._made:06d}"

    def set_fault(self, call: str, fault: Fault, count: int = 1) -> None:
        """Let the next calls of that kind ("messages", "media", "files") go wrong."""
        self.faults.setdefault(call, deque()).extend([fault] * count)

    def next_fault(self, call: str) -> Fault | None:
        waiting = self.faults.get(call)
        return waiting.popleft() if waiting else None

    def lucky(self, probability: float) -> bool:
        """Throw the seeded dice; without a chance nothing is thrown, so politeness costs no determinism."""
        return probability > 0 and self.chance.random() < probability
