"""What phones send: items of five kinds, checked field by field, and the hash that makes repeating them harmless."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Conflict, Invalid, TooLarge
from server.domain.notes import TEXT_MAX, check_text
from server.domain.photos import (
    SIZE_MAX,
    Phase,
    check_caption,
    check_original,
    check_phase,
    check_tags,
    clean_mime,
)
from server.domain.uploads import SHA256_HEX

MIN_CLIENT = 1
HAVE_MAX = 500
THUMB_MAX = 20 * 1024
REFS_MAX = 50
HINT_MAX = 300
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:\d\d)")


class Kind(StrEnum):
    PHOTO = "photo"
    NOTE = "note"
    QUESTION = "question"
    JOB = "job"
    CALL = "call"


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
    """A photo's description; `thumb` is the phone's small JPEG and no part of the content hash."""

    caption: str
    phase: Phase | None
    tags: tuple[str, ...]
    position: Mapping[str, float] | None
    sha256: str
    size_bytes: int
    mime: str
    thumb: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncNote(SyncItem):
    """A note, or a call note when `kind` is call."""

    text: str


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
    content = {name: getattr(item, name) for name in names if name not in {"id", "thumb", "captured"}}
    moment = item.captured
    content |= {"captured_at": moment.at.isoformat(), "offset_min": moment.offset_min}
    return dict(json.loads(json.dumps(content, default=_plain)))


def content_hash(item: SyncItem) -> str:
    """Return the SHA-256 (hex) of the canonical content."""
    text = json.dumps(content_of(item), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def skew_ms(device_time: str | None, at: datetime) -> int | None:
    """Return how far the server is ahead of the device in ms, None when the device said nothing readable."""
    try:
        return round((at - read_moment(device_time or "").at).total_seconds() * 1000)
    except Invalid:
        return None


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


def read_item(item_id: UUID, body: object, *, size_max: int = SIZE_MAX) -> SyncItem:
    """Read the body of PUT /sync/items/{id}. Raises Invalid naming the field; stores nothing."""
    fields = Fields(body)
    kind = fields.word("kind", Kind)
    common: dict[str, object] = {
        "id": item_id,
        "kind": kind,
        "job_id": fields.id("job"),
        "job_hint": fields.text("job_hint", HINT_MAX),
        "captured": read_moment(fields.text("captured_at", 40)),
        "refs": fields.ids("refs", REFS_MAX),
    }
    item = _READERS[kind](fields, common, size_max)
    fields.refuse_rest()
    return item


def _photo(fields: "Fields", common: dict[str, object], size_max: int) -> SyncItem:
    size, mime = fields.number("size"), clean_mime(fields.text("mime", 200))
    check_original(size, mime, size_max=size_max)
    sha256 = fields.text("sha256", 64).lower()
    if not SHA256_HEX.fullmatch(sha256):
        raise Invalid("item.sha256", field="sha256")
    return SyncPhoto(
        **common,  # type: ignore[arg-type]
        caption=check_caption(fields.text("caption")),
        phase=check_phase(fields.text("phase", 32)),
        tags=check_tags(fields.texts("tags")),
        position=fields.position("position"),
        sha256=sha256,
        size_bytes=size,
        mime=mime,
        thumb=fields.thumb("thumb"),
    )


def _note(fields: "Fields", common: dict[str, object], _: int) -> SyncItem:
    return SyncNote(**common, text=_words(fields, TEXT_MAX))  # type: ignore[arg-type]


def _question(fields: "Fields", common: dict[str, object], _: int) -> SyncItem:
    # What a question may hold is the question's own rule (domain/questions.py), the same as at the desk.
    return SyncQuestion(**common, text=_words(fields, TEXT_MAX), choices=tuple(fields.texts("choices")))  # type: ignore[arg-type]


def _job(fields: "Fields", common: dict[str, object], _: int) -> SyncItem:
    return SyncJob(
        **common,  # type: ignore[arg-type]
        title=check_text(fields.text("title", 200), field="title", limit=200),
        street=fields.text("street", 200).strip(),
        city=fields.text("city", 100).strip(),
    )


def _words(fields: "Fields", limit: int) -> str:
    """Return `text`; the contract's common field for words, `caption`, says the same."""
    text, caption = fields.text("text"), fields.text("caption")
    return check_text(text or caption, limit=limit)


_READERS = {
    Kind.PHOTO: _photo,
    Kind.NOTE: _note,
    Kind.CALL: _note,
    Kind.QUESTION: _question,
    Kind.JOB: _job,
}


class Fields:
    """A JSON object read field by field; each method raises Invalid with the field's name."""

    def __init__(self, body: object) -> None:
        if not isinstance(body, dict):
            raise Invalid("item.object")
        self._left: dict[str, object] = dict(body)

    def _take(self, name: str, kind: type | tuple[type, ...], empty: object) -> object:
        value = self._left.pop(name, None)
        if value is None:
            return empty
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Invalid("item.type", field=name)
        return value

    def text(self, name: str, limit: int = 100_000) -> str:
        value = str(self._take(name, str, ""))
        if len(value) > limit:
            raise Invalid("item.too_long", field=name, limit=limit)
        # PostgreSQL keeps no NUL in text, and half a surrogate pair is no character at all.
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Invalid("item.type", field=name)
        return value

    def word(self, name: str, words: type[Kind]) -> Kind:
        try:
            return words(self.text(name, 32))
        except ValueError:
            raise Invalid("item.word", field=name, known=", ".join(words)) from None

    def number(self, name: str) -> int:
        value = self._take(name, int, 0)
        assert isinstance(value, int)
        return value

    def texts(self, name: str) -> list[str]:
        values = self._list(name, 100)
        return [Fields({name: value}).text(name) for value in values]

    def ids(self, name: str, limit: int) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(_uuid(value, name) for value in self._list(name, limit)))

    def id(self, name: str) -> UUID | None:
        value = self._take(name, str, None)
        return None if value is None else _uuid(value, name)

    def position(self, name: str) -> Mapping[str, float] | None:
        """Read {"lat", "lon", "accuracy_m"?} in degrees and metres."""
        value = self._take(name, dict, None)
        if value is None:
            return None
        assert isinstance(value, dict)
        numbers = {key: _number(entry, name) for key, entry in value.items() if entry is not None}
        inside = abs(numbers.get("lat", 91)) <= 90 and abs(numbers.get("lon", 181)) <= 180
        if not inside or not numbers.keys() <= {"lat", "lon", "accuracy_m"}:
            raise Invalid("item.position", field=name)
        return numbers

    def thumb(self, name: str) -> bytes | None:
        """Read base64 of a JPEG of at most 20 kB."""
        text = self.text(name)
        if not text:
            return None
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("item.thumb", field=name) from None
        if len(data) > THUMB_MAX:
            raise TooLarge("item.thumb_too_large", field=name, limit_kb=THUMB_MAX // 1024)
        if not data.startswith(b"\xff\xd8\xff"):
            raise Invalid("item.thumb", field=name)
        return data

    def refuse_rest(self) -> None:
        """Raise Invalid for a field that this kind does not know, unless it is empty."""
        for name, value in self._left.items():
            if value not in (None, "", 0, [], {}):
                raise Invalid("item.unknown_field", field=name[:100])

    def _list(self, name: str, limit: int) -> Sequence[object]:
        values = self._take(name, list, [])
        assert isinstance(values, list)
        if len(values) > limit:
            raise Invalid("item.too_many", field=name, limit=limit)
        return values


def read_ids(value: object, name: str, limit: int = HAVE_MAX) -> tuple[UUID, ...]:
    """Read a list of ids. Raises Invalid."""
    return Fields({name: value}).ids(name, limit)


def _uuid(value: object, name: str) -> UUID:
    try:
        ident = UUID(str(value))
    except ValueError:
        ident = None
    # Any version is taken: order never rests on a phone's ids, only identity does.
    if not isinstance(value, str) or ident is None or str(ident) != value.lower():
        raise Invalid("item.id", field=name)
    return ident


def _number(value: object, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e12:
        raise Invalid("item.position", field=name)
    return float(value)
