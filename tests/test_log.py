"""What the log says of a failure: where, which kind, which code; never what somebody typed."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import aiosqlite
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from server.channels.base import ChannelError
from server.domain.errors import Invalid
from server.log import QUOTING, start_logging

PRIVATE = "Frau Müller, +49 170 1234567"


@contextmanager
def as_the_server(level: str) -> Iterator[None]:
    """Log as the server does; afterwards everything is as before."""
    handlers, before = logging.root.handlers[:], logging.root.level
    levels = {name: logging.getLogger(name).level for name in QUOTING}
    start_logging(level)
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(before)
        for name, its in levels.items():
            logging.getLogger(name).setLevel(its)


def logged(failure: BaseException, capsys: pytest.CaptureFixture[str]) -> str:
    with as_the_server("INFO"):
        logging.getLogger("server.test").error(
            "task failed", exc_info=failure, extra={"task": "photo.render"}
        )
    line = json.loads(capsys.readouterr().err)
    assert line["task"] == "photo.render"
    return str(line["trace"])


def fetch(word: str) -> None:
    try:
        int(word)
    except ValueError as wrong:
        raise ChannelError("media.gone", permanent=True, detail=word) from wrong


def raised(word: str) -> Exception:
    with pytest.raises(ChannelError) as failure:
        fetch(word)
    return failure.value


def test_a_trace_names_place_kind_and_code(capsys: pytest.CaptureFixture[str]) -> None:
    trace = logged(raised(PRIVATE), capsys)
    assert trace.index("ValueError") < trace.index("ChannelError: media.gone")
    assert "in fetch" in trace and "test_log.py" in trace


def test_a_trace_quotes_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    gathered = ExceptionGroup(PRIVATE, [raised(PRIVATE), Invalid("field.required", field="name")])
    trace = logged(gathered, capsys)
    assert "Müller" not in trace and "1234567" not in trace
    assert "ExceptionGroup" in trace and "Invalid: field.required" in trace


def test_the_machine_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No space left on device" in logged(OSError(28, "No space left on device"), capsys)


async def _say(line: ServerConnection) -> None:
    await line.send(PRIVATE)


async def test_who_looks_for_an_error_reads_nobodys_words(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG the libraries below write whatever goes through them: frames of a line, values of a statement."""
    with as_the_server("DEBUG"):
        async with serve(_say, "127.0.0.1", 0) as signal:
            port = signal.sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}/v1/receive/+491701234567") as line:
                assert await line.recv() == PRIVATE
        base = await aiosqlite.connect(":memory:")
        await base.execute("SELECT ?", (PRIVATE,))
        await base.close()
        logging.getLogger("server.test").debug("looked")
    written = capsys.readouterr().err
    assert "looked" in written
    assert "Müller" not in written and "1234567" not in written
