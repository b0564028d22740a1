"""One-time words in links that open a chat; only their hashes are stored."""

from datetime import datetime
from uuid import UUID

from server.db.tables import ChannelInviteRow
from server.ids import new_id


async def insert_invite(
    company_id: UUID,
    contact_id: UUID,
    channel: str,
    *,
    token_hash: str,
    expires_at: datetime,
    at: datetime,
) -> None:
    await ChannelInviteRow.create(
        id=new_id(),
        company_id=company_id,
        contact_id=contact_id,
        channel=channel,
        token_hash=token_hash,
        created_at=at,
        expires_at=expires_at,
    )


async def claim_invite(company_id: UUID, channel: str, token_hash: str, *, at: datetime) -> UUID | None:
    """Return whose invitation the word is and use it up; None for one that is used, expired, foreign or unknown."""
    row = await ChannelInviteRow.get_or_none(
        company_id=company_id, channel=channel, token_hash=token_hash, used_at=None, expires_at__gt=at
    )
    if row is None:
        return None
    used = ChannelInviteRow.filter(company_id=company_id, id=row.id, used_at=None)
    contact: UUID = row.contact_id
    return contact if await used.update(used_at=at) else None
