"""Messages: how soon a webhook is stored, how fast a queue drains at an account's pace, how the inbox grows.

- A signed webhook of one message, until our 200 (stored, committed, synced), against an empty Starlette route that
  commits one row: same server, one process, same SQLite settings, rounds in turn, one caller with a short pause between
  calls. Our worker reads what was stored meanwhile, in the same process. p95 of all calls; without the pause beside it.
- Queued WhatsApp messages: `bench/talk_drain.py`.
- The inbox page with 100,000 messages against 1,000; as many people wait in both, only the past grows:
  `bench/talk_inbox.py`.

`--small` measures a tenth (of the inbox a fifth) for a quick look; `drain` measures the queue alone.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import httpx

from bench.talk_drain import say_drain, say_real
from bench.talk_firm import ROOT, SMALL, say, served
from bench.talk_inbox import FEW, MANY, say_inbox
from server.actions.channels import set_up
from server.app import open_services
from server.db.migrate import migrate
from server.domain.users import Role
from server.settings import from_environment
from tests.factories import acting, company, user
from tests.proofs.server import Server
from tests.talk.test_doors import body_of, signed
from tests.talks import TYPED

ROUNDS, CALLS = (3, 60) if SMALL else (6, 200)
PAUSE_S = 0.05


def main() -> None:
    """Measure everything and print a line each."""
    with tempfile.TemporaryDirectory(prefix="zollstock-talk-", dir=ROOT / "bench") as folder:
        hooks, drain, few, many = (Path(folder) / name for name in ("hooks", "drain", "few", "many"))
        for path in (hooks, hooks / "data", drain, few, many):
            path.mkdir()
        if "drain" not in sys.argv:
            say_webhook(hooks)
        say_real(Path(folder) / "real")
        asyncio.run(say_drain(drain))
        if "drain" not in sys.argv:
            asyncio.run(say_inbox({FEW: few, MANY: many}))


def say_webhook(folder: Path) -> None:
    account = asyncio.run(founded(folder / "data"))
    ours, theirs, numbers = [], [], iter(range(1_000_000))
    server = Server(folder / "data")
    server.start()
    try:
        with served("bench.talk_peer", PEER_DB=str(folder / "peer.db")) as address:
            for number in range(ROUNDS + 1):
                mine = timed(f"{server.url}/hooks/whatsapp/{account}", numbers)
                other = timed(f"{address}/hook", numbers)
                if number:  # the first round is for warming up
                    ours += mine
                    theirs += other
            rush = [
                timed(where, numbers, 0.0)
                for where in (f"{server.url}/hooks/whatsapp/{account}", f"{address}/hook")
            ]
    finally:
        server.kill()
    say(
        name="webhook stored and answered, p95: an empty route's time over ours",
        ratio=round(p95(theirs) / p95(ours), 2),
        goal=0.5,
        note=f"At most twice the time of a Starlette route that commits one row; {len(ours)} calls of one caller each,"
        f" {1e3 * PAUSE_S:.0f} ms between them.",
        details=[
            ("ours, median and p95", f"{1e3 * statistics.median(ours):.1f} and {1e3 * p95(ours):.1f} ms"),
            (
                "empty route, median and p95",
                f"{1e3 * statistics.median(theirs):.1f} and {1e3 * p95(theirs):.1f} ms",
            ),
            (
                "back to back, our worker reading beside: p95 of ours and of the empty route",
                f"{1e3 * p95(rush[0]):.1f} and {1e3 * p95(rush[1]):.1f} ms",
            ),
        ],
    )


async def founded(data: Path) -> UUID:
    """Make a firm with a WhatsApp account in a fresh folder; returns the account's id."""
    settings = from_environment({}, data=data)
    await migrate(settings.database_url)
    async with open_services(settings) as services:
        head = acting(await user(await company(), Role.ADMIN))
        account = await set_up(services, head, "whatsapp", label="", typed=TYPED, at=services.clock())
    return account.id


def timed(url: str, numbers: Iterator[int], pause_s: float = PAUSE_S) -> list[float]:
    """Return how long each call took; every message is new."""
    times = []
    with httpx.Client() as door:
        for _ in range(CALLS):
            body = body_of([next(numbers)])
            headers = signed(body)
            began = time.perf_counter()
            answer = door.post(url, content=body, headers=headers)
            times.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            time.sleep(pause_s)
    return times


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()
