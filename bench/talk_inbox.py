"""The inbox page with many messages against few; as many people wait in both, only the past grows."""

import statistics
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx

from bench.talk_firm import SMALL, firm_in, say
from server.db.tables import ContactRow, ConversationRow, MessageRow
from server.db.unit import atomic
from server.domain.messages import MessageState
from server.ids import new_id
from tests.talks import Firm

FEW, MANY = (1000, 20_000) if SMALL else (1000, 100_000)
WAITING, PER_THREAD, VIEWS = 40, 20, 40


async def say_inbox(folders: Mapping[int, Path]) -> None:
    times = {}
    for size, folder in folders.items():
        async with firm_in(folder) as firm:
            await past(firm, size)
            async with firm.browser(firm.office) as office:
                times[size] = await viewed(office)
    small, large = statistics.median(times[FEW]), statistics.median(times[MANY])
    say(
        name=f"inbox page: time with {FEW:,} messages over time with {MANY:,}",
        ratio=round(small / large, 2),
        goal=0.77,
        note=f"At most 1.3 times as long; {WAITING} people wait in both. Median of {VIEWS} views of /messages.",
        details=[
            (f"{FEW:,} messages", f"{1e3 * small:.1f} ms"),
            (f"{MANY:,} messages", f"{1e3 * large:.1f} ms"),
        ],
    )


async def viewed(office: httpx.AsyncClient) -> list[float]:
    times = []
    for number in range(VIEWS + 5):
        began = time.perf_counter()
        answer = await office.get("/messages")
        assert answer.status_code == 200
        if number >= 5:
            times.append(time.perf_counter() - began)
    return times


@atomic
async def past(firm: Firm, size: int) -> None:
    """Write threads of customers, the newest of whom wait for an answer; every fiftieth is a stranger."""
    for place in range(size // PER_THREAD):
        contact = None if place % 50 == 0 else await customer_of(firm, place)
        await thread(firm, place, contact)


async def customer_of(firm: Firm, place: int) -> UUID:
    contact = ContactRow(
        id=new_id(), company_id=firm.company_id, customer_id=firm.contact.customer_id, name=f"Kunde {place}",
        phone=f"+4915{place:08d}", phone_typed=f"015{place:08d}", created_at=firm.clock.at,
    )  # fmt: skip
    await ContactRow.bulk_create([contact])
    return UUID(str(contact.id))


async def thread(firm: Firm, place: int, contact: UUID | None) -> None:
    conversation, at = new_id(), firm.clock.at - timedelta(minutes=place)
    rows = [
        MessageRow(
            id=new_id(), company_id=firm.company_id, account_id=firm.account.id, channel="whatsapp",
            direction="in" if number % 2 == 0 else "out", kind="text", text=f"Nachricht {number} zum Bad",
            recipient_kind="phone", recipient=f"+4915{place:08d}", profile_name=f"Kunde {place}",
            state=MessageState.RECEIVED if number % 2 == 0 else MessageState.READ, foreign_id=f"w{place}.{number}",
            conversation_id=conversation, contact_id=contact, seen_by_office_at=None if place < WAITING else at,
            at=at - timedelta(seconds=number), created_at=at - timedelta(seconds=number), changed_at=at,
        )
        for number in range(PER_THREAD)
    ]  # fmt: skip
    await ConversationRow.create(
        id=conversation, company_id=firm.company_id, contact_id=contact, state="open",
        person_key=f"contact:{contact}" if contact else f"whatsapp:phone:+4915{place:08d}",
        waiting_since=at if place < WAITING else None, last_at=at, last_message_id=rows[0].id, created_at=at,
    )  # fmt: skip
    await MessageRow.bulk_create(rows)
