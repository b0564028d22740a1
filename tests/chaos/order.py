"""The order of system calls of real uploads, by strace: whether an answer can leave before the bytes are durable.

For each upload, in this order: its last byte written · the part synced · linked to its name · the folder synced · the
row written to SQLite's log · the log synced · only then the receipt written to the socket. "Done" counts for syncs and
names (their end), "begun" for the answer.
"""

import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from server.ids import new_id
from tests.chaos.phone import HEAD
from tests.proofs import bringing
from tests.proofs.server import client, founded

CALLS = (
    "trace=write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,link,linkat,rename,renameat,renameat2"
)
LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))$")
SLICE = 16_000
NEVER = 1 << 60


@dataclass(frozen=True, slots=True)
class Call:
    """One call: where in the log it began and ended, its name, its words with paths (strace -y), its result."""

    begun: int
    ended: int
    name: str
    words: str
    result: str


@dataclass(slots=True)
class Outcome:
    """How many uploads had every step in order; `wrong` are sentences about those that had not."""

    uploads: int = 0
    in_order: int = 0
    calls: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)


def can_trace() -> bool:
    """Whether strace is here and may trace."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done.returncode == 0


def watch(folder: Path, uploads: int) -> Outcome:
    """Bring photos one after the other while strace watches the server; judge the log."""
    began = time.monotonic()
    server, tokens = founded(folder / "data", [("sabine", "office")])
    server.start()
    log = folder / "strace.log"
    assert server.process
    pids = [
        server.process.pid,
        *(child.pid for child in psutil.Process(server.process.pid).children(recursive=True)),
    ]
    words = ["strace", "-f", "-y", "-s", "8200", "-e", CALLS, "-o", str(log)]
    strace = subprocess.Popen(
        [*words, *(word for pid in pids for word in ("-p", str(pid)))], stderr=subprocess.PIPE, text=True
    )
    try:
        assert strace.stderr
        for _ in pids:
            assert "attached" in strace.stderr.readline()
        idents = []
        with client(server, tokens["sabine"]) as http:
            for number in range(uploads):
                idents.append(str(new_id()))
                data = HEAD + number.to_bytes(4) + bytes(number * 211 % 60_000 + 1)
                assert bringing.announce(http, idents[-1], data, "image/jpeg").is_success
                assert bringing.begin(http, idents[-1], data, "image/jpeg").is_success
                assert bringing.send(http, idents[-1], data, slice_bytes=SLICE).json()["state"] == "stored"
    finally:
        strace.send_signal(signal.SIGINT)
        strace.communicate(timeout=30)
        server.kill()
    outcome = judged(read(log), idents)
    outcome.seconds = time.monotonic() - began
    return outcome


def read(log: Path) -> list[Call]:
    """Return the calls of a log of `strace -f`, unfinished ones joined with their ends.

    Whoever reads an answer can end strace before the call that sent it has returned: such a call has begun, no more.
    """
    open_calls: dict[str, tuple[int, str, str]] = {}
    calls: list[Call] = []
    for number, text in enumerate(log.read_text(encoding="utf-8", errors="replace").splitlines()):
        found = LINE.match(text)
        if found is None:
            continue
        thread, resumed, rest, name, words = found.groups()
        if resumed:
            if thread in open_calls:
                begun, name, before = open_calls.pop(thread)
                calls.append(_call(begun, number, name, before + rest))
        elif words.endswith("<unfinished ...>"):
            open_calls[thread] = (number, name, words.removesuffix("<unfinished ...>"))
        else:
            calls.append(_call(number, number, name, words))
    calls += [Call(begun, NEVER, name, words, "") for begun, name, words in open_calls.values()]
    return sorted(calls, key=lambda call: call.begun)


def _call(begun: int, ended: int, name: str, words: str) -> Call:
    if words.endswith("<detached ...>"):
        return Call(begun, NEVER, name, words, "")
    words, _, result = words.rpartition(" = ")
    return Call(begun, ended, name, words, result)


def judged(calls: list[Call], idents: list[str]) -> Outcome:
    """Count the uploads whose steps are all there, in order."""
    outcome = Outcome(uploads=len(idents), calls=len(calls))
    outcome.seen.update(call.name for call in calls)
    for ident in idents:
        wrong = steps_of(calls, ident)
        if wrong:
            outcome.wrong.append(f"{ident}: {wrong}")
        else:
            outcome.in_order += 1
    return outcome


def steps_of(calls: list[Call], ident: str) -> str:
    """Return what is wrong with one upload's order, nothing if all is well."""
    part, photo = f"/parts/{ident}.part>", f"/{ident}.jpg"
    mine = [call for call in calls if ident in call.words]
    written = [call for call in mine if call.name == "write" and part in call.words.partition(",")[0]]
    answers = [call for call in mine if _to_socket(call) and '\\"stored\\"' in call.words]
    if not written or not answers:
        return f"{len(written)} writes, {len(answers)} answers"
    at, answer = max(call.ended for call in written), min(call.begun for call in answers)
    synced = _first(calls, at, lambda call: _sync(call) and part in call.words)
    linked = _first(
        calls,
        synced,
        lambda call: call.name in ("link", "linkat", "rename", "renameat") and photo in call.words,
    )
    folder = next(
        (re.search(r'"([^"]*)/[^"/]*\.jpg"', call.words) for call in calls if call.ended == linked), None
    )
    home = f"{folder[1]}>" if folder else "nowhere"
    kept = _first(calls, linked, lambda call: _sync(call) and home in call.words)
    row = _first(
        calls, kept, lambda call: call.name == "pwrite64" and "-wal>" in call.words and ident in call.words
    )
    durable = _first(calls, row, lambda call: _sync(call) and "-wal>" in call.words)
    names = ("the part synced", "linked", "the folder synced", "the row in the log", "the log synced")
    for name, moment in zip(names, (synced, linked, kept, row, durable), strict=True):
        if moment >= answer:
            return f"not {name} before the answer"
    return ""


def _first(calls: list[Call], after: int, wanted: Callable[[Call], bool]) -> int:
    """Return where the first wanted call that began after `after` had ended; far behind everything if there is none."""
    return next(
        (call.ended for call in calls if call.begun > after and call.result[:1].isdigit() and wanted(call)),
        NEVER,
    )


def _sync(call: Call) -> bool:
    return call.name in ("fsync", "fdatasync")


def _to_socket(call: Call) -> bool:
    handle = call.words.partition(",")[0]
    return "<socket:" in handle or "<TCP" in handle
