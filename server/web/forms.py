"""From what was typed or sent to a frozen dataclass; a wrong field is named and nothing typed is lost.

A form is a dataclass whose fields are made here (`text`, `number`, `ids` …). The same dataclass reads
JSON bodies and query strings.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from server.domain.errors import Invalid
from server.ids import parse_id

F = TypeVar("F")
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


@dataclass(frozen=True, slots=True)
class Form(Generic[F]):
    """What was typed, what is wrong with it, and the value if nothing is."""

    typed: Mapping[str, Any]
    errors: Mapping[str, Invalid]
    value: F | None = None

    @property
    def data(self) -> F:
        """Return the value. Raises the first field's Invalid when something is wrong."""
        if self.value is None:
            raise next(iter(self.errors.values()))
        return self.value

    def refused(self, error: Invalid) -> "Form[F]":
        """Return the form with the sentence of a rule that refused it; "" is the field of the whole form."""
        return dataclasses.replace(self, errors={**self.errors, error.field or "": error}, value=None)

    def get(self, name: str, default: Any = "") -> Any:
        """Return what to show in a field."""
        return self.typed.get(name, default)

    def error(self, name: str) -> Invalid | None:
        return self.errors.get(name)


def blank(values: Mapping[str, Any] | None = None) -> Form[Any]:
    """Return a form that nobody has sent yet, showing `values`."""
    return Form(values or {}, {})


async def read(request: Request, shape: type[F]) -> Form[F]:
    """Read a posted form. Files are not read here: photos never come as forms (house.md §5)."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return parsed(shape, await _json(request))
    data = await request.form(max_fields=2000)
    return parsed(shape, _plain(shape, data))


def read_query(request: Request, shape: type[F]) -> F:
    """Read the query string. Raises Invalid naming the parameter."""
    known = {one.name: one for one in dataclasses.fields(shape)}  # type: ignore[arg-type]
    raw: dict[str, Any] = {}
    for name in known.keys() & request.query_params.keys():
        values = request.query_params.getlist(name)
        raw[name] = values if known[name].metadata["many"] else values[-1]
    return parsed(shape, raw).data


async def read_json(request: Request, shape: type[F]) -> F:
    """Read a JSON body. Raises Invalid naming the field; a field nobody knows is refused."""
    raw = await _json(request)
    unknown = raw.keys() - {one.name for one in dataclasses.fields(shape)}  # type: ignore[arg-type]
    if unknown:
        raise Invalid("field.unknown", field=min(unknown))
    return parsed(shape, raw).data


async def read_patch(request: Request, shape: type[Any]) -> dict[str, Any]:
    """Read a JSON body of changes: only the fields that were sent. Raises Invalid naming the field."""
    raw = await _json(request)
    known = {one.name: one for one in dataclasses.fields(shape)}
    changes: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in known:
            raise Invalid("field.unknown", field=name)
        changes[name] = _value(known[name], value)
    return changes


def parsed(shape: type[F], raw: Mapping[str, Any]) -> Form[F]:
    """Read every field of `shape` from raw values, collecting what is wrong."""
    values: dict[str, Any] = {}
    errors: dict[str, Invalid] = {}
    for one in dataclasses.fields(shape):  # type: ignore[arg-type]
        if one.name in raw:
            try:
                values[one.name] = _value(one, raw[one.name])
            except Invalid as wrong:
                errors[one.name] = wrong
        elif one.default is MISSING and one.default_factory is MISSING:
            errors[one.name] = Invalid("field.required", field=one.name)
    return Form(raw, errors, None if errors else shape(**values))


def _value(one: dataclasses.Field[Any], raw: Any) -> Any:
    try:
        return one.metadata["read"](raw)
    except Invalid as wrong:
        raise Invalid(wrong.code, field=one.name, **wrong.values) from None


async def _json(request: Request) -> dict[str, Any]:
    try:
        raw = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Invalid("body.not_json") from None
    if not isinstance(raw, dict):
        raise Invalid("body.not_object")
    return raw


def _plain(shape: type[Any], data: FormData) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for one in dataclasses.fields(shape):
        if one.name not in data:
            continue
        values = [value for value in data.getlist(one.name) if not isinstance(value, UploadFile)]
        raw[one.name] = values if one.metadata["many"] else (values[-1] if values else "")
    return raw
