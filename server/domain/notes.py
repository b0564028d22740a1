"""Notes and ten-second call notes: short texts of a job; a correction is a new note that `replaces` the old one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Invalid

TEXT_MAX = 10_000


class NoteKind(StrEnum):
    NOTE = "note"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Note:
    """`current` ones are shown; `disputed` ones were corrected on two sides at once, and both stand.

    A correction stands where the first one stood (`captured_at`) and says when it came (`received_at`).
    """

    id: UUID
    company_id: UUID
    job_id: UUID | None
    job_hint: str
    author_id: UUID | None
    author_name: str
    kind: NoteKind
    text: str
    captured_at: datetime
    received_at: datetime
    late: bool = False
    replaces_id: UUID | None = None
    current: bool = True
    disputed: bool = False
    rev: int = 1


def check_text(text: str, *, field: str = "text", limit: int = TEXT_MAX) -> str:
    """Return the text without outer space. Raises Invalid when nothing is left or it is over `limit`."""
    clean = text.strip()
    if not clean:
        raise Invalid("note.empty", field=field)
    if len(clean) > limit:
        raise Invalid("note.too_long", field=field, limit=limit)
    return clean
