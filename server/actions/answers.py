"""The answer link: a customer answers one question without an account, an app or a script."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.actions import conversations
from server.actions import questions as question_actions
from server.actions.consents import contact_known, withdraw
from server.actions.outgoing import hash_of
from server.actions.photos import add_from_customer
from server.db import channels, companies, logbook, messages, photos, questions
from server.db.unit import atomic, signal
from server.domain.accounts import AnswerLink, consent_channel
from server.domain.channels import Choice
from server.domain.companies import Company
from server.domain.consents import Proof
from server.domain.errors import Invalid, NotFound
from server.domain.logbook import Entry
from server.domain.messages import Direction, Message, MessageState
from server.domain.photos import Photo
from server.domain.questions import Question, QuestionState
from server.domain.users import system
from server.ids import new_id
from server.services import Services

ANSWER_MAX = 2000
# Whoever holds the link may write without an account: he must not fill the disk.
PHOTOS_MAX = 20
LINK = "link"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person with the link may see: one question, its released photos, the firm."""

    link: AnswerLink
    company: Company
    question: Question
    photos: tuple[Photo, ...]


async def look_up(token: str, *, at: datetime) -> Asked:
    """Return what a link shows; changes nothing. Raises NotFound for an unknown, dead or withdrawn one."""
    link = await channels.by_hash(hash_of(token))
    if link is None or not link.alive(at):
        raise NotFound("answer.gone")
    question = await questions.by_id(link.company_id, link.question_id)
    company = await companies.by_id(link.company_id)
    if question is None or company is None or question.state is QuestionState.WITHDRAWN:
        raise NotFound("answer.gone")
    shown = await photos.by_ids(link.company_id, question.photo_ids)
    return Asked(link, company, question, tuple(photo for photo in shown if photo.shareable))


def check(asked: Asked, *, choice_id: str, text: str) -> Choice | None:
    """Return the choice that was tapped. Raises Invalid for an answer that is empty, too long or none of the choices."""
    choice = next((one for one in asked.question.choices if one.id == choice_id), None)
    if choice_id and choice is None:
        raise Invalid("answer.choice", field="choice")
    if not choice and not text.strip():
        raise Invalid("answer.empty", field="text")
    if len(text) > ANSWER_MAX:
        raise Invalid("field.too_long", field="text", max=ANSWER_MAX)
    return choice


@atomic
async def answer(asked: Asked, *, choice_id: str, text: str, at: datetime) -> None:
    """Take the answer. Raises Invalid when it is empty, too long or none of the choices."""
    question, text = asked.question, text.strip()
    choice = check(asked, choice_id=choice_id, text=text)
    title = choice.title if choice else ""
    await conversations.keep(_message(asked, " – ".join(filter(None, [title, text])), at=at))
    actor = system(question.company_id)
    await question_actions.answer(
        actor, question.id, choice_id=choice.id if choice else "", text=text or title, channel=LINK, at=at
    )
    await channels.set_link_answered(question.company_id, asked.link.id, at=at)


async def bring_photo(services: Services, asked: Asked, data: bytes, *, at: datetime) -> Photo:
    """Keep a photo the customer added to his answer. Raises Invalid for what is no photo, or for too many."""
    said = await messages.of_question(asked.question.company_id, asked.question.id)
    if sum(one.channel == LINK and one.photo_id is not None for one in said) >= PHOTOS_MAX:
        raise Invalid("answer.photos", field="photo", max=PHOTOS_MAX)
    photo = await add_from_customer(
        services,
        asked.question.company_id,
        new_id(),
        job_id=asked.question.job_id,
        contact_id=asked.question.contact_id,
        data=data,
        caption="",
        at=at,
    )
    await _note_photo(asked, photo, at=at)
    return photo


@atomic
async def _note_photo(asked: Asked, photo: Photo, *, at: datetime) -> None:
    message = _message(asked, "", at=at, kind="image", photo_id=photo.id)
    await conversations.keep(message)
    signal(
        "messages", asked.question.company_id, message=str(message.id), job=str(asked.question.job_id or "")
    )


@atomic
async def withdraw_consent(asked: Asked, *, at: datetime) -> None:
    """The person says stop on the page; as easy as it was to agree."""
    contact = await contact_known(asked.question.company_id, asked.question.contact_id)
    channel = consent_channel(asked.question.channel)
    actor = system(asked.question.company_id)
    await withdraw(actor, contact, channel=channel, proof=Proof.LINK, said="über den Antwort-Link", at=at)
    entry = Entry.by(
        actor, "link.stopped", "question", asked.question.id, at=at, job_id=asked.question.job_id
    )
    await logbook.insert_entry(asked.question.company_id, entry)


def _message(
    asked: Asked, text: str, *, at: datetime, kind: str = "text", photo_id: UUID | None = None
) -> Message:
    question = asked.question
    return Message(
        id=new_id(),
        company_id=question.company_id,
        contact_id=question.contact_id,
        job_id=question.job_id,
        question_id=question.id,
        account_id=None,
        photo_id=photo_id,
        channel=LINK,
        direction=Direction.IN,
        kind=kind,
        text=text,
        state=MessageState.RECEIVED,
        at=at,
        created_at=at,
        changed_at=at,
    )
