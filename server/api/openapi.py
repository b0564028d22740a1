"""The description of /api/v1 in OpenAPI 3.1, made from the route table, so that it cannot fall behind.

Source: spec.openapis.org/oas/v3.1.1; schemas are JSON Schema 2020-12.
"""

import dataclasses
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from server.web import session
from server.web.render import json_answer
from server.web.routing import GuardedRoute, Who, route
from server.web.state import services

PATH = "/api/v1/openapi.json"
Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}
_PARAMETERS: dict[str, Schema] = {"UUIDConvertor": _PLAIN[UUID], "IntegerConvertor": _PLAIN[int]}
_NOBODY = {Who.ANYONE, Who.LINK, Who.HOOK}
_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "field"],
            "properties": {
                "code": {"type": "string", "description": "For programs; stays the same."},
                "message": {"type": "string", "description": "One plain sentence for people."},
                "field": {"type": ["string", "null"], "description": "The field that is wrong, if one is."},
            },
        }
    },
}


async def show(request: Request) -> Response:
    """Answer the document."""
    settings = services(request).settings
    made = document(request.app.routes, base_url=settings.base_url, cookie=session.cookie_name(settings))
    return json_answer(made)


def document(routes: Iterable[BaseRoute], *, base_url: str, cookie: str) -> Schema:
    """Return the whole document of the routes below /api/v1."""
    schemas: dict[str, Schema] = {"Error": _ERROR}
    paths: dict[str, Schema] = {}
    for one in routes:
        if not isinstance(one, GuardedRoute) or not one.path.startswith("/api/v1/"):
            continue
        for method in sorted((one.methods or set()) - {"HEAD"}):
            paths.setdefault(one.path_format, {})[method.lower()] = _operation(one, method, schemas)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Zollstock", "version": "1", "license": _LICENSE},
        "servers": [{"url": base_url}],
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {"Error": {"description": "Refused; nothing was changed.", "content": _json("Error")}},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "zollstock token create, or /account"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
        },
    }  # fmt: skip


_LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}


def _operation(one: GuardedRoute, method: str, schemas: dict[str, Schema]) -> Schema:
    noun = one.path.split("/")[3].removesuffix(".json")
    made: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()} {one.path_format.removeprefix('/api/v1/')}").strip("_"),
        "summary": one.summary,
        "tags": [noun],
        "parameters": [*_of_path(one), *_of_query(one)],
        "responses": {
            # A POST that makes something answers 201, one that decides something 200.
            "2XX" if method == "POST" else "200": _success(one, method, schemas),
            "4XX": {"$ref": "#/components/responses/Error"},
        },
    }  # fmt: skip
    if one.who in _NOBODY:
        made["security"] = []
    else:
        made["description"] = f"For the roles from {one.who.value} upwards."
    if one.body:
        name = _component(one.body, schemas, partial=method == "PATCH")
        made["requestBody"] = {"required": True, "content": _json(name)}
    return made


def _of_path(one: GuardedRoute) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PARAMETERS.get(type(kind).__name__, _PLAIN[str]),
        }
        for name, kind in one.param_convertors.items()
    ]


def _of_query(one: GuardedRoute) -> list[Schema]:
    if one.query is None:
        return []
    return [
        {"name": field.name, "in": "query", "required": _required(field), "schema": _typed(field)}
        for field in dataclasses.fields(one.query)
    ]


def _success(one: GuardedRoute, method: str, schemas: dict[str, Schema]) -> Schema:
    if one.answer is None:
        return {"description": "Done."} | ({"content": {"*/*": {}}} if method == "GET" else {})
    name = _component(one.answer, schemas)
    if not _is_list(one):
        return {"description": "Done.", "content": _json(name)}
    page = f"{name}Page"
    schemas[page] = _object(
        {"items": {"type": "array", "items": _ref(name)}, "next": {"type": ["string", "null"]}},
        required=["items", "next"],
    )
    return {
        "description": "A page; ask for the one after it with cursor=next.",
        "content": _json(page),
    }


def _is_list(one: GuardedRoute) -> bool:
    """A list is what can be turned over page by page."""
    return one.query is not None and any(field.name == "cursor" for field in dataclasses.fields(one.query))


def _component(shape: type[Any], schemas: dict[str, Schema], *, partial: bool = False) -> str:
    """Put a dataclass among the components and return its name; with `partial` every field may be left out."""
    name = shape.__name__
    if name in schemas:
        return name
    schemas[name] = {}
    fields = dataclasses.fields(shape)
    if all("schema" in field.metadata for field in fields):
        properties = {field.name: _typed(field) for field in fields}
        required = [] if partial else [field.name for field in fields if _required(field)]
        schemas[name] = _object(properties, required=required) | {"additionalProperties": False}
    else:
        hints = get_type_hints(shape)
        properties = {field.name: _of_type(hints[field.name], schemas) for field in fields}
        schemas[name] = _object(properties, required=list(properties))
    if shape.__doc__ and not shape.__doc__.startswith(f"{name}("):
        schemas[name]["description"] = shape.__doc__
    return name


def _typed(field: dataclasses.Field[Any]) -> Schema:
    schema = dict(field.metadata["schema"])
    if field.default is None and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    elif isinstance(field.default, str | int) and field.default != "":
        schema["default"] = field.default
    return schema


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _of_type(hint: Any, schemas: dict[str, Schema]) -> Schema:
    """Return the schema of an answer's type hint."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string", "enum": [member.value for member in hint]}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _ref(_component(hint, schemas))
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of_type(one, schemas) for one in inner]}
    if hint is type(None):
        return {"type": "null"}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of_type(inner[1], schemas)}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"type": "array", "items": _of_type(inner[0], schemas)}
    return {}


def _object(properties: dict[str, Schema], *, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(name: str) -> Schema:
    return {"application/json": {"schema": _ref(name)}}


routes = [route(PATH, show, who=Who.ANYONE, summary="This document")]
