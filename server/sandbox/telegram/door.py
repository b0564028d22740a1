"""What comes in at the Bot API's door: arguments in three writings, and not too many calls."""

import json
from datetime import datetime
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from server.sandbox.telegram.rules import Refusal, TooMany, need

# About one message a second in one chat, short bursts allowed; 30 a second in all (core.telegram.org/bots/faq).
CHAT_BURST, CHAT_EVERY_S = 20.0, 1.0
BOT_BURST, BOT_EVERY_S = 30.0, 1 / 30


class Limits:
    """A bucket for every chat and one for every bot."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, datetime]] = {}

    def take(self, account: str, person: str, now: datetime) -> None:
        """Take one from the chat's bucket and one from the bot's; raises TooMany from neither."""
        left = [
            ((account, person), self._level((account, person), CHAT_BURST, CHAT_EVERY_S, now)),
            ((account, ""), self._level((account, ""), BOT_BURST, BOT_EVERY_S, now)),
        ]
        if any(level < 1 for _, level in left):
            raise TooMany(1)
        for key, level in left:
            self._buckets[key] = (level - 1, now)

    def _level(self, key: tuple[str, str], burst: float, every_s: float, now: datetime) -> float:
        level, filled_at = self._buckets.get(key, (burst, now))
        return min(burst, level + (now - filled_at).total_seconds() / every_s)


async def arguments_of(request: Request) -> dict[str, Any]:
    """Return the arguments of a call, from the query, a form or JSON; a file is its bytes."""
    given: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise Refusal(400, "can't parse JSON object") from None
        need(isinstance(body, dict), "object expected as the request body")
        return {**given, **body}
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        async with request.form(max_files=1, max_fields=30) as form:
            for name, part in form.items():
                given[name] = await part.read() if isinstance(part, UploadFile) else part
    return given
