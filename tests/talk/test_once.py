"""Each message reaches the customer at most once, whatever goes wrong, unless a human presses again."""

import asyncio
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.actions import fates, inbox
from server.actions import messages as sending
from server.channels.whatsapp.channel import Whatsapp
from server.db import messages as messages_db
from server.db import tasks as table
from server.db.tables import MessageRow
from server.db.unit import atomic
from server.domain.channels import Step
from server.domain.events import Status, StatusUpdate
from server.domain.messages import Message, MessageState
from server.domain.outcomes import Outcome, Permanent
from server.domain.questions import QuestionState
from server.domain.tasks import Later, TaskState
from server.ids import new_id
from server.sandbox.world import HOSTILE, Fault, Whims
from tests.full import full
from tests.talks import Firm

TAKEN = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}
REFUSED = {Fault.UNREACHABLE, Fault.REFUSED}


async def once(firm: Firm) -> None:
    assert max(Counter(firm.on_phone()).values(), default=0) <= 1


@pytest.mark.parametrize("fault", list(Fault))
async def test_each_accident_alone(firm: Firm, fault: Fault) -> None:
    await firm.hello()
    firm.sandbox.set_fault("messages", fault)
    question = await firm.ask(await firm.photo())
    await firm.release(question)
    await firm.work(hours=2)
    await once(firm)
    state = (await firm.now(question)).state
    if fault in REFUSED or fault in TAKEN:  # tried again, or resolved by the status that names our intent
        assert state is QuestionState.DELIVERED
    else:
        assert (state, firm.on_phone()) == (QuestionState.UNCLEAR, [])


@given(
    faults=st.lists(st.sampled_from([None, *Fault]), max_size=6),
    uploads=st.lists(
        st.sampled_from([None, Fault.REFUSED, Fault.RESET_AFTER, Fault.ERROR_BEFORE]), max_size=2
    ),
    whims=st.sampled_from([Whims(), HOSTILE]),
)
@settings(
    max_examples=full(25, else_=6),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
async def test_any_mix_of_accidents(
    firm: Firm, faults: list[Fault | None], uploads: list[Fault | None], whims: Whims
) -> None:
    firm.clock.go(hours=30)
    firm.sandbox.set_whims(Whims())
    await firm.hello()
    firm.sandbox.set_whims(whims)
    for call, wanted in (("messages", faults), ("media", uploads)):
        firm.sandbox.world.faults.pop(call, None)
        for fault in wanted:
            if fault:
                firm.sandbox.set_fault(call, fault)
    question = await firm.ask(await firm.photo(1), await firm.photo(2))
    await firm.release(question)
    await firm.work(hours=3)
    while firm.sandbox.postman.waiting:
        await firm.sandbox.advance(60)
        await firm.work(hours=1)
    await once(firm)
    assert (await firm.now(question)).state in (QuestionState.DELIVERED, QuestionState.UNCLEAR)


@pytest.mark.parametrize("moment", ["before the call", "after the call", "at the result"])
async def test_we_die_between_permission_and_result(
    firm: Firm, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender dies; whoever finds the message leased does not send it, but asks."""
    await firm.hello()
    question = await firm.ask(await firm.photo(1), await firm.photo(2))
    await firm.release(question)
    original, recorded = Whatsapp.send, sending._record
    deaths: list[str] = []

    async def dying_send(self: Whatsapp, step: Step, attempt_id: object, media: object) -> Outcome:
        if moment != "at the result" and not deaths:
            deaths.append(moment)
            if moment == "after the call":
                await original(self, step, attempt_id, media)  # type: ignore[arg-type]
            raise asyncio.CancelledError
        return await original(self, step, attempt_id, media)  # type: ignore[arg-type]

    async def dying_record(*args: object, **kwargs: object) -> float | None:
        if moment == "at the result" and not deaths:
            deaths.append(moment)
            raise asyncio.CancelledError
        return await recorded(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Whatsapp, "send", dying_send)
    monkeypatch.setattr(sending, "_record", dying_record)
    with pytest.raises(asyncio.CancelledError):
        await firm.work()
    firm.clock.go(hours=1)
    await _reap(firm)
    await firm.work(hours=1)
    assert deaths
    await once(firm)
    said = await firm.said(question)
    if moment == "before the call":
        assert (await firm.now(question)).state is QuestionState.UNCLEAR
        assert [one.state for one in said] == [MessageState.UNCLEAR, MessageState.QUEUED]
        await fates.resolve(firm.office, said[0].id, arrived=False, at=firm.clock.at)
        await firm.work()
    assert (await firm.now(question)).state is QuestionState.DELIVERED
    assert len(firm.on_phone()) == len(set(firm.on_phone())) == 2


async def _reap(firm: Firm) -> None:
    from server.db import tasks

    await tasks.reap(at=firm.clock.at)


async def test_a_human_says_it_is_there_and_the_rest_follows(firm: Firm) -> None:
    await firm.hello()
    firm.sandbox.set_fault("messages", Fault.SLOW_BEFORE)
    question = await firm.ask(await firm.photo(1), await firm.photo(2))
    await firm.release(question)
    await firm.work(hours=1)
    doubtful = (await messages_db.in_doubt(firm.company_id))[0]
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/questions/{question.id}")).text
        assert "Ist das angekommen?" in page and "Ist angekommen" in page
        assert "Ist das angekommen?" in (await office.get("/messages")).text
        await office.post(f"/questions/{question.id}/fate", data={"arrived": "1"})
        await firm.work()
        twice = await office.post(f"/questions/{question.id}/fate", data={"arrived": "0"})
        assert twice.status_code == 409
    assert str(doubtful.id) not in firm.on_phone()
    assert len(firm.on_phone()) == 1
    assert (await firm.now(question)).state is QuestionState.SENT


async def test_two_workers_at_once_send_it_once(firm: Firm) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    from server.actions import outgoing

    rev = (await firm.now(question)).rev
    payload = {"question": str(question.id), "rev": rev}
    await asyncio.gather(*[outgoing.prepare(firm.services, firm.company_id, payload) for _ in range(3)])
    [message] = await firm.said(question)
    task = {"message": str(message.id)}
    await asyncio.gather(
        *[sending.deliver(firm.services, firm.company_id, task) for _ in range(4)], return_exceptions=True
    )
    await firm.work(hours=1)
    assert len(firm.on_phone()) == 1
    assert await MessageRow.filter(company_id=firm.company_id, direction="out").count() == 1


async def test_a_photo_taken_back_before_the_call_stays_here(firm: Firm) -> None:
    from server.actions import reviews
    from server.domain.reviews import Verdict

    await firm.hello()
    photo = await firm.photo()
    question = await firm.ask(photo)
    await firm.release(question)
    released = await firm.photo_now(photo.id)
    await reviews.decide(firm.office, released, verdict=Verdict.REJECTED, note="Gesicht", at=firm.clock.at)
    await firm.work()
    blocked = await firm.now(question)
    assert (blocked.state, blocked.blocked_code) == (QuestionState.BLOCKED, "question.photo_unreleased")
    assert firm.on_phone() == []


async def test_an_early_status_costs_the_next_message_nothing(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's status comes while the second is on its way: the third still gets its turn."""
    await firm.hello()
    question = await firm.ask(*[await firm.photo(seed) for seed in (1, 2, 3)])
    await firm.release(question)
    original = Whatsapp.send
    calls: list[str] = []

    async def slow_send(self: Whatsapp, step: Step, attempt_id: object, media: object) -> Outcome:
        calls.append(str(step.intent_id))
        if len(calls) == 2:
            first = (await firm.said(question))[0]
            await _tell_status(firm, first)
            await _work_elsewhere(firm)
        return await original(self, step, attempt_id, media)  # type: ignore[arg-type]

    monkeypatch.setattr(Whatsapp, "send", slow_send)
    await firm.work(hours=2)
    assert [one.state for one in await firm.said(question)] == [MessageState.DELIVERED] * 3
    await once(firm)


async def test_one_that_waited_for_a_failed_one_follows_when_that_arrived_after_all(firm: Firm) -> None:
    """A failure between the first one's yes and the second one's turn, then a later status that knows better."""
    await firm.hello()
    question = await firm.ask(await firm.photo(1), await firm.photo(2))
    await firm.release(question)
    await _run(firm, "question.prepare")
    first = (await firm.said(question))[0]
    await _run(firm, "message.send")
    await _fail(first)
    await _run(firm, "message.send")
    assert [one.state for one in await firm.said(question)] == [MessageState.FAILED, MessageState.QUEUED]
    await firm.work(hours=1)
    assert [one.state for one in await firm.said(question)] == [MessageState.DELIVERED] * 2
    await once(firm)


async def test_a_call_under_way_is_not_in_doubt(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose lease ran out still waits for the platform; the one that took over lets it."""
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    original = Whatsapp.send
    seen: list[MessageState] = []

    async def slow_send(self: Whatsapp, step: Step, attempt_id: object, media: object) -> Outcome:
        firm.clock.go(seconds=70)
        with pytest.raises(Later):
            await sending.deliver(firm.services, firm.company_id, {"message": str(step.intent_id)})
        seen.extend(one.state for one in await firm.said(question))
        return await original(self, step, attempt_id, media)  # type: ignore[arg-type]

    monkeypatch.setattr(Whatsapp, "send", slow_send)
    await firm.work(hours=1)
    assert seen == [MessageState.LEASED]
    assert len(firm.on_phone()) == 1


async def _tell_status(firm: Firm, message: Message) -> None:
    """Take a status as the inbox does."""
    event = StatusUpdate(
        foreign_id=message.foreign_id or "",
        status=Status.DELIVERED,
        at=firm.clock.at,
        opaque=str(message.id),
    )
    await _place(firm, event)


@atomic
async def _place(firm: Firm, event: StatusUpdate) -> None:
    assert await inbox._place(firm.account, event, raw_id=new_id(), at=firm.clock.at)


async def _work_elsewhere(firm: Firm) -> None:
    """Another worker takes what is due, for as long as the first one still waits for its answer."""
    for task in await table.claim("other", at=firm.clock.at, lease_s=600, limit=50):
        await firm.run(task)


async def _run(firm: Firm, kind: str) -> None:
    for task in await table.claim("test", at=firm.clock.at, lease_s=600, limit=50):
        if task.kind == kind:
            await firm.run(task)
        else:
            await table.settle(task, TaskState.READY, at=firm.clock.at)


@atomic
async def _fail(message: Message) -> None:
    await fates.settle_failure(message, Permanent("message.failed", "131026"), at=message.at)
