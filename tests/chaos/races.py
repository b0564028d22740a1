"""Requests for one upload that meet: two or three writers, readers between them, some of them torn off in the middle.

However they meet, the photo ends whole and once, every answer is one of those a phone understands, and nothing hangs.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from server.ids import new_id
from tests.chaos.ledger import Ledger, Verdict, judge
from tests.chaos.phone import HEAD, STREAM, TUS
from tests.proofs import bringing
from tests.proofs.server import client, founded

TORN = 0.25
HANGS_S = 60.0
AT_ONCE = 4
UNDERSTOOD = {200, 204, 404, 409, 410, 423}


@dataclass(slots=True)
class Outcome:
    """How many uploads were fought over; `answers` counts statuses by method, `torn` the requests broken off."""

    verdict: Verdict
    races: int = 0
    torn: int = 0
    hung: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)


def run(folder: Path, races: int, *, seed: int = 5) -> Outcome:
    """Fight `races` times. Raises AssertionError for an answer no phone would understand."""
    began = time.monotonic()
    server, tokens = founded(folder / "data", [("sabine", "office")])
    server.start()
    ledger, outcome = Ledger(folder / "ledger.jsonl"), Outcome(Verdict(), races=races)
    try:
        with client(server, tokens["sabine"]) as http:
            asyncio.run(_all(http, ledger, outcome, random.Random(seed)))
        assert server.stop() == 0
    finally:
        ledger.close()
        server.kill()
    outcome.verdict = judge(folder / "data", ledger.path)
    outcome.seconds = time.monotonic() - began
    return outcome


async def _all(http: httpx.Client, ledger: Ledger, outcome: Outcome, chance: random.Random) -> None:
    places = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": http.headers["authorization"]}
    async with httpx.AsyncClient(base_url=http.base_url, headers=headers, timeout=HANGS_S) as line:

        async def placed() -> None:
            async with places:
                await _race(http, line, ledger, outcome, chance)

        await asyncio.gather(*(placed() for _ in range(outcome.races)))


async def _race(
    http: httpx.Client, line: httpx.AsyncClient, ledger: Ledger, outcome: Outcome, chance: random.Random
) -> None:
    ident, data = str(new_id()), HEAD + chance.randbytes(chance.randrange(20_000, 200_000))
    sha256 = hashlib.sha256(data).hexdigest()
    ledger.write("made", ident, sha256=sha256, size=len(data))
    assert (await asyncio.to_thread(bringing.announce, http, ident, data, "image/jpeg")).is_success
    assert (await asyncio.to_thread(bringing.begin, http, ident, data, "image/jpeg")).is_success
    fighters = [
        asyncio.create_task(_patch(line, outcome, ident, data, chance)) for _ in range(chance.randrange(2, 4))
    ]
    fighters += [asyncio.create_task(_head(line, outcome, ident)) for _ in range(2)]
    if chance.random() < TORN * 2:
        await asyncio.sleep(chance.uniform(0, 0.05))
        outcome.torn += fighters[0].cancel()
    await asyncio.gather(*fighters, return_exceptions=True)
    for fighter in fighters:
        if not fighter.cancelled() and (error := fighter.exception()):
            if not isinstance(error, httpx.TimeoutException):
                raise error
            outcome.hung += 1
    receipt = (
        await asyncio.to_thread(bringing.bring, http, ident, data, "image/jpeg")
        if not await _stored(line, ident)
        else await _item(line, ident)
    )
    assert receipt["sha256"] == sha256, receipt
    ledger.write("acked", ident, ack=receipt)


async def _patch(
    line: httpx.AsyncClient, outcome: Outcome, ident: str, data: bytes, chance: random.Random
) -> None:
    """Send everything from the start, in pieces that leave time for the others."""
    pauses = [chance.uniform(0, 0.004) for _ in range(0, len(data), 16_000)]

    async def pieces() -> AsyncIterator[bytes]:
        for number, pause in enumerate(pauses):
            yield data[number * 16_000 : (number + 1) * 16_000]
            await asyncio.sleep(pause)

    words = STREAM | {"Upload-Offset": "0", "Content-Length": str(len(data))}
    try:
        answer = await line.patch(f"/sync/blobs/{ident}", content=pieces(), headers=words)
    except (httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError):
        outcome.answers["PATCH cut"] += 1  # answered and closed while we still sent
        return
    _count(outcome, "PATCH", answer)


async def _head(line: httpx.AsyncClient, outcome: Outcome, ident: str) -> None:
    for _ in range(3):
        _count(outcome, "HEAD", await line.head(f"/sync/blobs/{ident}", headers=TUS))


def _count(outcome: Outcome, method: str, answer: httpx.Response) -> None:
    outcome.answers[f"{method} {answer.status_code}"] += 1
    assert answer.status_code in UNDERSTOOD, f"{method}: {answer.status_code} {answer.text}"


async def _item(line: httpx.AsyncClient, ident: str) -> dict[str, str]:
    found: dict[str, str] = (await line.get(f"/sync/items/{ident}")).json()
    return found


async def _stored(line: httpx.AsyncClient, ident: str) -> bool:
    return (await _item(line, ident))["state"] == "stored"
