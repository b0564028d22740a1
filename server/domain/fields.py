"""A JSON object from a phone, read strictly: every field by its type, and none that nobody asked for."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from server.domain.errors import Invalid, TooLarge

THUMB_MAX = 20 * 1024
Word = TypeVar("Word", bound=StrEnum)


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

    def word(self, name: str, words: type[Word]) -> Word:
        try:
            return words(self.text(name, 32))
        except ValueError:
            raise Invalid("item.word", field=name, known=", ".join(words)) from None

    def number(self, name: str) -> int:
        value = self._take(name, int, 0)
        assert isinstance(value, int)
        return value

    def whole(self, name: str) -> int | None:
        """Read a whole number that may be missing, within what clocks and counters say."""
        value = self._take(name, int, None)
        if value is not None and abs(int(str(value))) > 10**13:
            raise Invalid("item.type", field=name)
        return None if value is None else int(str(value))

    def objects(self, name: str, limit: int) -> list["Fields"]:
        return [Fields(value) for value in self._list(name, limit)]

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
        data = _decoded(text, name)
        if len(data) > THUMB_MAX:
            raise TooLarge("item.thumb_too_large", field=name, limit_kb=THUMB_MAX // 1024)
        if not data.startswith(b"\xff\xd8\xff"):
            raise Invalid("item.thumb", field=name)
        return data

    def data(self, name: str, limit: int) -> bytes:
        """Read base64 of at most `limit` bytes, nothing where there is none."""
        return _decoded(self.text(name, limit * 4 // 3 + 4), name)

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


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"item.{name}", field=name) from None


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
