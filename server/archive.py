"""Backup and restore of a SQLite installation: one tar file that proves itself when it comes back.

The database is a snapshot by the engine. Photos are write-once and stored before the row that names them,
so a snapshot taken first relies only on files that exist. What is missing or damaged by then keeps nothing else out of
the backup: it is named, in it and to whoever makes it. The key file stays out: keep it apart.
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from server.db.connect import FAILURES, kind_of, path_of
from server.db.snapshot import StoredFile, problems, stored_files, write_snapshot
from server.settings import Settings
from server.storage.disk import sync_folder

DATABASE = "zollstock.db"
PHOTOS = "photos"
GAPS = "gaps.txt"
UNREADABLE: tuple[type[Exception], ...] = (tarfile.TarError, *FAILURES)
_NAMED = 5
_FOLDER = ".backup-"
# No backup copies its database for so long; one under way keeps its folder.
_BROKEN_OFF_S = 24 * 3600


@dataclass(slots=True)
class _Gaps:
    """Keys of files that are not in the backup as they should be; `bad` without those that were deleted by right."""

    keys: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)

    def add(self, file: StoredFile, *, by_right: bool) -> None:
        self.keys.append(file.key)
        if not by_right:
            self.bad.append(file.key)


class Incomplete(Exception):
    """The backup is written, but not everything could come into it; the text is the sentence that says so."""


def write(settings: Settings, target: Path) -> str:
    """Write the backup beside a running server and return a sentence. Raises ValueError, OSError, Incomplete."""
    database, photos = _places(settings)
    if not database.exists():
        raise ValueError(f"In {settings.data} liegt keine Datenbank, es gibt nichts zu sichern.")
    part = target.with_name(target.name + ".part")
    clear_broken_off(settings.data)
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=settings.data) as folder:
        snapshot = Path(folder) / DATABASE
        write_snapshot(database, snapshot)
        files = stored_files(snapshot)
        try:
            gaps = _pack(part, snapshot, photos, files)
        except BaseException:
            part.unlink(missing_ok=True)  # a full disk must not stay full of half a backup
            raise
    part.replace(target)
    sync_folder(target.parent)
    size_mb = target.stat().st_size / 1e6
    summary = (
        f"Gesichert: {len(files) - len(gaps.keys)} Dateien und die Datenbank, {size_mb:.1f} MB in {target}. "
        f"Die Schlüsseldatei {settings.secret_file} bitte getrennt aufbewahren."
    )
    if gaps.bad:
        raise Incomplete(f"{summary} {_named(gaps.bad)}")
    return summary


def clear_broken_off(data: Path) -> None:
    """Remove the folders, each with a copy of the database, that a backup or restore killed long ago left behind."""
    for folder in data.glob(f"{_FOLDER}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _BROKEN_OFF_S:
                shutil.rmtree(folder)


def _named(keys: Sequence[str]) -> str:
    some = ", ".join(keys[:_NAMED]) + (" …" if len(keys) > _NAMED else "")
    return f"Beim Sichern fehlten {len(keys)} Dateien oder waren beschädigt: {some}."


def _pack(target: Path, snapshot: Path, photos: Path, files: Sequence[StoredFile]) -> _Gaps:
    """Write the archive and return what it lacks; it is on the disk when this returns."""
    gaps = _Gaps()
    with target.open("wb") as out:
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.add(snapshot, DATABASE)
            for file in files:
                _add(tar, photos / file.key, file, gaps)
            listed = "\n".join(gaps.keys).encode()
            info = tarfile.TarInfo(GAPS)
            info.size = len(listed)
            tar.addfile(info, io.BytesIO(listed))
        out.flush()
        os.fsync(out.fileno())
    return gaps


def _add(tar: tarfile.TarFile, path: Path, file: StoredFile, gaps: _Gaps) -> None:
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        gaps.add(file, by_right=file.passing)
        return
    with stream:
        try:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:  # a bad sector takes this file, not the others
            gaps.add(file, by_right=False)
            return
        if sha256 != file.sha256:
            gaps.add(file, by_right=False)
        stream.seek(0)
        tar.addfile(tar.gettarinfo(arcname=f"{PHOTOS}/{file.key}", fileobj=stream), stream)


def bring_back(settings: Settings, source: Path) -> str:
    """Restore into an empty data folder and return a sentence; a backup that does not prove itself changes nothing.

    Raises ValueError when the folder is not empty or the backup not whole, OSError.
    """
    database, photos = _places(settings)
    if database.exists() or (photos.exists() and any(photos.iterdir())):
        raise ValueError(
            f"In {settings.data} liegen schon Daten. Zurückgespielt wird nur in einen leeren Ordner."
        )
    settings.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=settings.data) as folder:
        whole = Path(folder)
        try:
            with tarfile.open(source, "r:") as tar:
                tar.extractall(whole, filter="data")
            number, gaps = _prove(whole)
        except UNREADABLE as failure:
            raise ValueError(
                f"Das ist keine Sicherung von Zollstock, oder sie ist beschädigt: {failure}"
            ) from failure
        _put_in_place(whole, database, photos)
    os.sync()
    summary = f"Zurückgespielt und geprüft: {number} Dateien und die Datenbank in {settings.data}."
    return f"{summary} {_named(gaps)}" if gaps else summary


def _put_in_place(whole: Path, database: Path, photos: Path) -> None:
    """Move what was proved to where it belongs, the database last; either may be a mounted disk of its own."""
    photos.mkdir(parents=True, exist_ok=True)
    for entry in (whole / PHOTOS).iterdir() if (whole / PHOTOS).exists() else ():
        shutil.move(entry, photos / entry.name)
    database.parent.mkdir(parents=True, exist_ok=True)
    # SQLite would play the log of a database that is gone into ours (sqlite.org/howtocorrupt.html §1.4).
    for ending in ("-wal", "-shm", "-journal"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    shutil.move(whole / DATABASE, database)


def _prove(whole: Path) -> tuple[int, list[str]]:
    """Return how many files the backup holds, and what was bad when it was made.

    Raises ValueError naming the first thing that is wrong.
    """
    if not (whole / DATABASE).exists():
        raise ValueError("Das ist keine Sicherung von Zollstock: die Datenbank fehlt darin.")
    for problem in problems(whole / DATABASE):
        raise ValueError(f"Die Datenbank der Sicherung ist beschädigt: {problem}")
    known = set((whole / GAPS).read_text().splitlines()) if (whole / GAPS).is_file() else set()
    files = stored_files(whole / DATABASE)
    for file in files:
        if file.key not in known:
            _prove_one(whole / PHOTOS / file.key, file)
    bad = [one.key for one in files if one.key in known and _is_bad(whole / PHOTOS / one.key, one)]
    return len(files) - len(known), bad


def _is_bad(path: Path, file: StoredFile) -> bool:
    """Tell a gap that is a loss from a file that was deleted by right while the backup was made."""
    return path.exists() or not file.passing


def _prove_one(path: Path, file: StoredFile) -> None:
    if not path.is_file():
        raise ValueError(f"In der Sicherung fehlt die Datei {file.key}.")
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
            raise ValueError(f"In der Sicherung ist die Datei {file.key} beschädigt.")


def _places(settings: Settings) -> tuple[Path, Path]:
    if kind_of(settings.database_url) != "sqlite" or "://" in settings.storage_url:
        raise ValueError(
            "Sichern und Zurückspielen geht hier mit SQLite und Ordner; für PostgreSQL und S3 deren Werkzeuge nehmen."
        )
    return Path(path_of(settings.database_url)), Path(settings.storage_url)
