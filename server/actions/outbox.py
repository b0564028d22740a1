"""The nets below outbox and inbox: nothing is stuck for long, nothing is kept for ever."""

from datetime import datetime, timedelta
from uuid import UUID

from server.actions import turns
from server.db import inbox, lanes, pace, tasks
from server.db.unit import atomic
from server.domain.messages import Message, MessageState
from server.services import Services

# Longer than a call may take and a busy worker needs; far below the ten minutes anything may stand still.
STUCK_AFTER = timedelta(minutes=3)
PARKED_SINCE = timedelta(minutes=5)
BODIES_KEPT = timedelta(days=30)
PACES_KEPT = timedelta(days=1)
PORTION = 500


async def watch(services: Services) -> None:
    """Call again what should have left or been settled: a task may be lost, its permission or doubt must not.

    A message whose turn has not come is not called; asked twice it still leaves once.
    """
    at = services.clock()
    for message in await lanes.every_stuck(before=at - STUCK_AFTER, limit=PORTION):
        await _call(services, message)
    for company_id, account_id in await inbox.every_parked(before=at - PARKED_SINCE):
        await _replay(services, company_id, account_id)


@atomic
async def _call(services: Services, message: Message) -> None:
    at = services.clock()
    turn = turns.Turn.NOW if message.state is MessageState.LEASED else await turns.turn(message, at=at)
    if turn is turns.Turn.NOW:
        await turns.send_soon(message, at=at, dedup=f"outbox.watch:{message.id}:{int(at.timestamp()) // 600}")


@atomic
async def _replay(services: Services, company_id: UUID, account_id: UUID) -> None:
    at = services.clock()
    dedup = f"inbox.replay:{account_id}:{int(at.timestamp()) // 300}"
    payload: dict[str, object] = {"account": str(account_id)}
    await tasks.insert_task(company_id, "inbox.replay", payload, at=at, dedup=dedup)


async def prune(services: Services) -> None:
    """Forget the raw bodies of a month ago, in small portions; the keys stay, so that nothing happens twice."""
    before = services.clock() - BODIES_KEPT
    while old := await inbox.every_old_body(before=before, limit=PORTION):
        await _forget(old)
    await _forget_paces(services.clock() - PACES_KEPT)


@atomic
async def _forget_paces(before: datetime) -> None:
    await pace.every_old(before=before.timestamp())


@atomic
async def _forget(raw_ids: list[UUID]) -> None:
    await inbox.every_pruned(raw_ids)
