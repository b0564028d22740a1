"""Files to and from Meta: judged by their bytes, fetched from Meta's own hosts only (W/business-phone-numbers/media)."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import httpx

from server.channels.base import ChannelError, MediaLoader
from server.channels.base_http import body_of, download
from server.channels.base_meta import trusted
from server.channels.whatsapp.content import NO_FILE
from server.channels.whatsapp.errors import error_of
from server.channels.whatsapp.graph import Graph, refused
from server.channels.whatsapp.plan import CAPS
from server.domain.channels import Picture
from server.domain.events import MediaRef
from server.domain.image_types import sniff
from server.domain.outcomes import MediaFix, Outcome, Retry, Unclear

SEND_TIMEOUT_S, FETCH_TIMEOUT_S = 30.0, 60.0
MAX_MEDIA_BYTES = 25_000_000
MEDIA_TRIES = 3
# A file's address lives five minutes.
_RUN_OUT = frozenset({403, 404, 410})
# Where Meta keeps files; the token goes nowhere else.
MEDIA_HOSTS = ("lookaside.fbsbx.com",)
MEDIA_SUFFIXES = (".fbcdn.net", ".fbsbx.com", ".whatsapp.net")


async def upload(graph: Graph, number_id: str, picture: Picture, media: MediaLoader) -> str | Outcome:
    """Return the media id of a picture, or why there is none; nobody has seen anything by then."""
    data = await media(picture.ref)
    if hashlib.sha256(data).hexdigest() != picture.sha256:
        return MediaFix("the picture is not the one that was planned")
    # The bytes decide, not the name: a wrong type is refused there (chatwoot/chatwoot#12260, #10428).
    kind = sniff(data)
    if kind is None or kind.mime not in CAPS.image_mimes or len(data) > CAPS.max_image_bytes:
        return MediaFix(f"{kind.mime if kind else 'no picture'}, {len(data)} bytes")
    try:
        answer = await graph.http.post(
            f"{graph.root}/{number_id}/media",
            headers=graph.headers,
            data={"messaging_product": "whatsapp", "type": kind.mime},
            files={"file": (picture.name, data, kind.mime)},
            timeout=SEND_TIMEOUT_S,
            follow_redirects=False,
        )
    except httpx.HTTPError as error:
        return Retry(detail=f"upload: {type(error).__name__}")
    body = body_of(answer)
    media_id = body.get("id") if isinstance(body, dict) else None
    if answer.status_code == 200 and isinstance(media_id, str) and media_id:
        return media_id
    why = refused(answer)
    return Retry(detail=f"upload: {answer.status_code}") if isinstance(why, Unclear) else why


async def fetch(graph: Graph, number_id: str, ref: MediaRef) -> bytes:
    """Return a received file; raises ChannelError `media.gone`, `media.too_large`, `media.damaged`, `media.unreachable`.

    An address that has run out is asked for anew, three times at most; everything else is left to the task's back-off,
    for twenty errors in an hour close the door for half an hour (docs.360dialog.com, media).
    """
    if ref.id.startswith(NO_FILE):
        raise ChannelError("media.too_large", permanent=True, detail=ref.id.removeprefix(NO_FILE))
    try:
        async with asyncio.timeout(FETCH_TIMEOUT_S):
            data, promised = await _fetch(graph, number_id, ref.id)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChannelError("media.unreachable", permanent=False, detail=type(error).__name__) from error
    if not (_same_hash(data, ref.sha256) and _same_hash(data, promised)):
        raise ChannelError("media.damaged", permanent=False)
    return data


async def _fetch(graph: Graph, number_id: str, media_id: str) -> tuple[bytes, str]:
    """Return (file, its promised hash)."""
    for _ in range(MEDIA_TRIES):
        place = await _place(graph, number_id, media_id)
        data = await _download(graph, place["url"])
        if data is not None:
            return data, str(place.get("sha256") or "")
    raise ChannelError("media.unreachable", permanent=False, detail="every address had run out")


async def _place(graph: Graph, number_id: str, media_id: str) -> Mapping[str, Any]:
    """Return what Meta says of a file: its address ("url") and its hash."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", media_id):
        raise ChannelError("media.gone", permanent=True, detail="no media id")
    answer = await graph.http.get(
        f"{graph.root}/{media_id}",
        params={"phone_number_id": number_id},
        headers=graph.headers,
        follow_redirects=False,
    )
    body = body_of(answer)
    if answer.status_code != 200 or not isinstance(body, dict) or not isinstance(body.get("url"), str):
        raise _media_error(answer, body)
    if isinstance(body.get("file_size"), int) and body["file_size"] > MAX_MEDIA_BYTES:
        raise ChannelError("media.too_large", permanent=True)
    return body


async def _download(graph: Graph, address: str) -> bytes | None:
    """Return the file, None when its address is no longer good."""
    url = httpx.URL(address)
    if not trusted(url, httpx.URL(graph.root), MEDIA_HOSTS, MEDIA_SUFFIXES):
        raise ChannelError("media.unreachable", permanent=True, detail=f"not Meta's host: {url.host[:100]}")
    try:
        return await download(graph.http, url, graph.headers, limit_bytes=MAX_MEDIA_BYTES, gone=_RUN_OUT)
    except ChannelError as error:
        if error.code == "media.gone":
            return None
        raise


def _media_error(answer: httpx.Response, body: object) -> ChannelError:
    error = error_of(body)
    detail = f"{answer.status_code}: {error[0]} {error[1]}" if error else str(answer.status_code)
    gone = answer.status_code in (400, 404) and (error is None or error[0] in (100, 131052))
    return ChannelError("media.gone" if gone else "media.unreachable", permanent=gone, detail=detail[:300])


def _same_hash(data: bytes, promised: str) -> bool:
    """Return whether the data has the hash, which Meta writes in base64 or, in places, in hex.

    What is neither promises nothing: a photo is not thrown away over an unreadable promise.
    """
    digest = hashlib.sha256(data)
    if re.fullmatch(r"[0-9a-fA-F]{64}", promised):
        return promised.lower() == digest.hexdigest()
    if re.fullmatch(r"[A-Za-z0-9+/_-]{43}=?", promised):
        plain = promised.rstrip("=").translate(str.maketrans("-_", "+/"))
        return plain == base64.b64encode(digest.digest()).decode().rstrip("=")
    return True
