"""Share links: made, found by the hash of their secret, closed. Openings are not written down anywhere."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db.tables import ShareLinkRow
from server.domain.share_links import ShareLink

LIMIT = 200


async def insert_link(company_id: UUID, link: ShareLink, *, token_hash: str) -> None:
    await ShareLinkRow.create(
        id=link.id,
        company_id=company_id,
        job_id=link.job_id,
        partner_id=link.partner_id,
        photo_ids=[str(one) for one in link.photo_ids],
        token_hash=token_hash,
        created_by_id=link.created_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
    )


async def by_id(company_id: UUID, link_id: UUID) -> ShareLink | None:
    row = await ShareLinkRow.get_or_none(company_id=company_id, id=link_id)
    return _link(row) if row else None


async def by_hash(token_hash: str) -> ShareLink | None:
    """Return the link a secret opens, whichever company's it is."""
    row = await ShareLinkRow.get_or_none(token_hash=token_hash)
    return _link(row) if row else None


async def of_jobs(company_id: UUID, job_ids: Sequence[UUID]) -> list[ShareLink]:
    """Return the links of these jobs, newest first."""
    rows = ShareLinkRow.filter(company_id=company_id, job_id__in=list(job_ids))
    return [_link(row) for row in await rows.order_by("-id").limit(LIMIT)]


async def of_company(company_id: UUID) -> list[ShareLink]:
    """Return the firm's links, newest first."""
    rows = ShareLinkRow.filter(company_id=company_id)
    return [_link(row) for row in await rows.order_by("-id").limit(LIMIT)]


async def of_partner(company_id: UUID, partner_id: UUID) -> list[ShareLink]:
    """Return the links a partner got, newest first."""
    rows = ShareLinkRow.filter(company_id=company_id, partner_id=partner_id)
    return [_link(row) for row in await rows.order_by("-id").limit(LIMIT)]


async def set_revoked(company_id: UUID, link_id: UUID, *, at: datetime) -> bool:
    """Close a link; False when it is closed already."""
    rows = ShareLinkRow.filter(company_id=company_id, id=link_id, revoked_at=None)
    return bool(await rows.update(revoked_at=at))


def _link(row: ShareLinkRow) -> ShareLink:
    return ShareLink(
        id=row.id,
        company_id=row.company_id,
        job_id=row.job_id,
        partner_id=row.partner_id,
        photo_ids=tuple(UUID(one) for one in row.photo_ids),
        created_by=row.created_by_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
