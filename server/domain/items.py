"""What a phone makes and the server keeps: items of nine kinds, and the hash that makes repeating them harmless."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from server.domain.calls import Said
from server.domain.errors import Conflict, Invalid
from server.domain.media import Medium
from server.domain.photos import Phase


class Kind(StrEnum):
    PHOTO = "photo"
    NOTE = "note"
    QUESTION = "question"
    JOB = "job"
    CALL = "call"
    VIDEO = "video"
    VOICE = "voice"
    FILING = "filing"
    CONSENT = "consent"


MEDIA = {Kind.PHOTO: Medium.IMAGE, Kind.VIDEO: Medium.VIDEO, Kind.VOICE: Medium.AUDIO}
"""The kinds that bring bytes."""
# Fields that older phones do not know: where they are empty, the content hash is that of before.
_LATER = frozenset({"pair_of", "duration_ms", "replaces", "base_rev", "said"})
# Files that travel with a description; the hashes of what matters are fields of their own.
_BESIDE = frozenset({"id", "thumb", "signature", "captured"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:\d\d)")


class ItemState(StrEnum):
    """How much of an item is here; an item without a file is stored as soon as it is announced."""

    UNKNOWN = "unknown"
    ANNOUNCED = "announced"
    RECEIVING = "receiving"
    STORED = "stored"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Moment:
    """A device's own time: aware UTC, and the minutes its clock face was ahead of UTC."""

    at: datetime
    offset_min: int


def read_moment(text: str, *, name: str = "captured_at") -> Moment:
    """Read an ISO 8601 time that carries its offset ("2026-11-24T10:42:00+01:00", "…Z"). Raises Invalid."""
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError(text)
        local = datetime.fromisoformat(text)
        offset = local.utcoffset()
        return Moment(local.astimezone(UTC), int(offset.total_seconds() // 60) if offset else 0)
    except (ValueError, OverflowError):
        raise Invalid("item.moment", field=name) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncItem:
    """What every item has. `job_hint` is the job's name as the phone knew it; `refs` are ids of other items."""

    id: UUID
    kind: Kind
    job_id: UUID | None
    job_hint: str
    captured: Moment
    refs: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPhoto(SyncItem):
    """A photo's, clip's or voice note's description; `thumb` is the phone's small JPEG and no part of the content hash.

    `duration_ms` is a clip's length, `pair_of` the photo from before that this one was taken over.
    """

    caption: str
    phase: Phase | None
    tags: tuple[str, ...]
    position: Mapping[str, float] | None
    sha256: str
    size_bytes: int
    mime: str
    pair_of: UUID | None = None
    duration_ms: int | None = None
    thumb: bytes | None = field(default=None, compare=False)

    @property
    def medium(self) -> Medium:
        return MEDIA[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncNote(SyncItem):
    """A note, or a call note when `kind` is call; `replaces` is the note it corrects, as it was at `base_rev`.

    `said` is what a call's form told besides the words; phones of before sent words only.
    """

    text: str
    replaces: UUID | None = None
    base_rev: int | None = None
    said: Said | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncQuestion(SyncItem):
    """A question to the customer; `refs` are its photos, which may arrive later."""

    text: str
    choices: tuple[str, ...]

    @property
    def photo_ids(self) -> tuple[UUID, ...]:
        return self.refs

    @property
    def captured_at(self) -> datetime:
        return self.captured.at


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncJob(SyncItem):
    """A job opened on site."""

    title: str
    street: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFiling(SyncItem):
    """Unsorted photos of one's own that belong to a job; `refs` are their ids."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the server's ledger holds it; `body` is its canonical content."""

    id: UUID
    company_id: UUID
    user_id: UUID
    kind: Kind
    content_hash: str
    body: Mapping[str, object]
    captured_at: datetime
    received_at: datetime
    tombstone_at: datetime | None
    rev: int


class ContentDiffers(Conflict):
    """The id is taken by other content; `copy` is what the server holds (offline-pwa.md §4.4)."""

    def __init__(self, copy: object) -> None:
        super().__init__("item.differs", field="id")
        self.copy = copy


def content_of(item: SyncItem) -> dict[str, object]:
    """Return the item's content in its one canonical form: sorted, without thumb, JSON-able."""
    names = sorted({name for kind in type(item).__mro__ for name in getattr(kind, "__slots__", ())})
    content = {name: getattr(item, name) for name in names if name not in _BESIDE}
    moment = item.captured
    content = {name: value for name, value in content.items() if value is not None or name not in _LATER}
    content |= {"captured_at": moment.at.isoformat(), "offset_min": moment.offset_min}
    return dict(json.loads(json.dumps(content, default=_plain)))


def content_hash(item: SyncItem) -> str:
    """Return the SHA-256 (hex) of the canonical content."""
    text = json.dumps(content_of(item), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return dict(value) if isinstance(value, Mapping) else str(value)
