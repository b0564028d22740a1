"""Statistics of messages per channel and month (W13); of messages, never of people."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server import channels as registry
from server.actions import prices
from server.db import companies, statistics
from server.domain.companies import Company
from server.domain.errors import Invalid
from server.domain.statistics import (
    CATEGORIES,
    MICROS,
    Figures,
    Month,
    Price,
    figures,
    months,
    price_of,
    read_month,
    read_price,
)
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

PAGE = "/settings/statistics"
HEADINGS = (
    "Monat", "Kanal", "Gesendet", "Zugestellt", "Gelesen", "Rückfragen", "Beantwortet",
    "Zeit bis zur Antwort, Median (Minuten)", "Kostenpflichtig", "Kosten (EUR)", "ohne Preis",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriceField:
    """One price to enter: its name in the form, and what counts this month ("" = nothing entered)."""

    name: str
    channel: str
    category: str
    now: str


async def show(request: Request) -> Response:
    return await _show(request, forms.blank())


async def enter(request: Request) -> Response:
    """Take the prices that were typed; an empty field changes nothing."""
    company, at = await _company(request), services(request).clock()
    this_month = months(at, company.zone, 1)[0].name
    data = await request.form(max_fields=50)
    typed = {name: str(value)[:40] for name, value in data.items()}
    form: forms.Form[Any] = forms.blank(typed)
    try:
        month = read_month(typed.get("month", ""), "month", default=this_month)
        wanted = [
            Price(channel, category, month, micros)
            for name, channel, category in _names()
            if (micros := read_price(typed.get(name, ""), name)) is not None
        ]
        await prices.set_prices(access.actor(request), wanted, at=at)
    except Invalid as refused:
        return await _show(request, form.refused(refused), status=422)
    return see_other(request, PAGE, flash="price.saved")


async def download(request: Request) -> Response:
    """Give the same figures as a table for a spreadsheet: semicolons, a comma in numbers, UTF-8 with its mark."""
    company = await _company(request)
    lines, _, _ = await _figures(company, services(request).clock())
    file = io.StringIO()
    table = csv.writer(file, delimiter=";", lineterminator="\r\n")
    table.writerow(HEADINGS)
    for line in lines:
        tells = tells_of(line.channel)
        table.writerow(
            [
                line.month,
                line.channel,
                line.sent,
                line.delivered if "delivered" in tells else "",
                line.read if "read" in tells else "",
                line.asked,
                line.answered,
                "" if line.median_s is None else _decimal(line.median_s / 60, 1),
                line.billable,
                _decimal(line.cost_micros / MICROS, 4),
                line.unpriced,
            ]
        )
    headers = {
        "Content-Disposition": f'attachment; filename="nachrichten-{lines[0].month if lines else "leer"}.csv"'
    }
    return Response("\ufeff" + file.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def tells_of(channel: str) -> frozenset[str]:
    """Return what a channel reports of its messages; what it does not is "–", never nought."""
    return next((one.caps.receipts for one in registry.CHANNELS if one.kind == channel), frozenset())


def _decimal(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace(".", ",")


async def _show(request: Request, form: forms.Form[Any], *, status: int = 200) -> Response:
    company, at = await _company(request), services(request).clock()
    lines, known, span = await _figures(company, at)
    return await page(
        request,
        "statistics/index.html",
        status=status,
        nav="statistics",
        form=form,
        lines=lines,
        tells=tells_of,
        first={month.name: month.first for month in span},
        this_month=span[-1].name,
        prices=[
            PriceField(name, channel, category, _typed(price_of(known, channel, category, span[-1].name)))
            for name, channel, category in _names()
        ],
    )


async def _figures(company: Company, at: datetime) -> tuple[list[Figures], list[Price], list[Month]]:
    span = months(at, company.zone)
    known = await statistics.prices(company.id)
    counted = await statistics.messages(company.id, span)
    return figures(counted, await statistics.questions(company.id, span), known), known, span


def _names() -> list[tuple[str, str, str]]:
    """Return (name of the field, channel, category) of every price there is to enter."""
    return [
        (f"price_{channel}_{category}".rstrip("_"), channel, category)
        for channel, categories in CATEGORIES.items()
        for category in categories
    ]


def _typed(micros: int | None) -> str:
    return "" if micros is None else _decimal(micros / MICROS, 6).rstrip("0").rstrip(",")


async def _company(request: Request) -> Company:
    return access.known(await companies.by_id(access.actor(request).company_id), "company.unknown")


routes = [
    route(PAGE, show, who=Who.OFFICE),
    route(f"{PAGE}.csv", download, who=Who.OFFICE),
    route(f"{PAGE}/prices", enter, who=Who.ADMIN, methods=["POST"]),
]
