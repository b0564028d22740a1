"""What was shared with whom, read from messages, hand-offs and answer links; four statements a page."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, Subquery

from server.db import answer_links
from server.db.tables import ContactRow, MessageRow, PhotoRow
from server.domain.accounts import AnswerLink
from server.domain.messages import Direction, MessageState
from server.domain.paging import Page, cut
from server.domain.shares import LEFT, Share, SharedPhoto, photos_of

LIMIT = 50
_COLUMNS = (
    "id", "at", "sent_at", "created_at", "channel", "state", "text", "step", "recipient", "verified", "job_id",
    "question_id", "job__number", "contact__name", "author__name", "question__released_by__name",
)  # fmt: skip


async def of_job(
    company_id: UUID, job_id: UUID, *, before: str | None = None, limit: int = LIMIT
) -> Page[Share]:
    """Return what left about a job, newest first."""
    return await _page(company_id, Q(job_id=job_id), before, limit)


async def of_company(company_id: UUID, *, before: str | None = None, limit: int = LIMIT) -> Page[Share]:
    """Return what left to anybody, newest first."""
    return await _page(company_id, Q(), before, limit)


async def of_customer(
    company_id: UUID, customer_id: UUID, *, before: str | None = None, limit: int = LIMIT
) -> Page[Share]:
    """Return what left to any contact of a customer, newest first."""
    contacts = ContactRow.filter(company_id=company_id, customer_id=customer_id)
    return await _page(company_id, Q(contact_id__in=Subquery(contacts.values("id"))), before, limit)


async def _page(company_id: UUID, only: Q, before: str | None, limit: int) -> Page[Share]:
    rows = MessageRow.filter(only, company_id=company_id, direction=Direction.OUT, state__in=list(LEFT))
    last = await MessageRow.get_or_none(company_id=company_id, id=UUID(before)) if before else None
    if last:
        rows = rows.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    found = await rows.order_by("-created_at", "-id").limit(limit + 1).values(*_COLUMNS)
    page = cut(found, limit, lambda row: str(row["id"]))
    links = await answer_links.of_questions(
        company_id, [row["question_id"] for row in page.items if row["question_id"]]
    )
    captions = await _captions(company_id, [one for row in page.items for one in photos_of(row["step"])])
    return Page([_share(row, links, captions) for row in page.items], page.next)


async def _captions(company_id: UUID, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = PhotoRow.filter(company_id=company_id, id__in=list(set(ids)), deleted_at=None)
    return dict(await rows.values_list("id", "caption"))


def _share(row: Mapping[str, Any], links: Mapping[UUID, AnswerLink], captions: Mapping[UUID, str]) -> Share:
    return Share(
        id=row["id"],
        at=row["sent_at"] or row["at"],
        channel=row["channel"],
        state=MessageState(row["state"]),
        text=row["text"],
        contact=row["contact__name"] or "",
        recipient=row["recipient"],
        released_by=row["question__released_by__name"] or row["author__name"] or "",
        job_id=row["job_id"],
        job_number=row["job__number"] or "",
        question_id=row["question_id"],
        verified=bool(row["verified"]),
        photos=tuple(
            SharedPhoto(one, one in captions, captions.get(one, "")) for one in photos_of(row["step"])
        ),
        link=links.get(row["question_id"]),
    )
