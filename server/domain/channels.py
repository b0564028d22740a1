"""What the firm and a messenger say to each other: frozen types and the rules that hold on every platform.

No platform offers an idempotency key, so a step whose fate is unknown is `Unclear` and never sent again by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

WINDOW_MARGIN = timedelta(minutes=5)
MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. Times are spans after the customer's last message; None = no such limit."""

    key: str
    can_initiate: Literal["free", "template", "after_contact", "by_hand"]
    window: timedelta | None
    human_window: timedelta | None
    buttons: int
    button_title_max: int
    choice_fallback: Literal["list", "link", "thumbs"]
    max_text: int
    text_unit: Literal["chars", "bytes"]
    max_caption: int
    max_image_bytes: int
    image_mimes: frozenset[str]
    receipts: frozenset[str]
    inbound: Literal["webhook", "poll", "websocket", "manual", "none"]
    echoes: bool
    costs: bool


class IdentityKind(StrEnum):
    """How a platform names a person. Only `phone` may ever be normalised; the others are opaque, case kept."""

    PHONE = "phone"
    BSUID = "bsuid"
    USERNAME = "username"
    PSID = "psid"
    CHAT = "chat"
    THREEMA = "threema"
    UUID = "uuid"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Identity:
    """One name of one person on one platform; a phone number is E.164 with its plus."""

    kind: IdentityKind
    value: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer offered; `id` comes back when it is tapped."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered photo, ready to leave; `ref` is opaque and resolved to bytes by the media loader of `send`."""

    ref: str
    name: str
    size_bytes: int
    mime: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Template:
    """A message the platform has approved, for the time when free words are not allowed."""

    name: str
    language: str = "de"
    header_image: bool = False
    button_titles: tuple[str, ...] = ()
    approved: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What the firm wants to say, in no platform's language.

    `intent_ids`: one for each step the plan may need, `steps_at_most` of them; each step carries one to the platform
    and back (`StatusUpdate.opaque`), so it is best the id of the message's row.
    """

    intent_ids: tuple[UUID, ...]
    text: str = ""
    pictures: tuple[Picture, ...] = ()
    choices: tuple[Choice, ...] = ()
    quote: str | None = None
    template: Template | None = None
    answer_link: str | None = None


def steps_at_most(pictures: int) -> int:
    """Return how many intent ids a draft with that many pictures must bring."""
    return pictures + 1


@dataclass(frozen=True, slots=True)
class Step:
    """One call at the platform, complete but for the picture's bytes, so that it can wait in a row.

    `call` is JSON the channel alone understands; `text` and `picture` are what the chronology shows.
    """

    kind: str
    intent_id: UUID
    call: Mapping[str, Any]
    text: str = ""
    picture: Picture | None = None

    def to_json(self) -> dict[str, Any]:
        picture = self.picture
        return {
            "kind": self.kind,
            "intent_id": str(self.intent_id),
            "call": dict(self.call),
            "text": self.text,
            "picture": picture
            and {
                "ref": picture.ref,
                "name": picture.name,
                "size_bytes": picture.size_bytes,
                "mime": picture.mime,
                "sha256": picture.sha256,
            },
        }

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> "Step":
        picture = row["picture"]
        return Step(
            kind=row["kind"],
            intent_id=UUID(row["intent_id"]),
            call=row["call"],
            text=row["text"],
            picture=Picture(**picture) if picture else None,
        )


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a draft cannot leave by this channel now; `values` fill the sentence for the code."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The platform has taken it. Not yet sent: the truth comes by `StatusUpdate`."""

    foreign_id: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not taken, may be tried again; `after_s` None = the usual back-off."""

    after_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Certainly not taken: too much at once, to this person or at all; `after_s` None = the usual back-off."""

    after_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Permanent:
    """Refused for good; `code` has a sentence, `detail` is the platform's own words for the log."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NeedsTemplate:
    """The window is closed, whatever our clock says."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The customer has told the platform to stop us: the consent gate closes."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reauth:
    """Token, registration or permission is gone: stop the channel, keep the outbox, tell the admin."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Paused:
    """The platform restricts the account (spam, payment, country): pause the channel, tell the admin."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class MediaFix:
    """The picture was refused: make it new once, then give up."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have been taken. Only a status or a human decides; never sent again by itself."""

    detail: str = ""


Outcome = (
    Accepted
    | Retry
    | Throttled
    | Permanent
    | NeedsTemplate
    | OptedOut
    | Reauth
    | Paused
    | MediaFix
    | Unclear
)  # fmt: skip


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
    """A message of the customer; `sender` has at least one identity, `context_id` is the message it answers."""

    foreign_id: str
    sender: tuple[Identity, ...]
    sent_at: datetime
    kind: MessageKind
    text: str = ""
    button_id: str = ""
    media: MediaRef | None = None
    context_id: str = ""
    profile_name: str = ""

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
class OptOut:
    """The customer has switched us off (or on again) in the messenger's own settings."""

    key: str
    sender: tuple[Identity, ...]
    at: datetime
    stopped: bool


@dataclass(frozen=True, slots=True)
class HealthEvent:
    """Something about the account, not about a person: a template's state, quality, a restriction."""

    key: str
    topic: str
    detail: str


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Something that came and is kept, but not understood; `raw` is the item as JSON text."""

    key: str
    topic: str
    raw: str


Event = InboundMessage | StatusUpdate | OptOut | HealthEvent | UnknownEvent

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


def window_open(now: datetime, until: datetime | None) -> bool:
    """Return whether free words may still leave: the window's last minutes are not ours, clocks differ."""
    return until is not None and now < until - WINDOW_MARGIN


def length(text: str, caps: Capabilities) -> int:
    """Return the length of a text in the channel's own unit."""
    return len(text) if caps.text_unit == "chars" else len(text.encode())


def fit_buttons(choices: Sequence[Choice], caps: Capabilities) -> bool:
    """Return whether the choices can be buttons: few, short and told apart."""
    titles = {choice.title for choice in choices}
    return (
        len(choices) <= caps.buttons
        and len(titles) == len(choices)
        and all(0 < length(choice.title, caps) <= caps.button_title_max for choice in choices)
    )


def numbered(text: str, choices: Sequence[Choice], link: str | None) -> str:
    """Return the question with its choices as a numbered list and the answer link, for channels without buttons."""
    rows = [f"{place}) {choice.title}" for place, choice in enumerate(choices, 1)]
    return "\n\n".join(part for part in (text, "\n".join(rows), link) if part)


def picked(answer: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice a typed answer names, by its number ("2", "2)", "2.") or its exact words, else None."""
    words = answer.strip().casefold()
    for place, choice in enumerate(choices, 1):
        if words in {str(place), f"{place})", f"{place}.", choice.title.casefold()}:
            return choice
    return None
