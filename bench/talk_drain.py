"""10,000 queued WhatsApp messages to 1,000 people, through the real outbox, gate and channel.

- By a virtual clock to the sandbox: only the pace lets time pass. Calls a second against the limit of 80; the most in
  any second is said beside it.
- Really: `zollstock serve` (on PostgreSQL `zollstock worker`) in a process of its own, and a platform in another that
  answers after 100 ms (`bench/talk_platform.py`). Calls a second of the wall clock between the first and the last;
  beside it the server's CPU time per message, which a busy machine changes less. (`chrt -f 1` gives both a machine of
  their own where others work beside.)
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psutil

from bench.talk_firm import EACH, PEOPLE, fill, firm_in, say, served
from server.channels.whatsapp.channel import Whatsapp
from server.db import messages
from server.db.tables import AttemptRow
from tests.proofs.server import Server

LIMIT = 80
assert Whatsapp.pace.whole.per_s <= LIMIT


async def say_drain(folder: Path) -> None:
    async with firm_in(folder) as firm:
        await fill(firm)
        for _ in range(60):  # ten seconds at a time, for one call works through 5,000 moments at the most
            await firm.work(hours=10 / 3600)
        rows = await AttemptRow.filter(company_id=firm.company_id).order_by("started_at")
        at = [row.started_at for row in rows]
        pairs = [(row.message_id, row.started_at) for row in rows]
        people = {one.id: one.contact_id for one in await messages.found(firm.company_id, direction="out")}
    assert len(at) == PEOPLE * EACH, f"{len(at)} calls"
    rate = len(at) / (at[-1] - at[0]).total_seconds()
    say(
        name=f"{len(at)} queued messages drain, share of the account's limit, by a virtual clock",
        ratio=round(rate / LIMIT, 2),
        goal=0.9,
        note=f"WhatsApp's {LIMIT} a second; virtual clock, so that only the pace counts.",
        details=[
            ("calls a second, virtual", f"{rate:.1f}"),
            (f"most in any second, of {LIMIT}", str(most(at, timedelta(seconds=1)))),
            ("most to one person in any six seconds, of 45", str(most_to_one(pairs, people))),
        ],
    )


def say_real(folder: Path) -> None:
    """Say what the machine really does, each message told as delivered meanwhile or not."""
    for told in (False, True):
        here = folder / f"told-{told}"
        (here / "data").mkdir(parents=True)
        account = asyncio.run(_filled(here / "data"))
        with served("bench.talk_platform", PEER_ACCOUNT=str(account), PEER_TOLD=str(int(told))) as address:
            _drained(here / "data", address, told=told)


async def _filled(data: Path) -> UUID:
    """Fill a data folder as a server finds it; returns the account's id."""
    (data / "secret.key").write_bytes(b"k" * 32)
    async with firm_in(data) as firm:
        firm.clock.at = datetime.now(UTC) - timedelta(minutes=5)
        await fill(firm)
        return firm.account.id


def _drained(data: Path, address: str, *, told: bool) -> None:
    server = Server(data, environment={"ZOLLSTOCK_GRAPH_BASE": f"{address}/graph"})
    load = os.getloadavg()[0]
    server.start()
    assert server.process
    try:
        httpx.post(f"{address}/hooks", json={"url": server.url})
        group = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(True)]
        cpu_s, times = _cpu_s(group), _until_sent(data)
        cpu_s = _cpu_s(group) - cpu_s
    finally:
        server.kill()
    rate, number = (len(times) - 1) / (times[-1] - times[0]).total_seconds(), len(times)
    say(
        name=f"{number} queued messages really drain, "
        + ("two statuses of each coming in meanwhile" if told else "share of the account's limit"),
        **({"value": rate, "unit": "messages/s"} if told else {"ratio": round(rate / LIMIT, 2), "goal": 0.9}),
        note=f"WhatsApp's {LIMIT} a second, the wall clock, SQLite, a platform that answers after 100 ms.",
        details=[
            ("calls a second", f"{rate:.1f}"),
            ("server's CPU a message", f"{1e3 * cpu_s / number:.1f} ms"),
            (f"most in any second, of {LIMIT}", str(most(times, timedelta(seconds=1)))),
            ("load of the machine at the start", f"{load:.1f} on {os.cpu_count()} cores"),
        ],
    )


def _cpu_s(group: Sequence[psutil.Process]) -> float:
    return sum(one.cpu_times().user + one.cpu_times().system for one in group)


def _until_sent(data: Path) -> list[datetime]:
    """Wait until every message has left; returns when each did."""
    database = sqlite3.connect(f"file:{data / 'zollstock.db'}?mode=ro", uri=True)
    try:
        number, moved = 0, time.monotonic()
        while number < PEOPLE * EACH:
            time.sleep(2)
            (now,) = database.execute("SELECT COUNT(*) FROM attempt WHERE outcome = 'accepted'").fetchone()
            moved = time.monotonic() if now > number else moved
            assert time.monotonic() - moved < 60, f"it stands still after {number}"
            number = now
        rows = database.execute("SELECT started_at FROM attempt ORDER BY started_at")
        return [datetime.fromisoformat(at) for (at,) in rows]
    finally:
        database.close()


def most(times: Sequence[datetime], window: timedelta) -> int:
    first, found = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        found = max(found, last - first + 1)
    return found


def most_to_one(calls: Sequence[tuple[UUID, datetime]], people: dict[UUID, UUID | None]) -> int:
    by_person: dict[UUID | None, list[datetime]] = {}
    for message, at in calls:
        by_person.setdefault(people[message], []).append(at)
    return max(most(times, timedelta(seconds=6)) for times in by_person.values())
