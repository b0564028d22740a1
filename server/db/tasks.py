"""The task table: written in the business transaction, claimed by lease and fence (engines.md §1.3)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from server.db.sql import dialect, execute, execute_many, insert, key, moment, rows
from server.db.tables import TaskRow
from server.db.unit import atomic, signal
from server.domain.tasks import Ending, GivenUp, Task, TaskState
from server.ids import new_id

_DUE = "SELECT id FROM task WHERE state = 'ready' AND kind {} ? AND run_at <= ? ORDER BY run_at, id LIMIT ?"
_OTHERS, _APART = _DUE.format("<>"), _DUE.format("=")
_SET = "UPDATE task SET state = 'leased', fence = ?, lease_until = ?, attempts = attempts + 1"
_TAKEN = "RETURNING task.id, task.company_id, task.kind, task.payload, task.attempts, task.run_at"
_CLAIM = {
    "sqlite": f"""{_SET} WHERE id IN (SELECT id FROM ({_OTHERS}) UNION ALL SELECT id FROM ({_APART}))
        {_TAKEN.replace("task.", "")}""",
    "postgres": f"""WITH others AS MATERIALIZED ({_OTHERS} FOR UPDATE SKIP LOCKED),
            apart AS MATERIALIZED ({_APART} FOR UPDATE SKIP LOCKED)
        {_SET} FROM (SELECT id FROM others UNION ALL SELECT id FROM apart) due WHERE task.id = due.id
        {_TAKEN}""",
}
_SETTLE = """UPDATE task SET state = ?, run_at = ?, error = ?, lease_until = NULL, fence = NULL, done_at = ?
    WHERE id = ? AND fence = ? AND state = 'leased'"""
_NEXT = "SELECT run_at FROM task WHERE state = 'ready' AND run_at > ? ORDER BY run_at, id LIMIT 1"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def insert_task(
    company_id: UUID | None,
    kind: str,
    payload: dict[str, object],
    *,
    at: datetime,
    dedup: str | None = None,
) -> None:
    """Write down work for after the commit; a second task with the same `dedup` is not written."""
    await insert(
        "task",
        "dedup" if dedup else "",
        id=new_id(),
        company_id=company_id,
        kind=kind,
        payload=json.dumps(payload),
        dedup=dedup,
        state=TaskState.READY,
        run_at=at,
        attempts=0,
        error="",
        created_at=at,
    )
    signal("tasks")


@atomic
async def claim(
    fence: str, *, at: datetime, lease_s: float, limit: int, apart: str = "", limit_apart: int = 0
) -> list[Task]:
    """Take up to `limit` due tasks for this worker until the lease ends; the kind `apart` has a limit of its own."""
    due = (apart, at, limit, apart, at, limit_apart)
    lease = (fence, at + timedelta(seconds=lease_s))
    values = (*lease, *due) if dialect() == "sqlite" else (*due, *lease)
    found = await rows(_CLAIM[dialect()], *values)
    found.sort(key=lambda row: (moment(row["run_at"]), key(row["id"])))
    return [_task(row, fence) for row in found]


@atomic
async def extend(fence: str, ids: list[UUID], *, until: datetime) -> int:
    """Keep the lease of tasks still being worked on; returns how many are still ours."""
    return int(await TaskRow.filter(id__in=ids, fence=fence, state="leased").update(lease_until=until))


@atomic
async def settle(
    task: Task, state: TaskState, *, at: datetime, run_at: datetime | None = None, error: str = ""
) -> bool:
    """Write the outcome if the lease is still ours; False means another worker has taken over."""
    return bool(await execute(_SETTLE, *_settled(Ending(task, state, at, run_at, error))))


@atomic
async def settle_all(endings: Sequence[Ending]) -> None:
    """Write how several tasks ended, each only if its lease is still ours."""
    inorder = sorted(endings, key=lambda ending: ending.task.id)
    await execute_many(_SETTLE, [_settled(ending) for ending in inorder])


def _settled(ending: Ending) -> tuple[object, ...]:
    done_at = ending.at if ending.state in (TaskState.DONE, TaskState.DEAD) else None
    error = ending.error.replace("\0", "")[:2000]
    return (ending.state, ending.run_at or ending.at, error, done_at, ending.task.id, ending.task.fence)


@atomic
async def reap(*, at: datetime, but: Sequence[UUID] = ()) -> int:
    """Return tasks of workers that died to the queue, `but` those the caller is working on (a clock may jump)."""
    dead = TaskRow.filter(state="leased", lease_until__lt=at).exclude(id__in=list(but))
    return int(await dead.update(state="ready", fence=None, lease_until=None))


@atomic
async def delete_done(*, before: datetime, limit: int = 500) -> int:
    """Forget finished tasks in small portions."""
    ids = await TaskRow.filter(state="done", done_at__lt=before).limit(limit).values_list("id", flat=True)
    return int(await TaskRow.filter(id__in=list(ids)).delete()) if ids else 0


async def next_due(*, after: datetime | None = None) -> datetime | None:
    """Return when the earliest waiting task is due, or the earliest of those that are due only `after` a moment."""
    found = await rows(_NEXT, after or _LONG_AGO)
    return moment(found[0]["run_at"]) if found else None


async def days_done(kind: str, *, since: datetime, until: datetime) -> int:
    """Return on how many days (UTC) work of this kind was done between two moments."""
    rows = TaskRow.filter(kind=kind, state="done", done_at__gte=since, done_at__lte=until)
    return len({row.done_at.date() for row in await rows.only("id", "done_at") if row.done_at})


async def newest_at() -> datetime | None:
    """Return when the newest task of all was written: the installation's last sign of life."""
    row = await TaskRow.all().order_by("-id").first()
    return row.created_at if row else None


async def of_company_dead(company_id: UUID, *, limit: int = 100) -> list[GivenUp]:
    """Return tasks that were given up, newest first."""
    found = await TaskRow.filter(company_id=company_id, state="dead").order_by("-id").limit(limit)
    return [
        GivenUp(row.id, row.kind, row.payload, row.error or "", row.attempts, row.done_at or row.run_at)
        for row in found
    ]


async def number_dead(company_id: UUID) -> int:
    """Return how many tasks were given up."""
    return int(await TaskRow.filter(company_id=company_id, state="dead").count())


@atomic
async def revive(company_id: UUID, task_id: UUID, *, at: datetime) -> bool:
    """Put a task that was given up back into the queue."""
    changed = await TaskRow.filter(id=task_id, company_id=company_id, state="dead").update(
        state="ready", run_at=at, attempts=0, done_at=None
    )
    signal("tasks")
    return bool(changed)


def _task(row: Mapping[str, Any], fence: str) -> Task:
    company, payload = row["company_id"], row["payload"]
    return Task(
        key(row["id"]),
        company and key(company),
        row["kind"],
        json.loads(payload) if isinstance(payload, str) else payload,
        row["attempts"],
        fence,
    )
