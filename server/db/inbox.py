"""What platforms delivered: raw bodies as they came, and the key of each event so that it happens once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db.sql import rows
from server.db.tables import InboxEventRow, RawEventRow
from server.ids import new_id


@dataclass(frozen=True, slots=True)
class RawEvent:
    id: UUID
    account_id: UUID
    body: bytes
    received_at: datetime
    state: str


async def insert_raw(company_id: UUID, account_id: UUID, body: bytes, *, at: datetime) -> UUID:
    """Keep a body before anybody reads it; returns its id."""
    raw = new_id()
    await RawEventRow.create(id=raw, company_id=company_id, account_id=account_id, body=body, received_at=at)
    return raw


async def raw_by_id(company_id: UUID, raw_id: UUID) -> RawEvent | None:
    row = await RawEventRow.get_or_none(company_id=company_id, id=raw_id)
    return RawEvent(row.id, row.account_id, bytes(row.body), row.received_at, row.state) if row else None


async def set_raw_state(company_id: UUID, raw_id: UUID, state: str, *, error: str = "") -> None:
    await RawEventRow.filter(company_id=company_id, id=raw_id).update(state=state, error=error[:2000])


async def claim_event(
    company_id: UUID,
    account_id: UUID,
    event_key: str,
    *,
    raw_id: UUID,
    state: str,
    at: datetime,
    payload: Mapping[str, object] | None = None,
) -> bool:
    """Take an event for the first and only time; False means it has happened already.

    One statement, so that two workers cannot both win.
    """
    inserted = await rows(
        "INSERT INTO inbox_event (id, company_id, account_id, event_key, raw_event_id, state, received_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (company_id, account_id, event_key) DO NOTHING RETURNING id",
        new_id(), company_id, account_id, event_key[:300], raw_id, state, at,
    )  # fmt: skip
    if inserted and payload is not None:
        only = InboxEventRow.filter(company_id=company_id, account_id=account_id, event_key=event_key[:300])
        await only.update(payload=dict(payload))
    return bool(inserted)


async def set_event_state(company_id: UUID, account_id: UUID, event_key: str, state: str) -> None:
    await InboxEventRow.filter(
        company_id=company_id, account_id=account_id, event_key=event_key[:300]
    ).update(state=state)


async def parked(company_id: UUID, account_id: UUID) -> list[tuple[str, UUID]]:
    """Return (event key, raw event) of statuses that came before we knew their message."""
    found = InboxEventRow.filter(company_id=company_id, account_id=account_id, state="parked").order_by("id")
    return [(row.event_key, row.raw_event_id) for row in await found]
