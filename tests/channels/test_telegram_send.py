"""Sending: at most once, the token in nobody's hands; receiving by webhook or by polling, never both."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.base import ChannelError, Invites, Pulled, Pulling, Pushed
from server.channels.telegram import channel as telegram
from server.channels.telegram.channel import Telegram
from server.channels.telegram.errors import outcome_of, refusal_of
from server.domain.channels import Blocked
from server.domain.checkups import Finding
from server.domain.errors import Invalid
from server.domain.events import InboundMessage, Joined, MediaRef, UnknownEvent
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    Moved,
    OptedOut,
    Outcome,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)
from server.ids import new_id
from server.log import start_logging
from server.sandbox import Fault
from tests.channels.lines import JPEG, NOON, draft, load, no_raw, picture, spec
from tests.channels.sockets import Answer, half_an_answer, hang_up, read_and_hang_up, silence, socket_that
from tests.channels.telegram_lines import BASES, HOOK, SETTINGS, TOKEN, Published, TelegramLine
from tests.channels.test_telegram_plan import CHOICES, SABINE

AFTER = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def line() -> TelegramLine:
    return TelegramLine()


def bot(handler: Handler, **values: str) -> Telegram:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), follow_redirects=True)
    return Telegram({**SETTINGS, **values}, http, {"telegram_base": "https://api.telegram.example"})


async def hello(channel: Telegram) -> Outcome:
    steps = channel.plan(draft("Hallo"), SABINE, NOON, None)
    assert not isinstance(steps, Blocked)
    return await channel.send(steps[0], new_id(), load)


def test_it_is_all_a_channel_may_be(line: TelegramLine) -> None:
    assert isinstance(line.channel, Pushed)
    assert isinstance(line.channel, Pulling)
    assert isinstance(line.channel, Invites)
    assert not line.channel.pulls


async def test_photos_and_a_question_reach_the_customer(line: TelegramLine) -> None:
    await line.started()
    outcomes = await line.say(draft("Welche Fuge?", 2, choices=CHOICES))
    first, question = line.from_firm()
    assert outcomes == [Accepted(f"{line.identity.value}:{one.id}", sent=True) for one in (first, question)]
    assert (first.kind, question.kind, question.text) == ("image", "interactive", "Welche Fuge?")
    assert [title for _, title in question.buttons] == ["Weiß", "Manhattan"]
    assert line.platform.files[question.picture].data == JPEG


async def test_a_tap_comes_back_as_the_programs_own_button(line: TelegramLine) -> None:
    await line.started()
    (outcome,) = await line.say(draft("Welche Fuge?", choices=CHOICES))
    assert isinstance(outcome, Accepted)
    (question,) = line.from_firm()
    tapped = line.sabine.tap(question.id, question.buttons[1][0])
    await line.sandbox.settle()
    (answer,) = line.inbound()
    assert (answer.button_id, answer.text) == (CHOICES[1].id, "Manhattan")
    assert answer.context_id == outcome.foreign_id
    step = line.channel.read_step(answer.foreign_id, new_id())
    assert step
    assert await line.channel.send(step, new_id(), load) == Accepted(answer.foreign_id, sent=True)
    assert tapped
    assert tapped.status.value == "read"
    await line.sandbox.advance(61)
    assert isinstance(await line.channel.send(step, new_id(), load), Permanent)


async def test_before_start_nothing_goes_and_a_block_closes(line: TelegramLine) -> None:
    assert await line.say(draft("Hallo")) == [
        Permanent("telegram.not_started", "403: Forbidden: bot can't initiate conversation with a user")
    ]
    await line.started()
    line.sabine.block(blocked=True)
    assert await line.say(draft("Hallo")) == [OptedOut("403: Forbidden: bot was blocked by the user")]
    assert line.from_firm() == []


async def test_a_quote_of_a_message_that_is_gone_does_not_stop_ours(line: TelegramLine) -> None:
    await line.started()
    mine = line.sabine.write("Welche Farbe hat die Fuge?")
    for number, found in ((mine.id, mine.id), ("99999", "")):
        (outcome,) = await line.say(draft("Grau", quote=f"{line.identity.value}:{number}"))
        assert isinstance(outcome, Accepted)
        assert line.from_firm()[-1].quoted == found


@given(st.lists(st.sampled_from(list(Fault)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_whatever_goes_wrong_nothing_is_said_twice(calls: list[Fault]) -> None:
    """Each message is tried again only when certainly not taken; the customer sees it at most once."""
    asyncio.run(_worker_with_faults(calls))


async def _worker_with_faults(calls: list[Fault]) -> None:
    line = await TelegramLine().started()
    for fault in calls:
        line.sandbox.set_fault("telegram.messages", fault)
    async with line.http:
        (step,) = line.plan(draft("Welche Fuge?", 1, choices=CHOICES))
        outcome: Outcome = Retry()
        while isinstance(outcome, Retry | Throttled):
            pending = list(line.sandbox.world.faults.get("telegram.messages", ()))
            outcome = await line.channel.send(step, new_id(), load)
            seen = line.from_firm()
            assert len(seen) <= 1
            assert isinstance(outcome, Unclear) is bool(
                pending and pending[0] not in (Fault.UNREACHABLE, Fault.REFUSED)
            )
            if seen:
                assert isinstance(outcome, Unclear) is bool(pending and pending[0] in AFTER)
        await line.sandbox.settle()
        assert isinstance(outcome, Accepted | Unclear)  # fmt: skip


def refusal(code: int, words: str, **parameters: int) -> str:
    body = {"ok": False, "error_code": code, "description": words}
    return json.dumps({**body, **({"parameters": parameters} if parameters else {})})


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, '{"ok":true,"result":{"message_id":5,"chat":{"id":4711}}}', Accepted("4711:5", sent=True)),
        (200, '{"ok":true,"result":{"message_id":"5","chat":{"id":4711}}}', Unclear("an answer without the message's id")),
        (200, '{"ok":true,"result":true}', Unclear("an answer without the message's id")),
        (200, '{"ok":true}', Unclear("an answer without the message's id")),
        (200, '{"ok":false,"error_code":400,"description":"x"}', Unclear("200")),
        (200, "<html>", Unclear("200")),
        (302, "", Unclear("302")),
        (400, "<html>", Unclear("400")),
        (401, "", Unclear("401")),
        (404, "<html>", Unclear("404")),
        (413, "<html>", MediaFix("413")),
        (429, "", Throttled(7.0, "429")),
        (500, refusal(500, "Internal Server Error: restart"), Unclear("500")),
        (502, "<html>", Unclear("502")),
        (502, refusal(400, "Bad Request: message text is empty"), Unclear("502")),
        (401, refusal(401, "Unauthorized"), Reauth("401: Unauthorized", "telegram.token")),
        (404, refusal(404, "Not Found"), Reauth("404: Not Found", "telegram.token")),
        (429, refusal(429, "Too Many Requests: retry after 35", retry_after=35), Throttled(35.0, "429: Too Many Requests: retry after 35")),
        (429, refusal(429, "Too Many Requests"), Throttled(None, "429: Too Many Requests")),
        (403, refusal(403, "Forbidden: bot was blocked by the user"), OptedOut("403: Forbidden: bot was blocked by the user")),
        (403, refusal(403, "Forbidden: user is deactivated"), Permanent("telegram.gone", "403: Forbidden: user is deactivated")),
        (403, refusal(403, "Forbidden: bot can't initiate conversation with a user"), Permanent("telegram.not_started", "403: Forbidden: bot can't initiate conversation with a user")),
        (403, refusal(403, "Forbidden: bots can't send messages to bots"), Permanent("recipient.unreachable", "403: Forbidden: bots can't send messages to bots")),
        (400, refusal(400, "Bad Request: chat not found"), Permanent("telegram.not_started", "400: Bad Request: chat not found")),
        (400, refusal(400, "Bad Request: message text is empty"), Permanent("payload.refused", "400: Bad Request: message text is empty")),
        (400, refusal(400, "Bad Request: BUTTON_DATA_INVALID"), Permanent("payload.refused", "400: Bad Request: BUTTON_DATA_INVALID")),
        (400, refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), MediaFix("400: Bad Request: PHOTO_INVALID_DIMENSIONS")),
        (400, refusal(400, "Bad Request: wrong file identifier/HTTP URL specified"), MediaFix("400: Bad Request: wrong file identifier/HTTP URL specified")),
        (400, refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100123), Moved(Identity(IdentityKind.CHAT, "-100123"), "400: Bad Request: group chat was upgraded to a supergroup chat")),
        (406, refusal(406, "Not Acceptable"), Permanent("platform.refused", "406: Not Acceptable")),
    ],
)  # fmt: skip
async def test_an_answer_is_read_with_suspicion(status: int, body: str, outcome: Outcome) -> None:
    channel = bot(lambda _: httpx.Response(status, text=body, headers={"retry-after": "7"}))
    assert await hello(channel) == outcome


def test_refusals_are_those_of_the_compiled_table() -> None:
    table = spec("compiled/error-reactions.json")["telegram"]
    expected = {"recipient_blocked": (OptedOut, Permanent), "payload_bug_never_retry": (Permanent, MediaFix)}
    for reaction, kinds in expected.items():
        for line in table[reaction]:
            code, _, words = line.partition(" ")
            found = refusal_of(json.loads(refusal(int(code), words)))
            assert found
            assert isinstance(outcome_of(found), kinds), line
    assert table["retry_after_parameter"] == [429]
    assert table["channel_reauth_stop"][0] == 401


@pytest.mark.parametrize("answers", [hang_up, read_and_hang_up, half_an_answer, silence])
async def test_on_a_real_line_every_accident_is_unclear(
    answers: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram, "SEND_TIMEOUT_S", 0.2)
    async with socket_that(answers) as base, httpx.AsyncClient() as http:
        assert isinstance(await hello(Telegram(SETTINGS, http, {"telegram_base": base})), Unclear)


async def test_a_refused_connection_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with httpx.AsyncClient() as http:
        outcome = await hello(Telegram(SETTINGS, http, {"telegram_base": base}))
    assert outcome == Retry(detail="ConnectError")


async def test_a_changed_picture_never_leaves(line: TelegramLine) -> None:
    await line.started()
    (step,) = line.plan(replace(draft("", 1), pictures=(picture(sha256="0" * 64),)))
    assert isinstance(await line.channel.send(step, new_id(), load), MediaFix)
    assert line.from_firm() == []


@pytest.fixture
def spoken(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Log everything there is the way the server does, and return what was written."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("root", "httpx")}
    start_logging("DEBUG")
    yield lambda: capsys.readouterr().err
    root.handlers[:] = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _echo(request: httpx.Request) -> httpx.Response:
    """Answer like a proxy that repeats the address it was asked for."""
    words = f"no route to {request.url}"
    if request.url.path.endswith("sendMessage"):
        return httpx.Response(400, text=refusal(400, words))
    return httpx.Response(409, text=refusal(409, words))


def _broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError(f"broken: {request.url}", request=request)


@pytest.mark.parametrize("handler", [_echo, _broken])
async def test_the_token_is_in_no_log_and_no_answer(handler: Handler, spoken: Callable[[], str]) -> None:
    channel = bot(handler, receiving="abruf")
    told: list[object] = [await hello(channel), *await channel.check(HOOK)]
    for ask in (channel.fetch_media(MediaRef("F"), no_raw), anext(aiter(channel.pull("")))):
        with pytest.raises(ChannelError) as refused:
            await ask
        logging.getLogger("test").error("failed", exc_info=refused.value)
        told.append(refused.value.detail)
    written = spoken()
    assert "failed" in written
    assert TOKEN not in written + repr(told)
    assert TOKEN.partition(":")[2] not in written + repr(told)


async def test_a_customers_photo_is_fetched_whole(line: TelegramLine) -> None:
    line.sabine.send_photo(JPEG, "image/jpeg", "hier")
    await line.sandbox.settle()
    assert isinstance(line.events()[0], Joined)
    (message,) = line.inbound()
    assert (message.text, message.kind.value) == ("hier", "image")
    assert message.media
    assert await line.channel.fetch_media(message.media, no_raw) == JPEG
    line.sandbox.set_fault("telegram.files", Fault.ERROR_BEFORE)
    with pytest.raises(ChannelError, match=r"media\.unreachable") as later:
        await line.channel.fetch_media(message.media, no_raw)
    assert not later.value.permanent


def _file(path: object, size: int = 10) -> str:
    return json.dumps({"ok": True, "result": {"file_id": "F", "file_size": size, "file_path": path}})


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", "https://evil.example/x", "a/../../b", "a?b", "a#b", "a\\b", "", ".", None, 7, "a b", "ä", "x" * 301, "@evil.example"])  # fmt: skip
async def test_a_files_path_leads_nowhere_else(path: object) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, text=_file(path))

    with pytest.raises(ChannelError, match=r"media\.unreachable"):
        await bot(answer).fetch_media(MediaRef("F"), no_raw)
    assert asked == [f"https://api.telegram.example/bot{TOKEN}/getFile"]


@pytest.mark.parametrize(
    ("code", "words", "wanted"),
    [
        (400, "Bad Request: file is too big", "media.too_large"),
        (400, "Bad Request: invalid file_id", "media.gone"),
        (400, "Bad Request: wrong file_id or the file is temporarily unavailable", "media.unreachable"),
        (429, "Too Many Requests: retry after 3", "media.unreachable"),
        (500, "Internal Server Error", "media.unreachable"),
        (401, "Unauthorized", "media.unreachable"),
    ],
)
async def test_a_file_that_is_not_given_has_its_reason(code: int, words: str, wanted: str) -> None:
    with pytest.raises(ChannelError) as refused:
        await bot(lambda _: httpx.Response(code, text=refusal(code, words))).fetch_media(
            MediaRef("F"), no_raw
        )
    assert refused.value.code == wanted
    assert refused.value.permanent is (wanted != "media.unreachable")


async def test_a_redirect_a_lie_and_a_flood_end_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "MAX_MEDIA_BYTES", 10)
    left = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.telegram.example"
        if request.url.path.endswith("/getFile"):
            file_id = json.loads(request.content)["file_id"]
            return httpx.Response(200, text=_file(f"photos/{file_id}", 11 if file_id == "told" else 10))
        left.append(request.url.path.rpartition("/")[2])
        if left[-1] == "moved":
            return httpx.Response(302, headers={"location": "https://evil.example/"})
        return httpx.Response(200, content=b"x" * 11)

    channel = bot(answer)
    for file_id, code in (("told", "too_large"), ("long", "too_large"), ("moved", "unreachable: 302")):
        with pytest.raises(ChannelError, match=rf"media\.{code}"):
            await channel.fetch_media(MediaRef(file_id), no_raw)
    assert left == ["long", "moved"]


async def test_no_call_follows_a_redirect() -> None:
    """Whoever sits on the line must not lead the token or a photo elsewhere."""
    asked: list[str] = []

    def moved(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"location": "https://evil.example/"})

    channel = bot(moved, receiving="abruf")
    for step in TelegramLine().plan(draft("x" * 1025, 1)):
        assert await channel.send(step, new_id(), load) == Unclear("307")
    assert await channel.check(HOOK) == [Finding("channel.reachable", ok=False, detail="307")]
    for ask in (channel.fetch_media(MediaRef("F"), no_raw), anext(aiter(channel.pull("")))):
        with pytest.raises(ChannelError, match=r"unreachable: 307"):
            await ask
    assert asked == ["api.telegram.example"] * 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bot_token", "sandbox-token"),
        ("bot_token", "1:a/../b?c=ddddddddd"),
        ("bot_token", ""),
        ("bot_name", "Maler Berger"),
        ("bot_name", "https://evil.example/x"),
        ("webhook_secret", "mit Leerzeichen"),
        ("webhook_secret", "x" * 257),
        ("receiving", "beides"),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        bot(_echo, **{name: value})
    assert refused.value.field == name


async def test_the_check_sets_the_webhook_and_names_its_troubles(line: TelegramLine) -> None:
    assert await line.channel.check(HOOK) == [
        Finding("channel.token", ok=True, detail="@MalerBergerBot"),
        Finding("telegram.bot_name", ok=True, detail="@MalerBergerBot"),
        Finding("channel.webhook", ok=True, detail=HOOK),
        Finding("telegram.waiting", ok=True, detail="0"),
    ]
    line.answer = 503
    for number in range(21):
        line.sabine.write(f"Nr. {number}")
    await line.sandbox.settle()
    waiting, trouble = (await line.channel.check(HOOK))[-2:]
    assert waiting == Finding("telegram.waiting", ok=False, detail="22")
    assert (trouble.code, trouble.ok) == ("telegram.webhook_error", False)
    assert trouble.detail.startswith("Wrong response from the webhook: 503")


@pytest.mark.parametrize("hook", ["", "http://firm.example/hooks/telegram/firm"])
async def test_a_webhook_needs_an_https_address(line: TelegramLine, hook: str) -> None:
    assert (await line.channel.check(hook))[-1] == Finding("channel.webhook", ok=False, detail=hook)


async def test_the_check_tells_of_a_wrong_token_a_wrong_name_and_no_line() -> None:
    other = TelegramLine(bot_name="AndererBot")
    assert Finding("telegram.bot_name", ok=False, detail="@MalerBergerBot") in await other.channel.check(HOOK)
    stranger = Telegram({**SETTINGS, "bot_token": "1:sandbox-unknown"}, other.http, BASES)
    assert await stranger.check(HOOK) == [Finding("channel.token", ok=False, detail="401: Unauthorized")]
    assert await bot(_broken).check(HOOK) == [Finding("channel.reachable", ok=False, detail="ReadError")]


async def test_a_new_secret_is_told_to_telegram(line: TelegramLine) -> None:
    renewed = Telegram({**line.settings, "webhook_secret": "neu"}, line.http, BASES)
    await renewed.check(HOOK)
    line.sabine.write("Hallo")
    await line.sandbox.settle()
    for body, headers in line.bodies:
        assert renewed.verify(body, headers)
        assert not line.channel.verify(body, headers)


async def pulled(line: TelegramLine, cursor: str, count: int) -> list[Pulled]:
    lines = line.channel.pull(cursor)
    found: list[Pulled] = []
    async with asyncio.timeout(10):  # a poll that finds nothing waits for ever
        while len(found) < count:
            one = await anext(lines)
            found += [one] if one.body else []
    await lines.aclose()  # type: ignore[attr-defined]
    return found


async def test_polling_brings_every_update_once_they_are_kept() -> None:
    line = TelegramLine(receiving="abruf")
    assert line.channel.pulls
    line.start("wort")
    line.sabine.write("Hallo")
    first = await pulled(line, "", 2)
    assert [type(event) for one in first for event in line.channel.parse(one.body)] == [
        Joined,
        InboundMessage,
    ]
    assert len(line.platform.queue(line.account).waiting) == 2, "what was not confirmed is kept"
    line.sabine.write("Noch da?")
    # A crash before the second was stored: it comes again, and the first is confirmed by the cursor.
    again = await pulled(line, first[0].cursor, 2)
    assert [one.body for one in again][:1] == [first[1].body]
    line.sabine.write("Und?")
    (last,) = await pulled(line, again[-1].cursor, 1)
    (event,) = line.channel.parse(last.body)
    assert isinstance(event, InboundMessage)
    assert event.text == "Und?"
    assert len(line.platform.queue(line.account).waiting) == 1


async def test_a_poll_waits_for_the_next_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "POLL_S", 5)
    line = TelegramLine(receiving="abruf")
    waiting = asyncio.create_task(pulled(line, "", 1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    line.start()
    (first,) = await asyncio.wait_for(waiting, 5)
    assert isinstance(line.channel.parse(first.body)[0], Joined)


async def test_a_cursor_from_long_ago_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quiet week Telegram numbers its updates anew, perhaps lower."""
    line = TelegramLine(receiving="abruf")
    line.start()
    number, bot_id = line.platform.queue(line.account).next_number, TOKEN.partition(":")[0]
    later, earlier = f"{bot_id}:{number + 5_000_000}", f"{bot_id}:{number - 5_000_000}"
    another = f"999:{number}"
    for cursor in (later, earlier, another, str(number), f"{bot_id}:kaputt", ":", ""):
        (first,) = await pulled(line, cursor, 1)
        assert first.cursor == f"{bot_id}:{number}"


async def test_a_standing_line_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "POLL_S", 0)
    lines = TelegramLine(receiving="abruf").channel.pull("")
    assert [await anext(lines) for _ in range(3)] == [Pulled(b"")] * 3


async def test_polling_takes_a_forgotten_webhook_away(line: TelegramLine) -> None:
    await line.started()
    polling = Telegram({**line.settings, "receiving": "abruf"}, line.http, BASES)
    line.answer = 503
    line.sabine.write("Hallo")
    await line.sandbox.settle()
    line.channel = polling
    (first,) = await pulled(line, "", 1)
    (event,) = polling.parse(first.body)
    assert isinstance(event, InboundMessage)
    line.answer = 200
    await line.sandbox.advance(7200)
    assert line.bodies == [], "never both"
    assert (await polling.check(HOOK))[-1] == Finding("telegram.polling", ok=True)


async def test_a_second_receiver_is_named() -> None:
    channel = bot(
        lambda _: httpx.Response(409, text=refusal(409, "Conflict: terminated by other getUpdates request")),
        receiving="abruf",
    )
    with pytest.raises(ChannelError, match=r"telegram\.two_receivers") as refused:
        await anext(aiter(channel.pull("")))
    assert not refused.value.permanent


@pytest.mark.parametrize(
    ("status", "body", "code", "permanent"),
    [
        (401, refusal(401, "Unauthorized"), "telegram.token", True),
        (401, "<html>", "telegram.unreachable", False),
        (404, "", "telegram.unreachable", False),
        (404, refusal(404, "Not Found"), "telegram.token", True),
        (400, refusal(400, "Bad Request: x"), "telegram.refused", True),
        (429, refusal(429, "Too Many Requests"), "telegram.unreachable", False),
        (502, "<html>", "telegram.unreachable", False),
        (200, "<html>", "telegram.unreachable", False),
        (200, '{"ok":true,"result":[7]}', "telegram.unreachable", False),
        (200, '{"ok":true,"result":[{"update_id":"7"}]}', "telegram.unreachable", False),
    ],
)
async def test_a_poll_that_fails_says_whether_to_go_on(
    status: int, body: str, code: str, permanent: bool
) -> None:
    channel = bot(lambda _: httpx.Response(status, text=body), receiving="abruf")
    with pytest.raises(ChannelError) as refused:
        await anext(aiter(channel.pull("123456789:5")))
    assert (refused.value.code, refused.value.permanent) == (code, permanent)


async def test_strange_updates_of_a_poll_are_kept_too() -> None:
    answers = iter(['{"ok":true,"result":[{"update_id":7,"new_thing":{}}]}'])
    channel = bot(lambda _: httpx.Response(200, text=next(answers)), receiving="abruf")
    first = await anext(aiter(channel.pull("123456789:5")))
    assert first.cursor == "123456789:8"
    assert isinstance(channel.parse(first.body)[0], UnknownEvent)


async def test_every_call_of_a_poll_is_by_the_published_table(line: TelegramLine) -> None:
    """The sandbox refuses what the table does not know, so a whole life of a bot shows that it does."""
    calls: list[tuple[str, dict[str, Any]]] = []

    async def note(request: httpx.Request) -> None:
        if request.headers.get("content-type") == "application/json":
            calls.append((request.url.path.rpartition("/")[2], json.loads(request.content)))

    line.http.event_hooks = {"request": [note]}
    await line.started()
    await line.channel.check(HOOK)
    bubble = line.sabine.send_photo(JPEG, "image/jpeg")
    await line.channel.fetch_media(MediaRef(bubble.picture), no_raw)
    line.channel = Telegram({**line.settings, "receiving": "abruf"}, line.http, BASES)
    await line.channel.check(HOOK)
    line.sabine.write("Hallo")
    await pulled(line, "", 1)
    published = Published()
    assert {name for name, _ in calls} == {"getMe", "getWebhookInfo", "setWebhook", "getFile", "deleteWebhook", "getUpdates"}  # fmt: skip
    assert [wrong for name, args in calls for wrong in published.call(name, args)] == []
