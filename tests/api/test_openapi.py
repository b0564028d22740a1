"""The OpenAPI document: complete, well formed, and true to what really comes back."""

import re
from typing import Any

from jsonschema import Draft202012Validator
from starlette.applications import Starlette

from server.api.openapi import PATH, document
from server.app import create_app
from server.ids import new_id
from server.web.routing import GuardedRoute
from tests.api.conftest import World
from tests.sites import body_of, photo_bytes

METHODS = {"get", "post", "put", "patch", "delete"}
BASE = "http://zollstock.test"


def described(app: Starlette) -> dict[str, Any]:
    return document(app.routes, base_url=BASE, cookie="zollstock")


def operations(made: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, item in made["paths"].items() for method, one in item.items()]


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(one) for one in value.values()))
    return set().union(*(references(one) for one in value)) if isinstance(value, list) else set()


def test_every_route_is_in_it() -> None:
    app = create_app()
    routes = [one for one in app.routes if isinstance(one, GuardedRoute) and one.path.startswith("/api/v1/")]
    wanted = {
        (re.sub(r":\w+}", "}", one.path), method.lower())
        for one in routes
        for method in (one.methods or set()) - {"HEAD"}
    }
    assert len(wanted) > 10
    assert {(path, method) for path, method, _ in operations(described(app))} == wanted
    assert [one.path for one in routes if not one.summary] == []


def test_it_is_openapi_3_1() -> None:
    made = described(create_app())
    assert re.fullmatch(r"3\.1\.\d+", made["openapi"])
    assert made["info"].keys() >= {"title", "version"}
    assert made["servers"] == [{"url": BASE}]
    assert made["security"] == [{"bearer": []}, {"cookie": []}]
    schemes = made["components"]["securitySchemes"]
    assert schemes["bearer"]["type"] == "http" and schemes["bearer"]["scheme"] == "bearer"
    assert (schemes["cookie"]["type"], schemes["cookie"]["in"], schemes["cookie"]["name"]) == (
        "apiKey",
        "cookie",
        "zollstock",
    )
    for path, method, one in operations(made):
        assert path.startswith("/") and method in METHODS, path
        assert one["responses"].keys() & {"200", "2XX"}, path
        assert all("description" in answer or "$ref" in answer for answer in one["responses"].values())
        in_path = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(parameter["required"] for parameter in one["parameters"] if parameter["in"] == "path")
        assert ("requestBody" in one) <= (method in {"post", "put", "patch"}), path
    names = [one["operationId"] for _, _, one in operations(made)]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    made = described(create_app())
    for reference in references(made):
        found: Any = made
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    for schema in made["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
        assert schema["properties"]


async def test_real_answers_have_just_the_described_keys(world: World) -> None:
    ident = str(new_id())
    async with world.client(world.site.worker) as client:
        await client.put(f"/sync/items/{ident}", json=body_of(photo_bytes(), job=str(world.site.job)))
    async with world.client(world.site.office) as client:
        customer = (
            await client.post("/api/v1/customers", json={"name": "Müller", "contacts": [{"name": "Petra"}]})
        ).json()
        await client.post(
            "/sync/state", json={"device": str(new_id()), "unsent": 2, "oldest": "2026-11-24T09:00:00Z"}
        )
        made = (await client.get(PATH)).json()
        for path, real in (
            ("/api/v1/jobs", "/api/v1/jobs"),
            ("/api/v1/jobs/{job_id}", f"/api/v1/jobs/{world.site.job}"),
            ("/api/v1/photos", "/api/v1/photos"),
            ("/api/v1/photos/{photo_id}", f"/api/v1/photos/{ident}"),
            ("/api/v1/customers", "/api/v1/customers"),
            ("/api/v1/customers/{customer_id}", f"/api/v1/customers/{customer['id']}"),
            ("/api/v1/devices", "/api/v1/devices"),
        ):  # fmt: skip
            answer = (await client.get(real)).json()
            content = made["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            fits(made, content["schema"], answer)
            if "items" in answer:
                assert answer["items"], f"{path}: nothing to compare"
        refused = await client.get("/api/v1/jobs?limit=0")
        fits(made, made["components"]["schemas"]["Error"], refused.json())


async def test_anyone_may_read_it(world: World) -> None:
    async with world.client(None) as client:
        answer = await client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["paths"][PATH]["get"]["security"] == []


def fits(made: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Validate, and refuse keys the document does not name."""
    closed = {
        name: one if "additionalProperties" in one else one | {"additionalProperties": False}
        for name, one in made["components"]["schemas"].items()
    }
    whole = schema | {"components": {"schemas": closed}}
    problems = [error.message for error in Draft202012Validator(whole).iter_errors(value)]
    assert problems == []
