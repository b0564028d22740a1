"""What customers write: whose it is, which question it answers, and that STOP means stop."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID, uuid5

from server.actions import conversations, renames
from server.actions import questions as question_actions
from server.actions.consents import withdraw
from server.actions.customers import contact_known
from server.actions.identities import learn, pin, reached, recycled, whose
from server.db import conversations as conversations_db
from server.db import inbox, jobs, logbook, messages, questions, tasks
from server.db.unit import signal
from server.domain.accounts import Account
from server.domain.choices import Choice, picked, thumbs
from server.domain.consents import Proof, is_stop
from server.domain.events import Change, InboundMessage, MessageKind, edit_key
from server.domain.evidence import Evidence
from server.domain.identities import Identity
from server.domain.logbook import Entry
from server.domain.mail import job_of_token
from server.domain.messages import AUTOMATIC, Direction, Message, MessageState, OpenQuestion, match_question
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor, system

# An app lets a message be changed ten times (Signal), none more than this.
VERSIONS = 20
# Of a question in line any of these may be on the customer's screen; before, he cannot mean it.
MAY_BE_THERE = frozenset(MessageState) - {
    MessageState.QUEUED,
    MessageState.PREPARED,
    MessageState.STOPPED,
    MessageState.DISCARDED,
    MessageState.FAILED,
    MessageState.RECEIVED,
}
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
    """Put a customer's message where it belongs; what nobody can place waits in the office inbox.

    So does what comes from a customer's number under an id that is not his: it may be another person's number now.
    """
    company_id, actor = account.company_id, system(account.company_id)
    contact_id = await whose(account, event.sender)
    doubt = await recycled(account, event.sender)
    if doubt is not None and contact_id == doubt.contact_id:
        contact_id = None
    if contact_id is not None and event.verified and not event.automatic:
        await learn(account, contact_id, event.sender, at=at)
        await pin(account, event.sender, at=at)
    question = await _question(account, event, contact_id, at=at)
    quoted = await _quoted(account, event)
    message = _message(account, event, contact_id, question, quoted, at=at)
    if message.job_id is None and (job_id := await _addressed(account, event)):
        message = replace(message, job_id=job_id)
    kept = await conversations.keep(message, sender=event.sender)
    if kept is None:
        return
    message = kept
    if doubt is not None:
        await renames.propose_recycled(account, event.key, doubt, event.sender, at=at)
    stopped = is_stop(event.text)
    if stopped:
        # Before the logbook: whoever holds a person may wait for the logbook, never the other way round.
        said = f"{event.text} ({event.foreign_id})"
        await stop(actor, account, event.sender, contact_id, said=said, at=at)
    await _log(account, message, "message.received", at=at, kind=event.kind)
    await _ask_for_more(account, event, kept, raw_id=raw_id, at=at)
    if question and not stopped:
        await _answer(actor, account, question, event, at=at)
    signal("messages", company_id, message=str(message.id), job=str(message.job_id or ""))


async def _ask_for_more(
    account: Account, event: InboundMessage, kept: Message, *, raw_id: UUID, at: datetime
) -> None:
    """Write down what must follow outside of this unit: its file fetched, a tap told that it was heard.

    From spam nothing is fetched (`actions/channels.py:fetch_media`).
    """
    if conversations.waits(kept) and not await conversations_db.is_spam(
        kept.company_id, kept.conversation_id
    ):
        said: dict[str, object] = {"message": str(kept.id)}
        await tasks.insert_task(account.company_id, "reply.by_itself", said, at=at)
    if event.kind is MessageKind.BUTTON:
        heard: dict[str, object] = {"account": str(account.id), "foreign": event.foreign_id}
        await tasks.insert_task(account.company_id, "message.mark_read", heard, at=at)
    if event.media is None:
        return
    wanted: dict[str, object] = {"message": str(kept.id), "ref": asdict(event.media), "raw": str(raw_id)}
    await tasks.insert_task(account.company_id, "media.fetch", wanted, at=at)


async def _addressed(account: Account, event: InboundMessage) -> UUID | None:
    """Return the job whose own address a mail was sent to, or the one it was merged into."""
    job_id = job_of_token(event.token)
    job = await jobs.current(account.company_id, job_id) if job_id else None
    return job.id if job else None


async def _quoted(account: Account, event: InboundMessage) -> Message | None:
    """Return what the message answers, whoever of the two said it (§12.14)."""
    if not event.context_id:
        return None
    return await messages.by_foreign_id(account.company_id, account.id, event.context_id)


def _message(
    account: Account,
    event: InboundMessage,
    contact_id: UUID | None,
    question: Question | None,
    quoted: Message | None,
    *,
    at: datetime,
) -> Message:
    job_id = quoted.job_id if quoted and quoted.contact_id == contact_id else None
    return Message(
        id=uuid5(account.id, event.foreign_id),
        company_id=account.company_id,
        contact_id=contact_id,
        job_id=question.job_id if question else job_id,
        question_id=question.id if question else None,
        account_id=account.id,
        photo_id=None,
        channel=account.kind,
        direction=Direction.IN,
        kind=AUTOMATIC if event.automatic else event.kind,
        text=event.text,
        recipient=event.sender[0],
        profile_name=event.profile_name,
        state=MessageState.RECEIVED,
        foreign_id=event.foreign_id,
        context_id=event.context_id,
        verified=event.verified and not event.automatic,
        at=min(event.sent_at, at),
        created_at=at,
        changed_at=at,
    )


async def _answer(
    actor: Actor, account: Account, question: Question, event: InboundMessage, *, at: datetime
) -> None:
    choice = _choice(question, event)
    if event.kind is MessageKind.REACTION and choice is None:
        return
    await question_actions.answer(
        actor,
        question.id,
        choice_id=choice.id if choice else "",
        text=event.text,
        channel=account.kind,
        at=at,
    )


def _choice(question: Question, event: InboundMessage) -> Choice | None:
    """Return which choice was meant: tapped, typed, or a thumb put to a question that can be answered by one."""
    if event.kind is MessageKind.REACTION:
        yes_no = thumbs(question.choices)
        wanted = next((place for place, sign in enumerate("👍👎") if event.text.startswith(sign)), None)
        return yes_no[wanted] if yes_no and wanted is not None and event.context_id else None
    tapped = event.button_id.partition(":")[2]
    return next((one for one in question.choices if one.id == tapped), None) or picked(
        event.text, question.choices
    )


async def stop(
    actor: Actor,
    account: Account,
    sender: Sequence[Identity],
    contact_id: UUID | None,
    *,
    said: str,
    at: datetime,
) -> None:
    """Withdraw for everybody reached under the sender's number: with two of them nobody knows who said it."""
    people = set(await reached(account.company_id, sender)) | ({contact_id} if contact_id else set())
    for person in sorted(people):
        contact = await contact_known(account.company_id, person)
        await withdraw(actor, contact, account.kind, Evidence(Proof.INBOUND_MESSAGE, said), at=at)


async def change(account: Account, event: Change, *, at: datetime) -> bool:
    """Let a customer change his message or take it back; what it said before stays in the logbook.

    False while we do not know the message. Somebody else's message is never changed. Joins the unit it is part of.
    """
    message = await _changed(account, event.foreign_id)
    if message is None:
        return False
    if message.direction is not Direction.IN or not await _his(account, event, message):
        return True
    when = min(event.at, at)
    news = {"revoked_at": when, "text": ""} if event.text is None else {"edited_at": when, "text": event.text}
    await messages.set_place(account.company_id, message.id, **news)
    if event.text is not None and is_stop(event.text):
        said = f"{event.text} ({event.foreign_id})"
        await stop(system(account.company_id), account, event.sender, message.contact_id, said=said, at=at)
    verb = "message.revoked" if event.text is None else "message.edited"
    await _log(account, message, verb, at=at, before=message.text, after=event.text)
    await _answer_anew(account, message, event, at=at)
    signal("messages", account.company_id, message=str(message.id), job=str(message.job_id or ""))
    return True


async def _changed(account: Account, name: str) -> Message | None:
    """Return the message by its own name, or by that of one of its later versions: Signal's apps name the newest."""
    for _ in range(VERSIONS):
        found = await messages.by_foreign_id(account.company_id, account.id, name)
        if found is not None or not name:
            return found
        name = await inbox.changed_by(account.company_id, account.id, edit_key(name))
    return None


async def _his(account: Account, event: Change, message: Message) -> bool:
    if message.recipient in event.sender:
        return True
    return message.contact_id is not None and await whose(account, event.sender) == message.contact_id


async def _answer_anew(account: Account, message: Message, event: Change, *, at: datetime) -> None:
    """Let a changed answer be the answer, if it still was the one that counted."""
    if message.question_id is None or not event.text or is_stop(event.text):
        return
    actor = system(account.company_id)
    question = await question_actions.known(actor, message.question_id)
    if question.state is QuestionState.ANSWERED and question.answer_text == message.text:
        choice = picked(event.text, question.choices)
        await question_actions.answer(
            actor,
            question.id,
            choice_id=choice.id if choice else "",
            text=event.text,
            channel=account.kind,
            at=at,
        )


async def _log(account: Account, message: Message, verb: str, *, at: datetime, **data: object) -> None:
    entry = Entry.by(
        system(account.company_id),
        verb,
        "message",
        message.id,
        at=at,
        job_id=message.job_id,
        channel=account.kind,
        **data,
    )
    await logbook.insert_entry(account.company_id, entry)


async def _question(
    account: Account, event: InboundMessage, contact_id: UUID | None, *, at: datetime
) -> Question | None:
    if contact_id is None or event.automatic or not event.verified:
        return None
    asked = await questions.of_contact(account.company_id, contact_id, states=ANSWERABLE)
    said = await messages.of_questions(account.company_id, [question.id for question in asked])
    waiting = [
        _open(question, said[question.id])
        for question in asked
        # One that is answered, or of which nothing has left, hears only what names it: a tapped button or a quote.
        if event.button_id or event.context_id or _waits(question, said[question.id])
    ]
    if event.kind is MessageKind.REACTION and not event.context_id:
        return None
    found = match_question(waiting, context_id=event.context_id, button_id=event.button_id, at=at)
    return next((question for question in asked if question.id == found), None)


def _waits(question: Question, said: Sequence[Message]) -> bool:
    """Say whether the customer can have read this question and has not answered it."""
    if question.state is QuestionState.QUEUED:
        return any(message.state in MAY_BE_THERE for message in said)
    return question.state is not QuestionState.ANSWERED


def _open(question: Question, said: Sequence[Message]) -> OpenQuestion:
    ours = frozenset(message.foreign_id for message in said if message.foreign_id)
    return OpenQuestion(question.id, question.created_at, ours)
