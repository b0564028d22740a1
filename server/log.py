"""Logging as one JSON object a line, without personal data: ids and codes, never names, texts or numbers."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

# What writes whatever goes through it, some already at INFO: httpx whole addresses (and some platforms carry their
# token there), the line to Signal its frames, the databases the values of every statement.
QUOTING = ("httpx", "httpcore", "websockets", "aiosqlite", "tortoise", "asyncpg")
_PLAIN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
        }
        line |= {key: str(value) for key, value in record.__dict__.items() if key not in _PLAIN}
        if record.exc_info and record.exc_info[1]:
            line["trace"] = "".join(_told(error) for error in _chain(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error after what led to it and what it gathers."""
    below = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    gathered = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for one in (*([below] if below else []), *gathered):
        yield from _chain(one)
    yield error


def _told(error: BaseException) -> str:
    """Return where it happened and of what kind it is. Only the machine's own words are kept, and our codes: all others
    may quote what somebody typed (asyncpg names the value of a key that is there twice, int() the word it got).
    """
    code = getattr(error, "code", "")
    words = str(error) if isinstance(error, OSError) else code if isinstance(code, str) else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__qualname__}{f': {words}' if words else ''}\n"


def start_logging(level: str) -> None:
    """Send all log records to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUOTING:
        logging.getLogger(name).setLevel(logging.WARNING)
