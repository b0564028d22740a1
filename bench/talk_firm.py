"""What the benchmarks of messages share: a firm of the tests on a database of its own, and people with full lanes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx

from server.actions import turns
from server.actions.channels import open_channel
from server.db import messages
from server.db.connect import open_database
from server.db.migrate import migrate
from server.db.unit import atomic
from server.domain.channels import Blocked, Draft
from server.domain.messages import Message
from server.ids import new_id
from tests.ports import free_port
from tests.talk.test_gate import queue
from tests.talks import Firm, open_firm

ROOT = Path(__file__).parent.parent
SMALL = "--small" in sys.argv
PEOPLE, EACH = (100, 10) if SMALL else (1000, 10)


def say(**line: object) -> None:
    print(json.dumps(line), flush=True)


@asynccontextmanager
async def firm_in(folder: Path, url: str = "") -> AsyncIterator[Firm]:
    """Open a firm of the tests on a fresh database, by default an SQLite file of its own."""
    url = url or f"sqlite://{folder / 'zollstock.db'}"
    await migrate(url)
    database = await open_database(url)
    try:
        async with open_firm(database, folder) as firm:
            yield firm
    finally:
        await database.close()


@contextmanager
def served(module: str, **environment: str) -> Iterator[str]:
    """Serve a module's `process()` as we are served: granian, one process, one worker; yields the address."""
    port = free_port()
    words = ["granian", "--interface", "asgi", "--port", str(port), "--workers", "1", "--backlog", "1024",
             "--factory", "--no-access-log", f"{module}:process"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, env=os.environ | environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(500):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/readyz", timeout=1).status_code == 200:
                    break
            time.sleep(0.02)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def fill(firm: Firm) -> None:
    """Queue the messages, each with its task, as the outbox holds them after planning."""
    channel, until = open_channel(firm.services, firm.account), firm.clock.at + timedelta(hours=20)
    waiting: list[Message] = []
    for start in range(0, PEOPLE, 100):
        for _, first in await queue(firm, list(range(start, start + 100)), firm.account):
            assert first.recipient
            key = f"k{first.recipient.value}"
            firm.sandbox.add_person(key, "Kunde", first.recipient.value)
            firm.sandbox.customer(key, "firm").write("Guten Tag")
            waiting.append(first)
        await firm.work()
    for first in waiting:
        planned = []
        for message in [first, *[replace(first, id=new_id()) for _ in range(EACH - 1)]]:
            assert message.recipient
            said = Draft((message.id,), text="Guten Tag")
            steps = channel.plan(said, message.recipient, firm.clock.at, until)
            assert not isinstance(steps, Blocked)
            planned.append(replace(message, step=steps[0].to_json(), kind="text"))
        await _write(firm, planned)


@atomic
async def _write(firm: Firm, planned: Sequence[Message]) -> None:
    first, *others = planned
    await messages.set_place(firm.company_id, first.id, step=first.step, kind="text")
    for message in others:
        await messages.insert_once(firm.company_id, message)
    for message in planned:
        await turns.send_soon(message, at=firm.clock.at)
