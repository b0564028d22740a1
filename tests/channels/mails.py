"""A mail channel with the sandbox's servers behind it, and nasty mails made by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx

from server.channels.base import Pulled
from server.channels.email.channel import Email
from server.domain.channels import Blocked, Draft, Step
from server.domain.events import Event
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import Outcome
from server.ids import new_id
from server.sandbox import Sandbox, create_sandbox
from server.sandbox.email.platform import EmailPlatform
from tests.channels.lines import NOON, load

ADDRESS = "post@berger.example"
SETTINGS = {
    "address": ADDRESS,
    "sender_name": "Malerbetrieb Berger",
    "password": "sandbox-geheim",
    "smtp_host": "mail.berger.example",
    "imap_host": "mail.berger.example",
}
PETRA = Identity(IdentityKind.EMAIL, "petra@kunde.example")
OWN = "0193a7b4-1111-7222-8333-444455556666"
OWN_ID = f"<zollstock.{OWN}@berger.example>"


def _no_http(request: httpx.Request) -> httpx.Response:
    raise AssertionError("mail needs no HTTP")


def client() -> httpx.AsyncClient:
    """Return a client that must not be used; a real one would load the system's certificates each time."""
    return httpx.AsyncClient(transport=httpx.MockTransport(_no_http))


def offline(**settings: str) -> Email:
    """Return a channel that plans and parses; nobody is at its servers."""
    return Email({**SETTINGS, **settings}, client(), {})


def mail(
    body: str | bytes = "Guten Tag", *, cte: str = "", kind: str = "text/plain; charset=utf-8", **headers: str
) -> bytes:
    """Return a mail of Petra's; headers by name with _ for -, None-like "" leaves one out."""
    given = {
        "Received": "by mx.berger.example; Fri, 20 Nov 2026 12:00:05 +0000",
        "From": "Petra Müller <petra@kunde.example>",
        "To": ADDRESS,
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        "Message-ID": "<m1@kunde.example>",
        "Subject": "Frage",
        "MIME-Version": "1.0",
        "Content-Type": kind,
        "Content-Transfer-Encoding": cte,
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    content = body if isinstance(body, bytes) else body.replace("\n", "\r\n").encode()
    return head.encode() + b"\r\n" + content


def parts(*rows: str | bytes, edge: str = "=_x") -> bytes:
    """Return the body of a multipart; each row is a part with its own headers."""
    made = [row if isinstance(row, bytes) else row.replace("\n", "\r\n").encode() for row in rows]
    mark = f"--{edge}".encode()
    return b"".join(mark + b"\r\n" + row + b"\r\n" for row in made) + mark + b"--\r\n"


class MailLine:
    """The firm's end: a channel and where its reading stands; the clock stands too."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.account = sandbox.add_account(
            "firm",
            kind="email",
            name="Malerbetrieb Berger",
            own_id=ADDRESS,
            display=ADDRESS,
            token=SETTINGS["password"],
            secret="",
        )
        self.person = sandbox.add_person("petra", "Petra Müller", "+491712345678")
        self.petra = sandbox.customer("petra", "firm")
        self.channel = self.opened()
        self.cursor = ""

    @property
    def platform(self) -> EmailPlatform:
        return self.sandbox.email

    @property
    def inbox(self) -> list[bytes]:
        return [kept.raw for kept in self.platform.folders_of(self.account)["INBOX"].mails]

    def opened(self, **settings: str) -> Email:
        bases = {"smtp_url": self.platform.smtp_url, "imap_url": self.platform.imap_url}
        return Email({**SETTINGS, **settings}, client(), bases)

    def plan(self, said: Draft, to: Identity = PETRA) -> list[Step]:
        steps = self.channel.plan(said, to, NOON, None)
        assert not isinstance(steps, Blocked), steps
        return steps

    async def say(self, said: Draft, to: Identity = PETRA) -> list[Outcome]:
        return [await self.channel.send(step, new_id(), load) for step in self.plan(said, to)]

    async def fetched(self, wanted: int) -> list[Pulled]:
        """Read that many raw events and note the place, as the puller does, then let the line go.

        Signs of life are passed over; an empty body with a new place counts.
        """
        found: list[Pulled] = []
        line = self.channel.pull(self.cursor)
        try:
            async with asyncio.timeout(5):
                async for one in line:
                    if not one.body and one.cursor == self.cursor:
                        continue
                    found.append(one)
                    self.cursor = one.cursor
                    if len(found) >= wanted:
                        break
        finally:
            await line.aclose()  # type: ignore[attr-defined]
        return found

    async def started(self) -> "MailLine":
        """Begin reading, so that what comes from now on is new."""
        (place,) = await self.fetched(1)
        assert place.body == b""
        return self

    async def heard(self, wanted: int) -> list[Event]:
        return [event for one in await self.fetched(wanted) for event in self.channel.parse(one.body)]


@asynccontextmanager
async def open_line(at: datetime = NOON, seed: int = 1) -> AsyncIterator[MailLine]:
    async def nobody(path: str, body: bytes, headers: object) -> int:
        raise AssertionError("mail has no webhooks")

    sandbox = create_sandbox(deliver=nobody, clock=lambda: at, seed=seed)
    await sandbox.open()
    try:
        yield MailLine(sandbox)
    finally:
        await sandbox.close()
