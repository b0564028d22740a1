"""A job's chronology read across its tables: one statement finds the page, one per kind fetches it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from server.db import calls, consents, logbook, messages, notes, photos, questions, sql
from server.db.reviews import moment
from server.db.tables import ContactRow
from server.domain.messages import Direction, Message
from server.domain.paging import Page
from server.domain.photos import Photo
from server.domain.questions import Question
from server.domain.timeline import TOLD, Agreed, Asked, Event, Kind, Noted, PhotoRun, Said, Written, told
from server.ids import parse_id

LIMIT = 100
_TOLD = ", ".join(f"'{verb}'" for verb in TOLD)
_OF_JOB = "{table}.company_id = ? AND {table}.job_id = ?"
_SOURCES: Mapping[Kind, Sequence[str]] = {
    Kind.PHOTOS: [
        "SELECT 'photo' AS kind, photo.id, photo.captured_at AS at FROM photo"
        f" WHERE {_OF_JOB.format(table='photo')} AND photo.deleted_at IS NULL"
    ],
    Kind.QUESTIONS: [
        "SELECT 'question' AS kind, question.id, question.captured_at AS at FROM question"
        f" WHERE {_OF_JOB.format(table='question')}"
    ],
    Kind.MESSAGES: [
        "SELECT 'message' AS kind, message.id, message.at FROM message"
        f" WHERE {_OF_JOB.format(table='message')} AND message.question_id IS NULL"
        " AND message.channel <> 'phone'"  # its note stands there already
    ],
    Kind.NOTES: [
        "SELECT 'note' AS kind, note.id, note.captured_at AS at FROM note"
        f" WHERE {_OF_JOB.format(table='note')} AND note.kind = 'note' AND note.current"
    ],
    Kind.CALLS: [
        "SELECT 'note' AS kind, note.id, note.captured_at AS at FROM note"
        f" WHERE {_OF_JOB.format(table='note')} AND note.kind = 'call' AND note.current"
    ],
    Kind.LOGBOOK: [
        # The trace of a job that was merged into this one is part of its own.
        "SELECT 'line' AS kind, logbook.id, logbook.at FROM logbook WHERE logbook.company_id = ?"
        " AND logbook.job_id IN (SELECT id FROM job WHERE COALESCE(job.merged_into_id, job.id) = ?)"
        f" AND logbook.verb IN ({_TOLD})",
        "SELECT 'consent' AS kind, consent.id, consent.at FROM consent"
        " JOIN contact ON contact.id = consent.contact_id JOIN job ON job.customer_id = contact.customer_id"
        " WHERE consent.company_id = ? AND job.id = ?",
    ],
}


async def of_job(
    company_id: UUID,
    job_id: UUID,
    *,
    kinds: Sequence[Kind] = tuple(Kind),
    before: str | None = None,
    limit: int = LIMIT,
) -> Page[Event]:
    """Return a page of the chronology, newest first; `limit` counts photos and lines before they are drawn together."""
    sources = [source for kind in kinds for source in _SOURCES[kind]]
    values: list[object] = [company_id, job_id] * len(sources)
    where = ""
    if cursor := _read(before):
        where = "WHERE at < ? OR (at = ? AND id < ?)"
        values += [cursor[0], cursor[0], cursor[1]]
    found = await sql.rows(
        f"SELECT kind, id, at FROM ({' UNION ALL '.join(sources)}) AS event {where}"
        f" ORDER BY at DESC, id DESC LIMIT {limit + 1:d}",
        *values,
    )
    places = [(str(row["kind"]), UUID(str(row["id"])), moment(row["at"])) for row in found]
    shown = places[:limit]
    following = f"{shown[-1][2].isoformat()}~{shown[-1][1]}" if len(places) > limit else None
    return Page(told(await _events(company_id, shown)), following)


def _read(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return the moment and id a cursor names, None for no or a foreign one."""
    at, _, ident = (cursor or "").replace(" ", "+").partition("~")
    last = parse_id(ident)
    try:
        return (datetime.fromisoformat(at).astimezone(UTC), last) if last else None
    except ValueError:
        return None


async def _events(company_id: UUID, places: Sequence[tuple[str, UUID, datetime]]) -> list[Event]:
    ids: dict[str, list[UUID]] = {
        "photo": [],
        "question": [],
        "message": [],
        "note": [],
        "line": [],
        "consent": [],
    }
    for kind, ident, _ in places:
        ids[kind].append(ident)
    made: dict[UUID, Event] = {}
    made |= {photo.id: _run(photo) for photo in await photos.by_ids(company_id, ids["photo"])}
    called = await calls.of_notes(company_id, ids["note"])
    written = await notes.by_ids(company_id, ids["note"])
    made |= {note.id: Written(note.captured_at, note, called.get(note.id)) for note in written}
    made |= {
        line.id: Noted(line.entry.at, line.id, line.entry)
        for line in await logbook.by_ids(company_id, ids["line"])
    }
    made |= {one.id: Agreed(one.at, one) for one in await consents.by_ids(company_id, ids["consent"])}
    made |= await _talk(company_id, ids["question"], ids["message"])
    return [made[ident] for _, ident, _ in places if ident in made]


async def _talk(
    company_id: UUID, question_ids: Sequence[UUID], message_ids: Sequence[UUID]
) -> dict[UUID, Event]:
    asked = await questions.by_ids(company_id, question_ids)
    said = await messages.by_ids(company_id, message_ids)
    answers = await messages.of_questions(company_id, question_ids)
    names = await _names(company_id, [one.contact_id for one in said if one.contact_id])
    events: dict[UUID, Event] = {one.id: _asked(one, answers.get(one.id, [])) for one in asked}
    return events | {one.id: Said(one.at, one, names.get(one.contact_id, one.profile_name)) for one in said}


def _run(photo: Photo) -> PhotoRun:
    return PhotoRun(photo.captured_at, photo.author_name, photo.phase, (photo,))


def _asked(question: Question, sent: Sequence[Message]) -> Asked:
    moved = [one.changed_at for one in sent if one.direction is Direction.OUT]
    answers = tuple(one for one in sent if one.direction is Direction.IN)
    return Asked(question.captured_at, question, answers, max(moved, default=None))


async def _names(company_id: UUID, contact_ids: Sequence[UUID]) -> dict[UUID | None, str]:
    rows = ContactRow.filter(company_id=company_id, id__in=list(contact_ids))
    return {row[0]: row[1] for row in await rows.values_list("id", "name")}
