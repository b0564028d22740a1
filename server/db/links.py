"""One-time sign-in links, found by the hash of their token."""

from datetime import datetime
from uuid import UUID

from server.db.tables import SignInLinkRow
from server.domain.sessions import SignInLink


async def by_token(token_hash: str) -> SignInLink | None:
    """Return the link as it stands, open or not; looking changes nothing."""
    row = await SignInLinkRow.get_or_none(token_hash=token_hash)
    return _link(row) if row else None


async def by_code(code_hash: str) -> SignInLink | None:
    """Return the link that a pairing code stands for, open or not."""
    row = await SignInLinkRow.get_or_none(code_hash=code_hash)
    return _link(row) if row else None


def _link(row: SignInLinkRow) -> SignInLink:
    return SignInLink(row.id, row.company_id, row.user_id, row.created_at, row.expires_at, row.redeemed_at)


async def insert_link(
    company_id: UUID,
    link: SignInLink,
    token_hash: str,
    *,
    code_hash: str | None = None,
    created_by: UUID | None,
) -> None:
    await SignInLinkRow.create(
        id=link.id,
        company_id=company_id,
        user_id=link.user_id,
        token_hash=token_hash,
        code_hash=code_hash,
        created_by_id=created_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
    )


async def set_redeemed(company_id: UUID, link_id: UUID, *, at: datetime) -> bool:
    """Use the link up; False when somebody was faster or its time is over."""
    return bool(
        await SignInLinkRow.filter(
            id=link_id, company_id=company_id, redeemed_at=None, expires_at__gt=at
        ).update(redeemed_at=at)
    )


async def delete_of_user(company_id: UUID, user_id: UUID) -> None:
    """Take every unused link of a person away."""
    await SignInLinkRow.filter(company_id=company_id, user_id=user_id, redeemed_at=None).delete()
