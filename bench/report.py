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


def read(line: dict[str, Any]) -> list[Row]:
    """Return the rows of one printed line: several where it measured several kinds of input, each with its verdict."""
    if line.get("rows"):
        return [_against_sharp(line, label, one) for label, one in line["rows"].items()]
    goal, note = line.get("goal"), str(line.get("note", ""))
    details = tuple((str(what), str(figure)) for what, figure in line.get("details", ())) or _rounds(line)
    if line.get("ratio") is not None:
        return [_ratio(line["name"], float(line["ratio"]), float(goal or 0), note, details)]
    if line.get("value") is None:
        return [Row(line["name"], "–", "–", None, note, details)]
    value, unit = float(line["value"]), str(line.get("unit", ""))
    figure = f"{value:.0f} {unit}".strip()
    if goal is None:
        return [Row(line["name"], figure, "–", None, note, details)]
    at_least = bool(line.get("at_least"))
    met = value >= float(goal) if at_least else value <= float(goal)
    return [
        Row(line["name"], figure, f"{'≥' if at_least else '≤'} {goal} {unit}".strip(), met, note, details)
    ]


def _ratio(name: str, ratio: float, goal: float, note: str, details: tuple[tuple[str, str], ...]) -> Row:
    return Row(name, f"{ratio:.2f} ×", f"≥ {goal} ×", ratio >= goal, note, details)


def _rounds(line: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    both = (("ours, MB/s by round", "ours_mb_s"), ("peer, MB/s by round", "peer_mb_s"))
    return tuple((what, ", ".join(map(str, line[key]))) for what, key in both if key in line)


def _against_sharp(line: dict[str, Any], label: str, one: dict[str, Any]) -> Row:
    """Say speed, likeness to the original and size of both sides: fast and worse, or fast and heavier, is no win."""
    peer = one["sharp"][one["best"]]
    details = [("renditions per CPU-second", _both(one["ours"]["rate"], peer["rate"]))]
    details += [
        (f"PSNR, {name}", f"{_both(value, peer['psnr_db'][name])} dB")
        for name, value in one["ours"]["psnr_db"].items()
    ]
    details += [
        (f"bytes, {name}", _both(value, peer["bytes"][name])) for name, value in one["ours"]["bytes"].items()
    ]
    note = f"Ours, then sharp in the fastest of its ways, “{one['best']}”."
    return _ratio(f"{line['name']}, {label}", float(one["ratio"]), float(line["goal"]), note, tuple(details))


def _both(ours: object, theirs: object) -> str:
    return f"{ours} : {theirs}"


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown; it reads well on a screen, too."""
    lines = ["| what | figure | goal | |", "|---|---:|---:|---|"]
    lines += [f"| {row.name} | {row.figure} | {row.goal} | {_verdict(row)} |" for row in rows]
    return "\n".join(lines)


def page(rows: Sequence[Row], *, load: float) -> str:
    """Return docs/benchmarks.md; `load` is the machine's load before the first measurement."""
    busy = (
        f" The machine was busy with other work (load {load:.1f}): an idle one is faster."
        if load > 0.5
        else ""
    )
    parts = [
        "# Benchmarks",
        "Written by `make bench`; ratios compare with peers measured in the same run, so they travel better than"
        " figures do.",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, Linux, Python"
        f" {platform.python_version()}.{busy}",
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
