"""The line by which Signal's events come: a websocket, or rounds of questions; each told once, so nothing is dropped."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from server.channels.base import ChannelError, Pulled
from server.channels.base_http import NOTHING_LEFT, body_of, download
from server.channels.signal.parse import OWN, gap, long_texts, noise
from server.clock import now as clock

ASK_TIMEOUT_S = 15.0
MAX_TEXT_BYTES = 256_000
TEXT_TIMEOUT_S = 5.0
# The line says this often that it lives; a gap is at most so much longer than the break was.
HEARTBEAT_S = 30.0
# The service drops what a slow listener does not take at once, so everything is taken and waits here.
QUEUE, MAX_FRAME_BYTES = 4096, 8_000_000
# Each round starts a program there that may have much to open; breaking it off would lose what it has taken.
RECEIVE_S, ROUND_S, ROUND_TIMEOUT_S = 2, 10.0, 180.0
CLOSE_S = 1.0


class Line:
    """The way to one number in one container; `own` is the number as it stands in an address."""

    def __init__(self, http: httpx.AsyncClient, base: str, own: str) -> None:
        self._http, self._base, self._own = http, base, own

    async def pull(self, cursor: str) -> AsyncIterator[Pulled]:
        """Listen on the websocket (mode json-rpc) or ask in rounds (normal, native) until the line ends.

        The cursor is the mode and when its line was last known to live. In json-rpc mode the container receives
        whether anybody listens or not, so what came since then is lost: a gap. In the other modes Signal's own server
        keeps it; only an answer that broke off is lost. Raises ChannelError.
        """
        mode = await self._mode()
        since = _since(cursor)
        line = self._socket(since) if mode == "json-rpc" else self._rounds(mode, since)
        async with aclosing(line) as pulled:
            async for one in pulled:
                yield one

    async def _mode(self) -> str:
        try:
            about = body_of(await self.ask("/v1/about"))
        except httpx.HTTPError as error:
            raise ChannelError("signal.unreachable", permanent=False, detail=type(error).__name__) from error
        mode = about.get("mode") if isinstance(about, dict) else None
        if mode not in ("json-rpc", "normal", "native"):
            raise ChannelError("signal.unreachable", permanent=False, detail="no signal-cli-rest-api there")
        return str(mode)

    async def _socket(self, since: datetime | None) -> AsyncGenerator[Pulled, None]:
        address = f"ws{self._base.removeprefix('http')}/v1/receive/{self._own}"
        try:
            async with connect(
                address, proxy=None, max_queue=QUEUE, max_size=MAX_FRAME_BYTES, close_timeout=CLOSE_S
            ) as line:
                at = clock()
                yield Pulled(gap(since, at, "line") if since else b"", _cursor("json-rpc", at))
                while True:
                    body = await self._heard(line)
                    if body is not None:
                        yield Pulled(body, _cursor("json-rpc", clock()))
        except (WebSocketException, OSError, TimeoutError) as error:
            raise ChannelError("signal.line_lost", permanent=False, detail=type(error).__name__) from error

    async def _heard(self, line: ClientConnection) -> bytes | None:
        """Return what is told next: b"" when nobody writes for a while, None for what is not worth a row."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                frame = await line.recv(decode=False)
        except TimeoutError:  # the pings of the library were answered all the same
            return b""
        return await self._worth(frame) or None

    async def _rounds(self, mode: str, since: datetime | None) -> AsyncGenerator[Pulled, None]:
        if since:
            yield Pulled(gap(since, clock(), "mode"), _cursor(mode, clock()))
        while True:
            asked = clock()
            try:
                answer = await self.ask(
                    f"/v1/receive/{self._own}", {"timeout": str(RECEIVE_S)}, ROUND_TIMEOUT_S
                )
            except NOTHING_LEFT as error:
                raise ChannelError(
                    "signal.unreachable", permanent=False, detail=type(error).__name__
                ) from error
            except httpx.HTTPError as error:
                yield Pulled(gap(asked, clock(), type(error).__name__), _cursor(mode, clock()))
                raise ChannelError(
                    "signal.line_lost", permanent=False, detail=type(error).__name__
                ) from error
            items = body_of(answer)
            if answer.status_code != 200 or not isinstance(items, list):
                # An answer of another kind hides what was received for it.
                if answer.status_code == 200 or answer.status_code >= 500:
                    yield Pulled(gap(asked, clock(), str(answer.status_code)), _cursor(mode, clock()))
                raise ChannelError("signal.line_lost", permanent=False, detail=_error(answer))
            worth = [await self._completed(item) for item in items if not noise(item)]
            yield Pulled(json.dumps(worth).encode() if worth else b"", _cursor(mode, clock()))
            if not items:
                await asyncio.sleep(ROUND_S)

    async def _worth(self, frame: bytes) -> bytes:
        """Return a frame as it is kept: whole, with its long text beside it; empty for mere typing."""
        try:
            item = json.loads(frame)
        except (ValueError, RecursionError):
            return frame
        if noise(item):
            return b""
        completed = await self._completed(item)
        return frame if completed is item else json.dumps(completed).encode()

    async def _completed(self, item: Any) -> Any:
        """Return an envelope with the long texts it names; one that cannot be had now stays a file of the message.

        This comes before storing, and briefly: told later it would read like a change of the customer's.
        """
        texts = {}
        for name in long_texts(item):
            try:
                async with asyncio.timeout(TEXT_TIMEOUT_S):
                    data = await self.download(name, MAX_TEXT_BYTES)
            except (ChannelError, httpx.HTTPError, TimeoutError):
                continue
            texts[name] = data.decode("utf-8", "replace")
        return {**item, OWN: {"texts": texts}} if texts else item

    async def download(self, name: str, most: int) -> bytes:
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", name):
            raise ChannelError("media.gone", permanent=True, detail="no file id")
        address = f"{self._base}/v1/attachments/{name}"
        return await download(self._http, address, limit_bytes=most, gone=frozenset({400, 404}))

    async def ask(
        self, path: str, query: Mapping[str, str] | None = None, timeout_s: float = ASK_TIMEOUT_S
    ) -> httpx.Response:
        """Return the answer to a question; raises httpx.HTTPError."""
        return await self._http.get(
            self._base + path, params=query, timeout=timeout_s, follow_redirects=False
        )


def _cursor(mode: str, at: datetime) -> str:
    return f"{mode} {at.isoformat()}"


def _since(cursor: str) -> datetime | None:
    """Return when the container was last known to have told us everything, None where nothing can have been lost."""
    mode, _, at = cursor.partition(" ")
    try:
        return datetime.fromisoformat(at) if mode == "json-rpc" else None
    except ValueError:
        return None


def _error(answer: httpx.Response) -> str:
    body = body_of(answer)
    error = body.get("error") if isinstance(body, dict) else ""
    return f"{answer.status_code}: {error}"[:200]
