"""What every messenger channel is, and what it may raise."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

import httpx

from server.domain.channels import Blocked, Capabilities, Draft, Identity, Step
from server.domain.events import Event, MediaRef
from server.domain.outcomes import Outcome

MediaLoader = Callable[[str], Awaitable[bytes]]
"""Return the bytes of the picture with that `Picture.ref`."""


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
    """A company's account at one platform, made of its settings (secrets included), a client and a base address.

    `base` is the platform's address, or the sandbox's; no channel knows any other host but by its own list.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    caps: ClassVar[Capabilities]

    def __init__(self, settings: Mapping[str, str], http: httpx.AsyncClient, base: str) -> None: ...

    def plan(
        self, draft: Draft, identity: Identity, now: datetime, window_until: datetime | None
    ) -> list[Step] | Blocked:
        """Return the calls that say the draft, in order, or why it cannot be said. Pure; `window_until` None = never open."""

    async def send(self, step: Step, attempt_id: UUID, media: MediaLoader) -> Outcome:
        """Make the call once and say what is known; never raises for what the network or the platform does."""

    def read_step(self, foreign_id: str, intent_id: UUID) -> Step | None:
        """Return the call that shows the customer that his message was read, None where a platform has none."""

    def verify(self, raw: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether a webhook's raw body comes from the platform; header names in lower case."""

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """Return the plain text that answers a platform's GET when the webhook is registered, None = refuse."""

    def parse(self, raw: bytes) -> list[Event]:
        """Return everything a webhook tells, in its order. Pure and total: a broken item is an `UnknownEvent`."""

    async def fetch_media(self, ref: MediaRef) -> bytes:
        """Return a received file, complete and of the promised hash; raises ChannelError."""
