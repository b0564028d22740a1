"""Housekeeping that belongs to no noun."""

from datetime import timedelta

from server.db import tasks
from server.services import Services

KEEP_DONE = timedelta(days=14)


async def forget_done(services: Services) -> None:
    """Delete tasks that were done two weeks ago, in small portions so that nobody waits."""
    before = services.clock() - KEEP_DONE
    while await tasks.delete_done(before=before):
        pass
