"""Answer links: found by the hash of their token, closed with their question or their person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db.tables import AnswerLinkRow
from server.domain.accounts import AnswerLink


async def insert_link(company_id: UUID, link: AnswerLink, *, token_hash: str, at: datetime) -> None:
    await AnswerLinkRow.create(
        id=link.id,
        company_id=company_id,
        question_id=link.question_id,
        contact_id=link.contact_id,
        token_hash=token_hash,
        created_at=at,
        expires_at=link.expires_at,
    )


async def by_hash(token_hash: str) -> AnswerLink | None:
    """Return the answer link of a token, alive or not."""
    row = await AnswerLinkRow.get_or_none(token_hash=token_hash)
    return _link(row) if row else None


async def by_id(company_id: UUID, link_id: UUID) -> AnswerLink | None:
    row = await AnswerLinkRow.get_or_none(company_id=company_id, id=link_id)
    return _link(row) if row else None


async def of_question(company_id: UUID, question_id: UUID) -> AnswerLink | None:
    row = (
        await AnswerLinkRow.filter(company_id=company_id, question_id=question_id)
        .order_by("-created_at")
        .first()
    )
    return _link(row) if row else None


async def of_questions(company_id: UUID, question_ids: Sequence[UUID]) -> dict[UUID, AnswerLink]:
    """Return the newest link of each of these questions."""
    rows = AnswerLinkRow.filter(company_id=company_id, question_id__in=list(set(question_ids)))
    return {row.question_id: _link(row) for row in await rows.order_by("created_at", "id")}


async def open_of_contact(company_id: UUID, contact_id: UUID, *, at: datetime) -> list[AnswerLink]:
    """Return the doors of a person that are not closed."""
    rows = AnswerLinkRow.filter(company_id=company_id, contact_id=contact_id, revoked_at=None)
    return [_link(row) for row in await rows.filter(expires_at__gt=at).order_by("id")]


async def set_answered(company_id: UUID, link_id: UUID, *, at: datetime) -> None:
    await AnswerLinkRow.filter(company_id=company_id, id=link_id).update(answered_at=at)


async def set_revoked(company_id: UUID, question_id: UUID, *, at: datetime) -> None:
    await AnswerLinkRow.filter(company_id=company_id, question_id=question_id, revoked_at=None).update(
        revoked_at=at
    )


async def set_revoked_of_contact(company_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """Close every door a person was given."""
    await AnswerLinkRow.filter(company_id=company_id, contact_id=contact_id, revoked_at=None).update(
        revoked_at=at
    )


def _link(row: AnswerLinkRow) -> AnswerLink:
    return AnswerLink(
        id=row.id,
        company_id=row.company_id,
        question_id=row.question_id,
        contact_id=row.contact_id,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        answered_at=row.answered_at,
    )
