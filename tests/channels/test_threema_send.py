"""Sending: at most once, for every try costs a credit; to the kept key or to nobody."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.base import ChannelError
from server.channels.threema import line as threema_line
from server.channels.threema.channel import Threema
from server.channels.threema.crypto import public_of
from server.domain.channels import Step
from server.domain.errors import Invalid
from server.domain.events import MediaRef
from server.domain.identities import Fact, Identity, IdentityKind
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    Moved,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)
from server.ids import new_id
from server.sandbox import Fault
from tests.channels.lines import CHOICES, JPEG, draft, load, no_raw, picture
from tests.channels.sockets import half_an_answer, hang_up, read_and_hang_up, silence, socket_that
from tests.channels.threema_lines import BASES, BASIC, PRIVATE, SETTINGS, ThreemaLine, threema

AFTER = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}
UNSURE = {*AFTER, Fault.RESET_BEFORE, Fault.SLOW_BEFORE, Fault.ERROR_BEFORE}
KEY = public_of(bytes(range(1, 33))).hex()
PHONE = Identity(IdentityKind.PHONE, "+491712345678")
HELLO = {"type": "text", "text": "Hallo", "to": {"kind": "threema", "value": "ABCD1234"}}


def hello(**call: Any) -> Step:
    return Step("text", new_id(), {**HELLO, **call}, "Hallo")


async def test_a_photo_and_a_question_reach_the_customer() -> None:
    async with threema() as line:
        outcomes = await line.say(draft("Welche Fuge? 🔧", 2, choices=CHOICES))
        first, question = line.sabine.bubbles
        assert outcomes == [Accepted(first.id, sent=True), Accepted(question.id, sent=True)]
        assert (first.text, question.kind, question.text) == (
            "",
            "image",
            "Welche Fuge? 🔧\n\n1) Weiß\n2) Manhattan",
        )
        assert line.platform.files[question.picture].data == JPEG
        assert await line.statuses() == [(first.id, "delivered"), (question.id, "delivered")]
        line.bodies.clear()
        line.sabine.look()
        assert await line.statuses() == [(first.id, "read"), (question.id, "read")]
        # Two files and two messages.
        assert line.platform.credits["firm"] == 996


async def test_basic_mode_sends_texts_by_id_number_or_address() -> None:
    async with threema(settings=BASIC) as line:
        line.person.ids["email"] = "sabine@example.org"
        for to in (line.identity, PHONE, Identity(IdentityKind.EMAIL, "sabine@example.org")):
            (outcome,) = await line.say(draft("Grüß Gott", choices=CHOICES), to)
            assert outcome == Accepted(line.sabine.bubbles[-1].id, sent=True)
        assert [bubble.text for bubble in line.sabine.bubbles] == ["Grüß Gott\n\n1) Weiß\n2) Manhattan"] * 3
        line.sabine.look()
        line.sabine.write("hört niemand")
        assert await line.events() == []
        assert line.facts == {}


@pytest.mark.parametrize("to", [PHONE, Identity(IdentityKind.EMAIL, "Sabine@Example.org")])
async def test_a_number_or_address_is_looked_up_before_anything_is_said(to: Identity) -> None:
    async with threema() as line:
        line.person.ids["email"] = "sabine@example.org"
        (step,) = line.plan(draft("Hallo"), to)
        moved = await line.send(step)
        assert moved == Moved(line.identity)
        assert line.sabine.bubbles == []
        assert isinstance(await line.send(line.channel.readdressed(step, line.identity)), Accepted)
        assert [bubble.text for bubble in line.sabine.bubbles] == ["Hallo"]


async def test_who_is_not_there_is_named() -> None:
    async with threema() as line:
        stranger = Identity(IdentityKind.PHONE, "+4915100000000")
        assert await line.say(draft("Hallo"), stranger) == [Permanent("recipient.unreachable", "404")]
        gone = Identity(IdentityKind.THREEMA, "GONE1234")
        assert await line.say(draft("Hallo"), gone) == [Permanent("recipient.unreachable", "404")]
    async with threema(settings=BASIC) as line:
        assert await line.say(draft("Hallo"), stranger) == [Permanent("recipient.unreachable", "404")]
        assert await line.say(draft("Hallo"), gone) == [
            Permanent("platform.refused", "400: recipient or mode")
        ]


async def test_another_key_is_an_alarm_and_nothing_leaves() -> None:
    async with threema() as line:
        assert isinstance((await line.say(draft("vorher")))[0], Accepted)
        line.platform.swap_key(line.person)
        for said in (draft("Hallo"), draft("Hallo", 1)):
            (outcome,) = await line.say(said)
            assert isinstance(outcome, Permanent)
            assert outcome.code == "recipient.key_changed"
        assert [bubble.text for bubble in line.sabine.bubbles] == ["vorher"]
        assert line.platform.credits["firm"] == 999
        # Nor is anything believed that the new key has sealed.
        line.bodies.clear()
        line.sabine.write("Ich bin es wirklich")
        assert await line.inbound() == []


async def test_without_a_kept_key_nothing_leaves() -> None:
    async with threema() as line:
        (step,) = line.plan(draft("Hallo"))
        assert isinstance(await line.channel.send(step, new_id(), load), Retry)
        assert line.sabine.bubbles == []


async def test_an_app_that_takes_no_files_is_named_before_the_upload() -> None:
    async with threema() as line:
        line.platform.able[line.identity.value] = "text,image"
        assert await line.say(draft("Fuge", 1)) == [Permanent("recipient.no_files", "text,image")]
        assert "firm" not in line.platform.credits
        assert isinstance((await line.say(draft("Fuge")))[0], Accepted)


async def test_without_credits_the_account_pauses() -> None:
    async with threema() as line:
        line.platform.credits["firm"] = 1
        # The file takes the last one; the message that would show it is refused.
        for said in (draft("Fuge", 1), draft("Fuge", 1), draft("Fuge")):
            assert await line.say(said) == [Paused("402: no credits", "threema.credits")]
        assert line.sabine.bubbles == []


async def test_a_picture_waits_for_the_key_that_was_taken_away() -> None:
    async with threema() as line:
        (step,) = line.plan(draft("Fuge", 1))
        basic = Threema(BASIC, line.http, BASES)
        assert isinstance(await basic.send(step, new_id(), load), Reauth)


async def test_a_changed_picture_never_leaves() -> None:
    async with threema() as line:
        (step,) = line.plan(replace(draft("", 1), pictures=(picture(sha256="0" * 64),)))
        assert isinstance(await line.send(step), MediaFix)
        assert "firm" not in line.platform.credits


@given(
    st.lists(st.sampled_from(list(Fault)), max_size=4),
    st.lists(st.sampled_from(list(Fault)), max_size=3),
    st.lists(st.sampled_from(list(Fault)), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_whatever_goes_wrong_nothing_is_said_twice(
    calls: list[Fault], uploads: list[Fault], asks: list[Fault]
) -> None:
    """Tried again only when certainly not taken; the customer sees it at most once."""
    asyncio.run(_worker_with_faults(calls, uploads, asks))


async def _worker_with_faults(calls: list[Fault], uploads: list[Fault], asks: list[Fault]) -> None:
    line = ThreemaLine()
    for call, faults in (("messages", calls), ("media", uploads), ("directory", asks)):
        for fault in faults:
            line.sandbox.set_fault(f"threema.{call}", fault)
    async with line.http:
        (step,) = line.plan(draft("Welche Fuge?", 1))
        outcome: Outcome = Retry()
        for _ in range(40):
            if not isinstance(outcome, Retry | Throttled):
                break
            pending = list(line.sandbox.world.faults.get("threema.messages", ()))
            outcome = await line.send(step)
            seen = len(line.sabine.bubbles)
            assert seen <= 1
            if seen:
                assert outcome == (
                    Accepted(line.sabine.bubbles[0].id, sent=True)
                    if not (pending and pending[0] in AFTER)
                    else outcome
                )
                assert isinstance(outcome, Unclear | Accepted)
        await line.sandbox.settle()
        assert isinstance(outcome, Accepted | Unclear)


@pytest.mark.parametrize("fault", sorted(Fault))
async def test_each_accident_of_a_send(fault: Fault) -> None:
    async with threema() as line:
        line.sandbox.set_fault("threema.messages", fault)
        (outcome,) = await line.say(draft("Hallo"))
        assert isinstance(outcome, Unclear) is (fault in UNSURE)
        assert isinstance(outcome, Retry | Throttled) is (fault in {Fault.UNREACHABLE, Fault.REFUSED})
        assert len(line.sabine.bubbles) == (fault in AFTER)


def wire(statuses: dict[str, tuple[int, str]]) -> httpx.AsyncClient:
    """Return a client whose Gateway answers each door so."""

    def answer(request: httpx.Request) -> httpx.Response:
        door = request.url.path.strip("/").split("/")[0]
        status, body = statuses.get(door, (200, KEY))
        return httpx.Response(status, text=body, headers={"retry-after": "7"})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


def gateway(http: httpx.AsyncClient) -> Threema:
    known = Threema(SETTINGS, http, {"threema_base": "https://gateway.example"})
    return known.knowing({"key:ABCD1234": KEY})


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, "0011223344556677", Accepted("0011223344556677", sent=True)),
        (200, " 00112233AABBCCDD\n", Accepted("00112233aabbccdd", sent=True)),
        (200, "", Unclear("an answer without the message's id")),
        (200, "<html>OK</html>", Unclear("an answer without the message's id")),
        (302, "", Unclear("302")),
        (400, "", Permanent("platform.refused", "400: recipient or mode")),
        (401, "", Reauth("401: id or secret")),
        (402, "", Paused("402: no credits", "threema.credits")),
        (404, "", Permanent("recipient.unreachable", "404")),
        (413, "", Permanent("payload.refused", "413: too long")),
        (429, "", Throttled(7.0, "429")),
        (500, "", Unclear("500")),
        (503, "", Unclear("503")),
    ],
)
async def test_an_answer_is_read_with_suspicion(status: int, body: str, outcome: Outcome) -> None:
    async with wire({"send_e2e": (status, body), "send_simple": (status, body)}) as http:
        assert await gateway(http).send(hello(), new_id(), load) == outcome
        basic = Threema(BASIC, http, {"threema_base": "https://gateway.example"})
        assert await basic.send(hello(), new_id(), load) == outcome


@pytest.mark.parametrize("door", ["pubkeys", "capabilities", "upload_blob"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Reauth), (402, Paused), (404, Permanent), (429, Throttled), (500, Retry), (302, Retry)],
)
async def test_before_the_message_nothing_is_in_doubt(door: str, status: int, kind: type[Outcome]) -> None:
    asked: list[str] = []
    doors = {"capabilities": (200, "file"), "upload_blob": (200, "0" * 32), door: (status, "")}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        code, body = doors.get(request.url.path.strip("/").split("/")[0], (200, KEY))
        return httpx.Response(code, text=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        step = replace(hello(type="file"), picture=picture())
        assert isinstance(await gateway(http).send(step, new_id(), load), kind)
    assert "/send_e2e" not in asked


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"upload_blob": (413, "")}, MediaFix),
        ({"upload_blob": (200, "<html>")}, Retry),
        ({"pubkeys": (200, "no key")}, Retry),
        ({"pubkeys": (200, "0" * 64)}, Permanent),
    ],
)
async def test_answers_that_make_no_sense(answers: dict[str, tuple[int, str]], kind: type[Outcome]) -> None:
    async with wire({"capabilities": (200, "text, FILE"), **answers}) as http:
        step = replace(hello(type="file"), picture=picture())
        assert isinstance(await gateway(http).send(step, new_id(), load), kind)


async def test_a_directory_that_tells_no_id_is_asked_again() -> None:
    async with wire({"lookup": (200, "../x")}) as http:
        step = hello(to={"kind": "phone", "value": "+491712345678"})
        assert isinstance(await gateway(http).send(step, new_id(), load), Retry)


@pytest.mark.parametrize("answers", [hang_up, read_and_hang_up, half_an_answer, silence])
async def test_on_a_real_line_every_accident_is_unclear(
    answers: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threema_line, "SEND_TIMEOUT_S", 0.2)
    async with socket_that(answers) as base, httpx.AsyncClient() as http:
        basic = Threema(BASIC, http, {"threema_base": base})
        assert isinstance(await basic.send(hello(), new_id(), load), Unclear)


async def test_a_key_is_learnt_or_its_absence_named() -> None:
    for status, body, code in (
        (404, "", "channel.key_unknown"),
        (500, "", "channel.key_unreachable"),
        (200, "no key", "channel.key_unreachable"),
    ):
        async with wire({"pubkeys": (status, body)}) as http:
            with pytest.raises(ChannelError, match=code) as failed:
                await gateway(http).learn(Fact("key:ABCD1234", about="ABCD1234"))
            assert failed.value.permanent is (status == 404)
    async with wire({"pubkeys": (200, KEY.upper())}) as http:
        assert await gateway(http).learn(Fact("key:ABCD1234", about="ABCD1234")) == KEY


async def test_a_customers_photo_is_fetched_and_opened() -> None:
    async with threema() as line:
        line.sabine.send_photo(JPEG, "image/jpeg", "So sieht es aus")
        (message,) = await line.inbound()
        assert message.media
        assert (message.kind.value, message.text, message.media.mime) == (
            "image",
            "So sieht es aus",
            "image/jpeg",
        )
        assert await line.channel.fetch_media(message.media, no_raw) == JPEG
        blob, _, key = message.media.id.partition(":")
        for wrong, code, permanent in (
            (f"{blob}:{'0' * 64}", "media.damaged", True),
            (f"{blob}:", "media.damaged", True),
            (f"{blob}:xx", "media.damaged", True),
            (f"{'f' * 32}:{key}", "media.gone", True),
            (f"../credits:{key}", "media.gone", True),
        ):
            with pytest.raises(ChannelError, match=code) as failed:
                await line.channel.fetch_media(MediaRef(wrong), no_raw)
            assert failed.value.permanent is permanent
        line.sandbox.set_fault("threema.files", Fault.SLOW_AFTER)
        with pytest.raises(ChannelError, match=r"media\.unreachable"):
            await line.channel.fetch_media(message.media, no_raw)
        await line.sandbox.advance(15 * 86_400)
        with pytest.raises(ChannelError, match=r"media\.gone"):
            await line.channel.fetch_media(message.media, no_raw)


async def test_an_old_picture_is_opened_by_the_keys_of_both() -> None:
    async with threema() as line:
        nonce = bytes(range(24))
        blob = line.platform.lock_for(line.account, line.person, JPEG, nonce)
        event = await line.tell(0x02, bytes.fromhex(blob) + len(JPEG).to_bytes(4, "little") + nonce)
        assert await line.channel.fetch_media(event.media, no_raw) == JPEG
        line.platform.swap_key(line.person)
        with pytest.raises(ChannelError, match=r"media\.damaged"):
            await line.channel.fetch_media(event.media, no_raw)


async def test_a_flood_and_a_redirect_end_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threema_line, "MAX_MEDIA_BYTES", 10)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "gateway.example"
        if request.url.path.endswith("0"):
            return httpx.Response(200, content=b"x" * 11)
        return httpx.Response(302, headers={"location": "http://127.0.0.1/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True) as http:
        for end, code in (("0", "media.too_large"), ("1", "media.unreachable")):
            with pytest.raises(ChannelError, match=code):
                await gateway(http).fetch_media(MediaRef(end * 32 + ":" + "0" * 64), no_raw)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        ":" + "0" * 64,
        "http://127.0.0.1/:" + "0" * 64,
        "//evil.example/x:" + "0" * 64,
        "../credits?x:" + "0" * 64,
        "0" * 31 + "/:" + "0" * 64,
        "0" * 32 + "/../../x",
        "0" * 32 + "\n:" + "0" * 64,
        "0" * 32 + "@evil.example:" + "0" * 64,
        "0" * 33 + ":" + "0" * 64,
        "%2e%2e%2f" + "0" * 23 + ":" + "0" * 64,
        "０" * 32 + ":" + "0" * 64,
        "0" * 32 + ":" + "0" * 48 + ":../../credits",
        "0" * 32 + ":" + "0" * 48 + ":http://127.0.0.1/",
        "0" * 32 + ":" + "0" * 48 + ":ABCD1234/x",
        "0" * 32 + ":" + "0" * 48 + ":ABCD1234:x",
    ],
)
async def test_no_reference_leads_anywhere_but_to_a_blob(reference: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.host}{request.url.path}")
        return httpx.Response(200, content=b"x" * 40)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(ChannelError, match=r"media\.(gone|damaged)"):
            await gateway(http).fetch_media(MediaRef(reference), no_raw)
    assert set(asked) <= {f"gateway.example/blobs/{'0' * 32}"}


async def test_the_check_tells_mode_credits_and_key() -> None:
    async with threema() as line:
        found = await line.channel.check("https://betrieb.example/hooks/threema/1")
        assert [(one.code, one.ok, one.detail) for one in found] == [
            ("channel.token", True, "*BERGER1 (end-to-end)"),
            ("channel.credits", True, "1000"),
            ("channel.key", True, ""),
        ]
        line.platform.credits["firm"] = 0
        other = Threema({**SETTINGS, "private_key": "7" * 64}, line.http, BASES)
        assert [(one.code, one.ok) for one in await other.check("")] == [
            ("channel.token", True),
            ("channel.credits", False),
            ("channel.key", False),
        ]
        wrong = Threema({**SETTINGS, "api_secret": "sandbox-x"}, line.http, BASES)
        assert [(one.code, one.ok, one.detail) for one in await wrong.check("")] == [
            ("channel.token", False, "401: id or secret")
        ]
        line.sandbox.set_fault("threema.directory", Fault.UNREACHABLE)
        assert [(one.code, one.ok) for one in await line.channel.check("")] == [("channel.reachable", False)]
    async with threema(settings=BASIC) as line:
        assert [one.code for one in await line.channel.check("")] == ["channel.token", "channel.credits"]


async def test_no_outcome_and_no_finding_holds_a_secret() -> None:
    secrets = (SETTINGS["api_secret"], PRIVATE.hex(), "Hallo", "+491712345678", "491712345678")
    async with threema() as line:
        said: list[object] = [line.channel.read_step("ABCD1234:00", new_id())]
        for call in ("messages", "media", "directory"):
            for fault in Fault:
                line.sandbox.set_fault(f"threema.{call}", fault)
                said += await line.say(draft("Hallo", 1), PHONE)
                said += await line.say(draft("Hallo", 1))
                said += await line.channel.check("")
        assert not any(secret in repr(one) for one in said for secret in secrets)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gateway_id", "BERGER12"),
        ("gateway_id", "*berger1"),
        ("gateway_id", ""),
        ("api_secret", ""),
        ("api_secret", "a b"),
        ("private_key", "0" * 63),
        ("private_key", "g" * 64),
        ("private_key", "public:" + "0" * 64),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        Threema({**SETTINGS, name: value}, httpx.AsyncClient(), BASES)
    assert refused.value.field == name
    assert value == "" or value not in str(refused.value)


def test_a_key_may_be_pasted_as_the_tools_write_it() -> None:
    pasted = {**SETTINGS, "private_key": f" private:{PRIVATE.hex().upper()}\n"}
    assert Threema(pasted, httpx.AsyncClient(), BASES).caps.key == "threema_e2e"


def test_a_step_survives_its_row() -> None:
    step = hello()
    assert Step.from_json(json.loads(json.dumps(step.to_json()))) == step
