"""Phones: seen, and what they say they still hold (O5)."""

from datetime import datetime
from uuid import UUID

from server.db import devices, items
from server.db.unit import atomic, signal
from server.domain.errors import Conflict
from server.domain.users import Actor


@atomic
async def notice(actor: Actor, device_id: UUID, *, name: str = "", client: int = 0, at: datetime) -> None:
    """Note that this phone was here, under whoever is signed in on it. Raises Conflict for another company's id."""
    assert actor.id
    owner = await devices.company_of(device_id)
    if owner is None:
        await items.claim_id(actor.company_id, device_id)
        owner = await devices.company_of(device_id)
    if owner is None:
        await devices.insert_device(
            actor.company_id, device_id, user_id=actor.id, name=name[:200], client=client, at=at
        )
    elif owner == actor.company_id:
        await devices.set_seen(actor.company_id, device_id, user_id=actor.id, client=client, at=at)
    else:
        raise Conflict("device.taken", field="device")


@atomic
async def report(
    actor: Actor,
    device_id: UUID,
    *,
    unsent: int,
    oldest_at: datetime | None,
    client: int,
    name: str,
    at: datetime,
) -> None:
    """Keep what the phone says it still holds; the office sees it."""
    await notice(actor, device_id, name=name, client=client, at=at)
    await devices.set_unsent(actor.company_id, device_id, unsent=unsent, oldest_at=oldest_at, at=at)
    signal("devices", actor.company_id, device=str(device_id))
