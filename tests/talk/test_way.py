"""A question's way through the sandbox and back, on both databases."""

from server.actions import questions
from server.domain.messages import MessageState
from server.domain.questions import QuestionState
from tests.talks import Firm


async def test_asked_released_sent_tapped_answered(firm: Firm) -> None:
    await firm.consent()
    await firm.hello()
    question = await firm.ask(await firm.photo(1), await firm.photo(2))
    assert (await firm.now(question)).state is QuestionState.WAITING_RELEASE
    await firm.release(question)
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.DELIVERED
    assert [message.state for message in await firm.said(question)] == [MessageState.DELIVERED] * 2
    asked = next(bubble for bubble in firm.petra.bubbles if bubble.buttons)
    assert [title for _, title in asked.buttons] == ["Hellgrau", "Anthrazit"]
    firm.petra.look()
    await firm.work()
    assert (await firm.now(question)).state is QuestionState.READ
    firm.petra.tap(asked.id, asked.buttons[1][0])
    await firm.work()
    answered = await firm.now(question)
    assert (answered.state, answered.answer, answered.answer_channel) == (
        QuestionState.ANSWERED,
        "Anthrazit",
        "whatsapp",
    )
    assert len(firm.on_phone()) == len(set(firm.on_phone())) == 2


async def test_without_consent_it_is_blocked_with_a_reason(firm: Firm) -> None:
    question = await firm.ask()
    await firm.release(question)
    blocked = await firm.now(question)
    assert (blocked.state, blocked.blocked_code) == (QuestionState.BLOCKED, "consent.none")
    await firm.consent()
    assert (await firm.now(question)).state is QuestionState.WAITING_RELEASE


async def test_withdrawn_before_it_is_planned_nothing_leaves(firm: Firm) -> None:
    await firm.hello()
    question = await firm.ask()
    await firm.release(question)
    await questions.withdraw(firm.worker, await firm.now(question), at=firm.clock.at)
    await firm.work()
    assert firm.on_phone() == []
    assert (await firm.now(question)).state is QuestionState.WITHDRAWN
