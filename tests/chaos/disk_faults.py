"""A disk that is full or broken from its k-th call on, under a real server, for every k.

For each k: photos are brought until one is refused; meanwhile reading goes on; then the disk is mended. After a full
disk the refused photo comes through without a restart. After a failed sync nothing is acknowledged until a restart,
for the kernel tells about lost pages only once (PostgreSQL learnt it in 2018). The ledger is judged at the end.
"""

import errno
import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from server.ids import new_id
from tests.chaos.ledger import Ledger, Verdict, judge
from tests.chaos.phone import HEAD
from tests.chaos.shim import Calls, Disk
from tests.proofs import bringing
from tests.proofs.server import Server, client, founded

UPLOADS_MAX = 120  # so many uploads make more than 300 calls of each kind
SLICE = 8_000
RECOVERY_S = 5.0
ROOM = (
    Calls.WRITE | Calls.NAME | Calls.CREATE | Calls.SIZE
)  # what really says "no space"; a sync does not on ext4, xfs


@dataclass(frozen=True, slots=True)
class Illness:
    """error: errno; calls: which kind fails; sync: acknowledgements are over until a restart; status: what is said."""

    name: str
    error: int
    calls: Calls
    status: tuple[int, ...]
    restart: bool = False


FULL = Illness("ENOSPC on write, open, link, truncate", errno.ENOSPC, ROOM, (507,))
BROKEN = Illness("EIO on write, open, link, truncate", errno.EIO, ROOM, (503,), restart=True)
UNSYNCED = Illness("EIO on fsync", errno.EIO, Calls.SYNC, (503,), restart=True)


@dataclass(slots=True)
class Outcome:
    """What was tried and what came of it; `answers` counts the words of the refusals."""

    illness: Illness
    verdict: Verdict
    tries: int = 0
    refused: int = 0
    reads: int = 0
    restarts: int = 0
    slowest_recovery_s: float = 0.0
    python_calls: int = 0
    sqlite_calls: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)


class Bringer:
    """One program that brings photos and keeps the ledger."""

    def __init__(self, server: Server, token: str, ledger: Ledger, seed: int) -> None:
        self.http = client(server, token)
        self.ledger, self.chance = ledger, random.Random(seed)
        self.owed: dict[str, bytes] = {}
        self.kept: tuple[str, bytes] | None = None

    def new(self) -> tuple[str, bytes]:
        ident, data = str(new_id()), HEAD + self.chance.randbytes(self.chance.randrange(9_000, 30_000))
        self.ledger.write("made", ident, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        self.owed[ident] = data
        return ident, data

    def bring(self, ident: str, data: bytes) -> httpx.Response:
        """Return the receipt's answer, or the first refusal."""
        answer = bringing.announce(self.http, ident, data, "image/jpeg")
        if answer.is_success:
            answer = bringing.begin(self.http, ident, data, "image/jpeg")
        if answer.is_success:
            answer = bringing.send(self.http, ident, data, slice_bytes=SLICE)
        if not answer.is_success:
            return answer
        if not answer.content:  # all bytes were there already: the last answer was a HEAD
            answer = self.http.get(f"/sync/items/{ident}")
        assert answer.json()["sha256"] == hashlib.sha256(data).hexdigest(), answer.text
        self.ledger.write("acked", ident, ack=answer.json())
        self.kept = (ident, self.owed.pop(ident))
        return answer

    def read(self) -> int:
        """Read what workers and office read; all of it must be answered."""
        for path in ("/healthz", "/jobs", "/api/v1/photos", "/sync/read-model"):
            answer = self.http.get(path, headers={"Accept": "text/html,application/json"})
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        if self.kept:
            ident, data = self.kept
            assert self.http.get(f"/photos/{ident}/original").content == data
            return 5
        return 4


def suffer(folder: Path, illness: Illness, ks: Iterable[int], *, seed: int = 11) -> Outcome:
    """Let the disk fail at each k in turn. Raises AssertionError with what the server said."""
    began = time.monotonic()
    server, tokens = founded(folder / "data", [("sabine", "office")])
    disk = Disk(folder, folder / "data")
    server.environment = {**server.environment, **disk.environment}
    ledger = Ledger(folder / "ledger.jsonl")
    outcome = Outcome(illness, Verdict())
    server.start()
    bringer = Bringer(server, tokens["sabine"], ledger, seed)
    try:
        assert bringer.bring(*bringer.new()).is_success
        for k in ks:
            _one(server, disk, bringer, outcome, k)
        assert server.stop() == 0
    finally:
        bringer.http.close()
        disk.mend()
        if server.process and server.process.poll() is None:
            server.kill()
    ledger.close()
    outcome.python_calls, outcome.sqlite_calls = disk.control.python, disk.control.sqlite
    outcome.verdict = judge(folder / "data", ledger.path)
    outcome.seconds = time.monotonic() - began
    return outcome


def _one(server: Server, disk: Disk, bringer: Bringer, outcome: Outcome, k: int) -> None:
    illness = outcome.illness
    outcome.tries += 1
    disk.arm(illness.error, k, calls=illness.calls)
    _until_refused(bringer, outcome, k)
    outcome.reads += bringer.read()
    disk.mend()
    began = time.monotonic()
    if distrusts(bringer.http):
        assert illness.restart, f"k={k}: a full disk must not need a restart"
        _no_receipt_until_restart(bringer, outcome, k)
        server.kill()
        server.start()
        outcome.restarts += 1
        began = time.monotonic()
    else:
        assert illness is not UNSYNCED, f"k={k}: a sync has failed, and the server trusts its disk"
    for ident, data in list(bringer.owed.items()):
        answer = bringer.bring(ident, data)
        assert answer.is_success, f"k={k}, after: {answer.status_code} {answer.text}"
    outcome.slowest_recovery_s = max(outcome.slowest_recovery_s, time.monotonic() - began)


def _until_refused(bringer: Bringer, outcome: Outcome, k: int) -> None:
    for _ in range(UPLOADS_MAX):
        answer = bringer.bring(*bringer.new())
        if answer.is_success:
            continue
        code, sentence = said(answer)
        assert answer.status_code in outcome.illness.status, f"k={k}: {answer.status_code} {answer.text}"
        assert len(sentence) > 40 and sentence.endswith("."), answer.text
        outcome.answers[f"{answer.status_code} {code}"] += 1
        outcome.refused += 1
        return
    raise AssertionError(f"k={k}: {UPLOADS_MAX} uploads without {k} calls")


def _no_receipt_until_restart(bringer: Bringer, outcome: Outcome, k: int) -> None:
    """The disk is well again, and nobody can know what it forgot: every photo is refused, reading goes on."""
    for ident, data in [*bringer.owed.items(), bringer.new()]:
        answer = bringer.bring(ident, data)
        assert answer.status_code == 503, f"k={k}: {answer.status_code} {answer.text}"
        assert said(answer)[0] == "storage.unsynced", f"k={k}: {answer.text}"
    outcome.reads += bringer.read()


def distrusts(http: httpx.Client) -> bool:
    """Whether /readyz says that this process acknowledges nothing any more."""
    answer = http.get("/readyz")
    if answer.status_code == 200:
        return False
    assert (answer.status_code, said(answer)[0]) == (503, "storage.unsynced"), answer.text
    return True


def said(answer: httpx.Response) -> tuple[str, str]:
    """Return code and sentence of a refusal; a HEAD has no body, so its reason is asked for."""
    error = answer.json()["error"]
    return error["code"], error["message"]
