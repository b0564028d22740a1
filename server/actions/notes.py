"""Notes and call notes: written once, filed with a job now or later."""

from datetime import datetime
from uuid import UUID

from server.db import logbook, notes
from server.db.unit import atomic, signal
from server.domain.items import SyncNote
from server.domain.logbook import Entry
from server.domain.notes import Note, NoteKind, check_text
from server.domain.users import Actor
from server.ids import new_id


@atomic
async def write(
    actor: Actor, *, job_id: UUID, text: str, kind: NoteKind = NoteKind.NOTE, at: datetime
) -> Note:
    """Write a note at the desk. Raises Invalid for an empty or too long text."""
    note = Note(
        id=new_id(),
        company_id=actor.company_id,
        job_id=job_id,
        job_hint="",
        author_id=actor.id,
        author_name=actor.name,
        kind=kind,
        text=check_text(text),
        captured_at=at,
        received_at=at,
    )
    return await _keep(actor, note, at=at)


@atomic
async def accept(actor: Actor, item: SyncNote, *, job_id: UUID | None, at: datetime) -> Note:
    """Keep a note from a phone; without a known job it waits in the inbox under the name the phone gave."""
    note = Note(
        id=item.id,
        company_id=actor.company_id,
        job_id=job_id,
        job_hint="" if job_id else item.job_hint,
        author_id=actor.id,
        author_name=actor.name,
        kind=NoteKind(item.kind),
        text=item.text,
        captured_at=item.captured.at,
        received_at=at,
    )
    return await _keep(actor, note, at=at)


async def _keep(actor: Actor, note: Note, *, at: datetime) -> Note:
    await notes.insert_note(actor.company_id, note)
    verb = "call.noted" if note.kind is NoteKind.CALL else "note.written"
    entry = Entry.by(actor, verb, "note", note.id, at=at, job_id=note.job_id, captured_at=note.captured_at)
    await logbook.insert_entry(actor.company_id, entry)
    signal("notes", actor.company_id, note=str(note.id), job=str(note.job_id or ""))
    return note
