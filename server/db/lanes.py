"""The lanes of the outbox: to one person in one channel things leave one after the other, in their order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count, Min

from server.db import messages
from server.db.sql import key, moment, rows
from server.db.tables import AttemptRow, MessageRow
from server.domain.lanes import Lane, Waiting
from server.domain.messages import GONE_OUT, Direction, Message, MessageState

_WAITING = (MessageState.QUEUED, MessageState.LEASED)
_ONE = """one.id, one.state, one.at, one.created_at, one.place, one.run_id, one.send_after,
    one.step IS NULL OR one.step -> 'call' IS NOT NULL AS planned"""
_IN_LINE = """one.direction = 'out' AND one.state IN ('queued', 'leased')
    ORDER BY one.at, one.created_at, one.place, one.id"""
_LANE = f"""SELECT {_ONE} FROM message one
    WHERE one.company_id = ? AND one.contact_id = ? AND one.channel = ? AND {_IN_LINE}"""
_AROUND = f"""SELECT {_ONE}, own.account_id, own.contact_id, own.channel FROM message own JOIN message one
    ON one.company_id = own.company_id AND one.contact_id = own.contact_id AND one.channel = own.channel
    WHERE own.company_id = ? AND own.id = ? AND {_IN_LINE}"""


async def of_run(company_id: UUID, run_id: UUID) -> list[Message]:
    """Return what one release or one free message became, in order."""
    return await messages.found(company_id, run_id=run_id)


async def waiting(company_id: UUID, contact_id: UUID, channel: str) -> list[Waiting]:
    """Return what waits to leave or is leaving for this person in this channel, in its order."""
    return [_one(row) for row in await rows(_LANE, company_id, contact_id, channel)]


async def around(company_id: UUID, message_id: UUID) -> Lane | None:
    """Return the lane a message stands in, in one statement; None for one that has no person or has moved on."""
    found = await rows(_AROUND, company_id, message_id)
    everyone = [_one(row) for row in found]
    own = next((one for one in everyone if one.id == message_id), None)
    if own is None:
        return None
    contact_id, account_id = key(found[0]["contact_id"]), found[0]["account_id"]
    return Lane(company_id, contact_id, found[0]["channel"], account_id and key(account_id), own, everyone)


def _one(row: Mapping[str, Any]) -> Waiting:
    return Waiting(
        id=key(row["id"]),
        state=MessageState(row["state"]),
        at=moment(row["at"]),
        created_at=moment(row["created_at"]),
        place=row["place"],
        run_id=row["run_id"] and key(row["run_id"]),
        send_after=row["send_after"] and moment(row["send_after"]),
        planned=bool(row["planned"]),
    )


async def number_waiting(
    company_id: UUID, account_ids: Sequence[UUID]
) -> dict[UUID, tuple[int, datetime | None]]:
    """Return by account how much waits to leave there, and since when the oldest does; in one statement."""
    queued = MessageRow.filter(
        company_id=company_id, account_id__in=list(account_ids), direction=Direction.OUT
    )
    queued = queued.filter(state=MessageState.QUEUED)
    counted = queued.annotate(number=Count("id"), since=Min("created_at")).group_by("account_id")
    found = await counted.values("account_id", "number", "since")
    return {one["account_id"]: (int(one["number"]), one["since"]) for one in found}


async def stopped(
    company_id: UUID, contact_id: UUID, channel: str, *, code: str, since: datetime
) -> list[Message]:
    """Return what was stopped for this person there for this reason since then, in order."""
    return await messages.found(
        company_id,
        contact_id=contact_id,
        channel=channel,
        direction=Direction.OUT,
        state=MessageState.STOPPED,
        error_code=code,
        changed_at__gte=since,
    )


async def every_stuck(*, before: datetime, limit: int = 500) -> list[Message]:
    """Return what should have left or been settled long ago, in every company: its task may be lost."""
    due = MessageRow.filter(direction=Direction.OUT, state__in=list(_WAITING), changed_at__lt=before)
    due = due.filter(Q(send_after=None) | Q(send_after__lt=before))
    return [messages.read(row) for row in await due.order_by("changed_at").limit(limit)]


async def begun_by(company_id: UUID, account_id: UUID, contact_id: UUID, upto: datetime) -> list[Message]:
    """Return what this account had begun to send to this person by then and that can still come further."""
    states = sorted(GONE_OUT - {"read"})
    found = await MessageRow.filter(
        company_id=company_id,
        account_id=account_id,
        contact_id=contact_id,
        direction=Direction.OUT,
        state__in=states,
    )
    ids = [row.id for row in found]
    begun = AttemptRow.filter(
        company_id=company_id, message_id__in=ids, started_at__lte=upto, outcome="accepted"
    )
    known = set(await begun.values_list("message_id", flat=True)) if ids else set()
    by_hand = {row.id for row in found if row.kind == "echo" and row.at <= upto}
    return [messages.read(row) for row in found if row.id in known | by_hand]


async def unanswered(company_id: UUID, account_id: UUID, contact_id: UUID) -> list[Message]:
    """Return what may be at the platform without our knowing its name there: leaving, or in doubt."""
    states = [MessageState.LEASED, MessageState.UNCLEAR]
    return await messages.found(
        company_id, account_id=account_id, contact_id=contact_id, foreign_id=None, state__in=states
    )


async def of_thread(
    company_id: UUID, conversation_id: UUID, *, states: Sequence[MessageState]
) -> list[Message]:
    """Return a conversation's messages in these states (scheduled, in doubt), in order."""
    return await messages.found(company_id, conversation_id=conversation_id, state__in=list(states))
