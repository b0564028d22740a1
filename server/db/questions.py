"""Questions in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from server.db import sql
from server.db.tables import QuestionPhotoRow, QuestionRow
from server.domain.choices import Choice
from server.domain.paging import Page, cut
from server.domain.questions import OPEN, Question, QuestionState
from server.domain.search import folded
from server.ids import new_id


async def insert_question(company_id: UUID, question: Question) -> None:
    """Write a new question with its photos in order."""
    await QuestionRow.create(
        id=question.id,
        company_id=company_id,
        job_id=question.job_id,
        job_hint=question.job_hint,
        contact_id=question.contact_id,
        author_id=question.author_id,
        text=question.text,
        search_text=_words(question.text, question.choices),
        choices=[{"id": choice.id, "title": choice.title} for choice in question.choices],
        state=question.state,
        channel=question.channel,
        blocked_code=question.blocked_code,
        blocked_values=dict(question.blocked_values),
        captured_at=question.captured_at,
        created_at=question.created_at,
        changed_at=question.changed_at,
    )
    await _insert_photos(company_id, question.id, question.photo_ids)


async def set_words(
    company_id: UUID,
    question_id: UUID,
    *,
    text: str,
    choices: Sequence[Choice],
    photo_ids: Sequence[UUID],
    contact_id: UUID | None,
) -> None:
    """Change what has not left yet."""
    await QuestionRow.filter(id=question_id, company_id=company_id).update(
        text=text,
        search_text=_words(text, choices),
        choices=[{"id": choice.id, "title": choice.title} for choice in choices],
        contact_id=contact_id,
    )
    await QuestionPhotoRow.filter(company_id=company_id, question_id=question_id).delete()
    await _insert_photos(company_id, question_id, photo_ids)


async def set_state(
    company_id: UUID, question: Question, state: QuestionState, *, at: datetime, **changes: Any
) -> bool:
    """Move a question on if nobody else did since it was read; False means it has moved."""
    changed = await QuestionRow.filter(id=question.id, company_id=company_id, rev=question.rev).update(
        state=state, changed_at=at, rev=question.rev + 1, **changes
    )
    return bool(changed)


async def lock(company_id: UUID, question_id: UUID) -> None:
    """Let nobody else move this question until the unit ends."""
    await sql.lock("question", company_id, question_id)


async def set_seen(
    company_id: UUID,
    question_id: UUID,
    *,
    by_author: datetime | None = None,
    by_office: datetime | None = None,
) -> None:
    """Note that the answer was seen."""
    changes = {"seen_by_author_at": by_author} if by_author else {"seen_by_office_at": by_office}
    await QuestionRow.filter(id=question_id, company_id=company_id).update(**changes)


async def by_id(company_id: UUID, question_id: UUID) -> Question | None:
    row = await QuestionRow.get_or_none(id=question_id, company_id=company_id).prefetch_related(
        "author", "contact"
    )
    return (await _questions(company_id, [row]))[0] if row else None


async def by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Question]:
    """Return these questions, newest first."""
    rows = QuestionRow.filter(company_id=company_id, id__in=list(ids)).order_by("-id")
    return await _questions(company_id, await rows.prefetch_related("author", "contact"))


async def search(company_id: UUID, terms: Sequence[str], *, limit: int = 20) -> list[Question]:
    """Return questions whose words or choices hold every folded term, newest first."""
    holds = [Q(search_text__contains=term) for term in terms]
    rows = QuestionRow.filter(*holds, company_id=company_id).order_by("-id").limit(limit)
    return await _questions(company_id, await rows.prefetch_related("author", "contact"))


async def of_job(company_id: UUID, job_id: UUID, *, limit: int = 100) -> list[Question]:
    """Return a job's questions, newest first."""
    rows = QuestionRow.filter(company_id=company_id, job_id=job_id).order_by("-id").limit(limit)
    return await _questions(company_id, await rows.prefetch_related("author", "contact"))


async def of_jobs(company_id: UUID, job_ids: Sequence[UUID], *, limit: int = 500) -> list[Question]:
    """Return the open and answered questions of several jobs, newest first."""
    rows = QuestionRow.filter(company_id=company_id, job_id__in=list(job_ids)).order_by("-id").limit(limit)
    return await _questions(company_id, await rows.prefetch_related("author", "contact"))


async def of_author(
    company_id: UUID, author_id: UUID, *, before: str | None = None, limit: int = 50
) -> Page[Question]:
    """Return what one person asked, newest first."""
    return await _page(company_id, {"author_id": author_id}, before, limit)


async def of_company(
    company_id: UUID,
    *,
    states: Sequence[QuestionState] = tuple(OPEN),
    author_id: UUID | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Question]:
    """Return the company's questions in these states, newest first, of one author or of all."""
    only: dict[str, Any] = {"state__in": list(states)} | ({"author_id": author_id} if author_id else {})
    return await _page(company_id, only, before, limit)


async def of_contact(
    company_id: UUID, contact_id: UUID, *, states: Sequence[QuestionState]
) -> list[Question]:
    """Return the questions to one person in these states, newest first."""
    rows = QuestionRow.filter(company_id=company_id, contact_id=contact_id, state__in=list(states)).order_by(
        "-id"
    )
    return await _questions(company_id, await rows.prefetch_related("author", "contact"))


async def awaiting_photo(company_id: UUID, photo_id: UUID) -> list[Question]:
    """Return the questions that wait for a release and show this photo."""
    ids = await QuestionPhotoRow.filter(company_id=company_id, photo_id=photo_id).values_list(
        "question_id", flat=True
    )
    rows = QuestionRow.filter(company_id=company_id, id__in=list(ids), state=QuestionState.WAITING_RELEASE)
    return await _questions(company_id, await rows.prefetch_related("author", "contact"))


async def _page(company_id: UUID, only: dict[str, Any], before: str | None, limit: int) -> Page[Question]:
    query = QuestionRow.filter(company_id=company_id, **only)
    if before:
        query = query.filter(id__lt=before)
    rows = await query.order_by("-id").limit(limit + 1).prefetch_related("author", "contact")
    return cut(await _questions(company_id, rows), limit, lambda question: str(question.id))


async def _insert_photos(company_id: UUID, question_id: UUID, photo_ids: Sequence[UUID]) -> None:
    for place, photo_id in enumerate(photo_ids):
        await QuestionPhotoRow.create(
            id=new_id(), company_id=company_id, question_id=question_id, photo_id=photo_id, place=place
        )


async def _questions(company_id: UUID, rows: Sequence[QuestionRow]) -> list[Question]:
    shown: dict[UUID, list[UUID]] = {row.id: [] for row in rows}
    photos = QuestionPhotoRow.filter(company_id=company_id, question_id__in=list(shown)).order_by("place")
    for photo in await photos:
        shown[photo.question_id].append(photo.photo_id)
    return [_question(row, shown[row.id]) for row in rows]


def _words(text: str, choices: Sequence[Choice]) -> str:
    return folded(text, " ".join(choice.title for choice in choices))


def _question(row: QuestionRow, photo_ids: Sequence[UUID]) -> Question:
    return Question(
        id=row.id,
        company_id=row.company_id,
        job_id=row.job_id,
        job_hint=row.job_hint,
        contact_id=row.contact_id,
        author_id=row.author_id,
        author_name=row.author.name,
        contact_name=row.contact.name if row.contact else "",
        text=row.text,
        choices=tuple(Choice(**choice) for choice in row.choices),
        photo_ids=tuple(photo_ids),
        state=QuestionState(row.state),
        channel=row.channel,
        blocked_code=row.blocked_code,
        blocked_values=row.blocked_values,
        captured_at=row.captured_at,
        created_at=row.created_at,
        changed_at=row.changed_at,
        send_after=row.send_after,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
        answer_choice=row.answer_choice,
        answer_text=row.answer_text,
        answer_channel=row.answer_channel,
        seen_by_author_at=row.seen_by_author_at,
        seen_by_office_at=row.seen_by_office_at,
        rev=row.rev,
    )
