"""What customers write: whose it is, which question it answers, and that STOP means stop."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID, uuid5

from server.actions import questions as question_actions
from server.actions.consents import contact_known, withdraw
from server.db import channels, customers, logbook, messages, questions, tasks
from server.db.unit import signal
from server.domain.accounts import Account
from server.domain.channels import Identity, IdentityKind, picked
from server.domain.consents import Proof, is_stop
from server.domain.events import InboundMessage, OptOut
from server.domain.logbook import Entry
from server.domain.messages import (
    Direction,
    Message,
    MessageState,
    OpenQuestion,
    match_question,
)
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor, system

# A question that was put to the customer and may be answered, also again.
ANSWERABLE = (
    QuestionState.QUEUED,
    QuestionState.SENT,
    QuestionState.DELIVERED,
    QuestionState.READ,
    QuestionState.HANDED_OFF,
    QuestionState.UNCLEAR,
    QuestionState.ANSWERED,
)


async def hear(account: Account, event: InboundMessage, *, raw_id: UUID, at: datetime) -> None:
    """Put a customer's message where it belongs; what nobody can place waits in the office inbox."""
    company_id, actor = account.company_id, system(account.company_id)
    contact_id = await _sender(account, event, at=at)
    question = await _question(account, event, contact_id, at=at)
    message = _message(account, event, contact_id, question, at=at)
    if not await messages.insert_once(company_id, message):
        return
    stopped = is_stop(event.text)
    if (
        stopped
    ):  # before the logbook: whoever holds a person may wait for the logbook, never the other way round
        said = f"{event.text} ({event.foreign_id})"
        await _stop(actor, account, event.sender, contact_id, said=said, at=at)
    entry = Entry.by(
        actor,
        "message.received",
        "message",
        message.id,
        at=at,
        job_id=message.job_id,
        channel=account.kind,
        kind=event.kind,
    )
    await logbook.insert_entry(company_id, entry)
    if event.media:
        wanted: dict[str, object] = {
            "message": str(message.id),
            "ref": asdict(event.media),
            "raw": str(raw_id),
        }
        await tasks.insert_task(company_id, "media.fetch", wanted, at=at)
    if question and not stopped:
        await _answer(actor, account, question, event, at=at)
    signal("messages", company_id, message=str(message.id), job=str(message.job_id or ""))


def _message(
    account: Account,
    event: InboundMessage,
    contact_id: UUID | None,
    question: Question | None,
    *,
    at: datetime,
) -> Message:
    return Message(
        id=uuid5(account.id, event.foreign_id),
        company_id=account.company_id,
        contact_id=contact_id,
        job_id=question.job_id if question else None,
        question_id=question.id if question else None,
        account_id=account.id,
        photo_id=None,
        channel=account.kind,
        direction=Direction.IN,
        kind=event.kind,
        text=event.text,
        recipient=event.sender[0],
        profile_name=event.profile_name,
        state=MessageState.RECEIVED,
        foreign_id=event.foreign_id,
        context_id=event.context_id,
        at=min(event.sent_at, at),
        created_at=at,
        changed_at=at,
    )


async def _answer(
    actor: Actor, account: Account, question: Question, event: InboundMessage, *, at: datetime
) -> None:
    tapped = event.button_id.partition(":")[2]
    choice = next((one for one in question.choices if one.id == tapped), None) or picked(
        event.text, question.choices
    )
    await question_actions.answer(
        actor,
        question.id,
        choice_id=choice.id if choice else "",
        text=event.text,
        channel=account.kind,
        at=at,
    )


async def _stop(
    actor: Actor,
    account: Account,
    sender: Sequence[Identity],
    contact_id: UUID | None,
    *,
    said: str,
    at: datetime,
) -> None:
    """Withdraw for everybody reached under the sender's number: with two of them nobody knows who said it."""
    phones = [one.value for one in sender if one.kind is IdentityKind.PHONE]
    reached = await customers.contacts_by_phone(account.company_id, phones) if phones else []
    for person in sorted({person.id for person in reached} | ({contact_id} if contact_id else set())):
        contact = await contact_known(account.company_id, person)
        proof = Proof.INBOUND_MESSAGE
        await withdraw(actor, contact, channel=account.kind, proof=proof, said=said, at=at)


async def opt_out(account: Account, event: OptOut, *, at: datetime) -> None:
    """Withdraw for a customer who switched us off in the messenger itself; joins the unit it is part of."""
    if not event.stopped:
        return
    known = await channels.contact_of(account.company_id, account.kind, event.sender)
    said = event.said or "in den Einstellungen des Messengers abbestellt"
    await _stop(system(account.company_id), account, event.sender, known, said=said, at=at)


async def _sender(account: Account, event: InboundMessage, *, at: datetime) -> UUID | None:
    """Return whose message it is: by the platform's name for him, else by one number in our book.

    Two people with the same number are a question for a human, as is an unknown number.
    """
    known = await channels.contact_of(account.company_id, account.kind, event.sender)
    if known is None:
        phones = [one.value for one in event.sender if one.kind is IdentityKind.PHONE]
        people = await customers.contacts_by_phone(account.company_id, phones) if phones else []
        known = people[0].id if len(people) == 1 else None
    if known is not None:
        for identity in event.sender:
            await channels.add_identity(account.company_id, known, account.kind, identity, at=at)
    return known


async def _question(
    account: Account, event: InboundMessage, contact_id: UUID | None, *, at: datetime
) -> Question | None:
    if contact_id is None:
        return None
    asked = await questions.of_contact(account.company_id, contact_id, states=ANSWERABLE)
    said = await messages.of_questions(account.company_id, [question.id for question in asked])
    waiting = [
        _open(question, said[question.id])
        for question in asked
        # One that is answered hears only what names it: a tapped button or a quote.
        if question.state is not QuestionState.ANSWERED or event.button_id or event.context_id
    ]
    found = match_question(waiting, context_id=event.context_id, button_id=event.button_id, at=at)
    return next((question for question in asked if question.id == found), None)


def _open(question: Question, said: Sequence[Message]) -> OpenQuestion:
    ours = frozenset(message.foreign_id for message in said if message.foreign_id)
    return OpenQuestion(question.id, question.created_at, ours)
