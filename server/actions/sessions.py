"""Keeping a session alive while it is used."""

from datetime import datetime

from server.db import sessions
from server.db.sessions import BROWSER, TOUCH_EVERY, SignedIn
from server.domain.sessions import IDLE
from server.domain.users import Role


async def touch(found: SignedIn, *, at: datetime) -> None:
    """Slide the end of a browser session, at most every five minutes; a program's token has no end to slide."""
    if found.actor.session_id is None or at - found.seen_at < TOUCH_EVERY:
        return
    ends = at + IDLE[found.actor.role or Role.WORKER] if found.kind == BROWSER else None
    await sessions.set_seen(found.actor.company_id, found.actor.session_id, at=at, expires_at=ends)
