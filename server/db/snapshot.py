"""A consistent copy of the SQLite file, made by the engine, and what a copy says it needs."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file the database relies on; `sha256` in hex."""

    key: str
    sha256: str


def write_snapshot(source: Path, target: Path) -> None:
    """Copy the database at one moment, beside running writers. Raises sqlite3.Error."""
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def problems(path: Path) -> list[str]:
    """Return what the engine finds wrong with a copy; an empty list means whole."""
    with closing(sqlite3.connect(path)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"broken reference in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
    return found


def stored_files(path: Path) -> list[StoredFile]:
    """Return every file the copy relies on: originals and renditions."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT storage_key, sha256 FROM photo WHERE storage_key IS NOT NULL"
            " UNION ALL SELECT storage_key, sha256 FROM rendition"
        ).fetchall()
    return [StoredFile(key, sha256) for key, sha256 in rows]
