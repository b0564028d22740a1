"""What has not left yet is stopped: with a consent or with its question; and what waits for its release again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db import correspondence, messages, questions
from server.db.unit import signal
from server.domain.messages import Message, MessageState
from server.domain.questions import UNSENT, Question, QuestionState


async def stop_queued(
    company_id: UUID, contact_id: UUID, channel: str, *, at: datetime, code: str = "consent.withdrawn"
) -> None:
    """Stop what still waits to leave for a person by this messenger, by itself or by hand; `code` says why.

    Joins the unit it is part of.
    """
    waiting = [
        message
        for kind in (channel, f"{channel}_handoff")
        for message in await correspondence.waiting_for(company_id, contact_id, kind)
    ]
    await _stop(waiting, code, at=at)
    stopped = {message.question_id for message in waiting}
    for question in await questions.of_contact(company_id, contact_id, states=tuple(UNSENT)):
        if question.id in stopped or question.state is QuestionState.QUEUED:
            await questions.set_state(company_id, question, QuestionState.BLOCKED, at=at, blocked_code=code)
            signal("questions", company_id, question=str(question.id), job=str(question.job_id or ""))


async def let_wait_again(company_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """Let questions that only lacked the consent wait for their release again; nothing leaves by itself."""
    for question in await questions.of_contact(company_id, contact_id, states=(QuestionState.BLOCKED,)):
        if question.blocked_code.startswith(("consent.", "window.no_consent")):
            await questions.set_state(
                company_id, question, QuestionState.WAITING_RELEASE, at=at, blocked_code="", blocked_values={}
            )
            signal("questions", company_id, question=str(question.id), job=str(question.job_id or ""))


async def stop_question(question: Question, code: str, *, at: datetime) -> None:
    """Stop what of a question has not left yet; `code` says why. Joins the unit it is part of."""
    await _stop(await messages.of_question(question.company_id, question.id), code, at=at)


async def _stop(found: Sequence[Message], code: str, *, at: datetime) -> None:
    stoppable = (MessageState.QUEUED, MessageState.PREPARED)
    for one in found:
        await messages.set_state(
            one.company_id, one.id, MessageState.STOPPED, only_from=stoppable, at=at, error_code=code
        )
