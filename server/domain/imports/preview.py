"""What is shown of an exported chat before anybody decides: how much, by whom, from when, what is lacking."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from server.domain.errors import Invalid
from server.domain.imports.export import Export, Line

PEOPLE_MAX = 500
SAMPLE = 6
PAUSE = timedelta(days=14)
# Where the app itself cuts an export: the newest 40,000 messages, or 10,000 with media (WhatsApp help, 2026-11).
CUT_AT, CUT_WITH_MEDIA_AT = 40_000, 10_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown before anything is brought in. Moments as ISO text, so that it lies in the database as it is.

    `people`: (name, number of messages), the busiest first. `pauses`: (from, until) of long silences. `lacking`: files
    the text names and the archive does not hold; `omitted`: messages whose file the app left out. `idle`: files nobody
    names.
    """

    order: str
    orders: Sequence[str]
    unsure: bool
    messages: int
    system: int
    people: Sequence[Sequence[object]]
    first: str
    last: str
    files: int
    lacking: int
    omitted: int
    idle: int
    pasted: int
    lost: int
    cut: bool
    pauses: Sequence[Sequence[str]]
    sample: Sequence[Sequence[str]]


def preview(export: Export, files: Iterable[str]) -> Preview:
    """Return what to show. `files`: the names of the files beside the text. Raises Invalid for nobody or too many."""
    said, there = export.said, set(files)
    if not said:
        raise Invalid("import.no_words")
    people = Counter(line.sender for line in said)
    if len(people) > PEOPLE_MAX:
        raise Invalid("import.too_many_people", limit=PEOPLE_MAX)
    named = {line.attachment for line in said if line.attachment}
    moments = [line.at for line in said]
    return Preview(
        order=export.order,
        orders=[str(order) for order in export.orders],
        unsure=export.unsure,
        messages=len(said),
        system=len(export.lines) - len(said),
        people=[[name, number] for name, number in people.most_common()],
        first=min(moments).isoformat(),
        last=max(moments).isoformat(),
        files=len(named & there),
        lacking=len(named - there),
        omitted=sum(line.omitted for line in said),
        idle=len(there - named),
        pasted=export.pasted,
        lost=export.lost,
        cut=len(export.lines) >= (CUT_WITH_MEDIA_AT if there else CUT_AT),
        pauses=[[one.isoformat(), two.isoformat()] for one, two in _pauses(moments)],
        sample=[[line.at.isoformat(), line.sender, line.shown[:300]] for line in _some(said)],
    )


def _pauses(moments: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the three longest silences of two weeks and more, in their order."""
    ordered = sorted(moments)
    pairs = [(one, two) for one, two in pairwise(ordered) if two - one >= PAUSE]
    return sorted(sorted(pairs, key=lambda pair: pair[0] - pair[1])[:3])


def _some(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the beginning and the end."""
    half = SAMPLE // 2
    return lines if len(lines) <= SAMPLE else [*lines[:half], *lines[-half:]]
