"""An export that was brought here: its state, what was decided, and the messages it brings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from server.domain.imports.plan import Plan
from server.domain.imports.preview import Preview

CHANNEL = "whatsapp"


class ImportState(StrEnum):
    READ = "read"
    """Shown for a decision; nothing is in a job."""
    RUNNING = "running"
    DONE = "done"
    DISCARDED = "discarded"
    """Never brought in; the file is gone."""
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Brought:
    """A message as an import writes it: `ours` by `author_id`, else by `contact_id`; `kind` text, image, video, audio."""

    id: UUID
    job_id: UUID
    contact_id: UUID | None
    author_id: UUID | None
    photo_id: UUID | None
    kind: str
    text: str
    sender: str
    ours: bool
    edited: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatImport:
    """An export that was brought here; `plan` once somebody decided, `result` counts by name once it ended."""

    id: UUID
    company_id: UUID
    author_id: UUID
    author_name: str
    name: str
    sha256: str
    size_bytes: int
    storage_key: str
    state: ImportState
    preview: Preview
    plan: Plan | None
    result: Mapping[str, int]
    created_at: datetime
    finished_at: datetime | None


def photo_id(import_id: UUID, sha256: str) -> UUID:
    """Return the id of a picture that this import brings: begun again, it is known by it."""
    return uuid5(import_id, sha256)
