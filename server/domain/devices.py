"""A phone as it names itself, what it says it still holds, and what the office told it to do (O5, T4)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from server.domain.errors import Invalid

VERSION_MAX = 40
HOLDS_MAX = 50
_TEXT_MAX = 200
# A visible app speaks every 15 minutes at least; a working day later with things unsent somebody should look.
SILENT_AFTER = timedelta(days=2)
BYTES_MAX = 1 << 53


class Order(StrEnum):
    """What the office told a phone to do with its data; both end with an empty phone that is signed out."""

    SEND_THEN_WIPE = "send_then_wipe"
    """The person has left: everything unsent arrives first."""
    WIPE = "wipe"
    """The phone is stolen: everything goes at once, sent or not."""


# What has to be typed, in either language of the desk, so that nobody wipes a phone by a slip.
WORDS = {Order.SEND_THEN_WIPE: ("sperren", "lock"), Order.WIPE: ("löschen", "wipe")}


def check_word(order: Order, typed: str) -> None:
    """Raise Invalid unless the word for this order was typed."""
    if typed.strip().lower() not in WORDS[order]:
        raise Invalid("device.word", field="word", word=WORDS[order][0].upper())


@dataclass(frozen=True, slots=True)
class Storage:
    """What a phone says of its storage; None where the browser does not say. Sizes in bytes."""

    persisted: bool | None = None
    usage: int | None = None
    quota: int | None = None
    installed: bool = False
    works: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """One thing a phone says it still holds, in the phone's own words; `captured_at` is ISO 8601 as it was sent."""

    id: UUID
    kind: str
    captured_at: str
    name: str
    state: str
    error: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a phone says of itself: `unsent` things, `problems` of them need a human, and `others` of people who signed
    out on it; the oldest of all made at `oldest_at`."""

    unsent: int
    oldest_at: datetime | None
    version: str = ""
    problems: int = 0
    storage: Storage | None = None
    holds: tuple[Held, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """One phone; `unsent` things made since `oldest_at` were not here when it last spoke at `seen_at`.

    `others` things belong to people who signed out on it: they wait there for their owner's next sign-in.
    """

    id: UUID
    company_id: UUID
    user_id: UUID
    user_name: str
    name: str
    unsent: int
    oldest_at: datetime | None
    client: int
    created_at: datetime
    seen_at: datetime
    version: str = ""
    problems: int = 0
    storage: Storage | None = None
    holds: tuple[Held, ...] = ()
    reported_at: datetime | None = None
    reminded_at: datetime | None = None
    order: Order | None = None
    ordered_at: datetime | None = None
    obeyed_at: datetime | None = None
    others: int = 0

    @property
    def open_order(self) -> Order | None:
        """The order the phone has still to obey."""
        return self.order if self.obeyed_at is None else None

    @property
    def emptied(self) -> bool:
        """True when the phone said that it wiped itself; what it held before is no longer owed."""
        return self.order is not None and self.obeyed_at is not None

    @property
    def owed(self) -> int:
        """How many things are still only on this phone, whoever they belong to."""
        return 0 if self.emptied else self.unsent + self.others

    def silent(self, at: datetime) -> bool:
        """Say whether somebody should look: things are unsent and nobody has heard of the phone for two days."""
        return self.owed > 0 and at - self.seen_at > SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Owed:
    """What all phones of a company still hold: the start page's one line."""

    phones: int
    things: int
    oldest_at: datetime | None

    @classmethod
    def of(cls, devices: Sequence[Device]) -> Self:
        holding = [device for device in devices if device.owed]
        moments = [device.oldest_at for device in holding if device.oldest_at]
        return cls(len(holding), sum(device.owed for device in holding), min(moments, default=None))


def read_storage(raw: object) -> Storage | None:
    """Read what a phone says of its storage. Raises Invalid when it is no object; what has no form is left out.

    A hint for people: an odd figure of one browser must not cost the office the rest of the report.
    """
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise Invalid("field.type", field="storage")
    persisted = raw.get("persisted")
    return Storage(
        persisted=persisted if isinstance(persisted, bool) else None,
        usage=_bytes(raw.get("usage")),
        quota=_bytes(raw.get("quota")),
        installed=raw.get("installed") is True,
        works=raw.get("works") is not False,
    )


def read_holds(raw: object) -> tuple[Held, ...]:
    """Read the list of things a phone still holds; an entry without an id is left out. Raises Invalid."""
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise Invalid("field.type", field="holds")
    if len(raw) > HOLDS_MAX:
        raise Invalid("field.too_many", field="holds", max=HOLDS_MAX)
    found = (_held(one) for one in raw if isinstance(one, dict))
    return tuple(one for one in found if one is not None)


def condition_of(report: Report) -> dict[str, object]:
    """Return what is kept of a report beside its figures, as JSON."""
    holds = [asdict(one) | {"id": str(one.id)} for one in report.holds]
    return {"storage": asdict(report.storage) if report.storage else None, "holds": holds}


def _held(raw: Mapping[str, object]) -> Held | None:
    try:
        ident = UUID(str(raw.get("id")))
    except ValueError:
        return None
    words = ("kind", "captured_at", "name", "state", "error")
    return Held(ident, *(_text(raw.get(word)) for word in words))


def _text(raw: object) -> str:
    """Return one line of text that both databases keep."""
    text = raw if isinstance(raw, str) else ""
    return "".join(sign for sign in text if sign.isprintable())[:_TEXT_MAX]


def _bytes(raw: object) -> int | None:
    fits = isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < BYTES_MAX
    return int(raw) if fits else None  # type: ignore[call-overload]
