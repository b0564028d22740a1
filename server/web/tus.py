"""The wire format of tus 1.0.0: which status a refusal has there, and the headers every answer carries."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from server.domain.errors import DomainError
from server.domain.uploads import ALGORITHMS, EXTENSIONS, VERSION, Gone, HashDiffers
from server.storage.base import StorageError
from server.web import errors

Endpoint = Callable[[Request], Awaitable[Response]]

CONTENT_TYPE = "application/offset+octet-stream"
HEADERS = {"Tus-Resumable": VERSION}
BUSY = 423
CHECKSUM_MISMATCH = 460
BAD_REQUEST = frozenset({"upload.metadata", "upload.number", "upload.checksum_header", "upload.deferred"})


def speaks_tus(endpoint: Endpoint) -> Endpoint:
    """Refuse other versions with 412, answer every refusal as tus wants it, and say our version on each answer."""

    @wraps(endpoint)
    async def spoken(request: Request) -> Response:
        if request.headers.get("tus-resumable") != VERSION:
            headers = HEADERS | {"Tus-Version": VERSION}
            return await errors.answer(request, 412, "upload.version", headers=headers)
        try:
            response = await endpoint(request)
        except DomainError as refused:
            response = await _refused(request, refused)
        except StorageError as failed:
            response = await errors.storage_error(request, failed)
        response.headers.update(HEADERS)
        return response

    return spoken


async def _refused(request: Request, error: DomainError) -> Response:
    status = _status(error)
    if status is None:
        return await errors.domain_error(request, error)
    return await errors.answer(request, status, error.code, field=error.field, values=error.values)


def _status(error: DomainError) -> int | None:
    """Return the status where tus has one of its own (protocol 1.0.0, "PATCH", "Checksum", "Expiration")."""
    if isinstance(error, HashDiffers):
        return CHECKSUM_MISMATCH
    if isinstance(error, Gone):
        return 410
    if error.code == "upload.busy":
        return BUSY
    return 400 if error.code in BAD_REQUEST else None


def capabilities(*, size_max: int) -> Mapping[str, str]:
    """Return what OPTIONS says."""
    return HEADERS | {
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Tus-Max-Size": str(size_max),
    }
