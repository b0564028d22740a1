"""Web push: browsers subscribe, and a phone that holds things too long is reminded (O1, R28)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from server.actions.devices import notice
from server.db import companies, devices, pushes, tasks, users
from server.db.unit import atomic
from server.domain.companies import Company
from server.domain.devices import Device
from server.domain.pushes import UNSENT, Notice, Subscription, check_endpoint, due, read_key, reminder
from server.domain.tasks import Later
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services
from server.settings import Settings
from server.webpush import Gone, PushFailed, Sender, check_point, send, sender

SUBSCRIPTIONS_MAX = 10
TTL_S = 4 * 3600


def sender_of(services: Services) -> Sender:
    """Return who this installation is to push services; the same on every process and after every start."""
    return sender(services.secrets.derive("vapid"), _subject(services.settings))


def _subject(settings: Settings) -> str:
    """Return where a push service reaches the operator (RFC 8292 §2.1 wants https or mailto)."""
    if settings.secure:
        return settings.base_url
    return f"mailto:zollstock@{urlsplit(settings.base_url).hostname or 'localhost'}"


@atomic
async def subscribe(
    actor: Actor,
    *,
    endpoint: str,
    p256dh: str,
    auth: str,
    device_id: UUID,
    name: str,
    client: int,
    at: datetime,
) -> None:
    """Keep where this browser takes messages. Raises Invalid for an address or keys no browser gives."""
    assert actor.id
    made = Subscription(
        id=new_id(),
        company_id=actor.company_id,
        user_id=actor.id,
        device_id=device_id,
        endpoint=check_endpoint(endpoint),
        p256dh=read_key(p256dh, field="p256dh"),
        auth=read_key(auth, field="auth"),
        created_at=at,
    )
    check_point(made.p256dh)
    await notice(actor, device_id, name=name, client=client, at=at)
    await pushes.insert_subscription(actor.company_id, made)
    for old in (await pushes.of_user(actor.company_id, actor.id))[SUBSCRIPTIONS_MAX:]:
        await pushes.delete_subscription(actor.company_id, old.id)


@atomic
async def unsubscribe(actor: Actor, endpoint: str) -> None:
    """Forget where a browser took messages; again is harmless."""
    assert actor.id
    await pushes.delete_by_endpoint(actor.company_id, actor.id, endpoint)


async def remind(services: Services) -> None:
    """Look through all companies for phones whose people have to be reminded."""
    at = services.clock()
    for company_id in await companies.every_id():
        company = await companies.by_id(company_id)
        for device in await devices.holding(company_id):
            if company and due(device, at=at, zone=company.zone):
                await _remind(company, device, at=at)


@atomic
async def _remind(company: Company, device: Device, *, at: datetime) -> None:
    """Write down the messages to one phone; of two workers only the first does."""
    user = await users.by_id(company.id, device.user_id)
    if user is None or not user.active or not await pushes.of_device(company.id, device.id, device.user_id):
        return
    if await devices.set_reminded(company.id, device.id, before=device.reminded_at, at=at):
        await tell(device, reminder(device.unsent, user.language), at=at)


@atomic
async def tell(device: Device, said: Notice, *, at: datetime) -> None:
    """Write down a message to every browser on this phone that takes some."""
    places = await pushes.of_device(device.company_id, device.id, device.user_id)
    await tell_all(places, said, at=at)


async def tell_all(places: Sequence[Subscription], said: Notice, *, at: datetime) -> None:
    """Write down a message to these browsers; joins the unit it is part of."""
    for place in places:
        payload: dict[str, object] = {"subscription": str(place.id), **asdict(said)}
        await tasks.insert_task(place.company_id, "push.send", payload, at=at)


async def deliver(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Hand a message to the browser's push service. Raises PushFailed, Later when the service asked to wait."""
    to = await pushes.by_id(company_id, UUID(str(payload["subscription"])))
    if to is None or await _moot(to, payload):
        return
    tag = str(payload.get("tag", UNSENT))
    said = Notice(
        str(payload["title"]), str(payload["body"]), str(payload["url"]), int(str(payload["badge"])), tag
    )
    at = services.clock()
    try:
        await send(services.http, sender_of(services), to, said.encode(), topic=tag, ttl_s=TTL_S, at=at)
    except Gone:
        await _forget(company_id, to.id)
    except PushFailed as failed:
        if failed.after_s is None:
            raise
        raise Later(min(failed.after_s, TTL_S), str(failed)) from failed


async def _moot(to: Subscription, payload: Mapping[str, object]) -> bool:
    """Say whether the message is no longer true: it waited, and meanwhile the phone sent everything."""
    device = await devices.by_id(to.company_id, to.device_id) if to.device_id else None
    return device is not None and device.unsent == 0 and bool(payload["badge"])


@atomic
async def _forget(company_id: UUID, subscription_id: UUID) -> None:
    await pushes.delete_subscription(company_id, subscription_id)
