"""Guesses at the addresses that are keys: counted per caller in this process, and refused when there are too many.

A secret of 192 bits cannot be guessed; whoever tries costs us a look into the database each time. Only what leads
nowhere counts, and only where callers can be told apart: behind a proxy nobody has listed all the firm's customers
would be one caller.
"""

from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request

from server.domain.errors import TooManyTries
from server.web import session
from server.web.state import services

MISSES, PER_S = 30, 60
# More callers than this in one minute are not remembered one by one: the memory is bounded.
CALLERS_MAX = 10_000


class Misses:
    """How often each caller has missed in the minute that runs."""

    def __init__(self) -> None:
        self._minute = 0
        self._of: dict[str, int] = {}

    def number(self, caller: str, at: datetime) -> int:
        self._turn(at)
        return self._of.get(caller, 0)

    def add(self, caller: str, at: datetime) -> None:
        self._turn(at)
        if caller in self._of or len(self._of) < CALLERS_MAX:
            self._of[caller] = self._of.get(caller, 0) + 1

    def _turn(self, at: datetime) -> None:
        minute = int(at.timestamp()) // PER_S
        if minute != self._minute:
            self._minute, self._of = minute, {}


def watch(app: Starlette) -> None:
    """Let an application remember who has missed."""
    app.state.misses = Misses()


def admit(request: Request) -> None:
    """Let a caller ask by an address that is a key. Raises TooManyTries for one who has missed too often."""
    caller, at = _caller(request), services(request).clock()
    if caller and _misses(request).number(caller, at) >= MISSES:
        raise TooManyTries("link.wait", retry_after_s=PER_S - int(at.timestamp()) % PER_S)


def missed(request: Request) -> None:
    """Note that an address led nowhere."""
    if caller := _caller(request):
        _misses(request).add(caller, services(request).clock())


def _caller(request: Request) -> str:
    """Return who calls, "" where a proxy stands before us that is not listed."""
    found = session.address_of(request)
    forwarded = request.headers.get("x-forwarded-for") or request.headers.get("forwarded")
    direct = request.client.host if request.client else ""
    return "" if forwarded and found == direct else found


def _misses(request: Request) -> Misses:
    found: Misses = request.app.state.misses
    return found
