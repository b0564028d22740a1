"""How often somebody may leave something behind a link in an hour, in all processes together."""

from datetime import datetime, timedelta

from server.actions.sessions import hash_token
from server.db import tries
from server.db.unit import atomic
from server.domain.errors import TooManyTries
from server.domain.sessions import Tries

# Photos one by one and a few changed minds; a script that fills the disk with what is refused in the end stands still.
PER_HOUR = 60


@atomic
async def count(token: str, *, at: datetime) -> None:
    """Count what is sent to a link, before it is read. Raises TooManyTries when the hour is full."""
    key = f"link:{hash_token(token)[:32]}:{at:%Y-%m-%dT%H}"
    known = (await tries.by_keys([key], at=at))[key]
    if known.failures >= PER_HOUR:
        full = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        raise TooManyTries("link.full", retry_after_s=int((full - at).total_seconds()) + 1)
    await tries.set_tries(key, Tries(known.failures + 1, at, at))
