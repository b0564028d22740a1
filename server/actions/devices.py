"""Phones: seen, what they say they still hold (O5), and that they did what the office told them (T4)."""

from datetime import datetime
from uuid import UUID

from server.db import devices, items, logbook, pushes, sessions
from server.db.unit import atomic, signal
from server.domain.devices import Order, Report
from server.domain.errors import Conflict
from server.domain.logbook import Entry
from server.domain.users import Actor, system


@atomic
async def notice(actor: Actor, device_id: UUID, *, name: str = "", client: int = 0, at: datetime) -> None:
    """Note that this phone was here, under whoever is signed in on it. Raises Conflict for another company's id."""
    assert actor.id
    known = await devices.by_token(device_id)
    if known is None:
        await items.claim_id(actor.company_id, device_id)
        known = await devices.by_token(device_id)
    if known is None:
        await devices.insert_device(
            actor.company_id, device_id, user_id=actor.id, name=name[:200], client=client, at=at
        )
    elif known.company_id == actor.company_id:
        await devices.set_seen(
            actor.company_id, device_id, user_id=actor.id, name=name[:200], client=client, at=at
        )
    else:
        raise Conflict("device.taken", field="device")
    if known and known.emptied:
        await devices.set_begun_anew(actor.company_id, device_id)
    if actor.session_id and actor.device_id != device_id:
        await devices.set_session(actor.company_id, device_id, actor.session_id)


@atomic
async def report(
    actor: Actor, device_id: UUID, said: Report, *, client: int, name: str, at: datetime
) -> Order | None:
    """Keep what the phone says of itself; the office sees it. Returns what the office wants of the phone."""
    await notice(actor, device_id, name=name, client=client, at=at)
    await devices.set_report(actor.company_id, device_id, said, at=at)
    signal("devices", actor.company_id, device=str(device_id))
    return await order_of(actor.company_id, device_id)


async def order_of(company_id: UUID, device_id: UUID) -> Order | None:
    """Return what this phone was told and has not done yet."""
    device = await devices.by_id(company_id, device_id)
    return device.open_order if device else None


@atomic
async def obeyed(device_id: UUID, *, at: datetime) -> None:
    """Take a phone's word that it has wiped itself: it is signed out from now on.

    Whoever says so needs nothing but the phone's own id: it may be signed out already. Without an order that waits,
    nothing happens.
    """
    device = await devices.by_token(device_id)
    if device is None or not await devices.set_obeyed(device.company_id, device_id, at=at):
        return
    company_id = device.company_id
    await sessions.set_revoked_of_device(company_id, device_id, at=at)
    await pushes.delete_of_device(company_id, device_id)
    entry = Entry.by(system(company_id), "device.obeyed", "device", device_id, at=at)
    await logbook.insert_entry(company_id, entry)
    signal("devices", company_id, device=str(device_id))
