"""Making a released question ready to leave: copies from pixels, its link, the calls that say it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from server.actions import questions as actions
from server.actions.channels import open_channel
from server.actions.gate import gate
from server.actions.photos import storage_key
from server.actions.releases import best_channel
from server.channels.handoff import clipboard_text, share_names
from server.db import channels, customers, jobs, messages, photos, questions, tasks
from server.db.unit import atomic
from server.domain.accounts import HANDOFF, LINK_LIVES, Account, AnswerLink
from server.domain.channels import (
    Blocked,
    Choice,
    Draft,
    Identity,
    IdentityKind,
    Picture,
    Step,
    steps_at_most,
    window_open,
)
from server.domain.consents import Closed
from server.domain.customers import Contact
from server.domain.media import Medium
from server.domain.messages import Direction, Message, MessageState, window_until
from server.domain.photos import Photo, Rendition
from server.domain.questions import Question, QuestionState
from server.domain.users import system
from server.imaging.outgoing import outgoing
from server.imaging.renditions import ImageError
from server.services import Services

OUTGOING = "outgoing"


async def prepare(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Turn a released question into messages that wait to leave; again is harmless.

    Raises StorageError, and ImageError when another try may help.
    """
    question = await questions.by_id(company_id, UUID(str(payload["question"])))
    if question is None or question.state is not QuestionState.QUEUED:
        return
    job = await jobs.by_id(company_id, question.job_id) if question.job_id else None
    try:
        copies = [
            await copy_of(services, photo) for photo in await photos.by_ids(company_id, question.photo_ids)
        ]
    except ImageError as error:
        if error.again:
            raise
        await _block(question, Blocked("question.photo_undecodable"), at=services.clock())
        return
    names = share_names(job.number if job else "", [copy.mime for copy in copies])
    pictures = [
        Picture(copy.storage_key, name, copy.size_bytes, copy.mime, copy.sha256)
        for copy, name in zip(copies, names, strict=True)
    ]
    await _plan(services, question, pictures, run=str(payload["rev"]), at=services.clock())


async def copy_of(services: Services, photo: Photo) -> Rendition:
    """Return the copy of a photo that may leave: rebuilt from pixels, made once."""
    known = await photos.rendition(photo.company_id, photo.id, OUTGOING)
    if known:
        return known
    assert photo.storage_key is not None, "only stored photos are released"
    assert photo.medium is Medium.IMAGE, "clips never leave: a copy is rebuilt from pixels only"
    async with services.storage.open_local(photo.storage_key) as source:
        rendered = await services.images.render(source, [outgoing()])
    picture = rendered.pictures[OUTGOING]
    sha256 = hashlib.sha256(picture.data).hexdigest()
    key = storage_key(photo, f"{OUTGOING}-{sha256[:8]}.jpg")
    stored = await services.storage.put(key, picture.data, content_type="image/jpeg")
    made = Rendition(
        name=OUTGOING,
        storage_key=key,
        mime="image/jpeg",
        width=picture.width_px,
        height=picture.height_px,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
    )
    await _keep_copy(photo, made)
    return made


@atomic
async def _keep_copy(photo: Photo, made: Rendition) -> None:
    await photos.insert_rendition(photo.company_id, photo.id, made)


def answer_token(services: Services, link_id: UUID) -> str:
    """Return the secret of an answer link: 192 bits that only this installation can derive, never stored."""
    return base64.urlsafe_b64encode(services.secrets.derive("answer", str(link_id))[:24]).decode()


def answer_url(services: Services, link_id: UUID) -> str:
    return f"{services.settings.base_url}/a/{answer_token(services, link_id)}"


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@atomic
async def _plan(
    services: Services, question: Question, pictures: Sequence[Picture], *, run: str, at: datetime
) -> None:
    """Write the messages and the task for the first one, if the question still waits for them.

    `run` names this release, so that twice is once.
    """
    await questions.lock(question.company_id, question.id)
    current = await questions.by_id(question.company_id, question.id)
    if current is None or current.state is not QuestionState.QUEUED or str(current.rev) != run:
        return
    if not await actions.photos_still_released(current):
        await _block(question, Blocked("question.photo_unreleased"), at=at)
        return
    link = await _link(services, question, at=at)
    url = answer_url(services, link.id)
    count = steps_at_most(len(pictures))
    ids = tuple(uuid5(question.id, f"{run}:{place}") for place in range(count))
    if await messages.by_id(question.company_id, ids[0]):
        return
    if question.channel == HANDOFF:
        await _hand_off(question, pictures, url, ids[0], at=at)
    else:
        await _send(services, question, pictures, url, ids, at=at)


async def _send(
    services: Services,
    question: Question,
    pictures: Sequence[Picture],
    url: str,
    ids: tuple[UUID, ...],
    *,
    at: datetime,
) -> None:
    """Write one message for every call the channel plans; the first one's task lets the others follow."""
    account = await channels.usable(question.company_id, question.channel)
    identity = await _identity(question)
    if account is None or identity is None or question.contact_id is None:
        code = "channel.unavailable" if account is None else "contact.no_phone"
        await _block(question, Blocked(code), at=at)
        return
    draft = Draft(
        intent_ids=ids,
        text=question.text,
        pictures=tuple(pictures),
        choices=tuple(Choice(f"{question.id}:{choice.id}", choice.title) for choice in question.choices),
        answer_link=url,
    )
    steps = open_channel(services, account).plan(
        draft, identity, at, await _window(services, account, question.contact_id)
    )
    if isinstance(steps, Blocked):
        await _block(question, steps, at=at)
        return
    for place, step in enumerate(steps):
        await messages.insert_once(
            question.company_id, _message(question, account, identity, step, place=place, at=at)
        )
    dedup = f"message.send:{ids[0]}:0"
    await tasks.insert_task(question.company_id, "message.send", {"message": str(ids[0])}, at=at, dedup=dedup)


async def _hand_off(
    question: Question, pictures: Sequence[Picture], url: str, message_id: UUID, *, at: datetime
) -> None:
    text = clipboard_text(question.text, question.choices, url)
    shown = Step("handoff", message_id, {"pictures": [picture.ref for picture in pictures]}, text)
    names = {"names": [picture.name for picture in pictures]}
    identity = await _identity(question)
    message = _message(
        question, None, identity, shown, place=0, at=at, state=MessageState.PREPARED, extra=names
    )
    await messages.insert_once(question.company_id, message)
    actions.tell(question)


def _message(
    question: Question,
    account: Account | None,
    identity: Identity | None,
    step: Step,
    *,
    place: int,
    at: datetime,
    state: MessageState = MessageState.QUEUED,
    extra: Mapping[str, object] | None = None,
) -> Message:
    return Message(
        id=step.intent_id,
        company_id=question.company_id,
        contact_id=question.contact_id,
        job_id=question.job_id,
        question_id=question.id,
        account_id=account.id if account else None,
        photo_id=None,
        channel=question.channel,
        direction=Direction.OUT,
        kind=step.kind,
        text=step.text,
        step={**step.to_json(), **(extra or {})},
        place=place,
        recipient=identity,
        state=state,
        at=at,
        created_at=at,
        changed_at=at,
    )


async def _link(services: Services, question: Question, *, at: datetime) -> AnswerLink:
    known = await channels.link_of_question(question.company_id, question.id)
    if known and known.alive(at):
        return known
    link_id = uuid5(question.id, f"link:{at.isoformat()}")
    link = AnswerLink(
        link_id, question.company_id, question.id, question.contact_id, at + LINK_LIVES, None, None
    )
    token = answer_token(services, link_id)
    await channels.insert_link(question.company_id, link, token_hash=hash_of(token), at=at)
    return link


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen to a question to this person now; `closed` is the code that stands against it, "" = nothing.

    `free_until` is the end of the platform's window, None when it is shut or the channel knows none.
    """

    channel: str
    contact: Contact | None
    closed: str
    ground: str
    free_until: datetime | None


async def outlook(services: Services, company_id: UUID, contact_id: UUID | None, *, at: datetime) -> Outlook:
    """Return channel, consent and window as they stand, so that they can be shown before sending."""
    channel = await best_channel(company_id)
    contact = await customers.contact_by_id(company_id, contact_id) if contact_id else None
    opened = await gate(company_id, contact.id if contact else None, channel, at=at)
    closed = opened.code if isinstance(opened, Closed) else ""
    if contact and not await _named(company_id, contact.id, channel):
        closed = "contact.no_phone"
    account = await channels.usable(company_id, channel)
    until = await _window(services, account, contact.id) if account and contact else None
    free_until = until if window_open(at, until) else None
    return Outlook(channel, contact, closed, "" if isinstance(opened, Closed) else opened.ground, free_until)


async def _identity(question: Question) -> Identity | None:
    return (
        await _named(question.company_id, question.contact_id, question.channel)
        if question.contact_id
        else None
    )


async def _named(company_id: UUID, contact_id: UUID, channel: str) -> Identity | None:
    """Return whom the platform knows: the name it told us last, else the number in our book."""
    known = await channels.identities_of(company_id, contact_id, channel)
    if known:
        return known[0]
    contact = await customers.contact_by_id(company_id, contact_id)
    return Identity(IdentityKind.PHONE, contact.phone) if contact and contact.phone else None


async def _window(services: Services, account: Account, contact_id: UUID) -> datetime | None:
    last = await messages.last_inbound_at(account.company_id, account.id, contact_id)
    return window_until(last, open_channel(services, account).caps.window)


async def _block(question: Question, why: Blocked, *, at: datetime) -> None:
    await actions.block(system(question.company_id), question, why.code, why.values, at=at)
