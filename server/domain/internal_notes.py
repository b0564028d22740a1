"""What colleagues say to each other beside a conversation or a job. Never a message: nothing can send it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

TEXT_MAX = 4000


@dataclass(frozen=True, slots=True)
class InternalNote:
    id: UUID
    company_id: UUID
    conversation_id: UUID | None
    job_id: UUID | None
    author_id: UUID
    author_name: str
    text: str
    created_at: datetime
