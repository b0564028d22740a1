"""From a request to the dataclass: every field is read, and what is wrong is collected beside what was typed."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any, Generic, TypeVar

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from server.domain.errors import Invalid

F = TypeVar("F")


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
