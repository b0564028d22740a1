"""What is on file about one messenger: facts, each with its source, and the firm's duties (W17, G26). German msgids."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

CHECKED = date(2026, 11, 26)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was read: the page's own name, and the day of its wording or of reading it."""

    name: str
    day: date
    url: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Advice:
    """One messenger. `must`: what the firm has to do first; `connects`: how Zollstock talks to it."""

    kind: str
    name: str
    seat: Fact
    transfer: Fact
    encryption: Fact
    cost: Fact
    pros: tuple[str, ...]
    cons: tuple[str, ...]
    must: tuple[str, ...]
    connects: str
    checked: date = CHECKED

    def words(self) -> Iterator[str]:
        """Yield every German sentence of this entry."""
        yield from (fact.text for fact in (self.seat, self.transfer, self.encryption, self.cost))
        yield from (*self.pros, *self.cons, *self.must, self.connects)


def complete(advice: Advice) -> bool:
    """Say whether an entry names seat and transfer basis, each with its source."""
    facts = (advice.seat, advice.transfer)
    return all(fact.text.strip() and fact.source.name.strip() for fact in facts)
