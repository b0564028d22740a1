"""Phones as they name themselves, what they say they still hold, and what they were told to do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from server.db.tables import DeviceRow, SessionRow
from server.domain.devices import Device, Order, Report, condition_of, read_holds, read_storage
from server.domain.paging import Page, cut

_COLUMNS = (
    "id", "company_id", "user_id", "name", "unsent", "oldest_at", "client", "created_at", "seen_at", "version",
    "problems", "condition", "reported_at", "reminded_at", "order", "ordered_at", "obeyed_at",
    "others",
)  # fmt: skip


async def by_id(company_id: UUID, device_id: UUID) -> Device | None:
    """Return one phone."""
    found = await _read({"company_id": company_id, "id": device_id}, limit=1)
    return found[0] if found else None


async def of_company(company_id: UUID, *, after: str | None = None, limit: int = 50) -> Page[Device]:
    """Return the company's phones in a stable order."""
    only: dict[str, object] = {"company_id": company_id}
    if after:
        only["id__gt"] = after
    return cut(await _read(only, limit=limit + 1), limit, lambda device: str(device.id))


async def holding(company_id: UUID) -> list[Device]:
    """Return the phones that said they still hold something, of whoever."""
    return await _read({"company_id": company_id}, Q(unsent__gt=0) | Q(others__gt=0), limit=1000)


async def held_by(company_id: UUID, user_id: UUID) -> list[Device]:
    """Return this person's phones that said they still hold something."""
    return await _read({"company_id": company_id, "user_id": user_id, "unsent__gt": 0}, limit=100)


async def by_token(device_id: UUID) -> Device | None:
    """Return the phone of an id that only this phone knows, before anybody knows whose it is."""
    found = await _read({"id": device_id}, limit=1)
    return found[0] if found else None


async def insert_device(
    company_id: UUID, device_id: UUID, *, user_id: UUID, name: str, client: int, at: datetime
) -> None:
    """Write a phone seen for the first time."""
    await DeviceRow.create(
        id=device_id,
        company_id=company_id,
        user_id=user_id,
        name=name,
        client=client,
        created_at=at,
        seen_at=at,
    )


async def set_seen(
    company_id: UUID, device_id: UUID, *, user_id: UUID, name: str, client: int, at: datetime
) -> None:
    """Note that the phone was here; it belongs to whoever is signed in on it."""
    named = {"name": name} if name else {}
    await DeviceRow.filter(id=device_id, company_id=company_id).update(
        user_id=user_id, client=client, seen_at=at, **named
    )


async def set_begun_anew(company_id: UUID, device_id: UUID) -> None:
    """Forget an obeyed order: somebody signed in on the wiped phone. The logbook remembers."""
    past: dict[str, Any] = {"order": "", "ordered_at": None, "ordered_by_id": None, "obeyed_at": None}
    obeyed = DeviceRow.filter(id=device_id, company_id=company_id).exclude(order="").exclude(obeyed_at=None)
    await obeyed.update(**past, unsent=0, others=0, oldest_at=None, problems=0, condition={})


async def set_report(company_id: UUID, device_id: UUID, report: Report, *, at: datetime) -> None:
    """Keep what the phone says of itself."""
    await DeviceRow.filter(id=device_id, company_id=company_id).update(
        unsent=report.unsent,
        others=report.others,
        oldest_at=report.oldest_at,
        version=report.version,
        problems=report.problems,
        condition=condition_of(report),
        reported_at=at,
        seen_at=at,
    )


async def set_written_off(company_id: UUID, device_id: UUID) -> None:
    """Forget what the phone said it holds, until it says so again."""
    row = await DeviceRow.get(id=device_id, company_id=company_id)
    condition = {**(row.condition or {}), "holds": []}
    await DeviceRow.filter(id=device_id, company_id=company_id).update(
        unsent=0, others=0, oldest_at=None, problems=0, condition=condition
    )


async def set_reminded(company_id: UUID, device_id: UUID, *, before: datetime | None, at: datetime) -> bool:
    """Note that the phone's person is reminded; False when somebody else did so since it was read."""
    unchanged = DeviceRow.filter(id=device_id, company_id=company_id, reminded_at=before)
    return bool(await unchanged.update(reminded_at=at))


async def set_order(
    company_id: UUID, device_id: UUID, order: Order, *, by: UUID | None, at: datetime
) -> None:
    """Tell the phone what to do at its next contact."""
    await DeviceRow.filter(id=device_id, company_id=company_id).update(
        order=order, ordered_at=at, ordered_by_id=by, obeyed_at=None
    )


async def set_taken_back(company_id: UUID, device_id: UUID) -> bool:
    """Take an order back that waits; False when none does."""
    waiting = DeviceRow.filter(id=device_id, company_id=company_id, obeyed_at=None).exclude(order="")
    return bool(await waiting.update(order="", ordered_at=None, ordered_by_id=None))


async def set_obeyed(company_id: UUID, device_id: UUID, *, at: datetime) -> bool:
    """Note that the phone has obeyed; False when nothing was ordered or it had said so before."""
    waiting = DeviceRow.filter(id=device_id, company_id=company_id, obeyed_at=None).exclude(order="")
    return bool(await waiting.update(obeyed_at=at))


async def set_session(company_id: UUID, device_id: UUID, session_id: UUID) -> None:
    """Remember which phone speaks with this session."""
    await SessionRow.filter(id=session_id, company_id=company_id).update(device_id=device_id)


async def _read(only: dict[str, object], *which: Q, limit: int) -> list[Device]:
    found = DeviceRow.filter(*which, **only).order_by("id").limit(limit)
    return [_device(row) for row in await found.values(*_COLUMNS, user_name="user__name")]


def _device(row: dict[str, Any]) -> Device:
    condition: Mapping[str, object] = row.pop("condition") or {}
    order = row.pop("order")
    return Device(
        **row,
        order=Order(order) if order else None,
        storage=read_storage(condition.get("storage")),
        holds=read_holds(condition.get("holds")),
    )
