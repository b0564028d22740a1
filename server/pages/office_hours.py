"""Opening hours, holidays, quiet hours, and what the firm says by itself."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import office_hours
from server.db import office_hours as hours_db
from server.domain.errors import Invalid
from server.domain.holidays import NAMES, State
from server.domain.hours import TEXT_MAX, OfficeHours, Span, read_clock
from server.domain.quick_replies import PLACEHOLDERS
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

SPANS = 2


@dataclass(frozen=True, slots=True)
class HoursForm:
    """`from` and `until` hold two spans for each of the seven days, in order; empty = closed."""

    begins: tuple[str, ...] = forms.clocks(7 * SPANS)
    ends: tuple[str, ...] = forms.clocks(7 * SPANS)
    state: State | None = forms.one_of(State, default=None)
    closed: str = forms.text(max=1000, lines=True, default="")
    greeting_on: bool = forms.flag()
    greeting: str = forms.text(max=TEXT_MAX, lines=True, default="")
    away_on: bool = forms.flag()
    away: str = forms.text(max=TEXT_MAX, lines=True, default="")
    quiet_from: str = forms.text(max=8, default="")
    quiet_until: str = forms.text(max=8, default="")
    job_code: bool = forms.flag()

    def hours(self) -> OfficeHours:
        """Return what was typed. Raises Invalid naming the field."""
        return OfficeHours(
            week=tuple(self._day(place) for place in range(7)),
            state=self.state,
            closed=tuple(_days(self.closed)),
            greeting_on=self.greeting_on,
            greeting=self.greeting,
            away_on=self.away_on,
            away=self.away,
            quiet_from=read_clock(self.quiet_from, "quiet_from"),
            quiet_until=read_clock(self.quiet_until, "quiet_until"),
            job_code=self.job_code,
        )

    def _day(self, place: int) -> tuple[Span, ...]:
        spans = []
        for one in range(place * SPANS, place * SPANS + SPANS):
            start = read_clock(self.begins[one], f"day{place}")
            end = read_clock(self.ends[one], f"day{place}")
            if (start is None) != (end is None):
                raise Invalid("hours.half", field=f"day{place}")
            if start and end:
                spans.append((start, end))
        return tuple(sorted(spans))


async def show(request: Request) -> Response:
    hours = await hours_db.of_company(access.actor(request).company_id)
    return await _show(request, forms.blank(_typed(hours)))


async def change(request: Request) -> Response:
    actor, form = access.actor(request), await forms.read(request, HoursForm)
    try:
        await office_hours.change(actor, form.data.hours(), at=services(request).clock())
    except Invalid as refused:
        return await _show(request, form.refused(refused), status=422)
    return see_other(request, "/settings/conversations", flash="hours.changed")


def _days(text: str) -> list[date]:
    try:
        return [
            date.fromisoformat(word) if "-" in word else _german(word)
            for word in text.replace(",", " ").split()
        ]
    except ValueError:
        raise Invalid("field.day", field="closed") from None


def _german(word: str) -> date:
    """Return "24.12.2026" as a date; raises ValueError for anything else."""
    day, month, year = word.split(".")
    return date(int(year), int(month), int(day))


def _typed(hours: OfficeHours) -> dict[str, Any]:
    padded = [[*spans, *[None] * SPANS][:SPANS] for spans in hours.week]
    spans = [span for day in padded for span in day]
    return {
        "begins": [span[0].strftime("%H:%M") if span else "" for span in spans],
        "ends": [span[1].strftime("%H:%M") if span else "" for span in spans],
        "state": hours.state or "",
        "closed": "\n".join(day.strftime("%d.%m.%Y") for day in hours.closed),
        "greeting_on": hours.greeting_on,
        "greeting": hours.greeting,
        "away_on": hours.away_on,
        "away": hours.away,
        "quiet_from": hours.quiet_from.strftime("%H:%M") if hours.quiet_from else "",
        "quiet_until": hours.quiet_until.strftime("%H:%M") if hours.quiet_until else "",
        "job_code": hours.job_code,
    }


async def _show(request: Request, form: forms.Form[Any], *, status: int = 200) -> Response:
    return await page(
        request,
        "settings/conversations.html",
        status=status,
        nav="conversations",
        form=form,
        states=[(one.value, name) for one, name in NAMES.items()],
        placeholders=PLACEHOLDERS,
        spans=SPANS,
    )


routes = [
    route("/settings/conversations", show, who=Who.ADMIN),
    route("/settings/conversations", change, who=Who.ADMIN, methods=["POST"]),
]
