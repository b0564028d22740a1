"""Failed sign-ins, counted before any company is known."""

from datetime import datetime

from server.db.tables import LoginTryRow
from server.db.unit import atomic
from server.domain.sessions import Tries


async def by_keys(keys: list[str], *, at: datetime) -> dict[str, Tries]:
    """Return the counts of these keys, locked until the unit ends so that no two tries read the same one."""
    blank = [LoginTryRow(key=key, failures=0, blocked_until=at, updated_at=at) for key in keys]
    await LoginTryRow.bulk_create(blank, ignore_conflicts=True)
    rows = await LoginTryRow.filter(key__in=keys).order_by("key").select_for_update()
    return {row.key: Tries(row.failures, row.blocked_until, row.updated_at) for row in rows}


async def set_tries(key: str, tries: Tries) -> None:
    await LoginTryRow.filter(key=key).update(
        failures=tries.failures, blocked_until=tries.blocked_until, updated_at=tries.updated_at
    )


@atomic
async def delete_older(*, before: datetime) -> int:
    """Forget keys that have not failed since."""
    return int(await LoginTryRow.filter(updated_at__lt=before).delete())
