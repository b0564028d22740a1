"""Runs every benchmark in a process of its own with a time limit, prints a table and writes docs/benchmarks.md."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import report

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Part:
    """A module that prints JSON lines; `tools` must be there, `packages` are its locked npm folder."""

    module: str
    limit_s: float
    tools: tuple[str, ...] = ()
    packages: str = ""


PARTS = (
    Part("bench.renditions", 420, ("node", "npm"), "bench/sharp"),
    Part("bench.uploads", 180, ("node", "npm"), "bench/tus"),
    Part("bench.phone", 180, ("chromium",)),
    Part("bench.memory", 240, ("chromium",)),
    Part("bench.links", 900, ("chromium",)),
    Part("bench.queue", 180, ("chromium",)),
    Part("bench.talk", 1500),
    Part("bench.pages", 400, ("chromium", "node", "npm"), "bench/lighthouse"),
)


def main() -> int:
    """Measure everything that can be measured here; always 0, the table says what was met."""
    load = os.getloadavg()[0]
    rows: list[report.Row] = []
    for part in PARTS:
        print(f"{part.module} …", file=sys.stderr, flush=True)
        lines = measured(part)
        rows += [row for line in lines for row in report.read(line)]
    print(report.table(rows))
    OUT.write_text(report.page(rows, load=load), encoding="utf-8")
    return 0


def measured(part: Part) -> list[dict[str, Any]]:
    """Return the lines a part printed, or one that says why there are none."""
    missing = [tool for tool in part.tools if shutil.which(tool) is None]
    if missing:
        return [skipped(part, f"{' and '.join(missing)} is missing")]
    if part.packages and not (ROOT / part.packages / "node_modules").is_dir():
        done = subprocess.run(["tools/node.sh", part.packages], cwd=ROOT, check=False)
        if done.returncode != 0:
            return [skipped(part, f"the npm packages of {part.packages} could not be installed")]
    return run(part)


def run(part: Part) -> list[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", part.module],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=part.limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return [skipped(part, f"not done within {part.limit_s:.0f} s")]
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    if process.returncode != 0:
        lines.append(skipped(part, f"it ended with {process.returncode}, see standard error"))
    return lines


def skipped(part: Part, why: str) -> dict[str, Any]:
    return {"name": part.module.removeprefix("bench."), "goal": None, "note": f"skipped: {why}"}


if __name__ == "__main__":
    sys.exit(main())
