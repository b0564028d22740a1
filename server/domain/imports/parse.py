"""An exported WhatsApp chat read line by line, in every form phones write it.

Android writes `24.11.26, 10:42 - Name: text`, iOS `[24.11.26, 10:42:13] Name: text`; day, month, year, clock and the
blank before AM/PM follow the phone's language and change only between exports, never within one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from server.domain.errors import Invalid, TooLarge
from server.domain.imports.export import LINES_MAX, Export, Line, Order
from server.domain.imports.words import MARKS, read_body

# Messages stand in the order they came in, which is a little off the order they were sent in.
SLACK = timedelta(hours=24)
# How many beginnings a pasted piece of another chat may have.
PASTED_MAX = 200
_GAP = "[ \u00a0\u202f\u2009]"
_HALF = rf"(?:{_GAP}*(?P<half>[AaPp]\.?{_GAP}?[Mm]\.?|vorm\.|nachm\.))?"
_HEAD = re.compile(
    rf"[{MARKS}]*(?P<open>\[)?"
    r"(?P<a>\d{1,4})(?P<sep>[./-])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})"
    rf"(?P<comma>,| um)?{_GAP}+(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?"
    rf"{_HALF}(?(open)\]|{_GAP}[-–]){_GAP}?(?P<body>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Head:
    """A physical line that may begin a message. `place` counts from 0; `a`, `b`, `c` are the date's numbers as they stand."""

    place: int
    style: tuple[object, ...]
    a: int
    b: int
    c: int
    hour: int
    minute: int
    second: int
    body: str

    def wall(self, order: Order) -> datetime | None:
        """Return what the clock showed (as if in UTC), None when no such day exists in this order."""
        day, month, year = {
            Order.DAY: (self.a, self.b, self.c),
            Order.MONTH: (self.b, self.a, self.c),
            Order.YEAR: (self.c, self.b, self.a),
        }[order]
        year += 2000 if year < 100 else 0
        try:
            return datetime(year, month, day, self.hour, self.minute, self.second, tzinfo=UTC)
        except ValueError:
            return None


def parse(text: str, zone: ZoneInfo, *, latest: datetime, order: Order | None = None) -> Export:
    """Read a whole export. `latest`: nothing was said after it; `order`: what a person decided about its dates.

    Raises Invalid("import.not_a_chat"), TooLarge("import.too_many_lines").
    """
    physical = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(physical) > LINES_MAX:
        raise TooLarge("import.too_many_lines", limit=LINES_MAX)
    heads = _heads(physical)
    if not heads:
        raise Invalid("import.not_a_chat")
    orders, unsure = _orders(heads, latest)
    if order not in orders:
        order = orders[0]
    else:
        unsure = False
    walls = [head.wall(order) for head in heads]
    real = _real(walls)
    begun = [(head, wall) for head, wall, true in zip(heads, walls, real, strict=True) if true and wall]
    if not begun:
        raise Invalid("import.not_a_chat")
    ends = [head.place for head, _ in begun[1:]] + [len(physical)]
    bodies = [
        "\n".join([head.body, *physical[head.place + 1 : end]])
        for (head, _), end in zip(begun, ends, strict=True)
    ]
    moments = _moments([wall for _, wall in begun], zone)
    lines = (_line(head, at, body) for (head, _), at, body in zip(begun, moments, bodies, strict=True))
    first = begun[0][0].place
    lost = sum(bool(line.strip(MARKS + " ")) for line in physical[:first])
    return Export(tuple(lines), order, orders, unsure, pasted=len(heads) - len(begun), lost=lost)


def _line(head: _Head, at: datetime, body: str) -> Line:
    said = read_body(body)
    return Line(
        head.place + 1, at, said.sender, said.text, said.kind, said.attachment, said.label, said.edited
    )


def _heads(physical: Sequence[str]) -> list[_Head]:
    """Return the lines that look like beginnings in the style of the first one: a phone writes in one style."""
    found: list[_Head] = []
    for place, line in enumerate(physical):
        match = _HEAD.fullmatch(line) if line[:1] and line[0] in _STARTS else None
        head = _head(place, match) if match else None
        if head and (not found or head.style == found[0].style):
            found.append(head)
    return found


_STARTS = frozenset(MARKS + "[0123456789")


def _head(place: int, match: re.Match[str]) -> _Head | None:
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pn" else 0)
    if len(match["a"]) == 3 or len(match["c"]) not in ((1, 2) if len(match["a"]) == 4 else (2, 4)):
        return None
    if hour > 23 or int(match["minute"]) > 59 or int(match["second"] or 0) > 59:
        return None
    shape = (len(match["a"]) == 4, len(match["c"]) == 4)
    style = (*shape, match["open"], match["sep"], match["comma"], match["second"] is None, not half)
    a, b, c = (int(match[name]) for name in "abc")
    return _Head(place, style, a, b, c, hour, int(match["minute"]), int(match["second"] or 0), match["body"])


def _orders(heads: Sequence[_Head], latest: datetime) -> tuple[tuple[Order, ...], bool]:
    """Return the orders the dates can be read in, the likelier first, and whether that is a guess.

    Decided over the whole file: by days that do not exist or have not come yet, then by how often time runs backwards.
    """
    if heads[0].style[0]:
        return (Order.YEAR,), False
    costs = {order: _cost([head.wall(order) for head in heads], latest) for order in (Order.DAY, Order.MONTH)}
    best = min(costs, key=lambda order: costs[order])
    other = Order.MONTH if best is Order.DAY else Order.DAY
    # With dots nobody writes the month first; without an impossible day both stay open to the person's choice.
    dots = heads[0].style[3] == "." and costs[Order.DAY][0] == 0
    if dots or costs[other][0] > costs[best][0]:
        return (Order.DAY if dots else best,), False
    same = all(head.a == head.b for head in heads)
    if same:
        return (Order.DAY,), False
    unsure = costs[best] == costs[other]
    if unsure and not heads[0].style[-1]:
        # Who writes AM and PM after slashes mostly writes the month first (CLDR 48: en-US); still a guess.
        best, other = Order.MONTH, Order.DAY
    return (best, other), unsure


def _cost(walls: Sequence[datetime | None], latest: datetime) -> tuple[int, int]:
    """Return how many days are impossible, and how often time runs back by more than the slack."""
    latest = latest + SLACK
    known = [wall for wall in walls if wall and wall <= latest]
    back = sum(two < one - SLACK for one, two in pairwise(known))
    return len(walls) - len(known), back


def _real(walls: Sequence[datetime | None]) -> list[bool]:
    """Tell beginnings from pasted ones: a piece of an older chat lies before what stands above it, and time returns after it."""
    real = [False] * len(walls)
    top: datetime | None = None
    place = 0
    while place < len(walls):
        wall = walls[place]
        if wall is None:
            place += 1
        elif top is None or wall >= top - SLACK:
            real[place], top = True, wall if top is None else max(top, wall)
            place += 1
        else:
            again = _returns(walls, place, top)
            # Time that never returns ran back in the file itself: nothing of it is thrown together.
            top, place = (wall, place) if again is None else (top, again)
    return real


def _returns(walls: Sequence[datetime | None], place: int, top: datetime) -> int | None:
    for later in range(place + 1, min(place + 1 + PASTED_MAX, len(walls))):
        wall = walls[later]
        if wall is not None and wall >= top - SLACK:
            return later
    return None


def _moments(walls: Sequence[datetime], zone: ZoneInfo) -> list[datetime]:
    """Put the wall clock's times into the zone; in the hour that comes twice, time must not run back if it can go on."""
    found: list[datetime] = []
    for wall in walls:
        at = wall.replace(tzinfo=zone)
        if found and at.astimezone(UTC) < found[-1].astimezone(UTC):
            second = at.replace(fold=1)
            if second.astimezone(UTC) - found[-1].astimezone(UTC) < timedelta(hours=1):
                at = second
        # An hour that never was (spring) becomes the one after it.
        found.append(at.astimezone(UTC).astimezone(zone))
    return found
