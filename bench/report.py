"""From the lines the benchmarks print to the table on the screen and the page in docs/.

A line is either a ratio to a peer (`ratio`, `goal`: at least) or a figure (`value`, `unit`, `goal`: at most,
with `at_least` true: at least); `note` says what stands behind it, `details` are lists of (what, figure).
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `met` is None when nothing was measured or no goal is set."""

    name: str
    figure: str
    goal: str
    met: bool | None
    note: str
    details: tuple[tuple[str, str], ...]


def read(line: dict[str, Any]) -> Row:
    """Return the row of one printed line."""
    goal, note = line.get("goal"), str(line.get("note", ""))
    details = tuple((str(what), str(figure)) for what, figure in line.get("details", ())) or _spread(line)
    if line.get("ratio") is not None:
        ratio = float(line["ratio"])
        return Row(line["name"], f"{ratio:.2f} ×", f"≥ {goal} ×", ratio >= float(goal or 0), note, details)
    if line.get("value") is None:
        return Row(line["name"], "–", "–", None, note, details)
    value, unit = float(line["value"]), str(line.get("unit", ""))
    figure = f"{value:.0f} {unit}".strip()
    if goal is None:
        return Row(line["name"], figure, "–", None, note, details)
    at_least = bool(line.get("at_least"))
    met = value >= float(goal) if at_least else value <= float(goal)
    return Row(line["name"], figure, f"{'≥' if at_least else '≤'} {goal} {unit}".strip(), met, note, details)


def _spread(line: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the figures behind a ratio that the benchmarks against peers print."""
    if "ours_mb_s" in line:
        both = (("ours, MB/s by round", line["ours_mb_s"]), ("peer, MB/s by round", line["peer_mb_s"]))
        return tuple((what, ", ".join(map(str, figures))) for what, figures in both)
    return tuple(
        (label, f"{row['ratio']:.2f} × (ours {row['ours']['rate']}/s, best of sharp “{row['best']}”)")
        for label, row in line.get("rows", {}).items()
    )


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown; it reads well on a screen, too."""
    lines = ["| what | figure | goal | |", "|---|---:|---:|---|"]
    lines += [f"| {row.name} | {row.figure} | {row.goal} | {_verdict(row)} |" for row in rows]
    return "\n".join(lines)


def page(rows: Sequence[Row]) -> str:
    """Return docs/benchmarks.md."""
    parts = [
        "# Benchmarks",
        "Written by `make bench`; ratios compare with peers measured in the same run, so they travel better than"
        " figures do.",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, Linux, Python"
        f" {platform.python_version()}.",
        table(rows),
    ]
    for row in rows:
        if row.note or row.details:
            parts.append(f"## {row.name[:1].upper()}{row.name[1:]}")
        if row.note:
            parts.append(row.note)
        if row.details:
            parts.append(
                "\n".join(
                    ["| | |", "|---|---:|", *(f"| {what} | {figure} |" for what, figure in row.details)]
                )
            )
    return "\n\n".join(parts) + "\n"


def _verdict(row: Row) -> str:
    return {True: "met", False: "**missed**", None: "skipped" if row.figure == "–" else ""}[row.met]
