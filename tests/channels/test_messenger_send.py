"""Sending by the page: at most once. What may have been taken is unclear, never retried; what was refused says why."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.base import ChannelError, Invites
from server.channels.messenger import channel as messenger
from server.channels.messenger.channel import Messenger
from server.channels.messenger.check import FIELDS
from server.channels.messenger.errors import REACTIONS, outcome_of, reaction_of
from server.domain.channels import Blocked
from server.domain.checkups import Finding
from server.domain.errors import Invalid
from server.domain.events import InboundMessage, Joined, MediaRef
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    NeedsTemplate,
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
from tests.channels.lines import CHOICES, JPEG, NOON, draft, load, no_raw, picture, spec
from tests.channels.messenger_lines import OPEN, SETTINGS, MessengerLine
from tests.channels.sockets import Answer, half_an_answer, hang_up, read_and_hang_up, silence, socket_that

AFTER = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}
PSID = Identity(IdentityKind.PSID, "5123456789012345")
BUTTON = ("messenger.start_button", True)
GRAPH = {"graph_base": "https://graph.example"}


@pytest.fixture
async def line() -> AsyncIterator[MessengerLine]:
    fresh = MessengerLine()
    async with fresh.http:
        yield fresh
        await fresh.sandbox.settle()


async def hello(channel: Messenger, tagged: bool = False) -> Outcome:
    until = NOON - timedelta(days=1) if tagged else OPEN
    steps = channel.plan(draft("Hallo"), PSID, NOON, until)
    assert not isinstance(steps, Blocked)
    return await channel.send(steps[0], new_id(), load)


async def test_photos_and_a_question_reach_the_customer(line: MessengerLine) -> None:
    await line.opened()
    said = draft("Welche Fuge?", 2, choices=CHOICES)
    outcomes = await line.say(said)
    await line.sandbox.settle()
    shown = line.sabine.bubbles[1:]
    assert [bubble.kind for bubble in shown] == ["image", "image", "buttons"]
    assert outcomes == [Accepted(bubble.id) for bubble in shown]
    assert shown[2].buttons == (("q:a", "Weiß"), ("q:b", "Manhattan"))
    assert line.platform.files[shown[0].picture].data == JPEG
    assert [echo.opaque for echo in line.echoes()] == [str(intent) for intent in said.intent_ids]
    assert line.delivered() == {bubble.id for bubble in shown}


async def test_after_a_day_a_human_still_answers(line: MessengerLine) -> None:
    await line.opened()
    await line.sandbox.advance(3 * 86400)
    (outcome,) = await line.say(draft("Entschuldigung, hier die Antwort"), NOON - timedelta(days=2))
    assert isinstance(outcome, Accepted)


async def test_without_metas_leave_the_seven_days_are_shut_and_the_page_goes_on(line: MessengerLine) -> None:
    await line.opened()
    line.platform.human_agent.clear()
    (outcome,) = await line.say(draft("Später"), NOON - timedelta(days=2))
    assert isinstance(outcome, NeedsTemplate)
    assert isinstance((await line.say(draft("Gleich")))[0], Accepted)


async def test_a_planned_tag_is_not_sent_once_it_is_switched_off(line: MessengerLine) -> None:
    (step,) = line.plan(draft("Später"), NOON - timedelta(days=2))
    off = MessengerLine(human_agent="nein")
    async with off.http:
        await off.opened()
        assert isinstance(await off.channel.send(step, new_id(), load), NeedsTemplate)
        assert len(off.sabine.bubbles) == 1


@pytest.mark.parametrize(
    "tag", ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE", "", "NEU"]
)
async def test_no_other_tag_leaves_the_house(line: MessengerLine, tag: str) -> None:
    """A step that an older version wrote with a tag since retired (chatwoot#14674, erxes#9177)."""
    await line.opened()
    (step,) = line.plan(draft("Termin"))
    old = replace(step, call={**step.call, "messaging_type": "MESSAGE_TAG", "tag": tag})
    outcome = await line.channel.send(old, new_id(), load)
    assert isinstance(outcome, Permanent)
    assert len(line.sabine.bubbles) == 1


async def test_who_has_blocked_the_page_is_unreachable(line: MessengerLine) -> None:
    await line.opened()
    line.sabine.block(blocked=True)
    (outcome,) = await line.say(draft("Hallo"))
    assert isinstance(outcome, Permanent)
    assert outcome.code == "recipient.unreachable"


# messaging-channels.md §4, "Errors", and what each must come to.
SHEET = [
    (10, 2018278, NeedsTemplate),
    (10, 1893063, Paused),
    (368, None, Paused),
    (551, None, Permanent),
    (551, 1545041, Permanent),
    (190, None, Reauth),
    (190, 460, Reauth),
    (100, None, Permanent),
    (100, 2018001, Permanent),
    (4, None, Throttled),
    (613, None, Throttled),
    (2, None, Retry),
    (230, None, Permanent),
]


@pytest.mark.parametrize(("code", "subcode", "kind"), SHEET)
def test_a_code_becomes_an_outcome(code: int, subcode: int | None, kind: type[Outcome]) -> None:
    assert type(outcome_of(code, subcode, "Warum")) is kind


def test_a_restricted_page_is_not_a_closed_window() -> None:
    assert isinstance(outcome_of(10), Reauth)
    unheard = outcome_of(10, 987)
    assert unheard == Permanent("platform.refused", "10/987: ")
    assert isinstance(outcome_of(200), Reauth)
    assert isinstance(outcome_of(200, 2018028), Permanent)


def test_error_codes_are_those_of_the_compiled_table() -> None:
    for name, codes in spec("compiled/error-reactions.json")["messenger"].items():
        for entry in codes:
            code, _, subcode = str(entry).partition("/")
            assert reaction_of(int(code), int(subcode) if subcode else None) == name


def test_no_code_has_two_reactions() -> None:
    codes = [code for group in REACTIONS.values() for code in group]
    assert len(codes) == len(set(codes))
    assert reaction_of(987654) is None


@given(st.lists(st.sampled_from(list(Fault)), max_size=6), st.lists(st.sampled_from(list(Fault)), max_size=3))
@settings(max_examples=60, deadline=None)
def test_whatever_goes_wrong_nothing_is_said_twice(calls: list[Fault], uploads: list[Fault]) -> None:
    """Each message is tried again only when certainly not taken; the customer sees it at most once."""
    asyncio.run(_worker_with_faults(calls, uploads))


async def _worker_with_faults(calls: list[Fault], uploads: list[Fault]) -> None:
    line = await MessengerLine().opened()
    for fault in calls:
        line.sandbox.set_fault("messenger.messages", fault)
    for fault in uploads:
        line.sandbox.set_fault("messenger.attachments", fault)
    async with line.http:
        for step in line.plan(draft("Welche Fuge?", 1, choices=CHOICES)):
            outcome: Outcome = Retry()
            while isinstance(outcome, Retry | Throttled):
                pending = list(line.sandbox.world.faults.get("messenger.messages", ()))
                outcome = await line.channel.send(step, new_id(), load)
                seen = [bubble for bubble in line.sabine.bubbles if bubble.opaque == str(step.intent_id)]
                assert len(seen) <= 1
                if seen:
                    assert isinstance(outcome, Unclear | Accepted)
                    assert isinstance(outcome, Unclear) is bool(pending and pending[0] in AFTER)
            await line.sandbox.settle()
            assert isinstance(outcome, Accepted | Unclear)
            # An unclear send is cleared up by the echo that carries its id.
            echoes = [echo.foreign_id for echo in line.echoes() if echo.opaque == str(step.intent_id)]
            assert echoes == [bubble.id for bubble in seen]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, '{"recipient_id":"5","message_id":"m_1"}', Accepted("m_1")),
        (200, '{"recipient_id":"5"}', Unclear("an answer without the message's id")),
        (200, '{"message_id":["m_1"]}', Unclear("an answer without the message's id")),
        (200, "<html>", Unclear("an answer without the message's id")),
        (302, "", Unclear("302")),
        (400, "<html>", Unclear("400")),
        (400, '{"error":{"code":"190"}}', Unclear("400")),
        (401, "", Reauth("401")),
        (429, "", Throttled(7.0, "429")),
        (500, "", Unclear("500")),
        (500, '{"error":{"code":1,"error_subcode":1357046,"message":"m"}}', Unclear("1/1357046: m")),
        (400, '{"error":{"code":1,"message":"m"}}', Unclear("1: m")),
        (500, '{"error":{"code":2,"message":"m"}}', Retry(7.0, "2: m")),
        (500, '{"error":{"code":987654,"message":"m"}}', Unclear("500: 987654")),
        (400, '{"error":{"code":987654,"message":"m"}}', Permanent("platform.refused", "987654: m")),
        (400, '{"error":{"code":613,"error_subcode":0,"message":"m"}}', Throttled(7.0, "613: m")),
        (403, '{"error":{"code":10,"message":"m"}}', Reauth("10: m")),
        (400, '{"error":{"code":551,"error_subcode":1545041,"message":"m"}}',
         Permanent("recipient.unreachable", "551/1545041: m")),
    ],
)  # fmt: skip
async def test_an_answer_is_read_with_suspicion(status: int, body: str, outcome: Outcome) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=body, headers={"retry-after": "7"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        assert await hello(Messenger(SETTINGS, http, GRAPH)) == outcome
        if outcome == Reauth("10: m"):
            assert await hello(Messenger(SETTINGS, http, GRAPH), tagged=True) == NeedsTemplate("10: m")


@pytest.mark.parametrize("answers", [hang_up, read_and_hang_up, half_an_answer, silence])
async def test_on_a_real_line_every_accident_is_unclear(
    answers: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messenger, "SEND_TIMEOUT_S", 0.2)
    async with socket_that(answers) as base, httpx.AsyncClient() as http:
        assert isinstance(await hello(Messenger(SETTINGS, http, {"graph_base": base})), Unclear)


async def test_a_refused_connection_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with httpx.AsyncClient() as http:
        assert await hello(Messenger(SETTINGS, http, {"graph_base": base})) == Retry(detail="ConnectError")


async def test_a_changed_picture_never_leaves(line: MessengerLine) -> None:
    await line.opened()
    (step,) = line.plan(replace(draft("", 1), pictures=(picture(sha256="0" * 64),)))
    assert isinstance(await line.channel.send(step, new_id(), load), MediaFix)
    assert len(line.sabine.bubbles) == 1


async def test_a_refused_picture_is_made_anew_not_called_our_bug(line: MessengerLine) -> None:
    await line.opened()
    (step,) = line.plan(replace(draft("", 1), pictures=(picture(mime="image/png"),)))
    outcome = await line.channel.send(step, new_id(), load)
    assert isinstance(outcome, MediaFix)
    assert outcome.detail.startswith("100: ")


async def test_a_customers_photo_is_fetched_whole(line: MessengerLine) -> None:
    line.sabine.send_photo(JPEG, "image/jpeg")
    await line.sandbox.settle()
    (message,) = line.inbound()
    assert message.media
    assert await line.channel.fetch_media(message.media, no_raw) == JPEG
    await line.sandbox.advance(2 * 86400)
    with pytest.raises(ChannelError, match=r"media\.gone") as gone:
        await line.channel.fetch_media(message.media, no_raw)
    assert gone.value.permanent


STRANGE = [
    "https://evil.example/x",
    "http://lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com.evil.example/x",
    "https://evilfbcdn.net/x",
    "https://fbcdn.net/x",
    "https://scontent.fbcdn.net:8443/x",
    "https://scontent.fbcdn.net@evil.example/x",
    "https://evil.example/#scontent.fbcdn.net",
    "https://evil.example\\.fbcdn.net/x",
    "file:///etc/passwd",
    "ftp://scontent.fbcdn.net/x",
    "http://127.0.0.1/x",
    "http://[::ffff:169.254.169.254]/latest",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://localhost:8000/",
    "//evil.example/x",
    "/etc/passwd",
    "",
    "http://graph.example/x",
    "https://graph.example:444/x",
]


@pytest.mark.parametrize("url", STRANGE)
async def test_no_strange_host_is_asked(url: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(ChannelError) as refused:
            await Messenger(SETTINGS, http, GRAPH).fetch_media(MediaRef(url), no_raw)
    assert refused.value.permanent
    assert asked == []


async def test_the_file_hosts_never_see_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messenger, "MAX_MEDIA_BYTES", 10)
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        match request.url.path:
            case "/moved":
                return httpx.Response(302, headers={"location": "https://evil.example/"})
            case "/busy":
                return httpx.Response(503)
            case "/small":
                return httpx.Response(200, content=b"x" * 10)
            case _:
                return httpx.Response(200, content=b"x" * 11)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True) as http:
        channel = Messenger(SETTINGS, http, GRAPH)
        root = "https://scontent.xx.fbcdn.net"
        assert await channel.fetch_media(MediaRef(f"{root}/small"), no_raw) == b"x" * 10
        with pytest.raises(ChannelError, match=r"media\.too_large"):
            await channel.fetch_media(MediaRef(f"{root}/long"), no_raw)
        with pytest.raises(ChannelError, match=r"media\.unreachable: 302") as moved:
            await channel.fetch_media(MediaRef(f"{root}/moved"), no_raw)
        with pytest.raises(ChannelError, match=r"media\.unreachable: 503"):
            await channel.fetch_media(MediaRef(f"{root}/busy"), no_raw)
    assert not moved.value.permanent
    assert [request.url.host for request in asked] == ["scontent.xx.fbcdn.net"] * 4
    assert not any("authorization" in request.headers for request in asked)


async def test_the_check_names_the_page_and_its_subscription(line: MessengerLine) -> None:
    assert await line.channel.check("https://betrieb.example/hooks/x") == [
        Finding("channel.token", ok=True, detail="Malerbetrieb Berger"),
        Finding("channel.subscribed", ok=True),
        Finding("messenger.start_button", ok=True),
    ]


async def test_an_unsubscribed_page_is_subscribed_again(line: MessengerLine) -> None:
    """Meta unsubscribes a page after an hour of failing webhooks; nothing would ever come again (§4)."""
    line.answer = 503
    line.sabine.write("Ist da jemand?")
    await line.sandbox.settle()
    await line.sandbox.advance(3601)
    line.answer = 200
    line.sabine.write("Hallo?")
    await line.sandbox.advance(3600)
    assert line.bodies == []
    _, finding, _ = await line.channel.check("")
    assert finding == Finding("channel.resubscribed", ok=True, detail=", ".join(FIELDS))
    line.sabine.write("Endlich")
    await line.sandbox.settle()
    assert [message.text for message in line.inbound()] == ["Endlich"]
    assert (await line.channel.check(""))[1] == Finding("channel.subscribed", ok=True)


async def test_one_missing_field_is_added_and_no_other_is_lost(line: MessengerLine) -> None:
    line.platform.news.fields(line.account).remove("message_reads")
    _, finding, _ = await line.channel.check("")
    assert finding.detail == "message_reads"
    assert {*FIELDS, "feed"} <= line.platform.news.fields(line.account)


@pytest.mark.parametrize(
    ("settings_", "fault", "codes"),
    [
        ({"page_token": "sandbox-wrong"}, None, [("channel.token", False)]),
        ({}, ("messenger.page", Fault.UNREACHABLE), [("channel.reachable", False)]),
        ({}, ("messenger.page", Fault.GARBAGE_AFTER), [("channel.token", True), ("channel.subscribed", True), BUTTON]),
        ({}, ("messenger.subscribed_apps", Fault.SLOW_BEFORE), [("channel.reachable", False)]),
        ({}, ("messenger.subscribed_apps", Fault.REFUSED), [("channel.token", True), ("channel.subscribed", False), BUTTON]),
        ({}, ("messenger.subscribed_apps", Fault.ERROR_BEFORE), [("channel.token", True), ("channel.subscribed", False), BUTTON]),
        ({}, ("messenger.messenger_profile", Fault.RESET_AFTER), [("channel.reachable", False)]),
    ],
)  # fmt: skip
async def test_the_check_says_what_is_wrong(
    settings_: dict[str, str], fault: tuple[str, Fault] | None, codes: list[tuple[str, bool]]
) -> None:
    line = MessengerLine(1, **settings_)
    if fault:
        line.sandbox.set_fault(*fault)
    async with line.http:
        found = await line.channel.check("")
    assert [(finding.code, finding.ok) for finding in found] == codes


async def test_another_apps_subscription_is_not_ours() -> None:
    posted: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path.rpartition("/")[2], request.method:
            case "subscribed_apps", "GET":
                other = {"id": "999", "subscribed_fields": list(FIELDS)}
                return httpx.Response(200, json={"data": [other, "?", {"id": "7"}]})
            case "subscribed_apps", "POST":
                posted.append(request.content.decode())
                return httpx.Response(200, json={"success": True})
            case "app", "GET":
                return httpx.Response(200, json={"id": "7"})
            case _:
                return httpx.Response(200, json={"id": SETTINGS["page_id"], "name": "Berger"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        _, finding, button = await Messenger(SETTINGS, http, GRAPH).check("")
    assert (finding.code, button.ok) == ("channel.resubscribed", False)
    assert len(posted) == 1


async def test_a_link_of_ours_brings_its_word_along(line: MessengerLine) -> None:
    """A new customer's word comes with the start button, which the check has put on the page."""
    assert isinstance(line.channel, Invites)
    assert line.channel.start_link("ab-1_") == f"https://m.me/{SETTINGS['page_id']}?ref=ab-1_"
    line.platform.arrive(line.account, line.person, "zu früh")
    await line.channel.check("")
    line.platform.arrive(line.account, line.person, "neu")
    await line.sandbox.advance(25 * 3600)
    line.platform.arrive(line.account, line.person, "wieder")
    await line.sandbox.settle()
    joined, start, again = line.events()
    assert isinstance(joined, Joined) and isinstance(start, InboundMessage) and isinstance(again, Joined)
    assert (joined.payload, joined.sender, again.payload) == ("neu", (line.psid,), "wieder")
    assert (start.kind.value, start.button_id) == ("button", "START")
    later = NOON + timedelta(days=2)
    assert isinstance((await line.say(draft("Schön, dass Sie da sind"), later))[0], Accepted)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_id", "1/../2"),
        ("page_id", ""),
        ("page_token", "a\nb"),
        ("page_token", "ü"),
        ("app_secret", " "),
        ("verify_token", ""),
        ("api_version", "x"),
        ("human_agent", "vielleicht"),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        Messenger({**SETTINGS, name: value}, httpx.AsyncClient(), GRAPH)
    assert refused.value.field == name


def test_a_messages_id_does_not_name_the_person_to_mark_as_read() -> None:
    assert Messenger(SETTINGS, httpx.AsyncClient(), GRAPH).read_step("m_1", new_id()) is None
