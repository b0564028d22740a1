"""The sandbox's Gateway refuses what the real one refuses, calls back four times and forgets."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from server.channels.threema import crypto as crypto
from server.domain.events import InboundMessage, MessageKind
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Accepted
from server.sandbox import HOSTILE
from tests.channels.lines import JPEG, draft
from tests.channels.threema_lines import BASIC, PRIVATE, SETTINGS, ThreemaLine, threema

HERE = "/phone/sabine"
LOGIN = {"from": "*BERGER1", "secret": SETTINGS["api_secret"]}
TEXT = crypto.container(crypto.TEXT, b"Hallo", 40)


def boxed(
    line: ThreemaLine,
    plain: bytes = TEXT,
    private: bytes = PRIVATE,
    given: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the form of a send; `given` replaces fields, "-" leaves one out."""
    nonce = crypto.random_nonce()
    public = bytes(line.platform.keys[line.identity.value].public_key)
    box = crypto.seal(plain, nonce, private=private, public=public)
    fields = {**LOGIN, "to": line.identity.value, "nonce": nonce.hex(), "box": box.hex(), **(given or {})}
    return {name: value for name, value in fields.items() if value != "-"}


def file_plain(blob: str, key: bytes, **told: Any) -> bytes:
    payload = json.dumps({"b": blob, "k": key.hex(), "m": "image/jpeg", "s": 3, **told}).encode()
    return crypto.container(crypto.FILE, payload, 40)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 200),
        ({"from": "*ANOTHER"}, 401),
        ({"secret": "sandbox-falsch"}, 401),
        ({"secret": "0123456789ABCDEF"}, 401),
        ({"to": "NOBODY12"}, 400),
        ({"nonce": "00"}, 400),
        ({"box": "zz"}, 400),
        ({"box": "00" * 20}, 400),
        ({"box": "00" * 4001}, 413),
        ({"nonce": "-"}, 400),
        ({"extra": "1"}, 400),
    ],
)
async def test_a_send_is_refused_with_the_gateways_status(given: dict[str, str], status: int) -> None:
    async with threema() as line:
        answer = await line.http.post("/threema/send_e2e", data=boxed(line, given=given))
        assert answer.status_code == status
        assert len(line.sabine.bubbles) == (status == 200)
        assert bool(re.fullmatch(r"[0-9a-f]{16}", answer.text)) is (status == 200)


@pytest.mark.parametrize(
    ("plain", "private"),
    [
        (TEXT, bytes(range(32))),
        (crypto.container(crypto.TEXT, b"Hallo", 3), PRIVATE),
        (crypto.container(crypto.TEXT, b"", 40), PRIVATE),
        (crypto.container(crypto.TEXT, b"\xff", 40), PRIVATE),
        (crypto.container(crypto.TEXT, b"x" * 3501, 40), PRIVATE),
        (crypto.container(0x02, bytes(44), 40), PRIVATE),
        (b"\x01" + b"Hallo" * 8 + b"\x00", PRIVATE),
        (b"\x01" + b"Hallo" * 8 + b"\x01\x02", PRIVATE),
        (file_plain("0" * 32, bytes(32)), PRIVATE),
        (crypto.container(crypto.FILE, b"[]", 40), PRIVATE),
    ],
)
async def test_what_the_customers_app_cannot_show_is_a_bug_of_ours(plain: bytes, private: bytes) -> None:
    async with threema() as line:
        answer = await line.http.post("/threema/send_e2e", data=boxed(line, plain, private))
        assert (answer.status_code, line.sabine.bubbles) == (400, [])
        assert "firm" not in line.platform.credits


@pytest.mark.parametrize(
    ("key", "told", "status"),
    [
        (bytes(32), {}, 200),
        (bytes([1]) * 32, {}, 400),
        (bytes(32), {"n": None}, 400),
        (bytes(32), {"s": "3"}, 400),
        (bytes(32), {"z": 1}, 400),
    ],
)
async def test_a_file_message_is_opened(key: bytes, told: dict[str, Any], status: int) -> None:
    async with threema() as line:
        blob = crypto.seal_file(JPEG, bytes(32))
        name = (
            await line.http.post(
                "/threema/upload_blob", params=LOGIN, files={"blob": ("b", blob, "application/octet-stream")}
            )
        ).text
        answer = await line.http.post("/threema/send_e2e", data=boxed(line, file_plain(name, key, **told)))
        assert answer.status_code == status
        assert [line.platform.files[one.picture].data for one in line.sabine.bubbles] == [JPEG] * (
            status == 200
        )


async def test_a_nonce_is_good_for_one_message() -> None:
    async with threema() as line:
        form = boxed(line)
        assert (await line.http.post("/threema/send_e2e", data=form)).status_code == 200
        assert (await line.http.post("/threema/send_e2e", data=form)).status_code == 400
        assert len(line.sabine.bubbles) == 1


async def test_the_form_is_a_form_with_each_field_once() -> None:
    async with threema() as line:
        url = "/threema/send_e2e"
        twice = httpx.QueryParams([*boxed(line).items(), ("to", "ECHOECHO")])
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert (await line.http.post(url, content=str(twice), headers=headers)).status_code == 400
        assert (await line.http.post(url, json=boxed(line))).status_code == 401
        many = {name: (None, value) for name, value in boxed(line).items()}
        assert (await line.http.post(url, files=many)).status_code == 400


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"to": "SABINE"}, 200),
        ({"phone": "491712345678"}, 200),
        ({"phone": "+491712345678"}, 404),
        ({"phone": "4915100000000"}, 404),
        ({"email": "a@b.example"}, 404),
        ({"to": "NOBODY12"}, 400),
        ({"to": "SABINE", "phone": "491712345678"}, 400),
        ({}, 400),
        ({"to": "SABINE", "text": ""}, 400),
        ({"to": "SABINE", "text": "ä" * 1751}, 413),
        ({"to": "SABINE", "text": "ä" * 1750}, 200),
        ({"to": "SABINE", "nonce": "0"}, 400),
    ],
)
async def test_basic_mode_takes_texts(given: dict[str, str], status: int) -> None:
    async with threema(settings=BASIC) as line:
        named = {name: line.identity.value if value == "SABINE" else value for name, value in given.items()}
        form = {**LOGIN, "text": "Hallo", **named}
        assert (await line.http.post("/threema/send_simple", data=form)).status_code == status
        assert len(line.sabine.bubbles) == (status == 200)


async def test_an_id_has_one_mode() -> None:
    async with threema() as line:
        form = {**LOGIN, "text": "Hallo", "to": line.identity.value}
        assert (await line.http.post("/threema/send_simple", data=form)).status_code == 400
    async with threema(settings=BASIC) as line:
        assert (await line.http.post("/threema/send_e2e", data=boxed(line))).status_code == 400


async def test_a_real_secret_opens_no_account() -> None:
    async with threema() as line:
        with pytest.raises(ValueError, match="sandbox-"):
            line.sandbox.add_account(
                "real",
                kind="threema",
                name="x",
                own_id="*REAL123",
                display="x",
                token="0123456789",
                secret="",
            )


async def test_the_directory_answers_as_the_gateway_does() -> None:
    async with threema() as line:
        line.person.ids["email"] = "sabine@example.org"
        own = line.identity.value

        async def ask(path: str, **login: str) -> tuple[int, str]:
            answer = await line.http.get(f"/threema/{path}", params=login or LOGIN)
            return answer.status_code, answer.text

        for path in (
            "lookup/phone/491712345678",
            f"lookup/phone_hash/{crypto.phone_hash('+491712345678')}",
            "lookup/email/sabine@example.org",
            f"lookup/email_hash/{crypto.email_hash('Sabine@example.org')}",
        ):
            assert await ask(path) == (200, own)
        assert await ask(f"capabilities/{own}") == (200, "text,image,video,audio,file")
        assert await ask("pubkeys/*BERGER1") == (200, crypto.public_of(PRIVATE).hex())
        assert await ask("credits") == (200, "1000")
        for path in (
            "lookup/phone/49",
            "lookup/name/x",
            "pubkeys/NOBODY12",
            "capabilities/NOBODY12",
            "blobs/0",
        ):
            assert (await ask(path))[0] == 404
        for path in (
            "lookup/phone/491712345678",
            f"pubkeys/{own}",
            f"capabilities/{own}",
            "credits",
            "blobs/0",
        ):
            assert (await ask(path, **{**LOGIN, "secret": "sandbox-falsch"}))[0] == 401


@pytest.mark.parametrize(("size", "status"), [(0, 400), (17, 200), (20_000_001, 413)])
async def test_an_upload_has_a_size(size: int, status: int) -> None:
    async with threema() as line:
        part = {"blob": ("b", bytes(size), "application/octet-stream")}
        answer = await line.http.post("/threema/upload_blob", params=LOGIN, files=part)
        assert answer.status_code == status
        assert bool(re.fullmatch(r"[0-9a-f]{32}", answer.text)) is (status == 200)


async def test_what_is_not_taken_in_a_quarter_of_an_hour_is_lost_and_counted() -> None:
    async with threema() as line:
        line.answer = 503
        bubble = line.sabine.write("Guten Tag")
        for waited in (0, 300, 300):
            await line.sandbox.advance(waited)
        assert not line.platform.lost
        line.answer = 200
        await line.sandbox.advance(300)
        assert [message.text for message in await line.inbound()] == ["Guten Tag"]
        assert bubble.status.value == "delivered"
        line.answer = 503
        lost = line.sabine.write("Noch etwas")
        for waited in (0, 300, 300, 300):
            await line.sandbox.advance(waited)
        line.answer = 200
        await line.sandbox.advance(86_400)
        assert [message.text for message in await line.inbound()] == ["Guten Tag"]
        assert (line.platform.lost["firm"], lost.status.value) == (1, "sent")
        assert line.platform.losses == [("firm", lost.at)]


@pytest.mark.parametrize("seed", range(6))
async def test_hostile_callbacks_still_tell_everything(seed: int) -> None:
    """Doubles, disorder, delay and rubbish: by their keys every message and every receipt is there, once."""
    async with threema(seed) as line:
        line.sandbox.set_whims(HOSTILE)
        for number in range(5):
            line.sabine.write(f"Nr. {number}")
            await line.say(draft(f"Antwort {number}"))
        for _ in range(4):
            await line.sandbox.advance(30)
        keys = {message.key for message in await line.inbound()}
        own = line.identity.value
        assert keys == {f"{own}:{bubble.id}" for bubble in line.sabine.bubbles if not bubble.from_firm}
        ours = {(bubble.id, "delivered") for bubble in line.sabine.bubbles if bubble.from_firm}
        assert set(await line.statuses()) == ours


async def test_the_same_seed_tells_the_same_story() -> None:
    stories = []
    for _ in range(2):
        async with threema(5) as line:
            line.sandbox.set_whims(HOSTILE)
            line.sabine.write("Guten Tag")
            line.sabine.send_photo(JPEG, "image/jpeg")
            await line.sandbox.advance(60)
            await line.sandbox.settle()
            stories.append(line.bodies)
    assert stories[0] == stories[1]


async def test_who_blocks_hears_nothing_and_nobody_is_told() -> None:
    async with threema() as line:
        line.sabine.block(blocked=True)
        assert isinstance((await line.say(draft("Hallo?")))[0], Accepted)
        assert (line.sabine.bubbles, await line.events()) == ([], [])
        line.sabine.block(blocked=False)
        await line.say(draft("Hallo?"))
        assert len(await line.statuses()) == 1


async def test_echoecho_says_it_back() -> None:
    async with threema() as line:
        echo = Identity(IdentityKind.THREEMA, "ECHOECHO")
        assert isinstance((await line.say(draft("Hört jemand?"), echo))[0], Accepted)
        (message,) = await line.inbound()
        assert (message.text, message.sender) == ("Hört jemand?", (echo,))


async def test_the_phone_writes_shows_reads_and_puts_thumbs() -> None:
    async with threema() as line:
        await line.http.post(f"{HERE}/messages", data={"text": "Wann kommen Sie?"})
        photo = {"photo": ("a.jpg", JPEG, "image/jpeg")}
        await line.http.post(f"{HERE}/photos", data={"caption": "so"}, files=photo)
        await line.say(draft("Passt das?", 1))
        await line.say(draft("Und das?"))
        shown = (await line.http.get(HERE)).text
        assert ">👍</button>" in shown
        assert "<img src=" in shown
        first, second = line.sabine.bubbles[-2:]
        await line.http.post(f"{HERE}/taps", data={"message": first.id, "button": "👍"})
        await line.http.post(f"{HERE}/taps", data={"message": second.id, "button": "👎"})
        assert [(one.kind, one.text, one.context_id) for one in await line.inbound()] == [
            (MessageKind.TEXT, "Wann kommen Sie?", ""),
            (MessageKind.IMAGE, "so", ""),
            (MessageKind.REACTION, "👍", first.id),
            (MessageKind.REACTION, "👎", second.id),
        ]
        assert (first.id, "read") in await line.statuses()


async def test_an_answer_may_quote() -> None:
    async with threema() as line:
        await line.say(draft("Welche Fuge?"))
        asked = line.sabine.bubbles[0]
        line.sabine.write("die helle", quoted=asked.id)
        messages = [one for one in await line.events() if isinstance(one, InboundMessage)]
        assert [(one.text, one.context_id) for one in messages] == [("die helle", asked.id)]


async def test_the_gateway_never_sees_a_word() -> None:
    async with threema() as line:
        line.sabine.write("streng vertraulich")
        await line.sandbox.settle()
        assert not any(b"vertraulich" in body or b"streng" in body for body in line.bodies)
        assert not any(PRIVATE.hex() in str(one) for one in line.sandbox.world.accounts.values())
