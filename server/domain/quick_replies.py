"""Ready-made texts with placeholders; a text that still holds one nobody can fill is never sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from server.domain.errors import Invalid

TITLE_MAX, TEXT_MAX = 80, 2000
# What may stand in braces, and what it becomes; the page that teaches them lists these.
PLACEHOLDERS = (
    "Anrede", "Name", "Kunde", "Auftrag", "Auftragsnummer", "Baustelle", "Betrieb", "Telefon", "Absender",
    "Wieder da",
)  # fmt: skip
_BRACES = re.compile(r"\{([^{}\n]{1,40})\}")


@dataclass(frozen=True, slots=True)
class QuickReply:
    id: UUID
    company_id: UUID
    title: str
    text: str
    place: int = 0


def unknown(text: str) -> list[str]:
    """Return what stands in braces and is none of our placeholders."""
    return [name for name in _BRACES.findall(text) if name not in PLACEHOLDERS]


def checked(text: str) -> str:
    """Return the text. Raises Invalid for a placeholder nobody knows."""
    if names := unknown(text):
        raise Invalid("placeholder.unknown", field="text", name=names[0])
    return text


def inserted(text: str, values: Mapping[str, str]) -> str:
    """Return the text with every placeholder filled that has a value; the others stay to be seen."""
    return _BRACES.sub(lambda found: values.get(found[1], "") or found[0], text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text as it may leave. Raises Invalid naming a placeholder that is unknown or has no value here."""
    ready = inserted(checked(text), values)
    if left := _BRACES.findall(ready):
        raise Invalid("placeholder.empty", field="text", name=left[0])
    return ready
