"""Listening to Signal: stored first, told once, and every break of the line told as a gap."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from server.channels.base import ChannelError
from server.channels.signal import line as signal_line
from server.channels.signal.channel import Signal
from server.clock import now
from server.domain.events import Gap, InboundMessage
from server.sandbox import Fault, Whims
from tests.channels.lines import JPEG
from tests.channels.signal_lines import (
    BASE,
    SETTINGS,
    Heard,
    SignalLine,
    listening,
    moment,
    served,
)
from tests.channels.sockets import socket_that


@pytest.fixture
async def line() -> AsyncIterator[SignalLine]:
    fresh = SignalLine()
    async with fresh.http:
        yield fresh


async def test_the_websocket_tells_what_comes_in_its_order(line: SignalLine) -> None:
    async with served(line), listening(line) as heard:
        for number in range(30):
            line.sabine.write(f"Nr. {number}")
        line.far.send_files(
            line.account, line.person, "zwei", *[line.far.keep(JPEG, "image/jpeg") for _ in range(2)]
        )
        told = await heard.until(32)
        texts = [event.text for event in told if isinstance(event, InboundMessage)]
        assert texts == [*(f"Nr. {number}" for number in range(30)), "zwei", ""]
        assert heard.cursor.startswith("json-rpc ")


async def test_typing_leaves_no_row(line: SignalLine) -> None:
    async with served(line), listening(line) as heard:
        line.far.type(line.account, line.person)
        line.sabine.write("da")
        await heard.until(1)
        assert len(heard.bodies) == 1


async def test_a_long_text_comes_whole(line: SignalLine) -> None:
    words = "Bitte die Fuge am Fenster grau, " * 200
    async with served(line), listening(line) as heard:
        line.sabine.write(words)
        (message,) = await heard.until(1)
        assert isinstance(message, InboundMessage)
        assert (message.text, message.media) == (words, None)
        line.sandbox.set_fault("signal.files", Fault.ERROR_BEFORE)
        line.sabine.write(words)
        _, second = await heard.until(2)
        assert isinstance(second, InboundMessage) and second.media
        assert words.startswith(second.text) and second.media.mime == "text/x-signal-plain"
        assert await line.channel.fetch_media(second.media, _none) == words.encode()


async def _none() -> bytes:
    return b""


async def test_what_nobody_heard_is_told_as_a_gap(line: SignalLine) -> None:
    async with served(line):
        async with listening(line) as heard:
            line.sabine.write("gehört")
            await heard.until(1)
            line.far.outlet.hang_up()
            await _ended(heard)
        assert isinstance(heard.error, ChannelError) and heard.error.code == "signal.line_lost"
        line.sabine.write("ungehört")
        assert line.far.outlet.lost == 1
        async with listening(line, heard.cursor) as again:
            (gap,) = await again.until(1)
        assert isinstance(gap, Gap)
        assert gap.since == moment(heard.cursor)
        assert gap.since < gap.until <= now()
        assert moment(again.cursor) == gap.until


async def test_the_first_time_nothing_can_have_been_lost(line: SignalLine) -> None:
    async with served(line), listening(line, "") as heard:
        line.sabine.write("da")
        (first,) = await heard.until(1)
        assert isinstance(first, InboundMessage)
        assert moment(heard.cursor) > now() - timedelta(minutes=1)


async def test_a_quiet_line_gives_signs_of_life(line: SignalLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_line, "HEARTBEAT_S", 0.02)
    async with served(line), listening(line) as heard:
        async with asyncio.timeout(20):
            while heard.signs < 5:
                await asyncio.sleep(0.01)
        assert heard.bodies == []
        line.sabine.write("da")
        await heard.until(1)


async def test_rubbish_and_doubles_on_the_line_harm_nothing(line: SignalLine) -> None:
    line.sandbox.set_whims(Whims(broken=0.4, duplicate=0.4, reorder=0.4))
    async with served(line), listening(line) as heard:
        for number in range(40):
            line.sabine.write(f"Nr. {number}")
        async with asyncio.timeout(20):
            while len({one.key for one in heard.events if isinstance(one, InboundMessage)}) < 40:
                await asyncio.sleep(0.01)
        assert heard.error is None


async def test_no_container_no_line() -> None:
    async with httpx.AsyncClient() as http:
        heard = Heard(Signal(SETTINGS, http, {"signal_base": "http://127.0.0.1:9"}))
        await heard.listen("")
    assert isinstance(heard.error, ChannelError)
    assert (heard.error.code, heard.error.permanent) == ("signal.unreachable", False)


async def test_something_else_at_the_address_is_no_container() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()

    async with socket_that(other) as base, httpx.AsyncClient() as http:
        heard = Heard(Signal(SETTINGS, http, {"signal_base": base}))
        await heard.listen("")
    assert isinstance(heard.error, ChannelError)
    assert heard.error.code == "signal.unreachable"


async def test_in_rounds_a_batch_is_one_row(line: SignalLine) -> None:
    line.far.outlet.mode = "normal"
    line.sabine.write("eins")
    line.far.type(line.account, line.person)
    line.sabine.write("zwei")
    heard = await _rounds(line, 1)
    assert len(heard.bodies) == 1
    assert [event.text for event in heard.events if isinstance(event, InboundMessage)] == ["eins", "zwei"]
    assert heard.cursor.startswith("normal ")


async def test_in_rounds_a_break_loses_only_the_answer_it_broke(line: SignalLine) -> None:
    """Signal's own server keeps what was not asked for: only the answer that broke off is gone."""
    line.far.outlet.mode = "native"
    line.sabine.write("verloren")
    line.sandbox.set_fault("signal.receive", Fault.RESET_AFTER)
    heard = await _rounds(line, 1)
    (gap,) = heard.events
    assert isinstance(gap, Gap) and gap.until - gap.since < timedelta(minutes=1)
    line.sandbox.set_fault("signal.receive", Fault.UNREACHABLE)
    line.sabine.write("kommt noch")
    refused = Heard(line.channel)
    await refused.listen(heard.cursor)
    assert isinstance(refused.error, ChannelError) and refused.events == []
    (message,) = (await _rounds(line, 1, heard.cursor)).events
    assert isinstance(message, InboundMessage) and message.text == "kommt noch"


async def test_a_container_that_changed_its_mode_owes_a_gap(line: SignalLine) -> None:
    line.far.outlet.mode = "normal"
    since = now() - timedelta(hours=2)
    (gap,) = (await _rounds(line, 1, f"json-rpc {since.isoformat()}")).events
    assert isinstance(gap, Gap) and gap.since == since


@pytest.mark.parametrize("cursor", ["unsinn", "json-rpc gestern", "42"])
async def test_a_cursor_of_other_settings_is_no_gap(line: SignalLine, cursor: str) -> None:
    line.far.outlet.mode = "normal"
    line.sabine.write("da")
    (message,) = (await _rounds(line, 1, cursor)).events
    assert isinstance(message, InboundMessage)


async def test_a_refusal_names_itself(line: SignalLine) -> None:
    line.far.outlet.mode = "normal"
    heard = Heard(Signal({"number": "+4930999999"}, line.http, {"signal_base": BASE}))
    await heard.listen("")
    assert isinstance(heard.error, ChannelError)
    assert heard.error.detail == "400: User +4930999999 is not registered."


async def _rounds(line: SignalLine, count: int, cursor: str = "") -> Heard:
    heard = Heard(line.channel)
    async for pulled in line.channel.pull(cursor):
        heard.cursor = pulled.cursor
        heard.bodies += [pulled.body] if pulled.body else []
        count -= 1
        if not count:
            break
    return heard


async def _ended(heard: Heard) -> None:
    async with asyncio.timeout(20):
        while heard.error is None:
            await asyncio.sleep(0.01)
