"""The webhook's door: what is not signed leaves nothing, what comes twice is there once, what comes early waits."""

import asyncio
import hashlib
import hmac
import json
import random
from typing import Any

import httpx

from server.actions import channels, inbox
from server.db.tables import InboxEventRow, MessageRow, RawEventRow
from server.domain.questions import QuestionState
from server.sandbox.world import Whims
from tests import looks
from tests.full import full
from tests.talks import TYPED, Firm


def body_of(numbers: list[int]) -> bytes:
    """Return a webhook with these messages of one person, as the platform writes it."""
    items: list[dict[str, Any]] = [
        {
            "from": "4915123456789",
            "id": f"wamid.N{number:06d}",
            "timestamp": "1795424400",
            "type": "text",
            "text": {"body": f"Nachricht {number} 🧱"},
        }
        for number in numbers
    ]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "4922112345678", "phone_number_id": TYPED["phone_number_id"]},
        "contacts": [{"profile": {"name": "Petra"}, "wa_id": "4915123456789"}],
        "messages": items,
    }
    entry = {"id": "9", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signed(body: bytes, secret: str = TYPED["app_secret"]) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


async def post(door: httpx.AsyncClient, firm: Firm, body: bytes, headers: dict[str, str]) -> int:
    return (await door.post(f"/hooks/whatsapp/{firm.account.id}", content=body, headers=headers)).status_code


async def test_the_handshake_knows_its_word(firm: Firm) -> None:
    here = f"/hooks/whatsapp/{firm.account.id}"
    asked = {"hub.mode": "subscribe", "hub.challenge": "4711", "hub.verify_token": "vereinbart"}
    async with firm.client() as door:
        assert (await door.get(here, params=asked)).text == "4711"
        assert (await door.get(here, params=asked | {"hub.verify_token": "falsch"})).status_code == 403
        assert (await door.get(here)).status_code == 403
        assert (await door.get(f"/hooks/telegram/{firm.account.id}", params=asked)).status_code == 404
        assert (await door.post(f"/hooks/whatsapp/{firm.job}", content=b"{}")).status_code == 404


async def test_flipped_bits_store_nothing(firm: Firm) -> None:
    chance = random.Random(7)
    body = body_of([1, 2])
    async with firm.client() as door:
        for _ in range(full(1000, else_=300)):
            place = chance.randrange(len(body) * 8)
            flipped = bytearray(body)
            flipped[place // 8] ^= 1 << place % 8
            assert await post(door, firm, bytes(flipped), signed(body)) == 401
        again = json.dumps(json.loads(body), ensure_ascii=False).encode()
        assert again != body
        for headers in ({}, signed(body, "fremd"), signed(again), {"X-Hub-Signature-256": "sha256="}):
            assert await post(door, firm, body, headers) == 401
        assert await post(door, firm, again, signed(body)) == 401
        assert await post(door, firm, b"x" * 4_000_000, signed(body)) in (401, 413)
    assert await RawEventRow.all().count() == await MessageRow.all().count() == 0


async def test_a_changed_app_secret_is_said_on_the_channels_page(firm: Firm, monkeypatch: Any) -> None:
    """Meta signs with a new secret: nothing comes in any more, and only the webhook's door knows why."""
    monkeypatch.setattr(inbox, "REFUSED_MAX", 3)
    page, body = f"/settings/channels/{firm.account.id}", body_of([1])
    async with firm.client() as door, firm.browser(firm.office) as office:
        assert "abgewiesen" not in (await office.get(page)).text
        for _ in range(5):
            assert await post(door, firm, body, signed(body, "neues Geheimnis")) == 401
        for place in (page, "/settings/channels"):
            shown = (await office.get(place)).text
            assert "3 Zustellungen abgewiesen" in shown and "App-Geheimnis prüfen" in shown
        assert await RawEventRow.all().count() == 0
        assert await post(door, firm, body, signed(body)) == 200
        assert "abgewiesen" not in (await office.get(page)).text


async def test_messages_five_times_in_any_order(firm: Firm) -> None:
    chance = random.Random(11)
    many = full(2000, else_=150)
    numbers = [number for _ in range(5) for number in chance.sample(range(many), many)]
    async with firm.client() as door:
        for start in range(0, len(numbers), 125):
            body = body_of(numbers[start : start + 125])
            assert await post(door, firm, body, signed(body)) == 200
    raws = await RawEventRow.all().values_list("id", flat=True)
    for start in range(0, len(raws), 4):
        await asyncio.gather(
            *[
                inbox.process(firm.services, firm.company_id, {"raw": str(raw)})
                for raw in raws[start : start + 4]
            ]
        )
    assert await MessageRow.filter(direction="in").count() == many
    assert await InboxEventRow.all().count() == many
    texts = {row.text for row in await MessageRow.filter(direction="in")}
    assert texts == {f"Nachricht {number} 🧱" for number in range(many)}


async def test_one_address_for_two_numbers_loses_nothing(firm: Firm) -> None:
    """Meta knows one address for an app: what is for the firm's second number comes to the first one's door."""
    typed = {**TYPED, "phone_number_id": "2202"}
    second = await channels.set_up(
        firm.services, firm.office, "whatsapp", label="Filiale", typed=typed, at=firm.clock.at
    )
    mine, theirs = json.loads(body_of([1])), json.loads(body_of([2]))
    theirs["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2202"
    nobodys = json.loads(json.dumps(theirs).replace("2202", "3303").replace("N000002", "N000003"))
    both = json.dumps({**mine, "entry": mine["entry"] + theirs["entry"]}).encode()
    async with firm.client() as door:
        for body in (both, json.dumps(nobodys).encode()):
            assert await post(door, firm, body, signed(body)) == 200
    await firm.work()
    rows = await MessageRow.all().order_by("foreign_id").values_list("account_id", "text")
    assert list(rows) == [(firm.account.id, "Nachricht 1 🧱"), (second.id, "Nachricht 2 🧱")]
    unknown = await InboxEventRow.filter(state=inbox.UNKNOWN).values_list("account_id", flat=True)
    assert list(unknown) == [firm.account.id]


async def test_a_status_before_the_answer_waits_and_counts(firm: Firm) -> None:
    await firm.hello()
    firm.sandbox.set_whims(Whims(early=1.0, duplicate=1.0, broken=0.5))
    question = await firm.ask(await firm.photo())
    await firm.release(question)
    await firm.work(hours=1)
    assert (await firm.now(question)).state is QuestionState.DELIVERED


async def test_answers_find_their_question(firm: Firm) -> None:
    """By a quote, by a word when only one is open, by nothing when two are: then a human decides."""
    await firm.hello()
    first = await firm.ask(text="Welche Fuge?")
    await firm.release(first)
    await firm.work()
    firm.clock.go(minutes=1)
    firm.petra.write("2")
    await firm.work()
    assert (await firm.now(first)).answer == "Anthrazit – 2"
    second, third = await firm.ask(text="Wann?", choices=()), await firm.ask(text="Wo?", choices=())
    for question in (second, third):
        await firm.release(question)
    await firm.work()
    firm.clock.go(minutes=1)
    firm.petra.write("Am Dienstag")
    await firm.work()
    [homeless] = [one for one in await looks.unseen(firm.company_id) if one.text == "Am Dienstag"]
    assert (homeless.question_id, homeless.contact_id) == (None, firm.contact.id)
    asked = next(one for one in firm.petra.bubbles if one.from_firm and "Wo?" in one.text)
    firm.petra.write("Im Keller", quoted=asked.id)
    await firm.work()
    assert (await firm.now(third)).answer == "Im Keller"
    assert (await firm.now(second)).state is QuestionState.DELIVERED


async def test_a_customers_photo_comes_home(firm: Firm) -> None:
    from tests.sites import photo_bytes

    firm.petra.send_photo(photo_bytes(seed=3), "image/jpeg", "So sieht es aus")
    await firm.work(hours=1)
    [message] = await looks.unseen(firm.company_id)
    assert message.photo_id and (await firm.photo_now(message.photo_id)).caption == "So sieht es aus"
    firm.failures.clear()  # the bytes are no picture anybody could render; that is not what is tested here
