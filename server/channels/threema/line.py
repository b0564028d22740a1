"""The line to Threema's Gateway: its doors, and what its answers mean (gateway.threema.ch/en/developer/api, mid-2026)."""

import re
from collections.abc import Mapping

import httpx

from server.channels.base_http import download, once, retry_after
from server.channels.threema.parse import BLOB
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)

SEND_TIMEOUT_S = 30.0
ASK_TIMEOUT_S = 15.0
MAX_MEDIA_BYTES = 25_000_000
Refusal = Reauth | Paused | Throttled | Permanent | Retry


class Gateway:
    """One Gateway id's doors."""

    def __init__(self, http: httpx.AsyncClient, base: str, gateway_id: str, secret: str) -> None:
        self._http = http
        self._root = base.rstrip("/")
        self._login = {"from": gateway_id, "secret": secret}

    async def upload(self, blob: bytes) -> str | Outcome:
        try:
            answer = await self._http.post(
                f"{self._root}/upload_blob",
                params=self._login,
                files={"blob": ("blob", blob, "application/octet-stream")},
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            return Retry(detail=f"upload: {type(error).__name__}")
        if answer.status_code == 413:
            return MediaFix("413")
        if answer.status_code != 200:
            return _refused(answer, asked=True)
        return (
            answer.text.strip() if re.fullmatch(BLOB, answer.text.strip()) else Retry(detail="upload: no id")
        )

    async def post(self, door: str, fields: Mapping[str, str]) -> Outcome:
        """Send. Secret and words go in the body; an answer that is not understood may mean that it was taken."""
        answer = await once(
            self._http.post(
                f"{self._root}/{door}",
                data={**self._login, **fields},
                timeout=SEND_TIMEOUT_S,
                follow_redirects=False,
            )
        )
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code != 200:
            return _refused(answer, asked=False)
        message_id = answer.text.strip().lower()
        if not re.fullmatch(r"[0-9a-f]{16}", message_id):
            return Unclear("an answer without the message's id")
        return Accepted(message_id, sent=True)

    async def ask(self, path: str) -> str | Refusal:
        """Ask the directory; nobody is told anything by it, so a failure may always be tried again."""
        try:
            answer = await self._http.get(
                f"{self._root}/{path}", params=self._login, timeout=ASK_TIMEOUT_S, follow_redirects=False
            )
        except httpx.HTTPError as error:
            return Retry(detail=f"{path.partition('/')[0]}: {type(error).__name__}")
        if answer.status_code == 200:
            return answer.text.strip()
        refused = _refused(answer, asked=True)
        assert not isinstance(refused, Unclear)
        return refused

    async def download(self, blob: str) -> bytes:
        url = f"{self._root}/blobs/{blob}"
        return await download(
            self._http, url, limit_bytes=MAX_MEDIA_BYTES, gone=frozenset({400, 404}), params=self._login
        )


def _refused(answer: httpx.Response, *, asked: bool) -> Refusal | Unclear:
    """Return what a status means (developer/api). 500 is called temporary, but the message may have gone through."""
    after_s = retry_after(answer)
    match answer.status_code:
        case 400:
            return Permanent("platform.refused", "400: recipient or mode")
        case 401:
            return Reauth("401: id or secret")
        case 402:
            return Paused("402: no credits", code="threema.credits")
        case 404:
            return Permanent("recipient.unreachable", "404")
        case 413:
            return Permanent("payload.refused", "413: too long")
        case 429:
            return Throttled(after_s, "429")
        case status:
            return Retry(after_s, str(status)) if asked else Unclear(str(status))
