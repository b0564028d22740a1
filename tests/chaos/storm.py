"""Phones upload through bad networks while the server is killed again and again; then the ledger is judged."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import Plan
from tests.chaos.ledger import Ledger, Verdict, judge
from tests.chaos.phone import Phone
from tests.chaos.proxy import Proxy
from tests.proofs.server import Server, founded

PHONES = 4
SHARE = 0.35
STALL_S = 5.0  # longer than the phone's watchdog: it gives up while the server still waits for the rest
LIFE_S = 10.0
END_S = 120.0


@dataclass(slots=True)
class Outcome:
    """What a storm was and what came of it."""

    verdict: Verdict
    seed: int
    kills: int = 0
    made: int = 0
    confirmed: int = 0
    requests: int = 0
    connections: int = 0
    slowest_start_s: float = 0.0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)


def storm(folder: Path, *, captures: int, kills: int, seed: int = 7, share: float = SHARE) -> Outcome:
    """Bring `captures` photos from four phones through all faults, under `kills` × kill -9 spread over them.

    Raises AssertionError, and what a phone found wrong.
    """
    began = time.monotonic()
    logins = [(f"phone{number}", "worker") for number in range(PHONES)]
    server, tokens = founded(folder / "data", logins)
    ledger = Ledger(folder / "ledger.jsonl")
    plans = [Plan(seed * 100 + n, share=share, bytes_up=40_000, stall_s=STALL_S) for n in range(PHONES)]
    starts = [server.start()]
    with ExitStack() as stack:
        stack.callback(server.kill)
        proxies = [stack.enter_context(Proxy(server.port)) for _ in plans]
        phones = []
        for number, (proxy, plan) in enumerate(zip(proxies, plans, strict=True)):
            proxy.faults = plan
            token = tokens[f"phone{number}"]
            phones.append(Phone(proxy.port, token, seed * 100 + number, ledger, captures // PHONES))
        starts += _run(server, phones, kills=kills, chance=random.Random(seed))
        connections = sum(proxy.connections for proxy in proxies)
        assert server.stop() == 0
    ledger.close()
    counts = Counter[str]()
    for plan in plans:
        counts.update(plan.counts)
    return Outcome(
        verdict=judge(folder / "data", ledger.path),
        seed=seed,
        kills=len(starts) - 1,
        made=ledger.counts["made"],
        confirmed=ledger.counts["confirmed"],
        requests=sum(phone.tries for phone in phones),
        connections=connections,
        slowest_start_s=max(starts),
        seconds=time.monotonic() - began,
        faults=counts,
    )


def _run(server: Server, phones: list[Phone], *, kills: int, chance: random.Random) -> list[float]:
    """Kill until the number is reached, then let the phones finish; returns how long each start took."""
    counts, captures = phones[0].ledger.counts, sum(phone.captures for phone in phones)
    threads = [threading.Thread(target=phone.work, daemon=True) for phone in phones]
    for thread in threads:
        thread.start()
    starts: list[float] = []
    try:
        while len(starts) < kills and any(thread.is_alive() for thread in threads):
            left = max(0, captures - counts["confirmed"])
            _wait(lambda: counts["confirmed"], chance.uniform(0, 2 * left / (kills - len(starts) + 2)))
            time.sleep(chance.uniform(0, 0.5))
            server.kill()
            starts.append(server.start())
        _finish(phones, threads)
    finally:
        for phone in phones:
            phone.over.set()
        for thread in threads:
            thread.join(timeout=60)
    for phone in phones:
        if phone.fault:
            raise phone.fault
    assert not any(thread.is_alive() for thread in threads), "a phone hangs"
    return starts


def _wait(done: Callable[[], int], more: float) -> None:
    """Wait until so many more are done, but not for ever: a server that is killed often gets little done."""
    before, began = done(), time.monotonic()
    while done() < before + more and time.monotonic() - began < LIFE_S:
        time.sleep(0.05)


def _finish(phones: list[Phone], threads: list[threading.Thread]) -> None:
    """Wait as long as something moves."""
    last, since = -1, time.monotonic()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.2)
        now = phones[0].ledger.counts["confirmed"]
        if now != last:
            last, since = now, time.monotonic()
        assert time.monotonic() - since < END_S, "nothing moves any more"
