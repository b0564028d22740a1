"""Originals and pictures of photos, with rights, ranges and ETags. Nothing a browser gets here can run (T17)."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.db import renditions
from server.domain.errors import Forbidden, NotFound
from server.domain.image_types import ImageType
from server.domain.media import Medium, suffix_of
from server.domain.photos import PREVIEW, RENDITION_NAMES, Decode, Photo
from server.web import access
from server.web.routing import Who, route
from server.web.state import services

FOR_EVER = "private, max-age=31536000, immutable"
SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
# Where a page shows a photo of which no picture is here yet: nothing went wrong, so it is no error either.
BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="320"/>'
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_SUFFIXES = {kind.mime: kind.suffix for kind in ImageType}


async def original(request: Request) -> Response:
    """Give the file byte for byte, as a download under our own name; for the office and its author."""
    photo, actor = await access.photo(request), access.actor(request)
    if not actor.at_desk and photo.author_id != actor.id:
        raise Forbidden("role.not_allowed")
    if photo.storage_key is None:
        raise NotFound("photo.not_stored")
    headers = {"Content-Disposition": f'attachment; filename="{_filename(photo)}"', "Cache-Control": FOR_EVER}
    return await _file(
        request, photo.storage_key, photo.size_bytes, photo.sha256, media_type=photo.mime, headers=headers
    )


async def clip(request: Request) -> Response:
    """Give a video or a voice note for playing in the page; whoever sees the photo's place sees it."""
    photo = await access.photo(request)
    if photo.storage_key is None or photo.medium is Medium.IMAGE:
        raise NotFound("photo.no_clip")
    headers = {"Cache-Control": FOR_EVER}
    return await _file(
        request, photo.storage_key, photo.size_bytes, photo.sha256, media_type=photo.mime, headers=headers
    )


async def rendition(request: Request) -> Response:
    """Give a picture we drew, or the phone's own until it exists."""
    # Only the page of the trash asks for what lies in it, and only the desk gets that.
    in_trash = "trash" in request.query_params and access.actor(request).at_desk
    photo, name = await access.photo(request, trashed=in_trash), request.path_params["name"]
    drawn = {one.name: one for one in await renditions.of_photo(photo.company_id, photo.id)}
    made = drawn.get(name) if name in RENDITION_NAMES else None
    if made is None and name == "screen":
        made = drawn.get(PREVIEW)
    if made is None:
        return await _preview(request, photo, name)
    headers = {"Cache-Control": "private, no-cache" if made.name == PREVIEW else FOR_EVER}
    if name in ("thumb", "screen"):  # a phone keeps the screen size of befores, to lay it over its camera
        headers |= {"X-Offline": "ok", "X-Offline-User": access.actor(request).cache_key}
    return await _file(
        request, made.storage_key, made.size_bytes, made.sha256, media_type=made.mime, headers=headers
    )


async def chat_file(request: Request) -> Response:
    """Give an exported chat byte for byte as it was brought, as a download; for the office."""
    chat = await access.chat_import(request)
    name = "chat." + chat.storage_key.rpartition(".")[2]
    named = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(chat.name, safe='')}"
    return await _file(
        request,
        chat.storage_key,
        chat.size_bytes,
        chat.sha256,
        media_type="application/octet-stream",
        headers={"Content-Disposition": named, "Cache-Control": "private, no-store"},
    )


async def _preview(request: Request, photo: Photo, name: str) -> Response:
    data = await renditions.preview(photo.company_id, photo.id) if name in RENDITION_NAMES else None
    if data is not None:
        headers = SANDBOX | {"Cache-Control": "private, no-cache"}
        return Response(data, headers=headers, media_type="image/jpeg")
    if request.url.path.startswith("/api/"):
        raise NotFound("photo.no_rendition")
    if name in RENDITION_NAMES and photo.decode is Decode.WAITING:
        return Response(BLANK, headers=SANDBOX | {"Cache-Control": "no-store"}, media_type="image/svg+xml")
    return Response(status_code=404, headers=SANDBOX)


async def _file(
    request: Request, key: str, size_bytes: int, sha256: str, *, media_type: str, headers: dict[str, str]
) -> Response:
    """Answer a stored object or the part of it that was asked for (RFC 9110 §13, §14)."""
    etag = f'"{sha256}"'
    headers = headers | SANDBOX | {"ETag": etag, "Accept-Ranges": "bytes"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range") if request.headers.get("if-range", etag) == etag else None
    start, end = _span(asked, size_bytes) or (0, size_bytes)
    if start >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size_bytes}"} | SANDBOX)
    partial = end - start < size_bytes
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    headers["Content-Length"] = str(end - start)
    body = services(request).storage.get(key, start=start, length=end - start)
    # The first piece is read before the status goes out: a file that cannot be read must not look like a short one.
    first = await anext(body, b"")
    return StreamingResponse(_rest(first, body), 206 if partial else 200, headers, media_type)


async def _rest(first: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in body:
        yield chunk


def _span(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return (start, end) of a single range, None for everything; start ≥ end when it cannot be satisfied."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size_bytes - int(last)), size_bytes if int(last) else 0
    return int(first), min(size_bytes, int(last) + 1) if last else size_bytes


def _filename(photo: Photo) -> str:
    taken = photo.captured_at.astimezone(timezone(timedelta(minutes=photo.offset_min)))
    word = {Medium.IMAGE: "foto", Medium.VIDEO: "video", Medium.AUDIO: "sprachnotiz"}[photo.medium]
    suffix = _SUFFIXES.get(photo.mime) or suffix_of(photo.mime) or "bin"
    return f"{word}-{taken:%Y%m%d-%H%M%S}-{str(photo.id)[-8:]}.{suffix}"


routes = [
    route("/imports/{import_id:uuid}/file", chat_file, who=Who.OFFICE),
    route("/photos/{photo_id:uuid}/original", original, who=Who.WORKER),
    route("/photos/{photo_id:uuid}/clip", clip, who=Who.WORKER),
    route("/photos/{photo_id:uuid}/renditions/{name}", rendition, who=Who.WORKER),
    route("/api/v1/photos/{photo_id:uuid}/original", original, who=Who.WORKER, summary="The original file"),
    route(
        "/api/v1/photos/{photo_id:uuid}/renditions/{name}",
        rendition,
        who=Who.WORKER,
        summary="thumb or screen",
    ),
]
