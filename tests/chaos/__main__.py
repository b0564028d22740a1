"""`make chaos`: every proof in its full size; writes the figures into docs/reliability.md.

`python -m tests.chaos storm disk` runs these parts only. A part that finds harm ends the run with 1 and leaves its
folder, ledger and server log for a look.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.browser.phones import ENGINES, missing_of
from tests.browser.voyage import CHAPTERS, day_of
from tests.chaos import clocks, lies, order, races, report
from tests.chaos.disk_faults import BROKEN, FULL, UNSYNCED, Illness, suffer
from tests.chaos.report import Part
from tests.chaos.shim import compiler
from tests.chaos.storm import PHONES, storm
from tests.talk.liars import SHARES

CAPTURES, KILLS, SEED = 10_000, 200, 7
KS = range(1, 301)
UPLOADS, RACES, PER_ERA, VOYAGE, SENDS = 200, 500, 40, 300, 1000


def main(words: list[str]) -> int:
    """Run what is named, or everything; 0 only if nothing was wrong."""
    parts, good = [], True
    for name in words or RUNS:
        print(f"{name} …", file=sys.stderr, flush=True)
        folder = Path(tempfile.mkdtemp(prefix=f"zollstock-{name}-"))
        part = RUNS[name](folder)
        print(part.row(), flush=True)
        parts.append(part)
        if part.wrong:
            good = False
            print(f"{part.wrong}\nleft for a look: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    report.write(parts)
    return 0 if good else 1


def run_storm(folder: Path) -> Part:
    found = storm(folder, captures=CAPTURES, kills=KILLS, seed=SEED)
    faults = ", ".join(f"{name} {count}" for name, count in sorted(found.faults.items()))
    return Part(
        name="Kill and bad network",
        size=f"{found.made:,} captures of 1–60 kB from {PHONES} phones, {found.kills} × kill -9,"
        f" {found.connections:,} connections ({faults}), {found.requests:,} requests",
        result=f"{found.verdict.acked:,} acknowledged, {found.verdict.hashed:,} files re-hashed;"
        f" lost {len(found.verdict.lost)}, twice {len(found.verdict.twice)}, orphans {len(found.verdict.orphans)},"
        f" left over {len(found.verdict.left_over)}; up again in {found.slowest_start_s:.1f} s at the most",
        seed=found.seed,
        seconds=found.seconds,
        wrong=found.verdict.wrong() or ({} if found.kills >= KILLS else {"kills": [str(found.kills)]}),
    )


def run_lies(folder: Path) -> Part:
    found = lies.run(folder, SENDS)
    states = ", ".join(f"{name} {count}" for name, count in sorted(found.count.states.items()))
    return Part(
        name="A lying provider",
        size=f"{found.count.sent:,} messages over {len(SHARES)} platforms, every second call refused, torn, slow, garbled or answered 500 after all;"
        f" {found.count.told} messages of the customer between them",
        result=f"at the customer twice {found.count.doubles}, in doubt {found.count.doubts} with {found.count.cards}"
        f" cards, stuck for ten minutes {len(found.count.stuck)}; {states}",
        seed=11,
        seconds=found.seconds,
        wrong=found.wrong(),
    )


def run_disk(illness: Illness) -> Callable[[Path], Part]:
    def run(folder: Path) -> Part:
        if compiler() is None:
            return Part(illness.name, "", "skipped: there is no C compiler for the shim")
        found = suffer(folder, illness, KS)
        answers = ", ".join(f"{count} × {words}" for words, count in sorted(found.answers.items()))
        return Part(
            name=illness.name,
            size=f"call k = {KS[0]}..{KS[-1]} ({len(KS)} of them) and all after it; {found.python_calls:,} calls of ours and"
            f" {found.sqlite_calls:,} of SQLite seen",
            result=f"{found.refused} refusals ({answers}), {found.reads:,} reads meanwhile all answered, false receipts"
            f" {len(found.verdict.lost)}; {found.restarts} restarts, whole again in {found.slowest_recovery_s:.1f} s"
            " at the most",
            seed=11,
            seconds=found.seconds,
            wrong=found.verdict.wrong(),
        )

    return run


def run_order(folder: Path) -> Part:
    if not order.can_trace():
        return Part("Order of system calls", "", "skipped: strace is missing or may not trace here")
    found = order.watch(folder, UPLOADS)
    return Part(
        name="Order of system calls",
        size=f"{found.uploads} uploads, {found.calls:,} calls seen by strace",
        result=f"{found.in_order} of {found.uploads}: bytes synced, linked, folder synced, row in the log, log synced,"
        " then the receipt",
        seconds=found.seconds,
        wrong={"order": found.wrong[:10]} if found.wrong else {},
    )


def run_races(folder: Path) -> Part:
    found = races.run(folder, RACES)
    answers = ", ".join(f"{count} × {words}" for words, count in sorted(found.answers.items()))
    return Part(
        name="Races for one upload",
        size=f"{found.races} uploads, 2–3 writers and 2 readers each, {found.torn} requests torn off",
        result=f"{found.verdict.hashed} whole and once; hung {found.hung}; answers: {answers}",
        seed=5,
        seconds=found.seconds,
        wrong=found.verdict.wrong() or ({"hung": [str(found.hung)]} if found.hung else {}),
    )


def run_clocks(folder: Path) -> Part:
    if clocks.library() is None:
        return Part("Wrong clocks", "", "skipped: libfaketime is not installed")
    found = clocks.live(folder, PER_ERA)
    return Part(
        name="Wrong clocks",
        size=f"{found.photos} photos over {len(found.years)} eras: {', '.join(clocks.ERAS)}",
        result=f"{found.verdict.hashed} whole and once; receipts of the years {sorted(set(found.years.values()))}",
        seed=3,
        seconds=found.seconds,
        wrong=found.verdict.wrong(),
    )


def run_voyage(engine: str) -> Callable[[Path], Part]:
    def run(folder: Path) -> Part:
        name = f"A long day of a phone in {engine}"
        if missing := missing_of(engine):
            return Part(name, "", f"skipped: {missing}")
        began, wrong, made = time.monotonic(), {}, 0
        try:
            made = len(day_of(engine, folder, VOYAGE, SEED).made)
        except AssertionError as error:
            wrong = {"voyage": [str(error)]}
        return Part(
            name=name,
            size=f"{VOYAGE} captures in {len(CHAPTERS)} chapters: {', '.join(one.__name__ for one in CHAPTERS)}",
            result=f"{made} arrived once with equal hashes; the unsent count was right at every step",
            seed=SEED,
            seconds=time.monotonic() - began,
            wrong=wrong,
        )

    return run


RUNS: dict[str, Callable[[Path], Part]] = {
    "storm": run_storm,
    "full": run_disk(FULL),
    "broken": run_disk(BROKEN),
    "unsynced": run_disk(UNSYNCED),
    "order": run_order,
    "races": run_races,
    "clocks": run_clocks,
    "lies": run_lies,
    **{engine: run_voyage(engine) for engine in ENGINES},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
