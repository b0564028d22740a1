"""What a field takes: each maker returns a dataclass field that reads one raw value, refuses it or knows its default."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from server.domain.errors import Invalid
from server.ids import parse_id

Read = Callable[[Any], Any]
_WORD = re.compile(r"[a-z_]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _field(read: Read, default: Any, *, many: bool = False, schema: Mapping[str, Any]) -> Any:
    metadata = {"read": read, "many": many, "schema": schema}
    if isinstance(default, list | tuple):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata) if default is not MISSING else field(metadata=metadata)


def text(*, max: int = 200, lines: bool = False, default: Any = MISSING) -> Any:
    """A text of at most `max` characters, stripped; one line unless `lines`. Required and not empty without default."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str):
            raise Invalid("field.type")
        value = raw.replace("\r\n", "\n").strip()
        if len(value) > max:
            raise Invalid("field.too_long", max=max)
        if _CONTROL.search(value) or (not lines and "\n" in value):
            raise Invalid("field.control")
        if not value and default is MISSING:
            raise Invalid("field.required")
        return value

    return _field(read, default, schema={"type": "string", "maxLength": max})


def word(*, max: int = 32, default: Any = MISSING) -> Any:
    """A code of small letters and underscores, such as a channel's kind; empty or null means the default."""

    def read(raw: Any) -> str | None:
        if raw in ("", None) and default is not MISSING:
            return default  # type: ignore[no-any-return]
        if not isinstance(raw, str) or len(raw) > max or not _WORD.fullmatch(raw):
            raise Invalid("field.choice", choices="whatsapp, email, …")
        return raw

    return _field(read, default, schema={"type": "string", "maxLength": max})


def secret(*, max: int = 500) -> Any:
    """A password: taken as it is typed, blanks and all."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str) or not raw:
            raise Invalid("field.required")
        if len(raw) > max:
            raise Invalid("field.too_long", max=max)
        return raw

    return _field(read, MISSING, schema={"type": "string", "maxLength": max})


def flag(*, default: bool = False) -> Any:
    """A checkbox, or a JSON true or false."""

    def read(raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        if raw in ("on", "1", "true", "yes"):
            return True
        if raw in ("", "0", "false", "off", "no", None):
            return False
        raise Invalid("field.type")

    return _field(read, default, schema={"type": "boolean"})


def number(*, min: int, max: int, default: Any = MISSING) -> Any:
    """A whole number between `min` and `max`."""

    def read(raw: Any) -> int:
        if isinstance(raw, bool) or not (
            isinstance(raw, int) or (isinstance(raw, str) and re.fullmatch(r"-?\d{1,18}", raw))
        ):
            raise Invalid("field.number")
        value = int(raw)
        if not min <= value <= max:
            raise Invalid("field.range", min=min, max=max)
        return value

    return _field(read, default, schema={"type": "integer", "minimum": min, "maximum": max})


def identity(raw: Any) -> UUID:
    found = parse_id(raw) if isinstance(raw, str) else None
    if found is None:
        raise Invalid("field.id")
    return found


def choice_id(*, default: Any = MISSING) -> Any:
    """The id of another thing; empty means the default."""

    def read(raw: Any) -> UUID | None:
        if raw in ("", None) and default is not MISSING:
            return default  # type: ignore[no-any-return]
        return identity(raw)

    return _field(read, default, schema={"type": "string", "format": "uuid"})


def ids(*, max: int = 500, default: Any = ()) -> Any:
    """A list of ids; a form repeats the field."""

    def read(raw: Any) -> tuple[UUID, ...]:
        return tuple(identity(one) for one in _list(raw, max) if one != "")

    return _field(
        read, default, many=True, schema={"type": "array", "items": {"type": "string", "format": "uuid"}}
    )


def texts(*, max: int = 20, length: int = 200, default: Any = ()) -> Any:
    """A list of short texts; a form repeats the field; empty ones are left out."""

    def read(raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
            raise Invalid("field.type")
        stripped = _list([one.strip() for one in raw if one.strip()], max)
        if any(len(one) > length for one in stripped):
            raise Invalid("field.too_long", max=length)
        if any(_CONTROL.search(one) for one in stripped):
            raise Invalid("field.control")
        return tuple(stripped)

    return _field(
        read, default, many=True, schema={"type": "array", "items": {"type": "string", "maxLength": length}}
    )


def clocks(number: int) -> Any:
    """Exactly `number` short texts in their order, empty ones too: a table of times; the action reads them."""

    def read(raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, list) or len(raw) != number:
            raise Invalid("field.type")
        if not all(isinstance(one, str) and len(one) <= 8 for one in raw):
            raise Invalid("field.type")
        return tuple(one.strip() for one in raw)

    return _field(
        read, MISSING, many=True, schema={"type": "array", "items": {"type": "string", "maxLength": 8}}
    )


def one_of(kinds: type[StrEnum], *, default: Any = MISSING) -> Any:
    """A member of an enum by its value; empty means the default."""

    def read(raw: Any) -> StrEnum | None:
        if raw in ("", None) and default is not MISSING:
            return default  # type: ignore[no-any-return]
        if raw not in list(kinds):
            raise Invalid("field.choice", choices=", ".join(kinds))
        return kinds(raw)

    return _field(read, default, schema={"type": "string", "enum": list(kinds)})


def moment(*, default: Any = MISSING) -> Any:
    """A date and time with offset, turned to UTC."""

    def read(raw: Any) -> datetime | None:
        if raw in ("", None) and default is not MISSING:
            return default  # type: ignore[no-any-return]
        try:
            value = datetime.fromisoformat(raw) if isinstance(raw, str) else None
        except ValueError:
            value = None
        if value is None or value.tzinfo is None:
            raise Invalid("field.moment")
        return value.astimezone(UTC)

    return _field(read, default, schema={"type": "string", "format": "date-time"})


def day(*, default: Any = MISSING) -> Any:
    """A date without time, as a date field sends it: "2026-11-27"; empty means the default."""

    def read(raw: Any) -> date | None:
        if raw in ("", None) and default is not MISSING:
            return default  # type: ignore[no-any-return]
        try:
            return date.fromisoformat(raw if isinstance(raw, str) else "")
        except ValueError:
            raise Invalid("field.day") from None

    return _field(read, default, schema={"type": "string", "format": "date"})


def plain(*, default: Any = MISSING) -> Any:
    """Any JSON value; the action looks at it."""
    return _field(lambda raw: raw, default, schema={})


def _list(raw: Any, max: int) -> Sequence[Any]:
    if not isinstance(raw, list):
        raise Invalid("field.type")
    if len(raw) > max:
        raise Invalid("field.too_many", max=max)
    return raw
