"""Jobs and customers for programs: the contract's shapes, wrong fields by name, nothing half."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from server.actions import sessions
from server.domain.users import Role
from server.ids import new_id
from tests import factories
from tests.factories import START
from tests.running import program, running


class Firm:
    """Programs of the office, a worker and another company's office."""

    office: httpx.AsyncClient
    worker: httpx.AsyncClient
    stranger: httpx.AsyncClient


async def programs(app: Starlette) -> Firm:
    firm = Firm()
    company, other = await factories.company(), await factories.company("Fremd")
    for name, user in (
        ("office", await factories.user(company, Role.OFFICE, "Sabine")),
        ("worker", await factories.user(company, Role.WORKER, "Ali")),
        ("stranger", await factories.user(other, Role.OFFICE, "Fremde")),
    ):
        made = await sessions.make_token(factories.acting(user), user, "Skript", at=START)
        setattr(firm, name, program(app, made.token))
    return firm


async def test_a_customer_and_a_job_by_script(database_url: str, tmp_path: Path) -> None:
    async with running(tmp_path, database_url) as app:
        firm = await programs(app)
        made = await firm.office.post(
            "/api/v1/customers",
            json={"name": "Familie Müller", "contacts": [{"name": "Petra", "phone": "0151 23456789"}]},
        )
        assert made.status_code == 201
        customer = made.json()
        contact = customer["contacts"][0]
        assert (contact["phone"], contact["phone_e164"]) == ("0151 23456789", "+4915123456789")
        assert (await firm.office.get(made.headers["location"])).json() == customer
        opened = await firm.office.post("/api/v1/jobs", json={"title": "Bad", "contact": contact["id"]})
        job = opened.json()
        assert opened.status_code == 201 and job["number"].endswith("-001")
        assert job["customer"] == customer["id"] and job["state"] == "active"
        address = f"/api/v1/jobs/{job['id']}"
        patched = await firm.office.patch(address, json={"city": "Köln", "step": "finish"})
        assert patched.json() == (await firm.worker.get(address)).json()
        assert (patched.json()["city"], patched.json()["title"], patched.json()["state"]) == (
            "Köln",
            "Bad",
            "done",
        )
        page = (await firm.worker.get("/api/v1/jobs?q=koeln&state=done")).json()
        assert [one["id"] for one in page["items"]] == [job["id"]] and page["next"] is None
        changed = await firm.office.patch(
            f"/api/v1/customers/{customer['id']}",
            json={
                "archived": True,
                "contacts": [{"id": contact["id"], "name": "Petra M."}, {"name": "Paul"}],
            },
        )
        assert [one["name"] for one in changed.json()["contacts"]] == ["Petra M.", "Paul"]
        assert changed.json()["archived_at"] and changed.json()["name"] == "Familie Müller"


async def test_a_wrong_field_is_named_and_nothing_is_stored(database_url: str, tmp_path: Path) -> None:
    async with running(tmp_path, database_url) as app:
        firm = await programs(app)
        wrong: list[tuple[str, dict[str, Any], str, str]] = [
            ("jobs", {}, "field.required", "title"),
            ("jobs", {"title": 5}, "field.type", "title"),
            ("jobs", {"title": "Bad", "colour": "red"}, "field.unknown", "colour"),
            ("jobs", {"title": "Bad", "customer": "x"}, "field.id", "customer"),
            ("jobs", {"title": "Bad", "members": "x"}, "field.type", "members"),
            (
                "jobs",
                {"title": "Bad", "customer": "01a20ae3-6bce-716f-8967-edd424ddc228"},
                "customer.unknown",
                "customer",
            ),
            ("customers", {"name": "M", "contacts": [{"name": "P", "phone": "1"}]}, "contact.phone", "phone"),
            (
                "customers",
                {"name": "M", "contacts": [{"name": "P", "fax": "1"}]},
                "field.unknown",
                "contacts.fax",
            ),
            ("customers", {"name": "M", "contacts": ["P"]}, "field.type", "contacts"),
        ]
        for noun, body, code, field in wrong:
            answer = await firm.office.post(f"/api/v1/{noun}", json=body)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["field"]) == (422, code, field), body
            assert error["message"] and "{" not in error["message"]
        for noun in ("jobs", "customers"):
            assert (await firm.office.get(f"/api/v1/{noun}")).json() == {"items": [], "next": None}
        assert (await firm.office.get("/api/v1/jobs?limit=201")).json()["error"]["field"] == "limit"


async def test_sent_again_after_a_lost_answer_a_customer_is_there_once(
    database_url: str, tmp_path: Path
) -> None:
    async with running(tmp_path, database_url) as app:
        firm = await programs(app)
        where, petra = "/api/v1/customers", {"name": "Petra", "phone": "0151 23456789"}
        body: dict[str, Any] = {"id": str(new_id()), "name": "Müller", "city": "Köln", "contacts": [petra]}
        first, again = await firm.office.post(where, json=body), await firm.office.post(where, json=body)
        assert (first.status_code, again.status_code) == (201, 200) and first.json() == again.json()
        assert first.json()["id"] == body["id"] and len(first.json()["contacts"]) == 1
        for other in ({"city": "Bonn"}, {"contacts": [petra, {"name": "Paul"}]}):
            refused = await firm.office.post(where, json=body | other)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "item.differs")
        taken = await firm.stranger.post(where, json=body)
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "item.taken")
        assert len((await firm.office.get(where)).json()["items"]) == 1
        assert (await firm.office.patch(f"{where}/{body['id']}", json={"id": body["id"]})).status_code == 422


async def test_foreign_things_do_not_exist(database_url: str, tmp_path: Path) -> None:
    async with running(tmp_path, database_url) as app:
        firm = await programs(app)
        job = (await firm.office.post("/api/v1/jobs", json={"title": "Bad"})).json()["id"]
        customer = (await firm.office.post("/api/v1/customers", json={"name": "M"})).json()["id"]
        for path in (f"/api/v1/jobs/{job}", f"/api/v1/customers/{customer}"):
            assert (await firm.stranger.get(path)).status_code == 404
            assert (await firm.stranger.patch(path, json={"city": "Köln"})).status_code == 404
        assert (await firm.stranger.get("/api/v1/jobs")).json()["items"] == []
        stolen = await firm.stranger.post("/api/v1/jobs", json={"title": "x", "customer": customer})
        assert stolen.json()["error"]["code"] == "customer.unknown"
        assert (await firm.worker.get("/api/v1/customers")).status_code == 403


@pytest.mark.parametrize("noun", ["jobs", "customers"])
async def test_pages_follow_one_another(database_url: str, tmp_path: Path, noun: str) -> None:
    async with running(tmp_path, database_url) as app:
        firm = await programs(app)
        for number in range(7):
            body = {"title" if noun == "jobs" else "name": f"Nummer {number}"}
            assert (await firm.office.post(f"/api/v1/{noun}", json=body)).status_code == 201
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await firm.office.get(f"/api/v1/{noun}?limit=3{cursor}")).json()
            assert len(page["items"]) <= 3
            seen += [one["id"] for one in page["items"]]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        assert len(seen) == len(set(seen)) == 7
