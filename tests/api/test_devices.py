"""What phones say of themselves, and what becomes of an order: told at every contact, obeyed once, never lost."""

from typing import Any
from uuid import UUID

import httpx

from server.db import devices, logbook, sessions
from server.db.unit import atomic
from server.domain.devices import Order
from server.ids import new_id
from tests.api.conftest import World
from tests.sites import AT

STORAGE = {"persisted": True, "usage": 1000, "quota": 10_000, "installed": True, "works": True}
HELD = {"id": str(new_id()), "kind": "photo", "captured_at": "2026-11-24T10:42:00+01:00", "name": "Keller",
        "state": "queued", "error": None}  # fmt: skip


def state(device: UUID, **changes: Any) -> dict[str, Any]:
    return {"device": str(device), "unsent": 1, "oldest": "2026-11-24T08:00:00Z"} | changes


async def tell(client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    return await client.post("/sync/state", json=body, headers={"X-Device": body["device"]})


async def have(client: httpx.AsyncClient, device: UUID) -> httpx.Response:
    return await client.post("/sync/have", json={"ids": []}, headers={"X-Device": str(device)})


def phone(world: World) -> httpx.AsyncClient:
    """Return the app of a phone on which nobody is signed in."""
    return world.client(None, **{"Sec-Fetch-Site": "same-origin"})


@atomic
async def order(world: World, device: UUID, what: Order | None) -> None:
    office = world.site.office
    if what is None:
        assert await devices.set_taken_back(office.company_id, device)
    else:
        await devices.set_order(office.company_id, device, what, by=office.id, at=AT)


async def test_the_whole_report_reaches_the_programs_of_the_office(world: World) -> None:
    device = new_id()
    said = state(device, version="4f2a", problems=2, storage=STORAGE, holds=[HELD])
    async with world.client(world.site.worker) as client:
        answer = await tell(client, said)
        assert (answer.status_code, answer.json()) == (200, {"order": None})
    async with world.client(world.site.office) as client:
        shown = (await client.get("/api/v1/devices")).json()["items"][0]
    assert (shown["version"], shown["problems"], shown["storage"]) == ("4f2a", 2, STORAGE)
    assert (shown["order"], shown["reported_at"]) == (None, "2026-11-24T09:42:00.000Z")
    kept = await devices.by_id(world.site.worker.company_id, device)
    assert kept and [(one.name, one.state, one.error) for one in kept.holds] == [("Keller", "queued", "")]


async def test_an_odd_figure_costs_nothing_and_a_wrong_form_is_named(world: World) -> None:
    device = new_id()
    odd = {"persisted": "yes", "usage": 1e300, "quota": -1, "works": None, "new": 1}
    async with world.client(world.site.worker) as client:
        assert (
            await tell(client, state(device, storage=odd, holds=[{"id": 5}, HELD | {"name": "a\0b"}]))
        ).is_success
        for field, wrong in (
            ("storage", []),
            ("holds", {}),
            ("holds", [HELD] * 51),
            ("version", 5),
            ("problems", -1),
        ):
            refused = await tell(client, state(device, **{field: wrong}))
            assert (refused.status_code, refused.json()["error"]["field"]) == (422, field)
    kept = await devices.by_id(world.site.worker.company_id, device)
    assert kept and kept.storage and (kept.storage.persisted, kept.storage.usage) == (None, None)
    assert [one.name for one in kept.holds] == ["ab"]


async def test_an_old_phone_reports_as_before(world: World) -> None:
    async with world.client(world.site.worker) as client:
        assert (await tell(client, state(new_id()))).json() == {"order": None}


async def test_the_order_is_told_at_every_contact_until_it_is_obeyed(world: World) -> None:
    device = new_id()
    async with world.client(world.site.worker) as client:
        assert (await have(client, device)).json()["order"] is None
        await order(world, device, Order.SEND_THEN_WIPE)
        assert (await have(client, device)).json()["order"] == "send_then_wipe"
        assert (await have(client, new_id())).json()["order"] is None
    async with world.client(world.site.worker) as client:
        await have(client, device)
        assert (await tell(client, state(device))).json() == {"order": "send_then_wipe"}


async def test_a_phone_that_is_signed_out_still_learns_its_order(world: World) -> None:
    device = new_id()
    async with world.client(world.site.worker) as client:
        await have(client, device)
    await order(world, device, Order.WIPE)
    async with phone(world) as nobody:
        answer = await have(nobody, device)
        assert (answer.status_code, answer.json().get("order")) == (401, "wipe"), answer.text
        assert answer.json()["error"]["code"] == "session.none"
        other = await have(nobody, new_id())
        assert (other.status_code, "order" in other.json()) == (401, False)
        read = await nobody.get("/sync/read-model", headers={"X-Device": str(device)})
        assert read.json()["order"] == "wipe"


async def test_a_locked_phone_sends_and_opens_nothing(world: World) -> None:
    device = new_id()
    async with world.client(world.site.worker) as client:
        await have(client, device)
        assert (await client.get("/api/v1/jobs")).is_success
        await order(world, device, Order.SEND_THEN_WIPE)
        refused = await client.get("/api/v1/jobs")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "device.locked")
        assert (await have(client, device)).is_success
        await order(world, device, None)
        assert (await client.get("/api/v1/jobs")).is_success


async def test_who_obeyed_is_signed_out_and_begins_anew_with_the_next_sign_in(world: World) -> None:
    device, company = new_id(), world.site.worker.company_id
    async with world.client(world.site.worker) as client, phone(world) as nobody:
        await tell(client, state(device, unsent=3))
        assert (await nobody.post("/sync/obeyed", json={"device": str(device)})).status_code == 204
        assert (await client.get("/api/v1/jobs")).is_success, "without an order nothing happens"
        await order(world, device, Order.SEND_THEN_WIPE)
        for _ in range(2):
            answer = await nobody.post("/sync/obeyed", json={"device": str(device)})
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await have(client, device)).status_code == 401
    wiped = await devices.by_id(company, device)
    assert wiped and wiped.emptied and wiped.owed == 0 and wiped.open_order is None
    verbs = [line.entry.verb for line in (await logbook.of_company(company)).items]
    assert verbs.count("device.obeyed") == 1
    async with world.client(world.site.colleague) as client:
        assert (await have(client, device)).json()["order"] is None
    fresh = await devices.by_id(company, device)
    assert fresh and (fresh.order, fresh.obeyed_at, fresh.unsent) == (None, None, 0)


async def test_an_unknown_phone_obeys_nothing_and_learns_nothing(world: World) -> None:
    async with phone(world) as nobody:
        answer = await nobody.post("/sync/obeyed", json={"device": str(new_id())})
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await nobody.post("/sync/obeyed", json={})).status_code == 422


async def test_a_session_belongs_to_the_phone_that_last_spoke_with_it(world: World) -> None:
    first, second = new_id(), new_id()
    async with world.client(world.site.worker) as client:
        for device in (first, second):
            await have(client, device)
    assert world.site.worker.id
    [session] = await sessions.of_user(world.site.worker.company_id, world.site.worker.id, at=AT)
    assert session.device_id == second
