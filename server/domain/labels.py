"""Words of the firm's own that conversations are sorted by; two of them every firm has."""

from dataclasses import dataclass
from uuid import UUID

NAME_MAX, LABELS_MAX = 60, 30
REPLY, OFFER = "reply", "offer"
# Names the firm sees and may change; the code stays.
PRESETS = ((REPLY, "Noch antworten"), (OFFER, "Angebot geschrieben"))


@dataclass(frozen=True, slots=True)
class Label:
    """`code` names a preset one, "" for the firm's own."""

    id: UUID
    company_id: UUID
    code: str
    name: str
    place: int = 0
