"""The line to the Bot API: one address that holds the token, so that nothing else ever writes it."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from server.channels.base import ChannelError
from server.channels.base_http import body_of, download
from server.channels.telegram.errors import Refusal, refusal_of
from server.channels.telegram.plan import Args

ASK_TIMEOUT_S = 15.0
# (name, bytes, MIME type)
Upload = tuple[str, bytes, str]


class Line:
    """Calls of one bot. The token stands in every address, so no address and no foreign text leaves this class uncleaned."""

    def __init__(self, http: httpx.AsyncClient, base: str, token: str) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._token = token

    async def post(
        self, method: str, args: Args, *, timeout_s: float, photo: Upload | None = None
    ) -> httpx.Response:
        """Make one call; raises httpx.HTTPError. With a photo the arguments travel as form fields, objects as JSON."""
        address = f"{self._base}/bot{self._token}/{method}"
        if photo is None:
            return await self._http.post(address, json=args, timeout=timeout_s, follow_redirects=False)
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in args.items()}
        return await self._http.post(
            address, data=form, files={"photo": photo}, timeout=timeout_s, follow_redirects=False
        )

    async def ask(self, method: str, args: Args | None = None, *, timeout_s: float = ASK_TIMEOUT_S) -> Any:
        """Return a call's result; raises ChannelError `telegram.unreachable` or that of the refusal."""
        try:
            answer = await self.post(method, args or {}, timeout_s=timeout_s)
        except httpx.HTTPError as error:
            raise ChannelError("telegram.unreachable", permanent=False, detail=type(error).__name__) from None
        body = body_of(answer)
        if answer.status_code == 200 and isinstance(body, Mapping) and body.get("ok") is True:
            return body.get("result")
        raise self._refused(answer.status_code, refusal_of(body))

    async def download(self, path: str, limit: int, *, timeout_s: float) -> bytes:
        """Return a file of the bot's own folder; raises ChannelError, and httpx.HTTPError."""
        # No status means gone: the path lives an hour, and the next try asks for a new one.
        address = f"{self._base}/file/bot{self._token}/{path}"
        return await download(self._http, address, limit_bytes=limit, timeout=timeout_s)

    def cleaned(self, words: str) -> str:
        """Return words of others without the token, should they repeat our address."""
        return words.replace(self._token, "…")

    def _refused(self, status: int, refusal: Refusal | None) -> ChannelError:
        code = refusal.code if refusal else status
        detail = self.cleaned(f"{code}: {refusal.words}" if refusal else str(status))[:300]
        if refusal and code in (401, 404, 421):
            return ChannelError("telegram.token", permanent=True, detail=detail)
        if code == 409:
            return ChannelError("telegram.two_receivers", permanent=False, detail=detail)
        if refusal and 400 <= code < 500 and code != 429:
            return ChannelError("telegram.refused", permanent=True, detail=detail)
        return ChannelError("telegram.unreachable", permanent=False, detail=detail)
