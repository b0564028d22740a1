"""The statistics' statements: right on both databases, three whatever the size, and blind for people."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from server.actions import prices
from server.db import statistics
from server.db.connect import Database
from server.db.tables import ChatImportRow, MessageRow, QuestionRow
from server.db.unit import atomic
from server.domain.companies import HOME
from server.domain.errors import Invalid
from server.domain.statistics import Asked, Counted, Figures, Price, figures, months, read_price
from server.domain.users import Actor, Role
from server.ids import new_id
from tests import factories

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SPAN = months(AT, HOME)


@atomic
async def said(company_id: UUID, *, number: int = 1, **fields: Any) -> None:
    row = {
        "channel": "whatsapp", "direction": "out", "kind": "text", "state": "delivered", "at": AT,
        "created_at": AT, "changed_at": AT, "category": "service", "billable": True,
    }  # fmt: skip
    rows = [MessageRow(id=new_id(), company_id=company_id, **(row | fields)) for _ in range(number)]
    await MessageRow.bulk_create(rows)


@atomic
async def asked(actor: Actor, *, after_min: float | None, number: int = 1, **fields: Any) -> None:
    answered_at = None if after_min is None else AT + timedelta(minutes=after_min)
    row = {
        "author_id": actor.id, "text": "Fuge?", "channel": "whatsapp", "sent_at": AT, "answered_at": answered_at,
        "state": "sent" if after_min is None else "answered", "captured_at": AT, "created_at": AT, "changed_at": AT,
    }  # fmt: skip
    rows = [QuestionRow(id=new_id(), company_id=actor.company_id, **(row | fields)) for _ in range(number)]
    await QuestionRow.bulk_create(rows)


@atomic
async def imported(actor: Actor) -> UUID:
    row: dict[str, Any] = {
        "company_id": actor.company_id,
        "author_id": actor.id,
        "name": "WhatsApp-Chat.txt",
        "sha256": "0" * 64,
    }
    await ChatImportRow.create(id=(ident := new_id()), state="done", created_at=AT, **row)
    return ident


def test_months_are_the_firms_months() -> None:
    assert [month.name for month in months(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), HOME, 3)] == [
        "2025-12", "2026-01", "2026-02",
    ]  # fmt: skip
    assert (SPAN[0].name, SPAN[-1].name, len(SPAN)) == ("2025-12", "2026-11", 12)
    assert SPAN[-1].start == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    assert SPAN[3].end == datetime(2026, 3, 31, 22, 0, tzinfo=UTC), "summer time"
    assert all(a.end == b.start for a, b in pairwise(SPAN))


async def test_messages_are_counted_as_they_left(database: Database) -> None:
    firm, other = await factories.actor(await factories.company()), await factories.company("Fremd")
    ours = firm.company_id
    await said(ours, number=3)
    await said(ours, state="read", category="utility")
    await said(ours, state="sent", delivered_at=AT, billable=False)
    await said(ours, state="accepted", billable=None, category="")
    await said(ours, channel="threema", state="accepted", billable=None, category="")
    await said(ours, channel="whatsapp_handoff", state="confirmed_by_worker", billable=None, category="")
    for state in ("queued", "leased", "failed", "unclear", "stopped", "prepared", "opened", "discarded"):
        await said(ours, state=state)
    await said(ours, direction="in", state="received")
    await said(other.id)
    await said(ours, number=5, chat_import_id=await imported(firm), verified=False)
    await said(ours, at=AT - timedelta(days=400))
    # The last second of October in Berlin, and the first of November; what was sent later counts when it was sent.
    await said(ours, at=datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC))
    await said(ours, at=datetime(2026, 9, 1, tzinfo=UTC), sent_at=datetime(2026, 10, 31, 22, 0, tzinfo=UTC))
    found = await statistics.messages(ours, SPAN)
    assert sorted(found, key=repr) == sorted(
        [
            Counted("whatsapp", "2026-11", "service", 4, 4, 0, 3),
            Counted("whatsapp", "2026-11", "utility", 1, 1, 1, 1),
            Counted("whatsapp", "2026-11", "", 1, 0, 0, 0),
            Counted("threema", "2026-11", "", 1, 0, 0, 1),
            Counted("whatsapp_handoff", "2026-11", "", 1, 0, 0, 0),
            Counted("whatsapp", "2026-10", "service", 2, 2, 0, 2),
        ],
        key=repr,
    )


@pytest.mark.parametrize(
    ("minutes", "median"),
    [([], None), ([10], 600), ([10, 30], 1200), ([30, 10, 90], 1800), ([1, 2, 3, 1000], 150), ([7] * 5, 420)],
)
async def test_the_median_is_the_middle(
    database: Database, minutes: list[float], median: float | None
) -> None:
    firm = await factories.actor(await factories.company())
    for after in minutes:
        await asked(firm, after_min=after)
    await asked(firm, after_min=None, number=2)
    await asked(firm, after_min=-5)
    await asked(firm, after_min=5, channel="")
    [line] = await statistics.questions(firm.company_id, SPAN)
    assert line == Asked("whatsapp", "2026-11", len(minutes) + 3, len(minutes), median)


async def test_the_number_of_statements_does_not_grow(
    database: Database, statements: Callable[[], list[str]]
) -> None:
    firm = await factories.actor(await factories.company())

    async def count() -> int:
        before = len(statements())
        await statistics.messages(firm.company_id, SPAN)
        await statistics.questions(firm.company_id, SPAN)
        await statistics.prices(firm.company_id)
        return len(set(statements()[before:]))

    none = await count()
    await said(firm.company_id, number=200)
    await asked(firm, after_min=3, number=50)
    assert await count() == none == 3


async def test_no_statement_knows_a_person(database: Database, statements: Callable[[], list[str]]) -> None:
    """Rule 6: nothing is grouped, filtered or read by who worked; every word that could is looked for."""
    firm = await factories.actor(await factories.company())
    begin = len(statements())
    await statistics.messages(firm.company_id, SPAN)
    await statistics.questions(firm.company_id, SPAN)
    await statistics.prices(firm.company_id)
    sent = " ".join(statements()[begin:]).lower()
    source = inspect.getsource(statistics).lower()
    for word in ("author", "user_account", "released_by", "reviewed_by", "user_id", "recorded_by", "device"):
        assert word not in sent and word not in source, word
    shown = {name for kind in (Figures, Counted, Asked, Price) for name in kind.__dataclass_fields__}
    assert shown.isdisjoint({"user", "user_id", "author", "author_id", "name", "worker"})


async def test_prices_count_from_their_month(database: Database) -> None:
    admin = await factories.actor(await factories.company(), Role.ADMIN)
    wanted = [
        Price("whatsapp", "service", "2026-01", 50_000),
        Price("whatsapp", "service", "2026-11", 63_600),
    ]
    for _ in range(2):
        await prices.set_prices(admin, wanted, at=AT)
    await prices.set_prices(admin, [Price("whatsapp", "service", "2026-11", 70_000)], at=AT)
    known = await statistics.prices(admin.company_id)
    assert [(one.month, one.micros) for one in known] == [("2026-01", 50_000), ("2026-11", 70_000)]
    counted = [
        Counted("whatsapp", "2026-11", "service", 3, 3, 0, 3), Counted("whatsapp", "2026-10", "service", 2, 2, 0, 2),
        Counted("whatsapp", "2025-12", "service", 1, 1, 0, 1), Counted("whatsapp", "2026-11", "utility", 1, 1, 0, 1),
        Counted("telegram", "2026-11", "", 4, 0, 0, 0),
    ]  # fmt: skip
    lines = figures(counted, [], known)
    assert [(one.month, one.channel, one.cost_micros, one.unpriced) for one in lines] == [
        ("2026-11", "telegram", 0, 0), ("2026-11", "whatsapp", 210_000, 1),
        ("2026-10", "whatsapp", 100_000, 0), ("2025-12", "whatsapp", 0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "micros"),
    [("0,0636", 63_600), ("0.05", 50_000), ("1", 1_000_000), (" 0,1 € ", 100_000), ("", None), ("0", 0)],
)
def test_a_price_is_read_as_people_type_it(typed: str, micros: int | None) -> None:
    assert read_price(typed, "price") == micros


@pytest.mark.parametrize("typed", ["-1", "abc", "1,2,3", "1.000,50", "101", "0,1234567", "1e3", "٣"])
def test_what_is_no_price_is_named(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_price(typed, "price")
    assert (refused.value.code, refused.value.field) == ("price.wrong", "price")
