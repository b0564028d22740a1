"""When a company can be reached; a company without a row keeps no hours."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from server.db.tables import OfficeHoursRow
from server.domain.holidays import State
from server.domain.hours import NO_WEEK, OfficeHours
from server.ids import new_id


async def of_company(company_id: UUID) -> OfficeHours:
    row = await OfficeHoursRow.get_or_none(company_id=company_id)
    return _hours(row) if row else OfficeHours()


async def set_hours(company_id: UUID, hours: OfficeHours, *, at: datetime) -> None:
    """Write a company's hours; the first time makes its row."""
    values: dict[str, Any] = {
        "week": [[[_clock(start), _clock(end)] for start, end in spans] for spans in hours.week],
        "state": hours.state or "",
        "closed": [day.isoformat() for day in hours.closed],
        "greeting_on": hours.greeting_on,
        "greeting": hours.greeting,
        "away_on": hours.away_on,
        "away": hours.away,
        "quiet_from": _clock(hours.quiet_from),
        "quiet_until": _clock(hours.quiet_until),
        "job_code": hours.job_code,
        "changed_at": at,
    }
    if not await OfficeHoursRow.filter(company_id=company_id).update(**values):
        await OfficeHoursRow.create(id=new_id(), company_id=company_id, **values)


def _clock(moment: time | None) -> str:
    return moment.strftime("%H:%M") if moment else ""


def _hours(row: OfficeHoursRow) -> OfficeHours:
    week = tuple(
        tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in spans)
        for spans in row.week
    )
    return OfficeHours(
        week=week or NO_WEEK,
        state=State(row.state) if row.state else None,
        closed=tuple(date.fromisoformat(day) for day in row.closed),
        greeting_on=row.greeting_on,
        greeting=row.greeting,
        away_on=row.away_on,
        away=row.away,
        quiet_from=time.fromisoformat(row.quiet_from) if row.quiet_from else None,
        quiet_until=time.fromisoformat(row.quiet_until) if row.quiet_until else None,
        job_code=row.job_code,
    )
