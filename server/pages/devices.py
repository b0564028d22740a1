"""The board of phones: what is still out there, and locking a phone from here (O5, T4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import orders
from server.db import boards, companies, devices
from server.domain.boards import Entry, entries
from server.domain.devices import WORDS, Device, Order, Owed, check_word
from server.domain.errors import Invalid
from server.domain.items import read_moment
from server.domain.sessions import device_name
from server.domain.users import Actor
from server.web import access, forms
from server.web.render import fragment, language, page, see_other
from server.web.routing import Who, route
from server.web.state import services

PHONES_MAX = 500
THINGS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class OrderQuery:
    order: Order | None = forms.one_of(Order, default=None)


@dataclass(frozen=True, slots=True)
class OrderForm:
    order: Order = forms.one_of(Order)
    word: str = forms.text(max=40, default="")


async def index(request: Request) -> Response:
    return await page(request, "devices/index.html", nav="devices", **await _board(request))


async def board(request: Request) -> Response:
    actor = access.actor(request)
    company = await companies.by_id(actor.company_id)
    return fragment(request, "devices/_board.html", company=company, **await _board(request))


async def ask_order(request: Request) -> Response:
    """Show what would happen, and what would be lost, before anything does."""
    device, query = await access.device(request), forms.read_query(request, OrderQuery)
    return await _order(request, device, query.order, forms.blank())


async def order(request: Request) -> Response:
    device, form = await access.device(request), await forms.read(request, OrderForm)
    given = form.data.order
    try:
        check_word(given, form.data.word)
    except Invalid as refused:
        return await _order(request, device, given, form.refused(refused), status=422)
    await orders.give_order(access.actor(request), device, given, at=services(request).clock())
    return see_other(request, "/devices", flash=f"device.{given}")


async def end_order(request: Request) -> Response:
    device = await access.device(request)
    await orders.take_back(access.actor(request), device, at=services(request).clock())
    return see_other(request, "/devices", flash="device.free")


async def write_off(request: Request) -> Response:
    device = await access.device(request)
    await orders.write_off(access.actor(request), device, at=services(request).clock())
    return see_other(request, "/devices", flash="device.written_off")


async def _board(request: Request) -> dict[str, Any]:
    actor: Actor = access.actor(request)
    found = (await devices.of_company(actor.company_id, limit=PHONES_MAX)).items
    missing, announced = (
        await boards.missing(actor.company_id),
        await boards.announced(actor.company_id, found),
    )
    made = entries(found, missing, announced, at=services(request).clock())
    return {
        "board": made,
        "owed": Owed.of(found),
        "names": {one.id: device_name(one.name) for one in found},
        "held_at": _moments(made),
        "shown": THINGS_SHOWN,
    }


def _moments(made: Sequence[Entry]) -> dict[UUID, datetime | None]:
    """Return when held things were taken, as far as the phone said it readably."""
    return {held.id: _moment(held.captured_at) for entry in made for held in entry.unannounced}


def _moment(text: str) -> datetime | None:
    try:
        return read_moment(text).at
    except Invalid:
        return None


async def _order(
    request: Request, device: Device, order: Order | None, form: forms.Form[Any], *, status: int = 200
) -> Response:
    word = WORDS[order][language(request) == "en"].upper() if order else ""
    return await page(
        request,
        "devices/order.html",
        status=status,
        nav="devices",
        device=device,
        phone=device_name(device.name),
        order=order,
        word=word,
        form=form,
    )


_DEVICE = "/devices/{device_id:uuid}"
routes = [
    route("/devices", index, who=Who.OFFICE),
    route("/devices/_board", board, who=Who.OFFICE),
    route(f"{_DEVICE}/order", ask_order, who=Who.OFFICE),
    route(f"{_DEVICE}/order", order, who=Who.OFFICE, methods=["POST"]),
    route(f"{_DEVICE}/loss", write_off, who=Who.OFFICE, methods=["POST"]),
    route(f"{_DEVICE}/order/end", end_order, who=Who.OFFICE, methods=["POST"]),
]
