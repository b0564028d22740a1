"""What was said between the firm and one person in one messenger: what opens a window, what still waits to leave."""

from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.messages import found
from server.db.tables import MessageRow
from server.domain.acquaintances import Heard
from server.domain.messages import Direction, Message, MessageState, identity

_HEARD = """SELECT channel, account_id, recipient_kind, recipient, verified, MAX(at) AS last FROM message
    WHERE company_id = ? AND contact_id = ? AND direction = 'in'
    GROUP BY channel, account_id, recipient_kind, recipient, verified"""


async def introduced(company_id: UUID, contact_id: UUID, channel: str) -> bool:
    """Say whether a message that went out, or still may, has told this person there who writes and how to stop it."""
    said = MessageRow.filter(company_id=company_id, contact_id=contact_id, channel=channel, introduces=True)
    lost = [MessageState.STOPPED, MessageState.FAILED, MessageState.DISCARDED]
    return bool(await said.exclude(state__in=lost).exists())


async def waiting_for(company_id: UUID, contact_id: UUID, channel: str) -> list[Message]:
    """Return what still waits to leave for this person in this channel, in order."""
    waiting = [MessageState.QUEUED, MessageState.PREPARED]
    return await found(
        company_id, contact_id=contact_id, channel=channel, state__in=waiting, direction=Direction.OUT
    )


async def thread(company_id: UUID, contact_id: UUID, channel: str, *, limit: int) -> tuple[str, ...]:
    """Return the platform's ids of the newest messages with this person there, oldest first."""
    rows = MessageRow.filter(company_id=company_id, contact_id=contact_id, channel=channel)
    named = rows.filter(foreign_id__isnull=False).order_by("-created_at", "-id").limit(limit)
    return tuple(reversed([str(one) for one in await named.values_list("foreign_id", flat=True)]))


async def channels_waiting_for(company_id: UUID, contact_id: UUID) -> set[str]:
    """Return the channels in which something waits to leave for this person."""
    waiting = [MessageState.QUEUED, MessageState.PREPARED]
    rows = MessageRow.filter(company_id=company_id, contact_id=contact_id, state__in=waiting)
    return {str(channel) for channel in await rows.values_list("channel", flat=True)}


async def heard(company_id: UUID, contact_id: UUID) -> list[Heard]:
    """Return when a person last wrote, for each channel, account and name apart, in one statement."""
    return [
        Heard(
            channel=one["channel"],
            account_id=one["account_id"] and sql.key(one["account_id"]),
            name=identity(one["recipient_kind"], one["recipient"]),
            proved=bool(one["verified"]),
            at=sql.moment(one["last"]),
        )
        for one in await sql.rows(_HEARD, company_id, contact_id)
    ]


async def last_inbound_at(company_id: UUID, account_id: UUID, contact_id: UUID) -> datetime | None:
    """Return when this person last wrote to this account, as the platform proved; it opens the platform's window."""
    his = MessageRow.filter(
        company_id=company_id, account_id=account_id, contact_id=contact_id, verified=True
    )
    row = await his.filter(direction=Direction.IN).order_by("-at").first()
    return row.at if row else None


async def wrote_by(company_id: UUID, contact_id: UUID) -> str:
    """Return the channel a person last wrote in himself, as a platform proved, "" if he never did."""
    rows = MessageRow.filter(
        company_id=company_id,
        contact_id=contact_id,
        direction=Direction.IN,
        account_id__not_isnull=True,
        verified=True,
    )
    row = await rows.order_by("-at", "-id").first()
    return row.channel if row else ""
