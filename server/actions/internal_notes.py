"""Internal notes: written beside a conversation or a job, read by colleagues, sent by nothing."""

from datetime import datetime
from uuid import UUID

from server.db import internal_notes, jobs, labels, logbook
from server.db.unit import atomic, signal
from server.domain.conversations import Conversation
from server.domain.errors import Forbidden, Invalid
from server.domain.internal_notes import TEXT_MAX, InternalNote
from server.domain.labels import REPLY
from server.domain.logbook import Entry
from server.domain.texts import block
from server.domain.users import Actor
from server.ids import new_id


@atomic
async def write(
    actor: Actor,
    text: str,
    *,
    conversation: Conversation | None = None,
    job_id: UUID | None = None,
    at: datetime,
) -> InternalNote:
    """Write a note beside a conversation, a job or both. Raises Invalid for an empty text or an unknown job."""
    if actor.id is None:
        raise Forbidden("role.not_allowed")
    if job_id is not None:
        await jobs.hold(actor.company_id, job_id)
        if await jobs.by_id(actor.company_id, job_id) is None:
            raise Invalid("job.unknown", field="job")
    note = InternalNote(
        id=new_id(),
        company_id=actor.company_id,
        conversation_id=conversation.id if conversation else None,
        job_id=job_id,
        author_id=actor.id,
        author_name=actor.name,
        text=block(text, "note", limit=TEXT_MAX, required=True),
        created_at=at,
    )
    await internal_notes.insert_note(actor.company_id, note)
    entry = Entry.by(
        actor, "internal.noted", "conversation" if conversation else "job", _about(note), at=at, job_id=job_id
    )
    await logbook.insert_entry(actor.company_id, entry)
    signal("conversations", actor.company_id, conversation=str(note.conversation_id or ""))
    signal("notes", actor.company_id, note=str(note.id), job=str(job_id or ""))
    return note


@atomic
async def hand_over(
    actor: Actor, conversation: Conversation, text: str, *, job_id: UUID | None, at: datetime
) -> InternalNote:
    """A worker gives a conversation to the office: what he says stands beside it, and it is marked to be answered."""
    note = await write(actor, text, conversation=conversation, job_id=job_id, at=at)
    preset = next((one for one in await labels.of_company(actor.company_id) if one.code == REPLY), None)
    if preset:
        carried = await labels.of_conversation(actor.company_id, conversation.id)
        await labels.set_labels(actor.company_id, conversation.id, [*carried, preset.id])
    entry = Entry.by(actor, "conversation.handed_over", "conversation", conversation.id, at=at, job_id=job_id)
    await logbook.insert_entry(actor.company_id, entry)
    return note


def _about(note: InternalNote) -> UUID:
    return note.conversation_id or note.job_id or note.id
