"""How a browser says that it takes messages: only a browser's own words are believed."""

from typing import Any

import pytest

from server.db import pushes
from server.ids import new_id
from tests.api.conftest import World
from tests.push_service import Browser, unb64


def said(**changes: Any) -> dict[str, Any]:
    return Browser("x", b"").subscription | {"device": str(new_id())} | changes


async def test_a_browser_subscribes_with_our_key_and_leaves_again(world: World) -> None:
    ali = world.site.worker
    assert ali.id
    async with world.client(ali) as client, world.client(world.site.colleague) as other:
        key = (await client.get("/push/key")).json()["key"]
        assert len(unb64(key)) == 65 and (await other.get("/push/key")).json()["key"] == key
        body = said()
        for _ in range(2):
            assert (await client.put("/push/subscription", json=body)).status_code == 204
        [kept] = await pushes.of_user(ali.company_id, ali.id)
        assert (kept.endpoint, str(kept.device_id)) == (body["endpoint"], body["device"])
        for person, left in ((other, 1), (client, 0), (client, 0)):
            gone = await person.request("DELETE", "/push/subscription", json={"endpoint": body["endpoint"]})
            assert gone.status_code == 204
            assert len(await pushes.of_user(ali.company_id, ali.id)) == left


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "https://evil.example/x"}, "endpoint"),
        ({"endpoint": "http://fcm.googleapis.com/x"}, "endpoint"),
        ({"endpoint": 5}, "endpoint"),
        ({"keys": {}}, "keys"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "p256dh"),
        ({"keys": "x"}, "keys"),
        ({"device": "x"}, "device"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_no_browser_says_is_refused_by_name(
    world: World, changes: dict[str, Any], field: str
) -> None:
    async with world.client(world.site.worker) as client:
        refused = await client.put("/push/subscription", json=said(**changes))
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, field)
    assert refused.json()["error"]["message"]


async def test_another_companys_phone_is_not_taken(world: World) -> None:
    body = said()
    async with world.client(world.site.stranger) as stranger, world.client(world.site.worker) as client:
        assert (await stranger.put("/push/subscription", json=body)).status_code == 204
        taken = await client.put("/push/subscription", json=said(device=body["device"]))
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "device.taken")
