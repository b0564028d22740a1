"""Background work that was given up: a human lets it be tried again, once what stood in its way is mended."""

from datetime import datetime
from uuid import UUID

from server.db import logbook, tasks
from server.db.unit import atomic
from server.domain.errors import NotFound
from server.domain.logbook import Entry
from server.domain.users import Actor, Right, require


@atomic
async def try_again(actor: Actor, task_id: UUID, *, at: datetime) -> None:
    """Put one task back into the queue. Raises NotFound for one that waits no more, Forbidden."""
    require(actor, Right.MANAGE_JOBS)
    if not await tasks.revive(actor.company_id, task_id, at=at):
        raise NotFound("task.unknown")
    entry = Entry.by(actor, "task.tried_again", "task", task_id, at=at)
    await logbook.insert_entry(actor.company_id, entry)
