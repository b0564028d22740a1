"""When the firm can be reached, and what it says by itself when it cannot."""

from dataclasses import asdict
from datetime import datetime

from server.db import logbook, office_hours
from server.db.unit import atomic
from server.domain.errors import Invalid
from server.domain.hours import OfficeHours
from server.domain.logbook import Entry, differences
from server.domain.quick_replies import checked
from server.domain.users import Actor, Right, require


@atomic
async def change(actor: Actor, hours: OfficeHours, *, at: datetime) -> OfficeHours:
    """Write the company's hours and texts. Raises Invalid naming the field, Forbidden."""
    require(actor, Right.MANAGE_COMPANY)
    hours = hours.checked()
    for field in ("greeting", "away"):
        try:
            checked(getattr(hours, field))
        except Invalid as refused:
            raise Invalid(refused.code, field=field, **refused.values) from None
    before = await office_hours.of_company(actor.company_id)
    changes = differences(asdict(before), asdict(hours))
    if not changes:
        return hours
    await office_hours.set_hours(actor.company_id, hours, at=at)
    entry = Entry.by(actor, "hours.changed", "company", actor.company_id, at=at, changes=changes)
    await logbook.insert_entry(actor.company_id, entry)
    return hours
