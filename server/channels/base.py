"""What every messenger channel is, and what it may raise."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, Self, runtime_checkable
from uuid import UUID

import httpx

from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Step, Template
from server.domain.checkups import Finding
from server.domain.events import Event, MediaRef
from server.domain.identities import Fact, Identity
from server.domain.outcomes import Outcome
from server.domain.pace import Pace

MediaLoader = Callable[[str], Awaitable[bytes]]
"""Return the bytes of the picture with that `Picture.ref`."""
RawLoader = Callable[[], Awaitable[bytes]]
"""Return the raw event a file was told of in, for platforms that send the file along (mail)."""


class ChannelError(Exception):
    """A platform did not give what was asked for; `permanent` = asking again is of no use."""

    def __init__(self, code: str, *, permanent: bool, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.permanent = permanent
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a channel's settings form; `label` and `help` are German msgids."""

    name: str
    label: str
    secret: bool = False
    required: bool = True
    default: str = ""
    help: str = ""


class Channel(Protocol):
    """A company's account at one platform, made of its settings (secrets included), a client and base addresses.

    `bases` are the installation's addresses of the platforms (`graph_base`, `telegram_base` …, as in
    `server/settings.py`), or the sandbox's; no channel knows any other host but by its own list.
    One that has no entry in `domain/advisor.py:ADVICE` brings its own as `advice` (a class variable), or stays off.
    A channel that is told of events is a `Pushed` too, one that asks for them a `Pulling` one; it may be both.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    caps: ClassVar[Capabilities]

    def __init__(
        self, settings: Mapping[str, str], http: httpx.AsyncClient, bases: Mapping[str, str]
    ) -> None: ...

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the calls that say the draft, in order, or why it cannot be said. Pure; `window_until` None = never open."""

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Make the call once and say what is known; never raises for what the network or the platform does."""

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return the call that shows the customer that his message was read, None where a platform has none."""

    def parse(self, raw: bytes) -> list[Event]:
        """Return everything a raw event tells, in its order. Pure and total: a broken item is an `UnknownEvent`.

        A message with several files is several events, each with one file and a key of its own.
        """

    async def fetch_media(self, ref: MediaRef, raw: RawLoader) -> bytes:
        """Return a received file, complete and of the promised hash; raises ChannelError."""

    async def check(self, hook: str) -> list[Finding]:
        """Ask the platform how the account is, and mend what can be mended (webhook, subscription); never raises.

        `hook` is the public address of our webhook, "" when nobody can reach us from outside.
        """


@runtime_checkable
class Pushed(Protocol):
    """A channel whose platform calls us."""

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether a webhook's raw body comes from the platform; header names in lower case."""

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Return the plain text that answers a platform's GET when the webhook is registered, None = refuse."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One raw event that was fetched, and where to go on after it. Kept, both in one commit, before the next.

    An empty body brings no event: the line lives, and the cursor may have moved. A channel yields one as soon as its
    line stands and after every round that found nothing, so that silence can be told from a
    dead line. A cursor "" stays where it was.
    """

    body: bytes
    cursor: str = ""


@runtime_checkable
class Pulling(Protocol):
    """A channel that fetches its events: mail, a websocket, long polling. One puller per account at a time."""

    @property
    def pulls(self) -> bool:
        """Return whether this account's settings ask for it."""

    def pull(self, cursor: str) -> AsyncIterator[Pulled]:
        """Yield what is new after the cursor ("" = from now on) until the line ends; raises ChannelError.

        Whoever iterates stores each event before asking for the next: only then may it be confirmed to the platform.
        It hears from us at least every ten minutes (`server/worker/pullers.py:SILENT_S`), else it is begun anew. It may
        be cancelled while it waits. The cursor may stem from other settings of the same account.
        """


@runtime_checkable
class Readdresses(Protocol):
    """A channel that can be told `Moved` and knows best where in a call the person's name stands."""

    def readdressed(self, step: Step, identity: Identity) -> Step:
        """Return the same call to another name of the same person. Pure."""


@runtime_checkable
class Forgets(Protocol):
    """A channel whose platform tries to tell us for this long and then forgets."""

    forgets_after: ClassVar[timedelta]


@runtime_checkable
class Exclusive(Protocol):
    """A channel where one setting names what only one account of the whole installation may use."""

    exclusive: ClassVar[str]


@runtime_checkable
class Numbers(Protocol):
    """A channel whose platform begins to number messages anew in each account of its own.

    What `numbering` (a setting) holds may be renewed, but not for another account: its messages would be taken for
    old ones, and be lost.
    """

    numbering: ClassVar[str]

    @property
    def numbered_by(self) -> str:
        """Return whose numbers the messages bear."""


@runtime_checkable
class Varies(Protocol):
    """A channel whose accounts cannot all do the same: which of its `modes` one is in follows from its settings.

    It is kept beside them, for whoever chooses a way opens no secrets. `caps` are those of the most able one.
    """

    modes: ClassVar[Mapping[str, Capabilities]]

    @property
    def mode(self) -> str:
        """Return the name of this account's mode."""


@runtime_checkable
class GivesAddresses(Protocol):
    """A channel that is reached under many addresses: a word in them comes back as `InboundMessage.token`."""

    def address_with(self, token: str) -> str:
        """Return the address that brings the word back, "" where the settings rule it out."""


@runtime_checkable
class Paced(Protocol):
    """A channel whose platform takes only so many calls, over everybody and from one account to one person."""

    pace: ClassVar[Pace]


@runtime_checkable
class HasTemplates(Protocol):
    """A channel whose platform approves texts beforehand."""

    async def templates(self) -> list[Template]:
        """Return the texts as the platform has them now; raises ChannelError."""


@runtime_checkable
class Remembers(Protocol):
    """A channel that must hold on to what it was told first: a person's public key, who has used a nonce.

    Whoever sends or reads asks `needs`, keeps what is new (asked from `learn` where the value is open) before going
    on, and works with the channel `knowing` it: `server/actions/facts.py`.
    """

    def needs(self, what: Step | bytes) -> list[Fact]:
        """Return the facts without which a step or a raw event cannot be done. Pure and total."""

    async def learn(self, fact: Fact) -> str:
        """Ask the platform for a fact's value; raises ChannelError."""

    def knowing(self, facts: Mapping[str, str]) -> Self:
        """Return the same account's channel that knows these facts, by name."""


@runtime_checkable
class Invites(Protocol):
    """A channel that a customer enters by a link of ours, and that tells by `Joined` which word he brought along."""

    def start_link(self, word: str) -> str:
        """Return the link with a one-time word of 1 to 64 of A-Z, a-z, 0-9, _ and -."""
