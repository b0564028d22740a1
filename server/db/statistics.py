"""What channels did, month by month, in three statements whatever the size. Nothing here knows who worked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from server.db import sql
from server.db.tables import ChannelPriceRow
from server.domain.messages import MessageState
from server.domain.statistics import CHARGED_EACH, Asked, Counted, Month, Price
from server.ids import new_id

LEFT = (
    MessageState.ACCEPTED,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.READ,
    MessageState.CONFIRMED,
)
_MESSAGES = """
SELECT channel, month, category, COUNT(*) AS sent, SUM(delivered) AS delivered, SUM(seen) AS seen,
    SUM(billable) AS billable
FROM (
    SELECT channel, category, {month} AS month,
        CASE WHEN state IN ('delivered', 'read') OR delivered_at IS NOT NULL THEN 1 ELSE 0 END AS delivered,
        CASE WHEN state = 'read' THEN 1 ELSE 0 END AS seen,
        CASE WHEN billable THEN 1 WHEN billable IS NULL AND channel IN ({each}) THEN 1 ELSE 0 END AS billable
    FROM message
    WHERE company_id = ? AND direction = 'out' AND chat_import_id IS NULL AND state IN ({left}) AND {at} >= ? AND {at} < ?
) AS one
GROUP BY channel, month, category
"""
# The median of an even number is the middle of the two in the middle.
_QUESTIONS = """
SELECT channel, month, COUNT(*) AS asked, MAX(answers) AS answered,
    AVG(CASE WHEN place IN ((answers + 1) / 2, (answers + 2) / 2) THEN seconds END) AS median
FROM (
    SELECT channel, month, seconds, COUNT(seconds) OVER (PARTITION BY channel, month) AS answers,
        CASE WHEN seconds IS NULL THEN 0
        ELSE ROW_NUMBER() OVER (PARTITION BY channel, month, seconds IS NULL ORDER BY seconds) END AS place
    FROM (
        SELECT channel, {month} AS month,
            CASE WHEN state = 'answered' AND answered_at >= sent_at THEN {seconds} END AS seconds
        FROM question WHERE company_id = ? AND channel <> '' AND sent_at >= ? AND sent_at < ?
    ) AS one
) AS two
GROUP BY channel, month
"""
_SECONDS = {
    "sqlite": "ROUND((julianday(answered_at) - julianday(sent_at)) * 86400)",
    "postgres": "EXTRACT(EPOCH FROM answered_at - sent_at)",
}
_SENT_AT = "COALESCE(sent_at, at)"


async def messages(company_id: UUID, span: Sequence[Month]) -> list[Counted]:
    """Return how many messages left, by channel, month and category."""
    month, marks = _month_of(_SENT_AT, span)
    each = ", ".join(f"'{channel}'" for channel in CHARGED_EACH)
    left = ", ".join(f"'{state.value}'" for state in LEFT)
    statement = _MESSAGES.format(month=month, each=each, left=left, at=_SENT_AT)
    found = await sql.rows(statement, *marks, company_id, span[0].start, span[-1].end)
    return [
        Counted(
            channel=str(row["channel"]),
            month=span[int(row["month"])].name,
            category=str(row["category"]),
            sent=int(row["sent"]),
            delivered=int(row["delivered"]),
            read=int(row["seen"]),
            billable=int(row["billable"]),
        )
        for row in found
    ]


async def questions(company_id: UUID, span: Sequence[Month]) -> list[Asked]:
    """Return how many questions left and were answered, and how long the answer took, by channel and month."""
    month, marks = _month_of("sent_at", span)
    statement = _QUESTIONS.format(month=month, seconds=_SECONDS[sql.dialect()])
    found = await sql.rows(statement, *marks, company_id, span[0].start, span[-1].end)
    return [
        Asked(
            channel=str(row["channel"]),
            month=span[int(row["month"])].name,
            asked=int(row["asked"]),
            answered=int(row["answered"]),
            median_s=None if row["median"] is None else float(row["median"]),
        )
        for row in found
    ]


async def prices(company_id: UUID) -> list[Price]:
    """Return every price the firm entered, oldest month first."""
    rows = ChannelPriceRow.filter(company_id=company_id).order_by("channel", "category", "month")
    return [Price(row.channel, row.category, row.month, row.micros) for row in await rows]


async def set_price(company_id: UUID, price: Price) -> None:
    """Write what a message costs from a month on; the same month again is corrected."""
    key: dict[str, Any] = {"channel": price.channel, "category": price.category, "month": price.month}
    rows = ChannelPriceRow.filter(company_id=company_id, **key)
    if not await rows.update(micros=price.micros):
        await ChannelPriceRow.create(id=new_id(), company_id=company_id, micros=price.micros, **key)


def _month_of(at: str, span: Sequence[Month]) -> tuple[str, list[datetime]]:
    """Return the expression for the place of a moment's month in `span`, and the values of its marks."""
    whens = " ".join(f"WHEN {at} < ? THEN {place}" for place in range(len(span)))
    return f"CASE {whens} END", [month.end for month in span]
