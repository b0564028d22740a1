"""Our own absence: what a platform tells only for a while and then forgets may be lost while we are away."""

from datetime import datetime, timedelta

from server.actions import inbox
from server.actions.channels import kinds
from server.channels.base import Forgets
from server.db import accounts, tasks
from server.domain.accounts import Account
from server.domain.events import Gap
from server.domain.gaps import AWAY
from server.services import Services


async def note(services: Services) -> None:
    """Write a gap for every account whose platform has given up on us meanwhile; asked again it is the same gap.

    As long as anybody works here, tasks are written every minute (`server/worker/schedule.py`): the newest is our last
    sign of life. To be asked before the first one is written.
    """
    at, seen = services.clock(), await tasks.newest_at()
    if seen is None:
        return
    away = [one.kind for one in kinds() if isinstance(one, Forgets) and at - seen > _patience(one)]
    for account in await accounts.every_enabled(away) if away else []:
        await _note(account, seen, at)


def _patience(channel: Forgets) -> timedelta:
    return channel.forgets_after


async def _note(account: Account, seen: datetime, at: datetime) -> None:
    key = f"gap:away:{seen.isoformat()}"
    await inbox.note_gap(account, Gap(key, seen, at, AWAY), at=at)
