"""Notes and call notes: written once; a correction is a new note in the old one's place, and no text is ever lost."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from server.actions.placing import Place, note_late
from server.db import calls, jobs, logbook, messages, notes
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.items import SyncNote
from server.domain.logbook import Entry
from server.domain.notes import Note, NoteKind, check_text
from server.domain.users import Actor, Right, require
from server.ids import new_id


@atomic
async def write(
    actor: Actor, *, job_id: UUID, text: str, kind: NoteKind = NoteKind.NOTE, at: datetime
) -> Note:
    """Write a note at the desk. Raises Invalid for an empty or too long text."""
    words = check_text(text)
    note = made(actor, new_id(), text=words, kind=kind, captured_at=at, at=at, job_id=job_id)
    return await keep(actor, note, at=at)


@atomic
async def accept(actor: Actor, item: SyncNote, place: Place, *, at: datetime) -> Note:
    """Keep a note from a phone; without a known job it waits in the inbox under the name the phone gave.

    One that corrects another takes its place if it was his to correct; otherwise it stands beside it.
    """
    kind, captured_at = NoteKind(item.kind), item.captured.at
    note = made(actor, item.id, text=item.text, kind=kind, captured_at=captured_at, at=at)
    before = await notes.by_id(actor.company_id, item.replaces) if item.replaces else None
    if before and (actor.at_desk or before.author_id == actor.id):
        return await _revise(actor, before, note, base_rev=item.base_rev, at=at)
    hint = "" if place.job_id else item.job_hint
    note = await keep(actor, replace(note, job_id=place.job_id, job_hint=hint, late=place.late), at=at)
    if place.late and place.job_id:
        await note_late(actor, "note", note.id, place.job_id, at=at)
    return note


@atomic
async def revise(actor: Actor, note: Note, *, text: str, base_rev: int, at: datetime) -> Note:
    """Correct a note that was read as `base_rev`. Raises Forbidden for another's note, Invalid.

    Somebody corrected it meanwhile: both versions stand until the office has chosen.
    """
    if not actor.at_desk and note.author_id != actor.id:
        raise Forbidden("note.not_yours")
    text = check_text(text)
    if text == note.text:
        return note
    after = made(actor, new_id(), text=text, kind=note.kind, captured_at=note.captured_at, at=at)
    return await _revise(actor, note, after, base_rev=base_rev, at=at)


async def _revise(actor: Actor, before: Note, after: Note, *, base_rev: int | None, at: datetime) -> Note:
    """Put a note in another's place; it stands where the first one stood, and says when it came."""
    await notes.lock(actor.company_id, before.id)
    family = await notes.family(actor.company_id, before.id)
    rivals = [one.id for one in family if one.current and one.id != before.id]
    before = next(one for one in family if one.id == before.id)
    disputed = not before.current or before.disputed or (base_rev is not None and base_rev != before.rev)
    newest = max(family, key=lambda one: (one.current, one.rev))
    after = replace(
        after,
        job_id=newest.job_id,
        job_hint=newest.job_hint,
        captured_at=before.captured_at,
        late=before.late,
        replaces_id=before.id,
        disputed=disputed,
        rev=before.rev + 1,
    )
    await notes.insert_note(actor.company_id, after)
    await _follow(before, after, at=at)
    if disputed:
        both = rivals or [before.id]
        await notes.set_standing(actor.company_id, both, current=True, disputed=True)
    else:
        await notes.set_standing(actor.company_id, [before.id], current=False, disputed=False)
    trace = {"before": before.text, "after": after.text, "replaces": before.id}
    await _note(actor, "note.disputed" if disputed else "note.revised", after, at, **trace)
    return after


async def _follow(before: Note, after: Note, *, at: datetime) -> None:
    """Let the call a note is about, and its line in the person's conversation, follow the corrected words."""
    if before.kind is not NoteKind.CALL:
        return
    call_id = await calls.set_note(before.company_id, before.id, after.id)
    if call_id:
        await messages.set_place(before.company_id, call_id, text=after.text, edited_at=at)


@atomic
async def settle(actor: Actor, note: Note, keep: Collection[UUID], *, at: datetime) -> list[Note]:
    """Choose which of the versions that stand against each other stay: one or several. Raises Forbidden, Invalid."""
    require(actor, Right.MANAGE_JOBS)
    await notes.lock(actor.company_id, note.id)
    rivals = [one for one in await notes.family(actor.company_id, note.id) if one.current and one.disputed]
    kept = [one for one in rivals if one.id in keep]
    if not rivals:
        raise Conflict("note.settled")
    if not kept:
        raise Invalid("note.keep_one", field="keep")
    dropped = [one for one in rivals if one.id not in keep]
    await notes.set_standing(actor.company_id, _ids(kept), current=True, disputed=False)
    await notes.set_standing(actor.company_id, _ids(dropped), current=False, disputed=False)
    texts = {"kept": [one.text for one in kept], "dropped": [one.text for one in dropped]}
    await _note(actor, "note.settled", kept[0], at, **texts)
    return kept


@atomic
async def file(actor: Actor, note: Note, job_id: UUID, *, at: datetime) -> Note:
    """Give a note that came without a known job its place. Raises Forbidden, Invalid."""
    require(actor, Right.MANAGE_JOBS)
    await jobs.hold(actor.company_id, job_id)
    if await jobs.by_id(actor.company_id, job_id) is None:
        raise Invalid("job.unknown", field="job")
    ids = _ids(await notes.family(actor.company_id, note.id))
    await notes.set_job(actor.company_id, ids, job_id)
    for call in (await calls.of_notes(actor.company_id, ids)).values():
        await messages.set_place(actor.company_id, call.id, job_id=job_id)
    filed = replace(note, job_id=job_id, job_hint="")
    await _note(actor, "note.filed", filed, at, hint=note.job_hint)
    return filed


def made(
    actor: Actor,
    note_id: UUID,
    *,
    text: str,
    kind: NoteKind,
    captured_at: datetime,
    at: datetime,
    job_id: UUID | None = None,
) -> Note:
    """Return a note that is not written yet."""
    return Note(
        id=note_id,
        company_id=actor.company_id,
        job_id=job_id,
        job_hint="",
        author_id=actor.id,
        author_name=actor.name,
        kind=kind,
        text=text,
        captured_at=captured_at,
        received_at=at,
    )


def _ids(some: Sequence[Note]) -> list[UUID]:
    return [one.id for one in some]


async def keep(actor: Actor, note: Note, *, at: datetime) -> Note:
    """Write a new note with its line in the logbook; joins the unit it is part of."""
    await notes.insert_note(actor.company_id, note)
    verb = "call.noted" if note.kind is NoteKind.CALL else "note.written"
    await _note(actor, verb, note, at, captured_at=note.captured_at)
    return note


async def _note(actor: Actor, verb: str, note: Note, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "note", note.id, at=at, job_id=note.job_id, **data)
    await logbook.insert_entry(actor.company_id, entry)
    signal("notes", actor.company_id, note=str(note.id), job=str(note.job_id or ""))
