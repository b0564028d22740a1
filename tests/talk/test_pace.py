"""The outbox at an account's pace: on both databases, with several workers, and nobody else waits for it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from server.actions import outbox, permissions, turns
from server.actions.channels import open_channel
from server.channels.whatsapp.channel import Whatsapp
from server.db import messages
from server.db.tables import AttemptRow, PaceRow
from server.db.unit import atomic
from server.domain.channels import Blocked, Draft, Step
from server.domain.messages import Message, MessageState
from server.domain.pace import Pace, Rate
from server.domain.tasks import Later
from tests.talk.test_gate import queue
from tests.talks import Firm

SLOW = Pace(Rate(2.0, burst=3), pair=Rate(0.5, burst=1))


@pytest.fixture
async def queued(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Twelve messages to twelve people, at a platform that takes two a second."""
    monkeypatch.setattr(Whatsapp, "pace", SLOW)
    made = [message for _, message in await queue(firm, list(range(12)), firm.account)]
    channel, until = open_channel(firm.services, firm.account), firm.clock.at + timedelta(hours=5)
    for message in made:
        assert message.recipient
        steps = channel.plan(Draft((message.id,), text="Guten Tag"), message.recipient, firm.clock.at, until)
        assert not isinstance(steps, Blocked)
        await planned(message, steps[0])
    return [message.id for message in made]


@atomic
async def planned(message: Message, step: Step) -> None:
    await messages.set_place(message.company_id, message.id, step=step.to_json())


@atomic
async def insert(message: Message) -> None:
    await messages.insert_once(message.company_id, message)


@atomic
async def send_soon(firm: Firm, message: Message) -> None:
    await turns.send_soon(message, at=firm.clock.at)


@atomic
async def settle(firm: Firm, message_id: UUID) -> None:
    leased, state = [MessageState.LEASED], MessageState.SENT
    await messages.set_state(firm.company_id, message_id, state, only_from=leased, at=firm.clock.at)


async def left_at(firm: Firm) -> list[datetime]:
    rows = await AttemptRow.filter(company_id=firm.company_id).order_by("started_at")
    return [row.started_at for row in rows]


async def test_a_queue_leaves_at_the_account_s_pace(firm: Firm, queued: list[UUID]) -> None:
    begun = firm.clock.at
    for message in await messages.by_ids(firm.company_id, queued):
        await send_soon(firm, message)
    await firm.work(hours=0.1)
    times = await left_at(firm)
    assert len(times) == len(queued)
    assert times[2] == begun
    for place, at in enumerate(times):
        window = [one for one in times[place:] if one - at < timedelta(seconds=1)]
        assert len(window) <= 2 + 3
    ideal_s = (len(queued) - SLOW.whole.burst) / SLOW.whole.per_s
    assert (times[-1] - begun).total_seconds() <= ideal_s / 0.9
    assert {one.state for one in await messages.by_ids(firm.company_id, queued)} != {MessageState.QUEUED}


async def test_workers_share_one_pace(firm: Firm, queued: list[UUID]) -> None:
    """Twelve at once: three go, nine are told to come again, and nothing is left of their try."""
    races = [permissions.permit(firm.company_id, one, at=firm.clock.at) for one in queued]
    ended = await asyncio.gather(*races, return_exceptions=True)
    assert sum(isinstance(end, permissions.Leave) for end in ended) == 3
    assert sum(isinstance(end, Later) for end in ended) == 9
    states = [one.state for one in await messages.by_ids(firm.company_id, queued)]
    assert (states.count(MessageState.LEASED), states.count(MessageState.QUEUED)) == (3, 9)


async def test_one_person_s_pace_is_nobody_else_s(firm: Firm, queued: list[UUID]) -> None:
    [first, second, *_] = await messages.by_ids(firm.company_id, queued)
    again = replace(first, id=UUID(int=2**128 - 1))
    await insert(again)
    assert isinstance(
        await permissions.permit(firm.company_id, first.id, at=firm.clock.at), permissions.Leave
    )
    await settle(firm, first.id)
    with pytest.raises(Later) as told:
        await permissions.permit(firm.company_id, again.id, at=firm.clock.at)
    assert told.value.after_s == pytest.approx(2.0, abs=0.01)
    assert isinstance(
        await permissions.permit(firm.company_id, second.id, at=firm.clock.at), permissions.Leave
    )
    at = firm.clock.at + timedelta(seconds=2.01)
    assert isinstance(await permissions.permit(firm.company_id, again.id, at=at), permissions.Leave)


async def test_old_paces_are_forgotten(firm: Firm, queued: list[UUID]) -> None:
    await permissions.permit(firm.company_id, queued[0], at=firm.clock.at)
    assert await PaceRow.all().count() == 2
    firm.clock.go(hours=25)
    await outbox.prune(firm.services)
    assert await PaceRow.all().count() == 0
