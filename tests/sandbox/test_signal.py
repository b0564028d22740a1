"""The sandbox's Signal: strict in by the swagger, told once, and a phone that writes, sends photos, reacts and reads."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.sandbox import Fault
from tests.channels.lines import JPEG
from tests.channels.signal_lines import BASE, OWN, SABINE, SignalLine, listening, served, valid

HELLO = {"number": OWN, "recipients": [SABINE.value], "message": "Hallo"}
PICTURE = f"data:image/jpeg;filename=a.jpg;base64,{base64.b64encode(JPEG).decode()}"
WHEN = 1763640000123


@pytest.fixture
async def line() -> AsyncIterator[SignalLine]:
    fresh = SignalLine()
    fresh.far.outlet.mode = "normal"
    async with fresh.http:
        yield fresh


async def send(line: SignalLine, **call: Any) -> httpx.Response:
    return await line.http.post(f"{BASE}/v2/send", json=call)


async def received(line: SignalLine) -> list[Any]:
    answer = await line.http.get(f"{BASE}/v1/receive/{OWN}", params={"timeout": "1"})
    assert answer.status_code == 200
    told: list[Any] = answer.json()
    return told


async def test_a_message_arrives_and_answers_as_the_swagger_says(line: SignalLine) -> None:
    answer = await send(line, **HELLO, base64_attachments=[PICTURE])
    assert answer.status_code == 201
    valid("api.SendMessageResponse", answer.json())
    (bubble,) = line.sabine.bubbles
    assert bubble.id == f"{OWN}:{answer.json()['timestamp']}"
    assert (bubble.text, line.far.files[bubble.picture].data) == ("Hallo", JPEG)
    about = (await line.http.get(f"{BASE}/v1/about")).json()
    valid("client.About", about)


@pytest.mark.parametrize(
    "call",
    [
        {},
        {**HELLO, "recipient": SABINE.value},
        {**HELLO, "recipients": SABINE.value},
        {**HELLO, "recipients": []},
        {**HELLO, "recipients": ["0171"]},
        {**HELLO, "message": ""},
        {**HELLO, "message": None},
        {**HELLO, "number": ""},
        {**HELLO, "number": "+4930999999"},
        {**HELLO, "text_mode": "bold"},
        {**HELLO, "quote_timestamp": "5", "quote_author": OWN},
        {**HELLO, "quote_timestamp": True, "quote_author": OWN},
        {**HELLO, "quote_timestamp": 5},
        {**HELLO, "base64_attachments": ["QUJD"]},
        {**HELLO, "base64_attachments": ["data:image/jpeg;filename=a.jpg;base64,###"]},
    ],
)
async def test_a_wrong_call_is_refused_with_a_sentence(line: SignalLine, call: dict[str, Any]) -> None:
    answer = await send(line, **call)
    assert answer.status_code == 400
    valid("api.Error", answer.json())
    assert line.sabine.bubbles == []


async def test_the_captcha_has_the_real_shape(line: SignalLine) -> None:
    line.far.container.challenge = "c0ffee"
    answer = await send(line, **HELLO)
    assert answer.status_code == 429
    valid("api.SendMessageError", answer.json())
    assert answer.json()["challenge_tokens"] == ["c0ffee"]
    for wrong in (
        {},
        {"challenge_token": "x", "captcha": "signalcaptcha://x"},
        {"challenge_token": "c0ffee"},
    ):
        refused = await line.http.post(f"{BASE}/v1/accounts/{OWN}/rate-limit-challenge", json=wrong)
        assert refused.status_code == 400
    assert line.far.container.challenge


async def test_every_envelope_is_as_the_swagger_says(line: SignalLine) -> None:
    line.person.hides_number = True
    bubble = line.sabine.write("Guten Tag")
    line.sabine.write("dazu", quoted=bubble.id)
    line.sabine.send_photo(JPEG, "image/jpeg", "hier")
    await send(line, **HELLO)
    line.far.react(line.account, line.person, line.sabine.bubbles[-1], "👍")
    line.sabine.look()
    line.far.edit(line.account, line.person, bubble, "Guten Abend")
    line.far.retract(line.account, line.person, bubble)
    line.far.type(line.account, line.person)
    line.far.by_hand(line.account, line.person, "Komme um acht")
    told = await received(line)
    assert len(told) == 10
    for one in told:
        clean = json.loads(json.dumps(one), object_hook=_without_nulls)
        valid("data.Message", clean)
        assert one["envelope"]["sourceNumber"] in (None, OWN)


def _without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    """The swagger of Go structs knows no null; signal-cli writes them all the same."""
    return {name: value for name, value in item.items() if value is not None}


async def test_received_once_it_is_told_no_second_time(line: SignalLine) -> None:
    line.sabine.write("eins")
    assert len(await received(line)) == 1
    assert await received(line) == []
    line.sabine.write("zwei")
    line.sandbox.set_fault("signal.receive", Fault.RESET_AFTER)
    with pytest.raises(httpx.ReadError):
        await received(line)
    assert await received(line) == []


async def test_in_websocket_mode_nobody_there_means_gone(line: SignalLine) -> None:
    line.far.outlet.mode = "json-rpc"
    line.sabine.write("eins")
    assert line.far.outlet.lost == 1
    answer = await line.http.get(f"{BASE}/v1/receive/{OWN}")
    assert answer.status_code == 400
    async with served(line), listening(line) as one, listening(line) as two:
        line.sabine.write("zwei")
        assert len(await one.until(1)) == len(await two.until(1)) == 1
    assert line.far.outlet.lost == 1


async def test_a_blocked_firm_is_told_nothing(line: SignalLine) -> None:
    line.sabine.block(blocked=True)
    assert (await send(line, **HELLO)).status_code == 201
    assert line.sabine.bubbles == []
    assert await received(line) == []


async def test_receipts_search_and_files(line: SignalLine) -> None:
    bubble = line.sabine.write("Guten Tag")
    stamp = int(bubble.id.rpartition(":")[2])
    good = {"receipt_type": "read", "recipient": line.uuid, "timestamp": stamp}
    for wrong in ({}, {**good, "receipt_type": "seen"}, {**good, "timestamp": str(stamp)}, {**good, "x": 1}):
        assert (await line.http.post(f"{BASE}/v1/receipts/{OWN}", json=wrong)).status_code == 400
    assert (await line.http.post(f"{BASE}/v1/receipts/{OWN}", json=good)).status_code == 204
    assert bubble.status.value == "read"
    found = (
        await line.http.get(f"{BASE}/v1/search/{OWN}", params={"numbers": [SABINE.value, "+49301"]})
    ).json()
    assert [one["registered"] for one in found] == [True, False]
    for one in found:
        valid("api.SearchResponse", one)
    assert (await line.http.get(f"{BASE}/v1/attachments/none.jpg")).status_code == 404
    assert (await line.http.get(f"{BASE}/v1/accounts")).json() == [OWN]


async def test_the_phone_page_plays_signal(line: SignalLine) -> None:
    await send(line, **HELLO)
    page = await line.http.get("http://sandbox/phone/sabine")
    assert page.status_code == 200 and "Hallo" in page.text
    await line.http.post("http://sandbox/phone/sabine/messages", data={"text": "Grau bitte"})
    await line.http.post("http://sandbox/phone/sabine/photos", files={"photo": ("a.jpg", JPEG, "image/jpeg")})
    kinds = [sorted(set(one["envelope"]) & {"dataMessage", "receiptMessage"}) for one in await received(line)]
    assert kinds == [["receiptMessage"], ["receiptMessage"], ["dataMessage"], ["dataMessage"]]


async def test_what_a_person_does_beyond_writing(line: SignalLine) -> None:
    await send(line, **HELLO)
    bubble = line.sabine.write("Grau")
    await received(line)
    for name, word in (
        ("react", ""),
        ("edit", "Doch weiß"),
        ("edit", ""),
        ("revoke", ""),
        ("type", ""),
        ("fly", ""),
    ):
        line.far.act(line.account, line.person, name, word)
    told = [one["envelope"] for one in await received(line)]
    assert [sorted(set(one) & {"dataMessage", "editMessage", "typingMessage"}) for one in told] == [
        ["dataMessage"], ["editMessage"], ["dataMessage"], ["typingMessage"],
    ]  # fmt: skip
    assert told[0]["dataMessage"]["reaction"]["emoji"] == "👍"
    assert bubble.text == "Doch weiß"
    line.far.act(line.account, line.person, "key", "")
    assert (await send(line, **HELLO)).status_code == 400


def test_it_takes_no_real_account() -> None:
    with pytest.raises(ValueError, match="sandbox-"):
        SignalLine().sandbox.add_account(
            "real", kind="signal", name="x", own_id=OWN, display=OWN, token="echt", secret=""
        )


async def test_names_of_messages_are_never_alike(line: SignalLine) -> None:
    names = {line.far.bubble_id() for _ in range(100)}
    assert len(names) == 100 and min(map(int, names)) > WHEN
