"""What the firm says its messages cost."""

from datetime import datetime

from server.db import companies, logbook, statistics
from server.db.unit import atomic
from server.domain.logbook import Entry
from server.domain.statistics import Price, price_of
from server.domain.users import Actor, Right, require


@atomic
async def set_prices(actor: Actor, wanted: list[Price], *, at: datetime) -> None:
    """Write the prices that differ from what counts in their month. Raises Forbidden."""
    require(actor, Right.MANAGE_COMPANY)
    await companies.lock(actor.company_id)
    known = await statistics.prices(actor.company_id)
    for price in wanted:
        if price_of(known, price.channel, price.category, price.month) == price.micros:
            continue
        await statistics.set_price(actor.company_id, price)
        entry = Entry.by(
            actor, "price.set", "company", actor.company_id, at=at,
            channel=price.channel, category=price.category, month=price.month, micros=price.micros,
        )  # fmt: skip
        await logbook.insert_entry(actor.company_id, entry)
