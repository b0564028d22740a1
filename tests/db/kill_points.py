"""Kills a migrating process before its n-th statement, for every n, and prints what each left behind.

Run: python -m tests.db.kill_points URL FOLDER; one JSON list of [kills, rows of the table, names applied] a line.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from server.db import migrate


def dying(change: type[migrate.Change], last: int) -> None:
    """Let every `execute` of `change` count down and kill this very process with -9 when it reaches `last`."""
    plain = change.execute
    count = 0

    async def counted(self: migrate.Change, statement: str, *values: Any) -> None:
        nonlocal count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        await plain(self, statement, *values)

    change.execute = counted  # type: ignore[method-assign]


async def state(url: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    async with migrate._opened(url) as change:
        shelves = await change.rows("SELECT * FROM shelf ORDER BY id")
        applied = await change.rows("SELECT name FROM applied_migration ORDER BY name")
    return shelves, applied


def killed(url: str, folder: Path, last: int) -> bool:
    """Migrate in a child that dies at statement `last`; False when it lived to the end."""
    child = os.fork()
    if child == 0:
        for change in (migrate.SqliteChange, migrate.PostgresChange):
            dying(change, last)
        asyncio.run(migrate.migrate(url, folder=folder, backup_dir=folder / "backups"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert status == 0, f"the migration failed: {status}"
    return False


def main(url: str, folder: Path) -> None:
    alive = 1
    while killed(url, folder, alive):
        shelves, applied = asyncio.run(state(url))
        print(json.dumps([alive, shelves, applied], default=str))
        alive += 1
    shelves, applied = asyncio.run(state(url))
    print(json.dumps([0, shelves, applied], default=str))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
