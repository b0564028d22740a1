"""What every platform of the sandbox is, how its calls go wrong, and how it refuses."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from server.sandbox.wire import accident
from server.sandbox.world import Account, Bubble, Fault, File, Person, World

MAX_IMAGE_BYTES = 5_000_000
_BEFORE = {Fault.UNREACHABLE, Fault.RESET_BEFORE, Fault.SLOW_BEFORE, Fault.ERROR_BEFORE}
Endpoint = Callable[[Request], Awaitable[Response]]


class Platform(Protocol):
    """One messenger's side of every conversation; the customers' phones are the world's.

    Built as `Platform(world, postman)`. `files` are pictures by the name the bubbles give them.
    """

    kind: ClassVar[str]
    files: dict[str, File]

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Return the platform's doors."""

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Put the customer's own bubble on his screen and tell the firm; a tap names its message in `quoted`."""

    def keep(self, data: bytes, mime: str) -> str:
        """Store a customer's file and return its name in `files`."""

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer look at the chat: what was delivered is read, and the firm hears of it if ever."""

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Let the customer block the firm or let it in again, and tell the firm if the platform does."""

    def bubble_id(self) -> str:
        """Return the name this platform gives a customer's next message."""


@runtime_checkable
class Opens(Protocol):
    """A platform with a life of its own: sockets to listen on, people to push to."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Act:
    """Something a tester can let a person do on the phone's page; `word` labels what he types for it, "" = nothing."""

    name: str
    label: str
    word: str = ""


@runtime_checkable
class Acts(Protocol):
    """A platform whose people do more than write and tap: change their number, take a message back …"""

    @property
    def acts(self) -> Sequence[Act]: ...

    def act(self, account: Account, person: Person, name: str, word: str) -> None:
        """Let it happen; an unknown name or a missing word does nothing."""


class Refused(Exception):
    """The platform says no, in its own words and with its own status."""

    def answer(self) -> Response:
        raise NotImplementedError


def faulty(world: World, call: str, endpoint: Endpoint, refused: Callable[[], Refused]) -> Endpoint:
    """Return the endpoint with the faults ordered for its calls; `refused` makes the refusal that may be ordered."""

    async def answer(request: Request) -> Response:
        fault = world.next_fault(call)
        if fault in _BEFORE:
            return accident(fault)
        if fault is Fault.REFUSED:
            return refused().answer()
        try:
            done = await endpoint(request)
        except Refused as refusal:
            return refusal.answer()
        return accident(fault) if fault else done

    return answer


def image_type(data: bytes) -> str:
    """Return the type of a picture by its first bytes, "" for anything that is none."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return ""


def address(request: Request, path: str) -> str:
    """Return a full address inside this application, wherever it is mounted."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}{path}"


def is_play(secret: str) -> bool:
    """Say whether a token can only be a sandbox's: no real one holds this word."""
    return "sandbox-" in secret
