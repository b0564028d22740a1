"""Sending by Signal: at most once. What the service refuses in so many words is refused, what nobody knows is unclear."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.base import ChannelError
from server.channels.signal import channel as channel_module
from server.channels.signal.channel import Signal
from server.domain.events import InboundMessage, MediaRef, StatusUpdate
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import (
    Accepted,
    MediaFix,
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
from tests.channels.signal_lines import BASE, OWN, SABINE, SETTINGS, SignalLine, valid
from tests.channels.sockets import half_an_answer, hang_up, read_and_hang_up, silence, socket_that

AFTER = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}


@pytest.fixture
async def line() -> AsyncIterator[SignalLine]:
    fresh = SignalLine()
    fresh.far.outlet.mode = "normal"
    async with fresh.http:
        yield fresh


async def test_photo_and_question_arrive_and_their_receipts_come_back(line: SignalLine) -> None:
    outcomes = await line.say(draft("Welche Fuge?", 2, choices=CHOICES))
    assert all(isinstance(outcome, Accepted) and not outcome.sent for outcome in outcomes)
    first, question = line.sabine.bubbles
    assert (first.kind, question.kind, question.text) == (
        "image",
        "image",
        "Welche Fuge?\n\n1) Weiß\n2) Manhattan",
    )
    assert line.far.files[question.picture].data == JPEG
    line.sabine.look()
    told = [event for event in await line.rounds() if isinstance(event, StatusUpdate)]
    names = [getattr(outcome, "foreign_id", "") for outcome in outcomes]
    assert [(event.foreign_id, event.status.value) for event in told] == [
        (names[0], "delivered"),
        (names[1], "delivered"),
        (names[0], "read"),
        (names[1], "read"),
    ]


async def test_an_answer_that_quotes_names_our_message(line: SignalLine) -> None:
    (outcome,) = await line.say(draft("Welche Fuge?"))
    assert isinstance(outcome, Accepted)
    line.sabine.write("die zweite", quoted=outcome.foreign_id)
    answer = next(event for event in await line.rounds() if isinstance(event, InboundMessage))
    assert (answer.context_id, answer.text) == (outcome.foreign_id, "die zweite")
    (reply,) = await line.say(draft("Danke", quote=answer.foreign_id), answer.sender[1])
    assert isinstance(reply, Accepted)
    assert line.sabine.bubbles[-1].quoted == line.sabine.bubbles[1].id


async def test_mark_read_turns_the_customers_ticks(line: SignalLine) -> None:
    bubble = line.sabine.write("Guten Tag")
    step = line.channel.read_step(bubble.id, new_id())
    assert step
    assert await line.channel.send(step, new_id(), load) == Accepted(bubble.id, sent=True)
    assert bubble.status.value == "read"


@given(st.lists(st.sampled_from(list(Fault)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_whatever_goes_wrong_nothing_is_said_twice(calls: list[Fault]) -> None:
    """Each message is tried again only when certainly not taken; the customer sees it at most once."""
    asyncio.run(_worker_with_faults(calls))


async def _worker_with_faults(calls: list[Fault]) -> None:
    line = SignalLine()
    line.far.outlet.mode = "normal"
    for fault in calls:
        line.sandbox.set_fault("signal.messages", fault)
    async with line.http:
        (step,) = line.plan(draft("Welche Fuge?", 1, choices=CHOICES))
        outcome: Outcome = Retry()
        while isinstance(outcome, Retry | Throttled):
            pending = list(line.sandbox.world.faults.get("signal.messages", ()))
            outcome = await line.channel.send(step, new_id(), load)
            seen = len(line.sabine.bubbles)
            assert seen <= 1
            if seen:
                assert isinstance(outcome, Unclear if pending and pending[0] in AFTER else Accepted)
        assert isinstance(outcome, Accepted | Unclear)


SENT = '{"timestamp":"1763640000123"}'


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (201, SENT, Accepted(f"{OWN}:1763640000123")),
        (201, f"[{SENT}]", Accepted(f"{OWN}:1763640000123")),
        (201, '{"timestamp":1763640000123}', Accepted(f"{OWN}:1763640000123")),
        (201, "{}", Unclear("an answer without the message's time")),
        (201, '{"timestamp":"0"}', Unclear("an answer without the message's time")),
        (201, "<html>", Unclear("an answer without the message's time")),
        (200, SENT, Unclear("200: ")),
        (302, "", Unclear("302: ")),
        (400, "<html>", Unclear("400: ")),
        (401, "", Reauth("401: ")),
        (404, "404 page not found", Reauth("404: ")),
        (429, "", Throttled(None, "429: ")),
        (
            429,
            '{"error":"e","challenge_tokens":["t-1"]}',
            Paused("challenge_token t-1", code="signal.captcha"),
        ),
        (429, '{"error":"e","challenge_tokens":[""]}', Throttled(None, "429: e")),
        (500, "", Unclear("500: ")),
    ],
)
async def test_an_answer_is_read_with_suspicion(status: int, body: str, outcome: Outcome) -> None:
    async with httpx.AsyncClient(transport=_answering(status, body)) as http:
        assert await hello(Signal(SETTINGS, http, {"signal_base": BASE})) == outcome


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("UNREGISTERED_FAILURE", Permanent),
        ("IDENTITY_FAILURE", Permanent),
        ("RATE_LIMIT_FAILURE", Throttled),
        ("PROOF_REQUIRED_FAILURE", Paused),
        ("NETWORK_FAILURE", Unclear),
    ],
)
async def test_a_201_may_hide_that_the_one_recipient_failed(reason: str, kind: type[Outcome]) -> None:
    body = json.dumps(
        {"timestamp": "1763640000123", "errors": {"recipients": [{"number": "+49", "reason": reason}]}}
    )
    async with httpx.AsyncClient(transport=_answering(201, body)) as http:
        assert isinstance(await hello(Signal(SETTINGS, http, {"signal_base": BASE})), kind)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ('CAPTCHA proof required for sending to "+49", with challenge token "t"', Paused, "signal.captcha"),
        ("Failed to send message: [413] Rate Limit Exceeded (RateLimitException)", Throttled, ""),
        ("Failed to send message due to rate limiting", Throttled, ""),
        ('Untrusted Identity for "+491712345678"', Permanent, "recipient.identity_changed"),
        (
            "Unable to complete request due to untrusted recipient keys",
            Permanent,
            "recipient.identity_changed",
        ),
        ('Unregistered user "+491712345678"', Permanent, "recipient.unreachable"),
        ("The user +491712345678 is not registered.", Permanent, "recipient.unreachable"),
        (f"User {OWN} is not registered.", Reauth, ""),
        ("Specified account does not exist", Reauth, ""),
        ("Failed to send message: [403] Authorization failed! (AuthorizationFailedException)", Reauth, ""),
        ("Failed to send message: x.jpg (AttachmentInvalidException)", MediaFix, ""),
        ("illegal base64 data at input byte 0", MediaFix, ""),
        ("Config file is in use by another instance, waiting…", Retry, ""),
        ("Number not registered with JSON-RPC", Retry, ""),
        ("Couldn't process request - invalid request", Permanent, "payload.refused"),
        ("Failed to send message: timeout (SocketTimeoutException)", Unclear, ""),
        ("write tcp: broken pipe", Unclear, ""),
        ("ein neuer Satz", Unclear, ""),
    ],
)
async def test_a_sentence_becomes_an_outcome(error: str, kind: type[Outcome], code: str) -> None:
    """Only what certainly did not leave is tried again; a sentence nobody knows is a human's."""
    async with httpx.AsyncClient(transport=_answering(400, json.dumps({"error": error}))) as http:
        outcome = await hello(Signal(SETTINGS, http, {"signal_base": BASE}))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "code", "") == code


async def test_a_captcha_stops_the_account_until_a_human_has_solved_it(line: SignalLine) -> None:
    line.far.container.challenge = "c0ffee"
    (stopped,) = await line.say(draft("Hallo"))
    assert stopped == Paused("challenge_token c0ffee", code="signal.captcha")
    solved = {"challenge_token": "c0ffee", "captcha": "signalcaptcha://x"}
    valid("api.RateLimitChallengeRequest", solved)
    answer = await line.http.post(f"{BASE}/v1/accounts/{OWN}/rate-limit-challenge", json=solved)
    assert answer.status_code == 204
    assert isinstance((await line.say(draft("Hallo")))[0], Accepted)


async def test_new_keys_strangers_and_limits(line: SignalLine) -> None:
    line.far.container.untrusted.add("sabine")
    assert getattr((await line.say(draft("Hallo")))[0], "code", "") == "recipient.identity_changed"
    await line.http.put(
        f"{BASE}/v1/identities/{OWN}/trust/{SABINE.value}", json={"trust_all_known_keys": True}
    )
    assert isinstance((await line.say(draft("Hallo")))[0], Accepted)
    stranger = Identity(IdentityKind.PHONE, "+493012345")
    assert getattr((await line.say(draft("Hallo"), stranger))[0], "code", "") == "recipient.unreachable"
    line.sandbox.set_fault("signal.messages", Fault.REFUSED)
    assert isinstance((await line.say(draft("Hallo")))[0], Throttled)


@pytest.mark.parametrize("answers", [hang_up, read_and_hang_up, half_an_answer, silence])
async def test_on_a_real_line_every_accident_is_unclear(
    answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "SEND_TIMEOUT_S", 0.2)
    async with socket_that(answers) as base, httpx.AsyncClient() as http:
        assert isinstance(await hello(Signal(SETTINGS, http, {"signal_base": base})), Unclear)


async def test_a_refused_connection_may_be_tried_again() -> None:
    async with httpx.AsyncClient() as http:
        outcome = await hello(Signal(SETTINGS, http, {"signal_base": "http://127.0.0.1:9"}))
    assert outcome == Retry(detail="ConnectError")


async def test_a_changed_picture_never_leaves(line: SignalLine) -> None:
    (step,) = line.plan(replace(draft("", 1), pictures=(picture(sha256="0" * 64),)))
    assert isinstance(await line.channel.send(step, new_id(), load), MediaFix)
    assert line.sabine.bubbles == []


async def test_a_customers_photo_is_fetched_whole(line: SignalLine) -> None:
    line.sabine.send_photo(JPEG, "image/jpeg", "hier")
    (message,) = await line.rounds()
    assert isinstance(message, InboundMessage) and message.media
    assert await line.channel.fetch_media(message.media, no_raw) == JPEG
    with pytest.raises(ChannelError, match=r"media\.gone") as gone:
        await line.channel.fetch_media(MediaRef("weg.jpg"), no_raw)
    assert gone.value.permanent


@pytest.mark.parametrize(
    "name", ["../accounts", "a/b", "", ".hidden", "a?b", "a" * 129, "http://evil.example"]
)
async def test_a_file_id_cannot_lead_elsewhere(name: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(ChannelError, match=r"media\.gone"):
            await Signal(SETTINGS, http, {"signal_base": BASE}).fetch_media(MediaRef(name), no_raw)


async def test_a_flood_and_a_redirect_end_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "MAX_MEDIA_BYTES", 10)
    async with httpx.AsyncClient(transport=_answering(200, "x" * 11), follow_redirects=True) as http:
        with pytest.raises(ChannelError, match=r"media\.too_large"):
            await Signal(SETTINGS, http, {"signal_base": BASE}).fetch_media(MediaRef("a.jpg"), no_raw)
    async with httpx.AsyncClient(transport=_answering(302, ""), follow_redirects=True) as http:
        with pytest.raises(ChannelError, match=r"media\.unreachable: 302"):
            await Signal(SETTINGS, http, {"signal_base": BASE}).fetch_media(MediaRef("a.jpg"), no_raw)


async def test_the_self_check_knows_container_mode_and_number(line: SignalLine) -> None:
    line.far.outlet.mode = "json-rpc"
    assert [(found.code, found.ok) for found in await line.channel.check("")] == [
        ("channel.reachable", True),
        ("signal.mode", True),
        ("signal.registered", True),
    ]
    line.far.outlet.mode = "normal"
    other = Signal({"number": "+4930999999"}, line.http, {"signal_base": BASE})
    assert [found.ok for found in await other.check("")] == [True, False, False]
    async with httpx.AsyncClient(transport=_answering(200, "<html>")) as http:
        (found,) = await Signal(SETTINGS, http, {"signal_base": BASE}).check("")
        assert not found.ok
    async with httpx.AsyncClient() as http:
        (found,) = await Signal(SETTINGS, http, {"signal_base": "http://127.0.0.1:9"}).check("")
        assert (found.code, found.ok, found.detail) == ("channel.reachable", False, "ConnectError")


def _answering(status: int, body: str) -> httpx.MockTransport:
    return httpx.MockTransport(
        lambda request: httpx.Response(status, text=body, headers={"location": "https://evil.example/"})
    )


async def hello(channel: Signal) -> Outcome:
    steps = channel.plan(draft("Hallo"), SABINE, SignalLine().at, None)
    assert isinstance(steps, list)
    return await channel.send(steps[0], new_id(), load)
