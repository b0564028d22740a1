"""Messages: how soon a webhook is stored, how fast a queue drains at an account's pace, how the inbox grows.

- A signed webhook of one message, until our 200 (stored, committed, synced), against an empty Starlette route that
  commits one row: same server, one process, same SQLite settings, rounds in turn, one caller with a short pause between
  calls. Our worker reads what was stored meanwhile, in the same process. p95 of all calls; without the pause beside it.
- 10,000 queued WhatsApp messages to 1,000 people, through the real outbox, gate and channel to the sandbox, by a
  virtual clock: only the pace lets time pass. Calls a second against the limit of 80; the most in any second is said
  beside it, and how many a second this machine really does.
- The inbox page with 100,000 messages against 1,000; as many people wait in both, only the past grows.

`--small` measures a tenth (of the inbox a fifth) for a quick look.
"""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx

from server.actions import fates
from server.actions.channels import open_channel, set_up
from server.app import open_services
from server.channels.whatsapp.channel import Whatsapp
from server.db import messages
from server.db.connect import open_database
from server.db.migrate import migrate
from server.db.tables import AttemptRow, ContactRow, ConversationRow, MessageRow
from server.db.unit import atomic
from server.domain.channels import Blocked, Draft
from server.domain.messages import Message, MessageState
from server.domain.users import Role
from server.ids import new_id
from server.settings import from_environment
from tests.factories import acting, company, user
from tests.ports import free_port
from tests.proofs.server import Server
from tests.talk.test_doors import body_of, signed
from tests.talk.test_gate import queue
from tests.talks import TYPED, Firm, open_firm

ROOT = Path(__file__).parent.parent
SMALL = "--small" in sys.argv
ROUNDS, CALLS = (3, 60) if SMALL else (6, 200)
PEOPLE, EACH = (100, 10) if SMALL else (1000, 10)
FEW, MANY = (1000, 20_000) if SMALL else (1000, 100_000)
LIMIT = 80
PAUSE_S = 0.05
WAITING, PER_THREAD, VIEWS = 40, 20, 40


def main() -> None:
    """Measure all three and print a line each."""
    with tempfile.TemporaryDirectory(prefix="zollstock-talk-", dir=ROOT / "bench") as folder:
        hooks, drain, few, many = (Path(folder) / name for name in ("hooks", "drain", "few", "many"))
        for path in (hooks, hooks / "data", drain, few, many):
            path.mkdir()
        say_webhook(hooks)
        asyncio.run(say_drain(drain))
        asyncio.run(say_inbox({FEW: few, MANY: many}))


def say(**line: object) -> None:
    print(json.dumps(line), flush=True)


# Webhook


def say_webhook(folder: Path) -> None:
    account = asyncio.run(founded(folder / "data"))
    ours, theirs, numbers = [], [], iter(range(1_000_000))
    server = Server(folder / "data")
    server.start()
    try:
        with peer(folder / "peer.db") as address:
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


@contextmanager
def peer(database: Path) -> Iterator[str]:
    """Serve the peer as we are served: granian, one process, one worker."""
    port = free_port()
    words = ["granian", "--interface", "asgi", "--port", str(port), "--workers", "1", "--backlog", "1024",
             "--factory", "--no-access-log", "bench.talk_peer:process"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, env=os.environ | {"PEER_DB": str(database)},
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


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


# Queue


async def say_drain(folder: Path) -> None:
    async with firm_in(folder) as firm:
        await fill(firm)
        began = time.perf_counter()
        await firm.work(hours=2)
        took_s = time.perf_counter() - began
        rows = await AttemptRow.filter(company_id=firm.company_id).order_by("started_at")
        at = [row.started_at for row in rows]
        pairs = [(row.message_id, row.started_at) for row in rows]
        people = {one.id: one.contact_id for one in await messages.found(firm.company_id, direction="out")}
    assert len(at) == PEOPLE * EACH, f"{len(at)} calls"
    rate = len(at) / (at[-1] - at[0]).total_seconds()
    say(
        name=f"{len(at)} queued messages drain, share of the account's limit",
        ratio=round(rate / LIMIT, 2),
        goal=0.9,
        note=f"WhatsApp's {LIMIT} a second; virtual clock, so that only the pace counts.",
        details=[
            ("calls a second, virtual", f"{rate:.1f}"),
            (f"most in any second, of {LIMIT}", str(most(at, timedelta(seconds=1)))),
            ("most to one person in any six seconds, of 45", str(most_to_one(pairs, people))),
            ("messages a second this machine does, statuses included", f"{len(at) / took_s:.0f}"),
        ],
    )


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
        await write(firm, planned)


@atomic
async def write(firm: Firm, planned: Sequence[Message]) -> None:
    first, *others = planned
    await messages.set_place(firm.company_id, first.id, step=first.step, kind="text")
    for message in others:
        await messages.insert_once(firm.company_id, message)
    for message in planned:
        await fates.send_soon(message, at=firm.clock.at)


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


# Inbox


async def say_inbox(folders: Mapping[int, Path]) -> None:
    times = {}
    for size, folder in folders.items():
        async with firm_in(folder) as firm:
            await past(firm, size)
            async with firm.browser(firm.office) as office:
                times[size] = await viewed(office)
    small, large = statistics.median(times[FEW]), statistics.median(times[MANY])
    say(
        name=f"inbox page: time with {FEW:,} messages over time with {MANY:,}",
        ratio=round(small / large, 2),
        goal=0.77,
        note=f"At most 1.3 times as long; {WAITING} people wait in both. Median of {VIEWS} views of /messages.",
        details=[
            (f"{FEW:,} messages", f"{1e3 * small:.1f} ms"),
            (f"{MANY:,} messages", f"{1e3 * large:.1f} ms"),
        ],
    )


async def viewed(office: httpx.AsyncClient) -> list[float]:
    times = []
    for number in range(VIEWS + 5):
        began = time.perf_counter()
        answer = await office.get("/messages")
        assert answer.status_code == 200
        if number >= 5:
            times.append(time.perf_counter() - began)
    return times


@atomic
async def past(firm: Firm, size: int) -> None:
    """Write threads of customers, the newest of whom wait for an answer; every fiftieth is a stranger."""
    for place in range(size // PER_THREAD):
        contact = None if place % 50 == 0 else await customer_of(firm, place)
        await thread(firm, place, contact)


async def customer_of(firm: Firm, place: int) -> UUID:
    contact = ContactRow(
        id=new_id(), company_id=firm.company_id, customer_id=firm.contact.customer_id, name=f"Kunde {place}",
        phone=f"+4915{place:08d}", phone_typed=f"015{place:08d}", created_at=firm.clock.at,
    )  # fmt: skip
    await ContactRow.bulk_create([contact])
    return UUID(str(contact.id))


async def thread(firm: Firm, place: int, contact: UUID | None) -> None:
    conversation, at = new_id(), firm.clock.at - timedelta(minutes=place)
    rows = [
        MessageRow(
            id=new_id(), company_id=firm.company_id, account_id=firm.account.id, channel="whatsapp",
            direction="in" if number % 2 == 0 else "out", kind="text", text=f"Nachricht {number} zum Bad",
            recipient_kind="phone", recipient=f"+4915{place:08d}", profile_name=f"Kunde {place}",
            state=MessageState.RECEIVED if number % 2 == 0 else MessageState.READ, foreign_id=f"w{place}.{number}",
            conversation_id=conversation, contact_id=contact, seen_by_office_at=None if place < WAITING else at,
            at=at - timedelta(seconds=number), created_at=at - timedelta(seconds=number), changed_at=at,
        )
        for number in range(PER_THREAD)
    ]  # fmt: skip
    await ConversationRow.create(
        id=conversation, company_id=firm.company_id, contact_id=contact, state="open",
        person_key=f"contact:{contact}" if contact else f"whatsapp:phone:+4915{place:08d}",
        waiting_since=at if place < WAITING else None, last_at=at, last_message_id=rows[0].id, created_at=at,
    )  # fmt: skip
    await MessageRow.bulk_create(rows)


@asynccontextmanager
async def firm_in(folder: Path) -> AsyncIterator[Firm]:
    """Open a firm of the tests on a fresh SQLite file of its own."""
    url = f"sqlite://{folder / 'zollstock.db'}"
    await migrate(url)
    database = await open_database(url)
    try:
        async with open_firm(database, folder) as firm:
            yield firm
    finally:
        await database.close()


if __name__ == "__main__":
    assert Whatsapp.pace.whole.per_s <= LIMIT
    main()
