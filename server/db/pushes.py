"""Where browsers take messages while the app is closed."""

from uuid import UUID

from server.db.tables import PushRow
from server.domain.pushes import Subscription, read_key, write_key


async def by_id(company_id: UUID, subscription_id: UUID) -> Subscription | None:
    row = await PushRow.get_or_none(id=subscription_id, company_id=company_id)
    return _subscription(row) if row else None


async def of_user(company_id: UUID, user_id: UUID) -> list[Subscription]:
    """Return a person's subscriptions, newest first."""
    rows = await PushRow.filter(company_id=company_id, user_id=user_id).order_by("-created_at", "-id")
    return [_subscription(row) for row in rows]


async def of_device(company_id: UUID, device_id: UUID, user_id: UUID) -> list[Subscription]:
    """Return where this phone takes messages for the person signed in on it."""
    rows = await PushRow.filter(company_id=company_id, device_id=device_id, user_id=user_id).order_by("id")
    return [_subscription(row) for row in rows]


async def insert_subscription(company_id: UUID, made: Subscription) -> None:
    """Keep a subscription; a browser has one, so the same address again is whose browser it is now."""
    values = {
        "company_id": company_id,
        "user_id": made.user_id,
        "device_id": made.device_id,
        "p256dh": write_key(made.p256dh),
        "auth": write_key(made.auth),
    }
    if not await PushRow.filter(endpoint=made.endpoint).update(**values):
        row = PushRow(id=made.id, endpoint=made.endpoint, created_at=made.created_at, **values)
        await PushRow.bulk_create([row], ignore_conflicts=True)


async def delete_by_endpoint(company_id: UUID, user_id: UUID, endpoint: str) -> None:
    await PushRow.filter(company_id=company_id, user_id=user_id, endpoint=endpoint).delete()


async def delete_subscription(company_id: UUID, subscription_id: UUID) -> None:
    await PushRow.filter(id=subscription_id, company_id=company_id).delete()


async def delete_of_device(company_id: UUID, device_id: UUID) -> None:
    """Forget where a phone took messages: nobody is signed in on it any more."""
    await PushRow.filter(company_id=company_id, device_id=device_id).delete()


def _subscription(row: PushRow) -> Subscription:
    return Subscription(
        id=row.id,
        company_id=row.company_id,
        user_id=row.user_id,
        device_id=row.device_id,
        endpoint=row.endpoint,
        p256dh=read_key(row.p256dh, field="p256dh"),
        auth=read_key(row.auth, field="auth"),
        created_at=row.created_at,
    )
