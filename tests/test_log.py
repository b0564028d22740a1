"""What the log says of a failure: where, which kind, which code; never what somebody typed."""

import json
import logging

import pytest

from server.channels.base import ChannelError
from server.domain.errors import Invalid
from server.log import start_logging

PRIVATE = "Frau Müller, +49 170 1234567"


def logged(failure: BaseException, capsys: pytest.CaptureFixture[str]) -> str:
    handlers, level = logging.root.handlers[:], logging.root.level
    start_logging("INFO")
    try:
        logging.getLogger("server.test").error(
            "task failed", exc_info=failure, extra={"task": "photo.render"}
        )
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
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
