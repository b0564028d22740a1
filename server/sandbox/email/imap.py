"""A mailbox's door for reading: the part of IMAP4rev1 a careful reader needs, and BAD for all else (RFC 3501)."""

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from server.sandbox.email.listener import Listener
from server.sandbox.world import Account, Fault, World

CALL = "email.pull"
MAX_LINE = 8_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(slots=True)
class Kept:
    """One mail in a folder; `seen` becomes true when somebody reads it without PEEK.

    `held_back`: what the server says instead of it, "" = it gives it; "-" = an OK without a word of it. `head_held_back`
    makes it the same for the head.
    """

    uid: int
    raw: bytes
    at: datetime
    seen: bool = False
    held_back: str = ""
    head_held_back: bool = False


@dataclass(slots=True)
class Folder:
    """UIDs only rise as long as `validity` stands; `closed` is the NO that answers whoever opens it, "" = none."""

    validity: int = 1
    next_uid: int = 1
    mails: list[Kept] = field(default_factory=list)
    closed: str = ""

    def add(self, raw: bytes, at: datetime) -> Kept:
        kept = Kept(self.next_uid, raw, at)
        self.next_uid += 1
        self.mails.append(kept)
        return kept

    def renumber(self) -> None:
        """Give every mail a new UID, as a provider that moves a mailbox to another server does."""
        self.validity += 1
        for place, kept in enumerate(self.mails, 1):
            kept.uid = place
        self.next_uid = len(self.mails) + 1


class ImapDoor:
    """Listens on the loopback; `folders` are those of the account that logs in."""

    def __init__(
        self,
        world: World,
        *,
        login: Callable[[str, str], Account | None],
        folders: Callable[[Account], dict[str, Folder]],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.world, self.login, self.folders = world, login, folders
        self._context = context
        self._listener = Listener(lambda reader, writer: _Talk(self, reader, writer).go())
        self.commands: list[str] = []

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def open_lines(self) -> int:
        """Return how many clients are connected."""
        return self._listener.open_lines

    async def open(self) -> None:
        await self._listener.open(limit=MAX_LINE, context=self._context)

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        await self._listener.close()


class _No(Exception):
    """The answer is NO, with these words."""


class _Talk:
    """One connection."""

    def __init__(self, door: ImapDoor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._door, self._reader, self._writer = door, reader, writer
        self._account: Account | None = None
        self._folder: Folder | None = None
        self._readonly = True

    async def go(self) -> None:
        fault = self._door.world.next_fault(CALL)
        if fault in (Fault.UNREACHABLE, Fault.RESET_BEFORE, Fault.SLOW_BEFORE):
            self._writer.transport.abort()
            return
        if fault is not None and fault is not Fault.REFUSED:
            await self._say("* BYE Server shutting down")
            return
        await self._say("* OK IMAP4rev1 sandbox.example")
        while True:
            line = (await self._reader.readuntil(b"\r\n"))[:-2].decode()
            tag, _, rest = line.partition(" ")
            verb, _, given = rest.partition(" ")
            command = f"UID {given.partition(' ')[0]}" if verb.upper() == "UID" else verb
            self._door.commands.append(re.sub(r"^LOGIN.*", "LOGIN", rest, flags=re.I))
            if fault is Fault.REFUSED and command.upper() in ("LOGIN", "AUTHENTICATE"):
                await self._say(f"{tag} NO [UNAVAILABLE] Temporary authentication failure")
                continue
            try:
                done = await self._answer(command.upper(), given, tag)
            except _No as no:
                await self._say(f"{tag} NO {no}")
                continue
            except ValueError:
                await self._say(f"{tag} BAD {command} in this form or state")
                continue
            await self._say(f"{tag} OK {done}")
            if command.upper() == "LOGOUT":
                return

    async def _answer(self, command: str, given: str, tag: str) -> str:
        match command:
            case "CAPABILITY":
                await self._say("* CAPABILITY IMAP4rev1 AUTH=PLAIN")
            case "NOOP":
                pass
            case "LOGOUT":
                await self._say("* BYE Logging out")
            case "LOGIN":
                self._enter(*_words(given, 2))
            case "AUTHENTICATE":
                await self._authenticate(given)
            case "SELECT" | "EXAMINE":
                return await self._select(_words(given, 1)[0], readonly=command == "EXAMINE")
            case "UID SEARCH":
                found = self._search(given.partition(" ")[2])
                await self._say(" ".join(["* SEARCH", *map(str, found)]))
            case "UID FETCH":
                await self._fetch(given.partition(" ")[2])
            case _:
                raise ValueError(command)
        return f"{command} completed"

    async def _authenticate(self, given: str) -> None:
        if given.upper() != "PLAIN":
            raise _No("Unknown method")
        await self._say("+ ")
        line = (await self._reader.readuntil(b"\r\n"))[:-2]
        try:
            _, user, password = base64.b64decode(line, validate=True).decode().split("\0")
        except (binascii.Error, UnicodeError) as error:
            raise ValueError("not base64") from error
        self._enter(user, password)

    def _enter(self, user: str, password: str) -> None:
        self._account = self._door.login(user, password)
        if self._account is None:
            raise _No("[AUTHENTICATIONFAILED] Invalid credentials")

    async def _select(self, name: str, *, readonly: bool) -> str:
        if self._account is None:
            raise ValueError("not logged in")
        self._folder = self._door.folders(self._account).get(name)
        if self._folder is None:
            raise _No("[NONEXISTENT] No such mailbox")
        if self._folder.closed:
            raise _No(self._folder.closed)
        self._readonly = readonly
        await self._say(
            r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)",
            f"* {len(self._folder.mails)} EXISTS",
            "* 0 RECENT",
            f"* OK [UIDVALIDITY {self._folder.validity}] UIDs valid",
            f"* OK [UIDNEXT {self._folder.next_uid}] Predicted next UID",
        )
        return "[READ-ONLY] EXAMINE completed" if readonly else "[READ-WRITE] SELECT completed"

    def _search(self, criteria: str) -> list[int]:
        mails = self._opened().mails
        if criteria == "ALL":
            return [kept.uid for kept in mails]
        if since := re.fullmatch(r"SINCE (\d{1,2})-([A-Z][a-z]{2})-(\d{4})", criteria):
            day = datetime(int(since[3]), MONTHS.index(since[2]) + 1, int(since[1]), tzinfo=UTC)
            return [kept.uid for kept in mails if kept.at >= day]
        if span := re.fullmatch(r"UID (\d+):\*", criteria):
            last = mails[-1].uid if mails else 0
            first = min(int(span[1]), last)  # a range is never empty: "*" is the last mail
            return [kept.uid for kept in mails if first <= kept.uid <= last]
        raise ValueError(criteria)

    async def _fetch(self, given: str) -> None:
        uid, _, wanted = given.partition(" ")
        if not (uid.isdigit() and wanted.startswith("(") and wanted.endswith(")")):
            raise ValueError(given)
        for place, kept in enumerate(self._opened().mails, 1):
            if kept.uid == int(uid):
                parts = list(self._parts(kept, wanted[1:-1].split()))
                self._writer.write(f"* {place} FETCH (".encode() + b" ".join(parts) + b")\r\n")

    def _parts(self, kept: Kept, wanted: list[str]) -> Iterator[bytes]:
        for name in wanted:
            body = re.fullmatch(r"BODY(\.PEEK)?\[\](?:<(\d+)\.(\d+)>)?", name)
            if name == "UID":
                yield f"UID {kept.uid}".encode()
            elif name == "INTERNALDATE":
                month = MONTHS[kept.at.month - 1]
                yield f'INTERNALDATE "{kept.at.day:2d}-{month}-{kept.at:%Y %H:%M:%S} +0000"'.encode()
            elif name == "RFC822.SIZE":
                yield f"RFC822.SIZE {len(kept.raw)}".encode()
            elif kept.held_back and (body or kept.head_held_back):
                if kept.held_back != "-":
                    raise _No(kept.held_back)
            elif name == "BODY.PEEK[HEADER]":
                head = kept.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                yield f"BODY[HEADER] {{{len(head)}}}\r\n".encode() + head
            elif body:
                kept.seen = kept.seen or not (body[1] or self._readonly)
                start, count = (int(body[2]), int(body[3])) if body[2] else (0, len(kept.raw))
                shown, origin = kept.raw[start : start + count], f"<{start}>" if body[2] else ""
                yield f"BODY[]{origin} {{{len(shown)}}}\r\n".encode() + shown
            else:
                raise ValueError(name)

    def _opened(self) -> Folder:
        if self._folder is None:
            raise ValueError("no folder selected")
        return self._folder

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


def _words(given: str, count: int) -> list[str]:
    """Return that many arguments, quoted or bare. Raises ValueError for another number."""
    found = re.findall(r'"((?:[^"\\]|\\["\\])*)"|([^\s"(){%*\\]+)', given)
    words = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in found]
    if len(words) != count:
        raise ValueError(given)
    return words
