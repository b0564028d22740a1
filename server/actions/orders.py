"""What the office tells a phone to do with its data (T4): sent first and then emptied, or emptied at once."""

from datetime import datetime

from server.actions import pushes
from server.db import devices, logbook, sessions, users
from server.db.unit import atomic, signal
from server.domain.devices import Device, Order
from server.domain.errors import Conflict, NotFound
from server.domain.logbook import Entry
from server.domain.pushes import lock_notice
from server.domain.users import Actor, require_rank


@atomic
async def give_order(actor: Actor, device: Device, order: Order, *, at: datetime) -> None:
    """Tell a phone to empty itself at its next contact; until then it opens no pages.

    *wipe* ends its sessions at once. Raises Forbidden for a phone of somebody the actor may not manage, Conflict for
    the one he holds in his hand.
    """
    user = await users.by_id(actor.company_id, device.user_id)
    if user is None:
        raise NotFound("device.unknown")
    require_rank(actor, user.role)
    if actor.device_id == device.id:
        raise Conflict("device.own")
    await devices.set_order(actor.company_id, device.id, order, by=actor.id, at=at)
    if order is Order.WIPE:
        await _sign_out(device, at=at)
    # The app may be closed: a push wakes its worker, which hears the order and obeys.
    await pushes.tell(device, lock_notice(device.owed, user.language), at=at)
    verb = "device.wiped" if order is Order.WIPE else "device.locked"
    await _note(actor, verb, device, at=at)


@atomic
async def take_back(actor: Actor, device: Device, *, at: datetime) -> None:
    """Take back an order that was not obeyed yet; who was signed out by it stays so. Raises Forbidden, Conflict."""
    user = await users.by_id(actor.company_id, device.user_id)
    if user is None:
        raise NotFound("device.unknown")
    require_rank(actor, user.role)
    if not await devices.set_taken_back(actor.company_id, device.id):
        raise Conflict("device.obeyed")
    await _note(actor, "device.unlocked", device, at=at)


@atomic
async def write_off(actor: Actor, device: Device, *, at: datetime) -> None:
    """Stop asking for what a phone holds that nobody will ever see again: broken, sunk, wiped by its browser.

    Should it speak once more, its next report sets everything right. Raises Forbidden.
    """
    user = await users.by_id(actor.company_id, device.user_id)
    if user is None:
        raise NotFound("device.unknown")
    require_rank(actor, user.role)
    await devices.set_written_off(actor.company_id, device.id)
    await _note(actor, "device.written_off", device, at=at)


async def _sign_out(device: Device, *, at: datetime) -> None:
    """End what the phone is signed in with. Before it ever spoke nobody knows which that is: then all such ones end."""
    if not await sessions.set_revoked_of_device(device.company_id, device.id, at=at):
        await sessions.set_revoked_unknown(device.company_id, device.user_id, at=at)


async def _note(actor: Actor, verb: str, device: Device, *, at: datetime) -> None:
    entry = Entry.by(
        actor,
        verb,
        "device",
        device.id,
        at=at,
        user=device.user_name,
        device=device.name,
        unsent=device.unsent,
    )
    await logbook.insert_entry(actor.company_id, entry)
    signal("devices", actor.company_id, device=str(device.id))
