"""The answer link: a customer answers one question without an account, an app or a script."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from server.actions import conversations
from server.actions import questions as question_actions
from server.actions.consents import withdraw
from server.actions.customers import contact_known
from server.actions.outgoing import hash_of
from server.actions.received_photos import Received, keep_picture
from server.db import answer_links, companies, consents, logbook, messages, photos, questions
from server.db.unit import atomic, signal
from server.domain.accounts import LINK_LIVES, AnswerLink, consent_channel
from server.domain.choices import Choice
from server.domain.companies import Company
from server.domain.consents import ConsentVerb, Proof, Purpose, is_stop
from server.domain.errors import Invalid, NotFound
from server.domain.evidence import Evidence
from server.domain.logbook import Entry
from server.domain.messages import Direction, Message, MessageState
from server.domain.photos import Photo
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor, Right, require, system
from server.ids import named_id, new_id
from server.services import Services

ANSWER_MAX = 2000
# Whoever holds the link may write without an account: he must not fill the disk.
PHOTOS_MAX = 20
ANSWERS_MAX = 100
LINK = "link"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One photo that is safe with us: when it came, and the SHA-256 (hex) of the file as it was sent."""

    at: datetime
    sha256: str

    @property
    def short(self) -> str:
        """Return what is enough to tell two photos apart."""
        return self.sha256[:8]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person with the link may see: one question, its released photos, the firm, and what he sent."""

    link: AnswerLink
    company: Company
    question: Question
    photos: tuple[Photo, ...]
    received: tuple[Receipt, ...] = ()


class Why(StrEnum):
    """Why a link opens nothing (any more)."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Dead:
    """A link that shows no question; whose it was is told so that the firm can be called and STOP still be said."""

    why: Why
    company: Company | None = None
    link: AnswerLink | None = None
    question: Question | None = None


async def look_up(token: str, *, at: datetime) -> Asked | Dead:
    """Return what a link shows; changes nothing."""
    link = await answer_links.by_hash(hash_of(token))
    return await _opened(link, at=at) if link else Dead(Why.UNKNOWN)


async def _opened(link: AnswerLink, *, at: datetime) -> Asked | Dead:
    question = await questions.by_id(link.company_id, link.question_id)
    company = await companies.by_id(link.company_id)
    if question is None or company is None:
        return Dead(Why.UNKNOWN)
    if why := _dead(link, question, at=at):
        return Dead(why, company, link, question)
    shown = await photos.by_ids(link.company_id, question.photo_ids)
    # A photo that went to another job meanwhile may have been released there: for somebody else.
    kept = tuple(photo for photo in shown if photo.shareable and photo.job_id == question.job_id)
    return Asked(link, company, question, kept, await _received(question))


def _dead(link: AnswerLink, question: Question, *, at: datetime) -> Why | None:
    if question.state is QuestionState.WITHDRAWN:
        return Why.WITHDRAWN
    if link.revoked_at is not None or link.contact_id != question.contact_id:  # another person is asked now
        return Why.REVOKED
    return None if link.alive(at) else Why.EXPIRED


async def _received(question: Question) -> tuple[Receipt, ...]:
    said = await messages.of_question(question.company_id, question.id)
    came = {one.photo_id: one.at for one in said if one.channel == LINK and one.photo_id is not None}
    hashes = await photos.hashes_of(question.company_id, list(came))
    return tuple(Receipt(at, hashes[photo_id]) for photo_id, at in came.items() if photo_id in hashes)


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
    """Take the answer; the same one again is once.

    The link is asked as it stands now, for a page lies open for days and a photo takes minutes. Raises Invalid as
    `check` does, and after a hundred changes, NotFound("answer.over") for a link that was closed meanwhile.
    """
    if asked.question.contact_id is not None:
        await conversations.hold(asked.question.company_id, asked.question.contact_id, at=at)
    asked, text = await _still(asked, at=at), text.strip()
    question = asked.question
    choice = check(asked, choice_id=choice_id, text=text)
    title = choice.title if choice else ""
    if _same(question, choice.id if choice else "", text or title):
        return
    said = await messages.of_question(question.company_id, question.id)
    if sum(one.channel == LINK and one.photo_id is None for one in said) >= ANSWERS_MAX:
        raise Invalid("answer.often", field="text")
    await conversations.keep(_message(asked, " – ".join(filter(None, [title, text])), at=at))
    actor = system(question.company_id)
    await question_actions.answer(
        actor, question.id, choice_id=choice.id if choice else "", text=text or title, channel=LINK, at=at
    )
    await answer_links.set_answered(question.company_id, asked.link.id, at=at)


async def _still(asked: Asked, *, at: datetime) -> Asked:
    """Return what the link shows now. Raises NotFound."""
    link = await answer_links.by_id(asked.link.company_id, asked.link.id)
    found = await _opened(link, at=at) if link else None
    if not isinstance(found, Asked):
        raise NotFound("answer.over")
    return found


def _same(question: Question, choice_id: str, text: str) -> bool:
    """Say whether this answer stands already: a page loaded again, a button tapped twice."""
    return question.state is QuestionState.ANSWERED and (
        question.answer_channel,
        question.answer_choice,
        question.answer_text,
    ) == (LINK, choice_id, text)


async def bring_photo(services: Services, asked: Asked, data: bytes, *, at: datetime) -> None:
    """Keep a photo the customer added; the same file again is once, and stays away when the office threw it away.

    Raises Invalid for what is no photo, or for too many, NotFound("answer.over") for a link that was closed meanwhile.
    """
    asked = await _still(asked, at=at)
    company_id, question = asked.question.company_id, asked.question
    sha256 = hashlib.sha256(data).hexdigest()
    photo_id = named_id(asked.link.expires_at - LINK_LIVES, str(asked.link.id), sha256)
    photo = await photos.by_id(company_id, photo_id, trashed=True)
    if photo is None:
        said = await messages.of_question(company_id, question.id)
        if sum(one.channel == LINK and one.photo_id is not None for one in said) >= PHOTOS_MAX:
            raise Invalid("answer.photos", field="photo", max=PHOTOS_MAX)
        came = Received(photo_id, company_id, data, question.job_id, question.contact_id)
        photo = await keep_picture(services, came, at=at)
    await _note_photo(asked, photo, at=at)


@atomic
async def _note_photo(asked: Asked, photo: Photo, *, at: datetime) -> None:
    message = _message(asked, "", at=at, kind="image", photo_id=photo.id)
    await conversations.keep(message)
    signal(
        "messages", asked.question.company_id, message=str(message.id), job=str(asked.question.job_id or "")
    )


async def withdraw_consent(asked: Asked | Dead, *, at: datetime) -> bool:
    """The person says stop on the page; as easy as it was to agree, and as long as the link is known.

    False when nobody can tell who he is or by which messenger he was asked.
    """
    if asked.question is None or asked.link is None or asked.link.contact_id is None:
        return False
    ways = await _ways(asked.question)
    await _withdraw(asked.question, asked.link.contact_id, ways, at=at)
    return bool(ways)


async def heed_stop(asked: Asked, *, choice_id: str, text: str, at: datetime) -> bool:
    """Let a word that stops us in a messenger stop us here, too: our first message promised no less (D5).

    What was tapped with it counts as the answer. False for other words, and where nobody can tell whose they are: then
    they are an answer like any other, and the office reads it.
    """
    contact_id = asked.link.contact_id
    ways = await _ways(asked.question) if contact_id and is_stop(text) else []
    if contact_id is None or not ways:
        return False
    if choice_id:
        await answer(asked, choice_id=choice_id, text="", at=at)
    await _say_stop(asked, contact_id, ways, text.strip(), at=at)
    return True


@atomic
async def _say_stop(asked: Asked, contact_id: UUID, ways: list[str], text: str, *, at: datetime) -> None:
    await conversations.keep(_message(asked, text, at=at))
    await _withdraw(asked.question, contact_id, ways, said=f"{text} (über den Antwort-Link)", at=at)


async def _ways(question: Question) -> list[str]:
    """Return the messengers by which the question left or was to leave."""
    said = await messages.of_question(question.company_id, question.id)
    ways = {one.channel for one in said if one.direction is Direction.OUT} | {question.channel}
    return sorted({consent_channel(way) for way in ways if way})


@atomic
async def _withdraw(
    question: Question,
    contact_id: UUID,
    ways: list[str],
    *,
    said: str = "über den Antwort-Link",
    at: datetime,
) -> None:
    contact = await contact_known(question.company_id, contact_id)
    actor = system(question.company_id)
    lines = await consents.of_contact(question.company_id, contact_id)
    newest = {line.channel: line.verb for line in reversed(lines) if line.purpose is Purpose.SERVICE}
    open_ways = [way for way in ways if newest.get(way) is not ConsentVerb.WITHDRAWN]
    for way in open_ways:
        await withdraw(actor, contact, way, Evidence(Proof.LINK, said), at=at)
    if open_ways:
        entry = Entry.by(actor, "link.stopped", "question", question.id, at=at, job_id=question.job_id)
        await logbook.insert_entry(question.company_id, entry)


@atomic
async def revoke(actor: Actor, question: Question, *, at: datetime) -> None:
    """Close the links of a question; it stays as it is, and a new release makes a new link. Raises Forbidden."""
    require(actor, Right.RELEASE)
    link = await answer_links.of_question(question.company_id, question.id)
    if link is None or not link.alive(at):
        return
    await answer_links.set_revoked(question.company_id, question.id, at=at)
    await question_actions.log(actor, question, "link.revoked", at=at)
    question_actions.tell(question)


def _message(
    asked: Asked, text: str, *, at: datetime, kind: str = "text", photo_id: UUID | None = None
) -> Message:
    question = asked.question
    return Message(
        id=uuid5(photo_id, LINK) if photo_id else new_id(),
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
