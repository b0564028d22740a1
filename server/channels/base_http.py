"""What every messenger over HTTP needs: checked settings, careful reading of answers, files counted while they come."""

import re
from collections.abc import Awaitable, Mapping
from typing import Any

import httpx

from server.channels.base import ChannelError
from server.domain.errors import Invalid
from server.domain.outcomes import Retry, Unclear

# Nothing has left the machine: the only failures of the line after which a message may be sent again.
NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def checked(settings: Mapping[str, str], name: str, pattern: str, default: str = "") -> str:
    """Return a setting without the blanks around it. Raises Invalid, naming it, when it cannot be right."""
    value = settings.get(name, "").strip() or default
    if not re.fullmatch(pattern, value):
        raise Invalid("channel.setting_malformed", field=name)
    return value


def body_of(answer: httpx.Response) -> object:
    """Return the JSON of an answer, None for anything else."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


async def once(call: Awaitable[httpx.Response]) -> httpx.Response | Retry | Unclear:
    """Return the answer to a message that must not leave twice, or what the line's failure says of it."""
    try:
        return await call
    except NOTHING_LEFT as error:
        return Retry(detail=type(error).__name__)
    except httpx.HTTPError as error:
        return Unclear(type(error).__name__)


def retry_after(answer: httpx.Response) -> float | None:
    """Return the pause a platform asks for in seconds, a day at the most, None when it asks for none."""
    given = answer.headers.get("retry-after", "")
    return min(float(given), 86_400.0) if given.isascii() and given.isdigit() else None


def storable(value: Any) -> Any:
    """Return the JSON without what no database takes: half surrogates and NUL in texts."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return value


async def download(
    http: httpx.AsyncClient,
    url: httpx.URL | str,
    headers: Mapping[str, str] | None = None,
    *,
    limit_bytes: int,
    gone: frozenset[int] = frozenset(),
    **given: Any,
) -> bytes:
    """Return a file from where it is, following nobody elsewhere; counted while it comes.

    `given` goes to httpx (params, timeout). Raises ChannelError: `media.gone` for a status in `gone`, `media.too_large`, `media.unreachable`; and what httpx raises.
    """
    data = bytearray()
    async with http.stream("GET", url, headers=headers, follow_redirects=False, **given) as answer:
        if answer.status_code in gone:
            raise ChannelError("media.gone", permanent=True, detail=str(answer.status_code))
        if answer.status_code != 200:
            raise ChannelError("media.unreachable", permanent=False, detail=str(answer.status_code))
        async for chunk in answer.aiter_bytes():
            data += chunk
            if len(data) > limit_bytes:
                raise ChannelError("media.too_large", permanent=True)
    return bytes(data)
