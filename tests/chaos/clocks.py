"""A server whose clock is wrong by years, or jumps at night: photos, receipts and the logbook's order do not care.

One data folder lives through all eras, each a start of the server under libfaketime; each era brings photos, ends with
one upload half done, and finishes the one the last era left.
"""

import hashlib
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from server.ids import new_id
from tests.chaos.ledger import Ledger, Verdict, judge
from tests.chaos.phone import HEAD
from tests.proofs import bringing
from tests.proofs.server import client, founded

# Name → what libfaketime reads. The last one is the right time again.
ERAS = {
    "now": "+0",
    "ten years late": "-10y",
    "ten years early": "+10y",
    "night to summer time": "@2027-03-28 01:59:57",
    "night to winter time": "@2027-10-31 02:59:57",
    "32 bits end": "@2038-01-19 04:14:04",
    "now again": "+0",
}
SLICE = 4_000


@dataclass(slots=True)
class Outcome:
    """What each era said: how many photos it took and the year in its receipts."""

    verdict: Verdict
    photos: int = 0
    seconds: float = 0.0
    years: dict[str, int] = field(default_factory=dict)


def library() -> Path | None:
    """Return libfaketime, None where it is not installed."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def live(folder: Path, per_era: int, *, eras: Iterable[str] = ERAS, seed: int = 3) -> Outcome:
    """Live through the eras; the last one should be "now again". Raises AssertionError when one takes a photo no more or loses one."""
    began = time.monotonic()
    server, tokens = founded(folder / "data", [("ali", "worker")])
    plain = dict(server.environment)
    ledger, chance = Ledger(folder / "ledger.jsonl"), random.Random(seed)
    outcome, half, known = Outcome(Verdict()), None, []
    for era in eras:
        faked = {
            "LD_PRELOAD": str(library()), "FAKETIME": ERAS[era], "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1", "TZ": "Europe/Berlin",
            # Its "fix" for other C libraries makes every wait for the interpreter's lock a busy loop.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }  # fmt: skip
        server.environment = plain | faked
        server.start()
        try:
            with client(server, tokens["ali"]) as http:
                todo = [half] if half else []
                todo += [_new(ledger, chance) for _ in range(per_era)]
                for ident, data in todo:
                    receipt = _brought(http, ident, data)
                    ledger.write("acked", ident, ack=receipt)
                    outcome.years[era] = int(receipt["stored_at"][:4])
                    known.append(ident)
                _all_stored(http, known)
                half = _half(http, ledger, chance) if era != "now again" else None
            server.stop()  # its exit code says nothing: libfaketime makes a sleep fail that a signal ends
        finally:
            server.kill()
    ledger.close()
    outcome.verdict, outcome.photos = judge(folder / "data", ledger.path), len(known)
    outcome.seconds = time.monotonic() - began
    return outcome


def _new(ledger: Ledger, chance: random.Random) -> tuple[str, bytes]:
    ident, data = str(new_id()), HEAD + chance.randbytes(chance.randrange(9_000, 20_000))
    ledger.write("made", ident, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    return ident, data


def _brought(http: httpx.Client, ident: str, data: bytes) -> dict[str, Any]:
    """Bring it as a phone does: an upload that was given up as too old (410) is made again."""
    assert bringing.announce(http, ident, data, "image/jpeg").is_success
    for _ in range(3):
        assert bringing.begin(http, ident, data, "image/jpeg").is_success
        answer = bringing.send(http, ident, data)
        if answer.status_code != 410:
            break
    assert answer.status_code == 200, (answer.status_code, answer.text)
    receipt: dict[str, Any] = answer.json()
    return receipt


def _half(http: httpx.Client, ledger: Ledger, chance: random.Random) -> tuple[str, bytes]:
    """Begin an upload and leave it at its first slice."""
    ident, data = _new(ledger, chance)
    assert bringing.announce(http, ident, data, "image/jpeg").is_success
    assert bringing.begin(http, ident, data, "image/jpeg").is_success
    bringing.send(http, ident, data[:SLICE], slice_bytes=SLICE)
    return ident, data


def _all_stored(http: httpx.Client, idents: list[str]) -> None:
    for start in range(0, len(idents), 200):
        some = idents[start : start + 200]
        items: dict[str, Any] = http.post("/sync/have", json={"ids": some}).json()["items"]
        assert [items[ident]["state"] for ident in some] == ["stored"] * len(some)
