"""Backup and restore of a SQLite installation: one tar file that proves itself when it comes back.

The database is a snapshot by the engine. Photos are write-once and stored before the row that names them,
so a snapshot taken first relies only on files that exist. The key file stays out: keep it apart.
"""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from server.db.connect import FAILURES, kind_of, path_of
from server.db.snapshot import problems, stored_files, write_snapshot
from server.settings import Settings

DATABASE = "zollstock.db"
PHOTOS = "photos"
UNREADABLE: tuple[type[Exception], ...] = (tarfile.TarError, *FAILURES)


def write(settings: Settings, target: Path) -> str:
    """Write the backup beside a running server and return a sentence. Raises ValueError, OSError."""
    database, photos = _places(settings)
    if not database.exists():
        raise ValueError(f"In {settings.data} liegt keine Datenbank, es gibt nichts zu sichern.")
    part = target.with_name(target.name + ".part")
    with tempfile.TemporaryDirectory(dir=settings.data) as folder:
        snapshot = Path(folder) / DATABASE
        write_snapshot(database, snapshot)
        files = stored_files(snapshot)
        members = {DATABASE: snapshot, **{f"{PHOTOS}/{file.key}": photos / file.key for file in files}}
        _pack(part, members)
    part.replace(target)
    size_mb = target.stat().st_size / 1e6
    return (
        f"Gesichert: {len(files)} Dateien und die Datenbank, {size_mb:.1f} MB in {target}. "
        f"Die Schlüsseldatei {settings.secret_file} bitte getrennt aufbewahren."
    )


def _pack(target: Path, members: Mapping[str, Path]) -> None:
    """Write an archive of files by their names in it; it is on the disk when this returns."""
    with target.open("wb") as out:
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, path in members.items():
                tar.add(path, name)
        out.flush()
        os.fsync(out.fileno())


def bring_back(settings: Settings, source: Path) -> str:
    """Restore into an empty data folder and return a sentence; a backup that does not prove itself changes nothing.

    Raises ValueError when the folder is not empty or the backup not whole, OSError.
    """
    database, photos = _places(settings)
    if database.exists() or photos.exists():
        raise ValueError(
            f"In {settings.data} liegen schon Daten. Zurückgespielt wird nur in einen leeren Ordner."
        )
    settings.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data) as folder:
        whole = Path(folder)
        try:
            with tarfile.open(source, "r:") as tar:
                tar.extractall(whole, filter="data")
            number = _prove(whole)
        except UNREADABLE as failure:
            raise ValueError(
                f"Das ist keine Sicherung von Zollstock, oder sie ist beschädigt: {failure}"
            ) from failure
        (whole / PHOTOS).mkdir(exist_ok=True)
        (whole / PHOTOS).rename(photos)
        (whole / DATABASE).rename(database)
    os.sync()
    return f"Zurückgespielt und geprüft: {number} Dateien und die Datenbank in {settings.data}."


def _prove(whole: Path) -> int:
    """Return how many files the backup holds. Raises ValueError naming the first thing that is wrong."""
    if not (whole / DATABASE).exists():
        raise ValueError("Das ist keine Sicherung von Zollstock: die Datenbank fehlt darin.")
    for problem in problems(whole / DATABASE):
        raise ValueError(f"Die Datenbank der Sicherung ist beschädigt: {problem}")
    files = stored_files(whole / DATABASE)
    for file in files:
        path = whole / PHOTOS / file.key
        if not path.is_file():
            raise ValueError(f"In der Sicherung fehlt die Datei {file.key}.")
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                raise ValueError(f"In der Sicherung ist die Datei {file.key} beschädigt.")
    return len(files)


def _places(settings: Settings) -> tuple[Path, Path]:
    if kind_of(settings.database_url) != "sqlite" or "://" in settings.storage_url:
        raise ValueError(
            "Sichern und Zurückspielen geht hier mit SQLite und Ordner; für PostgreSQL und S3 deren Werkzeuge nehmen."
        )
    return Path(path_of(settings.database_url)), Path(settings.storage_url)
