"""Reading a mailbox by IMAP without touching it: by UID, PEEK only, in a thread (RFC 3501, 4549; imap-tools 1.16)."""

import asyncio
import contextlib
import imaplib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted

from server.channels.base import ChannelError, Pulled
from server.channels.email.cursor import Cursor, mark_of
from server.channels.email.settings import Mailbox, Tls
from server.domain.checkups import Finding

LINE_TIMEOUT_S = 30.0
# A STOP must count within a minute.
POLL_S = 20.0
# A server on this machine may be asked more often.
NEAR_POLL_S = 2.0
MAX_MAIL_BYTES = 30_000_000
# Written above a mail of which we hold the beginning only.
CUT_HEADER = b"X-Zollstock-Cut: "
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
P = ParamSpec("P")
T = TypeVar("T")
_ACCIDENTS = (imaplib.IMAP4.error, ImapToolsError, OSError, UnicodeError, ValueError)


# The server's own trouble, said with the same NO as a wrong password or a missing folder (RFC 5530; Gmail's words).
_BUSY = re.compile(
    r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|THROTTLED|OVERQUOTA)\]|too many simultaneous connections", re.I
)
# So often a mail is asked for that the server will not give, before the others behind it go on.
TRIES = 3


class _LoginRefused(Exception):
    """Name or password is not the server's."""


class _NotGiven(Exception):
    """The server holds the line and this mail, and does not give it (jstedfast/MailKit#358, mscdex/node-imap#867)."""


async def pull(box: Mailbox, cursor: str) -> AsyncIterator[Pulled]:
    """Yield each new mail as its bytes, for as long as the line holds; raises ChannelError.

    The first one ever is an empty body: only the place to go on from, so that nothing that comes while we are away
    is lost. A round that finds nothing yields one too, as a sign of life. `mail.login_refused` and `mail.folder_missing` are permanent: a human must look.
    """
    known, reader = Cursor.of(cursor), _Reader(box)
    try:
        await _in_thread(reader.open)
        while True:
            place = await _in_thread(reader.look, known)
            at = place.start
            if at != known or not place.uids:
                yield Pulled(b"", str(at))
            for uid in place.uids:
                mail = await _one(reader, uid)
                at = replace(at, uid=max(at.uid, uid), day=_later(at.day, mail.day))
                yield Pulled(mail.raw, str(at))
            known = at
            await asyncio.sleep(min(POLL_S, NEAR_POLL_S) if box.imap.near else POLL_S)
    finally:
        reader.close()


async def _one(reader: "_Reader", uid: int) -> "_Mail":
    """Return a mail, or what can be had of one the server does not give: it must not stand before all others for ever."""
    for _ in range(TRIES):
        try:
            return await _in_thread(reader.read, uid)
        except _NotGiven:
            await asyncio.sleep(POLL_S)
    return await _in_thread(reader.read_head, uid)


async def check(box: Mailbox) -> list[Finding]:
    """Log in and look for the folder; never raises."""
    reader = _Reader(box)
    try:
        await _in_thread(reader.open)
        await _in_thread(reader.look, None)
    except ChannelError as error:
        login = Finding("mail.imap", ok=error.code == "mail.folder_missing", detail=error.detail[:300])
        missing = [Finding("mail.folder", ok=False, detail=box.folder[:300])]
        return [replace(login, detail=""), *missing] if login.ok else [login]
    finally:
        reader.close()
    return [Finding("mail.imap", ok=True), Finding("mail.folder", ok=True, detail=box.folder[:300])]


async def _in_thread(call: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Run a blocking call of the library; every failure of line or server becomes a ChannelError."""
    try:
        return await asyncio.to_thread(call, *given, **named)
    except _LoginRefused as error:
        raise ChannelError("mail.login_refused", permanent=True, detail=_words(error)) from error
    except MailboxFolderSelectError as error:
        if _BUSY.search(str(error)):
            raise ChannelError("mail.unreachable", permanent=False, detail=_words(error)) from error
        raise ChannelError("mail.folder_missing", permanent=True, detail=_words(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise ChannelError("mail.certificate", permanent=True, detail=_words(error)) from error
    except _ACCIDENTS as error:
        raise ChannelError("mail.unreachable", permanent=False, detail=_words(error)) from error


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading starts and which UIDs are new, rising."""

    start: Cursor
    uids: list[int]


@dataclass(frozen=True, slots=True)
class _Mail:
    raw: bytes
    day: date | None


class _Reader:
    """The blocking half, used by one thread at a time."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        self._line: BaseMailBox | None = None
        self._closed = False

    def open(self) -> None:
        """Connect, close the line to others and log in."""
        server = self._box.imap
        if server.tls is Tls.TLS:
            made: BaseMailBox = MailBox(
                server.host, server.port, timeout=LINE_TIMEOUT_S, ssl_context=server.context()
            )
        else:
            made = MailBoxUnencrypted(server.host, server.port, timeout=LINE_TIMEOUT_S)
        self._line = made
        if self._closed:  # Whoever waited for this has gone meanwhile.
            self.close()
            raise OSError("the line is closed")
        if server.tls is Tls.STARTTLS:
            made.client.starttls(server.context())
        ascii_only = server.user.isascii() and server.password.isascii()
        try:
            (made.login if ascii_only else made.login_utf8)(server.user, server.password, None)
        except imaplib.IMAP4.abort:
            raise
        except (MailboxLoginError, imaplib.IMAP4.error) as error:
            if _BUSY.search(str(error)):
                raise
            raise _LoginRefused(str(error)) from error

    def look(self, at: Cursor | None) -> _Place:
        """Open the folder read-only and return what is new; a folder that is another than before is read from its day on."""
        line = self._opened()
        line.folder.set(self._box.folder, readonly=True)
        validity = self._number("UIDVALIDITY") or 1
        mark = mark_of(self._box)
        moved = at is not None and at.box not in ("", mark)
        if at is None or (moved and at.day is None):
            newest = self._newest()
            return _Place(Cursor(validity, newest, self._day(newest) if newest else None, mark), [])
        if at.validity == validity and not moved:
            at = replace(at, box=mark)
            found = self._search(f"UID {at.uid + 1}:*")
            # "*" is the last mail even when it is older than the range (RFC 3501 6.4.8).
            return _Place(at, [uid for uid in found if uid > at.uid])
        since = at.day - timedelta(days=1) if at.day else None
        found = self._search(f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else "ALL")
        return _Place(Cursor(validity, 0, at.day, mark), found)

    def read(self, uid: int) -> _Mail:
        """Return one mail as its bytes, the first 30 MB of it; empty when it has been deleted meanwhile.

        Raises _NotGiven.
        """
        told = self._fetch(uid, "(UID INTERNALDATE RFC822.SIZE)")
        size = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(_flat(told)))
        size_bytes = int(size[1]) if size else 0
        answer = self._fetch(uid, f"(UID BODY.PEEK[]<0.{MAX_MAIL_BYTES}>)")
        raw = next((part[1] for part in answer if isinstance(part, tuple)), b"")
        if size_bytes and not raw:
            raise _NotGiven("OK without the mail")
        cut = CUT_HEADER + str(size_bytes).encode() + b"\r\n" if raw and size_bytes > MAX_MAIL_BYTES else b""
        return _Mail(cut + raw, _internal_day(told))

    def read_head(self, uid: int) -> _Mail:
        """Return a mail's head as one that was cut off, or a note without a sender where not even that is given."""
        head = b""
        with contextlib.suppress(_NotGiven):
            answer = self._fetch(uid, "(UID BODY.PEEK[HEADER])")
            head = next((part[1] for part in answer if isinstance(part, tuple)), b"")
        note = f"\r\nIMAP {self._box.folder}, UID {uid}\r\n".encode()
        return _Mail(CUT_HEADER + b"?\r\n" + (head or note), self._day(uid))

    def close(self) -> None:
        """Hang up; harmless while another call is still under way, which it ends."""
        self._closed = True
        if self._line is not None:
            with contextlib.suppress(OSError):  # It may be gone already.
                self._line.client.shutdown()
            self._line = None

    def _opened(self) -> BaseMailBox:
        if self._line is None:
            raise OSError("the line is closed")
        return self._line

    def _number(self, name: str) -> int:
        told = self._opened().client.response(name)[1]
        last = told[-1] if told else None
        return int(last) if isinstance(last, bytes) and last.isdigit() else 0

    def _newest(self) -> int:
        coming = self._number("UIDNEXT")
        return coming - 1 if coming else max(self._search("ALL"), default=0)

    def _search(self, criteria: str) -> list[int]:
        found = self._opened().uids(criteria, charset=None)
        return sorted(int(uid) for uid in found if uid.isdigit())

    def _day(self, uid: int) -> date | None:
        try:
            return _internal_day(self._fetch(uid, "(UID INTERNALDATE)"))
        except _NotGiven:
            return None

    def _fetch(self, uid: int, what: str) -> list[Any]:
        """Return the answer's parts. Raises _NotGiven for a NO or BAD that is about this mail."""
        try:
            kind, data = self._opened().client.uid("FETCH", str(uid), what)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise _NotGiven(str(error)) from error
        if kind != "OK":
            words = f"FETCH: {kind} {data}"[:300]
            raise OSError(words) if _BUSY.search(words) else _NotGiven(words)
        return [part for part in data if part is not None]


def _flat(answer: list[Any]) -> list[bytes]:
    return [part[0] if isinstance(part, tuple) else part for part in answer]


def _internal_day(answer: list[Any]) -> date | None:
    for line in _flat(answer):
        told = imaplib.Internaldate2tuple(line)
        if told:
            return datetime(*told[:3], tzinfo=UTC).date()
    return None


def _later(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day), default=None)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
