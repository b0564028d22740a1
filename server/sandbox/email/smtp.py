"""A mail server's door for outgoing mail, as strict as good ones are (RFC 5321, 4954, 1870, 6152)."""

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Callable

from server.sandbox.email.listener import Listener
from server.sandbox.world import Account, Fault, World

MAX_MAIL_BYTES = 26_214_400
MAX_COMMAND, MAX_LINE = 512, 1000
# How long a customer's provider is silent before it drops the line, when told to be slow.
SILENCE_S = 0.05
CALL = "email.messages"


class MailRefused(Exception):
    """The server says no, with its code and words ("550 5.1.1 No such user")."""


class SmtpDoor:
    """Listens on the loopback. `login` finds an account, `rcpt` and `take` raise MailRefused."""

    def __init__(
        self,
        world: World,
        *,
        login: Callable[[str, str], Account | None],
        rcpt: Callable[[Account, str], None],
        take: Callable[[Account, str, bytes], None],
        context: ssl.SSLContext | None = None,
        starttls: bool = False,
    ) -> None:
        self.world, self.login, self.rcpt, self.take = world, login, rcpt, take
        self.context, self.starttls = context, starttls
        self._listener = Listener(lambda reader, writer: _Talk(self, reader, writer).go())

    @property
    def port(self) -> int:
        return self._listener.port

    async def open(self) -> None:
        await self._listener.open(limit=MAX_LINE * 70, context=None if self.starttls else self.context)

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        await self._listener.close()


class _Talk:
    """One connection, from greeting to QUIT."""

    def __init__(self, door: SmtpDoor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._door, self._reader, self._writer = door, reader, writer
        self._greeted = False
        self._secure = door.context is None or not door.starttls
        self._account: Account | None = None
        self._sender = self._recipient = ""
        self._eight_bit = False
        self._fault: Fault | None = None

    async def go(self) -> None:
        waiting = self._door.world.faults.get(CALL)
        if waiting and waiting[0] is Fault.UNREACHABLE:
            waiting.popleft()
            self._reset()
            return
        await self._say("220 sandbox.example ESMTP")
        while True:
            line = await self._reader.readuntil(b"\r\n")
            if len(line) > MAX_COMMAND or b"\n" in line[:-2]:
                await self._say("500 5.5.2 Line too long or bare line feed")
                continue
            words = line[:-2].decode("ascii", "replace")
            verb, _, rest = words.partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 2.0.0 Bye")
                return
            try:
                await self._answer(verb.upper(), rest)
            except MailRefused as refusal:
                await self._say(str(refusal))

    async def _answer(self, verb: str, rest: str) -> None:
        match verb:
            case "EHLO":
                await self._ehlo(rest)
            case "STARTTLS" if not self._secure:
                await self._start_tls()
            case "AUTH":
                await self._auth(rest)
            case "MAIL":
                await self._mail(rest)
            case "RCPT":
                await self._rcpt(rest)
            case "DATA":
                await self._data()
            case "RSET" | "NOOP":
                self._sender = self._recipient = ""
                await self._say("250 2.0.0 OK")
            case "HELO":
                raise MailRefused("502 5.5.1 This server wants EHLO")
            case _:
                raise MailRefused("500 5.5.2 Unknown command")

    async def _ehlo(self, name: str) -> None:
        _need(re.fullmatch(r"[A-Za-z0-9.\[\]:-]{1,255}", name), "501 5.5.4 EHLO needs a name")
        self._greeted = True
        offers = [f"SIZE {MAX_MAIL_BYTES}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        offers += ["AUTH PLAIN LOGIN"] if self._secure else ["STARTTLS"]
        lines = ["sandbox.example", *offers]
        await self._say(*[f"250-{line}" for line in lines[:-1]], f"250 {lines[-1]}")

    async def _start_tls(self) -> None:
        assert self._door.context is not None
        await self._say("220 2.0.0 Ready to start TLS")
        await self._writer.start_tls(self._door.context)
        self._secure, self._greeted = True, False

    async def _auth(self, rest: str) -> None:
        _need(self._greeted and self._secure, "503 5.5.1 EHLO first, and TLS")
        _need(self._account is None, "503 5.5.1 Already logged in")
        method, _, initial = rest.partition(" ")
        if method.upper() == "PLAIN":
            given = _plain(initial or await self._ask("")).split("\0")
            _need(len(given) == 3, "501 5.5.2 Not PLAIN")
            user, password = given[1:]
        elif method.upper() == "LOGIN":
            user = _plain(initial or await self._ask("VXNlcm5hbWU6"))
            password = _plain(await self._ask("UGFzc3dvcmQ6"))
        else:
            raise MailRefused("504 5.5.4 Unknown method")
        self._account = self._door.login(user, password)
        _need(self._account, "535 5.7.8 Authentication credentials invalid")
        await self._say("235 2.7.0 Welcome")

    async def _mail(self, rest: str) -> None:
        _need(self._greeted, "503 5.5.1 EHLO first")
        account = self._account
        if account is None:
            raise MailRefused("530 5.7.0 Authentication required")
        _need(not self._sender, "503 5.5.1 Nested MAIL")
        found = re.fullmatch(r"FROM:<([^<>\s]{3,254})>((?: [A-Za-z0-9=-]+)*)", rest, re.I)
        if found is None:
            raise MailRefused("501 5.5.4 MAIL FROM:<address>")
        options = dict(option.upper().partition("=")[::2] for option in found[2].split())
        _need(set(options) <= {"SIZE", "BODY"}, "555 5.5.4 Unknown option")
        size = options.get("SIZE", "0")
        _need(size.isdigit() and int(size) <= MAX_MAIL_BYTES, "552 5.3.4 Message too big")
        _need(found[1].lower() == account.own_id.lower(), "553 5.7.1 Sender address not owned by user")
        self._fault = self._door.world.next_fault(CALL)
        if self._fault is Fault.SLOW_BEFORE:
            await asyncio.sleep(SILENCE_S)
        if self._fault in (Fault.RESET_BEFORE, Fault.SLOW_BEFORE, Fault.UNREACHABLE):
            self._reset()
        self._eight_bit = options.get("BODY") == "8BITMIME"
        self._sender = found[1]
        await self._say("250 2.1.0 OK")

    async def _rcpt(self, rest: str) -> None:
        _need(self._sender, "503 5.5.1 MAIL first")
        _need(not self._recipient, "452 4.5.3 One recipient a mail here")
        found = re.fullmatch(r"TO:<([^<>\s]{3,254})>", rest, re.I)
        if found is None:
            raise MailRefused("501 5.5.4 RCPT TO:<address>")
        if self._fault is Fault.REFUSED:
            raise MailRefused("451 4.7.1 Greylisted, try again later")
        if self._fault is Fault.ERROR_BEFORE:
            raise MailRefused("451 4.3.0 Local error in processing")
        assert self._account is not None
        self._door.rcpt(self._account, found[1])
        self._recipient = found[1]
        await self._say("250 2.1.5 OK")

    async def _data(self) -> None:
        _need(self._recipient, "503 5.5.1 RCPT first")
        await self._say("354 End with <CR><LF>.<CR><LF>")
        mail, complaint = await self._read_mail()
        recipient, self._sender, self._recipient = self._recipient, "", ""
        assert self._account is not None
        if complaint:
            raise MailRefused(complaint)
        self._door.take(self._account, recipient, mail)
        match self._fault:
            case Fault.RESET_AFTER:
                self._reset()
            case Fault.SLOW_AFTER:
                await asyncio.sleep(SILENCE_S)
                self._reset()
            case Fault.ERROR_AFTER:
                await self._say("421 4.3.0 Service closing transmission channel")
                self._reset()
            case Fault.GARBAGE_AFTER:
                await self._say("<html>OK</html>")
            case _:
                await self._say("250 2.0.0 Queued")

    async def _read_mail(self) -> tuple[bytes, str]:
        """Return (mail with its dots unstuffed, why it is refused or "")."""
        mail, complaint = bytearray(), ""
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            if len(line) > MAX_LINE:
                complaint = "554 5.6.0 Line longer than 998 octets"
            elif b"\n" in line[:-2] or b"\r" in line[:-2]:
                complaint = "550 5.6.11 Bare line feed"
            elif not self._eight_bit and not line.isascii():
                complaint = "554 5.6.1 Eight-bit content not announced"
            mail += line[1:] if line.startswith(b".") else line
            if len(mail) > MAX_MAIL_BYTES:
                complaint = "552 5.3.4 Message too big"
                mail.clear()
        return bytes(mail), complaint

    async def _ask(self, challenge: str) -> str:
        await self._say(f"334 {challenge}")
        line = await self._reader.readuntil(b"\r\n")
        return line[:-2].decode("ascii", "replace")

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    def _reset(self) -> None:
        self._writer.transport.abort()
        raise ConnectionResetError("by order of the test")


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise MailRefused("501 5.5.2 Not base64") from error


def _need(holds: object, answer: str) -> None:
    if not holds:
        raise MailRefused(answer)
