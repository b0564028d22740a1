"""Figures of `make chaos` between two marks in docs/reliability.md; a part that did not run keeps its former line."""

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures of make chaos -->", "<!-- end of figures -->"
HEAD = ["| proof | size | result | seed | time | when |", "|---|---|---|---:|---:|---|"]


@dataclass(frozen=True, slots=True)
class Part:
    """One proof's line; `wrong` says what must not be, empty is good."""

    name: str
    size: str
    result: str
    seed: int | None = None
    seconds: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def row(self) -> str:
        verdict = f"**FAILED** {', '.join(self.wrong)}; {self.result}" if self.wrong else self.result
        took = f"{self.seconds / 60:.1f} min" if self.seconds else "–"
        seed = "–" if self.seed is None else str(self.seed)
        return f"| {self.name} | {self.size} | {verdict} | {seed} | {took} | {datetime.now(UTC):%Y-%m-%d} |"


def write(parts: list[Part], page: Path = PAGE) -> None:
    """Replace the lines of these parts."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    former, _, after = rest.partition(END)
    lines = {_name(line): line for line in former.splitlines() if line.startswith("| ") and line not in HEAD}
    lines |= {part.name: part.row() for part in parts}
    machine = f"{os.cpu_count()} cores, Linux, Python {platform.python_version()}, SQLite; load {os.getloadavg()[2]:.1f}"
    text = "\n".join([BEGIN, "", f"Last run on {machine}.", "", *HEAD, *lines.values(), "", END])
    page.write_text(before + text + after, encoding="utf-8")


def _name(line: str) -> str:
    return line.split("|")[1].strip()
