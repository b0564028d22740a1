"""The board of phones: who has to be asked first, the missing ones by name, and a lock that reaches the right phone."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from server.actions import devices as actions
from server.clock import now
from server.db import devices, logbook
from server.domain.devices import Order, Report
from server.domain.pushes import due
from server.domain.users import Actor, Role
from server.ids import new_id
from tests import factories
from tests.pages.conftest import House
from tests.running import browser
from tests.sites import THUMB, body_of, photo_bytes

ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
NOON = datetime(2099, 6, 15, 12, tzinfo=UTC)
HELD = {"kind": "note", "captured_at": "2026-11-24T10:42:00+01:00", "state": "needs-attention", "error": "x"}


async def tell(client: httpx.AsyncClient, device: UUID, **said: Any) -> httpx.Response:
    body = {"device": str(device), "unsent": 0, "oldest": None} | said
    headers = {"X-Device": str(device), "User-Agent": ANDROID}
    return await client.post("/sync/state", json=body, headers=headers)


async def silent(actor: Actor, *, unsent: int, days: float) -> UUID:
    """Return a phone that spoke last so many days ago."""
    device, at = new_id(), now() - timedelta(days=days)
    said = Report(unsent, at - timedelta(hours=3) if unsent else None)
    await actions.report(actor, device, said, client=1, name=ANDROID, at=at)
    return device


async def order(house: House, device: UUID, what: Order, **changes: Any) -> httpx.Response:
    typed = {"order": what, "word": {"wipe": "LÖSCHEN"}.get(what, "sperren")} | changes
    return await house.office.post(f"/devices/{device}/order", data=typed)


async def test_the_silent_phone_stands_first_and_the_start_page_counts_all(house: House) -> None:
    ali = house.acting(Role.WORKER)
    await tell(house.worker, new_id())
    await tell(house.worker, new_id(), unsent=14, oldest=(now() - timedelta(hours=5)).isoformat())
    lost = await silent(ali, unsent=26, days=2.1)
    quiet = await silent(ali, unsent=0, days=30)
    page = (await house.office.get("/devices")).text
    first = re.findall(r'id="device-([0-9a-f-]+)"', page)
    assert first[0] == str(lost) and first[-1] == str(quiet) and len(first) == 4
    assert "2 Handys halten 40 Fotos" in page and "ältestes 2 Tage alt" in page
    assert "Android-Handy, Chrome" in page and "Unbekanntes Gerät" not in page
    start = (await house.office.get("/")).text
    assert "2 Handys halten 40 Fotos" in start and "ältestes 2 Tage alt" in start
    assert "Handys halten" not in (await house.worker.get("/")).text


async def test_one_phone_with_one_photo_is_said_in_the_singular(house: House) -> None:
    await tell(house.worker, new_id(), unsent=1, oldest=(now() - timedelta(minutes=61)).isoformat())
    start = (await house.office.get("/")).text
    assert "1 Handy hält 1 Foto" in start and "ältestes 1 Stunde alt" in start


async def test_what_somebody_left_on_a_phone_is_counted_under_whoever_uses_it(house: House) -> None:
    """He signed out with three photos unsent; she sent all of hers: the phone still holds them, and wiping loses them."""
    device = new_id()
    await tell(house.worker, device, unsent=0, others=3, oldest=(now() - timedelta(hours=50)).isoformat())
    page = (await house.office.get("/devices")).text
    assert (
        "1 Handy hält 3 Fotos" in page
        and "3, gehen erst, wenn sich ihr Besitzer hier wieder anmeldet" in page
    )
    assert "3 Fotos gehen verloren" in (await house.office.get(f"/devices/{device}/order?order=wipe")).text
    assert "1 Handy hält 3 Fotos" in (await house.office.get("/")).text
    held = await devices.by_id(house.acting(Role.WORKER).company_id, device)
    at = NOON + timedelta(days=1)
    mine = held and replace(held, unsent=1, seen_at=NOON, reported_at=NOON)
    # Whoever is signed in now has nothing to send: only of what is hers she is reminded.
    assert mine and due(mine, at=at, zone=UTC) and not due(replace(mine, unsent=0), at=at, zone=UTC)
    await house.office.post(f"/devices/{device}/loss")
    assert "hält 3 Fotos" not in (await house.office.get("/")).text


async def test_fourteen_announced_eleven_delivered_three_by_name(house: House) -> None:
    office, device = house.acting(Role.OFFICE), new_id()
    job = await factories.job(office, "Bad Müller")
    headers = {"X-Device": str(device)}
    for number in range(14):
        data, ident = photo_bytes(900, seed=number), new_id()
        body = body_of(data, job=str(job.id), caption=f"Leitung {number}", thumb=THUMB)
        await house.worker.put(f"/sync/items/{ident}", json=body, headers=headers)
        if number not in (3, 7, 12):
            tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "900", "Content-Type": "application/offset+octet-stream",
                   "Upload-Metadata": f"id {_b64(str(ident))},sha256 {_b64(body['sha256'])}"}  # fmt: skip
            assert (await house.worker.post("/sync/blobs/", content=data, headers=tus)).status_code == 201
    name = {"id": str(new_id()), "name": "Zähler im Keller"}
    await tell(house.worker, device, unsent=4, holds=[HELD | name])
    page = (await house.office.get("/devices")).text
    assert "3 Fotos angekündigt, aber nicht angekommen" in page
    assert re.findall(r"<b>(Leitung \d+)</b>", page) == ["Leitung 3", "Leitung 7", "Leitung 12"]
    assert page.count("/renditions/thumb") == 3 and f"/jobs/{job.id}" in page
    assert "1 Eintrag liegt nur auf dem Handy" in page and "Zähler im Keller" in page
    assert "kommt nicht durch" in page


async def test_what_no_phone_has_any_more_is_said_with_a_way_on(house: House) -> None:
    """Announced, then the browser emptied the phone: nobody brings it, and the list would wait for ever."""
    device, ident = new_id(), new_id()
    headers = {"X-Device": str(device)}
    way = "Das Handy hat davon nichts mehr."
    await tell(house.worker, device, unsent=0)
    await house.worker.put(f"/sync/items/{ident}", json=body_of(photo_bytes()), headers=headers)
    board = (
        await house.office.get("/devices")
    ).text  # its last word is older than the photo: it may be on its way
    assert "1 Foto angekündigt" in board and way not in board
    await tell(house.worker, device, unsent=1)
    assert way not in (await house.office.get("/devices")).text
    await tell(house.worker, device, unsent=0)
    assert way in (await house.office.get("/devices")).text
    await house.office.post(f"/photos/{ident}/deletion")
    assert "1 Foto angekündigt" not in (await house.office.get("/devices")).text


async def test_what_is_known_here_is_not_called_unannounced(house: House) -> None:
    device, ident = new_id(), new_id()
    await house.worker.put(
        f"/sync/items/{ident}", json=body_of(photo_bytes()), headers={"X-Device": str(device)}
    )
    await tell(house.worker, device, unsent=1, holds=[HELD | {"id": str(ident), "name": "Doppelt"}])
    page = (await house.office.get("/devices")).text
    assert "1 Foto angekündigt" in page and "Doppelt" not in page


async def test_a_state_of_the_storage_and_the_app_is_said_in_words(house: House) -> None:
    storage = {"persisted": True, "installed": True, "works": True}
    version = house.app.state.assets.version
    for changes, words in (
        ({"storage": storage, "version": version}, ("geschützt", "aktuell")),
        ({"storage": storage | {"persisted": False}, "version": "0"}, ("nicht geschützt", "älter")),
        ({"storage": storage | {"works": False}}, ("privates Fenster", "unbekannt")),
    ):
        device = new_id()
        await tell(house.worker, device, **changes)
        row = (await house.office.get("/devices")).text.split(f'id="device-{device}"')[1].split("</tr>")[0]
        assert all(f">{word}</span>" in row for word in words), row


async def test_the_board_follows_and_costs_the_same_for_many(
    house: House, statements: Callable[[], list[str]]
) -> None:
    ali = house.acting(Role.WORKER)
    counts = []
    for _ in range(2):
        for _ in range(6):
            await silent(ali, unsent=2, days=3)
        before = len(statements())
        part = await house.office.get("/devices/_board")
        counts.append(len(statements()) - before)
        assert part.status_code == 200 and 'hx-trigger="live:devices from:body' in part.text
    assert counts[0] == counts[1]


async def test_other_companies_stand_on_other_boards(house: House) -> None:
    device = await silent(house.acting(Role.WORKER), unsent=3, days=3)
    other = await factories.company("Fremd")
    user = await factories.user(other, Role.OFFICE, "Fremde")
    async with browser(house.app, await factories.token(user, now())) as stranger:
        assert str(device) not in (await stranger.get("/devices")).text
        assert (await stranger.get(f"/devices/{device}/order")).status_code == 404
        assert (await stranger.get("/")).text.count("Handys halten") == 0


async def test_wiping_names_the_loss_wants_the_word_and_signs_out_this_phone_only(house: House) -> None:
    phone, tablet = new_id(), new_id()
    ali = house.users[Role.WORKER]
    await tell(house.worker, phone, unsent=14, oldest=now().isoformat())
    async with browser(house.app, await factories.token(ali, now())) as second:
        await tell(second, tablet, unsent=1, oldest=now().isoformat())
        asked = (await house.office.get(f"/devices/{phone}/order?order=wipe")).text
        assert "14 Fotos gehen verloren." in asked and "„LÖSCHEN“" in asked
        refused = await order(house, phone, Order.WIPE, word="ja")
        assert refused.status_code == 422 and "„LÖSCHEN“" in refused.text
        assert (await house.worker.get("/")).status_code == 200
        done = await order(house, phone, Order.WIPE)
        assert done.headers["location"] == "/devices"
        answer = await house.worker.post("/sync/have", json={"ids": []}, headers={"X-Device": str(phone)})
        assert (answer.status_code, answer.json()["order"]) == (401, "wipe")
        assert (await second.get("/")).status_code == 200
    board = (await house.office.get("/devices")).text
    assert "Gesperrt: leert sich sofort" in board and "Wartet auf das Handy seit heute" in board
    await house.guest.post("/sync/obeyed", json={"device": str(phone)})
    board = (await house.office.get("/devices")).text
    assert "geleert heute" in board and "Gesperrt" not in board and "1 Handy hält 1 Foto" in board
    verbs = [line.entry.verb for line in (await logbook.of_company(house.company.id)).items]
    assert verbs.index("device.obeyed") < verbs.index("device.wiped")


async def test_a_leaver_sends_first_sees_one_page_and_is_out_when_empty(house: House) -> None:
    phone = new_id()
    await tell(house.worker, phone, unsent=2, oldest=now().isoformat())
    asked = (await house.office.get(f"/devices/{phone}/order?order=send_then_wipe")).text
    assert "2 Fotos werden erst noch gesendet." in asked and "„SPERREN“" in asked
    await order(house, phone, Order.SEND_THEN_WIPE)
    for path in ("/", "/jobs", "/account", "/capture"):
        locked = await house.worker.get(path)
        assert locked.status_code == 403 and "vom Büro gesperrt" in locked.text
        assert "Ali" not in locked.text and "X-Offline" not in locked.headers
    sent = await house.worker.put(
        f"/sync/items/{new_id()}", json=body_of(photo_bytes()), headers={"X-Device": str(phone)}
    )
    assert sent.status_code == 201
    assert (await tell(house.worker, phone)).json() == {"order": "send_then_wipe"}
    await house.worker.post("/sync/obeyed", json={"device": str(phone)})
    assert (await house.worker.get("/")).headers["location"] == "/login?next=/"


async def test_an_order_that_waits_can_be_taken_back(house: House) -> None:
    phone = new_id()
    await tell(house.worker, phone, unsent=2, oldest=now().isoformat())
    await order(house, phone, Order.SEND_THEN_WIPE)
    assert (await house.worker.get("/")).status_code == 403
    taken = await house.office.post(f"/devices/{phone}/order/end")
    assert taken.headers["location"] == "/devices"
    assert (await house.worker.get("/")).status_code == 200
    assert (await house.office.post(f"/devices/{phone}/order/end")).status_code == 409
    last = (await logbook.of_company(house.company.id)).items[0].entry
    assert (last.verb, last.data["user"]) == ("device.unlocked", "Ali Demir")


async def test_the_office_locks_workers_and_nobody_his_own_hand(house: House) -> None:
    mine, chief = new_id(), new_id()
    await tell(house.office, mine)
    await tell(house.admin, chief)
    assert (await order(house, chief, Order.WIPE)).status_code == 403
    assert (
        await house.admin.post(f"/devices/{chief}/order", data={"order": "wipe", "word": "löschen"})
    ).status_code == 409
    assert (
        await house.admin.post(f"/devices/{mine}/order", data={"order": "wipe", "word": "wipe"})
    ).status_code == 303
    assert (await house.office.get("/")).status_code == 303
    device = await devices.by_id(house.company.id, mine)
    assert device and device.open_order is Order.WIPE


async def test_sessions_of_which_no_phone_is_known_end_with_a_stolen_one(house: House) -> None:
    device = await silent(house.acting(Role.WORKER), unsent=1, days=1)
    assert (await house.worker.get("/")).status_code == 200
    await order(house, device, Order.WIPE)
    assert (await house.worker.get("/")).status_code == 303


async def test_a_phone_that_never_comes_back_is_no_longer_asked_for(house: House) -> None:
    phone = await silent(house.acting(Role.WORKER), unsent=12, days=9)
    assert "12 Fotos werden nicht mehr angemahnt" in (await house.office.get(f"/devices/{phone}/order")).text
    assert (await house.worker.post(f"/devices/{phone}/loss")).status_code == 403
    assert (await house.office.post(f"/devices/{phone}/loss")).headers["location"] == "/devices"
    assert "Handys halten" not in (await house.office.get("/")).text
    last = (await logbook.of_company(house.company.id)).items[0].entry
    assert (last.verb, last.data["unsent"]) == ("device.written_off", 12)
    await tell(house.worker, phone, unsent=12, oldest=now().isoformat())
    assert "1 Handy hält 12 Fotos" in (await house.office.get("/")).text


async def test_a_persons_page_leads_from_the_session_to_the_phone(house: House) -> None:
    phone, ali = new_id(), house.users[Role.WORKER]
    assert "Stand und Sperre" not in (await house.office.get(f"/users/{ali.id}")).text
    await tell(house.worker, phone)
    assert f"/devices#device-{phone}" in (await house.office.get(f"/users/{ali.id}")).text
    assert "Stand und Sperre" not in (await house.worker.get("/account")).text


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
