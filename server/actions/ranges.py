"""Which job a stretch of a conversation belongs to: what was said from here to there, photos included."""

from datetime import datetime
from uuid import UUID

from server.actions import photos as photo_actions
from server.db import conversation_messages, jobs, logbook, messages, photos
from server.db.unit import atomic, signal
from server.domain.conversations import Conversation
from server.domain.errors import Invalid
from server.domain.logbook import Entry
from server.domain.messages import Message
from server.domain.photos import Words
from server.domain.users import Actor, Right, require


@atomic
async def file(
    actor: Actor, conversation: Conversation, first_id: UUID, last_id: UUID, job_id: UUID, *, at: datetime
) -> int:
    """Give every message from the first to the last its job and return how many; answers keep their question's job.

    The customer's photos among them that lie nowhere yet go along. Raises Invalid for a message that is not here or
    an unknown job, Forbidden.
    """
    require(actor, Right.MANAGE_JOBS)
    await jobs.hold(actor.company_id, job_id)
    if await jobs.by_id(actor.company_id, job_id) is None:
        raise Invalid("job.unknown", field="job")
    ends = [one for one in await messages.by_ids(actor.company_id, [first_id, last_id])]
    if not ends or any(one.conversation_id != conversation.id for one in ends):
        raise Invalid("message.unknown", field="messages")
    filed = await conversation_messages.between(actor.company_id, conversation.id, ends[0].at, ends[-1].at)
    moved = [one for one in filed if one.question_id is None]
    await messages.set_job(actor.company_id, [one.id for one in moved], job_id)
    await _bring_photos(actor, moved, job_id, at=at)
    data = {"first": str(ends[0].id), "last": str(ends[-1].id), "number": len(moved)}
    entry = Entry.by(
        actor, "conversation.filed", "conversation", conversation.id, at=at, job_id=job_id, **data
    )
    await logbook.insert_entry(actor.company_id, entry)
    signal("messages", actor.company_id, job=str(job_id))
    signal("conversations", actor.company_id, conversation=str(conversation.id))
    return len(moved)


async def _bring_photos(actor: Actor, moved: list[Message], job_id: UUID, *, at: datetime) -> None:
    for photo in await photos.by_ids(actor.company_id, [one.photo_id for one in moved if one.photo_id]):
        if photo.job_id is None:
            words = Words(photo.caption, photo.phase, tuple(photo.tags), job_id)
            await photo_actions.describe(actor, photo, words, at=at)
