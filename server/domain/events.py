"""What a platform tells us: messages of customers, the fate of ours, and news about the account."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from server.domain.identities import Identity
from server.domain.outcomes import Outcome

NOT_TOLD = datetime.max.replace(tzinfo=UTC)
"""The moment of something whose time the platform does not tell: for whoever takes it, the moment it came at the latest."""


class MessageKind(StrEnum):
    """What a customer's message is; `other` = something the platform itself could not name."""

    TEXT = "text"
    IMAGE = "image"
    BUTTON = "button"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file waiting at the platform; `sha256` as the platform writes it (hex or base64), "" = not told."""

    id: str
    mime: str = ""
    sha256: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message of the customer; `sender` has at least one identity, `context_id` is the message it answers.

    Mail alone knows: `subject`; `token`, the job's word in the address it was sent to (`domain/mail.py`);
    `automatic`, a machine wrote it, so nothing may answer it by itself, it answers no question and opens no gate;
    `verified` False, the receiving server doubts its sender.
    """

    foreign_id: str
    sender: tuple[Identity, ...]
    sent_at: datetime
    kind: MessageKind
    text: str = ""
    button_id: str = ""
    media: MediaRef | None = None
    context_id: str = ""
    profile_name: str = ""
    subject: str = ""
    token: str = ""
    automatic: bool = False
    verified: bool = True

    @property
    def key(self) -> str:
        return self.foreign_id


class Status(StrEnum):
    """How far an outgoing message has come, in rising order but for `failed`."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """The platform tells the fate of one of our messages; `opaque` is the step's intent id, if it came back.

    `failure` is what `send` would have answered had it known, `None` unless the status is `failed`.
    """

    foreign_id: str
    status: Status
    at: datetime
    opaque: str = ""
    failure: Outcome | None = None
    error_code: str = ""
    error_detail: str = ""
    category: str = ""
    billable: bool | None = None

    @property
    def key(self) -> str:
        return f"{self.foreign_id}:{self.status}"


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything we sent this person up to `upto` has come this far (Messenger tells it so)."""

    key: str
    sender: tuple[Identity, ...]
    status: Status
    upto: datetime


@dataclass(frozen=True, slots=True)
class Echo:
    """A message the firm sent: by us (`opaque` is its intent id) or by hand in the messenger's own app."""

    foreign_id: str
    to: tuple[Identity, ...]
    sent_at: datetime
    kind: MessageKind
    text: str = ""
    media: MediaRef | None = None
    opaque: str = ""
    context_id: str = ""

    @property
    def key(self) -> str:
        return f"{self.foreign_id}:echo"


@dataclass(frozen=True, slots=True)
class Change:
    """The customer has changed a message (`text` is the new one) or taken it back (`text` None).

    Where each version has a name of its own, the next change is about the newest one: `key` is `edit_key` of it.
    """

    key: str
    foreign_id: str
    sender: tuple[Identity, ...]
    at: datetime
    text: str | None


def edit_key(version: str) -> str:
    """Return the key of the change that made a version of a message, by that version's name."""
    return f"{version}:edit"


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody opened the chat by a link of ours; `payload` is the one-time word in it."""

    key: str
    sender: tuple[Identity, ...]
    at: datetime
    payload: str
    profile_name: str = ""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The platform says that a person has a new name there. It proposes; merging is a human act."""

    key: str
    old: tuple[Identity, ...]
    new: tuple[Identity, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages may be lost between two moments, for the platform tells everything once only.

    `sender`: whose they are, where that much is known; () = anybody's.
    """

    key: str
    since: datetime
    until: datetime
    detail: str = ""
    sender: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class OptOut:
    """The customer has switched us off (or on again) in the messenger's own settings, or by words (`said`) around a STOP."""

    key: str
    sender: tuple[Identity, ...]
    at: datetime
    stopped: bool
    said: str = ""


@dataclass(frozen=True, slots=True)
class HealthEvent:
    """Something about the account, not about a person: a template's state, quality, a restriction.

    `health` is what the account is from now on, in the words of `domain/accounts.py:Health`, "" = no change.
    """

    key: str
    topic: str
    detail: str
    health: str = ""


ELSEWHERE = ".other_account"
"""Ends the topic of something that is for another account of the same firm (Meta tells one address of all of them)."""


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Something that came and is kept, but not understood; `raw` is the item as JSON text."""

    key: str
    topic: str
    raw: str


Event = (
    InboundMessage
    | StatusUpdate
    | Watermark
    | Echo
    | Change
    | Joined
    | Renamed
    | Gap
    | OptOut
    | HealthEvent
    | UnknownEvent
)  # fmt: skip

_RANK = {status: rank for rank, status in enumerate(Status) if status is not Status.FAILED}


def advance(current: Status, incoming: Status) -> Status:
    """Return the state after a status that may come late, twice or out of order.

    Ranks only rise; `failed` is believed only before `delivered`, and a delivery after `failed` is believed.
    """
    if current is Status.FAILED:
        return incoming if incoming in (Status.DELIVERED, Status.READ) else current
    if incoming is Status.FAILED:
        return incoming if _RANK[current] < _RANK[Status.DELIVERED] else current
    return incoming if _RANK[incoming] > _RANK[current] else current
