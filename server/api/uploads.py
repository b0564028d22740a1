"""Resumable uploads by tus 1.0.0. The last byte's answer carries the receipt; bodies are streamed, never held."""

from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import uploads
from server.actions.uploads import Progress
from server.domain.errors import Conflict, Invalid
from server.domain.photos import SIZE_MAX
from server.domain.uploads import read_checksum, read_metadata, read_number
from server.web import errors, phones, tus
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services

PATH = "/sync/blobs/"


async def options(request: Request) -> Response:
    """Say what this server can."""
    return Response(status_code=204, headers=tus.capabilities(size_max=SIZE_MAX))


@tus.speaks_tus
async def create(request: Request) -> Response:
    """Begin an upload, or find the one begun before; a body is its first bytes (creation-with-upload)."""
    actor, at = phones.owner(request), services(request).clock()
    if "upload-defer-length" in request.headers:
        raise Invalid("upload.deferred", field="Upload-Defer-Length")
    size_bytes = read_number(request.headers.get("upload-length"), "Upload-Length")
    metadata = read_metadata(request.headers.get("upload-metadata", ""))
    begun = await uploads.begin(services(request), actor, metadata, size_bytes=size_bytes, at=at)
    if _brings_bytes(request) and begun.receipt is None and begun.offset == 0:
        begun = await _append_first(request, begun.id, at=at)
    return _answer(begun, status=201, location=True)


async def _append_first(request: Request, upload_id: UUID, *, at: datetime) -> Progress:
    """Append the bytes of a creation. If the same creation came twice, the other's bytes are as good."""
    try:
        return await _append(request, upload_id, offset=0, at=at)
    except Conflict as conflict:
        if conflict.code != "upload.offset":
            raise
        return await uploads.progress(services(request), phones.owner(request), upload_id, at=at)


@tus.speaks_tus
async def head(request: Request) -> Response:
    """Say how many bytes are here."""
    at = services(request).clock()
    found = await uploads.progress(
        services(request), phones.owner(request), request.path_params["upload_id"], at=at
    )
    headers = _headers(found) | {"Upload-Length": str(found.size_bytes), "Cache-Control": "no-store"}
    return Response(status_code=200, headers=headers)


@tus.speaks_tus
async def patch(request: Request) -> Response:
    """Append bytes. The last one is answered with 200 and the receipt; tus clients take any 2xx."""
    if not _brings_bytes(request):
        return await errors.answer(request, 415, "upload.content_type", field="Content-Type")
    offset = read_number(request.headers.get("upload-offset"), "Upload-Offset")
    upload_id, at = request.path_params["upload_id"], services(request).clock()
    return _answer(await _append(request, upload_id, offset=offset, at=at), status=204)


@tus.speaks_tus
async def terminate(request: Request) -> Response:
    """Give up an unfinished upload."""
    await uploads.terminate(services(request), phones.owner(request), request.path_params["upload_id"])
    return Response(status_code=204)


async def _append(request: Request, upload_id: UUID, *, offset: int, at: datetime) -> Progress:
    checksum = read_checksum(request.headers.get("upload-checksum"))
    actor, body = phones.owner(request), request.stream()
    return await uploads.append(
        services(request), actor, upload_id, body, offset=offset, checksum=checksum, at=at
    )


def _brings_bytes(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == tus.CONTENT_TYPE


def _answer(found: Progress, *, status: int, location: bool = False) -> Response:
    headers = _headers(found)
    if location:
        headers["Location"] = f"{PATH}{found.id}"
    if found.receipt:
        return json_answer(found.receipt, status=201 if location else 200, headers=headers)
    return Response(status_code=status, headers=headers)


def _headers(found: Progress) -> dict[str, str]:
    headers = {"Upload-Offset": str(found.offset)}
    if found.expires_at:
        headers["Upload-Expires"] = format_datetime(found.expires_at.astimezone(UTC), usegmt=True)
    return headers


ONE = PATH + "{upload_id:uuid}"

routes = [
    route(PATH, options, who=Who.ANYONE, methods=["OPTIONS"]),
    route(ONE, options, who=Who.ANYONE, methods=["OPTIONS"]),
    route(PATH, create, who=Who.WORKER, methods=["POST"], max_body_size=None),
    route(ONE, head, who=Who.WORKER, methods=["HEAD"]),
    route(ONE, patch, who=Who.WORKER, methods=["PATCH"], max_body_size=None),
    route(ONE, terminate, who=Who.WORKER, methods=["DELETE"]),
]
