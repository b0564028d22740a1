"""A consistent copy of the SQLite file, made by the engine, and what a copy says it needs."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pysqlite3


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file the database relies on; `sha256` in hex. One that is `passing` may be deleted at any moment by right."""

    key: str
    sha256: str
    passing: bool


# Passing: what lies in the trash, a phone's own preview of a photo that is not drawn yet, a chat nobody has decided on.
_FILES = (
    "SELECT storage_key, sha256, deleted_at IS NOT NULL FROM photo WHERE storage_key IS NOT NULL",
    "SELECT rendition.storage_key, rendition.sha256, name = 'preview' OR deleted_at IS NOT NULL"
    " FROM rendition JOIN photo ON photo.id = photo_id",
    "SELECT storage_key, sha256, state = 'read' FROM chat_import WHERE storage_key <> ''",
    "SELECT storage_key, sha256, 0 FROM partner_contract WHERE storage_key <> ''",
    "SELECT 'documents/' || company_id || '/consents/' || id || '.png', proof_sha256, 0 FROM consent"
    " WHERE proof_sha256 <> ''",
    "SELECT 'documents/' || id || '/logo/' || logo_sha256 || '.jpg', logo_sha256, 0 FROM company"
    " WHERE logo_sha256 <> ''",
)


def write_snapshot(source: Path, target: Path) -> None:
    """Copy the database at one moment, beside running writers. Raises pysqlite3.Error."""
    with closing(pysqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def problems(path: Path) -> list[str]:
    """Return what the engine finds wrong with a copy; an empty list means whole."""
    with closing(pysqlite3.connect(path)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"broken reference in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
    return found


def stored_files(path: Path) -> list[StoredFile]:
    """Return every file the copy relies on: originals, renditions, chats, contracts, signatures, logos."""
    with closing(pysqlite3.connect(path)) as connection:
        rows = connection.execute(" UNION ALL ".join(_FILES)).fetchall()
    return [StoredFile(key, sha256, bool(passing)) for key, sha256, passing in rows]
