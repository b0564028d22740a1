"""Business cards (vCard 3.0, RFC 2426) of the people a phone may know: those who agreed, and nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass

LINE_MAX = 75
"""Octets of a line before it is folded (RFC 2426 §2.6)."""


@dataclass(frozen=True, slots=True)
class Card:
    """`note` says by which messengers the person may be written to."""

    uid: str
    name: str
    organisation: str
    phone: str
    email: str
    note: str


def written(cards: Sequence[Card]) -> str:
    """Return the cards as one file."""
    return "".join(line for card in cards for line in _lines(card))


def _lines(card: Card) -> list[str]:
    first, _, last = card.name.rpartition(" ")
    rows = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:{card.uid}",
        f"FN:{_safe(card.name)}",
        f"N:{_safe(last)};{_safe(first)};;;",
        f"ORG:{_safe(card.organisation)}" if card.organisation else "",
        f"TEL;TYPE=CELL:{_safe(card.phone)}" if card.phone else "",
        f"EMAIL;TYPE=INTERNET:{_safe(card.email)}" if card.email else "",
        f"NOTE:{_safe(card.note)}" if card.note else "",
        "END:VCARD",
    ]
    return [_folded(row) for row in rows if row]


def _safe(text: str) -> str:
    """Escape what has a meaning of its own (§4); a new line would begin another property."""
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def _folded(row: str) -> str:
    """Break a line after at most 75 octets, never inside a character."""
    parts, size = [""], 0
    for sign in row:
        octets = len(sign.encode())
        if size + octets > LINE_MAX:
            parts.append(" ")
            size = 1
        parts[-1] += sign
        size += octets
    return "\r\n".join(parts) + "\r\n"
