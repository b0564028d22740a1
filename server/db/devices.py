"""Phones as they name themselves, and what they say they still hold."""

from datetime import datetime
from uuid import UUID

from server.db.tables import DeviceRow
from server.domain.devices import Device
from server.domain.paging import Page, cut


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


async def company_of(device_id: UUID) -> UUID | None:
    """Return whose phone this id is."""
    found = await DeviceRow.filter(id=device_id).values_list("company_id", flat=True)
    return UUID(str(found[0])) if found else None


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


async def set_seen(company_id: UUID, device_id: UUID, *, user_id: UUID, client: int, at: datetime) -> None:
    """Note that the phone was here; it belongs to whoever is signed in on it."""
    await DeviceRow.filter(id=device_id, company_id=company_id).update(
        user_id=user_id, client=client, seen_at=at
    )


async def set_unsent(
    company_id: UUID, device_id: UUID, *, unsent: int, oldest_at: datetime | None, at: datetime
) -> None:
    """Keep what the phone says it still holds."""
    await DeviceRow.filter(id=device_id, company_id=company_id).update(
        unsent=unsent, oldest_at=oldest_at, seen_at=at
    )


async def _read(only: dict[str, object], *, limit: int) -> list[Device]:
    columns = (
        "id",
        "company_id",
        "user_id",
        "name",
        "unsent",
        "oldest_at",
        "client",
        "created_at",
        "seen_at",
    )
    found = DeviceRow.filter(**only).order_by("id").limit(limit)
    return [Device(**row) for row in await found.values(*columns, user_name="user__name")]
