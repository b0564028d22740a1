"""The oracle: what phones made and what the server acknowledged, written down outside of both, then compared."""

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Ledger:
    """An append-only file of JSON lines; phones in several threads write to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def write(self, what: str, ident: str, **more: Any) -> None:
        """what: "made" before the first byte leaves, "acked" with the receipt, "confirmed" by a later have."""
        with self._lock:
            self._file.write(json.dumps({"what": what, "id": ident, **more}) + "\n")
            self._file.flush()
            self.counts[what] += 1

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class Verdict:
    """What does not fit; all empty is the only good end. Each entry is an id, a file or a sentence."""

    acked: int = 0
    hashed: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def wrong(self) -> dict[str, list[str]]:
        names = ("lost", "twice", "orphans", "left_over", "damaged")
        return {name: getattr(self, name)[:10] for name in names if getattr(self, name)}


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Return id → what was made, with the last receipt as "ack"."""
    made: dict[str, dict[str, Any]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["what"] == "made":
            assert line["id"] not in made, "the phones' own mistake: an id made twice"
            made[line["id"]] = line
        elif line["what"] == "acked":
            made[line["id"]]["ack"] = line["ack"]
    return made


def judge(data: Path, ledger: Path, *, all_done: bool = True) -> Verdict:
    """Re-hash every stored file and compare ledger, rows, logbook and files as sets; the server is down.

    all_done: every phone has brought everything, so nothing unfinished may be left.
    """
    made, verdict = read(ledger), Verdict()
    with closing(sqlite3.connect(data / "zollstock.db")) as base:
        found = base.execute("SELECT id, state, storage_key, sha256, size_bytes FROM photo").fetchall()
        renditions = {key for (key,) in base.execute("SELECT storage_key FROM rendition")}
        uploads = {ident for (ident,) in base.execute("SELECT id FROM upload")}
        stored_lines = Counter(
            ident for (ident,) in base.execute("SELECT subject_id FROM logbook WHERE verb = 'photo.stored'")
        )
        verdict.damaged += [said for (said,) in base.execute("PRAGMA integrity_check") if said != "ok"]
        verdict.damaged += [f"foreign key {line}" for line in base.execute("PRAGMA foreign_key_check")]
    rows = {ident: (state, key, sha256, size) for ident, state, key, sha256, size in found}
    _rows(verdict, made, rows, stored_lines)
    _files(verdict, data, made, rows, renditions)
    if all_done:
        verdict.left_over += [f"upload {ident}" for ident in uploads]
        verdict.left_over += [f"part {path.name}" for path in (data / "parts").iterdir() if path.is_file()]
        verdict.left_over += [f"not acknowledged {ident}" for ident, one in made.items() if "ack" not in one]
    return verdict


Row = tuple[str, str, str, int]


def _rows(
    verdict: Verdict, made: dict[str, dict[str, Any]], rows: dict[str, Row], lines: Counter[str]
) -> None:
    for ident, one in made.items():
        ack = one.get("ack")
        if ack is None:
            continue
        verdict.acked += 1
        state, _, sha256, size = rows.get(ident, ("", "", "", 0))
        if (state, sha256, size) != ("stored", one["sha256"], one["size"]) or ack["sha256"] != sha256:
            verdict.lost.append(ident)
    verdict.twice += [f"rows nobody sent: {ident}" for ident in rows.keys() - made.keys()]
    verdict.twice += [f"stored {count} times: {ident}" for ident, count in lines.items() if count > 1]
    contents = Counter(sha256 for state, _, sha256, _ in rows.values() if state == "stored")
    distinct = Counter(one["sha256"] for one in made.values())
    verdict.twice += [f"content {sha256}" for sha256, count in contents.items() if count > distinct[sha256]]


def _files(
    verdict: Verdict,
    data: Path,
    made: dict[str, dict[str, Any]],
    rows: dict[str, Row],
    renditions: set[str],
) -> None:
    folder = data / "photos"
    lying = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    kept = {key: ident for ident, (state, key, _, _) in rows.items() if state == "stored"}
    verdict.orphans += sorted(lying - kept.keys() - renditions)
    verdict.lost += [f"file {key}" for key in (kept.keys() | renditions) - lying]
    for key in kept.keys() & lying:
        verdict.hashed += 1
        digest = hashlib.sha256((folder / key).read_bytes()).hexdigest()
        if digest != made.get(kept[key], {}).get("sha256"):
            verdict.damaged.append(f"file {key}")
