"""Whose turn it is: to one person in one channel messages leave in their order, one at a time, in a lane.

What is behind another one ends its task and is called by whoever is before it; the chore `outbox.watch` is the net
below.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.db import lanes, tasks
from server.domain.lanes import Waiting, place_of
from server.domain.messages import GONE_OUT, Message, MessageState


class Turn(StrEnum):
    """`behind`: whoever is before it calls it. `busy`: another call to this person is under way."""

    NOW = "now"
    BEHIND = "behind"
    BUSY = "busy"


async def turn(message: Message, *, at: datetime) -> Turn:
    """Say whether a message may leave: its run has gone out so far, and nothing before it in its lane waits."""
    lane = await _lane(message)
    return Turn.BEHIND if lane is None else await turn_in(message.company_id, place_of(message), lane, at=at)


async def turn_in(company_id: UUID, own: Waiting, lane: Sequence[Waiting], *, at: datetime) -> Turn:
    """Say the same of one whose lane is read already."""
    if not await _run_is_out(company_id, own):
        return Turn.BEHIND
    others = [one for one in lane if one.id != own.id]
    for one in others:
        first = one.state is MessageState.QUEUED and one.order < own.order and one.due(at)
        if first and await _run_is_out(company_id, one):
            return Turn.BEHIND
    return Turn.BUSY if any(one.state is MessageState.LEASED for one in others) else Turn.NOW


async def send_next(message: Message, *, at: datetime) -> None:
    """Let the first one in this message's lane go whose turn has come; asked twice it still goes once."""
    for one in await _lane(message) or ():
        if one.id == message.id or one.state is not MessageState.QUEUED or not one.due(at):
            continue
        if await _run_is_out(message.company_id, one):
            await _call(message.company_id, one, at=at)
            return


async def _lane(message: Message) -> list[Waiting] | None:
    """Return what waits or leaves in this message's lane, in its order; None for one without a person.

    Of a stranger that is what the firm answers by itself in his conversation.
    """
    if message.contact_id is not None:
        return await lanes.waiting(message.company_id, message.contact_id, message.channel)
    if message.to_stranger and message.conversation_id:
        states = [MessageState.QUEUED, MessageState.LEASED]
        thread = await lanes.of_thread(message.company_id, message.conversation_id, states=states)
        return [place_of(one) for one in thread]
    return None


async def _run_is_out(company_id: UUID, one: Waiting) -> bool:
    """Say whether everything before this message in its run has gone out; else the run waits for a human."""
    if one.run_id is None or one.place == 0:
        return True
    mates = await lanes.of_run(company_id, one.run_id)
    return all(mate.state in GONE_OUT for mate in mates if mate.place < one.place)


async def send_soon(message: Message, *, at: datetime, dedup: str | None = None) -> None:
    """Write down the call of a message that is planned, or the planning of one that is not."""
    await _call(message.company_id, place_of(message), at=at, dedup=dedup)


async def _call(company_id: UUID, one: Waiting, *, at: datetime, dedup: str | None = None) -> None:
    # Usually without a dedup key: a task that ended because it was not its message's turn must not bar the next one.
    kind = "message.send" if one.planned else "speech.prepare"
    await tasks.insert_task(company_id, kind, {"message": str(one.id)}, at=at, dedup=dedup)
