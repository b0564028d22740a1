"""What a channel did in a month and what it cost. Figures of messages, never of people (product rule 6)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.errors import Invalid

MONTHS_SHOWN = 12
MICROS = 1_000_000
PRICE_MAX_MICROS = 100 * MICROS
# What Meta calls the kinds of message it charges for (Pricing on the WhatsApp Business Platform, read 2026-11).
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "whatsapp": ("service", "utility", "marketing", "authentication"),
    "threema": ("",),
}
# The platform charges for each message and tells nothing of it.
CHARGED_EACH = ("threema",)
_PRICE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,6}))?")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month where the firm is: `name` "2026-11", from `start` on, before `end` (aware UTC)."""

    name: str
    start: datetime
    end: datetime

    @property
    def first(self) -> date:
        return date.fromisoformat(f"{self.name}-01")


@dataclass(frozen=True, slots=True)
class Price:
    """What one billable message costs from a month on, in millionths of a euro."""

    channel: str
    category: str
    month: str
    micros: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Messages of one channel, month and category that left."""

    channel: str
    month: str
    category: str
    sent: int
    delivered: int
    read: int
    billable: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions that left by a channel in a month; `median_s` is the time from sending to the answer."""

    channel: str
    month: str
    asked: int
    answered: int
    median_s: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the statistics. `unpriced`: billable messages whose price nobody entered."""

    channel: str
    month: str
    sent: int = 0
    delivered: int = 0
    read: int = 0
    asked: int = 0
    answered: int = 0
    median_s: float | None = None
    billable: int = 0
    unpriced: int = 0
    cost_micros: int = 0

    @property
    def median(self) -> timedelta | None:
        return None if self.median_s is None else timedelta(seconds=self.median_s)


def months(at: datetime, zone: ZoneInfo, number: int = MONTHS_SHOWN) -> list[Month]:
    """Return the last months where the firm is, the running one last."""
    here = at.astimezone(zone)
    found = []
    for back in range(number - 1, -1, -1):
        count = here.year * 12 + here.month - 1 - back
        found.append(Month(_name(count), _begin(count, zone), _begin(count + 1, zone)))
    return found


def _name(count: int) -> str:
    return f"{count // 12:04}-{count % 12 + 1:02}"


def _begin(count: int, zone: ZoneInfo) -> datetime:
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=zone).astimezone(UTC)


def price_of(prices: Sequence[Price], channel: str, category: str, month: str) -> int | None:
    """Return what a message cost in a month: the newest price entered for it by then, None = nobody entered one."""
    known = [
        one for one in prices if one.channel == channel and one.category == category and one.month <= month
    ]
    return max(known, key=lambda one: one.month).micros if known else None


def figures(counted: Sequence[Counted], asked: Sequence[Asked], prices: Sequence[Price]) -> list[Figures]:
    """Return one line for each month and channel in which something left: newest month first, then by channel."""
    keys = {(one.month, one.channel) for one in counted} | {(one.month, one.channel) for one in asked}
    questions = {(one.month, one.channel): one for one in asked}
    lines = []
    for month, channel in sorted(keys, key=lambda key: (_backwards(key[0]), key[1])):
        mine = [one for one in counted if (one.month, one.channel) == (month, channel)]
        priced = [(one, price_of(prices, channel, one.category, month)) for one in mine if one.billable]
        question = questions.get((month, channel))
        lines.append(
            Figures(
                channel=channel,
                month=month,
                sent=sum(one.sent for one in mine),
                delivered=sum(one.delivered for one in mine),
                read=sum(one.read for one in mine),
                asked=question.asked if question else 0,
                answered=question.answered if question else 0,
                median_s=question.median_s if question else None,
                billable=sum(one.billable for one in mine),
                unpriced=sum(one.billable for one, price in priced if price is None),
                cost_micros=sum(one.billable * price for one, price in priced if price is not None),
            )
        )
    return lines


def _backwards(month: str) -> tuple[int, ...]:
    return tuple(-int(part) for part in month.split("-"))


def read_price(text: str, field_name: str) -> int | None:
    """Return a typed price ("0,0636", "0.05") in millionths of a euro, None for nothing. Raises Invalid."""
    typed = text.strip().removesuffix("€").strip()
    if not typed:
        return None
    found = _PRICE.fullmatch(typed)
    if found is None:
        raise Invalid("price.wrong", field=field_name)
    micros = int(found[1]) * MICROS + int((found[2] or "").ljust(6, "0"))
    if micros > PRICE_MAX_MICROS:
        raise Invalid("price.wrong", field=field_name)
    return micros


def read_month(text: str, field_name: str, *, default: str) -> str:
    """Return a month as a month field sends it. Raises Invalid."""
    typed = text.strip() or default
    if not _MONTH.fullmatch(typed):
        raise Invalid("price.month", field=field_name)
    return typed
