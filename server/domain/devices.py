"""A phone as it names itself and what it says it still holds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Device:
    """One phone; `unsent` things made since `oldest_at` were not here when it last spoke at `seen_at`."""

    id: UUID
    company_id: UUID
    user_id: UUID
    user_name: str
    name: str
    unsent: int
    oldest_at: datetime | None
    client: int
    created_at: datetime
    seen_at: datetime
