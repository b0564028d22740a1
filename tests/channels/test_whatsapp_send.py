"""Sending: at most once. What may have been taken is unclear, never retried; what was refused says why."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.base import ChannelError
from server.channels.whatsapp import channel as whatsapp
from server.channels.whatsapp.channel import Whatsapp
from server.channels.whatsapp.errors import REACTIONS, health_of, outcome_of, reaction_of, sentence_of
from server.domain.channels import Blocked
from server.domain.errors import Invalid
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    NeedsTemplate,
    OptedOut,
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
from server.web.words import sentences
from tests.channels.lines import (
    CHOICES,
    JPEG,
    NOON,
    SABINE,
    SETTINGS,
    Line,
    draft,
    load,
    no_raw,
    picture,
    spec,
)
from tests.channels.sockets import Answer, half_an_answer, hang_up, read_and_hang_up, silence, socket_that

AFTER = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}


async def test_a_photo_and_a_question_reach_the_customer(line: Line) -> None:
    await line.opened()
    said = draft("Welche Fuge?", 2, choices=CHOICES)
    assert all(isinstance(outcome, Accepted) for outcome in await line.say(said))
    await line.sandbox.settle()
    first, question = line.sabine.bubbles[1:]
    assert (first.kind, question.kind, question.text) == ("image", "interactive", "Welche Fuge?")
    assert question.buttons == (("q:a", "Weiß"), ("q:b", "Manhattan"))
    assert line.sandbox.whatsapp.files[question.picture].data == JPEG
    assert line.statuses(said.intent_ids[1]) == ["sent", "delivered"]


async def test_mark_read_turns_the_customers_ticks(line: Line) -> None:
    await line.opened()
    bubble = line.sabine.bubbles[0]
    step = line.channel.read_step(bubble.id, new_id())
    assert step
    assert await line.channel.send(step, new_id(), load) == Accepted(bubble.id)
    assert bubble.status.value == "read"


def test_error_codes_are_those_of_the_compiled_table() -> None:
    table = spec("compiled/error-reactions.json")["whatsapp"]
    wanted = {
        name: {code for entry in codes for code in (range(200, 300) if entry == "200-299" else [entry])}
        for name, codes in table.items()
    }
    assert wanted == REACTIONS


def test_no_code_has_two_reactions() -> None:
    codes = [code for group in REACTIONS.values() for code in group]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1, Retry),
        (130429, Throttled),
        (131056, Throttled),
        (190, Reauth),
        (10, Reauth),
        (250, Reauth),
        (368, Paused),
        (131047, NeedsTemplate),
        (131050, OptedOut),
        (131053, MediaFix),
        (131026, Permanent),
        (131049, Permanent),
        (137000, Permanent),
        (132001, Permanent),
        (987654, Permanent),
    ],
)
def test_a_code_becomes_an_outcome(code: int, kind: type[Outcome]) -> None:
    assert isinstance(outcome_of(code, "Warum"), kind)


@given(st.lists(st.sampled_from(list(Fault)), max_size=6), st.lists(st.sampled_from(list(Fault)), max_size=3))
@settings(max_examples=60, deadline=None)
def test_whatever_goes_wrong_nothing_is_said_twice(calls: list[Fault], uploads: list[Fault]) -> None:
    """Each message is tried again only when certainly not taken; the customer sees it at most once."""
    asyncio.run(_worker_with_faults(calls, uploads))


async def _worker_with_faults(calls: list[Fault], uploads: list[Fault]) -> None:
    line = await Line().opened()
    for fault in calls:
        line.sandbox.set_fault("messages", fault)
    for fault in uploads:
        line.sandbox.set_fault("media", fault)
    async with line.http:
        (step,) = line.plan(draft("Welche Fuge?", 1, choices=CHOICES))
        outcome: Outcome = Retry()
        while isinstance(outcome, Retry | Throttled):
            pending = list(line.sandbox.world.faults.get("messages", ()))
            outcome = await line.channel.send(step, new_id(), load)
            seen = [bubble for bubble in line.sabine.bubbles if bubble.opaque == str(step.intent_id)]
            assert len(seen) <= 1
            if seen:
                assert isinstance(outcome, Unclear | Accepted)
                assert isinstance(outcome, Unclear) is bool(pending and pending[0] in AFTER)
        await line.sandbox.settle()
        assert isinstance(outcome, Accepted | Unclear)
        # An unclear send is cleared up by the status that carries its id.
        assert bool(seen) is ("delivered" in line.statuses(step.intent_id))


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, '{"messages":[{"id":"wamid.1"}]}', Accepted("wamid.1")),
        (200, "{}", Unclear("an answer without the message's id")),
        (200, '{"messages":[]}', Unclear("an answer without the message's id")),
        (200, "<html>", Unclear("an answer without the message's id")),
        (302, "", Unclear("302")),
        (400, "<html>", Unclear("400")),
        (400, '{"error":{"code":"190"}}', Unclear("400")),
        (401, "", Reauth("401")),
        (429, "", Throttled(7.0, "429")),
        (500, "", Unclear("500")),
        (500, '{"error":{"code":2,"message":"m"}}', Retry(7.0, "2: m")),
        (500, '{"error":{"code":987654,"message":"m"}}', Unclear("500: 987654")),
        (400, '{"error":{"code":987654,"message":"m"}}', Permanent("platform.refused", "987654: m")),
        (400, '{"error":{"code":131056,"error_data":{"details":"d"}}}', Throttled(7.0, "131056: d")),
    ],
)
async def test_an_answer_is_read_with_suspicion(status: int, body: str, outcome: Outcome) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=body, headers={"retry-after": "7"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        assert await hello(Whatsapp(SETTINGS, http, {"graph_base": "https://graph.example"})) == outcome


@pytest.mark.parametrize("answers", [hang_up, read_and_hang_up, half_an_answer, silence])
async def test_on_a_real_line_every_accident_is_unclear(
    answers: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatsapp, "SEND_TIMEOUT_S", 0.2)
    async with socket_that(answers) as base, httpx.AsyncClient() as http:
        assert isinstance(await hello(Whatsapp(SETTINGS, http, {"graph_base": base})), Unclear)


async def test_a_refused_connection_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with httpx.AsyncClient() as http:
        assert await hello(Whatsapp(SETTINGS, http, {"graph_base": base})) == Retry(detail="ConnectError")


async def hello(channel: Whatsapp) -> Outcome:
    steps = channel.plan(draft("Hallo"), SABINE, NOON, NOON + timedelta(hours=20))
    assert not isinstance(steps, Blocked)
    return await channel.send(steps[0], new_id(), load)


async def test_a_changed_picture_never_leaves(line: Line) -> None:
    await line.opened()
    (step,) = line.plan(replace(draft("", 1), pictures=(picture(sha256="0" * 64),)))
    assert isinstance(await line.channel.send(step, new_id(), load), MediaFix)
    assert len(line.sabine.bubbles) == 1


async def test_a_customers_photo_is_fetched_whole(line: Line) -> None:
    line.sabine.send_photo(JPEG, "image/jpeg")
    await line.sandbox.settle()
    (message,) = line.inbound()
    assert message.media
    assert await line.channel.fetch_media(message.media, no_raw) == JPEG
    with pytest.raises(ChannelError, match=r"media\.damaged"):
        await line.channel.fetch_media(replace(message.media, sha256="0" * 64), no_raw)
    await line.sandbox.advance(8 * 86400)
    with pytest.raises(ChannelError, match=r"media\.gone") as gone:
        await line.channel.fetch_media(message.media, no_raw)
    assert gone.value.permanent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone_number_id", "1/../2"),
        ("access_token", "a\nb"),
        ("access_token", "ü"),
        ("app_secret", " "),
        ("api_version", "x"),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        Whatsapp({**SETTINGS, name: value}, httpx.AsyncClient(), {"graph_base": "https://graph.example"})
    assert refused.value.field == name


def test_a_customer_in_a_forbidden_country_stops_nobody_else() -> None:
    """The compiled table sums it up with what stops an account; the sheet's words are about the recipient's country."""
    assert outcome_of(130497, "Warum") == Permanent("account.country", "130497: Warum")
    assert isinstance(outcome_of(131031, "Warum"), Paused)


def test_unknown_codes_have_no_reaction() -> None:
    assert reaction_of(987654) is None


def test_every_code_has_its_sentence() -> None:
    said = sentences()
    codes = {code for group in REACTIONS.values() for code in group}
    assert not {code: sentence_of(code) for code in codes if sentence_of(code) not in said}
    assert sentence_of(987654) == "platform.refused"


@pytest.mark.parametrize(
    "code", sorted({code for group in REACTIONS.values() for code in group} - set(range(200, 300)))
)
def test_a_code_in_a_status_means_what_it_means_in_an_answer(code: int) -> None:
    """131047 says when a second try may help; account codes carry the sentence for the channel's page."""
    outcome = outcome_of(code, "Warum")
    assert getattr(outcome, "detail", "") == f"{code}: Warum"
    if isinstance(outcome, NeedsTemplate):
        assert outcome.again_after_s == 60.0
    if isinstance(outcome, Reauth | Paused | Permanent):
        assert outcome.code == sentence_of(code)
    expected = {Reauth: "reauth", Paused: "paused"}.get(type(outcome), "")
    assert health_of(code) == expected
