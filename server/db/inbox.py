"""What platforms delivered: raw bodies as they came, and the key of each event so that it happens once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db.sql import rows
from server.db.tables import InboxEventRow, RawEventRow
from server.ids import new_id

DONE, PARKED, PRUNED, PROPOSED = "done", "parked", "pruned", "proposed"
_PARKED = (
    f"""SELECT id FROM inbox_event WHERE company_id = ? AND account_id = ? AND state = '{PARKED}' LIMIT 1"""
)


@dataclass(frozen=True, slots=True)
class RawEvent:
    id: UUID
    account_id: UUID
    body: bytes
    received_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits for a message we do not know yet."""

    key: str
    raw_id: UUID
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of an event that is no message: `payload` is what it told, JSON."""

    id: UUID
    account_id: UUID
    key: str
    state: str
    payload: Mapping[str, object]
    received_at: datetime


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


async def changed_by(company_id: UUID, account_id: UUID, event_key: str) -> str:
    """Return the message (the platform's id) that a change was about, "" for an event nobody knows."""
    row = await InboxEventRow.get_or_none(
        company_id=company_id, account_id=account_id, event_key=event_key[:300]
    )
    return str((row.payload or {}).get("of", "")) if row else ""


async def set_event_state(
    company_id: UUID,
    account_id: UUID,
    event_key: str,
    state: str,
    *,
    payload: Mapping[str, object] | None = None,
) -> None:
    """Note what became of an event, and what it told where that is kept."""
    row = InboxEventRow.filter(company_id=company_id, account_id=account_id, event_key=event_key[:300])
    kept = {} if payload is None else {"payload": dict(payload)}
    await row.update(state=state, **kept)


async def parked(company_id: UUID, account_id: UUID) -> list[Parked]:
    """Return the events that came before we knew their message, oldest first."""
    waiting = InboxEventRow.filter(company_id=company_id, account_id=account_id, state=PARKED).order_by("id")
    return [Parked(row.event_key, row.raw_event_id, row.received_at) for row in await waiting]


async def has_parked(company_id: UUID, account_id: UUID) -> bool:
    """Say whether any event waits for its message."""
    return bool(await rows(_PARKED, company_id, account_id))


async def every_parked(*, before: datetime) -> list[tuple[UUID, UUID]]:
    """Return (company, account) of whoever has events that have waited since then."""
    waiting = InboxEventRow.filter(state=PARKED, received_at__lt=before)
    found = await waiting.distinct().values_list("company_id", "account_id")
    return sorted({(one[0], one[1]) for one in found})


async def of_state(
    company_id: UUID, account_ids: Sequence[UUID], state: str, *, limit: int = 50
) -> list[Kept]:
    """Return what was kept of events in this state (a gap, an unknown one, a new name), newest first."""
    kept = InboxEventRow.filter(company_id=company_id, account_id__in=list(account_ids), state=state)
    return [_kept(row) for row in await kept.order_by("-received_at", "-id").limit(limit)]


async def event_by_id(company_id: UUID, event_id: UUID) -> Kept | None:
    row = await InboxEventRow.get_or_none(company_id=company_id, id=event_id)
    return _kept(row) if row else None


async def number_of_state(company_id: UUID, account_id: UUID, state: str) -> int:
    return int(await InboxEventRow.filter(company_id=company_id, account_id=account_id, state=state).count())


async def every_old_body(*, before: datetime, limit: int) -> list[UUID]:
    """Return raw events whose body is still kept although it came before then, and was read whole since."""
    old = RawEventRow.filter(received_at__lt=before, state=DONE)
    return [row.id for row in await old.order_by("received_at").limit(limit).only("id")]


async def every_pruned(raw_ids: Sequence[UUID]) -> None:
    """Forget the bodies of raw events; their events' keys stay, so that nothing happens twice."""
    await RawEventRow.filter(id__in=list(raw_ids)).update(body=b"", state=PRUNED)


def _kept(row: InboxEventRow) -> Kept:
    return Kept(row.id, row.account_id, row.event_key, row.state, row.payload or {}, row.received_at)
